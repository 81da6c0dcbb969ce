/* SPDX-License-Identifier: MIT */
/* Attributes of messages, and data. The grids of attributes are in grid_attr.c. */
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "grids.h"
#include "models.h"

static void put(const struct step *s)
{
	static unsigned char buf[MAX_BYTES];

	say_ret(VIA(nla_put)(MSG(1), num(s, 2), bytes_arg(s, 3, buf), buf));
}

/* nla_put_fill M TYPE LEN: as many bytes 5a. */
static void put_fill(const struct step *s)
{
	static unsigned char buf[2 * MAX_BYTES];

	memset(buf, 0x5a, sizeof(buf));
	say_ret(VIA(nla_put)(MSG(1), num(s, 2), num(s, 3), buf));
}

static void put_string(const struct step *s)
{
	say_ret(VIA(nla_put_string)(MSG(1), num(s, 2), s->n > 3 ? s->word[3] : ""));
}

static void put_flag(const struct step *s)
{
	say_ret(nla_put_flag(MSG(1), num(s, 2)));
}

#define PUT_NUMBER(name) \
	static void name(const struct step *s) { say_ret(nla_##name(MSG(1), num(s, 2), number(s, s->word[3]))); }
PUT_NUMBER(put_u8)
PUT_NUMBER(put_u16)
PUT_NUMBER(put_u32)
PUT_NUMBER(put_u64)
PUT_NUMBER(put_s8)
PUT_NUMBER(put_s16)
PUT_NUMBER(put_s32)
PUT_NUMBER(put_s64)
PUT_NUMBER(put_msecs)

#if LIBNL_VER_NUM >= LIBNL_VER(3, 11)
PUT_NUMBER(put_uint)
PUT_NUMBER(put_sint)

static void get_uint(const struct step *s)
{
	say(" = %llu", (unsigned long long)nla_get_uint(nlmsg_find_attr(nlmsg_hdr(MSG(1)), num(s, 2), num(s, 3))));
}

static void get_sint(const struct step *s)
{
	say(" = %lld", (long long)nla_get_sint(nlmsg_find_attr(nlmsg_hdr(MSG(1)), num(s, 2), num(s, 3))));
}
#endif

static void put_data(const struct step *s)
{
	say_ret(nla_put_data(MSG(1), num(s, 2), DATA(3)));
}

static void put_addr(const struct step *s)
{
	say_ret(nla_put_addr(MSG(1), num(s, 2), ADDR(3)));
}

static void put_nested(const struct step *s)
{
	say_ret(nla_put_nested(MSG(1), num(s, 2), MSG(3)));
}

/* nla_reserve M TYPE LEN: the room is filled with a5. */
static void reserve(const struct step *s)
{
	struct nlattr *a = VIA(nla_reserve)(MSG(1), num(s, 2), num(s, 3));

	say(a ? " = room" : " = none");
	if (a)
		memset(nla_data(a), 0xa5, nla_len(a));
}

static void nest_start(const struct step *s)
{
	struct nlattr *a = VIA(nla_nest_start)(MSG(2), num(s, 3));

	say(a ? " = a nest" : " = none");
	name_thing(s, 1, K_NEST, a);
}

static void nest_end(const struct step *s)
{
	say_ret(VIA(nla_nest_end)(MSG(1), thing(s, 2, K_NEST)));
	forget_thing(s, 2, K_NEST);
}

static void nest_end_keep_empty(const struct step *s)
{
	say_ret(VIA(nla_nest_end_keep_empty)(MSG(1), thing(s, 2, K_NEST)));
	forget_thing(s, 2, K_NEST);
}

static void nest_cancel(const struct step *s)
{
	VIA(nla_nest_cancel)(MSG(1), thing(s, 2, K_NEST));
	forget_thing(s, 2, K_NEST);
}

/* The attributes of a message with a protocol header of a length: nested ones, too, as far as they say so. */
static void walk(struct nlattr *a, int len, int depth)
{
	int rest;

	nla_for_each_attr(a, a, len, rest) {
		trace("%*sattr %d%s len=%d hash=%08x\n", 2 * depth, "", nla_type(a), nla_is_nested(a) ? " nested" : "",
		      nla_len(a), fnv(nla_data(a), nla_len(a)));
		if (nla_is_nested(a))
			walk(nla_data(a), nla_len(a), depth + 1);
	}
	if (rest > 0)
		trace("%*srest %d\n", 2 * depth, "", rest);
}

static void attrs(const struct step *s)
{
	struct nlmsghdr *h = nlmsg_hdr(MSG(1));

	walk(nlmsg_attrdata(h, num(s, 2)), nlmsg_attrlen(h, num(s, 2)), 0);
}

/* The policy that the words from there on make, each TYPE:NLA/MINLEN/MAXLEN; NULL if there are none. */
struct nla_policy *policy_arg(const struct step *s, int word)
{
	static struct nla_policy policy[64];
	unsigned int type, nla, minlen, maxlen;

	memset(policy, 0, sizeof(policy));
	if (word >= s->n)
		return NULL;
	for (; word < s->n; word++) {
		if (sscanf(s->word[word], "%u:%u/%u/%u", &type, &nla, &minlen, &maxlen) != 4 || type >= 64)
			die(s, "no policy", s->word[word]);
		policy[type] = (struct nla_policy){ .type = nla, .minlen = minlen, .maxlen = maxlen };
	}
	return policy;
}

static void table(struct nlattr **tb, int maxtype)
{
	for (int i = 0; i <= maxtype; i++)
		if (tb[i])
			say(" %d:%d", i, nla_len(tb[i]));
}

static void parse(const struct step *s)
{
	struct nlattr *tb[64];
	int ret = nlmsg_parse(nlmsg_hdr(MSG(1)), num(s, 2), tb, num(s, 3), policy_arg(s, 4));

	say_ret(ret);
	if (ret == 0)
		table(tb, num(s, 3));
}

static void validate(const struct step *s)
{
	say_ret(nlmsg_validate(nlmsg_hdr(MSG(1)), num(s, 2), num(s, 3), policy_arg(s, 4)));
}

static void find_attr(const struct step *s)
{
	struct nlattr *a = nlmsg_find_attr(nlmsg_hdr(MSG(1)), num(s, 2), num(s, 3));

	if (!a)
		say(" = none");
	else
		say(" = len %d hash=%08x", nla_len(a), fnv(nla_data(a), nla_len(a)));
}

static void parse_nested(const struct step *s)
{
	struct nlattr *tb[64], *a = nlmsg_find_attr(nlmsg_hdr(MSG(1)), num(s, 2), num(s, 3));
	int ret = a ? nla_parse_nested(tb, num(s, 4), a, policy_arg(s, 5)) : -NLE_OBJ_NOTFOUND;

	say_ret(ret);
	if (ret == 0)
		table(tb, num(s, 4));
}

static void data_alloc(const struct step *s)
{
	static unsigned char buf[MAX_BYTES];
	int n = bytes_arg(s, 2, buf);

	name_thing(s, 1, K_DATA, nl_data_alloc(buf, n));
}

/* nl_data_alloc_attr D M HDRLEN TYPE */
static void data_alloc_attr(const struct step *s)
{
	name_thing(s, 1, K_DATA, nl_data_alloc_attr(nlmsg_find_attr(nlmsg_hdr(MSG(2)), num(s, 3), num(s, 4))));
}

static void data_clone(const struct step *s)
{
	name_thing(s, 1, K_DATA, nl_data_clone(DATA(2)));
}

static void data_append(const struct step *s)
{
	static unsigned char buf[MAX_BYTES];

	say_ret(nl_data_append(DATA(1), buf, bytes_arg(s, 2, buf)));
}

static void data_free(const struct step *s)
{
	nl_data_free(DATA(1));
	forget_thing(s, 1, K_DATA);
}

static void data_get(const struct step *s)
{
	say_bytes(nl_data_get(DATA(1)), (int)nl_data_get_size(DATA(1)));
}

static void data_cmp(const struct step *s)
{
	say(" = %d", nl_data_cmp(DATA(1), DATA(2)));
}

const struct verb attr_verbs[] = {
	{ "nla_put", 3, put },
	{ "nla_put_fill", 4, put_fill },
	{ "nla_put_string", 3, put_string },
	{ "nla_put_flag", 3, put_flag },
	{ "nla_put_u8", 4, put_u8 },
	{ "nla_put_u16", 4, put_u16 },
	{ "nla_put_u32", 4, put_u32 },
	{ "nla_put_u64", 4, put_u64 },
	{ "nla_put_s8", 4, put_s8 },
	{ "nla_put_s16", 4, put_s16 },
	{ "nla_put_s32", 4, put_s32 },
	{ "nla_put_s64", 4, put_s64 },
	{ "nla_put_msecs", 4, put_msecs },
#if LIBNL_VER_NUM >= LIBNL_VER(3, 11)
	{ "nla_put_uint", 4, put_uint },
	{ "nla_put_sint", 4, put_sint },
	{ "nla_get_uint", 4, get_uint },
	{ "nla_get_sint", 4, get_sint },
#endif
	{ "nla_put_data", 4, put_data },
	{ "nla_put_addr", 4, put_addr },
	{ "nla_put_nested", 4, put_nested },
	{ "nla_reserve", 4, reserve },
	{ "nla_nest_start", 4, nest_start },
	{ "nla_nest_end", 3, nest_end },
	{ "nla_nest_end_keep_empty", 3, nest_end_keep_empty },
	{ "nla_nest_cancel", 3, nest_cancel },
	{ "attrs", 3, attrs },
	{ "nlmsg_parse", 4, parse },
	{ "nlmsg_validate", 4, validate },
	{ "nlmsg_find_attr", 4, find_attr },
	{ "nla_parse_nested", 5, parse_nested },
	{ "nl_data_alloc", 2, data_alloc },
	{ "nl_data_alloc_attr", 5, data_alloc_attr },
	{ "nl_data_clone", 3, data_clone },
	{ "nl_data_append", 3, data_append },
	{ "nl_data_free", 2, data_free },
	{ "nl_data_get", 2, data_get },
	{ "nl_data_cmp", 3, data_cmp },
	{ "grid_validate", 1, grid_validate },
	{ "grid_parse", 1, grid_parse },
	{ "grid_put", 1, grid_put },
	{ "grid_get", 1, grid_get },
	{ "grid_short", 1, grid_short },
	{ "grid_text", 1, grid_text },
	{ NULL, 0, NULL },
};
