/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * dummy_netlink: a kernel module that takes part in multicast groups.
 *
 * From the kernel: every "period_ms", for each bit of the parameter "b_grp", one message of type DUMMY_NETLINK_TEXT to that
 * group (bit 0 is group 1), from port 0 with sequence number 0. Its payload is a text and a NUL: DUMMY_NETLINK_FORMAT, as
 * printf would fill it with a count that all groups share and the group number.
 *
 * To the kernel (NLM_F_REQUEST, or it is dropped without a word):
 *   DUMMY_NETLINK_TEXT   payload: a text of 1 to DUMMY_NETLINK_TEXT_MAX bytes, NULs at its end not counted. The module logs
 *                        it. Sent to a group that is not in "r_grps", it is dropped without a word, and without an ACK;
 *                        sent to port 0 and no group, it is always taken.
 *   DUMMY_NETLINK_SEND   payload: struct dummy_netlink_send, then such a text. The kernel sends the text on to that port,
 *                        from port 0, as a DUMMY_NETLINK_TEXT with the request's sequence number. Wants CAP_NET_ADMIN: what
 *                        comes from port 0 is trusted.
 *
 * Errors, with an extended-ack text: EOPNOTSUPP (another type), EINVAL (too short), EMSGSIZE (text too long), EPERM,
 * ECONNREFUSED (nobody has that port).
 */
#ifndef DUMMY_NETLINK_H
#define DUMMY_NETLINK_H

#include <linux/types.h>

#define DUMMY_NETLINK_PROTOCOL 31	/* unless the module's parameter "protocol" says otherwise */
#define DUMMY_NETLINK_TEXT 0x10
#define DUMMY_NETLINK_SEND 0x11
#define DUMMY_NETLINK_TEXT_MAX 256
#define DUMMY_NETLINK_FORMAT "message %u from kernel to group %u"

struct dummy_netlink_send {
	__u32 port;	/* of a user's socket; 0, the kernel's own, is refused */
};

#endif
