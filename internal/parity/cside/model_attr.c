/* SPDX-License-Identifier: MIT */
/* Models of the functions about attributes. */
#include <limits.h>
#include <string.h>

#include "branches.h"

struct nlattr *own_nla_reserve(struct nl_msg *msg, int type, int len)
{
	struct nlmsghdr *h = nlmsg_hdr(msg);
	struct nlattr *a = nlmsg_tail(h);
	size_t end = (char *)a - (char *)h + NLA_ALIGN(NLA_HDRLEN + (size_t)len);

	if (len < 0 || end > nlmsg_get_max_size(msg)) {
		seen[len < 0 ? B_put_negative : B_put_full] = 1;
		return NULL;
	}
	seen[len == 0 ? B_put_empty : len % NLA_ALIGNTO ? B_put_padded : B_put_whole] = 1;
	a->nla_type = type;
	a->nla_len = wrong(LEN_WITH_PAD) ? NLA_ALIGN(NLA_HDRLEN + len) : NLA_HDRLEN + len;
	memset((char *)a + NLA_HDRLEN + len, wrong(PAD_UNCLEARED) ? 0x99 : 0, NLA_ALIGN(len) - len);
	h->nlmsg_len = end;
	return a;
}

int own_nla_put(struct nl_msg *msg, int type, int len, const void *data)
{
	struct nlattr *a = own_nla_reserve(msg, type, len);

	if (!a)
		return len < 0 ? -NLE_INVAL : -NLE_NOMEM;
	if (len)
		memcpy((char *)a + NLA_HDRLEN, data, len);
	return 0;
}

int own_nla_put_string(struct nl_msg *msg, int type, const char *text)
{
	return own_nla_put(msg, type, strlen(text) + !wrong(STRING_WITHOUT_NUL), text);
}

struct nlattr *own_nla_nest_start(struct nl_msg *msg, int type)
{
	struct nlattr *a = own_nla_reserve(msg, wrong(NEST_UNFLAGGED) ? type : type | NLA_F_NESTED, 0);

	seen[B_nest_full] |= !a;
	return a;
}

void own_nla_nest_cancel(struct nl_msg *msg, const struct nlattr *start)
{
	struct nlmsghdr *h = nlmsg_hdr(msg);
	size_t n = (char *)nlmsg_tail(h) - (char *)start;

	seen[B_nest_cancel] = 1;
	h->nlmsg_len -= n;
	memset(nlmsg_tail(h), 0, n);
}

static int nest_end(struct nl_msg *msg, struct nlattr *start, int keep)
{
	struct nlmsghdr *h = nlmsg_hdr(msg);
	size_t len = (char *)nlmsg_tail(h) - (char *)start;

	if (len > USHRT_MAX && !wrong(NEST_LARGE_KEPT)) {
		seen[B_nest_large] = 1;
		own_nla_nest_cancel(msg, start);
		return -NLE_ATTRSIZE;
	}
	if (len == NLA_HDRLEN) {
		seen[keep ? B_nest_kept : B_nest_dropped] = 1;
		if (!keep && !wrong(NEST_EMPTY_KEPT)) {
			own_nla_nest_cancel(msg, start);
			return 0;
		}
	} else {
		seen[B_nest_filled] = 1;
	}
	start->nla_len = len;
	if (h->nlmsg_len % NLMSG_ALIGNTO) {
		seen[B_nest_padded] = 1;
		nlmsg_reserve(msg, NLMSG_ALIGN(h->nlmsg_len) - h->nlmsg_len, 0);
	}
	return 0;
}

int own_nla_nest_end(struct nl_msg *msg, struct nlattr *start)
{
	return nest_end(msg, start, 0);
}

int own_nla_nest_end_keep_empty(struct nl_msg *msg, struct nlattr *start)
{
	return nest_end(msg, start, 1);
}

static int type_of(const struct nlattr *a)
{
	return wrong(TYPE_UNMASKED) ? a->nla_type : a->nla_type & NLA_TYPE_MASK;
}

/* The least that a type asks for by itself. */
static unsigned int least(int type)
{
	switch (type) {
	case NLA_U8:
	case NLA_STRING:
		return 1;
	case NLA_U16:
		return 2;
	case NLA_U32:
		return 4;
	case NLA_U64:
		return 8;
	default:
		return 0;
	}
}

static int check(const struct nlattr *a, int maxtype, const struct nla_policy *policy)
{
	unsigned int len = a->nla_len - NLA_HDRLEN, min;
	const struct nla_policy *p;

	if (type_of(a) > maxtype) {
		seen[B_policy_beyond] = 1;
		return 0;
	}
	p = &policy[type_of(a)];
	seen[p->minlen ? B_policy_minlen : B_policy_type] = 1;
	min = p->minlen ? p->minlen : least(p->type);
	if (wrong(MINLEN_ADDS_UP) && least(p->type) > min)
		min = least(p->type);
	if (len < min) {
		seen[B_policy_short] = 1;
		return -NLE_RANGE;
	}
	if (p->maxlen && len + wrong(MAXLEN_EXCLUSIVE) > p->maxlen) {
		seen[B_policy_long] = 1;
		return -NLE_RANGE;
	}
	if (p->type == NLA_STRING && !wrong(NUL_OPTIONAL)) {
		if (((const char *)a)[a->nla_len - 1]) {
			seen[B_policy_no_nul] = 1;
			return -NLE_INVAL;
		}
		seen[B_policy_nul] = 1;
	}
	seen[B_policy_good] = 1;
	return 0;
}

int own_nla_validate(const struct nlattr *head, int len, int maxtype, const struct nla_policy *policy)
{
	const struct nlattr *a;
	int rest, ret;

	nla_for_each_attr(a, head, len, rest)
		if ((ret = check(a, maxtype, policy)) < 0)
			return ret;
	return 0;
}

int own_nla_parse(struct nlattr **tb, int maxtype, struct nlattr *head, int len, const struct nla_policy *policy)
{
	struct nlattr *a;
	int rest, ret;

	memset(tb, 0, (maxtype + 1) * sizeof(*tb));
	nla_for_each_attr(a, head, len, rest) {
		if (type_of(a) > maxtype) {
			seen[B_parse_beyond] = 1;
			if (wrong(BEYOND_IS_ERROR))
				return -NLE_RANGE;
			continue;
		}
		seen[B_parse_free] |= !policy;
		if (policy && (ret = check(a, maxtype, policy)) < 0) {
			seen[B_parse_bad] = 1;
			return ret;
		}
		if (tb[type_of(a)]) {
			seen[B_parse_again] = 1;
			if (wrong(FIRST_WINS))
				continue;
		}
		tb[type_of(a)] = a;
	}
	seen[B_parse_rest] |= rest > 0;
	return rest > 0 && wrong(REST_IS_ERROR) ? -NLE_INVAL : 0;
}

struct nlattr *own_nla_find(const struct nlattr *head, int len, int type)
{
	const struct nlattr *a;
	int rest;

	nla_for_each_attr(a, head, len, rest) {
		if (type_of(a) == type) {
			seen[B_find_found] = 1;
			return (struct nlattr *)a;
		}
	}
	seen[B_find_none] = 1;
	return NULL;
}

size_t own_nla_strlcpy(char *dst, const struct nlattr *a, size_t size)
{
	const char *text = (const char *)a + NLA_HDRLEN;
	size_t n = a->nla_len - NLA_HDRLEN, part;

	if (n && !text[n - 1] && !wrong(STRLCPY_COUNTS_NUL)) {
		seen[B_strlcpy_nul] = 1;
		n--;
	}
	if (!size) {
		seen[B_strlcpy_nothing] = 1;
		return n;
	}
	part = n < size ? n : size - 1;
	seen[B_strlcpy_cut] |= part < n;
	memset(dst, 0, size);
	memcpy(dst, text, part);
	return n;
}
