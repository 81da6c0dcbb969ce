/* SPDX-License-Identifier: MIT */
/* Cache managers. */
#include <stdlib.h>
#include <string.h>

#include "api_cache.h"

#define MNGR(w) ((struct nl_cache_mngr *)thing(s, w, K_MNGR))

/* nl_cache_mngr_alloc M S|- PROTOCOL FLAGS */
static void alloc(const struct step *s)
{
	struct nl_cache_mngr *m = NULL;

	say_ret(nl_cache_mngr_alloc(strcmp(s->word[2], "-") ? SOCK(2) : NULL, num(s, 3), num(s, 4), &m));
	name_thing(s, 1, K_MNGR, m);
}

#if LIBNL_VER_NUM >= LIBNL_VER(3, 10)
/* nl_cache_mngr_alloc_ex M S|- SYNC|- PROTOCOL FLAGS */
static void alloc_ex(const struct step *s)
{
	struct nl_cache_mngr *m = NULL;

	say_ret(nl_cache_mngr_alloc_ex(strcmp(s->word[2], "-") ? SOCK(2) : NULL, strcmp(s->word[3], "-") ? SOCK(3) : NULL,
				       num(s, 4), num(s, 5), &m));
	name_thing(s, 1, K_MNGR, m);
}
#endif

/* nl_cache_mngr_add M C KIND TAG: the manager makes the cache, and frees it */
static void add(const struct step *s)
{
	struct nl_cache *c = NULL;

	say_ret(nl_cache_mngr_add(MNGR(1), s->word[3], change, s->word[4], &c));
	if (!c)
		return;
	nl_cache_get(c);
	name_thing(s, 2, K_CACHE, c);
}

/* The manager takes the cache over. */
static void add_cache(const struct step *s)
{
	int ret;

	nl_cache_get(CACHE(2));
	ret = nl_cache_mngr_add_cache(MNGR(1), CACHE(2), change, s->word[3]);
	say_ret(ret);
	if (ret < 0)
		nl_cache_put(CACHE(2));
}

static void add_cache_v2(const struct step *s)
{
	int ret;

	nl_cache_get(CACHE(2));
	ret = nl_cache_mngr_add_cache_v2(MNGR(1), CACHE(2), change_v2, s->word[3]);
	say_ret(ret);
	if (ret < 0)
		nl_cache_put(CACHE(2));
}

static void wait_for_events(const struct step *s)
{
	say_ret(nl_cache_mngr_poll(MNGR(1), num(s, 2)));
}

static void data_ready(const struct step *s)
{
	say_ret(nl_cache_mngr_data_ready(MNGR(1)));
}

static void get_fd(const struct step *s)
{
	say(nl_cache_mngr_get_fd(MNGR(1)) >= 0 ? " = open" : " = none");
}

static void dump_info(void *m, struct nl_dump_params *p)
{
	nl_cache_mngr_info(m, p);
}

/* How many lines it has: there are addresses in memory in them. */
static void info(const struct step *s)
{
	char *text = dumped(dump_info, MNGR(1), NL_DUMP_LINE);
	int n = 0;

	for (char *p = text; (p = strchr(p, '\n')); p++)
		n++;
	say(" = %d lines", n);
	free(text);
}

static void free_mngr(const struct step *s)
{
	nl_cache_mngr_free(MNGR(1));
	forget_thing(s, 1, K_MNGR);
}

const struct verb mngr_verbs[] = {
	{ "nl_cache_mngr_alloc", 5, alloc },
#if LIBNL_VER_NUM >= LIBNL_VER(3, 10)
	{ "nl_cache_mngr_alloc_ex", 6, alloc_ex },
#endif
	{ "nl_cache_mngr_add", 5, add },
	{ "nl_cache_mngr_add_cache", 4, add_cache },
	{ "nl_cache_mngr_add_cache_v2", 4, add_cache_v2 },
	{ "nl_cache_mngr_poll", 3, wait_for_events },
	{ "nl_cache_mngr_data_ready", 2, data_ready },
	{ "nl_cache_mngr_get_fd", 2, get_fd },
	{ "nl_cache_mngr_info", 2, info },
	{ "nl_cache_mngr_free", 2, free_mngr },
	{ NULL, 0, NULL },
};
