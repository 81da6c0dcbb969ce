/* SPDX-License-Identifier: MIT */
/*
 * Models: functions of libnl's that are written anew, on its public functions, to behave as it is described to. They are
 * called in its place when the own loop is (own), for the same two ends: they say which of their branches a scenario went
 * through, and they can be told to get one thing wrong.
 */
#ifndef PARITY_MODELS_H
#define PARITY_MODELS_H

#include "side.h"

/* The function, or its model. */
#define VIA(f)	(note_call(CALLED_##f), own ? own_##f : f)

/* model_attr.c */
struct nlattr *own_nla_reserve(struct nl_msg *msg, int type, int len);
int own_nla_put(struct nl_msg *msg, int type, int len, const void *data);
int own_nla_put_string(struct nl_msg *msg, int type, const char *text);
struct nlattr *own_nla_nest_start(struct nl_msg *msg, int type);
int own_nla_nest_end(struct nl_msg *msg, struct nlattr *start);
int own_nla_nest_end_keep_empty(struct nl_msg *msg, struct nlattr *start);
void own_nla_nest_cancel(struct nl_msg *msg, const struct nlattr *start);
int own_nla_validate(const struct nlattr *head, int len, int maxtype, const struct nla_policy *policy);
int own_nla_parse(struct nlattr **tb, int maxtype, struct nlattr *head, int len, const struct nla_policy *policy);
struct nlattr *own_nla_find(const struct nlattr *head, int len, int type);
size_t own_nla_strlcpy(char *dst, const struct nlattr *a, size_t size);

#define ATTR_BRANCHES(X) \
	X(put_negative, "put.negative") X(put_full, "put.full") X(put_padded, "put.padded") X(put_whole, "put.whole") \
	X(put_empty, "put.empty") \
	X(nest_filled, "nest.filled") X(nest_dropped, "nest.dropped") X(nest_kept, "nest.kept") X(nest_large, "nest.large") \
	X(nest_padded, "nest.padded") X(nest_full, "nest.full") X(nest_cancel, "nest.cancel") \
	X(policy_beyond, "policy.beyond") X(policy_minlen, "policy.minlen") X(policy_type, "policy.type") \
	X(policy_short, "policy.short") X(policy_long, "policy.long") X(policy_nul, "policy.nul") \
	X(policy_no_nul, "policy.no-nul") X(policy_good, "policy.good") \
	X(parse_beyond, "parse.beyond") X(parse_bad, "parse.bad") X(parse_again, "parse.again") \
	X(parse_rest, "parse.rest") X(parse_free, "parse.free") X(find_found, "find.found") X(find_none, "find.none") \
	X(strlcpy_nul, "strlcpy.nul") X(strlcpy_cut, "strlcpy.cut") X(strlcpy_nothing, "strlcpy.nothing")

#define ATTR_MUTATIONS(X) \
	X(PAD_UNCLEARED, "the padding of an attribute is not cleared") \
	X(LEN_WITH_PAD, "nla_len counts the padding") \
	X(STRING_WITHOUT_NUL, "nla_put_string leaves out the NUL") \
	X(NEST_UNFLAGGED, "nla_nest_start does not set NLA_F_NESTED") \
	X(NEST_EMPTY_KEPT, "nla_nest_end keeps an empty nest") \
	X(NEST_LARGE_KEPT, "nla_nest_end closes a nest that is too large") \
	X(TYPE_UNMASKED, "the flags of an attribute's type count as its type") \
	X(MAXLEN_EXCLUSIVE, "a payload as long as maxlen is too long") \
	X(MINLEN_ADDS_UP, "minlen does not take the place of the type's own") \
	X(NUL_OPTIONAL, "NLA_STRING needs no NUL at the end") \
	X(FIRST_WINS, "the first of two attributes of a type is kept") \
	X(BEYOND_IS_ERROR, "an attribute beyond maxtype is an error") \
	X(REST_IS_ERROR, "bytes after the last attribute are an error") \
	X(STRLCPY_COUNTS_NUL, "nla_strlcpy counts the NUL")

/* model_send.c */
void own_nl_complete_msg(struct nl_sock *sk, struct nl_msg *msg);
int own_nl_sendmsg(struct nl_sock *sk, struct nl_msg *msg, struct msghdr *hdr);
int own_nl_send_iovec(struct nl_sock *sk, struct nl_msg *msg, struct iovec *iov, unsigned int n);
int own_nl_send(struct nl_sock *sk, struct nl_msg *msg);
int own_nl_send_auto(struct nl_sock *sk, struct nl_msg *msg);
int own_nl_send_sync(struct nl_sock *sk, struct nl_msg *msg);

#define SEND_BRANCHES(X) \
	X(complete_port, "complete.port") X(complete_port_kept, "complete.port.kept") X(complete_seq, "complete.seq") \
	X(complete_seq_kept, "complete.seq.kept") X(complete_proto, "complete.proto") \
	X(complete_proto_kept, "complete.proto.kept") X(complete_ack, "complete.ack") \
	X(complete_no_ack, "complete.no-ack") \
	X(send_hook, "send.hook") X(send_dst, "send.dst") X(send_peer, "send.peer") X(send_creds, "send.creds") \
	X(send_unconnected, "send.unconnected") X(send_stopped, "send.stopped") X(send_ok, "send.ok") \
	X(send_failed, "send.failed") X(sync_failed, "sync.failed") X(sync_waits, "sync.waits") \
	X(sync_no_wait, "sync.no-wait")

#define SEND_MUTATIONS(X) \
	X(PRESET_SEQ_LOST, "a sequence number that is there is replaced") \
	X(PRESET_PORT_LOST, "a port that is there is replaced") \
	X(FLAGS_REPLACED, "completing a message drops its flags") \
	X(ALWAYS_ACK, "NLM_F_ACK is set without auto-ACK") \
	X(DST_IGNORED, "the destination of a message is not looked at") \
	X(MSG_OUT_SKIP_SENDS, "NL_SKIP of MSG_OUT does not keep a message from being sent") \
	X(CREDS_NOT_SENT, "the credentials of a message are not sent") \
	X(SRC_NOT_SET, "a sent message does not get its source")

/* model_cache.c */
int own_nl_cache_include(struct nl_cache *cache, struct nl_object *obj, change_func_t cb, void *arg);
int own_nl_cache_include_v2(struct nl_cache *cache, struct nl_object *obj, change_func_v2_t cb, void *arg);

#define CACHE_BRANCHES(X) \
	X(include_mismatch, "include.mismatch") X(include_type, "include.type") X(include_other, "include.other") \
	X(include_merged, "include.merged") \
	X(include_new, "include.new") X(include_changed, "include.changed") X(include_same, "include.same") \
	X(include_deleted, "include.deleted") X(include_not_there, "include.not-there") X(include_silent, "include.silent")

#define CACHE_MUTATIONS(X) \
	X(SAME_IS_CHANGE, "an object like the old one is told as a change") \
	X(CHANGE_IS_NEW, "a changed object is told as a new one") \
	X(OLD_STAYS, "the old object stays in the cache") \
	X(DELETE_SILENT, "a deleted object is not told")

/* model_genl.c */
int own_genl_register_family(struct genl_ops *ops);
int own_genl_unregister_family(struct genl_ops *ops);
int own_genl_handle_msg(struct nl_msg *msg, void *arg);

#define GENL_BRANCHES(X) \
	X(register_no_name, "register.no-name") X(register_no_cmds, "register.no-cmds") X(register_id, "register.id-taken") \
	X(register_name, "register.name-taken") X(register_ok, "register.ok") \
	X(handle_short, "handle.short") X(handle_family, "handle.no-family") X(handle_cmd, "handle.no-cmd") \
	X(handle_parser, "handle.no-parser") X(handle_attrs, "handle.attrs") X(handle_ok, "handle.ok")

#define GENL_MUTATIONS(X) \
	X(ID_CLASH_ALLOWED, "two families may have one ID") \
	X(NAME_CLASH_ALLOWED, "two families may have one name") \
	X(CMD_IS_INDEX, "a command is found by its place") \
	X(FAMILY_HEADER_IGNORED, "the attributes are taken to begin right after the generic header")

#endif
