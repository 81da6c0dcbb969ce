/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * nl_greeting: a kernel module that greets whoever listens.
 *
 * Each greeting is one netlink message of type NL_GREETING_MSG, sent to the multicast group NL_GREETING_GROUP from port 0
 * with sequence number 0; its payload is NL_GREETING_TEXT and a NUL. The module takes no messages: sending to the kernel
 * fails with ECONNREFUSED.
 */
#ifndef NL_GREETING_H
#define NL_GREETING_H

#define NL_GREETING_PROTOCOL 28	/* unless the module's parameter "protocol" says otherwise */
#define NL_GREETING_GROUP 1	/* a group number; as a mask, 1 too */
#define NL_GREETING_MSG 0x10
#define NL_GREETING_TEXT "Greeting from kernel!"

#endif
