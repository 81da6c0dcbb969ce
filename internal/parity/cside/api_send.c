/* SPDX-License-Identifier: MIT */
/* Sending and receiving. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "models.h"

static void complete(const struct step *s)
{
	VIA(nl_complete_msg)(SOCK(1), MSG(2));
}

static void auto_complete(const struct step *s)
{
	nl_auto_complete(SOCK(1), MSG(2));
}

static void send_msg(const struct step *s)
{
	say_ret(VIA(nl_send)(SOCK(1), MSG(2)));
}

static void send_auto(const struct step *s)
{
	say_ret(VIA(nl_send_auto)(SOCK(1), MSG(2)));
}

static void send_auto_complete(const struct step *s)
{
	say_ret(nl_send_auto_complete(SOCK(1), MSG(2)));
}

static void send_sync(const struct step *s)
{
	struct nl_msg *msg = MSG(2);

	forget_thing(s, 2, K_MSG);
	say_ret(VIA(nl_send_sync)(SOCK(1), msg));
}

/* nl_send_simple S TYPE FLAGS BYTES */
static void send_simple(const struct step *s)
{
	static unsigned char buf[MAX_BYTES];
	int len = bytes_arg(s, 4, buf);

	say_ret(nl_send_simple(SOCK(1), num(s, 2), num(s, 3), buf, len));
}

static void sendto_raw(const struct step *s)
{
	int len;
	struct nlmsghdr *h = stream_arg(s, 2, &len);

	say_ret(nl_sendto(SOCK(1), h, len));
}

/* nl_send_iovec S M PART...: bytes in hexadecimal, or the message that a name stands for. */
static int parts(const struct step *s, int word, struct iovec *iov)
{
	static unsigned char bytes[16][4096];
	int n = 0;

	for (; word < s->n && n < 16; word++, n++) {
		if (*s->word[word] >= 'A' && *s->word[word] <= 'Z') {
			iov[n].iov_base = nlmsg_hdr(MSG(word));
			iov[n].iov_len = nlmsg_hdr(MSG(word))->nlmsg_len;
		} else {
			iov[n].iov_base = bytes[n];
			iov[n].iov_len = bytes_arg(s, word, bytes[n]);
		}
	}
	return n;
}

static void send_iovec(const struct step *s)
{
	struct iovec iov[16];
	int n = parts(s, 3, iov);

	say_ret(VIA(nl_send_iovec)(SOCK(1), MSG(2), iov, n));
}

/* nl_sendmsg S M PORT/GROUPS|none PART... */
static void sendmsg_raw(const struct step *s)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	struct iovec iov[16];
	struct msghdr hdr = { .msg_iov = iov };
	char port[32];

	if (sscanf(s->word[3], "%31[^/]/%u", port, &to.nl_groups) == 2) {
		to.nl_pid = named_port(s, port);
		hdr.msg_name = &to;
		hdr.msg_namelen = sizeof(to);
	}
	hdr.msg_iovlen = parts(s, 4, iov);
	say_ret(VIA(nl_sendmsg)(SOCK(1), MSG(2), &hdr));
}

static void receive(const struct step *s)
{
	struct sockaddr_nl from = { 0 };
	struct ucred *creds = NULL;
	unsigned char *buf = NULL;
	int n = nl_recv(SOCK(1), &from, &buf, &creds), err = errno;

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
	say_ret(n);
}

static void recvmsgs(const struct step *s)
{
	say_ret(nl_recvmsgs(SOCK(1), CB(2)));
}

static void recvmsgs_report(const struct step *s)
{
	say_ret(nl_recvmsgs_report(SOCK(1), CB(2)));
}

static void recvmsgs_default(const struct step *s)
{
	say_ret(nl_recvmsgs_default(SOCK(1)));
}

static void wait_for_ack(const struct step *s)
{
	say_ret(nl_wait_for_ack(SOCK(1)));
}

const struct verb send_verbs[] = {
	{ "nl_complete_msg", 3, complete },
	{ "nl_auto_complete", 3, auto_complete },
	{ "nl_send", 3, send_msg },
	{ "nl_send_auto", 3, send_auto },
	{ "nl_send_auto_complete", 3, send_auto_complete },
	{ "nl_send_sync", 3, send_sync },
	{ "nl_send_simple", 5, send_simple },
	{ "nl_sendto", 3, sendto_raw },
	{ "nl_send_iovec", 3, send_iovec },
	{ "nl_sendmsg", 4, sendmsg_raw },
	{ "nl_recv", 2, receive },
	{ "nl_recvmsgs", 3, recvmsgs },
	{ "nl_recvmsgs_report", 3, recvmsgs_report },
	{ "nl_recvmsgs_default", 2, recvmsgs_default },
	{ "nl_wait_for_ack", 2, wait_for_ack },
	{ NULL, 0, NULL },
};
