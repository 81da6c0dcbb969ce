/* SPDX-License-Identifier: MIT */
/* Notifications about routes: as they come, and after a loss; and many sockets that wait for one. */
#include "bench.h"

#include <poll.h>
#include <sys/socket.h>

static uint64_t sum;
static long count, left;

static uint64_t score(struct nl_msg *msg)
{
	uint64_t s = SCORE;
	struct nlattr *a;
	int rest;

	nlmsg_for_each_attr(a, nlmsg_hdr(msg), sizeof(struct rtmsg), rest) {
		switch (nla_type(a)) {
		case RTA_DST:
		case RTA_OIF:
			s += nla_get_u32(a);
		}
	}
	return s;
}

static int on_event(struct nl_msg *msg, void *arg)
{
	(void)arg;
	sum += score(msg);
	left--;
	return NL_OK;
}

static int subscribe(int buffer)
{
	int err = open_socket(NETLINK_ROUTE);

	if (err < 0)
		return err;
	if (setsockopt(nl_socket_get_fd(sk), SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)))
		return -nl_syserr2nlerr(errno);
	nl_socket_disable_seq_check(sk);
	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, on_event, NULL);
	return nl_socket_add_membership(sk, RTNLGRP_IPV4_ROUTE);
}

static int open_events(long size)
{
	count = size;
	return subscribe(128 << 20);
}

static int open_usual(long size)
{
	count = size;
	return subscribe(208 << 10);
}

static int run_events(long ops, uint64_t *answer)
{
	sum = 0;
	for (left = ops * count; left > 0;) {
		int err = nl_recvmsgs_default(sk);

		if (err < 0)
			return err;
	}
	*answer = sum;
	return 0;
}

static int run_keep_up(long ops, uint64_t *answer)
{
	for (left = ops; left > 0;) {
		int err = nl_recvmsgs_default(sk);

		if (err == -NLE_NOMEM)
			break;
		if (err < 0)
			return err;
	}
	*answer = ops - left;
	return 0;
}

static int run_recovery(long ops, uint64_t *answer)
{
	struct rtmsg header = { .rtm_family = AF_INET };
	struct nl_sock *other = nl_socket_alloc();
	int err;

	(void)ops;
	do
		err = nl_recvmsgs_default(sk);
	while (err >= 0);
	if (err != -NLE_NOMEM || !other)
		return err;
	err = nl_connect(other, NETLINK_ROUTE);
	if (err < 0)
		return err;
	nl_socket_modify_cb(other, NL_CB_VALID, NL_CB_CUSTOM, on_event, NULL);
	sum = 0;
	err = nl_send_simple(other, RTM_GETROUTE, NLM_F_DUMP, &header, sizeof(header));
	if (err >= 0)
		err = nl_recvmsgs_default(other);
	*answer = sum;
	return err;
}

static struct nl_sock **waiting;

static int open_idle(long size)
{
	long i;

	waiting = calloc(size, sizeof(*waiting));
	if (!waiting)
		return -NLE_NOMEM;
	for (i = 0; i < size; i++) {
		int err = open_usual(size);

		if (err < 0)
			return err;
		waiting[i] = sk;
	}
	return 0;
}

static int run_idle(long ops, uint64_t *answer)
{
	struct pollfd *fds = calloc(count, sizeof(*fds));
	long i;

	(void)ops;
	if (!fds)
		return -NLE_NOMEM;
	for (i = 0; i < count; i++) {
		fds[i].fd = nl_socket_get_fd(waiting[i]);
		fds[i].events = POLLIN;
	}
	while (*answer < (uint64_t)count) {
		if (poll(fds, count, -1) < 0)
			die("poll");
		for (i = 0; i < count; i++) {
			int err;

			if (!(fds[i].revents & POLLIN))
				continue;
			err = nl_recvmsgs_default(waiting[i]);
			if (err < 0)
				return err;
			fds[i].fd = -1;
			(*answer)++;
		}
	}
	free(fds);
	return 0;
}

const struct contender event_contenders[] = {
	{ "events", "c", open_events, run_events },
	{ "keep-up", "c", open_usual, run_keep_up },
	{ "recovery", "c", open_usual, run_recovery },
	{ "idle", "c", open_idle, run_idle },
	{ NULL, NULL, NULL, NULL },
};
