/* SPDX-License-Identifier: MIT */
/* Models of the table of generic netlink families, and of how a message finds its parser. */
#include <string.h>
#include <netlink/genl/genl.h>

#include "branches.h"

#define MAX_FAMILIES 32

static struct genl_ops *families[MAX_FAMILIES];
static int n_families;
static int known[MAX_FAMILIES];	/* to libnl as well, for the functions that have no model */

static struct genl_ops *by_id(int id)
{
	for (int i = 0; i < n_families; i++)
		if (families[i]->o_id == id)
			return families[i];
	return NULL;
}

static int has_name(const char *name)
{
	/* libnl-genl's own family is there from the beginning. */
	if (!strcmp(name, "nlctrl"))
		return 1;
	for (int i = 0; i < n_families; i++)
		if (!strcmp(families[i]->o_name, name))
			return 1;
	return 0;
}

static int refuse(enum branch b, int code)
{
	seen[b] = 1;
	return -code;
}

int own_genl_register_family(struct genl_ops *ops)
{
	if (!ops->o_name)
		return refuse(B_register_no_name, NLE_INVAL);
	if (ops->o_cmds && ops->o_ncmds <= 0)
		return refuse(B_register_no_cmds, NLE_INVAL);
	if (ops->o_id && (by_id(ops->o_id) || ops->o_id == GENL_ID_CTRL) && !wrong(ID_CLASH_ALLOWED))
		return refuse(B_register_id, NLE_EXIST);
	if (has_name(ops->o_name) && !wrong(NAME_CLASH_ALLOWED))
		return refuse(B_register_name, NLE_EXIST);
	seen[B_register_ok] = 1;
	known[n_families] = genl_register_family(ops) == 0;
	families[n_families++] = ops;
	return 0;
}

int own_genl_unregister_family(struct genl_ops *ops)
{
	for (int i = 0; i < n_families; i++) {
		if (families[i] == ops) {
			if (known[i])
				genl_unregister_family(ops);
			n_families--;
			memmove(&families[i], &families[i + 1], (n_families - i) * sizeof(*families));
			memmove(&known[i], &known[i + 1], (n_families - i) * sizeof(*known));
			break;
		}
	}
	return 0;
}

static struct genl_cmd *cmd_of(const struct genl_ops *ops, int id)
{
	if (wrong(CMD_IS_INDEX))
		return id < ops->o_ncmds ? &ops->o_cmds[id] : NULL;
	for (int i = 0; i < ops->o_ncmds; i++)
		if (ops->o_cmds[i].c_id == id)
			return &ops->o_cmds[i];
	return NULL;
}

int own_genl_handle_msg(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *h = nlmsg_hdr(msg);
	struct genlmsghdr *gh = nlmsg_data(h);
	struct genl_ops *ops = by_id(h->nlmsg_type);
	struct nlattr *tb[256];
	struct genl_info info = { .who = nlmsg_get_src(msg), .nlh = h, .genlhdr = gh, .attrs = tb };
	struct genl_cmd *cmd;
	int hdrlen, ret;

	if (h->nlmsg_len < NLMSG_HDRLEN + GENL_HDRLEN)
		return refuse(B_handle_short, NLE_INVAL);
	if (!ops)
		return refuse(B_handle_family, NLE_MSGTYPE_NOSUPPORT);
	cmd = cmd_of(ops, gh->cmd);
	if (!cmd)
		return refuse(B_handle_cmd, NLE_MSGTYPE_NOSUPPORT);
	if (!cmd->c_msg_parser)
		return refuse(B_handle_parser, NLE_OPNOTSUPP);
	hdrlen = GENL_HDRLEN + ((wrong(FAMILY_HEADER_IGNORED) ? 0 : (int)ops->o_hdrsize));
	ret = nlmsg_parse(h, hdrlen, tb, cmd->c_maxattr, cmd->c_attr_policy);
	if (ret < 0)
		return refuse(B_handle_attrs, -ret);
	info.userhdr = (char *)gh + GENL_HDRLEN;
	seen[B_handle_ok] = 1;
	return cmd->c_msg_parser(NULL, cmd, &info, arg);
}
