/* SPDX-License-Identifier: MIT */
/*
 * The C of package libnl: what it includes, the oldest libnl it takes, what cgo_helpers.c offers,
 * and shims without state. Every Go file of the package includes this header and nothing else.
 */
#ifndef GOLIBNL_CGO_HELPERS_H
#define GOLIBNL_CGO_HELPERS_H

#ifndef __linux__
#error "golibnl works on Linux only: netlink is a Linux interface"
#endif

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <linux/netlink.h>

#include <netlink/netlink.h>
#include <netlink/addr.h>
#include <netlink/attr.h>
#include <netlink/cache.h>
#include <netlink/data.h>
#include <netlink/errno.h>
#include <netlink/handlers.h>
#include <netlink/msg.h>
#include <netlink/object.h>
#include <netlink/socket.h>
#include <netlink/utils.h>
#include <netlink/version.h>

#if LIBNL_VER_NUM < LIBNL_VER(3, 7)
#error "golibnl needs libnl 3.7.0 or newer; pkg-config found an older libnl-3.0 (scripts/setup names the packages)"
#endif

/*
 * One call of libnl that may call back into Go. Frames of one thread form a list, innermost first;
 * it tells callbacks which call they belong to, and Go whether it runs inside one.
 */
struct golibnl_frame {
	struct golibnl_frame *prev;
	struct nl_sock *sk;
	struct nl_cb *cb;	/* the Go callback set in force */
	uintptr_t call;		/* Go's record of the call */
	int roles;		/* GOLIBNL_RECV, GOLIBNL_SEND: what the call does with the socket */
	int where;		/* enum golibnl_where */
	int depth;
	int recv_hook;		/* the callback set has a receive hook in Go */
	int locked;		/* the call holds Go's lock of objects, but not while it waits or calls back */
	int guest;		/* no call of Go's: C calls libnl, which calls Go back; see golibnl_suspend() */
	int recv_errno;		/* errno of the last receive, 0 if it went well, -1 if a hook of C's received */
	int out_owned;		/* libnl, not the caller, owns the message that is being sent */

	/* What libnl's C frames own while a callback runs; see golibnl_abandon(). */
	struct nl_msg *msg;
	unsigned char *buf;
	struct ucred *creds;
	struct nl_cb *clone;
	struct nl_object *obj;
	struct nl_cache_ops *ops;
};

/* What of the user's a frame is running. */
enum golibnl_where {
	GOLIBNL_NOWHERE,	/* nothing: libnl itself */
	GOLIBNL_IN_CALLBACK,	/* a message, error, object or send callback */
	GOLIBNL_IN_HOOK,	/* a receive hook: receiving is its job */
};

#define GOLIBNL_RECV 1
#define GOLIBNL_SEND 2

/* Or'ed to recv_hook, where a call takes that. */
#define GOLIBNL_LOCKED 2
#define GOLIBNL_NOT_OURS 4 /* the receive hook of the callback set may be C's */

/*
 * Deeper than this, calls from callbacks of calls from callbacks are refused, since the C stack is finite:
 * the result is then GOLIBNL_TOO_DEEP, which is no code of libnl's.
 */
#define GOLIBNL_MAX_DEPTH 32
#define GOLIBNL_TOO_DEEP (-1000000)

struct golibnl_ret {
	int ret;
	int err; /* errno of the system call that made ret negative, else 0 */
};

/*
 * Where the calling thread is within its innermost call that has one of the roles on a socket, -1 if it is in none;
 * and how many of its calls use a callback set.
 */
int golibnl_where(const struct nl_sock *sk, int roles);
unsigned int golibnl_frames_with(const struct nl_cb *cb);
void golibnl_abandon(void);

/* The call of C's that the running callback belongs to uses cb; and whether one on this thread does, in a callback. */
void golibnl_guest_uses(struct nl_cb *cb);
int golibnl_guest_with(const struct nl_cb *cb);

struct nl_sock *golibnl_socket_alloc(struct nl_cb **cb);
struct nl_cb *golibnl_cb_alloc(enum nl_cb_kind kind);
int golibnl_cb_set(struct nl_cb *cb, enum nl_cb_type type, enum nl_cb_kind kind, uintptr_t handle);
int golibnl_cb_err(struct nl_cb *cb, enum nl_cb_kind kind, uintptr_t handle);
enum {
	GOLIBNL_RECV_NONE,	/* libnl's own receive */
	GOLIBNL_RECV_OURS,	/* the same, with what the frames need */
	GOLIBNL_RECV_GO,	/* a hook in Go */
};
void golibnl_cb_overwrite_recv(struct nl_cb *cb, int what);
void golibnl_cb_overwrite_recvmsgs(struct nl_cb *cb, int on);
void golibnl_cb_overwrite_send(struct nl_cb *cb, int on);

struct golibnl_ret golibnl_recvmsgs_report(struct nl_sock *sk, struct nl_cb *cb, uintptr_t call, int recv_hook);
struct golibnl_ret golibnl_recvmsgs(struct nl_sock *sk, struct nl_cb *cb, uintptr_t call, int recv_hook);
struct golibnl_ret golibnl_recvmsgs_default(struct nl_sock *sk, struct nl_cb *cb, uintptr_t call, int recv_hook);
struct golibnl_ret golibnl_wait_for_ack(struct nl_sock *sk, struct nl_cb *cb, uintptr_t call, int recv_hook);
struct golibnl_ret golibnl_send(struct nl_sock *sk, struct nl_cb *cb, uintptr_t call, struct nl_msg *msg);
struct golibnl_ret golibnl_send_auto(struct nl_sock *sk, struct nl_cb *cb, uintptr_t call, struct nl_msg *msg);
struct golibnl_ret golibnl_send_sync(struct nl_sock *sk, struct nl_cb *cb, uintptr_t call, int recv_hook,
				     struct nl_msg *msg);
struct golibnl_ret golibnl_send_simple(struct nl_sock *sk, struct nl_cb *cb, uintptr_t call, int type, int flags,
				       void *buf, size_t size);
struct golibnl_ret golibnl_send_iovec(struct nl_sock *sk, struct nl_cb *cb, uintptr_t call, struct nl_msg *msg,
				      struct iovec *iov, unsigned int iovlen);
struct golibnl_ret golibnl_sendmsg(struct nl_sock *sk, struct nl_cb *cb, uintptr_t call, struct nl_msg *msg,
				   struct sockaddr_nl *name, struct iovec *iov, size_t iovlen, void *control,
				   size_t controllen);
struct golibnl_ret golibnl_pickup(struct nl_sock *sk, struct nl_cb *cb, uintptr_t call, int recv_hook,
				  int *syserr);
/* A function of another package, which runs in a call on a socket. */
typedef int (*golibnl_run_fn)(struct nl_sock *sk, void *arg);
struct golibnl_ret golibnl_exchange(struct nl_sock *sk, struct nl_cb *cb, uintptr_t call, int roles, int recv_hook,
				    golibnl_run_fn run, void *arg);

typedef int (*golibnl_handle_fn)(struct nl_msg *msg, void *arg);
int golibnl_handle(struct nl_msg *msg, uintptr_t call, golibnl_handle_fn run, void *arg);

/* What a function needs, in another package, that C calls and that calls Go: see the functions of these names. */
struct golibnl_trampolines {
	int (*suspend)(int where);
	void (*resume)(int before);
	uintptr_t (*current_call)(void);
};
extern const struct golibnl_trampolines golibnl_trampolines;

int golibnl_msg_parse(struct nl_msg *msg, uintptr_t call, uintptr_t handle);

/* A function of netlink/cache.h that waits and calls back. */
enum {
	GOLIBNL_CACHE_REFILL,
	GOLIBNL_CACHE_PICKUP,
	GOLIBNL_CACHE_PICKUP_CHECKDUP,
	GOLIBNL_CACHE_RESYNC,
	GOLIBNL_CACHE_RESYNC_V2,
	GOLIBNL_MNGR_ADD,
	GOLIBNL_MNGR_ADD_V2,
	GOLIBNL_MNGR_DATA_READY,
	GOLIBNL_MNGR_POLL,
};
struct golibnl_cache_args {
	int what;
	struct nl_cache *cache;
	struct nl_cache_mngr *mngr;
	uintptr_t handle;
};
struct golibnl_ret golibnl_cache_call(struct nl_sock *sk, struct nl_cb *cb, uintptr_t call, int roles, int recv_hook,
				      struct golibnl_cache_args args);
int golibnl_cache_include(struct nl_cache *cache, struct nl_object *obj, uintptr_t call, uintptr_t handle, int v2);
int golibnl_mngr_add(struct golibnl_cache_args args);

/* The objects of a cache, with a reference each, or the registered operations; golibnl_objects_put() or free() ends them. */
struct nl_object **golibnl_cache_objects(struct nl_cache *cache, struct nl_object *filter, size_t *n);
void golibnl_objects_put(struct nl_object **all, size_t n);
struct nl_cache_ops **golibnl_cache_ops(size_t *n);
int golibnl_cache_move(struct nl_cache *cache, struct nl_object *obj);
int golibnl_wait_readable(int fd, int timeout);

/* What libnl 3.7.0 does not have; NULL where the library that the process runs with does not either. See cgo_newer.c. */
struct golibnl_newer {
	/* since 3.10 */
	int (*nl_cache_mngr_alloc_ex)(struct nl_sock *, struct nl_sock *, int, int, struct nl_cache_mngr **);
	/* since 3.11 */
	int64_t (*nla_get_sint)(const struct nlattr *);
	uint64_t (*nla_get_uint)(const struct nlattr *);
	int (*nla_put_sint)(struct nl_msg *, int, int64_t);
	int (*nla_put_uint)(struct nl_msg *, int, uint64_t);
	/* since 3.12 */
	int (*nl_cache_resync_v2)(struct nl_sock *, struct nl_cache *, change_func_v2_t, void *);
};
extern struct golibnl_newer golibnl_newer;
void golibnl_find_newer(void);

static inline int golibnl_mngr_alloc_ex(struct nl_sock *sk, struct nl_sock *sync_sk, int protocol, int flags,
					struct nl_cache_mngr **mngr)
{
	return golibnl_newer.nl_cache_mngr_alloc_ex(sk, sync_sk, protocol, flags, mngr);
}

static inline int64_t golibnl_get_sint(const struct nlattr *attr)
{
	return golibnl_newer.nla_get_sint(attr);
}

static inline uint64_t golibnl_get_uint(const struct nlattr *attr)
{
	return golibnl_newer.nla_get_uint(attr);
}

static inline int golibnl_put_sint(struct nl_msg *msg, int type, int64_t value)
{
	return golibnl_newer.nla_put_sint(msg, type, value);
}

static inline int golibnl_put_uint(struct nl_msg *msg, int type, uint64_t value)
{
	return golibnl_newer.nla_put_uint(msg, type, value);
}

/* Where a message has its bytes, and for how many there is room. */
struct golibnl_room {
	struct nlmsghdr *head;
	size_t size;
};

static inline struct golibnl_room golibnl_room(struct nl_msg *msg)
{
	struct golibnl_room room = { nlmsg_hdr(msg), nlmsg_get_max_size(msg) };

	return room;
}

/* A new message, in one call of C; msg is NULL if there is none. */
struct golibnl_made {
	struct nl_msg *msg;
	struct golibnl_room room;
};

static inline struct golibnl_made golibnl_made(struct nl_msg *msg)
{
	struct golibnl_made made = { .msg = msg };

	if (msg)
		made.room = golibnl_room(msg);
	return made;
}

static inline struct golibnl_made golibnl_alloc(void)
{
	return golibnl_made(nlmsg_alloc());
}

static inline struct golibnl_made golibnl_alloc_size(size_t size)
{
	return golibnl_made(nlmsg_alloc_size(size));
}

static inline struct golibnl_made golibnl_alloc_simple(int type, int flags)
{
	return golibnl_made(nlmsg_alloc_simple(type, flags));
}

int golibnl_msg_dump(struct nl_msg *msg, char **text, size_t *len);
int golibnl_parse(int32_t *offs, int maxtype, const void *head, int len, const struct nla_policy *policy);

/* Bytes that may be too few for the struct go to C as void *: in Go the cast alone would be wrong. */
static inline int golibnl_validate(const void *head, int len, int maxtype, const struct nla_policy *policy)
{
	return nla_validate((const struct nlattr *)head, len, maxtype, policy);
}

/* Offsets instead of pointers: what C returns must not be a pointer into Go memory. -1 is NULL. */
static inline int golibnl_find(const void *head, int len, int type)
{
	const struct nlattr *a = nla_find((const struct nlattr *)head, len, type);

	return a ? (int)((const char *)a - (const char *)head) : -1;
}

static inline int golibnl_attr_off(struct nl_msg *msg, const void *attr)
{
	return attr ? (int)((const char *)attr - (const char *)nlmsg_hdr(msg)) : -1;
}

static inline int golibnl_put(struct nl_msg *msg, uint32_t pid, uint32_t seq, int type, int payload, int flags)
{
	return nlmsg_put(msg, pid, seq, type, payload, flags) ? 0 : -NLE_NOMEM;
}

static inline int golibnl_reserve(struct nl_msg *msg, size_t len, int pad)
{
	return golibnl_attr_off(msg, nlmsg_reserve(msg, len, pad));
}

static inline int golibnl_nla_reserve(struct nl_msg *msg, int type, int len)
{
	return golibnl_attr_off(msg, nla_reserve(msg, type, len));
}

static inline int golibnl_nest_start(struct nl_msg *msg, int type)
{
	return golibnl_attr_off(msg, nla_nest_start(msg, type));
}

/*
 * Whether a nest that was started at off can be ended or cancelled: it lies within the message, and what follows it
 * fits when it is padded. nla_nest_end() aborts, and nla_nest_cancel() wraps, where this says no. The padding is done
 * here, since nlmsg_append() may have left none.
 */
static inline int golibnl_nest_ready(struct nl_msg *msg, int off)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	size_t len = NLMSG_ALIGN((size_t)nlh->nlmsg_len);

	if (off < NLMSG_HDRLEN || (size_t)off + NLA_HDRLEN > len || len > nlmsg_get_max_size(msg))
		return 0;
	memset((char *)nlh + nlh->nlmsg_len, 0, len - nlh->nlmsg_len);
	nlh->nlmsg_len = len;
	return 1;
}

#define GOLIBNL_NOT_READY INT_MIN

static inline struct nlattr *golibnl_attr_at(struct nl_msg *msg, int off)
{
	return (struct nlattr *)((char *)nlmsg_hdr(msg) + off);
}

static inline int golibnl_nest_end(struct nl_msg *msg, int off)
{
	return golibnl_nest_ready(msg, off) ? nla_nest_end(msg, golibnl_attr_at(msg, off)) : GOLIBNL_NOT_READY;
}

static inline int golibnl_nest_end_keep_empty(struct nl_msg *msg, int off)
{
	return golibnl_nest_ready(msg, off) ? nla_nest_end_keep_empty(msg, golibnl_attr_at(msg, off)) : GOLIBNL_NOT_READY;
}

static inline int golibnl_nest_cancel(struct nl_msg *msg, int off)
{
	if (!golibnl_nest_ready(msg, off))
		return GOLIBNL_NOT_READY;
	nla_nest_cancel(msg, golibnl_attr_at(msg, off));
	return 0;
}

/* nlmsg_expand() leaves the new room as realloc() gives it; messages begin zeroed, and go to the kernel. */
static inline int golibnl_expand(struct nl_msg *msg, size_t size)
{
	size_t before = nlmsg_get_max_size(msg);
	int err = nlmsg_expand(msg, size);

	if (err >= 0)
		memset((char *)nlmsg_hdr(msg) + before, 0, size - before);
	return err;
}

static inline void golibnl_set_debug(int level)
{
	__atomic_store_n(&nl_debug, level, __ATOMIC_RELAXED);
}

/* For addr.h, utils.h and object.h. */
#include <netdb.h>
#include <netinet/in.h>

/*
 * A dump into memory: the parameters, the text so far, and where in it the lines begin that nl_new_line() announced.
 * What a callback in Go has to say at the beginning of those lines is put in afterwards.
 */
struct golibnl_dump {
	struct nl_dump_params dp;
	char *text;
	size_t len;
	struct golibnl_dump_line {
		size_t off;
		int line;
	} *lines;
	size_t nlines;
	int failed;
};

static inline void golibnl_dump_mark(struct nl_dump_params *dp, int line)
{
	struct golibnl_dump *d = (struct golibnl_dump *)dp->dp_data;
	void *p = realloc(d->lines, (d->nlines + 1) * sizeof(*d->lines));

	if (!p || fflush(dp->dp_fd)) {
		d->failed = 1;
		d->lines = p ? (struct golibnl_dump_line *)p : d->lines;
		return;
	}
	d->lines = (struct golibnl_dump_line *)p;
	d->lines[d->nlines].off = d->len;
	d->lines[d->nlines++].line = line;
}

static inline struct golibnl_dump *golibnl_dump_open(int lines)
{
	struct golibnl_dump *d = (struct golibnl_dump *)calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->dp.dp_data = d;
	d->dp.dp_nl_cb = lines ? golibnl_dump_mark : NULL;
	d->dp.dp_fd = open_memstream(&d->text, &d->len);
	if (!d->dp.dp_fd) {
		free(d);
		return NULL;
	}
	return d;
}

/* Ends the text, which from then on is d->text. */
static inline int golibnl_dump_close(struct golibnl_dump *d)
{
	FILE *f = d->dp.dp_fd;
	int bad = !f || ferror(f) || d->failed;

	d->dp.dp_fd = NULL;
	return (f && fclose(f)) || bad ? -1 : 0;
}

static inline void golibnl_dump_free(struct golibnl_dump *d)
{
	if (d->dp.dp_fd)
		fclose(d->dp.dp_fd);
	free(d->text);
	free(d->lines);
	free(d);
}

static inline void golibnl_dump_text(struct nl_dump_params *dp, int line, const char *text)
{
	if (line)
		nl_dump_line(dp, "%s", text);
	else
		nl_dump(dp, "%s", text);
}

#endif
