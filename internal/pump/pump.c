/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "pump.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

/* A hook gets no argument of the user's: this is the read that the thread is in. */
struct context {
	struct golibnl_pump *p;
	unsigned char *arena;
	struct golibnl_read *r;
	uint32_t terminators;
	uint32_t size;		/* of all terminators, each padded */
	uint32_t judged;
	uint32_t first;		/* where in the arena the first datagram with a terminator is */
	int answer;		/* it is for the answer to a request, which is small */
	int handed;
};

static __thread struct context *current;

/*
 * Behind the arena, each receive has this room, so that no datagram is cut that anybody sends. An answer is received here
 * in the first place, and copied: most are small, and recvfrom() is cheaper than recvmsg(). One is kept for whoever reads
 * next; nothing touches its pages until a datagram does.
 */
#define SPILL (1u << 20)
static unsigned char *spare;

/*
 * So many datagrams of strangers one read drops: they take no room, and who sends faster than they are dropped would keep
 * the read from ending.
 */
#define REFUSED_AT_ONCE 128

static uint32_t padded(uint32_t n)
{
	return (n + 7) & ~7u;
}

static int is_terminator(const struct nlmsghdr *h)
{
	return h->nlmsg_type < NLMSG_MIN_TYPE && h->nlmsg_type >= NLMSG_NOOP && h->nlmsg_type <= NLMSG_OVERRUN;
}

static const struct nlmsghdr *next(const struct nlmsghdr *h, int *rest)
{
	return nlmsg_next((struct nlmsghdr *)h, rest);
}

static void control_data(struct msghdr *msg, struct golibnl_datagram *d)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == SOL_NETLINK && c->cmsg_type == NETLINK_PKTINFO) {
			struct nl_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			d->group = info.group;
		} else if (c->cmsg_level == SOL_NETLINK && c->cmsg_type == NETLINK_LISTEN_ALL_NSID) {
			memcpy(&d->nsid, CMSG_DATA(c), sizeof(d->nsid));
			d->flags |= GOLIBNL_PUMP_HAS_NSID;
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS) {
			struct ucred cred;

			memcpy(&cred, CMSG_DATA(c), sizeof(cred));
			d->pid = cred.pid;
			d->uid = cred.uid;
			d->gid = cred.gid;
			d->flags |= GOLIBNL_PUMP_HAS_CREDS;
		}
	}
}

/* Receives a datagram into data, and from there on into spill; what its control data say goes into d. */
static ssize_t receive_into(struct golibnl_pump *p, struct sockaddr_nl *from, struct golibnl_datagram *d, unsigned char *data,
			    uint32_t rest, unsigned char *spill)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(struct nl_pktinfo)) + CMSG_SPACE(sizeof(int)) +
			 CMSG_SPACE(sizeof(struct ucred)) + 64];
	} control;
	struct iovec iov[2] = { { data, rest }, { spill, SPILL } };
	struct msghdr msg = {
		.msg_name = from,
		.msg_namelen = sizeof(*from),
		.msg_iov = iov,
		.msg_iovlen = 2,
	};
	ssize_t n;

	if (p->control) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
	}
	n = recvmsg(p->fd, &msg, MSG_DONTWAIT | MSG_TRUNC);
	if (n >= 0 && p->control)
		control_data(&msg, d);
	return n;
}

/* Receives one datagram at the end of the arena; 0, or the errno. */
static int receive(struct context *c, unsigned char *spill)
{
	struct golibnl_read *r = c->r;
	struct golibnl_datagram *d = (struct golibnl_datagram *)(c->arena + r->used);
	unsigned char *data = (unsigned char *)(d + 1);
	uint32_t rest = r->cap - r->used - sizeof(*d);
	uint32_t direct = c->answer && !c->p->control ? 0 : rest; /* bytes that are received into the arena */
	struct sockaddr_nl from = { 0 };
	socklen_t size = sizeof(from);
	ssize_t n;

	memset(d, 0, sizeof(*d));
	do {
		if (direct)
			n = receive_into(c->p, &from, d, data, rest, spill);
		else
			n = recvfrom(c->p->fd, spill, SPILL, MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&from, &size);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno;
	if (!c->r->any && from.nl_pid != 0) {
		r->refused++;
		return 0;
	}

	d->real = n;
	d->len = d->real;
	if (n > (ssize_t)direct + (ssize_t)SPILL) {
		d->len = direct + SPILL;
		d->flags |= GOLIBNL_PUMP_TRUNCATED;
	}
	d->port = from.nl_pid;
	if (!d->group)
		d->group = from.nl_groups ? __builtin_ffs(from.nl_groups) : 0;
	if (d->len > rest) {
		unsigned char *big = malloc(d->len);

		if (!big)
			return ENOMEM;
		memcpy(big, data, direct);
		memcpy(big + direct, spill, d->len - direct);
		c->p->big = data = big;
		d->flags |= GOLIBNL_PUMP_BIG;
	} else if (!direct) {
		memcpy(data, spill, d->len);
	}

	if (!(d->flags & GOLIBNL_PUMP_TRUNCATED)) {
		const struct nlmsghdr *h = (const struct nlmsghdr *)data;
		int left = d->len;

		for (; nlmsg_ok(h, left); h = next(h, &left)) {
			if (!is_terminator(h))
				continue;
			if (!c->terminators++)
				c->first = r->used;
			c->size += NLMSG_ALIGN(h->nlmsg_len);
		}
	}
	r->datagrams++;
	r->bytes += d->len;
	r->used += sizeof(*d) + (d->flags & GOLIBNL_PUMP_BIG ? 0 : padded(d->len));
	return 0;
}

static uint32_t receive_all(struct context *c)
{
	struct golibnl_read *r = c->r;
	unsigned char *spill = __atomic_exchange_n(&spare, NULL, __ATOMIC_ACQ_REL);
	uint32_t why;

	if (!spill)
		spill = malloc(SPILL);
	if (!spill) {
		r->err = ENOMEM;
		return GOLIBNL_PUMP_FAILED;
	}
	for (;;) {
		if (r->enough && c->terminators >= r->enough) {
			why = GOLIBNL_PUMP_ENOUGH;
			break;
		}
		if (c->p->big || r->cap - r->used < r->reserve || r->refused >= REFUSED_AT_ONCE) {
			why = GOLIBNL_PUMP_FULL;
			break;
		}
		r->err = receive(c, spill);
		if (r->err) {
			why = r->err == EAGAIN ? GOLIBNL_PUMP_EMPTY : GOLIBNL_PUMP_FAILED;
			break;
		}
	}
	free(__atomic_exchange_n(&spare, spill, __ATOMIC_ACQ_REL));
	return why;
}

/* Copies the terminators of a datagram to out, and returns the end of them. */
static unsigned char *terminators(struct golibnl_pump *p, const struct golibnl_datagram *d, unsigned char *out)
{
	const void *data = d->flags & GOLIBNL_PUMP_BIG ? (const void *)p->big : (const void *)(d + 1);
	const struct nlmsghdr *h = data;
	int left = d->flags & GOLIBNL_PUMP_TRUNCATED ? 0 : (int)d->len;

	for (; nlmsg_ok(h, left); h = next(h, &left)) {
		if (!is_terminator(h))
			continue;
		memcpy(out, h, h->nlmsg_len);
		memset(out + h->nlmsg_len, 0, NLMSG_ALIGN(h->nlmsg_len) - h->nlmsg_len);
		out += NLMSG_ALIGN(h->nlmsg_len);
	}
	return out;
}

static void each_terminator(struct context *c, unsigned char *out)
{
	uint32_t off = c->first;

	while (off < c->r->used) {
		const struct golibnl_datagram *d = (const struct golibnl_datagram *)(c->arena + off);

		out = terminators(c->p, d, out);
		off += sizeof(*d) + (d->flags & GOLIBNL_PUMP_BIG ? 0 : padded(d->len));
	}
}

static int hand_over(struct context *c, struct sockaddr_nl *from, unsigned char **buf)
{
	struct golibnl_pump *p = c->p;

	if (p->room < c->terminators) {
		uint8_t *v = realloc(p->verdicts, c->terminators);

		if (!v)
			return -NLE_NOMEM;
		p->verdicts = v;
		p->room = c->terminators;
	}
	memset(p->verdicts, GOLIBNL_PUMP_UNSEEN, c->terminators);
	*buf = malloc(c->size);
	if (!*buf)
		return -NLE_NOMEM;
	each_terminator(c, *buf);
	memset(from, 0, sizeof(*from));
	from->nl_family = AF_NETLINK;
	return c->size;
}

/* The receive hook. What it returns is libnl's to free; with nothing to judge it ends libnl's loop. */
static int on_receive(struct nl_sock *sk, struct sockaddr_nl *from, unsigned char **buf, struct ucred **creds)
{
	struct context *c = current;

	(void)sk;
	(void)creds;
	if (c->handed++)
		return 0;
	c->r->why = receive_all(c);
	if (c->terminators)
		return hand_over(c, from, buf);
	return c->r->why == GOLIBNL_PUMP_FAILED ? -nl_syserr2nlerr(c->r->err) : 0;
}

static int verdict(int v, int ret)
{
	struct context *c = current;

	c->p->verdicts[c->judged - 1] = v;
	return ret;
}

/* Runs first for each message: libnl's own check knows one request at a time. */
static int on_sequence(struct nl_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	current->judged++;
	return NL_OK;
}

static int on_done(struct nl_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	return verdict(GOLIBNL_PUMP_DONE, NL_OK);
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	return verdict(GOLIBNL_PUMP_ACK, NL_OK);
}

static int on_noop(struct nl_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	return verdict(GOLIBNL_PUMP_NOOP, NL_SKIP);
}

static int on_overrun(struct nl_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	return verdict(GOLIBNL_PUMP_OVERRUN, NL_SKIP);
}

static int on_invalid(struct nl_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	return verdict(GOLIBNL_PUMP_INVALID, NL_SKIP);
}

/* Go sees the flag itself; without a callback libnl would end with an error. */
static int on_interrupted(struct nl_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	return NL_OK;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *e, void *arg)
{
	(void)from;
	(void)e;
	(void)arg;
	return verdict(GOLIBNL_PUMP_ERROR, NL_SKIP);
}

static struct nl_cb *collectors(void)
{
	static const struct {
		enum nl_cb_type type;
		nl_recvmsg_msg_cb_t func;
	} all[] = {
		{ NL_CB_SEQ_CHECK, on_sequence }, { NL_CB_FINISH, on_done },	   { NL_CB_ACK, on_ack },
		{ NL_CB_SKIPPED, on_noop },	  { NL_CB_OVERRUN, on_overrun },   { NL_CB_INVALID, on_invalid },
		{ NL_CB_DUMP_INTR, on_interrupted },
	};
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	size_t i;

	if (!cb)
		return NULL;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		nl_cb_set(cb, all[i].type, NL_CB_CUSTOM, all[i].func, NULL);
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, NULL);
	nl_cb_overwrite_recv(cb, on_receive);
	return cb;
}

/* Takes over fd, a netlink socket that is bound. On failure fd stays the caller's, and *ret says why. */
struct golibnl_pump *golibnl_pump_new(int protocol, int fd, int *ret)
{
	struct golibnl_pump *p = calloc(1, sizeof(*p));
	struct nl_cb *own = nl_cb_alloc(NL_CB_DEFAULT);

	*ret = -NLE_NOMEM;
	if (p && own) {
		p->fd = fd;
		p->cb = collectors();
		p->sk = nl_socket_alloc_cb(own);
	}
	nl_cb_put(own);
	if (p && p->cb && p->sk) {
		nl_socket_disable_auto_ack(p->sk);
		*ret = nl_socket_set_fd(p->sk, protocol, fd);
	}
	if (*ret >= 0)
		return p;
	golibnl_pump_free(p);
	return NULL;
}

/* Frees all, and closes the descriptor. */
void golibnl_pump_free(struct golibnl_pump *p)
{
	if (!p)
		return;
	nl_socket_free(p->sk);
	nl_cb_put(p->cb);
	free(p->verdicts);
	free(p->big);
	free(p);
}

/* Sends one datagram. The kernel is the peer of a socket of libnl's that was given no other. */
int golibnl_pump_send(golibnl_pump_ref ref, unsigned char *buf, size_t len, uint32_t port, uint32_t groups, int *err)
{
	struct golibnl_pump *p = (struct golibnl_pump *)ref;
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_pid = port, .nl_groups = groups };
	struct iovec iov = { buf, len };
	int kernel = buf && !port && !groups; /* of nothing to send, nl_sendto() does not let the kernel be the judge */
	struct nl_msg *msg = NULL;
	int ret;

	if (!kernel) {
		msg = nlmsg_alloc_size(NLMSG_HDRLEN); /* one each, so that several may send at a time */
		if (!msg) {
			*err = ENOMEM;
			return -NLE_NOMEM;
		}
		nlmsg_set_dst(msg, &to);
	}
	errno = 0;
	ret = kernel ? nl_sendto(p->sk, buf, len) : nl_send_iovec(p->sk, msg, &iov, 1);
	*err = ret < 0 ? errno : 0;
	nlmsg_free(msg);
	return ret;
}

static void read_for(struct golibnl_pump *p, unsigned char *arena, struct golibnl_read *r, int answer)
{
	struct context c = { .p = p, .arena = arena, .r = r, .answer = answer };
	struct context *before = current;

	r->used = r->datagrams = r->bytes = r->refused = r->judged = 0;
	r->why = GOLIBNL_PUMP_EMPTY;
	r->err = 0;
	current = &c;
	r->ret = nl_recvmsgs(p->sk, p->cb);
	current = before;
	r->judged = c.judged;
}

void golibnl_pump_read(golibnl_pump_ref ref, unsigned char *arena, struct golibnl_read *r)
{
	read_for((struct golibnl_pump *)ref, arena, r, 0);
}

int golibnl_pump_exchange(golibnl_pump_ref ref, unsigned char *buf, size_t len, uint32_t port, uint32_t groups, int *err,
			  unsigned char *arena, struct golibnl_read *r)
{
	int ret = golibnl_pump_send(ref, buf, len, port, groups, err);

	if (ret >= 0)
		read_for((struct golibnl_pump *)ref, arena, r, 1);
	return ret;
}

/* Frees what the last read left behind. */
void golibnl_pump_drop(struct golibnl_pump *p)
{
	free(p->big);
	p->big = NULL;
}
