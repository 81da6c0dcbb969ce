//go:build linux && cgo

// Package parity proves that package libnl behaves as libnl does: a C program (cside) and its Go twin run the same
// scenarios, and what they tell of it, line by line, must be equal. Only tests use it.
//
// # Scenarios
//
// A scenario is text, in scenarios/GROUP.txt. A line is words; # begins a comment. Each scenario has a socket, whose
// sequence numbers are set so that the next one to be sent is the one that is expected: it is written +0, and others
// relative to it.
//
//	scenario NAME                 begins one; what follows is done in order
//	over usersock | route         takes a real socket; without it, datagrams are injected with nl_cb_overwrite_recv, and
//	                              what is sent ends in nl_cb_overwrite_send
//	set OPTION                    no-auto-ack auto-ack no-seq-check no-peek peek passcred msg-buf-size=N group=N
//	                              peer=PORT
//	on CALLBACK RESULT...         sets a callback; it returns the results in turn, and the last one for ever
//	on CALLBACK default|verbose|debug
//	datagram [from=PORT] [creds=PID/UID/GID] [group=MASK] MESSAGE...
//	                              is received later, as one; a peer sends it if the socket is a real one
//	eof                           the receive hook says 0
//	fail CODE [ERRNO]             the receive hook fails; it says NLE_AGAIN when all is through
//	flood N                       a peer sends N notifications to group 1
//	call FUNCTION [MESSAGE]       recvmsgs_report recvmsgs recvmsgs_default recv wait_for_ack pickup pickup_keep_syserr
//	                              send send_auto send_sync send_simple sendto
//	since X.Y                     is not run with a libnl before that version
//	differs [before=X.Y|since=X.Y] REASON
//	                              Go does otherwise on purpose (than libnl before that version, or from it on); then, a
//	                              part of each line that only one side has:
//	c TEXT
//	go TEXT
//
// CALLBACK is a type of libnl's without NL_CB_, or ERR, or one of the hooks SEND and RECVMSGS, or PARSER (of a pickup).
// RESULT is OK, SKIP, STOP, NLE_NAME (returned negated), a number, or, for SEND, WHOLE: the length of the message. Before
// it, send: makes the callback send a message, recv: receive, and clear: take itself away.
//
// MESSAGE is a kind and attributes, with commas between: data, type:N, done, done:ERRNO, ack, err:ERRNO, noop, overrun,
// raw:HEX; then multi, intr, wantack, dump or flags=N (nlmsg_flags), seq=+N, pid=self|peer|N, p=HEX or fill=N (payload),
// short=N (payload cut to N bytes), len=N (what nlmsg_len says), cut=N (the datagram ends N bytes before). A message to
// be sent leaves sequence number and port to libnl unless it names them; again is the one that was sent last.
//
// # Calls
//
// In a scenario over calls there is no socket but those that it makes; "over calls" before the first scenario of a file is
// for all of them. A step is a C function by its name, and its arguments; what it makes is named first. The object topics
// are in cside/api_*.c and api_*.go, one file each for sockets, options, sending, callback sets, messages, attributes,
// addresses, objects, caches, managers, generic netlink. Steps that are no functions of libnl are peers and what the kernel
// knows (raw, raw_send, raw_recv, sockname, memberships, sockopt), the ports that a process has (exhaust, free_ports,
// take_ports), what builds or shows (link, route6, family, inject, show, attrs), and grids (grid_*): one function over all
// combinations of what it can be given, written down once in C and once in Go, with a line or a column for each cell.
//
// A callback is TAG:RESULT,RESULT... The trace of a step is what it calls back, and then its own words and its result. The
// first socket's numbers begin at +0, the next one's at +100, and so on. Ports that the scenario chooses are told as they are,
// others as p1, p2... in the order in which they are told, and the first time with who made them up: libnl or the kernel.
//
// # Traces
//
// A trace has a line for each receive by the hook, each callback, each message that left (wire), each result, and for
// the end: the number that is expected, the next one, and how many datagrams were left. Sequence numbers are relative;
// ports are self and peer.
//
// # What else is proven
//
// The C side has a receive loop of its own (cside/loop.c), and models of other functions (cside/model_*.c), which are seen to
// do what libnl's do. Told to get one thing wrong (cside/branches.h, cside/models.h), they are noticed by a scenario; asked
// where they went, they show that coverage.txt, which names scenarios for each branch, is right. Each function of libnl that
// the C side calls is a macro that takes a note of it, so that functions.txt, which names scenarios for each function that the
// packages bind, is right, too.
//
// # Another libnl
//
// scripts/parity-latest runs all this with the newest libnl that Debian has, in a chroot. With PARITY_TRACES=FILE, TestVersions writes what
// the C side did to the file; with PARITY_AGAINST=FILE, it says in what it did otherwise than there.
package parity
