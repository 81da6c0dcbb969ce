/* SPDX-License-Identifier: MIT */
/* Attributes over types, lengths and policies. */
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "grids.h"
#include "models.h"

#define LEN(a) (sizeof(a) / sizeof(*(a)))

/* An attribute of a type with a payload, and bytes ee behind it. */
static struct nlattr *attr(int type, const void *payload, int n)
{
	static unsigned char buf[512] __attribute__((aligned(8)));
	struct nlattr *a = (void *)buf;

	memset(buf, 0xee, sizeof(buf));
	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + n;
	memcpy(buf + NLA_HDRLEN, payload, n);
	return a;
}

static const unsigned char digits[] = {
	0x81, 0x12, 0x93, 0x34, 0xa5, 0x56, 0xb7, 0x78, 0xc9, 0x9a, 0xdb, 0xbc, 0xed, 0xde, 0xff, 0x01, 0x42, 0x24,
};

/* The payload's last byte is 0, or it is not. */
static struct nlattr *filled(int type, int n, int nul)
{
	unsigned char b[64];

	memset(b, 'a', sizeof(b));
	if (nul && n)
		b[n - 1] = 0;
	return attr(type, b, n);
}

/* A line for each type of policy, bounds, and end; in it, a result for each length of a payload. */
void grid_validate(const struct step *s)
{
	static const int bounds[][2] = {
		{ 0, 0 }, { 1, 0 }, { 4, 0 }, { 9, 0 }, { 0, 1 }, { 0, 4 }, { 4, 4 }, { 2, 8 }, { 8, 2 }, { 0, 65535 },
	};
	static const int lens[] = { 0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 40 };

	(void)s;
	for (int type = NLA_UNSPEC; type <= NLA_S64; type++)
		for (size_t b = 0; b < LEN(bounds); b++)
			for (int nul = 0; nul < 2; nul++) {
				struct nla_policy p[2] = { [1] = { type, bounds[b][0], bounds[b][1] } };

				trace("policy %d/%d/%d, ends with %s:", type, bounds[b][0], bounds[b][1], nul ? "NUL" : "a");
				for (size_t l = 0; l < LEN(lens); l++) {
					struct nlattr *a = filled(1, lens[l], nul);

					trace(" %d:%d", lens[l], VIA(nla_validate)(a, a->nla_len, 1, p));
				}
				trace("\n");
			}
}

/* Each stream of attributes that a word has, by each maxtype, without a policy and with some. */
void grid_parse(const struct step *s)
{
	static const struct nla_policy policies[][8] = {
		{ { 0 } },
		{ [1] = { .type = NLA_U32 }, [2] = { .type = NLA_U8 } },
		{ [0] = { .maxlen = 3 }, [1] = { .type = NLA_STRING, .maxlen = 4 }, [2] = { .type = NLA_STRING } },
		{ [1] = { .type = NLA_NESTED, .minlen = 4 }, [2] = { .type = NLA_FLAG }, [3] = { .type = NLA_BINARY, .maxlen = 2 } },
	};
	static unsigned char buf[MAX_BYTES] __attribute__((aligned(8)));

	for (int w = 1; w < s->n; w++) {
		int len = bytes_arg(s, w, buf), rest;
		struct nlattr *a = (void *)buf, *tb[8];

		memset(buf + len, 0xee, 64);
		trace("stream %s:", s->word[w]);
		for (rest = len; nla_ok(a, rest); a = nla_next(a, &rest))
			trace(" %d/%d", nla_type(a), nla_len(a));
		trace(" rest %d\n", rest > 0 ? rest : 0);
		for (int type = 0; type < 6; type++) {
			struct nlattr *found = VIA(nla_find)((void *)buf, len, type);

			if (found)
				trace("  find %d: at %td\n", type, (unsigned char *)found - buf);
		}
		for (int maxtype = 0; maxtype < 5; maxtype++) {
			for (int p = -1; p < (int)LEN(policies); p++) {
				const struct nla_policy *policy = p < 0 ? NULL : policies[p];
				int ret = VIA(nla_parse)(tb, maxtype, (void *)buf, len, policy);

				trace("  maxtype %d policy %d: %d", maxtype, p, ret);
				for (int i = 0; ret == 0 && i <= maxtype; i++)
					if (tb[i])
						trace(" %d@%td", i, (unsigned char *)tb[i] - buf);
				if (policy)
					trace(" validate %d", VIA(nla_validate)((void *)buf, len, maxtype, policy));
				trace("\n");
			}
		}
	}
}

enum { PUT, PUT_U8, PUT_U16, PUT_U32, PUT_U64, PUT_S8, PUT_S16, PUT_S32, PUT_S64, PUT_STRING, PUT_FLAG, PUT_MSECS, RESERVE,
       NEST, N_PUTS };

static int put(struct nl_msg *msg, int what, int type)
{
	struct nlattr *a;

	switch (what) {
	case PUT: return VIA(nla_put)(msg, type, 5, digits);
	case PUT_U8: return nla_put_u8(msg, type, 0x81);
	case PUT_U16: return nla_put_u16(msg, type, 0x8182);
	case PUT_U32: return nla_put_u32(msg, type, 0x81828384);
	case PUT_U64: return nla_put_u64(msg, type, 0x8182838485868788);
	case PUT_S8: return nla_put_s8(msg, type, -3);
	case PUT_S16: return nla_put_s16(msg, type, -300);
	case PUT_S32: return nla_put_s32(msg, type, -300000);
	case PUT_S64: return nla_put_s64(msg, type, -3000000000000);
	case PUT_STRING: return VIA(nla_put_string)(msg, type, "string");
	case PUT_FLAG: return nla_put_flag(msg, type);
	case PUT_MSECS: return nla_put_msecs(msg, type, 0x1234567);
	case RESERVE:
		a = VIA(nla_reserve)(msg, type, 6);
		if (a)
			memset(nla_data(a), 0xa5, 6);
		return a ? 0 : -1000;
	default:
		a = VIA(nla_nest_start)(msg, type);
		return a ? VIA(nla_nest_end_keep_empty)(msg, a) : -1000;
	}
}

/* Each function that adds an attribute, for each room that a message has left, and by types. */
void grid_put(const struct step *s)
{
	static const int types[] = { 0, 1, 2, 0x3fff, 0x4001, 0x8001, 0xffff };

	(void)s;
	for (int what = 0; what < N_PUTS; what++) {
		for (int room = 0; room <= 24; room++) {
			struct nl_msg *msg = nlmsg_alloc_size(NLMSG_HDRLEN + room);

			trace("put %d in %d: %d", what, room, put(msg, what, 3));
			trace(" hash=%08x\n", fnv(nlmsg_data(nlmsg_hdr(msg)), nlmsg_datalen(nlmsg_hdr(msg))));
			nlmsg_free(msg);
		}
		for (size_t t = 0; t < LEN(types); t++) {
			struct nl_msg *msg = nlmsg_alloc();

			trace("put %d type %#x: %d", what, types[t], put(msg, what, types[t]));
			trace(" hash=%08x\n", fnv(nlmsg_data(nlmsg_hdr(msg)), nlmsg_datalen(nlmsg_hdr(msg))));
			nlmsg_free(msg);
		}
	}
}

/* Each function that reads an attribute, on payloads that are long enough for it. */
void grid_get(const struct step *s)
{
	static const int types[] = { 0, 1, 2, 0x3fff, 0x4001, 0x8001, 0xc001, 0xffff };

	(void)s;
	for (size_t t = 0; t < LEN(types); t++) {
		struct nlattr *a = attr(types[t], digits, 4);

		trace("type %#x: %d nested=%d flag=%d\n", types[t], nla_type(a), nla_is_nested(a), nla_get_flag(a));
	}
	for (int n = 0; n <= 18; n++) {
		struct nlattr *a = attr(1, digits, n);

		trace("%d bytes: len=%d", n, nla_len(a));
		if (n >= 1)
			trace(" u8=%u s8=%d", nla_get_u8(a), nla_get_s8(a));
		if (n >= 2)
			trace(" u16=%u s16=%d", nla_get_u16(a), nla_get_s16(a));
		if (n >= 4)
			trace(" u32=%u s32=%d", nla_get_u32(a), nla_get_s32(a));
		trace(" u64=%llu s64=%lld msecs=%llu\n", (unsigned long long)nla_get_u64(a), (long long)nla_get_s64(a),
		      (unsigned long long)nla_get_msecs(a));
		for (int m = 0; m <= 18; m += 3) {
			unsigned char to[32] = { 0 };
			int copied = nla_memcpy(to, a, m), d = nla_memcmp(a, digits, m);

			trace("  memcpy %d: %d hash=%08x memcmp %d\n", m, copied, fnv(to, sizeof(to)), (d > 0) - (d < 0));
		}
	}
}

/* Numbers from payloads that are too short for them. */
void grid_short(const struct step *s)
{
	(void)s;
	for (int n = 0; n < 4; n++) {
		struct nlattr *a = attr(1, digits, n);

		if (n < 1)
			trace("%d bytes: u8=%u\n%d bytes: s8=%d\n", n, nla_get_u8(a), n, nla_get_s8(a));
		if (n < 2)
			trace("%d bytes: u16=%u\n%d bytes: s16=%d\n", n, nla_get_u16(a), n, nla_get_s16(a));
		trace("%d bytes: u32=%u\n%d bytes: s32=%d\n", n, nla_get_u32(a), n, nla_get_s32(a));
	}
}

/* Texts, with a NUL at the end, without, and with one inside. */
void grid_text(const struct step *s)
{
	static const struct {
		const char *text;
		int n;
	} texts[] = { { "", 0 }, { "", 1 }, { "a", 1 }, { "a", 2 }, { "abc", 3 }, { "abc", 4 }, { "abcdefg", 8 }, { "a\0b", 4 },
		      { "a\0b", 3 }, { "\0\0", 3 } };
	static const char *const others[] = { "", "a", "abc", "abcdefg", "b" };

	(void)s;
	for (size_t t = 0; t < LEN(texts); t++) {
		struct nlattr *a = attr(1, texts[t].text, texts[t].n);

		/* What is behind it is not read. */
		((char *)a)[a->nla_len] = 0;
		trace("text %zu: string=%s", t, nla_get_string(a));
		char *dup = nla_strdup(a);

		trace(" strdup=%s strcmp", dup);
		free(dup);
		for (size_t o = 0; o < LEN(others); o++) {
			int d = nla_strcmp(a, others[o]);

			trace(" %d", (d > 0) - (d < 0));
		}
		trace(" strlcpy");
		for (int size = 0; size < 10; size++) {
			char to[16];

			memset(to, 0xee, sizeof(to));
			trace(" %zu", VIA(nla_strlcpy)(to, a, size));
			trace("/%08x", fnv((void *)to, sizeof(to)));
		}
		trace("\n");
	}
}
