/* SPDX-License-Identifier: MIT */
/* The C of package genl: see ../cgo_helpers.h, whose rules hold here too. */
#ifndef GOLIBNL_GENL_CGO_HELPERS_H
#define GOLIBNL_GENL_CGO_HELPERS_H

#include <stdint.h>
#include <stdlib.h>

#include <linux/genetlink.h>

#include <netlink/netlink.h>
#include <netlink/attr.h>
#include <netlink/cache.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/family.h>
#include <netlink/genl/genl.h>
#include <netlink/genl/mngt.h>

/* The arguments of the functions that run in a call on a socket: see golibnl_exchange() in package libnl. */
struct golibnl_genl_simple {
	int family, cmd, version, flags;
};

struct golibnl_genl_resolve {
	const char *family, *group;
};

int golibnl_genl_send_simple(struct nl_sock *sk, void *arg);
int golibnl_genl_resolve(struct nl_sock *sk, void *arg);
int golibnl_genl_resolve_grp(struct nl_sock *sk, void *arg);

/* As in package libnl, which lends it: its C is out of reach of this package's linker. */
struct golibnl_trampolines {
	int (*suspend)(int where);
	void (*resume)(int before);
	uintptr_t (*current_call)(void);
};

#define GOLIBNL_IN_CALLBACK 1

void golibnl_genl_lend(const void *trampolines);
void golibnl_genl_set_parser(struct genl_cmd *cmd);
int golibnl_genl_handle_msg(struct nl_msg *msg, void *arg);
int golibnl_genl_ops_resolve(struct nl_sock *sk, void *arg);
int golibnl_genl_mngt_resolve(struct nl_sock *sk, void *arg);

int golibnl_genl_alloc_cache(struct nl_sock *sk, void *arg);

/* The cache operations of families: the only ones that libnl has registered with genl_register(). */
extern struct nl_cache_ops *golibnl_genl_ctrl;

static inline int golibnl_genl_put(struct nl_msg *msg, uint32_t port, uint32_t seq, int family, int hdrlen, int flags,
				   uint8_t cmd, uint8_t version)
{
	const char *user = genlmsg_put(msg, port, seq, family, hdrlen, flags, cmd, version);

	return user ? (int)(user - (const char *)nlmsg_hdr(msg)) : -1;
}

#endif
