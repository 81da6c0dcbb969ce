// SPDX-License-Identifier: GPL-2.0-only
/*
 * dummy_netlink - takes part in multicast groups as the kernel. See uapi/dummy_netlink.h.
 *
 * A kernel socket cannot join groups. It gets a copy of each message that a user sends to port 0 and any group, so r_grps
 * is a filter. And one send reaches one group: a mask is one send for each bit.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitops.h>
#include <linux/capability.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/ratelimit.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "text.h"
#include "uapi/dummy_netlink.h"

static unsigned int protocol = DUMMY_NETLINK_PROTOCOL;
module_param(protocol, uint, 0444);
MODULE_PARM_DESC(protocol, "netlink protocol");

static unsigned int r_grps;
module_param(r_grps, uint, 0444);
MODULE_PARM_DESC(r_grps, "mask of the groups whose messages are taken; bit 0 is group 1");

static unsigned int b_grp;
module_param(b_grp, uint, 0444);
MODULE_PARM_DESC(b_grp, "mask of the groups that are sent to every period_ms");

static unsigned int period_ms = 1000;
module_param(period_ms, uint, 0444);
MODULE_PARM_DESC(period_ms, "milliseconds from one message to the next, at least 1");

static struct sock *dummy_sk;

static void dummy_tick(struct work_struct *work);
static DECLARE_DELAYED_WORK(dummy_work, dummy_tick);

static void dummy_tick(struct work_struct *work)
{
	static unsigned int ticks;
	unsigned long mask = b_grp;
	unsigned int bit;

	ticks++;
	for_each_set_bit(bit, &mask, 32) {
		char text[64];
		int len = scnprintf(text, sizeof(text), DUMMY_NETLINK_FORMAT, ticks, bit + 1);
		struct sk_buff *skb = text_msg(0, 0, DUMMY_NETLINK_TEXT, text, len);

		if (skb)
			nlmsg_multicast(dummy_sk, skb, 0, bit + 1, GFP_KERNEL);
	}
	schedule_delayed_work(&dummy_work, msecs_to_jiffies(period_ms));
}

static int dummy_text(struct sk_buff *skb, struct nlmsghdr *nlh, struct netlink_ext_ack *extack)
{
	const char *text = nlmsg_data(nlh);
	int len = text_len(text, nlmsg_len(nlh), DUMMY_NETLINK_TEXT_MAX, extack);

	if (len < 0)
		return len;
	pr_info_ratelimited("port %u to group %u: %*pE\n", NETLINK_CB(skb).portid, NETLINK_CB(skb).dst_group, len, text);
	return 0;
}

static int dummy_send(struct sk_buff *skb, struct nlmsghdr *nlh, struct netlink_ext_ack *extack)
{
	const struct dummy_netlink_send *send = nlmsg_data(nlh);
	const char *text = (const char *)(send + 1);
	struct sk_buff *out;
	int len, err;

	if (!netlink_capable(skb, CAP_NET_ADMIN)) {
		NL_SET_ERR_MSG_MOD(extack, "speaking as the kernel wants CAP_NET_ADMIN");
		return -EPERM;
	}
	if (nlmsg_len(nlh) < sizeof(*send)) {
		NL_SET_ERR_MSG_MOD(extack, "the message is too short to name a port");
		return -EINVAL;
	}
	if (!send->port) {
		NL_SET_ERR_MSG_MOD(extack, "port 0 is the kernel's own");
		return -EINVAL;
	}
	len = text_len(text, nlmsg_len(nlh) - sizeof(*send), DUMMY_NETLINK_TEXT_MAX, extack);
	if (len < 0)
		return len;
	out = text_msg(0, nlh->nlmsg_seq, DUMMY_NETLINK_TEXT, text, len);
	if (!out)
		return -ENOMEM;
	/* The socket that received this. A message may come in before netlink_kernel_create returns it to dummy_init. */
	err = nlmsg_unicast(skb->sk, out, send->port);
	if (err)
		NL_SET_ERR_MSG_MOD(extack, "that port does not take the message");
	return err;
}

static int dummy_rcv_msg(struct sk_buff *skb, struct nlmsghdr *nlh, struct netlink_ext_ack *extack)
{
	switch (nlh->nlmsg_type) {
	case DUMMY_NETLINK_TEXT:
		return dummy_text(skb, nlh, extack);
	case DUMMY_NETLINK_SEND:
		return dummy_send(skb, nlh, extack);
	}
	NL_SET_ERR_MSG_MOD(extack, "the message type is neither DUMMY_NETLINK_TEXT nor DUMMY_NETLINK_SEND");
	return -EOPNOTSUPP;
}

static void dummy_rcv(struct sk_buff *skb)
{
	u32 group = NETLINK_CB(skb).dst_group;

	/* A group beyond 32 has no bit in the mask. Port 0 is this very socket. */
	if (!NETLINK_CB(skb).portid || group > 32 || (group && !(r_grps & BIT(group - 1))))
		return;
	netlink_rcv_skb(skb, dummy_rcv_msg);
}

static int __init dummy_init(void)
{
	struct netlink_kernel_cfg cfg = {
		.groups = 32,
		.input = dummy_rcv,
	};

	if (protocol >= MAX_LINKS || !period_ms) {
		pr_err("protocol or period_ms is out of range\n");
		return -EINVAL;
	}
	dummy_sk = netlink_kernel_create(&init_net, protocol, &cfg);
	if (!dummy_sk) {
		pr_err("protocol %u is not to be had: another module serves it, perhaps\n", protocol);
		return -EADDRINUSE;
	}
	if (b_grp)
		schedule_delayed_work(&dummy_work, 0);
	return 0;
}

static void __exit dummy_exit(void)
{
	cancel_delayed_work_sync(&dummy_work);
	netlink_kernel_release(dummy_sk);
}

module_init(dummy_init);
module_exit(dummy_exit);

MODULE_DESCRIPTION("Takes part in netlink multicast groups");
MODULE_AUTHOR("golibnl");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
MODULE_ALIAS_NET_PF_PROTO(PF_NETLINK, DUMMY_NETLINK_PROTOCOL);
