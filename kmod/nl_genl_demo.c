// SPDX-License-Identifier: GPL-2.0-only
/*
 * nl_genl_demo - a generic netlink family: echo, dump, multicast, policies, errors. See uapi/nl_genl_demo.h.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/version.h>
#include <net/genetlink.h>

#include "uapi/nl_genl_demo.h"

static struct genl_family demo_family;

static const struct genl_multicast_group demo_groups[] = {
	{ .name = NL_GENL_DEMO_GROUP },
};

#define POLICY_TEXT	{ .type = NLA_NUL_STRING, .len = NL_GENL_DEMO_TEXT_MAX }
#define POLICY_NUMBER	NLA_POLICY_RANGE(NLA_U32, NL_GENL_DEMO_NUMBER_MIN, NL_GENL_DEMO_NUMBER_MAX)
#define POLICY_ERRNO	NLA_POLICY_RANGE(NLA_U32, 1, NL_GENL_DEMO_ERRNO_MAX)

static const struct nla_policy demo_nest_policy[NL_GENL_DEMO_A_NUMBER + 1] = {
	[NL_GENL_DEMO_A_TEXT] = POLICY_TEXT,
	[NL_GENL_DEMO_A_NUMBER] = POLICY_NUMBER,
};

static const struct nla_policy demo_echo_policy[NL_GENL_DEMO_A_NEST + 1] = {
	[NL_GENL_DEMO_A_TEXT] = POLICY_TEXT,
	[NL_GENL_DEMO_A_NUMBER] = POLICY_NUMBER,
	[NL_GENL_DEMO_A_NEST] = NLA_POLICY_NESTED(demo_nest_policy),
};

static const struct nla_policy demo_get_policy[NL_GENL_DEMO_A_INTERRUPT + 1] = {
	[NL_GENL_DEMO_A_ID] = { .type = NLA_U32 },
	/* A signed 16-bit number is all that a policy has room for, so the dump checks COUNT itself. */
	[NL_GENL_DEMO_A_COUNT] = { .type = NLA_U32 },
	[NL_GENL_DEMO_A_ERRNO] = POLICY_ERRNO,
	[NL_GENL_DEMO_A_INTERRUPT] = { .type = NLA_FLAG },
};

static const struct nla_policy demo_notify_policy[NL_GENL_DEMO_A_TEXT + 1] = {
	[NL_GENL_DEMO_A_TEXT] = POLICY_TEXT,
};

static const struct nla_policy demo_fail_policy[NL_GENL_DEMO_A_ERRNO + 1] = {
	[NL_GENL_DEMO_A_ERRNO] = POLICY_ERRNO,
};

/* -EINVAL if the request lacks the attribute; kernels since 6.1 tell the sender which. */
static int demo_require(struct genl_info *info, int attr)
{
	if (info->attrs[attr])
		return 0;
	GENL_SET_ERR_MSG(info, "an attribute is missing");
#ifdef NL_SET_ERR_ATTR_MISS
	NL_SET_ERR_ATTR_MISS(info->extack, NULL, attr);
#endif
	return -EINVAL;
}

static int demo_echo(struct sk_buff *req, struct genl_info *info)
{
	struct sk_buff *skb;
	void *hdr;
	int i, err;

	err = demo_require(info, NL_GENL_DEMO_A_TEXT);
	if (err)
		return err;
	skb = genlmsg_new(nlmsg_len(info->nlhdr), GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	hdr = genlmsg_put_reply(skb, info, &demo_family, 0, NL_GENL_DEMO_CMD_ECHO);
	if (!hdr)
		goto too_long;
	for (i = NL_GENL_DEMO_A_TEXT; i <= NL_GENL_DEMO_A_NEST; i++) {
		struct nlattr *a = info->attrs[i];

		if (a && nla_put(skb, a->nla_type, nla_len(a), nla_data(a)))
			goto too_long;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);

too_long:
	nlmsg_free(skb);
	return -EMSGSIZE;
}

static int demo_put_entry(struct sk_buff *skb, u32 id)
{
	char name[32];

	snprintf(name, sizeof(name), NL_GENL_DEMO_NAME_FORMAT, id);
	return nla_put_u32(skb, NL_GENL_DEMO_A_ID, id) ?: nla_put_string(skb, NL_GENL_DEMO_A_NAME, name);
}

static int demo_get(struct sk_buff *req, struct genl_info *info)
{
	struct sk_buff *skb;
	void *hdr;
	u32 id;
	int err;

	err = demo_require(info, NL_GENL_DEMO_A_ID);
	if (err)
		return err;
	id = nla_get_u32(info->attrs[NL_GENL_DEMO_A_ID]);
	if (id >= NL_GENL_DEMO_COUNT) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[NL_GENL_DEMO_A_ID], "there is no entry with that ID");
		return -ENOENT;
	}
	skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	hdr = genlmsg_put_reply(skb, info, &demo_family, 0, NL_GENL_DEMO_CMD_GET);
	if (!hdr || demo_put_entry(skb, id)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

static struct nlattr **demo_dump_attrs(struct netlink_callback *cb)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
	return genl_info_dump(cb)->attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

/* One buffer full of entries; cb->args[0] is the next one's ID. */
static int demo_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr **attrs = demo_dump_attrs(cb);
	u32 id, half, count = NL_GENL_DEMO_COUNT;

	if (attrs[NL_GENL_DEMO_A_COUNT])
		count = nla_get_u32(attrs[NL_GENL_DEMO_A_COUNT]);
	if (count > NL_GENL_DEMO_COUNT_MAX) {
		NL_SET_ERR_MSG_ATTR(cb->extack, attrs[NL_GENL_DEMO_A_COUNT], "there are not so many entries");
		return -ERANGE;
	}
	half = count / 2;

	for (id = cb->args[0]; id < count; id++) {
		void *hdr;

		if (attrs[NL_GENL_DEMO_A_ERRNO] && id >= half) {
			NL_SET_ERR_MSG(cb->extack, "the dump fails half way, as it was asked to");
			return -(int)nla_get_u32(attrs[NL_GENL_DEMO_A_ERRNO]);
		}
		/* A generation of the entries; the core compares it with the one before. */
		cb->seq = attrs[NL_GENL_DEMO_A_INTERRUPT] && id >= half ? 2 : 1;
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &demo_family, NLM_F_MULTI,
				  NL_GENL_DEMO_CMD_GET);
		if (!hdr)
			break;
		if (demo_put_entry(skb, id)) {
			genlmsg_cancel(skb, hdr);
			break;
		}
		genl_dump_check_consistent(cb, hdr);
		genlmsg_end(skb, hdr);
	}
	cb->args[0] = id;
	return skb->len;
}

static int demo_notify(struct sk_buff *req, struct genl_info *info)
{
	struct sk_buff *skb;
	void *hdr;
	int err;

	err = demo_require(info, NL_GENL_DEMO_A_TEXT);
	if (err)
		return err;
	skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	hdr = genlmsg_put(skb, 0, 0, &demo_family, 0, NL_GENL_DEMO_CMD_NOTIFY);
	if (!hdr || nla_put_string(skb, NL_GENL_DEMO_A_TEXT, nla_data(info->attrs[NL_GENL_DEMO_A_TEXT]))) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	/* That nobody listens is no error of the sender's. */
	err = genlmsg_multicast_netns(&demo_family, genl_info_net(info), skb, 0, 0, GFP_KERNEL);
	return err == -ESRCH ? 0 : err;
}

static int demo_fail(struct sk_buff *req, struct genl_info *info)
{
	int err = demo_require(info, NL_GENL_DEMO_A_ERRNO);

	if (err)
		return err;
	NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[NL_GENL_DEMO_A_ERRNO], "this fails, as it was asked to");
	nl_set_extack_cookie_u64(info->extack, NL_GENL_DEMO_COOKIE);
	return -(int)nla_get_u32(info->attrs[NL_GENL_DEMO_A_ERRNO]);
}

static const struct genl_ops demo_ops[] = {
	{
		.cmd = NL_GENL_DEMO_CMD_ECHO,
		.doit = demo_echo,
		.policy = demo_echo_policy,
		.maxattr = ARRAY_SIZE(demo_echo_policy) - 1,
	},
	{
		.cmd = NL_GENL_DEMO_CMD_GET,
		.doit = demo_get,
		.dumpit = demo_dump,
		.policy = demo_get_policy,
		.maxattr = ARRAY_SIZE(demo_get_policy) - 1,
	},
	{
		.cmd = NL_GENL_DEMO_CMD_NOTIFY,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = demo_notify,
		.policy = demo_notify_policy,
		.maxattr = ARRAY_SIZE(demo_notify_policy) - 1,
	},
	{
		.cmd = NL_GENL_DEMO_CMD_FAIL,
		.doit = demo_fail,
		.policy = demo_fail_policy,
		.maxattr = ARRAY_SIZE(demo_fail_policy) - 1,
	},
};

static struct genl_family demo_family __ro_after_init = {
	.name = NL_GENL_DEMO_NAME,
	.version = NL_GENL_DEMO_VERSION,
	.module = THIS_MODULE,
	.netnsok = true,
	.ops = demo_ops,
	.n_ops = ARRAY_SIZE(demo_ops),
	.mcgrps = demo_groups,
	.n_mcgrps = ARRAY_SIZE(demo_groups),
};

static int __init demo_init(void)
{
	return genl_register_family(&demo_family);
}

static void __exit demo_exit(void)
{
	genl_unregister_family(&demo_family);
}

module_init(demo_init);
module_exit(demo_exit);

MODULE_DESCRIPTION("A generic netlink family to learn and to test from");
MODULE_AUTHOR("golibnl");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
MODULE_ALIAS_GENL_FAMILY(NL_GENL_DEMO_NAME);
