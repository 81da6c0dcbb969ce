/* SPDX-License-Identifier: MIT */
/* What the calls of a scenario over calls share: objects by name, and the line that tells of a call. */
#ifndef PARITY_API_H
#define PARITY_API_H

#include "side.h"

enum kind {
	K_SOCKET, K_RAW, K_CB, K_MSG, K_NEST, K_ADDR, K_DATA, K_CACHE, K_OBJECT, K_MNGR, K_FAMILY, K_OPS, N_KINDS
};

/* A call: its name, how many words it needs at least, and what does it. */
struct verb {
	const char *name;
	int words;
	void (*run)(const struct step *s);
};

extern const struct verb socket_verbs[], option_verbs[], send_verbs[], cb_verbs[], msg_verbs[], attr_verbs[], addr_verbs[],
	cache_verbs[], mngr_verbs[], util_verbs[], object_verbs[], genl_verbs[], raw_verbs[];

/* The object that a word names, and how it comes to be named. A name can be used again when its object is gone. */
void *thing(const struct step *s, int word, enum kind kind);
void name_thing(const struct step *s, int word, enum kind kind, void *p);
void forget_thing(const struct step *s, int word, enum kind kind);
void free_ops(void *p);		/* api_genl.c: a family that was registered */
void give_back_all(void);	/* api_socket.c: the ports that exhaust has used up */
const char *name_of(enum kind kind, const void *p);
int things(enum kind kind);

#define SOCK(w)	((struct nl_sock *)thing(s, w, K_SOCKET))
#define CB(w)	((struct nl_cb *)thing(s, w, K_CB))
#define MSG(w)	((struct nl_msg *)thing(s, w, K_MSG))
#define ADDR(w)	((struct nl_addr *)thing(s, w, K_ADDR))
#define DATA(w)	((struct nl_data *)thing(s, w, K_DATA))
#define CACHE(w) ((struct nl_cache *)thing(s, w, K_CACHE))
#define OBJ(w)	((struct nl_object *)thing(s, w, K_OBJECT))
#define RAW(w)	(*(int *)thing(s, w, K_RAW))

/* What the line of the call that is running ends with: say anything, a result with its errno, or a port. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void say_ret(int ret);
void say_port(uint32_t port);
void say_bytes(const void *p, int n);

/* Words: a number or the name of one, a port that libnl is given, a message, and bytes. */
int num(const struct step *s, int word);
uint32_t port_arg(const struct step *s, int word);
int bytes_arg(const struct step *s, int word, unsigned char *to);
struct nla_policy *policy_arg(const struct step *s, int word);
struct nlmsghdr *stream_arg(const struct step *s, int word, int *len);

/* What a callback that is named does: traces, and returns its results in turn. */
struct hook {
	char tag[32];
	struct slot slot;
	struct hook *next;
};
struct hook *hook_arg(const struct step *s, int word);
int hook_msg(struct nl_msg *msg, void *arg);
int hook_err(struct sockaddr_nl *nla, struct nlmsgerr *e, void *arg);
int hook_send(struct nl_sock *sk, struct nl_msg *msg);
int next_result(struct hook *h);
void forget_hooks(void);

/* What libnl cannot be asked for, and models need to know: see model_send.c. */
void shadow_auto_ack(const struct nl_sock *sk, int on);
void shadow_msg_out(const struct nl_cb *cb, struct hook *h);
void shadow_send(const struct nl_cb *cb, struct hook *h);
void shadow_new_cb(const struct nl_cb *cb);
void shadow_clone(const struct nl_cb *clone, const struct nl_cb *cb);
struct hook *send_hook_of(struct nl_sock *sk);
void forget_shadows(void);

void trace_msg(struct nl_msg *msg);
void trace_lines(const char *text);	/* each line of a text */

#endif
