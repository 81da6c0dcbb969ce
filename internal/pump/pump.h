/* SPDX-License-Identifier: MIT */
/*
 * The fast path over libnl: one crossing from Go for many datagrams. nl_recvmsgs() runs with a receive hook that puts
 * datagrams where Go walks them, and gives libnl's loop only the messages that it must judge.
 */
#ifndef GOLIBNL_PUMP_H
#define GOLIBNL_PUMP_H

#include <stdint.h>
#include <sys/socket.h>

#include <linux/netlink.h>

#include <netlink/netlink.h>
#include <netlink/errno.h>
#include <netlink/handlers.h>
#include <netlink/msg.h>
#include <netlink/socket.h>

#if LIBNL_VER_NUM < LIBNL_VER(3, 7)
#error "golibnl needs libnl 3.7.0 or newer; pkg-config found an older libnl-3.0 (scripts/setup names the packages)"
#endif

struct golibnl_pump {
	struct nl_sock *sk;
	struct nl_cb *cb;	/* with the hook and the collectors; never the socket's own, which libnl clones */
	int fd;
	int control;		/* datagrams come with control data */
	uint8_t *verdicts;	/* of the last read, one for each message that libnl judged */
	uint32_t room;		/* for so many */
	unsigned char *big;	/* the last read's datagram that did not fit the arena */
};

/* What libnl made of a message. */
enum golibnl_verdict {
	GOLIBNL_PUMP_UNSEEN,	/* it did not get that far */
	GOLIBNL_PUMP_DONE,
	GOLIBNL_PUMP_ACK,
	GOLIBNL_PUMP_ERROR,
	GOLIBNL_PUMP_NOOP,
	GOLIBNL_PUMP_OVERRUN,
	GOLIBNL_PUMP_INVALID,
};

/* Why a read ended. */
enum golibnl_why {
	GOLIBNL_PUMP_EMPTY,	/* there is no more to receive */
	GOLIBNL_PUMP_FULL,	/* the arena is, or enough was refused */
	GOLIBNL_PUMP_ENOUGH,	/* as many terminators as were asked for */
	GOLIBNL_PUMP_FAILED,	/* the receive failed, with errno err */
};

#define GOLIBNL_PUMP_HAS_NSID 1
#define GOLIBNL_PUMP_HAS_CREDS 2
#define GOLIBNL_PUMP_TRUNCATED 4
#define GOLIBNL_PUMP_BIG 8 /* the bytes are at golibnl_pump.big */

/* A datagram in the arena: this, its bytes, and padding to 8. Go's pump.Datagram is the same. */
struct golibnl_datagram {
	uint32_t len;		/* bytes that are there */
	uint32_t real;		/* bytes that were sent */
	uint32_t port;		/* of the sender */
	uint32_t group;		/* that it was sent to, 0 for unicast */
	int32_t nsid;
	uint32_t flags;
	uint32_t pid, uid, gid;
	uint32_t unused;
};

/* One read: what is asked, and what came of it. */
struct golibnl_read {
	uint32_t cap;		/* in: the size of the arena */
	uint32_t reserve;	/* in: end when less than this is left of it */
	uint32_t enough;	/* in: end after so many terminators, 0 for no such end */
	uint32_t any;		/* in: take datagrams from any port, not the kernel's alone */
	uint32_t used;
	uint32_t datagrams;
	uint32_t bytes;		/* that are there, of all datagrams */
	uint32_t refused;	/* datagrams of other senders, dropped */
	uint32_t judged;	/* messages given to libnl */
	uint32_t why;
	int32_t err;		/* errno of a receive that failed */
	int32_t ret;		/* of nl_recvmsgs() */
};

/* A struct golibnl_pump *, as a number: with each pointer to pointers that it passes, Go looks whether they are its own. */
typedef uintptr_t golibnl_pump_ref;

struct golibnl_pump *golibnl_pump_new(int protocol, int fd, int *ret);
void golibnl_pump_free(struct golibnl_pump *p);
int golibnl_pump_send(golibnl_pump_ref ref, unsigned char *buf, size_t len, uint32_t port, uint32_t groups, int *err);
void golibnl_pump_read(golibnl_pump_ref ref, unsigned char *arena, struct golibnl_read *r);
int golibnl_pump_exchange(golibnl_pump_ref ref, unsigned char *buf, size_t len, uint32_t port, uint32_t groups, int *err,
			  unsigned char *arena, struct golibnl_read *r);
void golibnl_pump_drop(struct golibnl_pump *p);

#endif
