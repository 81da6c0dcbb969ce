/* SPDX-License-Identifier: GPL-2.0-only */
/* The messages of these modules that are a text: reading one, and making one. */
#ifndef KMOD_TEXT_H
#define KMOD_TEXT_H

#include <linux/netlink.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <net/netlink.h>

/*
 * The length of the text that a payload holds, or a negative error. libnl pads what it sends with NULs, and C programs
 * send the one at the end of the string: neither is text.
 */
static inline int text_len(const char *data, int len, int max, struct netlink_ext_ack *extack)
{
	while (len > 0 && !data[len - 1])
		len--;
	if (len <= 0) {
		NL_SET_ERR_MSG_MOD(extack, "the message has no text");
		return -EINVAL;
	}
	if (len > max) {
		NL_SET_ERR_MSG_MOD(extack, "the text is too long");
		return -EMSGSIZE;
	}
	return len;
}

/* A message with a text and a NUL, or NULL. port and seq are those of the request, or 0. */
static inline struct sk_buff *text_msg(u32 port, u32 seq, int type, const char *text, size_t len)
{
	struct sk_buff *skb = nlmsg_new(len + 1, GFP_KERNEL);
	struct nlmsghdr *nlh;
	char *data;

	if (!skb)
		return NULL;
	nlh = nlmsg_put(skb, port, seq, type, len + 1, 0);
	if (!nlh) {
		nlmsg_free(skb);
		return NULL;
	}
	data = nlmsg_data(nlh);
	memcpy(data, text, len);
	data[len] = 0;
	return skb;
}

#endif
