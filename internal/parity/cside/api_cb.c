/* SPDX-License-Identifier: MIT */
/* Callback sets, and the callbacks of calls: each has a tag, and returns results in turn. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"

static struct item queue[MAX_QUEUE];
static int head, tail;
static struct hook *hooks;

/* TAG:RESULT,RESULT... */
struct hook *hook_arg(const struct step *s, int word)
{
	struct hook *h = calloc(1, sizeof(*h));
	char copy[256], *save, *w;

	if (word >= s->n)
		die(s, "a callback is missing", s->word[0]);
	snprintf(copy, sizeof(copy), "%s", s->word[word]);
	w = strtok_r(copy, ":", &save);
	snprintf(h->tag, sizeof(h->tag), "%s", w);
	while ((w = strtok_r(NULL, ",", &save)) && h->slot.n < MAX_RESULTS)
		h->slot.r[h->slot.n++] = result_of(s, w);
	if (!h->slot.n)
		h->slot.n = 1;
	h->next = hooks;
	hooks = h;
	return h;
}

void forget_hooks(void)
{
	struct hook *next;

	for (; hooks; hooks = next) {
		next = hooks->next;
		free(hooks);
	}
	for (; head < tail; head++)
		free(queue[head].buf);
	head = tail = 0;
	forget_shadows();
}

int next_result(struct hook *h)
{
	struct slot *p = &h->slot;
	int r = p->r[p->used < p->n ? p->used : p->n - 1].value;

	p->used++;
	if (r >= 0 && r <= 2)
		trace(" -> %s\n", r == NL_OK ? "OK" : r == NL_SKIP ? "SKIP" : "STOP");
	else
		trace(r == WHOLE ? " -> WHOLE\n" : " -> %d\n", r);
	return r;
}

int hook_msg(struct nl_msg *msg, void *arg)
{
	struct hook *h = arg;

	trace("cb %s", h->tag);
	trace_msg(msg);
	return next_result(h);
}

int hook_err(struct sockaddr_nl *nla, struct nlmsgerr *e, void *arg)
{
	struct hook *h = arg;

	trace("cb %s error=%d", h->tag, e->error);
	trace_head((struct nlmsghdr *)((char *)e - NLMSG_HDRLEN));
	trace_addr(nla);
	return next_result(h);
}

static int hook_recv(struct nl_sock *sk, struct sockaddr_nl *nla, unsigned char **buf, struct ucred **creds)
{
	struct item *i = &queue[head];

	(void)creds;
	trace("receive for %s", name_of(K_SOCKET, sk));
	if (head == tail) {
		trace(" = %d\n", -NLE_AGAIN);
		return -NLE_AGAIN;
	}
	head++;
	trace(" = %d\n", i->n);
	*nla = i->from;
	*buf = i->buf;
	return i->n;
}

static struct hook *looper;

int hook_send(struct nl_sock *sk, struct nl_msg *msg)
{
	struct hook *h = send_hook_of(sk);
	int ret;

	trace("cb %s for %s", h->tag, name_of(K_SOCKET, sk));
	trace_msg(msg);
	ret = next_result(h);
	return ret == WHOLE ? (int)nlmsg_hdr(msg)->nlmsg_len : ret;
}

static int hook_loop(struct nl_sock *sk, struct nl_cb *cb)
{
	trace("cb %s for %s with %s", looper->tag, name_of(K_SOCKET, sk), name_of(K_CB, cb));
	return next_result(looper);
}

static enum nl_cb_kind kind_of(const struct step *s, int word)
{
	static const char *const names[] = { "default", "verbose", "debug", "custom" };

	for (int i = 0; i < 4; i++)
		if (!strcmp(s->word[word], names[i]))
			return i;
	return (enum nl_cb_kind)number(s, s->word[word]);
}

static int type_of(const struct step *s, int word)
{
	return *s->word[word] >= 'A' ? slot_of(s, s->word[word]) : num(s, word);
}

static void alloc(const struct step *s)
{
	struct nl_cb *cb = nl_cb_alloc(kind_of(s, 2));

	if (cb)
		shadow_new_cb(cb);
	else
		say(" = none");
	name_thing(s, 1, K_CB, cb);
}

static void clone(const struct step *s)
{
	struct nl_cb *cb = nl_cb_clone(CB(2));

	shadow_clone(cb, CB(2));
	name_thing(s, 1, K_CB, cb);
}

static void get(const struct step *s)
{
	name_thing(s, 1, K_CB, nl_cb_get(CB(2)));
}

static void put(const struct step *s)
{
	nl_cb_put(CB(1));
	forget_thing(s, 1, K_CB);
}

static nl_recvmsg_msg_cb_t msg_func(enum nl_cb_kind kind)
{
	return kind == NL_CB_CUSTOM ? hook_msg : NULL;
}

static nl_recvmsg_err_cb_t err_func(enum nl_cb_kind kind)
{
	return kind == NL_CB_CUSTOM ? hook_err : NULL;
}

static struct hook *arg_of(const struct step *s, int word, enum nl_cb_kind kind)
{
	return kind == NL_CB_CUSTOM ? hook_arg(s, word) : NULL;
}

/* nl_cb_set C TYPE KIND [TAG:RESULT,...] */
static void set(const struct step *s)
{
	enum nl_cb_kind kind = kind_of(s, 3);
	struct hook *h = arg_of(s, 4, kind);

	if (type_of(s, 2) == NL_CB_MSG_OUT)
		shadow_msg_out(CB(1), h);
	say_ret(nl_cb_set(CB(1), type_of(s, 2), kind, msg_func(kind), h));
}

static void set_all(const struct step *s)
{
	enum nl_cb_kind kind = kind_of(s, 2);
	struct hook *h = arg_of(s, 3, kind);

	shadow_msg_out(CB(1), h);
	say_ret(nl_cb_set_all(CB(1), kind, msg_func(kind), h));
}

static void err(const struct step *s)
{
	enum nl_cb_kind kind = kind_of(s, 2);

	say_ret(nl_cb_err(CB(1), kind, err_func(kind), arg_of(s, 3, kind)));
}

/* The set of a socket, without a reference. */
static struct nl_cb *cb_of(struct nl_sock *sk)
{
	struct nl_cb *cb = nl_socket_get_cb(sk);

	nl_cb_put(cb);
	return cb;
}

static void modify_cb(const struct step *s)
{
	enum nl_cb_kind kind = kind_of(s, 3);
	struct hook *h = arg_of(s, 4, kind);

	if (type_of(s, 2) == NL_CB_MSG_OUT)
		shadow_msg_out(cb_of(SOCK(1)), h);
	say_ret(nl_socket_modify_cb(SOCK(1), type_of(s, 2), kind, msg_func(kind), h));
}

static void modify_err_cb(const struct step *s)
{
	enum nl_cb_kind kind = kind_of(s, 2);

	say_ret(nl_socket_modify_err_cb(SOCK(1), kind, err_func(kind), arg_of(s, 3, kind)));
}

/* nl_cb_overwrite_recv C inject|none: what inject has queued is received. */
static void overwrite_recv(const struct step *s)
{
	nl_cb_overwrite_recv(CB(1), strcmp(s->word[2], "none") ? hook_recv : NULL);
}

static void overwrite_send(const struct step *s)
{
	struct hook *h = strcmp(s->word[2], "none") ? hook_arg(s, 2) : NULL;

	shadow_send(CB(1), h);
	nl_cb_overwrite_send(CB(1), h ? hook_send : NULL);
}

static void overwrite_recvmsgs(const struct step *s)
{
	looper = strcmp(s->word[2], "none") ? hook_arg(s, 2) : NULL;
	nl_cb_overwrite_recvmsgs(CB(1), looper ? hook_loop : NULL);
}

static void active_type(const struct step *s)
{
	int active = nl_cb_active_type(CB(1));

	say(" = %s", active <= NL_CB_TYPE_MAX ? slot_name(active) : "none");
}

static void set_cb(const struct step *s)
{
	nl_socket_set_cb(SOCK(1), CB(2));
}

static void get_cb(const struct step *s)
{
	name_thing(s, 1, K_CB, nl_socket_get_cb(SOCK(2)));
}

/* Whether two names are of one set. */
static void same_cb(const struct step *s)
{
	say(" = %d", CB(1) == CB(2));
}

/* inject MESSAGE...: one datagram, for the receive hook. */
static void inject(const struct step *s)
{
	int len;
	struct nlmsghdr *h = stream_arg(s, 1, &len);

	if (head == tail)
		head = tail = 0;
	queue[tail].n = len;
	queue[tail].from.nl_family = AF_NETLINK;
	queue[tail].buf = malloc(len + 1);
	memcpy(queue[tail++].buf, h, len);
}

const struct verb cb_verbs[] = {
	{ "nl_cb_alloc", 3, alloc },
	{ "nl_cb_clone", 3, clone },
	{ "nl_cb_get", 3, get },
	{ "nl_cb_put", 2, put },
	{ "nl_cb_set", 4, set },
	{ "nl_cb_set_all", 3, set_all },
	{ "nl_cb_err", 3, err },
	{ "nl_socket_modify_cb", 4, modify_cb },
	{ "nl_socket_modify_err_cb", 3, modify_err_cb },
	{ "nl_cb_overwrite_recv", 3, overwrite_recv },
	{ "nl_cb_overwrite_send", 3, overwrite_send },
	{ "nl_cb_overwrite_recvmsgs", 3, overwrite_recvmsgs },
	{ "nl_cb_active_type", 2, active_type },
	{ "nl_socket_set_cb", 3, set_cb },
	{ "nl_socket_get_cb", 3, get_cb },
	{ "same_cb", 3, same_cb },
	{ "inject", 2, inject },
	{ NULL, 0, NULL },
};
