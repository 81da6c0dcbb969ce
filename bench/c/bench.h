/* SPDX-License-Identifier: MIT */
/* The contenders in C on libnl. Each does a workload as a plain C program would, and answers as those in Go do. */
#ifndef BENCH_H
#define BENCH_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <netlink/msg.h>

/* open() and run() return 0, or a negative code of libnl's; run() adds to *answer for each of the ops. */
struct contender {
	const char *workload;
	const char *name;
	int (*open)(long size);
	int (*run)(long ops, uint64_t *answer);
};

extern const struct contender dump_contenders[], ask_contenders[], attr_contenders[], route_contenders[], many_contenders[],
	event_contenders[];

#define SCORE ((uint64_t)1 << 40)

/* The socket that most contenders have. */
extern struct nl_sock *sk;

int open_socket(int family);
void die(const char *what);

#endif
