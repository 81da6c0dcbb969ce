/* SPDX-License-Identifier: MIT */
/* Adding routes, one after the other, as libnl's own functions do. */
#include "bench.h"

#include <arpa/inet.h>
#include <net/if.h>

static long count;
static int link_index;

static int open_add(long size)
{
	count = size;
	link_index = if_nametoindex("bench0");
	return link_index ? open_socket(NETLINK_ROUTE) : -NLE_NODEV;
}

static struct nl_msg *route(uint32_t n)
{
	struct rtmsg header = {
		.rtm_family = AF_INET,
		.rtm_dst_len = 32,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_LINK,
		.rtm_type = RTN_UNICAST,
	};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL);

	if (!msg)
		return NULL;
	if (nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO) < 0)
		goto nla_put_failure;
	NLA_PUT_U32(msg, RTA_DST, htonl(10u << 24 | n));
	NLA_PUT_U32(msg, RTA_OIF, link_index);
	return msg;

nla_put_failure:
	nlmsg_free(msg);
	return NULL;
}

static int run_add(long ops, uint64_t *answer)
{
	for (; ops > 0; ops--) {
		long n;

		for (n = 1; n <= count; n++) {
			struct nl_msg *msg = route(n);
			int err = msg ? nl_send_sync(sk, msg) : -NLE_NOMEM; /* frees it */

			if (err < 0)
				return err;
			(*answer)++;
		}
	}
	return 0;
}

const struct contender route_contenders[] = {
	{ "add-routes", "c-loop", open_add, run_add },
	{ NULL, NULL, NULL, NULL },
};
