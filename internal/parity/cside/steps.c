/* SPDX-License-Identifier: MIT */
/* The steps of a scenario. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "side.h"

static void send_as_peer(const struct item *i, uint32_t group)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_pid = group ? 0 : st.self, .nl_groups = group };

	sendto(st.peer_fd, i->buf, i->n, 0, (void *)&to, sizeof(to));
}

static void queue(const struct step *s, const struct item *i)
{
	if (st.tail == MAX_QUEUE)
		die(s, "too many datagrams", s->word[0]);
	st.queue[st.tail++] = *i;
}

static void datagram(const struct step *s)
{
	static struct made m;
	struct item i = { .buf = malloc(2 * MAX_BYTES), .from = { .nl_family = AF_NETLINK } };
	uint32_t group = 0;
	const char *v;

	for (int w = 1; w < s->n; w++) {
		if (word_is(s->word[w], "from", &v)) {
			i.from.nl_pid = (uint32_t)number(s, v);
		} else if (word_is(s->word[w], "group", &v)) {
			group = (uint32_t)number(s, v);
		} else if (word_is(s->word[w], "creds", &v)) {
			i.has_creds = 1;
			sscanf(v, "%d/%u/%u", &i.creds.pid, &i.creds.uid, &i.creds.gid);
		} else {
			make(s, s->word[w], &m);
			i.n += flatten(&m, i.buf + i.n);
		}
	}
	if (st.over == INJECT) {
		queue(s, &i);
		return;
	}
	send_as_peer(&i, group);
	free(i.buf);
}

/* Notifications until the socket overflows, and on. */
static void flood(const struct step *s)
{
	unsigned char buf[1024] = { 0 };
	struct item i = { .buf = buf, .n = sizeof(buf) };
	struct nlmsghdr h = { .nlmsg_len = sizeof(buf), .nlmsg_type = 0x20, .nlmsg_seq = st.base };

	memcpy(buf, &h, sizeof(h));
	for (int n = (int)number(s, s->word[1]); n > 0; n--)
		send_as_peer(&i, 1);
}

static void fail(const struct step *s)
{
	struct item i = { .n = -code_of(s, s->word[1]) };

	if (s->n > 2)
		i.err = errno_of(s, s->word[2]);
	queue(s, &i);
}

static void set(const struct step *s)
{
	const char *w = s->word[1], *v;

	if (!strcmp(w, "no-auto-ack")) {
		nl_socket_disable_auto_ack(st.sk);
		st.auto_ack = 0;
	} else if (!strcmp(w, "auto-ack")) {
		nl_socket_enable_auto_ack(st.sk);
		st.auto_ack = 1;
	} else if (!strcmp(w, "no-seq-check")) {
		nl_socket_disable_seq_check(st.sk);
		st.slot[NL_CB_SEQ_CHECK].set = st.slot[NL_CB_SEQ_CHECK].silent = 1;
	} else if (!strcmp(w, "no-peek")) {
		nl_socket_disable_msg_peek(st.sk);
	} else if (!strcmp(w, "peek")) {
		nl_socket_enable_msg_peek(st.sk);
	} else if (!strcmp(w, "passcred")) {
		nl_socket_set_passcred(st.sk, 1);
	} else if (word_is(w, "msg-buf-size", &v)) {
		nl_socket_set_msg_buf_size(st.sk, (int)number(s, v));
	} else if (word_is(w, "group", &v)) {
		nl_socket_add_membership(st.sk, (int)number(s, v));
	} else if (word_is(w, "peer", &v)) {
		nl_socket_set_peer_port(st.sk, port_of(s, v));
	} else {
		die(s, "set what", w);
	}
}

static enum nl_cb_kind kind_of(const char *word)
{
	static const char *const names[] = { "default", "verbose", "debug" };

	for (int i = 0; i < 3; i++)
		if (!strcmp(word, names[i]))
			return i;
	return NL_CB_CUSTOM;
}

static void on(const struct step *s)
{
	int slot = slot_of(s, s->word[1]);
	enum nl_cb_kind kind = kind_of(s->word[2]);
	struct slot *p = &st.slot[slot];

	memset(p, 0, sizeof(*p));
	p->set = kind == NL_CB_CUSTOM;
	for (int w = 2; p->set && w < s->n && p->n < MAX_RESULTS; w++)
		p->r[p->n++] = result_of(s, s->word[w]);
	if (slot <= NL_CB_TYPE_MAX)
		nl_socket_modify_cb(st.sk, slot, kind, p->set ? on_msg : NULL, p->set ? (void *)(intptr_t)slot : NULL);
	else if (slot == SLOT_ERR)
		nl_socket_modify_err_cb(st.sk, kind, p->set ? on_err : NULL, NULL);
	else if (slot == SLOT_SEND)
		nl_cb_overwrite_send(st.cb, p->set ? on_send : NULL);
	else if (slot == SLOT_RECVMSGS)
		nl_cb_overwrite_recvmsgs(st.cb, p->set ? on_recvmsgs : NULL);
}

static void one_step(const struct step *s)
{
	static const struct item eof;
	const char *verb = s->word[0];

	if (!strcmp(verb, "datagram"))
		datagram(s);
	else if (!strcmp(verb, "eof"))
		queue(s, &eof);
	else if (!strcmp(verb, "fail") && s->n > 1)
		fail(s);
	else if (!strcmp(verb, "flood") && s->n == 2)
		flood(s);
	else if (!strcmp(verb, "set") && s->n == 2)
		set(s);
	else if (!strcmp(verb, "on") && s->n > 2)
		on(s);
	else if (!strcmp(verb, "call") && s->n > 1)
		call(s);
	else
		die(s, "no such step", verb);
}

void run(struct scenario *sc, enum over over)
{
	running = sc->group;
	trace("== %s/%s\n", sc->group, sc->name);
	start(over);
	for (int i = 0; i < sc->n; i++)
		(over == CALLS ? api : one_step)(&sc->step[i]);
	end();
}
