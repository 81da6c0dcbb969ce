/* SPDX-License-Identifier: MIT */
/*
 * The C with state or an address: the calls that may call back, and the functions that libnl calls back.
 */
#include "cgo_frames.h"
#include "_cgo_export.h"

static const struct golibnl_ret too_deep = { .ret = GOLIBNL_TOO_DEEP };

/*
 * What a system call under a function that receives said: only a failed receive counts. Where a hook of C's may have
 * received, errno is what it left, since trampolines leave it at 0.
 */
static struct golibnl_ret leave_recv(struct golibnl_frame *f, int ret)
{
	struct golibnl_ret r = { .ret = ret, .err = ret < 0 ? f->recv_errno : 0 };

	if (r.err < 0)
		r.err = errno;
	golibnl_top = f->prev;
	return r;
}

/* What a system call under a function that sends said: trampolines leave errno at 0, so it is this call's own. */
static struct golibnl_ret leave_send(struct golibnl_frame *f, int ret)
{
	struct golibnl_ret r = { .ret = ret, .err = ret < 0 ? errno : 0 };

	golibnl_top = f->prev;
	return r;
}

static int on_msg(struct nl_msg *msg, void *arg)
{
	int before = golibnl_suspend(GOLIBNL_IN_CALLBACK), ret;

	golibnl_top->msg = msg; /* recvmsgs() made it of what was received, and owns it */
	ret = golibnlMsgCb((uintptr_t)arg, golibnl_current_call(), msg, nlmsg_hdr(msg));
	golibnl_top->msg = NULL;
	golibnl_resume(before);
	return ret;
}

/* A message is about to be sent: what the same call may have received before is gone. */
static void sending(struct nl_msg *msg)
{
	golibnl_top->buf = NULL;
	golibnl_top->creds = NULL;
	if (golibnl_top->out_owned)
		golibnl_top->msg = msg;
}

static int on_msg_out(struct nl_msg *msg, void *arg)
{
	int before = golibnl_suspend(GOLIBNL_IN_CALLBACK), ret;

	sending(msg);
	ret = golibnlMsgCb((uintptr_t)arg, golibnl_current_call(), msg, nlmsg_hdr(msg));
	golibnl_top->msg = NULL;
	golibnl_resume(before);
	return ret;
}

static int on_err(struct sockaddr_nl *nla, struct nlmsgerr *err, void *arg)
{
	int before = golibnl_suspend(GOLIBNL_IN_CALLBACK), ret;

	ret = golibnlErrCb((uintptr_t)arg, golibnl_current_call(), nla, err);
	golibnl_resume(before);
	return ret;
}

static int receive(struct golibnl_frame *f, struct nl_sock *sk, struct sockaddr_nl *nla, unsigned char **buf,
		   struct ucred **creds)
{
	int before, n;

	f->buf = NULL;
	f->creds = NULL;
	errno = 0;
	if (f->recv_hook) {
		before = golibnl_suspend(GOLIBNL_IN_HOOK);
		n = golibnlRecvHook(f->call, sk, nla, buf, creds, &f->recv_errno);
		golibnl_resume(before);
	} else {
		if (f->locked)
			golibnlObjects(0);
		errno = 0;
		n = nl_recv(sk, nla, buf, creds);
		f->recv_errno = n < 0 ? errno : 0;
		if (f->locked)
			golibnlObjects(1);
		errno = f->recv_errno;
	}
	if (n > 0) {
		f->buf = *buf;
		f->creds = *creds;
	}
	return n;
}

/*
 * The receive hook of every callback set that Go makes. It does what libnl does without one, and keeps what only this
 * place knows: the errno of the receive, and the buffer that recvmsgs() owns while callbacks run.
 */
static int on_recv(struct nl_sock *sk, struct sockaddr_nl *nla, unsigned char **buf, struct ucred **creds)
{
	struct golibnl_frame *f = golibnl_top;

	if (golibnl_called_by_c() || f->sk != sk)
		return nl_recv(sk, nla, buf, creds);
	return receive(f, sk, nla, buf, creds);
}

/* The same for a set with a hook in Go, which is called when C receives, too. */
static int on_recv_go(struct nl_sock *sk, struct sockaddr_nl *nla, unsigned char **buf, struct ucred **creds)
{
	struct golibnl_frame *f = golibnl_top;
	int before, n, err;

	if (!golibnl_called_by_c() && f->sk == sk)
		return receive(f, sk, nla, buf, creds);
	before = golibnl_suspend(GOLIBNL_IN_HOOK);
	n = golibnlRecvHook(golibnl_current_call(), sk, nla, buf, creds, &err);
	golibnl_resume(before);
	errno = err;
	return n;
}

static int on_recvmsgs(struct nl_sock *sk, struct nl_cb *cb)
{
	int before = golibnl_suspend(GOLIBNL_IN_HOOK), ret;

	ret = golibnlRecvmsgsHook(golibnl_current_call(), sk, cb);
	golibnl_resume(before);
	return ret;
}

static int on_send(struct nl_sock *sk, struct nl_msg *msg)
{
	int before = golibnl_suspend(GOLIBNL_IN_CALLBACK), ret;

	sending(msg);
	ret = golibnlSendHook(golibnl_current_call(), sk, msg);
	golibnl_top->msg = NULL;
	golibnl_resume(before);
	return ret;
}

struct nl_cb *golibnl_cb_alloc(enum nl_cb_kind kind)
{
	struct nl_cb *cb = nl_cb_alloc(kind);

	if (cb)
		nl_cb_overwrite_recv(cb, on_recv);
	return cb;
}

/* *cb gets a reference of its own to the set that nl_socket_alloc() made, in the kind that NLCB asks for. */
struct nl_sock *golibnl_socket_alloc(struct nl_cb **cb)
{
	struct nl_sock *sk = nl_socket_alloc();

	if (sk) {
		*cb = nl_socket_get_cb(sk);
		nl_cb_overwrite_recv(*cb, on_recv);
	}
	return sk;
}

int golibnl_cb_set(struct nl_cb *cb, enum nl_cb_type type, enum nl_cb_kind kind, uintptr_t handle)
{
	nl_recvmsg_msg_cb_t func = type == NL_CB_MSG_OUT ? on_msg_out : on_msg;

	return nl_cb_set(cb, type, kind, handle ? func : NULL, (void *)handle);
}

int golibnl_cb_err(struct nl_cb *cb, enum nl_cb_kind kind, uintptr_t handle)
{
	return nl_cb_err(cb, kind, handle ? on_err : NULL, (void *)handle);
}

void golibnl_cb_overwrite_recv(struct nl_cb *cb, int what)
{
	nl_cb_overwrite_recv(cb, what == GOLIBNL_RECV_GO ? on_recv_go : what == GOLIBNL_RECV_OURS ? on_recv : NULL);
}

void golibnl_cb_overwrite_recvmsgs(struct nl_cb *cb, int on)
{
	nl_cb_overwrite_recvmsgs(cb, on ? on_recvmsgs : NULL);
}

void golibnl_cb_overwrite_send(struct nl_cb *cb, int on)
{
	nl_cb_overwrite_send(cb, on ? on_send : NULL);
}

struct golibnl_ret golibnl_recvmsgs_report(struct nl_sock *sk, struct nl_cb *cb, uintptr_t call, int recv_hook)
{
	struct golibnl_frame f;

	if (golibnl_enter(&f, GOLIBNL_RECV, sk, cb, call, recv_hook))
		return too_deep;
	return leave_recv(&f, nl_recvmsgs_report(sk, cb));
}

struct golibnl_ret golibnl_recvmsgs(struct nl_sock *sk, struct nl_cb *cb, uintptr_t call, int recv_hook)
{
	struct golibnl_frame f;

	if (golibnl_enter(&f, GOLIBNL_RECV, sk, cb, call, recv_hook))
		return too_deep;
	return leave_recv(&f, nl_recvmsgs(sk, cb));
}

struct golibnl_ret golibnl_recvmsgs_default(struct nl_sock *sk, struct nl_cb *cb, uintptr_t call, int recv_hook)
{
	struct golibnl_frame f;

	if (golibnl_enter(&f, GOLIBNL_RECV, sk, cb, call, recv_hook))
		return too_deep;
	return leave_recv(&f, nl_recvmsgs_default(sk));
}

/*
 * nl_wait_for_ack(), nl_send_sync() and nl_pickup() work with a clone of the socket's callback set that nobody else ever
 * sees, so that a callback whose goroutine exits would leave it behind. They are therefore made of the same public
 * calls that libnl makes them of, in all its versions, with the clone in the frame.
 */
static int clone_cb(struct golibnl_frame *f)
{
	f->clone = nl_cb_clone(f->cb);
	return f->clone ? 0 : -NLE_NOMEM;
}

static int receive_with_clone(struct golibnl_frame *f)
{
	int ret = nl_recvmsgs(f->sk, f->clone);

	nl_cb_put(f->clone);
	f->clone = NULL;
	return ret;
}

static int on_awaited_ack(struct nl_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	return NL_STOP;
}

static int wait_for_ack(struct golibnl_frame *f)
{
	int err = clone_cb(f);

	if (err < 0)
		return err;
	nl_cb_set(f->clone, NL_CB_ACK, NL_CB_CUSTOM, on_awaited_ack, NULL);
	return receive_with_clone(f);
}

struct golibnl_ret golibnl_wait_for_ack(struct nl_sock *sk, struct nl_cb *cb, uintptr_t call, int recv_hook)
{
	struct golibnl_frame f;

	if (golibnl_enter(&f, GOLIBNL_RECV, sk, cb, call, recv_hook))
		return too_deep;
	return leave_recv(&f, wait_for_ack(&f));
}

struct golibnl_ret golibnl_send(struct nl_sock *sk, struct nl_cb *cb, uintptr_t call, struct nl_msg *msg)
{
	struct golibnl_frame f;

	if (golibnl_enter(&f, GOLIBNL_SEND, sk, cb, call, 0))
		return too_deep;
	return leave_send(&f, nl_send(sk, msg));
}

struct golibnl_ret golibnl_send_auto(struct nl_sock *sk, struct nl_cb *cb, uintptr_t call, struct nl_msg *msg)
{
	struct golibnl_frame f;

	if (golibnl_enter(&f, GOLIBNL_SEND, sk, cb, call, 0))
		return too_deep;
	return leave_send(&f, nl_send_auto(sk, msg));
}

/*
 * Whether auto-ACK is on shows in what completing a message does to it. Failing in sending, errno is the call's own;
 * failing in the receive that follows, it is the receive's.
 */
struct golibnl_ret golibnl_send_sync(struct nl_sock *sk, struct nl_cb *cb, uintptr_t call, int recv_hook,
				     struct nl_msg *msg)
{
	struct nlmsghdr *hdr = nlmsg_hdr(msg);
	int asked = hdr->nlmsg_flags & NLM_F_ACK, auto_ack, ret;
	struct golibnl_frame f;

	if (golibnl_enter(&f, GOLIBNL_SEND | GOLIBNL_RECV, sk, cb, call, recv_hook)) {
		nlmsg_free(msg); /* the caller gave it away */
		return too_deep;
	}
	hdr->nlmsg_flags &= ~NLM_F_ACK;
	nl_complete_msg(sk, msg);
	auto_ack = hdr->nlmsg_flags & NLM_F_ACK;
	hdr->nlmsg_flags |= asked;

	f.out_owned = 1;
	ret = nl_send(sk, msg);
	f.out_owned = 0;
	if (ret < 0) {
		struct golibnl_ret r = leave_send(&f, ret);

		nlmsg_free(msg);
		return r;
	}
	nlmsg_free(msg);
	return leave_recv(&f, auto_ack ? wait_for_ack(&f) : 0);
}

struct golibnl_ret golibnl_send_simple(struct nl_sock *sk, struct nl_cb *cb, uintptr_t call, int type, int flags,
				       void *buf, size_t size)
{
	struct golibnl_frame f;

	if (golibnl_enter(&f, GOLIBNL_SEND, sk, cb, call, 0))
		return too_deep;
	f.out_owned = 1;
	return leave_send(&f, nl_send_simple(sk, type, flags, buf, size));
}

struct golibnl_ret golibnl_send_iovec(struct nl_sock *sk, struct nl_cb *cb, uintptr_t call, struct nl_msg *msg,
				      struct iovec *iov, unsigned int iovlen)
{
	struct golibnl_frame f;

	if (golibnl_enter(&f, GOLIBNL_SEND, sk, cb, call, 0))
		return too_deep;
	return leave_send(&f, nl_send_iovec(sk, msg, iov, iovlen));
}

struct golibnl_ret golibnl_sendmsg(struct nl_sock *sk, struct nl_cb *cb, uintptr_t call, struct nl_msg *msg,
				   struct sockaddr_nl *name, struct iovec *iov, size_t iovlen, void *control,
				   size_t controllen)
{
	struct golibnl_frame f;
	struct msghdr hdr = {
		.msg_name = name,
		.msg_namelen = name ? sizeof(*name) : 0,
		.msg_iov = iov,
		.msg_iovlen = iovlen,
		.msg_control = control,
		.msg_controllen = controllen,
	};

	if (golibnl_enter(&f, GOLIBNL_SEND, sk, cb, call, 0))
		return too_deep;
	return leave_send(&f, nl_sendmsg(sk, msg, &hdr));
}

static int on_pickup(struct nl_msg *msg, void *arg)
{
	int before = golibnl_suspend(GOLIBNL_IN_CALLBACK), ret;

	(void)arg;
	golibnl_top->msg = msg;
	ret = golibnlPickupParser(golibnl_top->call, nlmsg_get_src(msg), nlmsg_hdr(msg));
	golibnl_top->msg = NULL;
	golibnl_resume(before);
	return ret;
}

static int on_pickup_err(struct sockaddr_nl *nla, struct nlmsgerr *err, void *arg)
{
	(void)nla;
	*(int *)arg = err->error;
	return -nl_syserr2nlerr(err->error);
}

/* syserr is NULL for nl_pickup(). */
struct golibnl_ret golibnl_pickup(struct nl_sock *sk, struct nl_cb *cb, uintptr_t call, int recv_hook, int *syserr)
{
	struct golibnl_frame f;
	int err, kernel = 0;

	if (golibnl_enter(&f, GOLIBNL_RECV, sk, cb, call, recv_hook))
		return too_deep;
	err = clone_cb(&f);
	if (err >= 0) {
		nl_cb_set(f.clone, NL_CB_VALID, NL_CB_CUSTOM, on_pickup, NULL);
		if (syserr)
			nl_cb_err(f.clone, NL_CB_CUSTOM, on_pickup_err, &kernel);
		err = receive_with_clone(&f);
	}
	if (syserr)
		*syserr = kernel;
	return leave_recv(&f, err);
}

/* run() sends, and may then receive: it fails in the one, where errno is the call's own, or in the other. */
struct golibnl_ret golibnl_exchange(struct nl_sock *sk, struct nl_cb *cb, uintptr_t call, int roles, int recv_hook,
				    golibnl_run_fn run, void *arg)
{
	struct golibnl_frame f;
	struct golibnl_ret r;

	if (golibnl_enter(&f, roles, sk, cb, call, recv_hook))
		return too_deep;
	f.out_owned = 1;
	f.recv_errno = -1; /* no receive yet */
	r = leave_send(&f, run(sk, arg));
	if (r.ret < 0 && f.recv_errno >= 0)
		r.err = f.recv_errno;
	return r;
}

int golibnl_handle(struct nl_msg *msg, uintptr_t call, golibnl_handle_fn run, void *arg)
{
	struct golibnl_frame f;
	int ret;

	if (golibnl_enter(&f, 0, NULL, NULL, call, 0))
		return GOLIBNL_TOO_DEEP;
	ret = run(msg, arg);
	golibnl_top = f.prev;
	return ret;
}

/* The copy has room for the padding of a last attribute without one, which nl_msg_dump() prints all the same. */
int golibnl_msg_dump(struct nl_msg *msg, char **text, size_t *len)
{
	struct nl_msg *copy = nlmsg_convert(nlmsg_hdr(msg));
	FILE *f = copy ? open_memstream(text, len) : NULL;

	if (f) {
		nlmsg_set_proto(copy, nlmsg_get_proto(msg));
		nl_msg_dump(copy, f);
	}
	nlmsg_free(copy);
	return f ? fclose(f) : -1;
}

/* nla_parse() with offsets from head in the place of pointers, -1 for an attribute that is not there. */
int golibnl_parse(int32_t *offs, int maxtype, const void *head, int len, const struct nla_policy *policy)
{
	struct nlattr **tb = calloc((size_t)maxtype + 1, sizeof(*tb));
	int i, err;

	if (!tb)
		return -NLE_NOMEM;
	err = nla_parse(tb, maxtype, (struct nlattr *)head, len, policy);
	for (i = 0; i <= maxtype; i++)
		offs[i] = tb[i] ? (int32_t)((char *)tb[i] - (char *)head) : -1;
	free(tb);
	return err;
}
