/* SPDX-License-Identifier: MIT */
/*
 * The C with state or an address that is about objects and caches: what libnl makes of messages.
 */
#include "cgo_frames.h"
#include "_cgo_export.h"

#include <poll.h>
#include <time.h>

static void on_object(struct nl_object *obj, void *arg)
{
	int before = golibnl_suspend(GOLIBNL_IN_CALLBACK);

	golibnl_top->obj = obj; /* the parser's, which puts it when this returns */
	golibnlObjectCb((uintptr_t)arg, golibnl_top->call, obj);
	golibnl_top->obj = NULL;
	golibnl_resume(before);
}

int golibnl_msg_parse(struct nl_msg *msg, uintptr_t call, uintptr_t handle)
{
	struct golibnl_frame f;
	int ret;

	if (golibnl_enter(&f, 0, NULL, NULL, call, GOLIBNL_LOCKED))
		return GOLIBNL_TOO_DEEP;
	/* nl_msg_parse() holds a reference to the operations that it finds, for golibnl_abandon() to give back. */
	f.ops = nl_cache_ops_associate(nlmsg_get_proto(msg), nlmsg_hdr(msg)->nlmsg_type);
	ret = nl_msg_parse(msg, on_object, (void *)handle);
	golibnl_top = f.prev;
	return ret;
}

/*
 * A resync calls back after its last receive, too, whose buffer is freed by then, which shows nowhere: golibnl_abandon()
 * must not have it. Then a callback whose goroutine exits during a receive leaves the buffer behind.
 */
static void change(struct nl_object *old_obj, struct nl_object *obj, uint64_t diff, int act, void *data)
{
	int before = golibnl_suspend(GOLIBNL_IN_CALLBACK);
	unsigned char *buf = golibnl_top->buf;
	struct ucred *creds = golibnl_top->creds;

	golibnl_top->buf = NULL;
	golibnl_top->creds = NULL;
	golibnlChange((uintptr_t)data, golibnl_current_call(), old_obj, obj, diff, act);
	golibnl_top->buf = buf;
	golibnl_top->creds = creds;
	golibnl_resume(before);
}

static void on_change(struct nl_cache *cache, struct nl_object *obj, int act, void *data)
{
	(void)cache;
	change(NULL, obj, 0, act, data);
}

static void on_change_v2(struct nl_cache *cache, struct nl_object *old_obj, struct nl_object *new_obj, uint64_t diff,
			 int act, void *data)
{
	(void)cache;
	change(old_obj, new_obj, diff, act, data);
}

int golibnl_cache_include(struct nl_cache *cache, struct nl_object *obj, uintptr_t call, uintptr_t handle, int v2)
{
	struct golibnl_frame f;
	int ret;

	if (golibnl_enter(&f, 0, NULL, NULL, call, GOLIBNL_LOCKED))
		return GOLIBNL_TOO_DEEP;
	if (v2)
		ret = nl_cache_include_v2(cache, obj, handle ? on_change_v2 : NULL, (void *)handle);
	else
		ret = nl_cache_include(cache, obj, handle ? on_change : NULL, (void *)handle);
	golibnl_top = f.prev;
	return ret;
}

/* No callback runs here, but for those of a socket that the manager was given to fill its caches with. */
int golibnl_mngr_add(struct golibnl_cache_args a)
{
	if (a.what == GOLIBNL_MNGR_ADD_V2)
		return nl_cache_mngr_add_cache_v2(a.mngr, a.cache, a.handle ? on_change_v2 : NULL, (void *)a.handle);
	return nl_cache_mngr_add_cache(a.mngr, a.cache, a.handle ? on_change : NULL, (void *)a.handle);
}

static int run_cache(struct nl_sock *sk, void *arg)
{
	const struct golibnl_cache_args *a = arg;

	switch (a->what) {
	case GOLIBNL_CACHE_REFILL:
		return nl_cache_refill(sk, a->cache);
	case GOLIBNL_CACHE_PICKUP:
		return nl_cache_pickup(sk, a->cache);
	case GOLIBNL_CACHE_PICKUP_CHECKDUP:
		return nl_cache_pickup_checkdup(sk, a->cache);
	case GOLIBNL_CACHE_RESYNC:
		return nl_cache_resync(sk, a->cache, a->handle ? on_change : NULL, (void *)a->handle);
	case GOLIBNL_CACHE_RESYNC_V2:
		return golibnl_newer.nl_cache_resync_v2(sk, a->cache, a->handle ? on_change_v2 : NULL,
							(void *)a->handle);
	case GOLIBNL_MNGR_ADD:
	case GOLIBNL_MNGR_ADD_V2:
		return golibnl_mngr_add(*a);
	case GOLIBNL_MNGR_DATA_READY:
		return nl_cache_mngr_data_ready(a->mngr);
	case GOLIBNL_MNGR_POLL:
		return nl_cache_mngr_poll(a->mngr, 0);
	}
	return -NLE_INVAL;
}

struct golibnl_ret golibnl_cache_call(struct nl_sock *sk, struct nl_cb *cb, uintptr_t call, int roles, int recv_hook,
				      struct golibnl_cache_args args)
{
	return golibnl_exchange(sk, cb, call, roles, recv_hook, run_cache, &args);
}

struct collected {
	void **all;
	size_t n, max;
};

static int collect(void *p, struct collected *c)
{
	if (c->n == c->max) {
		size_t max = c->max ? 2 * c->max : 256;
		void **all = realloc(c->all, max * sizeof(*all));

		if (!all)
			return 0;
		c->all = all;
		c->max = max;
	}
	c->all[c->n++] = p;
	return 1;
}

static void collect_object(struct nl_object *obj, void *arg)
{
	if (collect(obj, arg))
		nl_object_get(obj);
}

struct nl_object **golibnl_cache_objects(struct nl_cache *cache, struct nl_object *filter, size_t *n)
{
	struct collected c = { 0 };

	if (filter)
		nl_cache_foreach_filter(cache, filter, collect_object, &c);
	else
		nl_cache_foreach(cache, collect_object, &c);
	*n = c.n;
	return (struct nl_object **)c.all;
}

void golibnl_objects_put(struct nl_object **all, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		nl_object_put(all[i]);
	free(all);
}

static void collect_ops(struct nl_cache_ops *ops, void *arg)
{
	collect(ops, arg);
}

struct nl_cache_ops **golibnl_cache_ops(size_t *n)
{
	struct collected c = { 0 };

	nl_cache_ops_foreach(collect_ops, &c);
	*n = c.n;
	return (struct nl_cache_ops **)c.all;
}

/*
 * When nl_cache_move() cannot add the object that it has taken out, it keeps the reference that it took; here that is
 * given back. How many the old cache had shows only once the object is out of it.
 */
int golibnl_cache_move(struct nl_cache *cache, struct nl_object *obj)
{
	struct nl_object *twin;
	int ret, refs;

	if (nl_object_get_cache(obj)) {
		twin = nl_object_clone(obj);
		if (!twin)
			return -NLE_NOMEM;
		ret = nl_cache_add(cache, twin); /* tells whether the type fits, before anything is taken out */
		if (ret >= 0)
			nl_cache_remove(twin);
		nl_object_put(twin);
		if (ret == -NLE_OBJ_MISMATCH)
			return ret;
	}
	nl_object_get(obj);
	nl_cache_remove(obj);
	refs = nl_object_get_refcnt(obj);
	ret = nl_cache_move(cache, obj);
	while (ret < 0 && nl_object_get_refcnt(obj) > refs)
		nl_object_put(obj);
	nl_object_put(obj);
	return ret;
}

/* poll(2) of one descriptor, which signals, of which Go programs have many, do not end. */
int golibnl_wait_readable(int fd, int timeout)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct timespec t0, t;
	int n, left = timeout;

	clock_gettime(CLOCK_MONOTONIC, &t0);
	while ((n = poll(&p, 1, left)) < 0 && errno == EINTR) {
		if (timeout < 0)
			continue;
		clock_gettime(CLOCK_MONOTONIC, &t);
		left = timeout - (int)((t.tv_sec - t0.tv_sec) * 1000 + (t.tv_nsec - t0.tv_nsec) / 1000000);
		if (left < 0)
			left = 0;
	}
	return n < 0 ? -nl_syserr2nlerr(errno) : n;
}
