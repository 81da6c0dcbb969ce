/* SPDX-License-Identifier: MIT */
/* The socket of a scenario from start to end, and what libnl calls back. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "side.h"

struct state st;
int own, mutation;
const char *running = "";

int on_msg(struct nl_msg *msg, void *arg)
{
	int ret = run_slot((int)(intptr_t)arg, nl_cb_active_type(st.cb), msg);

	errno = 0;
	return ret;
}

int on_err(struct sockaddr_nl *nla, struct nlmsgerr *e, void *arg)
{
	int ret = run_err(nla, e);

	(void)arg;
	errno = 0;
	return ret;
}

int on_recvmsgs(struct nl_sock *sk, struct nl_cb *cb)
{
	(void)sk;
	(void)cb;
	return run_slot(SLOT_RECVMSGS, NL_CB_TYPE_MAX + 1, NULL);
}

int on_send(struct nl_sock *sk, struct nl_msg *msg)
{
	int ret = run_slot(SLOT_SEND, NL_CB_TYPE_MAX + 1, msg);

	(void)sk;
	errno = 0;
	return ret;
}

static void trace_result(int value)
{
	static const char *const names[] = { "OK", "SKIP", "STOP" };

	if (value >= 0 && value <= 2)
		trace(" -> %s\n", names[value]);
	else if (value == WHOLE)
		trace(" -> WHOLE\n");
	else
		trace(" -> %d\n", value);
}

/* The next result of a slot, after what it has to do; the last one goes for all further calls. */
static int outcome(int slot)
{
	struct slot *s = &st.slot[slot];
	struct result r = s->r[s->used < s->n ? s->used : s->n - 1];

	s->used++;
	trace_result(r.value);
	nested(r.act, slot);
	return r.value;
}

int run_slot(int slot, int active, struct nl_msg *msg)
{
	int ret;

	if (st.slot[slot].silent)
		return NL_OK;
	trace("cb %s", slot_name(slot));
	if (slot <= NL_CB_TYPE_MAX)
		trace(" active=%s", active <= NL_CB_TYPE_MAX ? slot_name(active) : "none");
	if (msg) {
		trace_head(nlmsg_hdr(msg));
		trace_addr(nlmsg_get_src(msg));
		trace(" proto=%d", nlmsg_get_proto(msg));
		trace_creds(nlmsg_get_creds(msg));
	}
	ret = outcome(slot);
	return ret == WHOLE ? (int)nlmsg_hdr(msg)->nlmsg_len : ret;
}

int run_err(const struct sockaddr_nl *nla, struct nlmsgerr *e)
{
	trace("cb ERR error=%d", e->error);
	trace_head((struct nlmsghdr *)((char *)e - NLMSG_HDRLEN));
	trace_addr(nla);
	return outcome(SLOT_ERR);
}

int run_parser(struct sockaddr_nl *who, struct nlmsghdr *h)
{
	int ret;

	trace("cb PARSER");
	trace_head(h);
	trace_addr(who);
	ret = outcome(SLOT_PARSER);
	errno = 0;
	return ret;
}

/* The receive hook: what was queued, and then nothing. */
int next_item(struct nl_sock *sk, struct sockaddr_nl *nla, unsigned char **buf, struct ucred **creds)
{
	struct item *i = &st.queue[st.head];
	int n;

	(void)sk;
	if (st.head == st.tail) {
		trace("receive = %d\n", -NLE_AGAIN);
		return -NLE_AGAIN;
	}
	st.head++;
	n = i->n;
	trace("receive = %d\n", n);
	if (n <= 0) {
		errno = i->err;
		return n;
	}
	*nla = i->from;
	*buf = malloc(n);
	memcpy(*buf, i->buf, n);
	*creds = NULL;
	if (i->has_creds) {
		*creds = malloc(sizeof(**creds));
		**creds = i->creds;
	}
	return n;
}

/* A receive of one message with a sequence number, for what happens outside of the scenario. */
static struct nlmsghdr single;

static int receive_single(struct nl_sock *sk, struct sockaddr_nl *nla, unsigned char **buf, struct ucred **creds)
{
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
	} *m = calloc(1, sizeof(*m));

	(void)sk;
	(void)creds;
	m->h = single;
	m->h.nlmsg_len = sizeof(*m);
	nla->nl_family = AF_NETLINK;
	*buf = (unsigned char *)m;
	return sizeof(*m);
}

static int recvmsgs_single(struct nl_sock *sk, int type, uint32_t seq)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int ret;

	single.nlmsg_type = type;
	single.nlmsg_seq = seq;
	nl_cb_overwrite_recv(cb, receive_single);
	ret = nl_recvmsgs(sk, cb);
	nl_cb_put(cb);
	return ret;
}

/* The number that the socket expects cannot be read, but a data message with it, and no other, is taken. */
static void trace_expected(void)
{
	if (own) {
		trace("end expect=%+d", (int)(st.expect - st.base));
		return;
	}
	nl_socket_enable_auto_ack(st.sk);
	for (int d = -4; d < 20; d++) {
		if (recvmsgs_single(st.sk, 0x20, st.base + (uint32_t)d) == 0) {
			trace("end expect=%+d", d);
			return;
		}
	}
	trace("end expect=?");
}

static int drain(int fd)
{
	static char buf[MAX_BYTES];
	int n = 0;

	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC) >= 0)
		n++;
	return n;
}

/*
 * The next number that a socket gives out and the one that it expects become the same, and known: for the first socket of a
 * scenario what they happen to be, for another what lies far enough from there to be told apart.
 */
void learn_base(struct nl_sock *sk, int nth)
{
	uint32_t next = nl_socket_use_seq(sk);

	recvmsgs_single(sk, NLMSG_ERROR, next++);
	if (!nth)
		st.base = next;
	for (; next != st.base + 100 * (uint32_t)nth; next++) {
		nl_socket_use_seq(sk);
		recvmsgs_single(sk, NLMSG_ERROR, next);
	}
}

void start(enum over over)
{
	static const int protocols[] = { [USERSOCK] = NETLINK_USERSOCK, [ROUTE] = NETLINK_ROUTE };
	struct sockaddr_nl a = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(a);

	memset(&st, 0, sizeof(st));
	st.over = over;
	st.auto_ack = 1;
	st.peer_fd = -1;
	if (over == CALLS)
		return;
	st.sk = nl_socket_alloc();
	st.cb = nl_socket_get_cb(st.sk);
	learn_base(st.sk, 0);
	st.expect = st.base;
	if (own)
		nl_cb_overwrite_recvmsgs(st.cb, own_recvmsgs);
	if (over == INJECT) {
		nl_cb_overwrite_recv(st.cb, next_item);
		nl_cb_overwrite_send(st.cb, on_send);
		st.slot[SLOT_SEND].set = st.slot[SLOT_SEND].n = 1;
		st.slot[SLOT_SEND].r[0].value = WHOLE;
	} else {
		st.proto = protocols[over];
		if (nl_connect(st.sk, st.proto) < 0 || nl_socket_set_nonblocking(st.sk) < 0)
			die(NULL, "cannot connect", "");
	}
	st.self = nl_socket_get_local_port(st.sk);
	if (over == USERSOCK) {
		st.peer_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_USERSOCK);
		if (bind(st.peer_fd, (void *)&a, sizeof(a)) || getsockname(st.peer_fd, (void *)&a, &len))
			die(NULL, "cannot bind", "");
		st.peer = a.nl_pid;
		nl_socket_set_peer_port(st.sk, st.peer);
	}
}

void end(void)
{
	int left = st.tail - st.head;

	if (st.over == CALLS) {
		api_end();
		return;
	}
	if (st.over != INJECT)
		left = drain(nl_socket_get_fd(st.sk));
	trace_expected();
	trace(" next=%+d left=%d\n", (int)(nl_socket_use_seq(st.sk) - st.base), left);
	nlmsg_free(st.sent);
	nl_cb_put(st.cb);
	nl_socket_free(st.sk);
	if (st.peer_fd >= 0)
		close(st.peer_fd);
	for (int i = 0; i < st.tail; i++)
		free(st.queue[i].buf);
}
