/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * nl_genl_demo: a generic netlink family that shows each thing such a family is made of.
 *
 *   ECHO    answers with the TEXT, NUMBER and NEST that it got. TEXT is mandatory.
 *   GET     with NLM_F_DUMP: COUNT entries (default NL_GENL_DEMO_COUNT), each ID and NAME, IDs from 0; the flag INTERRUPT makes the
 *           entries change half way, so that the dump carries NLM_F_DUMP_INTR; ERRNO makes it fail half way.
 *           Without: the one entry with that ID, or ENOENT.
 *   NOTIFY  multicasts TEXT to the group "events". Wants CAP_NET_ADMIN.
 *   FAIL    fails with ERRNO; the extended ack has a text, the offset of ERRNO, and a cookie of 8 bytes, NL_GENL_DEMO_COOKIE in
 *           the machine's byte order. EINTR (4) brings no answer at all: netlink means "ask again" by it.
 *
 * Answers and notifications are of the same command as the request. Attributes that the policy refuses bring an extended ack
 * with the offset of the attribute and its policy.
 */
#ifndef NL_GENL_DEMO_H
#define NL_GENL_DEMO_H

#define NL_GENL_DEMO_NAME "nl_genl_demo"
#define NL_GENL_DEMO_VERSION 1
#define NL_GENL_DEMO_GROUP "events"

#define NL_GENL_DEMO_TEXT_MAX 128
#define NL_GENL_DEMO_NUMBER_MIN 1
#define NL_GENL_DEMO_NUMBER_MAX 1000
#define NL_GENL_DEMO_COUNT 1000
#define NL_GENL_DEMO_COUNT_MAX 1000000
#define NL_GENL_DEMO_ERRNO_MAX 133
#define NL_GENL_DEMO_NAME_FORMAT "entry %u"
#define NL_GENL_DEMO_COOKIE 0x676f6c69626e6c00

enum {
	NL_GENL_DEMO_CMD_ECHO = 1,
	NL_GENL_DEMO_CMD_GET = 2,
	NL_GENL_DEMO_CMD_NOTIFY = 3,
	NL_GENL_DEMO_CMD_FAIL = 4,
};

enum {
	NL_GENL_DEMO_A_TEXT = 1,	/* string with a NUL, up to NL_GENL_DEMO_TEXT_MAX bytes without it */
	NL_GENL_DEMO_A_NUMBER = 2,	/* u32, NL_GENL_DEMO_NUMBER_MIN to NL_GENL_DEMO_NUMBER_MAX */
	NL_GENL_DEMO_A_NEST = 3,	/* nest of TEXT and NUMBER, with the same limits */
	NL_GENL_DEMO_A_ID = 4,		/* u32 */
	NL_GENL_DEMO_A_NAME = 5,	/* string with a NUL; answers only */
	NL_GENL_DEMO_A_COUNT = 6,	/* u32, up to NL_GENL_DEMO_COUNT_MAX */
	NL_GENL_DEMO_A_ERRNO = 7,	/* u32, 1 to NL_GENL_DEMO_ERRNO_MAX */
	NL_GENL_DEMO_A_INTERRUPT = 8,	/* flag */
	NL_GENL_DEMO_A_MAX = 8,
};

#endif
