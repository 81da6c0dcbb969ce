/* SPDX-License-Identifier: MIT */
/* Models of the functions that send. What libnl has no function to ask for is remembered here: see shadow. */
#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "api.h"
#include "branches.h"

#define MAX_SHADOWS 64

static struct {
	const void *of;		/* a socket or a callback set */
	int no_auto_ack;
	struct hook *out, *send;
} shadows[MAX_SHADOWS];
static int n_shadows;

static int shadow(const void *of)
{
	for (int i = 0; i < n_shadows; i++)
		if (shadows[i].of == of)
			return i;
	if (n_shadows == MAX_SHADOWS)
		die(NULL, "too many objects", "");
	memset(&shadows[n_shadows], 0, sizeof(*shadows));
	shadows[n_shadows].of = of;
	return n_shadows++;
}

void shadow_auto_ack(const struct nl_sock *sk, int on)
{
	shadows[shadow(sk)].no_auto_ack = !on;
}

void shadow_msg_out(const struct nl_cb *cb, struct hook *h)
{
	shadows[shadow(cb)].out = h;
}

void shadow_send(const struct nl_cb *cb, struct hook *h)
{
	shadows[shadow(cb)].send = h;
}

/* Its memory may have been another's. */
void shadow_new_cb(const struct nl_cb *cb)
{
	shadow_msg_out(cb, NULL);
	shadow_send(cb, NULL);
}

void shadow_clone(const struct nl_cb *clone, const struct nl_cb *cb)
{
	int to = shadow(clone), from = shadow(cb);

	shadows[to].out = shadows[from].out;
	shadows[to].send = shadows[from].send;
}

void forget_shadows(void)
{
	n_shadows = 0;
}

static int cb_shadow(struct nl_sock *sk)
{
	struct nl_cb *cb = nl_socket_get_cb(sk);

	nl_cb_put(cb);
	return shadow(cb);
}

struct hook *send_hook_of(struct nl_sock *sk)
{
	return shadows[cb_shadow(sk)].send;
}

void own_nl_complete_msg(struct nl_sock *sk, struct nl_msg *msg)
{
	struct nlmsghdr *h = nlmsg_hdr(msg);
	int proto = 0;
	socklen_t len = sizeof(proto);

	seen[h->nlmsg_pid ? B_complete_port_kept : B_complete_port] = 1;
	if (!h->nlmsg_pid || wrong(PRESET_PORT_LOST))
		h->nlmsg_pid = nl_socket_get_local_port(sk);
	seen[h->nlmsg_seq ? B_complete_seq_kept : B_complete_seq] = 1;
	if (!h->nlmsg_seq || wrong(PRESET_SEQ_LOST))
		h->nlmsg_seq = nl_socket_use_seq(sk);
	seen[nlmsg_get_proto(msg) == -1 ? B_complete_proto : B_complete_proto_kept] = 1;
	if (nlmsg_get_proto(msg) == -1) {
		getsockopt(nl_socket_get_fd(sk), SOL_SOCKET, SO_PROTOCOL, &proto, &len);
		errno = 0;
		nlmsg_set_proto(msg, proto);
	}
	if (wrong(FLAGS_REPLACED))
		h->nlmsg_flags = 0;
	h->nlmsg_flags |= NLM_F_REQUEST;
	if (shadows[shadow(sk)].no_auto_ack)
		seen[B_complete_no_ack] = 1;
	else
		seen[B_complete_ack] = 1;
	if (!shadows[shadow(sk)].no_auto_ack || wrong(ALWAYS_ACK))
		h->nlmsg_flags |= NLM_F_ACK;
}

int own_nl_sendmsg(struct nl_sock *sk, struct nl_msg *msg, struct msghdr *hdr)
{
	struct sockaddr_nl local = { 0 };
	socklen_t len = sizeof(local);
	struct hook *out;
	int ret;

	if (nl_socket_get_fd(sk) < 0) {
		seen[B_send_unconnected] = 1;
		return -NLE_BAD_SOCK;
	}
	getsockname(nl_socket_get_fd(sk), (void *)&local, &len);
	local.nl_pid = nl_socket_get_local_port(sk);
	if (!wrong(SRC_NOT_SET))
		nlmsg_set_src(msg, &local);
	out = shadows[cb_shadow(sk)].out;
	if (out) {
		ret = hook_msg(msg, out);
		errno = 0;
		if (ret != NL_OK && !(ret == NL_SKIP && wrong(MSG_OUT_SKIP_SENDS))) {
			seen[B_send_stopped] = 1;
			return ret;
		}
	}
	ret = sendmsg(nl_socket_get_fd(sk), hdr, 0);
	seen[ret < 0 ? B_send_failed : B_send_ok] = 1;
	return ret < 0 ? -nl_syserr2nlerr(errno) : ret;
}

int own_nl_send_iovec(struct nl_sock *sk, struct nl_msg *msg, struct iovec *iov, unsigned int n)
{
	struct sockaddr_nl peer = {
		.nl_family = AF_NETLINK, .nl_pid = nl_socket_get_peer_port(sk), .nl_groups = nl_socket_get_peer_groups(sk),
	};
	char control[CMSG_SPACE(sizeof(struct ucred))] __attribute__((aligned(8))) = { 0 };
	struct msghdr hdr = { .msg_name = &peer, .msg_namelen = sizeof(peer), .msg_iov = iov, .msg_iovlen = n };
	int to_dst = nlmsg_get_dst(msg)->nl_family == AF_NETLINK && !wrong(DST_IGNORED);

	seen[to_dst ? B_send_dst : B_send_peer] = 1;
	if (to_dst)
		hdr.msg_name = nlmsg_get_dst(msg);
	if (nlmsg_get_creds(msg) && !wrong(CREDS_NOT_SENT)) {
		struct cmsghdr *c = (void *)control;

		seen[B_send_creds] = 1;
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_CREDENTIALS;
		c->cmsg_len = CMSG_LEN(sizeof(struct ucred));
		memcpy(CMSG_DATA(c), nlmsg_get_creds(msg), sizeof(struct ucred));
		hdr.msg_control = control;
		hdr.msg_controllen = sizeof(control);
	}
	return own_nl_sendmsg(sk, msg, &hdr);
}

int own_nl_send(struct nl_sock *sk, struct nl_msg *msg)
{
	struct iovec iov = { .iov_base = nlmsg_hdr(msg), .iov_len = nlmsg_hdr(msg)->nlmsg_len };

	if (send_hook_of(sk)) {
		seen[B_send_hook] = 1;
		return hook_send(sk, msg);
	}
	return own_nl_send_iovec(sk, msg, &iov, 1);
}

int own_nl_send_auto(struct nl_sock *sk, struct nl_msg *msg)
{
	own_nl_complete_msg(sk, msg);
	return own_nl_send(sk, msg);
}

int own_nl_send_sync(struct nl_sock *sk, struct nl_msg *msg)
{
	int ret = own_nl_send_auto(sk, msg), no_auto_ack = shadows[shadow(sk)].no_auto_ack;

	nlmsg_free(msg);
	if (ret < 0) {
		seen[B_sync_failed] = 1;
		return ret;
	}
	seen[no_auto_ack ? B_sync_no_wait : B_sync_waits] = 1;
	return no_auto_ack ? 0 : nl_wait_for_ack(sk);
}
