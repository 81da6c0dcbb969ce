/* SPDX-License-Identifier: MIT */
/*
 * The branches of what is written anew here (the receive loop, and the models of models.h), and the mutations that it can be
 * told to have.
 */
#ifndef PARITY_BRANCHES_H
#define PARITY_BRANCHES_H

#include "models.h"
#include "side.h"

/* The branches that are no results of callbacks; coverage.txt says what each is. */
#define LOOP_BRANCHES(X) \
	X(recv_eof, "recv.eof") X(recv_fail, "recv.fail") X(recv_fail_multi, "recv.fail.multi") \
	X(recv_fail_intr, "recv.fail.intr") \
	X(walk_none, "walk.none") X(walk_rest, "walk.rest") X(walk_next, "walk.next") X(creds, "msg.creds") \
	X(seq_cb, "seq.cb") X(seq_off, "seq.off") X(seq_equal, "seq.equal") X(seq_invalid, "seq.differs.cb") \
	X(seq_error, "seq.differs.error") \
	X(expect_done, "expect.DONE") X(expect_error, "expect.ERROR") X(expect_noop, "expect.NOOP") \
	X(expect_overrun, "expect.OVERRUN") X(expect_kept, "expect.kept") \
	X(multi, "multi") X(intr_cb, "intr.cb") X(intr_noted, "intr.noted") \
	X(wantack_cb, "wantack.cb") X(wantack_ignored, "wantack.ignored") \
	X(done_cb, "done.cb") X(done_silent, "done.silent") X(noop_cb, "noop.cb") X(noop_silent, "noop.silent") \
	X(overrun_cb, "overrun.cb") X(overrun_error, "overrun.error") \
	X(short_cb, "error.short.cb") X(short_error, "error.short.error") \
	X(kernel_cb, "error.kernel.cb") X(kernel_error, "error.kernel.error") \
	X(ack_cb, "error.ack.cb") X(ack_silent, "error.ack.silent") \
	X(valid_cb, "valid.cb") X(valid_silent, "valid.silent") \
	X(more, "end.more") X(end_intr, "end.intr") X(end_intr_over, "end.intr.over") X(end_error, "end.error") \
	X(end_positive, "end.positive") X(end_stop, "end.stop") X(end_count, "end.count")

#define BRANCHES(X) LOOP_BRANCHES(X) ATTR_BRANCHES(X) SEND_BRANCHES(X) CACHE_BRANCHES(X) GENL_BRANCHES(X)

enum branch {
#define X(id, name) B_##id,
	BRANCHES(X)
#undef X
	N_BRANCHES
};

enum { R_OK, R_SKIP, R_STOP, R_NEGATIVE, R_POSITIVE, N_RESULTS };

/* Where the loop has been since forget_branches(). */
extern int seen[N_BRANCHES], seen_result[N_SLOTS][N_RESULTS];

/* What can be got wrong, one at a time. */
#define LOOP_MUTATIONS(X) \
	X(SKIP_IS_OK, "NL_SKIP is taken as NL_OK") \
	X(STOP_AFTER_DATAGRAM, "NL_STOP leaves only after the datagram") \
	X(DATA_MOVES_EXPECT, "data moves the expected sequence number") \
	X(ACK_KEEPS_EXPECT, "NLMSG_ERROR does not move the expected sequence number") \
	X(EXPECT_FROM_MSG, "the expected sequence number is taken from the message") \
	X(SKIPPED_MOVES_EXPECT, "a message skipped by MSG_IN or the check moves the expected sequence number") \
	X(INTR_YIELDS, "an error hides NLE_DUMP_INTR") \
	X(INTR_FORGOTTEN, "an interruption is forgotten with its datagram") \
	X(INTR_CB_NOTES_TOO, "an interruption is noted even if there is a callback for it") \
	X(LOST_NEGATIVE, "a negative result of a callback is lost") \
	X(POSITIVE_IS_OK, "a result beyond NL_STOP is taken as NL_OK") \
	X(DONE_LEAVES_MULTI, "NLMSG_DONE does not end a multipart message") \
	X(DONE_ENDS_DATAGRAM, "what follows NLMSG_DONE in its datagram is dropped") \
	X(ACK_ENDS_MULTI, "an ACK ends a multipart message") \
	X(MULTI_FORGOTTEN, "a multipart message ends with its datagram") \
	X(FAIL_TELLS_INTR, "a failed receive is reported as NLE_DUMP_INTR after an interruption") \
	X(FAIL_TELLS_COUNT, "a failed receive is hidden by the count") \
	X(NOOP_UNCOUNTED, "NLMSG_NOOP is not counted") \
	X(ERR_STOP_IS_SUCCESS, "NL_STOP of the error callback leaves without the error") \
	X(ERR_SKIP_LEAVES, "NL_SKIP of the error callback leaves") \
	X(INVALID_OK_SKIPS, "NL_OK of INVALID drops the message") \
	X(ALWAYS_CHECK_SEQ, "sequence numbers are checked without auto-ACK") \
	X(SHORT_ERROR_IS_ACK, "a truncated NLMSG_ERROR is taken as an ACK") \
	X(OVERRUN_IGNORED, "NLMSG_OVERRUN without a callback is ignored") \
	X(TRAILER_IS_TRUNC, "bytes after the last whole message are an error") \
	X(WAIT_CALLS_ACK, "waiting for an ACK calls the callback ACK") \
	X(VALID_FOR_DONE, "NLMSG_DONE goes to VALID") \
	X(CREDS_LOST, "messages do not get the credentials of their datagram")

#define MUTATIONS(X) LOOP_MUTATIONS(X) ATTR_MUTATIONS(X) SEND_MUTATIONS(X) CACHE_MUTATIONS(X) GENL_MUTATIONS(X)

enum mutation {
	NO_MUTATION,
#define X(id, what) id,
	MUTATIONS(X)
#undef X
};

static inline int wrong(enum mutation m)
{
	return mutation == (int)m;
}

#endif
