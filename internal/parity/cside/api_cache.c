/* SPDX-License-Identifier: MIT */
/* Caches: what is in them, and what changes. Managers are in api_mngr.c. */
#include <stdlib.h>
#include <string.h>

#include "api_cache.h"
#include "models.h"

static struct nl_cache_ops *ops_arg(const struct step *s, int word)
{
	struct nl_cache_ops *ops = nl_cache_ops_lookup(s->word[word]);

	if (!ops)
		die(s, "no such type of caches", s->word[word]);
	return ops;
}

static void alloc(const struct step *s)
{
	name_thing(s, 1, K_CACHE, nl_cache_alloc(ops_arg(s, 2)));
}

static void alloc_name(const struct step *s)
{
	struct nl_cache *c = NULL;

	say_ret(nl_cache_alloc_name(s->word[2], &c));
	name_thing(s, 1, K_CACHE, c);
}

/* nl_cache_alloc_and_fill C KIND [SOCKET] */
static void alloc_and_fill(const struct step *s)
{
	struct nl_cache *c = NULL;

	say_ret(nl_cache_alloc_and_fill(ops_arg(s, 2), s->n > 3 ? SOCK(3) : NULL, &c));
	name_thing(s, 1, K_CACHE, c);
}

static void subset(const struct step *s)
{
	name_thing(s, 1, K_CACHE, nl_cache_subset(CACHE(2), OBJ(3)));
}

static void clone(const struct step *s)
{
	name_thing(s, 1, K_CACHE, nl_cache_clone(CACHE(2)));
}

static void get(const struct step *s)
{
	struct nl_cache *c = CACHE(2);

	nl_cache_get(c);
	name_thing(s, 1, K_CACHE, c);
}

static void put(const struct step *s)
{
	nl_cache_put(CACHE(1));
	forget_thing(s, 1, K_CACHE);
}

static void free_cache(const struct step *s)
{
	nl_cache_free(CACHE(1));
	forget_thing(s, 1, K_CACHE);
}

static void clear(const struct step *s)
{
	nl_cache_clear(CACHE(1));
}

static void add(const struct step *s)
{
	say_ret(nl_cache_add(CACHE(1), OBJ(2)));
}

static void move(const struct step *s)
{
	say_ret(nl_cache_move(CACHE(1), OBJ(2)));
}

static void remove_object(const struct step *s)
{
	nl_cache_remove(OBJ(1));
}

void change(struct nl_cache *c, struct nl_object *obj, int action, void *arg)
{
	trace("change %s in %s action=%d ", (char *)arg, name_of(K_CACHE, c), action);
	trace_object(obj);
	trace("\n");
}

void change_v2(struct nl_cache *c, struct nl_object *before, struct nl_object *now, uint64_t diff, int action, void *arg)
{
	trace("change %s in %s action=%d before ", (char *)arg, name_of(K_CACHE, c), action);
	trace_object(before);
	trace(" now ");
	trace_object(now);
	trace(" diff=%#llx\n", (unsigned long long)diff);
}

/* nl_cache_include C O [TAG] */
static void include(const struct step *s)
{
	say_ret(VIA(nl_cache_include)(CACHE(1), OBJ(2), s->n > 3 ? change : NULL, s->n > 3 ? s->word[3] : NULL));
}

static void include_v2(const struct step *s)
{
	say_ret(VIA(nl_cache_include_v2)(CACHE(1), OBJ(2), s->n > 3 ? change_v2 : NULL, s->n > 3 ? s->word[3] : NULL));
}

/* nl_cache_resync S C [TAG] */
static void resync(const struct step *s)
{
	say_ret(nl_cache_resync(SOCK(1), CACHE(2), s->n > 3 ? change : NULL, s->n > 3 ? s->word[3] : NULL));
}

#if LIBNL_VER_NUM >= LIBNL_VER(3, 12)
static void resync_v2(const struct step *s)
{
	say_ret(nl_cache_resync_v2(SOCK(1), CACHE(2), s->n > 3 ? change_v2 : NULL, s->n > 3 ? s->word[3] : NULL));
}
#endif

static void refill(const struct step *s)
{
	say_ret(nl_cache_refill(SOCK(1), CACHE(2)));
}

static void pickup(const struct step *s)
{
	say_ret(nl_cache_pickup(SOCK(1), CACHE(2)));
}

static void pickup_checkdup(const struct step *s)
{
	say_ret(nl_cache_pickup_checkdup(SOCK(1), CACHE(2)));
}

static void parse_and_add(const struct step *s)
{
	say_ret(nl_cache_parse_and_add(CACHE(1), MSG(2)));
}

static void search(const struct step *s)
{
	struct nl_object *o = nl_cache_search(CACHE(2), OBJ(3));

	say_object(o);
	name_thing(s, 1, K_OBJECT, o);
}

static void find(const struct step *s)
{
	struct nl_object *o = nl_cache_find(CACHE(2), OBJ(3));

	say_object(o);
	name_thing(s, 1, K_OBJECT, o);
}

static void mark_all(const struct step *s)
{
	nl_cache_mark_all(CACHE(1));
}

static void nitems(const struct step *s)
{
	say(" = %d empty=%d", nl_cache_nitems(CACHE(1)), nl_cache_is_empty(CACHE(1)) != 0);
}

static void nitems_filter(const struct step *s)
{
	say(" = %d", nl_cache_nitems_filter(CACHE(1), OBJ(2)));
}

static void set_args(const struct step *s)
{
	nl_cache_set_arg1(CACHE(1), num(s, 2));
	nl_cache_set_arg2(CACHE(1), num(s, 3));
}

static void set_flags(const struct step *s)
{
	nl_cache_set_flags(CACHE(1), (unsigned int)num(s, 2));
}

static void visit(struct nl_object *obj, void *arg)
{
	trace("%s ", (char *)arg);
	trace_object(obj);
	trace(" marked=%d\n", nl_object_is_marked(obj) != 0);
}

static void foreach(const struct step *s)
{
	nl_cache_foreach(CACHE(1), visit, s->word[1]);
}

static void foreach_filter(const struct step *s)
{
	nl_cache_foreach_filter(CACHE(1), OBJ(2), visit, s->word[1]);
}

/* By first and next, and back by last and previous. */
static void walk(const struct step *s)
{
	for (struct nl_object *o = nl_cache_get_first(CACHE(1)); o; o = nl_cache_get_next(o))
		visit(o, "next");
	for (struct nl_object *o = nl_cache_get_last(CACHE(1)); o; o = nl_cache_get_prev(o))
		visit(o, "prev");
}

static struct nl_object *dump_filter_arg;

static void dump_cache(void *c, struct nl_dump_params *p)
{
	if (dump_filter_arg)
		nl_cache_dump_filter(c, p, dump_filter_arg);
	else
		nl_cache_dump(c, p);
}

/* nl_cache_dump C TYPE [FILTER] */
static void dump(const struct step *s)
{
	char *text;

	dump_filter_arg = s->n > 3 ? OBJ(3) : NULL;
	text = dumped(dump_cache, CACHE(1), num(s, 2));
	trace_lines(text);
	free(text);
}

static void lookup(const struct step *s)
{
	struct nl_cache_ops *ops = nl_cache_ops_lookup(s->word[1]), *safe = nl_cache_ops_lookup_safe(s->word[1]);

	say(" = %d safe=%d", ops != NULL, safe == ops);
	if (safe)
		nl_cache_ops_put(safe);
}

/* nl_cache_ops_associate PROTOCOL TYPE C...: whose caches messages of the type belong to */
static void associate(const struct step *s)
{
	struct nl_cache_ops *ops = nl_cache_ops_associate(num(s, 1), num(s, 2));
	struct nl_cache_ops *safe = nl_cache_ops_associate_safe(num(s, 1), num(s, 2));

	say(" = %d safe=%d", ops != NULL, safe == ops);
	if (safe)
		nl_cache_ops_put(safe);
	for (int w = 3; w < s->n; w++)
		say(" %s=%d", s->word[w], nl_cache_get_ops(CACHE(w)) == ops);
	if (ops)
		say(" msgtype=%d", nl_msgtype_lookup(ops, num(s, 2)) != NULL);
}

static void msgtype_lookup(const struct step *s)
{
	say(" = %d", nl_msgtype_lookup(ops_arg(s, 1), num(s, 2)) != NULL);
}

/* While somebody has a reference, they cannot be unregistered. */
static void reregister(const struct step *s)
{
	struct nl_cache_ops *ops = ops_arg(s, 1);

	nl_cache_ops_get(ops);
	say_ret(nl_cache_mngt_unregister(ops));
	nl_cache_ops_put(ops);
	say_ret(nl_cache_mngt_unregister(ops));
	say(" gone=%d", nl_cache_ops_lookup(s->word[1]) == NULL);
	say_ret(nl_cache_mngt_register(ops));
	say_ret(nl_cache_mngt_register(ops));
}

static void set_ops_flags(const struct step *s)
{
	nl_cache_ops_set_flags(ops_arg(s, 1), (unsigned int)num(s, 2));
}

static void count_ops(struct nl_cache_ops *ops, void *arg)
{
	(void)ops;
	++*(int *)arg;
}

static void ops_foreach(const struct step *s)
{
	int n = 0;

	(void)s;
	nl_cache_ops_foreach(count_ops, &n);
	say(" = %d", n);
}

static void provide(const struct step *s)
{
	nl_cache_mngt_provide(CACHE(1));
}

static void unprovide(const struct step *s)
{
	nl_cache_mngt_unprovide(CACHE(1));
}

static void require(const struct step *s)
{
	struct nl_cache *c = nl_cache_mngt_require(s->word[1]), *safe = nl_cache_mngt_require_safe(s->word[1]);

	say(" = %s safe=%d", name_of(K_CACHE, c), safe == c);
	if (safe)
		nl_cache_put(safe);
}

const struct verb cache_verbs[] = {
	{ "nl_cache_alloc", 3, alloc },
	{ "nl_cache_alloc_name", 3, alloc_name },
	{ "nl_cache_alloc_and_fill", 3, alloc_and_fill },
	{ "nl_cache_subset", 4, subset },
	{ "nl_cache_clone", 3, clone },
	{ "nl_cache_get", 3, get },
	{ "nl_cache_put", 2, put },
	{ "nl_cache_free", 2, free_cache },
	{ "nl_cache_clear", 2, clear },
	{ "nl_cache_add", 3, add },
	{ "nl_cache_move", 3, move },
	{ "nl_cache_remove", 2, remove_object },
	{ "nl_cache_include", 3, include },
	{ "nl_cache_include_v2", 3, include_v2 },
	{ "nl_cache_resync", 3, resync },
#if LIBNL_VER_NUM >= LIBNL_VER(3, 12)
	{ "nl_cache_resync_v2", 3, resync_v2 },
#endif
	{ "nl_cache_refill", 3, refill },
	{ "nl_cache_pickup", 3, pickup },
	{ "nl_cache_pickup_checkdup", 3, pickup_checkdup },
	{ "nl_cache_parse_and_add", 3, parse_and_add },
	{ "nl_cache_search", 4, search },
	{ "nl_cache_find", 4, find },
	{ "nl_cache_mark_all", 2, mark_all },
	{ "nl_cache_nitems", 2, nitems },
	{ "nl_cache_nitems_filter", 3, nitems_filter },
	{ "nl_cache_set_args", 4, set_args },
	{ "nl_cache_set_flags", 3, set_flags },
	{ "nl_cache_foreach", 2, foreach },
	{ "nl_cache_foreach_filter", 3, foreach_filter },
	{ "walk", 2, walk },
	{ "nl_cache_dump", 3, dump },
	{ "nl_cache_ops_lookup", 2, lookup },
	{ "nl_cache_ops_associate", 3, associate },
	{ "nl_msgtype_lookup", 3, msgtype_lookup },
	{ "nl_cache_ops_foreach", 1, ops_foreach },
	{ "nl_cache_mngt_register", 2, reregister },
	{ "nl_cache_ops_set_flags", 3, set_ops_flags },
	{ "nl_cache_mngt_provide", 2, provide },
	{ "nl_cache_mngt_unprovide", 2, unprovide },
	{ "nl_cache_mngt_require", 2, require },
	{ NULL, 0, NULL },
};
