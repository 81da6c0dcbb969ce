/* SPDX-License-Identifier: MIT */
/* Dumps: a callback for each message, and nl_recvmsgs_default(). */
#include "bench.h"

static uint64_t sum;

static int on_route(struct nl_msg *msg, void *arg)
{
	struct nlattr *a;
	int rest;

	(void)arg;
	sum += SCORE;
	nlmsg_for_each_attr(a, nlmsg_hdr(msg), sizeof(struct rtmsg), rest) {
		switch (nla_type(a)) {
		case RTA_DST:
		case RTA_OIF:
			sum += nla_get_u32(a);
		}
	}
	return NL_OK;
}

static int on_route_parse(struct nl_msg *msg, void *arg)
{
	struct nlattr *tb[RTA_MAX + 1];
	int err = nlmsg_parse(nlmsg_hdr(msg), sizeof(struct rtmsg), tb, RTA_MAX, NULL);

	(void)arg;
	if (err < 0)
		return err;
	sum += SCORE;
	if (tb[RTA_DST])
		sum += nla_get_u32(tb[RTA_DST]);
	if (tb[RTA_OIF])
		sum += nla_get_u32(tb[RTA_OIF]);
	return NL_OK;
}

static int on_link(struct nl_msg *msg, void *arg)
{
	struct ifinfomsg *info = nlmsg_data(nlmsg_hdr(msg));
	struct nlattr *tb[IFLA_MAX + 1];
	int err = nlmsg_parse(nlmsg_hdr(msg), sizeof(*info), tb, IFLA_MAX, NULL);
	const unsigned char *c;

	(void)arg;
	if (err < 0)
		return err;
	sum += SCORE + info->ifi_index;
	if (tb[IFLA_MTU])
		sum += nla_get_u32(tb[IFLA_MTU]);
	if (tb[IFLA_IFNAME])
		for (c = nla_data(tb[IFLA_IFNAME]); *c; c++)
			sum += *c;
	return NL_OK;
}

static int on_any(struct nl_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	sum += SCORE;
	return NL_OK;
}

static int open_with(nl_recvmsg_msg_cb_t on_message)
{
	int err = open_socket(NETLINK_ROUTE);

	return err < 0 ? err : nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, on_message, NULL);
}

static int open_routes(long size)
{
	(void)size;
	return open_with(on_route);
}

static int open_parse(long size)
{
	(void)size;
	return open_with(on_route_parse);
}

/* What the manual offers to be faster: no look at a message's size before it is received. */
static int open_no_peek(long size)
{
	int err = open_routes(size);

	if (err < 0)
		return err;
	nl_socket_disable_msg_peek(sk);
	return nl_socket_set_msg_buf_size(sk, 32 << 10);
}

static int open_links(long size)
{
	(void)size;
	return open_with(on_link);
}

static int open_any(long size)
{
	(void)size;
	return open_with(on_any);
}

static int dump(int type, void *header, size_t size, long ops, uint64_t *answer)
{
	int err;

	for (sum = 0; ops > 0; ops--) {
		err = nl_send_simple(sk, type, NLM_F_DUMP, header, size);
		if (err < 0)
			return err;
		err = nl_recvmsgs_default(sk);
		if (err < 0)
			return err;
	}
	*answer = sum;
	return 0;
}

static int run_routes(long ops, uint64_t *answer)
{
	struct rtmsg header = { .rtm_family = AF_INET };

	return dump(RTM_GETROUTE, &header, sizeof(header), ops, answer);
}

static int run_links(long ops, uint64_t *answer)
{
	struct ifinfomsg header = { .ifi_family = AF_UNSPEC };

	return dump(RTM_GETLINK, &header, sizeof(header), ops, answer);
}

const struct contender dump_contenders[] = {
	{ "dump-routes", "c", open_routes, run_routes },
	{ "dump-routes", "c-parse", open_parse, run_routes },
	{ "dump-routes", "c-no-peek", open_no_peek, run_routes },
	{ "dump-links", "c", open_links, run_links },
	{ "crossing", "c", open_any, run_routes },
	{ NULL, NULL, NULL, NULL },
};
