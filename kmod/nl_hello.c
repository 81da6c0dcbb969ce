// SPDX-License-Identifier: GPL-2.0-only
/*
 * nl_hello - answers a text with count texts, one every period_ms. See uapi/nl_hello.h.
 *
 * The input function of a kernel socket runs in the sender's sendmsg. So the answers are delayed work, unless sync=1 asks
 * for the opposite, to show what it does to the sender.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "text.h"
#include "uapi/nl_hello.h"

#define COUNT_MAX 10000
#define PERIOD_MS_MAX 60000

static unsigned int protocol = NL_HELLO_PROTOCOL;
module_param(protocol, uint, 0444);
MODULE_PARM_DESC(protocol, "netlink protocol");

static unsigned int count = NL_HELLO_COUNT;
module_param(count, uint, 0444);
MODULE_PARM_DESC(count, "answers to one message, 1 to " __stringify(COUNT_MAX));

static unsigned int period_ms = NL_HELLO_PERIOD_MS;
module_param(period_ms, uint, 0444);
MODULE_PARM_DESC(period_ms, "milliseconds from one answer to the next, up to " __stringify(PERIOD_MS_MAX));

static bool sync;
module_param(sync, bool, 0444);
MODULE_PARM_DESC(sync, "answer inside the sender's sendmsg");

static unsigned int to_port;
module_param(to_port, uint, 0444);
MODULE_PARM_DESC(to_port, "send count messages to this port without being asked, from when it exists on");

static struct sock *hello_sk;	/* for hello_exit only: a message may come in before netlink_kernel_create returns it */

/* Answers that are still to be sent to one port. */
struct hello_job {
	struct list_head list;
	struct sock *sk;	/* of this module */
	unsigned long due;	/* jiffies */
	u32 port;
	u32 seq;
	unsigned int left;
	bool wait;		/* the port may be yet to come */
};

static LIST_HEAD(hello_jobs);
static unsigned int hello_njobs;
static DEFINE_MUTEX(hello_lock);	/* of the list, and of when the work runs next */

static void hello_run(struct work_struct *work);
static DECLARE_DELAYED_WORK(hello_work, hello_run);

static int hello_answer(struct sock *sk, u32 port, u32 seq)
{
	struct sk_buff *skb = text_msg(port, seq, NL_HELLO_MSG, NL_HELLO_TEXT, strlen(NL_HELLO_TEXT));

	return skb ? nlmsg_unicast(sk, skb, port) : -ENOMEM;
}

/* Sends what is due of a job; true: there is more to come. */
static bool hello_step(struct hello_job *job)
{
	int err;

	if (time_before(jiffies, job->due))
		return true;
	job->due = jiffies + msecs_to_jiffies(period_ms);
	err = hello_answer(job->sk, job->port, job->seq);
	if (err == -ECONNREFUSED)
		return job->wait;
	/* Any other error costs the port this one answer: its buffer is full, or there is no memory. */
	if (err)
		pr_info_ratelimited("port %u misses an answer: error %d\n", job->port, err);
	job->wait = false;
	return --job->left;
}

static void hello_run(struct work_struct *work)
{
	struct hello_job *job, *next;
	unsigned long now, wait = MAX_JIFFY_OFFSET;

	mutex_lock(&hello_lock);
	list_for_each_entry_safe(job, next, &hello_jobs, list) {
		if (hello_step(job))
			continue;
		list_del(&job->list);
		kfree(job);
		hello_njobs--;
	}
	now = jiffies;
	list_for_each_entry(job, &hello_jobs, list)
		wait = min(wait, time_after(job->due, now) ? job->due - now : 0);
	if (hello_njobs)
		mod_delayed_work(system_wq, &hello_work, wait);
	mutex_unlock(&hello_lock);
}

static struct hello_job *hello_job_new(u32 port, u32 seq, bool wait)
{
	struct hello_job *job = kzalloc(sizeof(*job), GFP_KERNEL_ACCOUNT);

	if (!job)
		return NULL;
	job->due = jiffies;
	job->port = port;
	job->seq = seq;
	job->left = count;
	job->wait = wait;
	return job;
}

/* Takes the job over, unless there are max of them. */
static bool hello_start(struct hello_job *job, struct sock *sk, unsigned int max)
{
	bool room;

	job->sk = sk;
	mutex_lock(&hello_lock);
	room = hello_njobs < max;
	if (room) {
		list_add_tail(&job->list, &hello_jobs);
		hello_njobs++;
		mod_delayed_work(system_wq, &hello_work, 0);
	}
	mutex_unlock(&hello_lock);
	return room;
}

static int hello_answer_later(struct sock *sk, u32 port, u32 seq, struct netlink_ext_ack *extack)
{
	struct hello_job *job = hello_job_new(port, seq, false);

	if (!job)
		return -ENOMEM;
	if (hello_start(job, sk, NL_HELLO_JOBS_MAX))
		return 0;
	kfree(job);
	NL_SET_ERR_MSG_MOD(extack, "too many senders are being answered; try again later");
	return -EBUSY;
}

/*
 * Holds the sender up until all its answers are sent, or it is killed. Other signals do not count: the runtime of a program in Go
 * sends them to its own threads at any time.
 */
static int hello_answer_all(struct sock *sk, u32 port, u32 seq, struct netlink_ext_ack *extack)
{
	unsigned int i;
	int err;

	for (i = 0; i < count; i++) {
		if (i && schedule_timeout_killable(msecs_to_jiffies(period_ms) + 1))
			return -EINTR;
		err = hello_answer(sk, port, seq);
		if (err) {
			NL_SET_ERR_MSG_MOD(extack, "an answer could not be sent");
			return err;
		}
	}
	return 0;
}

static int hello_rcv_msg(struct sk_buff *skb, struct nlmsghdr *nlh, struct netlink_ext_ack *extack)
{
	u32 port = NETLINK_CB(skb).portid;
	const char *text = nlmsg_data(nlh);
	int len;

	if (nlh->nlmsg_type != NL_HELLO_MSG) {
		NL_SET_ERR_MSG_MOD(extack, "the message type is not NL_HELLO_MSG");
		return -EOPNOTSUPP;
	}
	len = text_len(text, nlmsg_len(nlh), NL_HELLO_TEXT_MAX, extack);
	if (len < 0)
		return len;
	pr_info_ratelimited("port %u says: %*pE\n", port, len, text);
	/* What the kernel's socket receives belongs to it. */
	if (sync)
		return hello_answer_all(skb->sk, port, nlh->nlmsg_seq, extack);
	return hello_answer_later(skb->sk, port, nlh->nlmsg_seq, extack);
}

static void hello_rcv(struct sk_buff *skb)
{
	/* Port 0 is this very socket: an answer to it would be a message to answer. */
	if (NETLINK_CB(skb).portid)
		netlink_rcv_skb(skb, hello_rcv_msg);
}

static int __init hello_init(void)
{
	struct netlink_kernel_cfg cfg = {
		.input = hello_rcv,
	};
	struct hello_job *job = NULL;

	if (protocol >= MAX_LINKS || !count || count > COUNT_MAX || period_ms > PERIOD_MS_MAX) {
		pr_err("protocol, count or period_ms is out of range\n");
		return -EINVAL;
	}
	/* Once the socket is there others may hold the module, so nothing may fail any more. */
	if (to_port) {
		job = hello_job_new(to_port, 0, true);
		if (!job)
			return -ENOMEM;
	}
	hello_sk = netlink_kernel_create(&init_net, protocol, &cfg);
	if (!hello_sk) {
		kfree(job);
		pr_err("protocol %u is not to be had: another module serves it, perhaps\n", protocol);
		return -EADDRINUSE;
	}
	if (job)
		hello_start(job, hello_sk, UINT_MAX);
	return 0;
}

static void __exit hello_exit(void)
{
	struct hello_job *job, *next;

	/* Sockets of this protocol hold the module, so nobody starts a job any more. */
	cancel_delayed_work_sync(&hello_work);
	list_for_each_entry_safe(job, next, &hello_jobs, list)
		kfree(job);
	netlink_kernel_release(hello_sk);
}

module_init(hello_init);
module_exit(hello_exit);

MODULE_DESCRIPTION("Answers netlink messages with texts");
MODULE_AUTHOR("golibnl");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
MODULE_ALIAS_NET_PF_PROTO(PF_NETLINK, NL_HELLO_PROTOCOL);
