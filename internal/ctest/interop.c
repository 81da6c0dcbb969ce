/* SPDX-License-Identifier: MIT */
#include "interop.h"

#include <stdlib.h>

#include <linux/rtnetlink.h>
#include <netlink/addr.h>
#include <netlink/attr.h>
#include <netlink/cache.h>
#include <netlink/data.h>
#include <netlink/genl/family.h>
#include <netlink/genl/genl.h>
#include <netlink/handlers.h>
#include <netlink/msg.h>
#include <netlink/object.h>
#include <netlink/route/link.h>
#include <netlink/socket.h>

static struct golibnl_ctest_program *receiving; /* a receive hook gets no argument */

static int count(struct nl_msg *msg, void *arg)
{
	(void)msg;
	++*(int *)arg;
	return NL_OK;
}

static int on_err(struct sockaddr_nl *nla, struct nlmsgerr *e, void *arg)
{
	(void)nla;
	(void)e;
	++*(int *)arg;
	return NL_STOP;
}

static int on_recv(struct nl_sock *sk, struct sockaddr_nl *nla, unsigned char **buf, struct ucred **creds)
{
	receiving->recv++;
	return nl_recv(sk, nla, buf, creds);
}

int golibnl_ctest_set_callbacks(struct golibnl_ctest_program *p)
{
	if (nl_cb_set(p->cb, NL_CB_MSG_IN, NL_CB_CUSTOM, count, &p->in) < 0 ||
	    nl_cb_set(p->cb, NL_CB_VALID, NL_CB_CUSTOM, count, &p->valid) < 0 ||
	    nl_cb_set(p->cb, NL_CB_FINISH, NL_CB_CUSTOM, count, &p->finish) < 0)
		return -1;
	return nl_cb_err(p->cb, NL_CB_CUSTOM, on_err, &p->err);
}

struct golibnl_ctest_program *golibnl_ctest_program_new(int hook)
{
	struct golibnl_ctest_program *p = calloc(1, sizeof(*p));

	p->cb = nl_cb_alloc(NL_CB_DEFAULT);
	if (hook) {
		receiving = p;
		nl_cb_overwrite_recv(p->cb, on_recv);
	}
	golibnl_ctest_set_callbacks(p);
	p->sk = nl_socket_alloc_cb(p->cb);
	if (nl_connect(p->sk, NETLINK_ROUTE) < 0)
		abort();
	return p;
}

void golibnl_ctest_program_free(struct golibnl_ctest_program *p)
{
	nl_socket_free(p->sk);
	nl_cb_put(p->cb);
	free(p);
}

/* Another callback set in the place of the program's, with the same callbacks. */
int golibnl_ctest_other_cb(struct golibnl_ctest_program *p)
{
	nl_cb_put(p->cb);
	p->cb = nl_cb_alloc(NL_CB_DEFAULT);
	nl_socket_set_cb(p->sk, p->cb);
	return golibnl_ctest_set_callbacks(p);
}

int golibnl_ctest_connect(struct nl_sock *sk)
{
	return nl_connect(sk, NETLINK_ROUTE);
}

int golibnl_ctest_dump(struct nl_sock *sk)
{
	struct rtgenmsg all = { .rtgen_family = AF_UNSPEC };

	return nl_send_simple(sk, RTM_GETLINK, NLM_F_DUMP, &all, sizeof(all));
}

int golibnl_ctest_bad_request(struct nl_sock *sk)
{
	struct ifinfomsg none = { .ifi_index = 999999 };

	return nl_send_simple(sk, RTM_GETLINK, 0, &none, sizeof(none));
}

int golibnl_ctest_recv(struct nl_sock *sk)
{
	return nl_recvmsgs_default(sk);
}

int golibnl_ctest_recv_with(struct nl_sock *sk, struct nl_cb *cb)
{
	return nl_recvmsgs(sk, cb);
}

int golibnl_ctest_set_cb(struct nl_sock *sk, struct nl_cb *cb)
{
	nl_socket_set_cb(sk, cb);
	return 0;
}

struct nl_msg *golibnl_ctest_msg(void)
{
	struct rtgenmsg all = { .rtgen_family = AF_UNSPEC };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETLINK, NLM_F_DUMP);

	nlmsg_append(msg, &all, sizeof(all), NLMSG_ALIGNTO);
	return msg;
}

void golibnl_ctest_msg_free(struct nl_msg *msg)
{
	nlmsg_free(msg);
}

int golibnl_ctest_msg_u32(struct nl_msg *msg, int type)
{
	struct nlattr *a = nlmsg_find_attr(nlmsg_hdr(msg), sizeof(struct rtgenmsg), type);

	return a ? (int)nla_get_u32(a) : -1;
}

int golibnl_ctest_send(struct nl_sock *sk, struct nl_msg *msg)
{
	return nl_send_auto(sk, msg);
}

struct nl_addr *golibnl_ctest_addr(void)
{
	struct nl_addr *addr;

	return nl_addr_parse("192.0.2.1/24", AF_INET, &addr) < 0 ? NULL : addr;
}

int golibnl_ctest_addr_prefixlen(struct nl_addr *addr)
{
	return (int)nl_addr_get_prefixlen(addr);
}

void golibnl_ctest_addr_put(struct nl_addr *addr)
{
	nl_addr_put(addr);
}

struct nl_data *golibnl_ctest_data(void)
{
	return nl_data_alloc("abc", 3);
}

int golibnl_ctest_data_size(struct nl_data *data)
{
	return (int)nl_data_get_size(data);
}

void golibnl_ctest_data_free(struct nl_data *data)
{
	nl_data_free(data);
}

struct nl_object *golibnl_ctest_link(void)
{
	struct rtnl_link *link = rtnl_link_alloc();

	rtnl_link_set_ifindex(link, 7);
	rtnl_link_set_name(link, "c0");
	return OBJ_CAST(link);
}

int golibnl_ctest_refs(struct nl_object *obj)
{
	return nl_object_get_refcnt(obj);
}

void golibnl_ctest_object_put(struct nl_object *obj)
{
	nl_object_put(obj);
}

struct nl_cache *golibnl_ctest_cache(void)
{
	struct nl_cache *cache;

	return nl_cache_alloc_name("route/link", &cache) < 0 ? NULL : cache;
}

int golibnl_ctest_cache_items(struct nl_cache *cache)
{
	return nl_cache_nitems(cache);
}

void golibnl_ctest_cache_put(struct nl_cache *cache)
{
	nl_cache_put(cache);
}

static void on_change(struct nl_cache *cache, struct nl_object *obj, int act, void *arg)
{
	(void)cache;
	(void)obj;
	(void)act;
	++*(int *)arg;
}

struct nl_cache_mngr *golibnl_ctest_mngr(struct golibnl_ctest_program *p, struct nl_cache **cache)
{
	struct nl_cache_mngr *mngr;

	if (nl_cache_mngr_alloc(NULL, NETLINK_ROUTE, 0, &mngr) < 0 ||
	    nl_cache_mngr_add(mngr, "route/link", on_change, &p->change, cache) < 0)
		abort();
	return mngr;
}

int golibnl_ctest_mngr_ready(struct nl_cache_mngr *mngr)
{
	return nl_cache_mngr_data_ready(mngr);
}

void golibnl_ctest_mngr_free(struct nl_cache_mngr *mngr)
{
	nl_cache_mngr_free(mngr);
}

struct genl_family *golibnl_ctest_family(void)
{
	struct genl_family *family = genl_family_alloc();

	genl_family_set_name(family, "from-c");
	return family;
}

const char *golibnl_ctest_family_name(struct genl_family *family)
{
	return genl_family_get_name(family);
}

void golibnl_ctest_family_put(struct genl_family *family)
{
	genl_family_put(family);
}

int golibnl_ctest_ops_resolve(struct genl_ops *ops)
{
	struct nl_sock *sk = nl_socket_alloc();
	int err = genl_connect(sk);

	if (err >= 0)
		err = genl_ops_resolve(sk, ops);
	nl_socket_free(sk);
	return err < 0 ? err : ops->o_id;
}

int golibnl_ctest_genl_handle(struct nl_msg *msg)
{
	return genl_handle_msg(msg, NULL);
}
