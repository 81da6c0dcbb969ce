// Package pump is the fast path over libnl, for package nl alone: it crosses into C once for many datagrams.
//
// A read runs nl_recvmsgs with a receive hook of libnl's own kind (nl_cb_overwrite_recv). The hook receives straight into
// a [Batch], keeps the data messages there for Go to walk, and hands libnl's loop only what it must judge: NLMSG_DONE,
// NLMSG_ERROR, NLMSG_NOOP and NLMSG_OVERRUN, whose callbacks note libnl's verdict for each. Sequence numbers, senders
// and NLM_F_DUMP_INTR are the caller's business: a socket here carries many requests at a time, which libnl's own checks
// do not know of.
//
// The hook lives in a callback set of its own, which is passed to nl_recvmsgs and is never the socket's: libnl clones that
// one in places. C keeps no Go pointer: arena and results belong to the call that they are passed to.
package pump
