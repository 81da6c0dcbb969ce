/* SPDX-License-Identifier: MIT */
/*
 * A second receive loop, written anew to behave as libnl's is described to. It takes the place of libnl's
 * (nl_cb_overwrite_recvmsgs) for two ends: it says which of its branches a scenario went through, so that the
 * coverage table is more than a claim, and it can be told to get one thing wrong, so that the scenarios are seen to
 * notice. Getting nothing wrong, it must do what libnl does.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "branches.h"

/* One call of the loop. */
struct pass {
	int multi, intr, count;
	int result;		/* that ends the call, 0 for the count */
	int leave;		/* with STOP_AFTER_DATAGRAM: once the datagram is through */
	int fixed[N_SLOTS];	/* which callbacks there are, when the call works with a clone */
};

enum next { GO_ON, NEXT_MESSAGE, LEAVE };

static int has(const struct pass *p, int slot)
{
	if (st.mode == MODE_WAIT_FOR_ACK && slot == NL_CB_ACK)
		return 1;
	if (st.mode >= MODE_PICKUP && slot == NL_CB_VALID)
		return 1;
	if (st.mode == MODE_PICKUP_SYSERR && slot == SLOT_ERR)
		return 1;
	return st.mode == MODE_PLAIN ? st.slot[slot].set : p->fixed[slot];
}

static int answer(int slot, struct nl_msg *msg)
{
	if (st.mode == MODE_WAIT_FOR_ACK && slot == NL_CB_ACK && !(wrong(WAIT_CALLS_ACK) && st.slot[slot].set))
		return NL_STOP;
	if (st.mode >= MODE_PICKUP && slot == NL_CB_VALID)
		return run_parser(nlmsg_get_src(msg), nlmsg_hdr(msg));
	/* A clone is active where nobody sees it. */
	return run_slot(slot, st.mode == MODE_PLAIN ? slot : NL_CB_TYPE_MAX + 1, msg);
}

static int result_index(int ret)
{
	if (ret < 0)
		return R_NEGATIVE;
	return ret > NL_STOP ? R_POSITIVE : ret;
}

static enum next ask(struct pass *p, int slot, struct nl_msg *msg)
{
	int ret = answer(slot, msg);

	errno = 0;
	seen_result[slot][result_index(ret)] = 1;
	if (ret == NL_OK || (ret == NL_SKIP && wrong(SKIP_IS_OK)) || (ret > NL_STOP && wrong(POSITIVE_IS_OK)))
		return GO_ON;
	if (ret == NL_SKIP)
		return NEXT_MESSAGE;
	if (ret == NL_STOP) {
		seen[B_end_stop] = 1;
		if (!wrong(STOP_AFTER_DATAGRAM))
			return LEAVE;
		p->leave = 1;
		return NEXT_MESSAGE;
	}
	p->result = ret < 0 && wrong(LOST_NEGATIVE) ? 0 : ret;
	return LEAVE;
}

static enum next fail(struct pass *p, int code)
{
	p->result = -code;
	return LEAVE;
}

/* A callback if there is one, else an error. */
static enum next ask_or_fail(struct pass *p, int slot, struct nl_msg *msg, int code, enum branch cb, enum branch none)
{
	seen[has(p, slot) ? cb : none] = 1;
	return has(p, slot) ? ask(p, slot, msg) : fail(p, code);
}

static enum next ask_or_go_on(struct pass *p, int slot, struct nl_msg *msg, enum branch cb, enum branch none)
{
	seen[has(p, slot) ? cb : none] = 1;
	return has(p, slot) ? ask(p, slot, msg) : GO_ON;
}

static enum next check_seq(struct pass *p, struct nl_msg *msg)
{
	enum next next;

	if (has(p, NL_CB_SEQ_CHECK)) {
		seen[B_seq_cb] = 1;
		return ask(p, NL_CB_SEQ_CHECK, msg);
	}
	if (!st.auto_ack && !wrong(ALWAYS_CHECK_SEQ)) {
		seen[B_seq_off] = 1;
		return GO_ON;
	}
	if (nlmsg_hdr(msg)->nlmsg_seq == st.expect) {
		seen[B_seq_equal] = 1;
		return GO_ON;
	}
	next = ask_or_fail(p, NL_CB_INVALID, msg, NLE_SEQ_MISMATCH, B_seq_invalid, B_seq_error);
	return next == GO_ON && wrong(INVALID_OK_SKIPS) ? NEXT_MESSAGE : next;
}

static void move_expect(const struct nlmsghdr *h)
{
	static const int branch[] = {
		[NLMSG_NOOP] = B_expect_noop, [NLMSG_ERROR] = B_expect_error, [NLMSG_DONE] = B_expect_done,
		[NLMSG_OVERRUN] = B_expect_overrun,
	};

	if (h->nlmsg_type < NLMSG_NOOP || h->nlmsg_type > NLMSG_OVERRUN) {
		seen[B_expect_kept] = 1;
		st.expect += wrong(DATA_MOVES_EXPECT);
		return;
	}
	seen[branch[h->nlmsg_type]] = 1;
	if (wrong(ACK_KEEPS_EXPECT) && h->nlmsg_type == NLMSG_ERROR)
		return;
	st.expect = wrong(EXPECT_FROM_MSG) ? h->nlmsg_seq + 1 : st.expect + 1;
}

static enum next flags(struct pass *p, struct nl_msg *msg)
{
	int f = nlmsg_hdr(msg)->nlmsg_flags;
	enum next next = GO_ON;

	if (f & NLM_F_MULTI)
		seen[B_multi] = p->multi = 1;
	if (f & NLM_F_DUMP_INTR) {
		if (!has(p, NL_CB_DUMP_INTR) || wrong(INTR_CB_NOTES_TOO))
			p->intr = 1;
		next = ask_or_go_on(p, NL_CB_DUMP_INTR, msg, B_intr_cb, B_intr_noted);
	}
	if (next == GO_ON && (f & NLM_F_ACK))
		next = ask_or_go_on(p, NL_CB_SEND_ACK, msg, B_wantack_cb, B_wantack_ignored);
	return next;
}

static enum next kernel_error(struct pass *p, struct nl_msg *msg, struct nlmsgerr *e)
{
	int code = nl_syserr2nlerr(e->error), ret;

	seen[has(p, SLOT_ERR) ? B_kernel_cb : B_kernel_error] = 1;
	if (st.mode == MODE_PICKUP_SYSERR) {
		st.syserr = e->error;
		return fail(p, code);
	}
	if (!has(p, SLOT_ERR))
		return fail(p, code);
	ret = run_err(nlmsg_get_src(msg), e);
	errno = 0;
	seen_result[SLOT_ERR][result_index(ret)] = 1;
	if (ret == NL_STOP)
		return wrong(ERR_STOP_IS_SUCCESS) ? LEAVE : fail(p, code);
	if (ret < 0) {
		p->result = wrong(LOST_NEGATIVE) ? 0 : ret;
		return LEAVE;
	}
	return ret == NL_SKIP && wrong(ERR_SKIP_LEAVES) ? LEAVE : NEXT_MESSAGE;
}

/* raw is the message where it was received: an error callback sees it there. */
static enum next by_type(struct pass *p, struct nl_msg *msg, struct nlmsghdr *raw)
{
	struct nlmsgerr *e = nlmsg_data(raw);

	switch (raw->nlmsg_type) {
	case NLMSG_DONE:
		if (!wrong(DONE_LEAVES_MULTI))
			p->multi = 0;
		p->leave |= wrong(DONE_ENDS_DATAGRAM);
		if (wrong(VALID_FOR_DONE))
			return ask_or_go_on(p, NL_CB_VALID, msg, B_done_cb, B_done_silent);
		return ask_or_go_on(p, NL_CB_FINISH, msg, B_done_cb, B_done_silent);
	case NLMSG_NOOP:
		p->count -= wrong(NOOP_UNCOUNTED);
		return ask_or_go_on(p, NL_CB_SKIPPED, msg, B_noop_cb, B_noop_silent);
	case NLMSG_OVERRUN:
		if (wrong(OVERRUN_IGNORED) && !has(p, NL_CB_OVERRUN))
			return NEXT_MESSAGE;
		return ask_or_fail(p, NL_CB_OVERRUN, msg, NLE_MSG_OVERFLOW, B_overrun_cb, B_overrun_error);
	case NLMSG_ERROR:
		break;
	default:
		return ask_or_go_on(p, NL_CB_VALID, msg, B_valid_cb, B_valid_silent);
	}
	if (raw->nlmsg_len < NLMSG_HDRLEN + sizeof(*e) && !wrong(SHORT_ERROR_IS_ACK))
		return ask_or_fail(p, NL_CB_INVALID, msg, NLE_MSG_TRUNC, B_short_cb, B_short_error);
	if (raw->nlmsg_len >= NLMSG_HDRLEN + sizeof(*e) && e->error)
		return kernel_error(p, msg, e);
	if (wrong(ACK_ENDS_MULTI))
		p->multi = 0;
	return ask_or_go_on(p, NL_CB_ACK, msg, B_ack_cb, B_ack_silent);
}

static enum next one_message(struct pass *p, struct nl_msg *msg, struct nlmsghdr *raw)
{
	enum next next = GO_ON;

	p->count++;
	if (has(p, NL_CB_MSG_IN))
		next = ask(p, NL_CB_MSG_IN, msg);
	if (next == GO_ON)
		next = check_seq(p, msg);
	if (next == GO_ON || (next == NEXT_MESSAGE && wrong(SKIPPED_MOVES_EXPECT)))
		move_expect(raw);
	if (next != GO_ON)
		return next;
	next = flags(p, msg);
	return next == GO_ON ? by_type(p, msg, raw) : next;
}

/* Whether the call ends here. */
static int one_datagram(struct pass *p, unsigned char *buf, int left, struct sockaddr_nl *from, struct ucred *creds)
{
	struct nlmsghdr *h = (struct nlmsghdr *)buf;
	enum next next = GO_ON;

	if (!nlmsg_ok(h, left))
		seen[B_walk_none] = 1;
	for (; next != LEAVE && nlmsg_ok(h, left); h = nlmsg_next(h, &left)) {
		struct nl_msg *msg = nlmsg_convert(h);

		seen[B_walk_next] |= (unsigned char *)h != buf;
		nlmsg_set_proto(msg, st.proto);
		nlmsg_set_src(msg, from);
		if (creds && !wrong(CREDS_LOST)) {
			seen[B_creds] = 1;
			nlmsg_set_creds(msg, creds);
		}
		next = one_message(p, msg, h);
		nlmsg_free(msg);
		if (p->leave && !wrong(STOP_AFTER_DATAGRAM))
			break;
	}
	if (next != LEAVE && left > 0) {
		seen[B_walk_rest] = 1;
		if (wrong(TRAILER_IS_TRUNC) && !p->leave)
			return fail(p, NLE_MSG_TRUNC) == LEAVE;
	}
	return next == LEAVE || p->leave;
}

static int receive_failed(const struct pass *p, int n)
{
	seen[n ? B_recv_fail : B_recv_eof] = 1;
	if (n && p->count)
		seen[B_recv_fail_multi] = 1;
	if (n && p->intr)
		seen[B_recv_fail_intr] = 1;
	if (p->intr && wrong(FAIL_TELLS_INTR))
		return -NLE_DUMP_INTR;
	return p->count && wrong(FAIL_TELLS_COUNT) ? p->count : n;
}

static int conclude(const struct pass *p)
{
	if (p->intr) {
		seen[p->result ? B_end_intr_over : B_end_intr] = 1;
		if (!p->result || !wrong(INTR_YIELDS))
			return -NLE_DUMP_INTR;
	}
	if (p->result)
		seen[p->result < 0 ? B_end_error : B_end_positive] = 1;
	else
		seen[B_end_count] = 1;
	return p->result ? p->result : p->count;
}

int own_recvmsgs(struct nl_sock *sk, struct nl_cb *cb)
{
	struct pass p = { 0 };
	struct sockaddr_nl from = { 0 };

	(void)cb;
	for (int i = 0; i < N_SLOTS; i++)
		p.fixed[i] = st.slot[i].set;
	for (;;) {
		unsigned char *buf = NULL;
		struct ucred *creds = NULL;
		int n = st.over == INJECT ? next_item(sk, &from, &buf, &creds) : nl_recv(sk, &from, &buf, &creds);
		int leave;

		if (n <= 0)
			return receive_failed(&p, n);
		leave = one_datagram(&p, buf, n, &from, creds);
		free(buf);
		free(creds);
		if (leave || !p.multi || wrong(MULTI_FORGOTTEN))
			return conclude(&p);
		seen[B_more] = 1;
		if (wrong(INTR_FORGOTTEN))
			p.intr = 0;
	}
}
