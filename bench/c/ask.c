/* SPDX-License-Identifier: MIT */
/* One request and its answer, and what a socket costs. */
#include "bench.h"

static int open_route(long size)
{
	(void)size;
	return open_socket(NETLINK_ROUTE);
}

static int exchange(struct nl_msg *msg)
{
	int err = nl_send_auto(sk, msg);

	return err < 0 ? err : nl_wait_for_ack(sk);
}

static int run_ack(long ops, uint64_t *answer)
{
	for (; ops > 0; ops--) {
		struct nl_msg *msg = nlmsg_alloc_simple(NLMSG_NOOP, 0);
		int err = msg ? exchange(msg) : -NLE_NOMEM;

		nlmsg_free(msg);
		if (err < 0)
			return err;
		(*answer)++;
	}
	return 0;
}

/* The two functions alone: one message, sent again and again, so that its sequence number is an old one. */
static struct nl_msg *kept;

static int open_reuse(long size)
{
	int err = open_route(size);

	if (err < 0)
		return err;
	nl_socket_disable_seq_check(sk);
	kept = nlmsg_alloc_simple(NLMSG_NOOP, 0);
	return kept ? 0 : -NLE_NOMEM;
}

static int run_reuse(long ops, uint64_t *answer)
{
	for (; ops > 0; ops--) {
		int err = exchange(kept);

		if (err < 0)
			return err;
		(*answer)++;
	}
	return 0;
}

static uint64_t sum;
static int acked;

static int on_link(struct nl_msg *msg, void *arg)
{
	struct ifinfomsg *info = nlmsg_data(nlmsg_hdr(msg));
	struct nlattr *mtu = nlmsg_find_attr(nlmsg_hdr(msg), sizeof(*info), IFLA_MTU);

	(void)arg;
	sum += SCORE + info->ifi_index + (mtu ? nla_get_u32(mtu) : 0);
	return NL_OK;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	acked = 1;
	return NL_STOP;
}

static int open_get(long size)
{
	int err = open_route(size);

	if (err < 0)
		return err;
	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, on_link, NULL);
	return nl_socket_modify_cb(sk, NL_CB_ACK, NL_CB_CUSTOM, on_ack, NULL);
}

static int open_get_no_ack(long size)
{
	int err = open_get(size);

	if (err >= 0)
		nl_socket_disable_auto_ack(sk);
	return err;
}

static int send_get(void)
{
	struct ifinfomsg header = { .ifi_index = 1 };

	return nl_send_simple(sk, RTM_GETLINK, 0, &header, sizeof(header));
}

static int run_get(long ops, uint64_t *answer)
{
	int err;

	for (sum = 0; ops > 0; ops--) {
		err = send_get();
		for (acked = 0; err >= 0 && !acked;)
			err = nl_recvmsgs_default(sk);
		if (err < 0)
			return err;
	}
	*answer = sum;
	return 0;
}

static int run_get_no_ack(long ops, uint64_t *answer)
{
	int err;

	for (sum = 0; ops > 0; ops--) {
		err = send_get();
		if (err >= 0)
			err = nl_recvmsgs_default(sk);
		if (err < 0)
			return err;
	}
	*answer = sum;
	return 0;
}

static int open_genl(long size)
{
	(void)size;
	return open_socket(NETLINK_GENERIC);
}

static int run_resolve(long ops, uint64_t *answer)
{
	int id;

	for (; ops > 0; ops--) {
		id = genl_ctrl_resolve(sk, "nlctrl");
		if (id < 0)
			return id;
		*answer += id;
	}
	return 0;
}

static int open_nothing(long size)
{
	(void)size;
	return 0;
}

static int run_open_close(long ops, uint64_t *answer)
{
	int err;

	for (; ops > 0; ops--) {
		err = open_socket(NETLINK_ROUTE);
		nl_socket_free(sk);
		if (err < 0)
			return err;
		(*answer)++;
	}
	return 0;
}

const struct contender ask_contenders[] = {
	{ "ack", "c", open_route, run_ack },
	{ "ack", "c-reuse", open_reuse, run_reuse },
	{ "get", "c", open_get, run_get },
	{ "get", "c-no-ack", open_get_no_ack, run_get_no_ack },
	{ "resolve", "c", open_genl, run_resolve },
	{ "open-close", "c", open_nothing, run_open_close },
	{ NULL, NULL, NULL, NULL },
};
