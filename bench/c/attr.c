/* SPDX-License-Identifier: MIT */
/* Attributes: reading those of a link, and building a message with ten. */
#include "bench.h"

static struct nlmsghdr *kept;

static int keep(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *hdr = nlmsg_hdr(msg);

	(void)arg;
	kept = malloc(hdr->nlmsg_len);
	if (!kept)
		return -NLE_NOMEM;
	memcpy(kept, hdr, hdr->nlmsg_len);
	return NL_OK;
}

static int open_decode(long size)
{
	struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETLINK, 0);
	int err = open_socket(NETLINK_ROUTE);

	(void)size;
	if (err < 0)
		return err;
	nl_socket_disable_auto_ack(sk);
	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, keep, NULL);
	nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO);
	nla_put_string(msg, IFLA_IFNAME, "bench0");
	err = nl_send_auto(sk, msg);
	nlmsg_free(msg);
	if (err < 0)
		return err;
	err = nl_recvmsgs_default(sk);
	return err < 0 ? err : kept ? 0 : -NLE_OBJ_NOTFOUND;
}

static uint64_t letters(const char *s)
{
	uint64_t sum = 0;

	for (; *s; s++)
		sum += (unsigned char)*s;
	return sum;
}

static int run_decode(long ops, uint64_t *answer)
{
	struct nlattr *tb[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1];
	const unsigned char *addr;
	int err, i;

	for (; ops > 0; ops--) {
		err = nlmsg_parse(kept, sizeof(struct ifinfomsg), tb, IFLA_MAX, NULL);
		if (err < 0)
			return err;
		err = nla_parse_nested(info, IFLA_INFO_MAX, tb[IFLA_LINKINFO], NULL);
		if (err < 0)
			return err;
		*answer += SCORE + nla_get_u32(tb[IFLA_MTU]) + nla_get_u32(tb[IFLA_TXQLEN]) + nla_get_u32(tb[IFLA_GROUP]) +
			   nla_get_u8(tb[IFLA_OPERSTATE]) + letters(nla_get_string(tb[IFLA_IFNAME])) +
			   letters(nla_get_string(tb[IFLA_QDISC])) + letters(nla_get_string(info[IFLA_INFO_KIND]));
		addr = nla_data(tb[IFLA_ADDRESS]);
		for (i = 0; i < nla_len(tb[IFLA_ADDRESS]); i++)
			*answer += addr[i];
	}
	return 0;
}

static struct nl_msg *build(void)
{
	static const unsigned char hardware[] = { 2, 0, 0, 0, 0, 1 };
	struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, 0);
	struct nlattr *nest;

	if (!msg)
		return NULL;
	if (nlmsg_append(msg, &header, sizeof(header), NLMSG_ALIGNTO) < 0)
		goto fail;
	NLA_PUT_STRING(msg, IFLA_IFNAME, "bench1");
	NLA_PUT_U32(msg, IFLA_MTU, 1500);
	NLA_PUT_U32(msg, IFLA_TXQLEN, 1000);
	NLA_PUT_U32(msg, IFLA_GROUP, 7);
	NLA_PUT_U8(msg, IFLA_OPERSTATE, 6);
	NLA_PUT_U8(msg, IFLA_LINKMODE, 1);
	NLA_PUT(msg, IFLA_ADDRESS, sizeof(hardware), hardware);
	NLA_PUT_U32(msg, IFLA_NUM_TX_QUEUES, 4);
	nest = nla_nest_start(msg, IFLA_LINKINFO | NLA_F_NESTED);
	if (!nest)
		goto fail;
	NLA_PUT_STRING(msg, IFLA_INFO_KIND, "veth");
	nla_nest_end(msg, nest);
	return msg;

nla_put_failure:
fail:
	nlmsg_free(msg);
	return NULL;
}

static uint64_t hash;

/* FNV-1a, as Go has it, of the attributes. */
static int open_encode(long size)
{
	struct nl_msg *msg = build();
	const unsigned char *b;
	int i, len;

	(void)size;
	if (!msg)
		return -NLE_NOMEM;
	b = (const unsigned char *)nlmsg_attrdata(nlmsg_hdr(msg), sizeof(struct ifinfomsg));
	len = nlmsg_attrlen(nlmsg_hdr(msg), sizeof(struct ifinfomsg));
	hash = 14695981039346656037u;
	for (i = 0; i < len; i++)
		hash = (hash ^ b[i]) * 1099511628211u;
	hash >>= 24;
	nlmsg_free(msg);
	return 0;
}

static int run_encode(long ops, uint64_t *answer)
{
	for (; ops > 0; ops--) {
		struct nl_msg *msg = build();

		if (!msg)
			return -NLE_NOMEM;
		nlmsg_free(msg);
		*answer += hash;
	}
	return 0;
}

const struct contender attr_contenders[] = {
	{ "decode", "c", open_decode, run_decode },
	{ "encode", "c", open_encode, run_encode },
	{ NULL, NULL, NULL, NULL },
};
