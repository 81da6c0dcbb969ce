/* SPDX-License-Identifier: MIT */
#include "cgo_helpers.h"
#include "_cgo_export.h"

int golibnl_genl_send_simple(struct nl_sock *sk, void *arg)
{
	struct golibnl_genl_simple *a = arg;

	return genl_send_simple(sk, a->family, a->cmd, a->version, a->flags);
}

int golibnl_genl_resolve(struct nl_sock *sk, void *arg)
{
	struct golibnl_genl_resolve *a = arg;

	return genl_ctrl_resolve(sk, a->family);
}

int golibnl_genl_resolve_grp(struct nl_sock *sk, void *arg)
{
	struct golibnl_genl_resolve *a = arg;

	return genl_ctrl_resolve_grp(sk, a->family, a->group);
}

int golibnl_genl_handle_msg(struct nl_msg *msg, void *arg)
{
	return genl_handle_msg(msg, arg);
}

int golibnl_genl_ops_resolve(struct nl_sock *sk, void *arg)
{
	return genl_ops_resolve(sk, arg);
}

int golibnl_genl_mngt_resolve(struct nl_sock *sk, void *arg)
{
	(void)arg;
	return genl_mngt_resolve(sk);
}

int golibnl_genl_alloc_cache(struct nl_sock *sk, void *arg)
{
	return genl_ctrl_alloc_cache(sk, arg);
}

static const struct golibnl_trampolines *libnl;

struct nl_cache_ops *golibnl_genl_ctrl;

void golibnl_genl_lend(const void *trampolines)
{
	golibnl_genl_ctrl = nl_cache_ops_lookup("genl/family");
	libnl = trampolines;
}

static int on_cmd(struct nl_cache_ops *ops, struct genl_cmd *cmd, struct genl_info *info, void *arg)
{
	int before = libnl->suspend(GOLIBNL_IN_CALLBACK), ret;

	(void)ops;
	(void)arg;
	ret = golibnlGenlCmd(libnl->current_call(), cmd, info);
	libnl->resume(before);
	return ret;
}

void golibnl_genl_set_parser(struct genl_cmd *cmd)
{
	cmd->c_msg_parser = on_cmd;
}
