/* SPDX-License-Identifier: MIT */
/* A model of how a cache takes an object in, and tells of the change. */
#include <string.h>
#include <netlink/object.h>

#include "branches.h"

/* How libnl's private structures begin, in all versions. */
struct ops_head {
	const char *name;
};

struct type_head {
	int id, action;
};

/* Since 3.10, the second version is told of the object in the cache, and not of the one that was merged into it. */
#define TELLS_OLD (LIBNL_VER_NUM >= LIBNL_VER(3, 10))

struct told {
	change_func_t v1;
	change_func_v2_t v2;
	void *arg;
};

static void tell(const struct told *t, struct nl_cache *cache, struct nl_object *before, struct nl_object *now, uint64_t diff,
		 int action)
{
	if (t->v2)
		t->v2(cache, before, now, diff, action, t->arg);
	else if (t->v1)
		t->v1(cache, now ? now : before, action, t->arg);
	else
		seen[B_include_silent] = 1;
}

/* Some types take what is new into what is there. */
static int merged(const struct told *t, struct nl_cache *cache, struct nl_object *old, struct nl_object *obj)
{
	struct nl_object *before = nl_object_clone(old);
	uint64_t diff = nl_object_diff64(old, obj);
	int yes = nl_object_update(old, obj) == 0;

	if (yes) {
		seen[B_include_merged] = 1;
		tell(t, cache, before, t->v2 && !TELLS_OLD ? obj : old, diff, NL_ACT_CHANGE);
	}
	nl_object_put(before);
	return yes;
}

static void take(const struct told *t, struct nl_cache *cache, struct nl_object *old, struct nl_object *obj)
{
	uint64_t diff;

	nl_cache_move(cache, obj);
	if (!old) {
		seen[B_include_new] = 1;
		tell(t, cache, NULL, obj, 0, NL_ACT_NEW);
		return;
	}
	diff = nl_object_diff64(old, obj);
	seen[diff ? B_include_changed : B_include_same] = 1;
	if (diff || wrong(SAME_IS_CHANGE))
		tell(t, cache, old, obj, diff, wrong(CHANGE_IS_NEW) ? NL_ACT_NEW : NL_ACT_CHANGE);
}

static void drop(const struct told *t, struct nl_cache *cache, struct nl_object *old)
{
	seen[B_include_deleted] = 1;
	if (!wrong(DELETE_SILENT))
		tell(t, cache, old, NULL, 0, NL_ACT_DEL);
}

static int include(const struct told *t, struct nl_cache *cache, struct nl_object *obj)
{
	struct nl_cache_ops *ops = nl_cache_get_ops(cache);
	struct type_head *type = (void *)nl_msgtype_lookup(ops, nl_object_get_msgtype(obj));
	struct nl_object *old;

	if (strcmp(((struct ops_head *)ops)->name, nl_object_get_type(obj))) {
		seen[B_include_mismatch] = 1;
		return -NLE_OBJ_MISMATCH;
	}
	if (!type) {
		seen[B_include_type] = 1;
		return -NLE_MSGTYPE_NOSUPPORT;
	}
	if (type->action != NL_ACT_NEW && type->action != NL_ACT_DEL) {
		seen[B_include_other] = 1;
		return 0;
	}
	old = nl_cache_search(cache, obj);
	if (!old && type->action == NL_ACT_DEL)
		seen[B_include_not_there] = 1;
	if (old && merged(t, cache, old, obj)) {
		nl_object_put(old);
		return 0;
	}
	if (old && !wrong(OLD_STAYS))
		nl_cache_remove(old);
	if (type->action == NL_ACT_NEW)
		take(t, cache, old, obj);
	else if (old)
		drop(t, cache, old);
	nl_object_put(old);
	return 0;
}

int own_nl_cache_include(struct nl_cache *cache, struct nl_object *obj, change_func_t cb, void *arg)
{
	return include(&(struct told){ .v1 = cb, .arg = arg }, cache, obj);
}

int own_nl_cache_include_v2(struct nl_cache *cache, struct nl_object *obj, change_func_v2_t cb, void *arg)
{
	return include(&(struct told){ .v2 = cb, .arg = arg }, cache, obj);
}
