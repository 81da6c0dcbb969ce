/* SPDX-License-Identifier: MIT */
/* The calls of libnl that a scenario can make. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "side.h"

/* The errno counts if libnl would make the result of it: a kernel error, say, leaves an old one alone. */
static void trace_ret(const char *name, int ret, int err)
{
	trace("call %s = %d", name, ret);
	if (ret < 0 && err && -nl_syserr2nlerr(err) == ret)
		trace(" errno=%d", err);
	trace("\n");
}

/* What the peer got is what the kernel was handed. */
void drain_peer(void)
{
	static unsigned char buf[MAX_BYTES];
	int before = errno, n;

	if (st.over == USERSOCK)
		while ((n = recv(st.peer_fd, buf, sizeof(buf), MSG_DONTWAIT)) >= 0)
			trace_stream("wire", buf, n);
	errno = before;
}

static struct nl_msg *message(const struct step *s)
{
	static struct made m;
	struct nl_msg *msg;

	if (s->n < 3)
		die(s, "no message to send", s->word[1]);
	if (!strcmp(s->word[2], "again")) {
		nlmsg_get(st.sent);
		return st.sent;
	}
	make(s, s->word[2], &m);
	msg = nlmsg_alloc_simple(m.type, m.flags);
	nlmsg_append(msg, m.payload, m.len, NLMSG_ALIGNTO);
	nlmsg_hdr(msg)->nlmsg_seq = m.seq;
	nlmsg_hdr(msg)->nlmsg_pid = m.pid;
	nlmsg_free(st.sent);
	nlmsg_get(msg);
	st.sent = msg;
	return msg;
}

static int send_simple(const struct step *s)
{
	static struct made m;

	make(s, s->word[2], &m);
	return nl_send_simple(st.sk, m.type, m.flags, m.payload, m.len);
}

static int sendto_raw(const struct step *s)
{
	static unsigned char buf[2 * MAX_BYTES];
	static struct made m;

	make(s, s->word[2], &m);
	return nl_sendto(st.sk, buf, flatten(&m, buf));
}

static int send_msg(const struct step *s, int (*f)(struct nl_sock *, struct nl_msg *))
{
	struct nl_msg *msg = message(s);
	int ret;

	errno = 0;
	ret = f(st.sk, msg);
	nlmsg_free(msg);
	return ret;
}

static int send_sync(const struct step *s)
{
	struct nl_msg *msg = message(s);

	/* It frees the message, and no other reference may be left to see that. */
	nlmsg_free(st.sent);
	st.sent = NULL;
	errno = 0;
	st.mode = MODE_WAIT_FOR_ACK;
	return nl_send_sync(st.sk, msg);
}

static int parse(struct nl_cache_ops *ops, struct sockaddr_nl *who, struct nlmsghdr *h, struct nl_parser_param *pp)
{
	(void)ops;
	(void)pp;
	return run_parser(who, h);
}

static int pickup(int keep)
{
	struct nl_object *obj = NULL;
	int syserr = 0, ret;

	st.mode = keep ? MODE_PICKUP_SYSERR : MODE_PICKUP;
	st.syserr = 0;
	if (!keep)
		return nl_pickup(st.sk, parse, &obj);
	ret = nl_pickup_keep_syserr(st.sk, parse, &obj, &syserr);
	trace("syserr %d\n", -(own ? st.syserr : syserr));
	return ret;
}

/* nl_recv() itself, without any loop. */
static int receive(void)
{
	struct sockaddr_nl from = { 0 };
	struct ucred *creds = NULL;
	unsigned char *buf = NULL;
	int n = nl_recv(st.sk, &from, &buf, &creds), err = errno;

	if (n > 0) {
		trace("got");
		trace_addr(&from);
		trace_creds(creds);
		trace("\n");
		trace_stream("got", buf, n);
		free(buf);
		free(creds);
	}
	errno = err;
	return n;
}

void call(const struct step *s)
{
	const char *name = s->word[1];
	int ret;

	st.mode = MODE_PLAIN;
	errno = 0;
	if (!strcmp(name, "recvmsgs_report"))
		ret = nl_recvmsgs_report(st.sk, st.cb);
	else if (!strcmp(name, "recvmsgs"))
		ret = nl_recvmsgs(st.sk, st.cb);
	else if (!strcmp(name, "recvmsgs_default"))
		ret = nl_recvmsgs_default(st.sk);
	else if (!strcmp(name, "wait_for_ack"))
		st.mode = MODE_WAIT_FOR_ACK, ret = nl_wait_for_ack(st.sk);
	else if (!strcmp(name, "send"))
		ret = send_msg(s, nl_send);
	else if (!strcmp(name, "send_auto"))
		ret = send_msg(s, nl_send_auto);
	else if (!strcmp(name, "send_sync"))
		ret = send_sync(s);
	else if (!strcmp(name, "send_simple") && s->n > 2)
		ret = send_simple(s);
	else if (!strcmp(name, "sendto") && s->n > 2)
		ret = sendto_raw(s);
	else if (!strcmp(name, "pickup") || !strcmp(name, "pickup_keep_syserr"))
		ret = pickup(name[6] != 0);
	else if (!strcmp(name, "recv"))
		ret = receive();
	else
		die(s, "no such call", name);
	trace_ret(name, ret, errno);
	st.mode = MODE_PLAIN;
	drain_peer();
}

void nested(enum action act, int slot)
{
	enum mode mode = st.mode;

	st.mode = MODE_PLAIN;
	switch (act) {
	case ACT_SEND:
		trace("nested send_simple = %d\n", nl_send_simple(st.sk, 0x99, 0, NULL, 0));
		break;
	case ACT_RECV:
		trace("nested recvmsgs_default = %d\n", nl_recvmsgs_default(st.sk));
		break;
	case ACT_CLEAR:
		st.slot[slot].set = 0;
		if (slot <= NL_CB_TYPE_MAX)
			nl_socket_modify_cb(st.sk, slot, NL_CB_DEFAULT, NULL, NULL);
		else
			nl_socket_modify_err_cb(st.sk, NL_CB_DEFAULT, NULL, NULL);
		break;
	case NOTHING:
		break;
	}
	st.mode = mode;
}
