/* SPDX-License-Identifier: MIT */
#ifndef GOLIBNL_CTEST_INTEROP_H
#define GOLIBNL_CTEST_INTEROP_H

#include <netlink/netlink.h>
#include <netlink/genl/mngt.h>

/* A program in C: a socket, a callback set, and how often each of its functions was called. */
struct golibnl_ctest_program {
	struct nl_sock *sk;
	struct nl_cb *cb;
	int in, valid, finish, err, recv, change;
};

struct golibnl_ctest_program *golibnl_ctest_program_new(int hook);
void golibnl_ctest_program_free(struct golibnl_ctest_program *p);
int golibnl_ctest_set_callbacks(struct golibnl_ctest_program *p);
int golibnl_ctest_other_cb(struct golibnl_ctest_program *p);
int golibnl_ctest_connect(struct nl_sock *sk);
int golibnl_ctest_dump(struct nl_sock *sk);
int golibnl_ctest_bad_request(struct nl_sock *sk);
int golibnl_ctest_recv(struct nl_sock *sk);
int golibnl_ctest_recv_with(struct nl_sock *sk, struct nl_cb *cb);
int golibnl_ctest_set_cb(struct nl_sock *sk, struct nl_cb *cb);

struct nl_msg *golibnl_ctest_msg(void);
void golibnl_ctest_msg_free(struct nl_msg *msg);
int golibnl_ctest_msg_u32(struct nl_msg *msg, int type);
int golibnl_ctest_send(struct nl_sock *sk, struct nl_msg *msg);

struct nl_addr *golibnl_ctest_addr(void);
int golibnl_ctest_addr_prefixlen(struct nl_addr *addr);
void golibnl_ctest_addr_put(struct nl_addr *addr);
struct nl_data *golibnl_ctest_data(void);
int golibnl_ctest_data_size(struct nl_data *data);
void golibnl_ctest_data_free(struct nl_data *data);
struct nl_object *golibnl_ctest_link(void);
int golibnl_ctest_refs(struct nl_object *obj);
void golibnl_ctest_object_put(struct nl_object *obj);
struct nl_cache *golibnl_ctest_cache(void);
int golibnl_ctest_cache_items(struct nl_cache *cache);
void golibnl_ctest_cache_put(struct nl_cache *cache);
struct nl_cache_mngr *golibnl_ctest_mngr(struct golibnl_ctest_program *p, struct nl_cache **cache);
int golibnl_ctest_mngr_ready(struct nl_cache_mngr *mngr);
void golibnl_ctest_mngr_free(struct nl_cache_mngr *mngr);

struct genl_family *golibnl_ctest_family(void);
const char *golibnl_ctest_family_name(struct genl_family *family);
void golibnl_ctest_family_put(struct genl_family *family);
int golibnl_ctest_ops_resolve(struct genl_ops *ops);
int golibnl_ctest_genl_handle(struct nl_msg *msg);

#endif
