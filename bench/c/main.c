/* SPDX-License-Identifier: MIT */
/* The loop of a contender: commands come in on the standard input, a line each; see package contend. */
#include "bench.h"

#include <time.h>

struct nl_sock *sk;

void die(const char *what)
{
	dprintf(1, "error %s: %s\n", what, strerror(errno));
	exit(1);
}

int open_socket(int family)
{
	sk = nl_socket_alloc();
	if (!sk)
		return -NLE_NOMEM;
	return nl_connect(sk, family);
}

static const struct contender *find(const char *workload, const char *name)
{
	static const struct contender *const all[] = { dump_contenders, ask_contenders,	 attr_contenders,
						       route_contenders, many_contenders, event_contenders };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const struct contender *c;

		for (c = all[i]; c->workload; c++)
			if (!strcmp(c->workload, workload) && !strcmp(c->name, name))
				return c;
	}
	return NULL;
}

static long long since(const struct timespec *start, const struct timespec *end)
{
	return (end->tv_sec - start->tv_sec) * 1000000000LL + (end->tv_nsec - start->tv_nsec);
}

static void run(const struct contender *c, long ops)
{
	struct timespec start, end;
	uint64_t answer = 0;
	struct timespec cpu_start, cpu_end;
	int err;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu_start);
	clock_gettime(CLOCK_MONOTONIC, &start);
	err = c->run(ops, &answer);
	clock_gettime(CLOCK_MONOTONIC, &end);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu_end);
	if (err < 0)
		dprintf(1, "error %s\n", nl_geterror(err));
	else
		dprintf(1, "done %lld %lld %llu 0 0 0\n", since(&start, &end), since(&cpu_start, &cpu_end),
			(unsigned long long)answer);
}

int main(int argc, char **argv)
{
	const struct contender *c = argc == 4 ? find(argv[1], argv[2]) : NULL;
	char line[64];
	int err;

	if (!c) {
		fprintf(stderr, "want WORKLOAD CONTENDER SIZE\n");
		return 2;
	}
	dprintf(1, "hello\n");
	while (fgets(line, sizeof(line), stdin)) {
		if (!strncmp(line, "open", 4)) {
			err = c->open(atol(argv[3]));
			if (err < 0)
				dprintf(1, "error %s\n", nl_geterror(err));
			else
				dprintf(1, "ready\n");
		} else if (!strncmp(line, "run ", 4)) {
			run(c, atol(line + 4));
		} else {
			break;
		}
	}
	return 0;
}
