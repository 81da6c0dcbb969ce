/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * nl_hello: a kernel module that talks to one port.
 *
 * Send it a message of type NL_HELLO_MSG with NLM_F_REQUEST; the payload is a text of 1 to NL_HELLO_TEXT_MAX bytes, NULs
 * at its end not counted. The answers go to the port that sent it (nlmsg_pid is not believed): messages of type
 * NL_HELLO_MSG with the request's sequence number, whose payload is NL_HELLO_TEXT and a NUL. NLM_F_ACK asks for an ACK
 * besides; in which order the ACK and the first answer come is open, but for sync=1, where the ACK is last.
 *
 * Errors, with an extended-ack text: EOPNOTSUPP (another type), EINVAL (no text), EMSGSIZE (text too long),
 * EBUSY (NL_HELLO_JOBS_MAX senders are being answered). As everywhere in netlink, a message without NLM_F_REQUEST,
 * or one whose length is a lie, is dropped without a word.
 *
 * A message that the kernel starts by itself (parameter "to_port") looks the same, with sequence number 0.
 */
#ifndef NL_HELLO_H
#define NL_HELLO_H

#define NL_HELLO_PROTOCOL 25	/* unless the module's parameter "protocol" says otherwise */
#define NL_HELLO_MSG 0x10
#define NL_HELLO_TEXT "I am from kernel!"
#define NL_HELLO_TEXT_MAX 256
#define NL_HELLO_JOBS_MAX 64
#define NL_HELLO_COUNT 10		/* answers to one message: default of "count" */
#define NL_HELLO_PERIOD_MS 3000	/* from one answer to the next: default of "period_ms" */

#endif
