/* SPDX-License-Identifier: MIT */
/* Generic netlink: families that are registered here, messages, and the kernel's families. */
#include <stdlib.h>
#include <string.h>

#include "api_cache.h"
#include "models.h"

#define MAX_CMDS 8

struct family {
	struct genl_ops ops;
	struct genl_cmd cmd[MAX_CMDS];
	struct hook *hook[MAX_CMDS];
	struct nla_policy policy[MAX_CMDS][256];
	int registered;
	struct family *next;
};

static struct family *families;

/* The callback of a command, which is a place in a family. */
static struct hook *hook_of(const struct genl_cmd *cmd)
{
	for (struct family *f = families; f; f = f->next)
		if (cmd >= f->cmd && cmd < f->cmd + MAX_CMDS)
			return f->hook[cmd - f->cmd];
	return NULL;
}

static int on_cmd(struct nl_cache_ops *cache_ops, struct genl_cmd *cmd, struct genl_info *info, void *arg)
{
	int len = info->nlh->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN;

	(void)arg;
	trace("cmd %s %s%s", hook_of(cmd)->tag, cmd->c_name, cache_ops ? " of a cache" : "");
	trace_head(info->nlh);
	trace_addr(info->who);
	trace(" cmd=%u version=%u user=%d/%08x attrs", info->genlhdr->cmd, info->genlhdr->version, len,
	      fnv(info->userhdr, len));
	for (int i = 0; i <= cmd->c_maxattr; i++)
		if (info->attrs[i])
			trace(" %d:%d", i, nla_len(info->attrs[i]));
	return next_result(hook_of(cmd));
}

/* family F NAME|- ID HDRSIZE [empty | ID/NAME/MAXATTR/TAG:RESULT,...]: without a tag, the command has no parser */
static void make_family(const struct step *s)
{
	struct family *f = calloc(1, sizeof(*f));

	f->ops.o_name = strcmp(s->word[2], "-") ? s->word[2] : NULL;
	f->ops.o_id = num(s, 3);
	f->ops.o_hdrsize = (unsigned int)num(s, 4);
	if (s->n > 5)
		f->ops.o_cmds = f->cmd;
	for (int w = 5; w < s->n && strcmp(s->word[w], "empty"); w++) {
		struct genl_cmd *c = &f->cmd[f->ops.o_ncmds++];
		char name[32], *part = strdup(s->word[w]);
		struct step hook = { .line = s->line, .n = 1, .word = { part } };
		int at = 0;

		if (sscanf(part, "%d/%31[^/]/%d/%n", &c->c_id, name, &c->c_maxattr, &at) < 3)
			die(s, "no command", part);
		c->c_name = strdup(name);
		if (part[at]) {
			hook.word[0] = part + at;
			f->hook[c - f->cmd] = hook_arg(&hook, 0);
			c->c_msg_parser = on_cmd;
		}
		free(part);
	}
	f->next = families;
	families = f;
	name_thing(s, 1, K_OPS, f);
}

/* policy F PLACE TYPE:NLA/MINLEN/MAXLEN...: of the command at that place */
static void set_policy(const struct step *s)
{
	struct family *f = thing(s, 1, K_OPS);
	unsigned int type, nla, minlen, maxlen;
	int place = num(s, 2);

	f->cmd[place].c_attr_policy = f->policy[place];
	for (int w = 3; w < s->n; w++) {
		if (sscanf(s->word[w], "%u:%u/%u/%u", &type, &nla, &minlen, &maxlen) != 4 || type > 255)
			die(s, "no policy", s->word[w]);
		f->policy[place][type] = (struct nla_policy){ .type = nla, .minlen = minlen, .maxlen = maxlen };
	}
}

static void register_family(const struct step *s)
{
	struct family *f = thing(s, 1, K_OPS);
	int ret = VIA(genl_register_family)(&f->ops);

	f->registered |= ret == 0;
	say_ret(ret);
}

static void unregister_family(const struct step *s)
{
	struct family *f = thing(s, 1, K_OPS);

	say_ret(VIA(genl_unregister_family)(&f->ops));
	f->registered = 0;
}

void free_ops(void *p)
{
	struct family *f = p, **at;

	if (f->registered)
		VIA(genl_unregister_family)(&f->ops);
	for (int i = 0; i < f->ops.o_ncmds; i++)
		free(f->cmd[i].c_name);
	for (at = &families; *at != f; at = &(*at)->next)
		;
	*at = f->next;
	free(f);
}

static void handle_msg(const struct step *s)
{
	say_ret(VIA(genl_handle_msg)(MSG(1), NULL));
}

/* dispatch S: messages that the socket receives go to the families that are registered */
static void dispatch(const struct step *s)
{
	say_ret(nl_socket_modify_cb(SOCK(1), NL_CB_VALID, NL_CB_CUSTOM, VIA(genl_handle_msg), NULL));
}

static void op2name(const struct step *s)
{
	char name[64];
	char *known = genl_op2name(num(s, 1), num(s, 2), name, sizeof(name));

	say(known ? " = %s" : " = none", name);
}

static void ops_resolve(const struct step *s)
{
	struct family *f = thing(s, 2, K_OPS);

	say_ret(genl_ops_resolve(SOCK(1), &f->ops));
	say(" id=%d", f->ops.o_id);
}

static void mngt_resolve(const struct step *s)
{
	say_ret(genl_mngt_resolve(SOCK(1)));
	for (int w = 2; w < s->n; w++)
		say(" %s=%d", s->word[w], ((struct family *)thing(s, w, K_OPS))->ops.o_id);
}

static struct nl_cache_ops *ops_arg(const struct step *s, int word)
{
	struct nl_cache_ops *ops = nl_cache_ops_lookup(s->word[word]);

	if (!ops)
		die(s, "no such type of caches", s->word[word]);
	return ops;
}

static void register_ops(const struct step *s)
{
	say_ret(genl_register(ops_arg(s, 1)));
}

/* Unregistered, the operations cannot be looked up: they come back at once. */
static void reregister_ops(const struct step *s)
{
	struct nl_cache_ops *ops = ops_arg(s, 1);

	genl_unregister(ops);
	say(" gone=%d", nl_cache_ops_lookup(s->word[1]) == NULL);
	say_ret(genl_register(ops));
}

/* genlmsg_put M PORT SEQ FAMILY HDRLEN FLAGS CMD VERSION: the family's header is filled with a5 */
static void put(const struct step *s)
{
	int hdrlen = num(s, 5);
	void *user = genlmsg_put(MSG(1), port_arg(s, 2), seq_of(s, s->word[3]), num(s, 4), hdrlen, num(s, 6), num(s, 7),
				 num(s, 8));

	say(user ? " = room" : " = none");
	if (user)
		memset(user, 0xa5, hdrlen);
}

static void send_simple(const struct step *s)
{
	say_ret(genl_send_simple(SOCK(1), num(s, 2), num(s, 3), num(s, 4), num(s, 5)));
}

/* genl_headers M: for family headers of each length up to what there is. */
static void headers(const struct step *s)
{
	struct nlmsghdr *h = nlmsg_hdr(MSG(1));
	struct genlmsghdr *g;

	for (int hdrlen = 0; hdrlen <= 12; hdrlen += 4)
		say(" valid %d=%d", hdrlen, genlmsg_valid_hdr(h, hdrlen));
	if (!genlmsg_valid_hdr(h, 0))
		return;
	g = genlmsg_hdr(h);
	trace("cmd=%u version=%u len=%d data at %td user header at %td\n", g->cmd, g->version, genlmsg_len(g),
	      (char *)genlmsg_data(g) - (char *)h, (char *)genlmsg_user_hdr(g) - (char *)h);
	for (int hdrlen = 0; hdrlen <= genlmsg_len(g) && hdrlen <= 12; hdrlen += 4) {
		trace("hdrlen %d: user data at %td, %d bytes", hdrlen, (char *)genlmsg_user_data(g, hdrlen) - (char *)h,
		      genlmsg_user_datalen(g, hdrlen));
		trace(", attrs at %td, %d bytes\n", (char *)genlmsg_attrdata(g, hdrlen) - (char *)h,
		      genlmsg_attrlen(g, hdrlen));
	}
}

static void parse(const struct step *s)
{
	struct nlattr *tb[64];
	int ret = genlmsg_parse(nlmsg_hdr(MSG(1)), num(s, 2), tb, num(s, 3), policy_arg(s, 4));

	say_ret(ret);
	for (int i = 0; ret == 0 && i <= num(s, 3); i++)
		if (tb[i])
			say(" %d:%d", i, nla_len(tb[i]));
}

static void validate(const struct step *s)
{
	say_ret(genlmsg_validate(nlmsg_hdr(MSG(1)), num(s, 2), num(s, 3), policy_arg(s, 4)));
}

static void ctrl_resolve(const struct step *s)
{
	say_ret(genl_ctrl_resolve(SOCK(1), s->word[2]));
}

static void ctrl_resolve_grp(const struct step *s)
{
	say_ret(genl_ctrl_resolve_grp(SOCK(1), s->word[2], s->word[3]));
}

static void ctrl_alloc_cache(const struct step *s)
{
	struct nl_cache *c = NULL;

	say_ret(genl_ctrl_alloc_cache(SOCK(2), &c));
	name_thing(s, 1, K_CACHE, c);
}

static void say_family(struct genl_family *f)
{
	const char *name = f ? genl_family_get_name(f) : NULL;

	if (!f)
		say(" = none");
	else
		say(" = %s id=%u version=%u hdrsize=%u maxattr=%u", name ? name : "", genl_family_get_id(f),
		    genl_family_get_version(f), genl_family_get_hdrsize(f), genl_family_get_maxattr(f));
}

static void ctrl_search(const struct step *s)
{
	struct genl_family *f = genl_ctrl_search(CACHE(1), num(s, 2));

	say_family(f);
	genl_family_put(f);
}

static void ctrl_search_by_name(const struct step *s)
{
	struct genl_family *f = genl_ctrl_search_by_name(CACHE(1), s->word[2]);

	say_family(f);
	genl_family_put(f);
}

#define FAMILY(w) ((struct genl_family *)thing(s, w, K_FAMILY))

static void family_alloc(const struct step *s)
{
	name_thing(s, 1, K_FAMILY, genl_family_alloc());
}

static void family_put(const struct step *s)
{
	genl_family_put(FAMILY(1));
	forget_thing(s, 1, K_FAMILY);
}

/* family_set F id|version|hdrsize|maxattr|name VALUE */
static void family_set(const struct step *s)
{
	const char *field = s->word[2];

	if (!strcmp(field, "id"))
		genl_family_set_id(FAMILY(1), (unsigned int)num(s, 3));
	else if (!strcmp(field, "version"))
		genl_family_set_version(FAMILY(1), (uint8_t)num(s, 3));
	else if (!strcmp(field, "hdrsize"))
		genl_family_set_hdrsize(FAMILY(1), (uint32_t)num(s, 3));
	else if (!strcmp(field, "maxattr"))
		genl_family_set_maxattr(FAMILY(1), (uint32_t)num(s, 3));
	else if (!strcmp(field, "name"))
		genl_family_set_name(FAMILY(1), s->word[3]);
	else
		die(s, "no such field", field);
}

static void family_add_op(const struct step *s)
{
	say_ret(genl_family_add_op(FAMILY(1), num(s, 2), num(s, 3)));
}

static void family_add_grp(const struct step *s)
{
	say_ret(genl_family_add_grp(FAMILY(1), (uint32_t)num(s, 2), s->word[3]));
}

static void show_family(const struct step *s)
{
	say_family(FAMILY(1));
}

const struct verb genl_verbs[] = {
	{ "family", 5, make_family },
	{ "policy", 4, set_policy },
	{ "genl_register_family", 2, register_family },
	{ "genl_unregister_family", 2, unregister_family },
	{ "genl_handle_msg", 2, handle_msg },
	{ "dispatch", 2, dispatch },
	{ "genl_op2name", 3, op2name },
	{ "genl_ops_resolve", 3, ops_resolve },
	{ "genl_mngt_resolve", 2, mngt_resolve },
	{ "genl_register", 2, register_ops },
	{ "reregister", 2, reregister_ops },
	{ "genlmsg_put", 9, put },
	{ "genl_send_simple", 6, send_simple },
	{ "genl_headers", 2, headers },
	{ "genlmsg_parse", 4, parse },
	{ "genlmsg_validate", 4, validate },
	{ "genl_ctrl_resolve", 3, ctrl_resolve },
	{ "genl_ctrl_resolve_grp", 4, ctrl_resolve_grp },
	{ "genl_ctrl_alloc_cache", 3, ctrl_alloc_cache },
	{ "genl_ctrl_search", 3, ctrl_search },
	{ "genl_ctrl_search_by_name", 3, ctrl_search_by_name },
	{ "genl_family_alloc", 2, family_alloc },
	{ "genl_family_put", 2, family_put },
	{ "family_set", 4, family_set },
	{ "genl_family_add_op", 4, family_add_op },
	{ "genl_family_add_grp", 4, family_add_grp },
	{ "show_family", 2, show_family },
	{ NULL, 0, NULL },
};
