/* SPDX-License-Identifier: MIT */
/* Calls by their names in C, on objects that have names. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api.h"

#define MAX_THINGS 64

static struct {
	const char *name;
	enum kind kind;
	void *p;
} all[MAX_THINGS];
static int n_things;

static char said[1 << 16];

static const struct verb *const topics[] = {
	socket_verbs, option_verbs, send_verbs, cb_verbs, msg_verbs, attr_verbs, addr_verbs, cache_verbs, mngr_verbs, util_verbs, object_verbs,
	genl_verbs, raw_verbs,
};

static int find(const char *name, enum kind kind)
{
	for (int i = n_things - 1; i >= 0; i--)
		if (all[i].p && all[i].kind == kind && !strcmp(all[i].name, name))
			return i;
	return -1;
}

void *thing(const struct step *s, int word, enum kind kind)
{
	int i = word < s->n ? find(s->word[word], kind) : -1;

	if (i < 0)
		die(s, "no such object", word < s->n ? s->word[word] : "");
	return all[i].p;
}

void name_thing(const struct step *s, int word, enum kind kind, void *p)
{
	if (find(s->word[word], kind) >= 0 || n_things == MAX_THINGS)
		die(s, "the name is taken", s->word[word]);
	if (!p)
		return;
	all[n_things].name = s->word[word];
	all[n_things].kind = kind;
	all[n_things++].p = p;
}

void forget_thing(const struct step *s, int word, enum kind kind)
{
	all[find(s->word[word], kind)].p = NULL;
}

/* The name of the last one, since a name outlives its object's place in memory. */
const char *name_of(enum kind kind, const void *p)
{
	for (int i = n_things - 1; i >= 0; i--)
		if (all[i].kind == kind && all[i].p == p && p)
			return all[i].name;
	return p ? "?" : "none";
}

/* How many there have been of a kind. */
int things(enum kind kind)
{
	int n = 0;

	for (int i = 0; i < n_things; i++)
		n += all[i].kind == kind;
	return n;
}

void say(const char *fmt, ...)
{
	size_t n = strlen(said);
	int before = errno;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said + n, sizeof(said) - n, fmt, ap);
	va_end(ap);
	errno = before;
}

/* The errno counts if libnl would make the result of it: a kernel error, say, leaves an old one alone. */
void say_ret(int ret)
{
	int err = errno;

	say(" = %d", ret);
	if (ret < 0 && err && -nl_syserr2nlerr(err) == ret)
		say(" errno=%d", err);
}

void say_bytes(const void *p, int n)
{
	const unsigned char *b = p;

	say(" ");
	for (int i = 0; i < n; i++)
		say("%02x", b[i]);
	if (n <= 0)
		say("-");
}

/* Ports that a scenario names are told as they are, others by the order in which they are told. */
static struct {
	uint32_t port;
	char name[24];
} ports[64];
static int n_ports, n_unnamed;

const char *port_name(uint32_t port)
{
	static char text[64];
	uint32_t pid = (uint32_t)getpid();

	if (port == 0)
		return "0";
	for (int i = 0; i < n_ports; i++)
		if (ports[i].port == port)
			return ports[i].name;
	if (n_ports == 64)
		return "?";
	snprintf(ports[n_ports].name, sizeof(ports[0].name), "p%d", ++n_unnamed);
	ports[n_ports++].port = port;
	snprintf(text, sizeof(text), "%s(%s)", ports[n_ports - 1].name,
		 port != pid && (port & 0x3fffff) == (pid & 0x3fffff) ? "libnl's" : "kernel's");
	return text;
}

void say_port(uint32_t port)
{
	say(" = %s", port_name(port));
}

uint32_t named_port(const struct step *s, const char *word)
{
	uint32_t port;

	for (int i = 0; i < n_ports; i++)
		if (!strcmp(ports[i].name, word))
			return ports[i].port;
	port = (uint32_t)number(s, word);
	if (port && n_ports < 64) {
		snprintf(ports[n_ports].name, sizeof(ports[0].name), "%s", word);
		ports[n_ports++].port = port;
	}
	return port;
}

uint32_t port_arg(const struct step *s, int word)
{
	return named_port(s, s->word[word]);
}

int num(const struct step *s, int word)
{
	static const struct {
		const char *name;
		int value;
	} names[] = {
		{ "route", NETLINK_ROUTE }, { "usersock", NETLINK_USERSOCK }, { "generic", NETLINK_GENERIC },
		{ "unspec", AF_UNSPEC }, { "inet", AF_INET }, { "inet6", AF_INET6 }, { "llc", AF_LLC }, { "mpls", 28 },
		{ "decnet", 12 },
	};

	if (word >= s->n)
		die(s, "a number is missing", s->word[0]);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(s->word[word], names[i].name))
			return names[i].value;
	return (int)number(s, s->word[word]);
}

int bytes_arg(const struct step *s, int word, unsigned char *to)
{
	if (word >= s->n || !strcmp(s->word[word], "-"))
		return 0;
	return unhex(s, s->word[word], to);
}

/* The messages of the words from there on, as they would be received. */
struct nlmsghdr *stream_arg(const struct step *s, int word, int *len)
{
	static unsigned char buf[4 * MAX_BYTES] __attribute__((aligned(8)));
	static struct made m;

	for (*len = 0; word < s->n && *len < 2 * MAX_BYTES; word++) {
		make(s, s->word[word], &m);
		*len += flatten(&m, buf + *len);
	}
	memset(buf + *len, 0xee, 64);
	return (struct nlmsghdr *)buf;
}

void trace_msg(struct nl_msg *msg)
{
	trace_head(nlmsg_hdr(msg));
	trace_addr(nlmsg_get_src(msg));
	trace(" proto=%d", nlmsg_get_proto(msg));
	trace_creds(nlmsg_get_creds(msg));
}

void api(const struct step *s)
{
	for (size_t t = 0; t < sizeof(topics) / sizeof(*topics); t++) {
		for (const struct verb *v = topics[t]; v->name; v++) {
			if (strcmp(v->name, s->word[0]))
				continue;
			if (s->n < v->words)
				die(s, "too few words", v->name);
			*said = 0;
			errno = 0;
			v->run(s);
			for (int i = 0; i < s->n; i++)
				trace("%s%s", i ? " " : "", s->word[i]);
			trace("%s\n", said);
			return;
		}
	}
	die(s, "no such call", s->word[0]);
}

static void close_raw(void *p)
{
	close(*(int *)p);
}

static void free_nest(void *p)
{
	(void)p;
}

/* What a scenario has left is freed, the last made first. */
void api_end(void)
{
	static void (*const frees[N_KINDS])(void *) = {
		[K_SOCKET] = (void *)nl_socket_free, [K_RAW] = close_raw, [K_CB] = (void *)nl_cb_put,
		[K_MSG] = (void *)nlmsg_free, [K_NEST] = free_nest, [K_ADDR] = (void *)nl_addr_put,
		[K_DATA] = (void *)nl_data_free, [K_CACHE] = (void *)nl_cache_free, [K_OBJECT] = (void *)nl_object_put,
		[K_MNGR] = (void *)nl_cache_mngr_free, [K_FAMILY] = (void *)genl_family_put, [K_OPS] = free_ops,
	};

	for (; n_things > 0; n_things--)
		if (all[n_things - 1].p)
			frees[all[n_things - 1].kind](all[n_things - 1].p);
	n_ports = n_unnamed = 0;
	forget_hooks();
	give_back_all();
}
