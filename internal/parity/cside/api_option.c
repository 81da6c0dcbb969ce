/* SPDX-License-Identifier: MIT */
/* Sockets: groups and options. */
#include "api.h"

/* Up to four groups; the rest is the 0 that ends the list. */
static int group(const struct step *s, int nth)
{
	return nth + 2 < s->n ? num(s, nth + 2) : 0;
}

static void add_memberships(const struct step *s)
{
	say_ret(nl_socket_add_memberships(SOCK(1), group(s, 0), group(s, 1), group(s, 2), group(s, 3), 0));
}

static void drop_memberships(const struct step *s)
{
	say_ret(nl_socket_drop_memberships(SOCK(1), group(s, 0), group(s, 1), group(s, 2), group(s, 3), 0));
}

static void add_membership(const struct step *s)
{
	say_ret(nl_socket_add_membership(SOCK(1), num(s, 2)));
}

static void drop_membership(const struct step *s)
{
	say_ret(nl_socket_drop_membership(SOCK(1), num(s, 2)));
}

static void join_groups(const struct step *s)
{
	nl_join_groups(SOCK(1), num(s, 2));
}

static void set_buffer_size(const struct step *s)
{
	say_ret(nl_socket_set_buffer_size(SOCK(1), num(s, 2), num(s, 3)));
}

static void set_msg_buf_size(const struct step *s)
{
	say_ret(nl_socket_set_msg_buf_size(SOCK(1), (size_t)num(s, 2)));
}

static void get_msg_buf_size(const struct step *s)
{
	say(" = %zu", nl_socket_get_msg_buf_size(SOCK(1)));
}

static void set_passcred(const struct step *s)
{
	say_ret(nl_socket_set_passcred(SOCK(1), num(s, 2)));
}

static void recv_pktinfo(const struct step *s)
{
	say_ret(nl_socket_recv_pktinfo(SOCK(1), num(s, 2)));
}

static void set_nonblocking(const struct step *s)
{
	say_ret(nl_socket_set_nonblocking(SOCK(1)));
}

static void enable_msg_peek(const struct step *s)
{
	nl_socket_enable_msg_peek(SOCK(1));
}

static void disable_msg_peek(const struct step *s)
{
	nl_socket_disable_msg_peek(SOCK(1));
}

static void enable_auto_ack(const struct step *s)
{
	nl_socket_enable_auto_ack(SOCK(1));
	shadow_auto_ack(SOCK(1), 1);
}

static void disable_auto_ack(const struct step *s)
{
	nl_socket_disable_auto_ack(SOCK(1));
	shadow_auto_ack(SOCK(1), 0);
}

static void disable_seq_check(const struct step *s)
{
	nl_socket_disable_seq_check(SOCK(1));
}

const struct verb option_verbs[] = {
	{ "nl_socket_add_memberships", 3, add_memberships },
	{ "nl_socket_drop_memberships", 3, drop_memberships },
	{ "nl_socket_add_membership", 3, add_membership },
	{ "nl_socket_drop_membership", 3, drop_membership },
	{ "nl_join_groups", 3, join_groups },
	{ "nl_socket_set_buffer_size", 4, set_buffer_size },
	{ "nl_socket_set_msg_buf_size", 3, set_msg_buf_size },
	{ "nl_socket_get_msg_buf_size", 2, get_msg_buf_size },
	{ "nl_socket_set_passcred", 3, set_passcred },
	{ "nl_socket_recv_pktinfo", 3, recv_pktinfo },
	{ "nl_socket_set_nonblocking", 2, set_nonblocking },
	{ "nl_socket_enable_msg_peek", 2, enable_msg_peek },
	{ "nl_socket_disable_msg_peek", 2, disable_msg_peek },
	{ "nl_socket_enable_auto_ack", 2, enable_auto_ack },
	{ "nl_socket_disable_auto_ack", 2, disable_auto_ack },
	{ "nl_socket_disable_seq_check", 2, disable_seq_check },
	{ NULL, 0, NULL },
};
