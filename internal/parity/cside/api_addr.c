/* SPDX-License-Identifier: MIT */
/* Addresses. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"

static void parse(const struct step *s)
{
	struct nl_addr *a = NULL;

	say_ret(nl_addr_parse(s->word[2], num(s, 3), &a));
	name_thing(s, 1, K_ADDR, a);
}

static void alloc(const struct step *s)
{
	name_thing(s, 1, K_ADDR, nl_addr_alloc((size_t)num(s, 2)));
}

static void build(const struct step *s)
{
	static unsigned char buf[MAX_BYTES];
	int n = bytes_arg(s, 3, buf);

	name_thing(s, 1, K_ADDR, nl_addr_build(num(s, 2), buf, n));
}

/* nl_addr_alloc_attr X M HDRLEN TYPE FAMILY */
static void alloc_attr(const struct step *s)
{
	name_thing(s, 1, K_ADDR, nl_addr_alloc_attr(nlmsg_find_attr(nlmsg_hdr(MSG(2)), num(s, 3), num(s, 4)), num(s, 5)));
}

static void clone(const struct step *s)
{
	name_thing(s, 1, K_ADDR, nl_addr_clone(ADDR(2)));
}

static void get(const struct step *s)
{
	name_thing(s, 1, K_ADDR, nl_addr_get(ADDR(2)));
}

static void put(const struct step *s)
{
	nl_addr_put(ADDR(1));
	forget_thing(s, 1, K_ADDR);
}

static void shared(const struct step *s)
{
	say(" = %d", nl_addr_shared(ADDR(1)) != 0);
}

static void set_family(const struct step *s)
{
	nl_addr_set_family(ADDR(1), num(s, 2));
}

static void set_binary_addr(const struct step *s)
{
	static unsigned char buf[MAX_BYTES];
	int n = bytes_arg(s, 2, buf);

	say_ret(nl_addr_set_binary_addr(ADDR(1), buf, n));
}

static void set_prefixlen(const struct step *s)
{
	nl_addr_set_prefixlen(ADDR(1), num(s, 2));
}

/* All that an address has. */
static void describe(struct nl_addr *a, void (*out)(const char *fmt, ...))
{
	char text[256] = "";
	unsigned char *b = nl_addr_get_binary_addr(a);

	out(" family=%d len=%u prefix=%u zero=%d guess=%d", nl_addr_get_family(a), nl_addr_get_len(a), nl_addr_get_prefixlen(a),
	    nl_addr_iszero(a) != 0, nl_addr_guess_family(a));
	out(" text=%s bytes=", nl_addr2str(a, text, sizeof(text)));
	for (unsigned int i = 0; i < nl_addr_get_len(a); i++)
		out("%02x", b[i]);
}

static void show_addr(const struct step *s)
{
	describe(ADDR(1), say);
}

static void cmp(const struct step *s)
{
	int d = nl_addr_cmp(ADDR(1), ADDR(2));

	say(" = %d", (d > 0) - (d < 0));
}

static void cmp_prefix(const struct step *s)
{
	int d = nl_addr_cmp_prefix(ADDR(1), ADDR(2));

	say(" = %d", (d > 0) - (d < 0));
}

static void say_sockaddr(const struct sockaddr *sa)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (sa->sa_family == AF_INET)
		inet_ntop(AF_INET, &((struct sockaddr_in *)sa)->sin_addr, text, sizeof(text));
	else
		inet_ntop(AF_INET6, &((struct sockaddr_in6 *)sa)->sin6_addr, text, sizeof(text));
	say(" %d %s", sa->sa_family, text);
}

static void fill_sockaddr(const struct step *s)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	int ret = nl_addr_fill_sockaddr(ADDR(1), (void *)&ss, &len);

	say_ret(ret);
	if (ret == 0)
		say_sockaddr((void *)&ss);
}

static void info(const struct step *s)
{
	struct addrinfo *first = NULL;
	int ret = nl_addr_info(ADDR(1), &first);

	say_ret(ret);
	if (ret < 0)
		return;
	for (struct addrinfo *i = first; i; i = i->ai_next) {
		say(" type %d", i->ai_socktype);
		say_sockaddr(i->ai_addr);
	}
	freeaddrinfo(first);
}

static void resolve(const struct step *s)
{
	char host[NI_MAXHOST];

	say_ret(nl_addr_resolve(ADDR(1), host, sizeof(host)));
}

/* Each text, with each hint. */
static void grid_addr_parse(const struct step *s)
{
	static const int hints[] = { AF_UNSPEC, AF_INET, AF_INET6, AF_LLC, 12, 28, AF_UNIX, 99 };

	for (int w = 1; w < s->n; w++) {
		for (size_t h = 0; h < sizeof(hints) / sizeof(*hints); h++) {
			struct nl_addr *a = NULL;
			int ret = nl_addr_parse(s->word[w], hints[h], &a);

			trace("%s as %d: %d valid=%d", s->word[w], hints[h], ret, nl_addr_valid(s->word[w], hints[h]) != 0);
			if (a)
				describe(a, trace);
			trace("\n");
			nl_addr_put(a);
		}
	}
}

/* Addresses of each family that has a text, and of others, by their lengths. */
static void grid_addr_build(const struct step *s)
{
	static const struct {
		int family, from, to;
	} cells[] = { { AF_UNSPEC, 0, 20 }, { AF_INET, 4, 4 }, { AF_INET6, 16, 16 }, { AF_LLC, 0, 12 }, { AF_UNIX, 0, 9 },
		      { 12, 2, 2 }, { AF_INET, 0, 0 }, { AF_INET6, 0, 0 } };
	unsigned char bytes[32];

	(void)s;
	for (int i = 0; i < 32; i++)
		bytes[i] = 0x11 * i + 1;
	for (size_t c = 0; c < sizeof(cells) / sizeof(*cells); c++) {
		for (int n = cells[c].from; n <= cells[c].to; n++) {
			struct nl_addr *a = nl_addr_build(cells[c].family, bytes, n);

			for (int prefix = 0; prefix <= 8 * n; prefix += n > 2 ? 7 : 1) {
				nl_addr_set_prefixlen(a, prefix);
				trace("%d of %d bits:", n, prefix);
				describe(a, trace);
				trace("\n");
			}
			nl_addr_put(a);
		}
	}
}

/* Each address with each: compared, and by prefix. */
static void grid_addr_cmp(const struct step *s)
{
	struct nl_addr *all[MAX_WORDS] = { NULL };

	for (int w = 1; w < s->n; w++)
		if (nl_addr_parse(s->word[w], AF_UNSPEC, &all[w]) < 0)
			die(s, "no address", s->word[w]);
	for (int v = 1; v < s->n; v++) {
		trace("%s:", s->word[v]);
		for (int w = 1; w < s->n; w++) {
			int d = nl_addr_cmp(all[v], all[w]), p = nl_addr_cmp_prefix(all[v], all[w]);

			trace(" %d/%d", (d > 0) - (d < 0), (p > 0) - (p < 0));
		}
		trace("\n");
	}
	for (int w = 1; w < s->n; w++)
		nl_addr_put(all[w]);
}

const struct verb addr_verbs[] = {
	{ "nl_addr_parse", 4, parse },
	{ "nl_addr_alloc", 3, alloc },
	{ "nl_addr_build", 3, build },
	{ "nl_addr_alloc_attr", 6, alloc_attr },
	{ "nl_addr_clone", 3, clone },
	{ "nl_addr_get", 3, get },
	{ "nl_addr_put", 2, put },
	{ "nl_addr_shared", 2, shared },
	{ "nl_addr_set_family", 3, set_family },
	{ "nl_addr_set_binary_addr", 2, set_binary_addr },
	{ "nl_addr_set_prefixlen", 3, set_prefixlen },
	{ "show_addr", 2, show_addr },
	{ "nl_addr_cmp", 3, cmp },
	{ "nl_addr_cmp_prefix", 3, cmp_prefix },
	{ "nl_addr_fill_sockaddr", 2, fill_sockaddr },
	{ "nl_addr_info", 2, info },
	{ "nl_addr_resolve", 2, resolve },
	{ "grid_addr_parse", 2, grid_addr_parse },
	{ "grid_addr_build", 1, grid_addr_build },
	{ "grid_addr_cmp", 2, grid_addr_cmp },
	{ NULL, 0, NULL },
};
