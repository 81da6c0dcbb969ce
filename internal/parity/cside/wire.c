/* SPDX-License-Identifier: MIT */
/* Making messages, and telling what is in them. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "side.h"

int unhex(const struct step *s, const char *hex, unsigned char *to)
{
	int n = 0;
	unsigned int b;

	for (; *hex; hex += 2) {
		if (!isxdigit(hex[0]) || !isxdigit(hex[1]) || sscanf(hex, "%2x", &b) != 1)
			die(s, "not hexadecimal", hex);
		to[n++] = b;
	}
	return n;
}

uint32_t seq_of(const struct step *s, const char *word)
{
	uint32_t n = (uint32_t)number(s, word);

	return *word == '+' || *word == '-' ? st.base + n : n;
}

uint32_t port_of(const struct step *s, const char *word)
{
	if (st.over == CALLS)
		return named_port(s, word);
	if (!strcmp(word, "self"))
		return st.self;
	if (!strcmp(word, "peer"))
		return st.peer;
	return (uint32_t)number(s, word);
}

static void fill(struct made *m, int byte, int n)
{
	m->len = n;
	memset(m->payload, byte, n);
}

static void put_error(struct made *m, int error)
{
	struct nlmsgerr e = {
		.error = -error,
		.msg = { .nlmsg_len = 16, .nlmsg_type = 0x10, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
	};

	m->type = NLMSG_ERROR;
	m->len = sizeof(e);
	memcpy(m->payload, &e, sizeof(e));
}

static void put_int(struct made *m, int n)
{
	m->len = sizeof(n);
	memcpy(m->payload, &n, sizeof(n));
}

static void kind(const struct step *s, const char *word, struct made *m)
{
	const char *v;

	fill(m, st.ordinal, 4);
	if (!strcmp(word, "data"))
		m->type = 0x20;
	else if (word_is(word, "type", &v))
		m->type = (int)number(s, v);
	else if (!strcmp(word, "done"))
		m->type = NLMSG_DONE, put_int(m, 0);
	else if (word_is(word, "done", &v))
		m->type = NLMSG_DONE, put_int(m, -errno_of(s, v));
	else if (!strcmp(word, "ack"))
		put_error(m, 0);
	else if (word_is(word, "err", &v))
		put_error(m, errno_of(s, v));
	else if (!strcmp(word, "noop"))
		m->type = NLMSG_NOOP, m->len = 0;
	else if (!strcmp(word, "overrun"))
		m->type = NLMSG_OVERRUN, m->len = 0;
	else if (word_is(word, "raw", &v))
		m->raw = 1, m->len = unhex(s, v, m->payload);
	else
		die(s, "no such message", word);
}

static void attribute(const struct step *s, const char *word, struct made *m)
{
	const char *v;

	if (!strcmp(word, "multi"))
		m->flags |= NLM_F_MULTI;
	else if (!strcmp(word, "intr"))
		m->flags |= NLM_F_DUMP_INTR;
	else if (!strcmp(word, "wantack"))
		m->flags |= NLM_F_ACK;
	else if (!strcmp(word, "dump"))
		m->flags |= NLM_F_DUMP;
	else if (word_is(word, "flags", &v))
		m->flags |= (int)number(s, v);
	else if (word_is(word, "seq", &v))
		m->has_seq = 1, m->seq = seq_of(s, v);
	else if (word_is(word, "pid", &v))
		m->has_pid = 1, m->pid = port_of(s, v);
	else if (word_is(word, "p", &v))
		m->len = unhex(s, v, m->payload);
	else if (word_is(word, "fill", &v))
		fill(m, st.ordinal, (int)number(s, v));
	else if (word_is(word, "short", &v))
		m->len = (int)number(s, v);
	else if (word_is(word, "len", &v))
		m->said = (int)number(s, v);
	else if (word_is(word, "cut", &v))
		m->cut = (int)number(s, v);
	else
		die(s, "no such attribute", word);
}

void make(const struct step *s, const char *word, struct made *m)
{
	char copy[4096], *save, *w;

	memset(m, 0, sizeof(*m));
	m->said = -1;
	st.ordinal++;
	snprintf(copy, sizeof(copy), "%s", word);
	w = strtok_r(copy, ",", &save);
	kind(s, w, m);
	while ((w = strtok_r(NULL, ",", &save)))
		attribute(s, w, m);
}

/* What a peer sends: the sequence number is the one that the socket expected at first, the port the socket's. */
int flatten(const struct made *m, unsigned char *to)
{
	struct nlmsghdr h = {
		.nlmsg_len = m->said < 0 ? NLMSG_HDRLEN + m->len : m->said,
		.nlmsg_type = m->type,
		.nlmsg_flags = m->flags,
		.nlmsg_seq = m->has_seq ? m->seq : st.base,
		.nlmsg_pid = m->has_pid ? m->pid : st.self,
	};
	int n = NLMSG_ALIGN(NLMSG_HDRLEN + m->len);

	if (m->raw) {
		memcpy(to, m->payload, m->len);
		return m->len - m->cut;
	}
	memset(to, 0, n);
	memcpy(to, &h, sizeof(h));
	memcpy(to + NLMSG_HDRLEN, m->payload, m->len);
	if (m->type == NLMSG_ERROR && m->len >= (int)sizeof(struct nlmsgerr)) {
		struct nlmsgerr *e = (void *)(to + NLMSG_HDRLEN);

		e->msg.nlmsg_seq = h.nlmsg_seq;
		e->msg.nlmsg_pid = h.nlmsg_pid;
	}
	return n - m->cut;
}

/* Printing must not look like a failed system call. */
void trace(const char *fmt, ...)
{
	int before = errno;
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	errno = before;
}

void trace_seq(const char *what, uint32_t seq)
{
	int d = (int)(seq - st.base);

	if (seq == 0)
		trace(" %s=0", what);
	else if (d > -1000 && d < 1000)
		trace(" %s=%+d", what, d);
	else
		trace(" %s=%u", what, seq);
}

void trace_port(const char *what, uint32_t port)
{
	if (st.over == CALLS)
		trace("%s%s", what, port_name(port));
	else if (port && port == st.self)
		trace("%sself", what);
	else if (port && port == st.peer)
		trace("%speer", what);
	else
		trace("%s%u", what, port);
}

uint32_t fnv(const unsigned char *p, int n)
{
	uint32_t h = 2166136261u;

	while (n-- > 0)
		h = (h ^ *p++) * 16777619u;
	return h;
}

void trace_head(const struct nlmsghdr *h)
{
	int n = h->nlmsg_len - NLMSG_HDRLEN;
	unsigned char *copy = malloc(n + 1);
	struct nlmsgerr *e = (void *)copy;

	memcpy(copy, (const char *)h + NLMSG_HDRLEN, n);
	trace(" len=%u type=0x%x flags=0x%x", h->nlmsg_len, h->nlmsg_type, h->nlmsg_flags);
	trace_seq("seq", h->nlmsg_seq);
	trace_port(" pid=", h->nlmsg_pid);
	if (h->nlmsg_type == NLMSG_ERROR && n >= (int)sizeof(*e)) {
		trace(" error=%d", e->error);
		trace_seq("of", e->msg.nlmsg_seq);
		trace_port(" by=", e->msg.nlmsg_pid);
		e->msg.nlmsg_seq = 0;
		e->msg.nlmsg_pid = 0;
	}
	trace(" hash=%08x", fnv(copy, n));
	free(copy);
}

void trace_addr(const struct sockaddr_nl *a)
{
	trace(" from=%u", a->nl_family);
	trace_port("/", a->nl_pid);
	trace("/%u", a->nl_groups);
}

void trace_creds(const struct ucred *c)
{
	if (!c)
		return;
	if (c->pid == getpid())
		trace(" creds=me/%u/%u", c->uid, c->gid);
	else
		trace(" creds=%d/%u/%u", c->pid, c->uid, c->gid);
}

void trace_stream(const char *what, const unsigned char *buf, int n)
{
	struct nlmsghdr *h = (struct nlmsghdr *)buf;

	trace("%s bytes=%d\n", what, n);
	for (; nlmsg_ok(h, n); h = nlmsg_next(h, &n)) {
		trace("%s", what);
		trace_head(h);
		trace("\n");
	}
}
