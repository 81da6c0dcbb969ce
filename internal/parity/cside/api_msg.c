/* SPDX-License-Identifier: MIT */
/* Messages. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api.h"
#include "models.h"

static void alloc(const struct step *s)
{
	name_thing(s, 1, K_MSG, nlmsg_alloc());
}

static void alloc_size(const struct step *s)
{
	name_thing(s, 1, K_MSG, nlmsg_alloc_size((size_t)num(s, 2)));
}

static void alloc_simple(const struct step *s)
{
	name_thing(s, 1, K_MSG, nlmsg_alloc_simple(num(s, 2), num(s, 3)));
}

static void set_default_size(const struct step *s)
{
	nlmsg_set_default_size((size_t)num(s, 1));
}

static void inherit(const struct step *s)
{
	int len;

	name_thing(s, 1, K_MSG, nlmsg_inherit(stream_arg(s, 2, &len)));
}

static void convert(const struct step *s)
{
	int len;

	name_thing(s, 1, K_MSG, nlmsg_convert(stream_arg(s, 2, &len)));
}

static void free_msg(const struct step *s)
{
	nlmsg_free(MSG(1));
	forget_thing(s, 1, K_MSG);
}

/* nlmsg_get COPY M: another name for M, with a reference of its own. */
static void get(const struct step *s)
{
	struct nl_msg *msg = MSG(2);

	nlmsg_get(msg);
	name_thing(s, 1, K_MSG, msg);
}

/* nlmsg_put M PORT SEQ TYPE PAYLOAD FLAGS */
static void put(const struct step *s)
{
	struct nlmsghdr *h = nlmsg_put(MSG(1), port_arg(s, 2), seq_of(s, s->word[3]), num(s, 4), num(s, 5), num(s, 6));

	say(h ? " = a header" : " = none");
}

static void append(const struct step *s)
{
	static unsigned char buf[MAX_BYTES];

	say_ret(nlmsg_append(MSG(1), buf, bytes_arg(s, 2, buf), num(s, 3)));
}

/* nlmsg_reserve M LEN PAD: the room is filled with a5. */
static void reserve(const struct step *s)
{
	void *room = nlmsg_reserve(MSG(1), num(s, 2), num(s, 3));

	say(room ? " = room" : " = none");
	if (room)
		memset(room, 0xa5, num(s, 2));
}

static void expand(const struct step *s)
{
	say_ret(nlmsg_expand(MSG(1), num(s, 2)));
}

static void max_size(const struct step *s)
{
	size_t n = nlmsg_get_max_size(MSG(1));

	/* A page, where nothing else was asked for. */
	if (n == (size_t)getpagesize())
		say(" = a page");
	else
		say(" = %zu", n);
}

static void set_proto(const struct step *s)
{
	nlmsg_set_proto(MSG(1), num(s, 2));
}

static void get_proto(const struct step *s)
{
	say(" = %d", nlmsg_get_proto(MSG(1)));
}

/* PORT/GROUPS, of family AF_NETLINK, or none. */
static struct sockaddr_nl addr_arg(const struct step *s, int word)
{
	struct sockaddr_nl a = { 0 };
	char port[32];

	if (sscanf(s->word[word], "%31[^/]/%u", port, &a.nl_groups) == 2) {
		a.nl_family = AF_NETLINK;
		a.nl_pid = named_port(s, port);
	}
	return a;
}

static void set_src(const struct step *s)
{
	struct sockaddr_nl a = addr_arg(s, 2);

	nlmsg_set_src(MSG(1), &a);
}

static void set_dst(const struct step *s)
{
	struct sockaddr_nl a = addr_arg(s, 2);

	nlmsg_set_dst(MSG(1), &a);
}

static void say_addr(const struct sockaddr_nl *a)
{
	say(" = %u/%s/%u", a->nl_family, port_name(a->nl_pid), a->nl_groups);
}

static void get_src(const struct step *s)
{
	say_addr(nlmsg_get_src(MSG(1)));
}

static void get_dst(const struct step *s)
{
	say_addr(nlmsg_get_dst(MSG(1)));
}

/* nlmsg_set_creds M PID|me/UID/GID */
static void set_creds(const struct step *s)
{
	struct ucred c = { .pid = getpid() };

	if (sscanf(s->word[2], "%d/%u/%u", &c.pid, &c.uid, &c.gid) != 3 &&
	    sscanf(s->word[2], "me/%u/%u", &c.uid, &c.gid) != 2)
		die(s, "no credentials", s->word[2]);
	nlmsg_set_creds(MSG(1), &c);
}

static void get_creds(const struct step *s)
{
	struct ucred *c = nlmsg_get_creds(MSG(1));

	if (!c)
		say(" = none");
	else if (c->pid == getpid())
		say(" = me/%u/%u", c->uid, c->gid);
	else
		say(" = %d/%u/%u", c->pid, c->uid, c->gid);
}

/* set_hdr M len|type|flags|seq|pid VALUE: what a program writes through the pointer that nlmsg_hdr returns. */
static void set_hdr(const struct step *s)
{
	struct nlmsghdr *h = nlmsg_hdr(MSG(1));
	const char *field = s->word[2];

	if (!strcmp(field, "len"))
		h->nlmsg_len = (uint32_t)num(s, 3);
	else if (!strcmp(field, "type"))
		h->nlmsg_type = (uint16_t)num(s, 3);
	else if (!strcmp(field, "flags"))
		h->nlmsg_flags = (uint16_t)num(s, 3);
	else if (!strcmp(field, "seq"))
		h->nlmsg_seq = seq_of(s, s->word[3]);
	else if (!strcmp(field, "pid"))
		h->nlmsg_pid = port_arg(s, 3);
	else
		die(s, "no such field", field);
}

/* show M: all that a message has. */
static void show(const struct step *s)
{
	struct nl_msg *msg = MSG(1);
	struct nlmsghdr *h = nlmsg_hdr(msg);

	trace("%s", s->word[1]);
	trace_msg(msg);
	trace(" max=%zu tail=%td datalen=%d", nlmsg_get_max_size(msg) == (size_t)getpagesize() ? 0 : nlmsg_get_max_size(msg),
	      (char *)nlmsg_tail(h) - (char *)h, nlmsg_datalen(h));
	say_bytes(nlmsg_data(h), nlmsg_datalen(h) < 256 ? nlmsg_datalen(h) : 256);
	trace("\n");
}

/* What the header's functions say of a message for protocol headers of each length up to its own and beyond. */
static void headers(const struct step *s)
{
	int len, rest;
	struct nlmsghdr *h = stream_arg(s, 1, &len);

	for (int hdrlen = 0; hdrlen <= (int)h->nlmsg_len - NLMSG_HDRLEN; hdrlen += 4)
		trace("hdrlen %d: valid=%d attrs at %td, %d bytes\n", hdrlen, nlmsg_valid_hdr(h, hdrlen),
		      (char *)nlmsg_attrdata(h, hdrlen) - (char *)h, nlmsg_attrlen(h, hdrlen));
	for (rest = len; nlmsg_ok(h, rest); h = nlmsg_next(h, &rest))
		trace("at %d: len=%u, data at %td, %d bytes\n", len - rest, h->nlmsg_len,
		      (char *)nlmsg_data(h) - (char *)h, nlmsg_datalen(h));
	trace("rest %d\n", rest > 0 ? rest : 0);
}

/* nlmsg_attrlen MESSAGE: behind a protocol header that is longer than there is room for. */
static void attrlen(const struct step *s)
{
	int len;
	struct nlmsghdr *h = stream_arg(s, 1, &len);

	say(" = %d", nlmsg_attrlen(h, len - NLMSG_HDRLEN + 4));
}

static void sizes(const struct step *s)
{
	(void)s;
	for (int n = 0; n < 70; n++)
		trace("%d: nlmsg %d %d %d nla %d %d %d\n", n, nlmsg_size(n), nlmsg_total_size(n), nlmsg_padlen(n),
		      nla_attr_size(n), nla_total_size(n), nla_padlen(n));
}


void trace_lines(const char *text)
{
	for (const char *end; (end = strchr(text, '\n')); text = end + 1)
		trace("| %.*s\n", (int)(end - text), text);
	if (*text)
		trace("| %s\n", text);
}

static void dump(const struct step *s)
{
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);

	nl_msg_dump(MSG(1), f);
	fclose(f);
	trace_lines(text);
	free(text);
}

const struct verb msg_verbs[] = {
	{ "nlmsg_alloc", 2, alloc },
	{ "nlmsg_alloc_size", 3, alloc_size },
	{ "nlmsg_alloc_simple", 4, alloc_simple },
	{ "nlmsg_set_default_size", 2, set_default_size },
	{ "nlmsg_inherit", 3, inherit },
	{ "nlmsg_convert", 3, convert },
	{ "nlmsg_free", 2, free_msg },
	{ "nlmsg_get", 3, get },
	{ "nlmsg_put", 7, put },
	{ "nlmsg_append", 4, append },
	{ "nlmsg_reserve", 4, reserve },
	{ "nlmsg_expand", 3, expand },
	{ "nlmsg_get_max_size", 2, max_size },
	{ "nlmsg_set_proto", 3, set_proto },
	{ "nlmsg_get_proto", 2, get_proto },
	{ "nlmsg_set_src", 3, set_src },
	{ "nlmsg_get_src", 2, get_src },
	{ "nlmsg_set_dst", 3, set_dst },
	{ "nlmsg_get_dst", 2, get_dst },
	{ "nlmsg_set_creds", 3, set_creds },
	{ "nlmsg_get_creds", 2, get_creds },
	{ "set_hdr", 4, set_hdr },
	{ "show", 2, show },
	{ "headers", 2, headers },
	{ "nlmsg_attrlen", 2, attrlen },
	{ "sizes", 1, sizes },
	{ "nl_msg_dump", 2, dump },
	{ NULL, 0, NULL },
};
