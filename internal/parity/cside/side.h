/* SPDX-License-Identifier: MIT */
/*
 * The C side of the parity tests: reads scenarios (the language is described in ../doc.go), runs them on libnl, and
 * prints what happened. Only public functions of libnl are used.
 */
#ifndef PARITY_SIDE_H
#define PARITY_SIDE_H

#include <stddef.h>
#include <stdio.h>
#include <stdint.h>
#include <sys/socket.h>
#include <linux/netlink.h>
#include <netlink/netlink.h>
#include <netlink/msg.h>
#include <netlink/errno.h>
#include <netlink/handlers.h>
#include <netlink/socket.h>
#include <netlink/attr.h>
#include <netlink/addr.h>
#include <netlink/cache.h>
#include <netlink/data.h>
#include <netlink/object.h>
#include <netlink/utils.h>
#include <netlink/version.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/family.h>
#include <netlink/genl/genl.h>
#include <netlink/genl/mngt.h>

/* Made for the build: each function of libnl's becomes a macro that notes that it was called. */
#include "called.h"

#define MAX_WORDS	64
#define MAX_STEPS	96
#define MAX_RESULTS	8
#define MAX_QUEUE	64
#define MAX_BYTES	65536

enum over { INJECT, USERSOCK, ROUTE, CALLS };

struct step {
	int line, n;
	char *word[MAX_WORDS];
};

struct scenario {
	const char *group, *name;
	enum over over;
	int n;
	struct step step[MAX_STEPS];
	struct scenario *next;
};

/* What can be called: the types of libnl's callbacks, and after them what has no type. */
enum { SLOT_ERR = NL_CB_TYPE_MAX + 1, SLOT_SEND, SLOT_RECVMSGS, SLOT_PARSER, N_SLOTS };

enum action { NOTHING, ACT_SEND, ACT_RECV, ACT_CLEAR };

/* What a callback does and returns; WHOLE stands for the length of the message. */
#define WHOLE 0x7fffffff
struct result {
	enum action act;
	int value;
};

struct slot {
	int set, silent;	/* silent: libnl's own function, which only says NL_OK */
	int n, used;
	struct result r[MAX_RESULTS];
};

/* What one receive brings: bytes, the end of the file, or a failure. */
struct item {
	unsigned char *buf;
	int n, err;
	struct sockaddr_nl from;
	int has_creds;
	struct ucred creds;
};

/* Which set of callbacks the call that is running works with. */
enum mode { MODE_PLAIN, MODE_WAIT_FOR_ACK, MODE_PICKUP, MODE_PICKUP_SYSERR };

struct state {
	struct nl_sock *sk;
	struct nl_cb *cb;
	enum over over;
	uint32_t base;		/* sequence numbers are told from here */
	uint32_t self, peer;	/* ports */
	int peer_fd;
	int proto, auto_ack;
	struct slot slot[N_SLOTS];
	struct item queue[MAX_QUEUE];
	int head, tail;
	int ordinal;		/* of the next message that is made */
	struct nl_msg *sent;	/* for sending again */
	enum mode mode;
	int syserr;
	uint32_t expect;	/* the own loop's */
};

extern struct state st;
extern int own, mutation;
extern const char *running;	/* the group of the scenario */

/* lang.c */
struct scenario *read_scenarios(const char *path);
void die(const struct step *s, const char *why, const char *word) __attribute__((noreturn));
long long number(const struct step *s, const char *word);
int slot_of(const struct step *s, const char *word);
const char *slot_name(int slot);
int code_of(const struct step *s, const char *word);	/* NLE_AGAIN or a number */
int errno_of(const struct step *s, const char *word);	/* EAGAIN or a number */
struct result result_of(const struct step *s, const char *word);
int word_is(const char *word, const char *key, const char **value);

/* wire.c */
struct made {
	int type, flags, has_seq, has_pid;
	uint32_t seq, pid;
	unsigned char payload[MAX_BYTES];
	int len;
	int said, cut, raw;	/* length to put into the header, bytes to leave out at the end; -1 for none */
};
void make(const struct step *s, const char *word, struct made *m);
uint32_t port_of(const struct step *s, const char *word);
int flatten(const struct made *m, unsigned char *to);
int unhex(const struct step *s, const char *hex, unsigned char *to);
uint32_t seq_of(const struct step *s, const char *word);
void trace(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void trace_port(const char *what, uint32_t port);
void trace_seq(const char *what, uint32_t seq);
uint32_t fnv(const unsigned char *p, int n);
void trace_head(const struct nlmsghdr *h);
void trace_addr(const struct sockaddr_nl *a);
void trace_creds(const struct ucred *c);
void trace_stream(const char *what, const unsigned char *buf, int n);

/* run.c */
void start(enum over over);
void end(void);
void learn_base(struct nl_sock *sk, int nth);
int on_msg(struct nl_msg *msg, void *arg);
int on_err(struct sockaddr_nl *nla, struct nlmsgerr *e, void *arg);
int on_recvmsgs(struct nl_sock *sk, struct nl_cb *cb);
int on_send(struct nl_sock *sk, struct nl_msg *msg);
int run_slot(int slot, int active, struct nl_msg *msg);
int run_err(const struct sockaddr_nl *nla, struct nlmsgerr *e);
int run_parser(struct sockaddr_nl *who, struct nlmsghdr *h);
int next_item(struct nl_sock *sk, struct sockaddr_nl *nla, unsigned char **buf, struct ucred **creds);

/* steps.c */
void run(struct scenario *sc, enum over over);

/* calls.c */
void call(const struct step *s);
void nested(enum action act, int slot);
void drain_peer(void);

/* loop.c */
int own_recvmsgs(struct nl_sock *sk, struct nl_cb *cb);

/* api.c */
void api(const struct step *s);
void api_end(void);
const char *port_name(uint32_t port);
uint32_t named_port(const struct step *s, const char *word);

/* branches.c */
void forget_branches(void);
void print_branches(int all);
void print_called(void);
void print_mutations(void);

#endif
