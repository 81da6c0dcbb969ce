/* SPDX-License-Identifier: MIT */
/*
 * Functions that libnl 3.7.0 does not have, for TestNewerAtRunTime to put before it: they tell that they were called by what
 * they do, which is not what libnl's do.
 */
#include <stdint.h>

#include <netlink/netlink.h>
#include <netlink/attr.h>
#include <netlink/cache.h>
#include <netlink/errno.h>

int nla_put_sint(struct nl_msg *msg, int type, int64_t value)
{
	return nla_put_string(msg, type, value < 0 ? "negative" : "positive");
}

int64_t nla_get_sint(const struct nlattr *attr)
{
	return -nla_len(attr);
}

int nla_put_uint(struct nl_msg *msg, int type, uint64_t value)
{
	(void)value;
	return nla_put_flag(msg, type);
}

uint64_t nla_get_uint(const struct nlattr *attr)
{
	return 100 + nla_len(attr);
}

int nl_cache_resync_v2(struct nl_sock *sk, struct nl_cache *cache, change_func_v2_t func, void *arg)
{
	(void)sk;
	func(cache, NULL, nl_cache_get_first(cache), 77, NL_ACT_NEW, arg);
	return 0;
}

int nl_cache_mngr_alloc_ex(struct nl_sock *sk, struct nl_sock *sync_sk, int protocol, int flags,
			   struct nl_cache_mngr **mngr)
{
	(void)sk;
	(void)sync_sk;
	(void)protocol;
	(void)flags;
	(void)mngr;
	return -NLE_PKTLOC_FILE;
}
