// SPDX-License-Identifier: GPL-2.0-only
/*
 * nl_greeting - greets a multicast group, on load and then every period_ms. See uapi/nl_greeting.h.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "text.h"
#include "uapi/nl_greeting.h"

static unsigned int protocol = NL_GREETING_PROTOCOL;
module_param(protocol, uint, 0444);
MODULE_PARM_DESC(protocol, "netlink protocol; 2 (NETLINK_USERSOCK) lets programs listen before the module is loaded");

static unsigned int period_ms = 1000;
module_param(period_ms, uint, 0444);
MODULE_PARM_DESC(period_ms, "milliseconds from one greeting to the next; 0: greet once");

static bool unprivileged;
module_param(unprivileged, bool, 0444);
MODULE_PARM_DESC(unprivileged, "let users without CAP_NET_ADMIN listen (of no effect on a protocol that others serve, too)");

static struct sock *greeting_sk;

static void greeting_send(struct work_struct *work);
static DECLARE_DELAYED_WORK(greeting_work, greeting_send);

static void greeting_send(struct work_struct *work)
{
	/* Nobody need be listening, and a listener that is behind has been told so by ENOBUFS. */
	struct sk_buff *skb = text_msg(0, 0, NL_GREETING_MSG, NL_GREETING_TEXT, strlen(NL_GREETING_TEXT));

	if (skb)
		nlmsg_multicast(greeting_sk, skb, 0, NL_GREETING_GROUP, GFP_KERNEL);
	if (period_ms)
		schedule_delayed_work(&greeting_work, msecs_to_jiffies(period_ms));
}

static int __init greeting_init(void)
{
	struct netlink_kernel_cfg cfg = {
		.groups = NL_GREETING_GROUP,
		.flags = unprivileged ? NL_CFG_F_NONROOT_RECV : 0,
	};

	if (protocol >= MAX_LINKS) {
		pr_err("protocol %u: there are only %d\n", protocol, MAX_LINKS);
		return -EINVAL;
	}
	greeting_sk = netlink_kernel_create(&init_net, protocol, &cfg);
	if (!greeting_sk) {
		pr_err("protocol %u is not to be had: another module serves it, perhaps\n", protocol);
		return -EADDRINUSE;
	}
	schedule_delayed_work(&greeting_work, 0);
	return 0;
}

static void __exit greeting_exit(void)
{
	cancel_delayed_work_sync(&greeting_work);
	netlink_kernel_release(greeting_sk);
}

module_init(greeting_init);
module_exit(greeting_exit);

MODULE_DESCRIPTION("Greets a netlink multicast group");
MODULE_AUTHOR("golibnl");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
MODULE_ALIAS_NET_PF_PROTO(PF_NETLINK, NL_GREETING_PROTOCOL);
