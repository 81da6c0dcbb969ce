/* SPDX-License-Identifier: MIT */
/* Sockets: their life, and their ports. */
#include <stdlib.h>

#include "api.h"
#include "models.h"

static void name_socket(const struct step *s, struct nl_sock *sk)
{
	shadow_auto_ack(sk, 1);
	learn_base(sk, things(K_SOCKET));
	name_thing(s, 1, K_SOCKET, sk);
}

static void alloc(const struct step *s)
{
	struct nl_sock *sk = nl_socket_alloc();
	struct nl_cb *cb = nl_socket_get_cb(sk);

	shadow_new_cb(cb);
	nl_cb_put(cb);
	name_socket(s, sk);
}

static void alloc_cb(const struct step *s)
{
	name_socket(s, nl_socket_alloc_cb(CB(2)));
}

static void free_socket(const struct step *s)
{
	nl_socket_free(SOCK(1));
	forget_thing(s, 1, K_SOCKET);
}

static void connect_socket(const struct step *s)
{
	say_ret(nl_connect(SOCK(1), num(s, 2)));
}

static void connect_generic(const struct step *s)
{
	say_ret(genl_connect(SOCK(1)));
}

static void close_socket(const struct step *s)
{
	nl_close(SOCK(1));
}

static void set_local_port(const struct step *s)
{
	nl_socket_set_local_port(SOCK(1), port_arg(s, 2));
}

static void get_local_port(const struct step *s)
{
	say_port(nl_socket_get_local_port(SOCK(1)));
}

static void set_peer_port(const struct step *s)
{
	nl_socket_set_peer_port(SOCK(1), port_arg(s, 2));
}

static void get_peer_port(const struct step *s)
{
	say_port(nl_socket_get_peer_port(SOCK(1)));
}

static void set_peer_groups(const struct step *s)
{
	nl_socket_set_peer_groups(SOCK(1), (uint32_t)number(s, s->word[2]));
}

static void get_peer_groups(const struct step *s)
{
	say(" = %#x", nl_socket_get_peer_groups(SOCK(1)));
}

static void get_fd(const struct step *s)
{
	int fd = nl_socket_get_fd(SOCK(1));

	say(fd >= 0 ? " = open" : " = %d", fd);
}

static void set_fd(const struct step *s)
{
	int *raw = thing(s, 3, K_RAW), ret = nl_socket_set_fd(SOCK(1), num(s, 2), *raw);

	say_ret(ret);
	/* The socket closes it from now on. */
	if (ret == 0)
		*raw = -1;
}

static void set_no_fd(const struct step *s)
{
	say_ret(nl_socket_set_fd(SOCK(1), num(s, 2), -1));
}

static void use_seq(const struct step *s)
{
	say(" = %+d", (int)(nl_socket_use_seq(SOCK(1)) - st.base));
}

/*
 * exhaust, free_ports and take_ports are no functions of libnl's: they use up the ports that libnl has for a process,
 * give back N of them, and let somebody else have the first N of those that were given back.
 */
#define MANY 1100
static struct nl_sock *many[MANY];
static uint32_t given_back[MANY];
static int first, n_many, n_given_back;	/* those from the first on have a port still */

static void exhaust(const struct step *s)
{
	(void)s;
	n_given_back = first = 0;
	for (n_many = 0; n_many < MANY; n_many++) {
		many[n_many] = nl_socket_alloc();
		if (nl_socket_get_local_port(many[n_many]) == UINT32_MAX) {
			nl_socket_free(many[n_many]);
			say(" = used up");
			return;
		}
	}
	say(" = there is no end");
}

static void give_back(int n)
{
	for (; n > 0 && first < n_many; n--, first++) {
		given_back[n_given_back++] = nl_socket_get_local_port(many[first]);
		nl_socket_free(many[first]);
	}
}

static void free_ports(const struct step *s)
{
	give_back(num(s, 1));
}

void give_back_all(void)
{
	give_back(MANY);
}

static void take_ports(const struct step *s)
{
	static int fds[MANY];

	for (int i = 0; i < num(s, 2) && i < n_given_back; i++) {
		struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_pid = given_back[i] };

		fds[i] = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, num(s, 1));
		if (bind(fds[i], (void *)&a, sizeof(a)))
			die(s, "cannot take a port", "");
		name_thing(s, 3 + i, K_RAW, &fds[i]);
	}
}

const struct verb socket_verbs[] = {
	{ "nl_socket_alloc", 2, alloc },
	{ "nl_socket_alloc_cb", 3, alloc_cb },
	{ "nl_socket_free", 2, free_socket },
	{ "nl_connect", 3, connect_socket },
	{ "genl_connect", 2, connect_generic },
	{ "nl_close", 2, close_socket },
	{ "nl_socket_set_local_port", 3, set_local_port },
	{ "nl_socket_get_local_port", 2, get_local_port },
	{ "nl_socket_set_peer_port", 3, set_peer_port },
	{ "nl_socket_get_peer_port", 2, get_peer_port },
	{ "nl_socket_set_peer_groups", 3, set_peer_groups },
	{ "nl_socket_get_peer_groups", 2, get_peer_groups },
	{ "nl_socket_get_fd", 2, get_fd },
	{ "nl_socket_set_fd", 4, set_fd },
	{ "set_no_fd", 3, set_no_fd },
	{ "nl_socket_use_seq", 2, use_seq },
	{ "exhaust", 1, exhaust },
	{ "free_ports", 2, free_ports },
	{ "take_ports", 3, take_ports },
	{ NULL, 0, NULL },
};
