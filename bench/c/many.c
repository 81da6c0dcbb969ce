/* SPDX-License-Identifier: MIT */
/* Many threads, each with a socket of its own: libnl's may not be shared. */
#include "bench.h"

#include <pthread.h>

struct worker {
	pthread_t thread;
	struct nl_sock *sk;
	long ops, acked;
};

static struct worker *workers;
static long count;

static int open_own(long size)
{
	long i;

	count = size;
	workers = calloc(size, sizeof(*workers));
	if (!workers)
		return -NLE_NOMEM;
	for (i = 0; i < size; i++) {
		int err = open_socket(NETLINK_ROUTE);

		if (err < 0)
			return err;
		workers[i].sk = sk;
	}
	return 0;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	long i;

	for (w->acked = 0, i = 0; i < w->ops; i++) {
		struct nl_msg *msg = nlmsg_alloc_simple(NLMSG_NOOP, 0);
		int err = msg ? nl_send_auto(w->sk, msg) : -NLE_NOMEM;

		nlmsg_free(msg);
		if (err < 0 || nl_wait_for_ack(w->sk) < 0)
			break;
		w->acked++;
	}
	return NULL;
}

static int run_own(long ops, uint64_t *answer)
{
	long i;

	for (i = 0; i < count; i++) {
		workers[i].ops = ops / count + (i < ops % count);
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			die("pthread_create");
	}
	for (i = 0; i < count; i++) {
		pthread_join(workers[i].thread, NULL);
		*answer += workers[i].acked;
	}
	return 0;
}

const struct contender many_contenders[] = {
	{ "shared", "c-own", open_own, run_own },
	{ NULL, NULL, NULL, NULL },
};
