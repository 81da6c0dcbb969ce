/* SPDX-License-Identifier: MIT */
/* Names and numbers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "api_cache.h"

#define LEN(a) (sizeof(a) / sizeof(*(a)))

/* Functions of both directions; those of libnl are macros here, which are none if they are not called. */
#define TABLE(name) \
	static char *name##_text(int value, char *buf, size_t size) { return nl_##name##2str(value, buf, size); } \
	static int name##_value(const char *text) { return nl_str2##name(text); }
TABLE(af)
TABLE(llproto)
TABLE(ether_proto)
TABLE(ip_proto)
TABLE(nlfamily)
TABLE(nlmsgtype)

#define ROW(name, to) { #name, name##_text, name##_value, to }
static const struct {
	const char *name;
	char *(*text)(int value, char *buf, size_t size);
	int (*value)(const char *text);
	int to;
} tables[] = {
	ROW(af, 50), ROW(llproto, 830), ROW(ether_proto, 0x900), ROW(ip_proto, 140), ROW(nlfamily, 25), ROW(nlmsgtype, 20),
};

/* The names of numbers, and the numbers of these names. */
static void grid_names(const struct step *s)
{
	static const char *const none[] = { "x", "inet", "INET", "ether", "nope", "0x10", "16" };
	char buf[128];

	(void)s;
	for (size_t t = 0; t < LEN(tables); t++) {
		for (int n = -1; n < tables[t].to; n++) {
			char *text = tables[t].text(n, buf, sizeof(buf));

			int back = tables[t].value(text);

			trace("%s %d: %s %d\n", tables[t].name, n, text, back < 0 ? -1 : back);
		}
		for (size_t i = 0; i < LEN(none); i++) {
			int ret = tables[t].value(none[i]);

			trace("%s \"%s\": %d\n", tables[t].name, none[i], ret < 0 ? -1 : ret);
		}
	}
	for (int n = 0; n < 0x1000; n += 0x33)
		trace("flags %#x: %s\n", n, nl_nlmsg_flags2str(n, buf, sizeof(buf)));
}

static void say_time(const char *text)
{
	uint64_t ms = 0;
	int ret = nl_str2msec(text, &ms);

	trace(" str2msec %d %llu", ret, ret < 0 ? 0ULL : (unsigned long long)ms);
}

static void grid_numbers(const struct step *s)
{
	static const char *const texts[] = {
		"", "0", "1", "10", "x", "1k", "1kb", "1kbit", "1m", "1mb", "1mbit", "1g", "1gb", "1gbit", "1b", "7bit",
		"1kk", "1 k", "100%", "50%", "0%", "101%", "1%x", "0.5", "1.0", "1.1", "1s", "1msec", "1ms", "2d3h4m5s",
		"1h", "1m1", "5d", "1w", "1ss",
	};
	static const unsigned long long values[] = {
		0, 1, 7, 999, 1000, 1023, 1024, 1500, 1025, 59999, 60000, 61001, 3600000, 86400000, 90061001, 1048576, 1500000,
		1073741824, 5000000000, 1099511627776, 0x7fffffffffffffff,
	};
	char buf[128], *unit;

	(void)s;
	for (size_t i = 0; i < LEN(texts); i++) {
		long size = nl_size2int(texts[i]), prob = nl_prob2int(texts[i]);

		trace("\"%s\": size2int %ld prob2int %ld", texts[i], size, prob);
		say_time(texts[i]);
		trace("\n");
	}
	for (size_t i = 0; i < LEN(values); i++) {
		trace("%llu: size2str %s", values[i], nl_size2str(values[i], buf, sizeof(buf)));
		trace(" msec2str %s", nl_msec2str(values[i], buf, sizeof(buf)));
		nl_rate2str(values[i], NL_BYTE_RATE, buf, sizeof(buf));
		trace(" rate %s", buf);
		nl_rate2str(values[i], NL_BIT_RATE, buf, sizeof(buf));
		trace(" %s", buf);
		trace(" bytes %.3f", nl_cancel_down_bytes(values[i], &unit));
		trace("%s bits", unit);
		trace(" %.3f", nl_cancel_down_bits(values[i], &unit));
		trace("%s us", unit);
		trace(" %.3f", nl_cancel_down_us((uint32_t)values[i], &unit));
		trace("%s ticks %u %u\n", unit, nl_us2ticks((uint32_t)values[i]), nl_ticks2us((uint32_t)values[i]));
	}
	trace("hz %d %d\n", nl_get_user_hz(), nl_get_psched_hz());
	trace("version %d %d %d %d\n", nl_ver_num, nl_ver_maj, nl_ver_min, nl_ver_mic);
	for (int n = 0; n < 80; n++)
		trace("capability %d: %d\n", n, nl_has_capability(n));
}

static const char *text_arg(const struct step *s)
{
	return strcmp(s->word[1], "nothing") ? s->word[1] : "";
}

static void str2ip_proto(const struct step *s)
{
	say_ret(nl_str2ip_proto(text_arg(s)));
}

static void size2int(const struct step *s)
{
	say(" = %ld", nl_size2int(text_arg(s)));
}

static void str2msec(const struct step *s)
{
	uint64_t ms = 0;

	say_ret(nl_str2msec(text_arg(s), &ms));
	say(" %llu", (unsigned long long)ms);
}

/* What a function writes to standard error. */
static void trace_stderr(int code, const char *text)
{
	char buf[512] = "";
	int kept = dup(2), fd = memfd_create("stderr", 0);
	ssize_t n;

	dup2(fd, 2);
	nl_perror(code, text);
	fflush(stderr);
	dup2(kept, 2);
	n = pread(fd, buf, sizeof(buf) - 1, 0);
	buf[n > 0 ? n : 0] = 0;
	buf[strcspn(buf, "\n")] = 0;
	trace(" perror %s\n", buf);
	close(kept);
	close(fd);
}

static void grid_errors(const struct step *s)
{
	(void)s;
	for (int n = 0; n < 140; n++)
		trace("errno %d: %d\n", n, nl_syserr2nlerr(n));
	for (int n = -3; n < 45; n++) {
		trace("code %d: %s", n, nl_geterror(n));
		trace_stderr(n, "text");
	}
}

static void dump_some(void *what, struct nl_dump_params *p)
{
	(void)what;
	p->dp_prefix = 3;
	nl_new_line(p);
	nl_dump(p, "number %d", 7);
	nl_dump(p, "text\n");
	nl_dump_line(p, "line %d\n", 8);
	p->dp_prefix = 0;
	nl_dump_line(p, "line\n");
	nl_new_line(p);
	nl_dump(p, "end");
}

static void dump_lines(const struct step *s)
{
	char *text = dumped(dump_some, NULL, NL_DUMP_LINE);

	(void)s;
	trace_lines(text);
	free(text);
}

const struct verb util_verbs[] = {
	{ "grid_names", 1, grid_names },
	{ "grid_numbers", 1, grid_numbers },
	{ "grid_errors", 1, grid_errors },
	{ "nl_str2ip_proto", 2, str2ip_proto },
	{ "nl_size2int", 2, size2int },
	{ "nl_str2msec", 2, str2msec },
	{ "dump_lines", 1, dump_lines },
	{ NULL, 0, NULL },
};
