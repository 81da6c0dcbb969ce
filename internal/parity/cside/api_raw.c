/* SPDX-License-Identifier: MIT */
/* Peers, which are plain sockets, and what the kernel knows of a socket: no functions of libnl's. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api.h"

static int new_raw(const struct step *s, int family, int type, int proto)
{
	int *fd = malloc(sizeof(*fd));

	*fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, proto);
	if (*fd < 0)
		die(s, "cannot make a socket", s->word[1]);
	name_thing(s, 1, K_RAW, fd);
	return *fd;
}

/* raw R PROTOCOL [PORT [GROUPS]] */
static void raw(const struct step *s)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK };
	int fd = new_raw(s, AF_NETLINK, SOCK_RAW, num(s, 2));
	socklen_t len = sizeof(a);

	if (s->n > 3)
		a.nl_pid = port_arg(s, 3);
	if (s->n > 4)
		a.nl_groups = (uint32_t)number(s, s->word[4]);
	if (bind(fd, (void *)&a, len) || getsockname(fd, (void *)&a, &len))
		die(s, "cannot bind", s->word[1]);
	say_port(a.nl_pid);
}

/* unbound R FAMILY raw|dgram PROTOCOL */
static void unbound(const struct step *s)
{
	new_raw(s, strcmp(s->word[2], "netlink") ? AF_INET : AF_NETLINK,
		strcmp(s->word[3], "dgram") ? SOCK_RAW : SOCK_DGRAM, num(s, 4));
}

static void raw_close(const struct step *s)
{
	close(RAW(1));
	forget_thing(s, 1, K_RAW);
}

/* raw_send R to=PORT|group=MASK MESSAGE... */
static void raw_send(const struct step *s)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	const char *v;
	int len;
	struct nlmsghdr *h;

	if (word_is(s->word[2], "to", &v))
		to.nl_pid = named_port(s, v);
	else if (word_is(s->word[2], "group", &v))
		to.nl_groups = (uint32_t)number(s, v);
	h = stream_arg(s, 3, &len);
	say(sendto(RAW(1), h, len, 0, (void *)&to, sizeof(to)) < 0 ? " = failed" : " = %d", len);
}

static void raw_recv(const struct step *s)
{
	static unsigned char buf[MAX_BYTES];
	struct sockaddr_nl from;
	socklen_t len = sizeof(from);
	int n;

	while ((n = recvfrom(RAW(1), buf, sizeof(buf), MSG_DONTWAIT, (void *)&from, &len)) >= 0) {
		trace("%s", s->word[1]);
		trace_addr(&from);
		trace("\n");
		trace_stream(s->word[1], buf, n);
	}
}

static void sockname(const struct step *s)
{
	struct sockaddr_nl a = { 0 };
	socklen_t len = sizeof(a);

	if (getsockname(nl_socket_get_fd(SOCK(1)), (void *)&a, &len))
		say(" = none");
	else
		say(" = %s/%#x", port_name(a.nl_pid), a.nl_groups);
}

/* The groups that the kernel has for the socket. */
static void memberships(const struct step *s)
{
	uint32_t mask[8] = { 0 };
	socklen_t len = sizeof(mask);

	if (getsockopt(nl_socket_get_fd(SOCK(1)), SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, mask, &len)) {
		say(" = none");
		return;
	}
	say(" =");
	for (int i = 0; i < 256; i++)
		if (mask[i / 32] & (1u << (i % 32)))
			say(" %d", i + 1);
}

static void sockopt(const struct step *s)
{
	static const struct {
		const char *name;
		int level, option;
	} all[] = {
		{ "rcvbuf", SOL_SOCKET, SO_RCVBUF }, { "sndbuf", SOL_SOCKET, SO_SNDBUF },
		{ "passcred", SOL_SOCKET, SO_PASSCRED }, { "pktinfo", SOL_NETLINK, NETLINK_PKTINFO },
	};
	int fd = nl_socket_get_fd(SOCK(1)), v = -1;
	socklen_t len = sizeof(v);

	if (!strcmp(s->word[2], "nonblock")) {
		say(" = %d", fcntl(fd, F_GETFL) & O_NONBLOCK ? 1 : 0);
		return;
	}
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		if (strcmp(all[i].name, s->word[2]))
			continue;
		getsockopt(fd, all[i].level, all[i].option, &v, &len);
		say(" = %d", v);
		return;
	}
	die(s, "no such option", s->word[2]);
}

const struct verb raw_verbs[] = {
	{ "raw", 3, raw },
	{ "unbound", 5, unbound },
	{ "raw_close", 2, raw_close },
	{ "raw_send", 4, raw_send },
	{ "raw_recv", 2, raw_recv },
	{ "sockname", 2, sockname },
	{ "memberships", 2, memberships },
	{ "sockopt", 3, sockopt },
	{ NULL, 0, NULL },
};
