/* SPDX-License-Identifier: MIT */
/* Objects, which libnl-route makes of messages. */
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <linux/rtnetlink.h>

#include "api_cache.h"

/* What a function writes that dumps, less the end of its last line. */
char *dumped(void (*dump)(void *what, struct nl_dump_params *p), void *what, int type)
{
	struct nl_dump_params p = { .dp_type = type };
	char *text = NULL;
	size_t n = 0;

	p.dp_fd = open_memstream(&text, &n);
	dump(what, &p);
	fclose(p.dp_fd);
	if (n && text[n - 1] == '\n')
		text[n - 1] = 0;
	return text;
}

static void dump_object(void *obj, struct nl_dump_params *p)
{
	nl_object_dump(obj, p);
}

/* An object in a line of C's. */
void trace_object(struct nl_object *obj)
{
	char *text;

	if (!obj) {
		trace("[none]");
		return;
	}
	text = dumped(dump_object, obj, NL_DUMP_LINE);
	trace("[%s]", text);
	free(text);
}

void say_object(struct nl_object *obj)
{
	char *text;

	if (!obj) {
		say(" [none]");
		return;
	}
	text = dumped(dump_object, obj, NL_DUMP_LINE);
	say(" [%s]", text);
	free(text);
}

static struct nl_object *parsed;

static void keep(struct nl_object *obj, void *arg)
{
	(void)arg;
	nl_object_get(obj);
	parsed = obj;
}

static struct nl_object *parse_msg(struct nl_msg *msg)
{
	int ret;

	parsed = NULL;
	ret = nl_msg_parse(msg, keep, NULL);
	if (ret < 0)
		say_ret(ret);
	return parsed;
}

/* link O INDEX NAME MTU [del|get] */
static void make_link(const struct step *s)
{
	struct ifinfomsg ifi = { .ifi_type = 1, .ifi_index = num(s, 2) };
	int type = s->n < 6 ? RTM_NEWLINK : strcmp(s->word[5], "del") ? RTM_GETLINK : RTM_DELLINK;
	struct nl_msg *msg = nlmsg_alloc_simple(type, 0);

	nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO);
	nla_put_string(msg, IFLA_IFNAME, s->word[3]);
	nla_put_u32(msg, IFLA_MTU, num(s, 4));
	nlmsg_set_proto(msg, NETLINK_ROUTE);
	name_thing(s, 1, K_OBJECT, parse_msg(msg));
	nlmsg_free(msg);
}

/* route6 O GATEWAY [del]: to 2001:db8::/64 */
static void make_route(const struct step *s)
{
	struct rtmsg rtm = {
		.rtm_family = AF_INET6, .rtm_dst_len = 64, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_STATIC,
		.rtm_type = RTN_UNICAST,
	};
	struct nl_msg *msg = nlmsg_alloc_simple(s->n > 3 ? RTM_DELROUTE : RTM_NEWROUTE, 0);
	unsigned char dst[16] = { 0x20, 0x01, 0x0d, 0xb8 }, gateway[16] = { 0 };

	nlmsg_append(msg, &rtm, sizeof(rtm), NLMSG_ALIGNTO);
	nla_put(msg, RTA_DST, sizeof(dst), dst);
	inet_pton(AF_INET6, s->word[2], gateway);
	nla_put(msg, RTA_GATEWAY, sizeof(gateway), gateway);
	nla_put_u32(msg, RTA_OIF, 1);
	nlmsg_set_proto(msg, NETLINK_ROUTE);
	name_thing(s, 1, K_OBJECT, parse_msg(msg));
	nlmsg_free(msg);
}

static void parse(const struct step *s)
{
	name_thing(s, 1, K_OBJECT, parse_msg(MSG(2)));
}

static void alloc_name(const struct step *s)
{
	struct nl_object *obj = NULL;

	say_ret(nl_object_alloc_name(s->word[2], &obj));
	name_thing(s, 1, K_OBJECT, obj);
}

static void alloc(const struct step *s)
{
	name_thing(s, 1, K_OBJECT, nl_object_alloc(nl_object_get_ops(OBJ(2))));
}

static void clone(const struct step *s)
{
	name_thing(s, 1, K_OBJECT, nl_object_clone(OBJ(2)));
}

static void get(const struct step *s)
{
	struct nl_object *obj = OBJ(2);

	nl_object_get(obj);
	name_thing(s, 1, K_OBJECT, obj);
}

static void put(const struct step *s)
{
	nl_object_put(OBJ(1));
	forget_thing(s, 1, K_OBJECT);
}

static void free_object(const struct step *s)
{
	nl_object_free(OBJ(1));
	forget_thing(s, 1, K_OBJECT);
}

static void refcnt(const struct step *s)
{
	say(" = %d shared=%d", nl_object_get_refcnt(OBJ(1)), nl_object_shared(OBJ(1)) != 0);
}

static void mark(const struct step *s)
{
	nl_object_mark(OBJ(1));
}

static void unmark(const struct step *s)
{
	nl_object_unmark(OBJ(1));
}

static void is_marked(const struct step *s)
{
	say(" = %d", nl_object_is_marked(OBJ(1)) != 0);
}

static void identical(const struct step *s)
{
	say(" = %d", nl_object_identical(OBJ(1), OBJ(2)) != 0);
}

static void diff(const struct step *s)
{
	char names[1024] = "";
	uint32_t d = nl_object_diff(OBJ(1), OBJ(2));

	say(" = %#x %s", d, nl_object_attrs2str(OBJ(1), d, names, sizeof(names)));
}

static void diff64(const struct step *s)
{
	say(" = %#llx", (unsigned long long)nl_object_diff64(OBJ(1), OBJ(2)));
}

static void match_filter(const struct step *s)
{
	say(" = %d", nl_object_match_filter(OBJ(1), OBJ(2)) != 0);
}

static void update(const struct step *s)
{
	say_ret(nl_object_update(OBJ(1), OBJ(2)));
}

static void attr_list(const struct step *s)
{
	char names[1024] = "";

	say(" = %s", nl_object_attr_list(OBJ(1), names, sizeof(names)));
}

static void type(const struct step *s)
{
	say(" = %s message type %d", nl_object_get_type(OBJ(1)), nl_object_get_msgtype(OBJ(1)));
}

static void id_attrs(const struct step *s)
{
	say(" = %#x", nl_object_get_id_attrs(OBJ(1)));
}

static void keygen(const struct step *s)
{
	uint32_t key = 0;

	nl_object_keygen(OBJ(1), &key, (uint32_t)num(s, 2));
	say(" = %u", key);
}

static void get_cache(const struct step *s)
{
	say(" = %s", name_of(K_CACHE, nl_object_get_cache(OBJ(1))));
}

static void same_ops(const struct step *s)
{
	say(" = %d", nl_object_get_ops(OBJ(1)) == nl_object_get_ops(OBJ(2)));
}

static void dump(const struct step *s)
{
	char *text = dumped(dump_object, OBJ(1), num(s, 2));

	trace_lines(text);
	free(text);
}

static void dump_buf(const struct step *s)
{
	char text[1024] = "";

	nl_object_dump_buf(OBJ(1), text, (size_t)num(s, 2));
	say(" [%s]", text);
}

static void show_object(const struct step *s)
{
	say_object(OBJ(1));
}

const struct verb object_verbs[] = {
	{ "link", 5, make_link },
	{ "route6", 3, make_route },
	{ "nl_msg_parse", 3, parse },
	{ "nl_object_alloc_name", 3, alloc_name },
	{ "nl_object_alloc", 3, alloc },
	{ "nl_object_clone", 3, clone },
	{ "nl_object_get", 3, get },
	{ "nl_object_put", 2, put },
	{ "nl_object_free", 2, free_object },
	{ "nl_object_get_refcnt", 2, refcnt },
	{ "nl_object_mark", 2, mark },
	{ "nl_object_unmark", 2, unmark },
	{ "nl_object_is_marked", 2, is_marked },
	{ "nl_object_identical", 3, identical },
	{ "nl_object_diff", 3, diff },
	{ "nl_object_diff64", 3, diff64 },
	{ "nl_object_match_filter", 3, match_filter },
	{ "nl_object_update", 3, update },
	{ "nl_object_attr_list", 2, attr_list },
	{ "nl_object_get_type", 2, type },
	{ "nl_object_get_id_attrs", 2, id_attrs },
	{ "nl_object_keygen", 3, keygen },
	{ "nl_object_get_cache", 2, get_cache },
	{ "same_ops", 3, same_ops },
	{ "nl_object_dump", 3, dump },
	{ "nl_object_dump_buf", 3, dump_buf },
	{ "show_object", 2, show_object },
	{ NULL, 0, NULL },
};
