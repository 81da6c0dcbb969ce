/* SPDX-License-Identifier: MIT */
/* Reading scenarios. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "side.h"

static const char *const slot_names[N_SLOTS] = {
	[NL_CB_VALID] = "VALID", [NL_CB_FINISH] = "FINISH", [NL_CB_OVERRUN] = "OVERRUN", [NL_CB_SKIPPED] = "SKIPPED",
	[NL_CB_ACK] = "ACK", [NL_CB_MSG_IN] = "MSG_IN", [NL_CB_MSG_OUT] = "MSG_OUT", [NL_CB_INVALID] = "INVALID",
	[NL_CB_SEQ_CHECK] = "SEQ_CHECK", [NL_CB_SEND_ACK] = "SEND_ACK", [NL_CB_DUMP_INTR] = "DUMP_INTR",
	[SLOT_ERR] = "ERR", [SLOT_SEND] = "SEND", [SLOT_RECVMSGS] = "RECVMSGS", [SLOT_PARSER] = "PARSER",
};

struct named {
	const char *name;
	int value;
};

static const struct named codes[] = {
	{ "NLE_FAILURE", NLE_FAILURE }, { "NLE_INTR", NLE_INTR }, { "NLE_AGAIN", NLE_AGAIN }, { "NLE_NOMEM", NLE_NOMEM },
	{ "NLE_INVAL", NLE_INVAL }, { "NLE_PERM", NLE_PERM }, { "NLE_BUSY", NLE_BUSY }, { "NLE_RANGE", NLE_RANGE },
	{ "NLE_MSG_TRUNC", NLE_MSG_TRUNC }, { "NLE_DUMP_INTR", NLE_DUMP_INTR }, { NULL, 0 },
};

static const struct named errnos[] = {
	{ "EPERM", EPERM }, { "ENOENT", ENOENT }, { "EINTR", EINTR }, { "EAGAIN", EAGAIN }, { "ENOMEM", ENOMEM },
	{ "EBUSY", EBUSY }, { "EEXIST", EEXIST }, { "ENODEV", ENODEV }, { "EINVAL", EINVAL }, { "ENOSPC", ENOSPC },
	{ "EOPNOTSUPP", EOPNOTSUPP }, { "ENOBUFS", ENOBUFS }, { NULL, 0 },
};

void die(const struct step *s, const char *why, const char *word)
{
	fprintf(stderr, "%s: line %d: %s: %s\n", running, s ? s->line : 0, why, word);
	exit(2);
}

/* Whether word is key, then a colon or an equals sign, then a value. */
int word_is(const char *word, const char *key, const char **value)
{
	size_t n = strlen(key);

	if (strncmp(word, key, n) || (word[n] != ':' && word[n] != '='))
		return 0;
	*value = word + n + 1;
	return 1;
}

int slot_of(const struct step *s, const char *word)
{
	for (int i = 0; i < N_SLOTS; i++)
		if (!strcmp(word, slot_names[i]))
			return i;
	die(s, "no such callback", word);
}

const char *slot_name(int slot)
{
	return slot <= NL_CB_TYPE_MAX || slot < N_SLOTS ? slot_names[slot] : "?";
}

long long number(const struct step *s, const char *word)
{
	char *end;
	long long n = strtoll(word, &end, 0);

	if (end == word || *end)
		die(s, "neither a known name nor a number", word);
	return n;
}

static int look_up(const struct step *s, const struct named *t, const char *word)
{
	for (; t->name; t++)
		if (!strcmp(word, t->name))
			return t->value;
	return (int)number(s, word);
}

int code_of(const struct step *s, const char *word)
{
	return look_up(s, codes, word);
}

int errno_of(const struct step *s, const char *word)
{
	return look_up(s, errnos, word);
}

struct result result_of(const struct step *s, const char *word)
{
	struct result r = { NOTHING, 0 };
	const char *rest;

	if (word_is(word, "send", &rest))
		r.act = ACT_SEND;
	else if (word_is(word, "recv", &rest))
		r.act = ACT_RECV;
	else if (word_is(word, "clear", &rest))
		r.act = ACT_CLEAR;
	else
		rest = word;
	if (!strcmp(rest, "OK"))
		r.value = NL_OK;
	else if (!strcmp(rest, "SKIP"))
		r.value = NL_SKIP;
	else if (!strcmp(rest, "STOP"))
		r.value = NL_STOP;
	else if (!strcmp(rest, "WHOLE"))
		r.value = WHOLE;
	else
		r.value = strncmp(rest, "NLE_", 4) ? code_of(s, rest) : -code_of(s, rest);
	return r;
}

/* callbacks.txt is the group callbacks. */
static const char *group_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *g = strdup(slash ? slash + 1 : path), *dot = strrchr(g, '.');

	if (dot)
		*dot = 0;
	return g;
}

static void split(struct step *s, char *line)
{
	char *save, *w;

	for (w = strtok_r(line, " \t\n", &save); w; w = strtok_r(NULL, " \t\n", &save)) {
		if (*w == '#')
			break;
		if (s->n == MAX_WORDS)
			die(s, "too many words", w);
		s->word[s->n++] = strdup(w);
	}
}

static enum over over_of(const struct step *s)
{
	if (s->n == 2 && !strcmp(s->word[1], "usersock"))
		return USERSOCK;
	if (s->n == 2 && !strcmp(s->word[1], "route"))
		return ROUTE;
	if (s->n == 2 && !strcmp(s->word[1], "calls"))
		return CALLS;
	die(s, "over what", s->word[0]);
}

struct scenario *read_scenarios(const char *path)
{
	struct scenario *first = NULL, **end = &first, *sc = NULL;
	const char *group = group_of(path);
	enum over over = INJECT;
	char line[4096];
	FILE *f = fopen(path, "r");
	int n = 0;

	if (!f)
		die(NULL, "cannot open", path);
	while (fgets(line, sizeof(line), f)) {
		struct step s = { .line = ++n };

		split(&s, line);
		/* What the Go side is expected to do otherwise, and what is for which version, is the harness's business. */
		if (!s.n || !strcmp(s.word[0], "since") || !strcmp(s.word[0], "differs") || !strcmp(s.word[0], "c") || !strcmp(s.word[0], "go"))
			continue;
		if (!strcmp(s.word[0], "scenario") && s.n == 2) {
			sc = calloc(1, sizeof(*sc));
			sc->group = group;
			sc->name = s.word[1];
			sc->over = over;
			*end = sc;
			end = &sc->next;
		} else if (!sc && !strcmp(s.word[0], "over")) {
			over = over_of(&s);
		} else if (!sc) {
			die(&s, "outside of a scenario", s.word[0]);
		} else if (!strcmp(s.word[0], "over")) {
			sc->over = over_of(&s);
		} else if (sc->n == MAX_STEPS) {
			die(&s, "too many steps", sc->name);
		} else {
			sc->step[sc->n++] = s;
		}
	}
	fclose(f);
	return first;
}
