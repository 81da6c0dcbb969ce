/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "branches.h"

static const char *const names[] = {
#define X(id, name) name,
	BRANCHES(X)
#undef X
};

static const char *const result_names[] = { "OK", "SKIP", "STOP", "negative", "positive" };

static const char *const mutation_texts[] = {
#define X(id, what) what,
	MUTATIONS(X)
#undef X
};

int seen[N_BRANCHES], seen_result[N_SLOTS][N_RESULTS];

/* The functions of libnl that were called since, by the numbers of called.h. */
unsigned char called[N_CALLED];

static const char *const called_names[] = { CALLED_NAMES };

void forget_branches(void)
{
	memset(called, 0, sizeof(called));
	memset(seen, 0, sizeof(seen));
	memset(seen_result, 0, sizeof(seen_result));
}

/* Whether a result is a branch: results beyond NL_STOP all go one way, end.positive, but for the error callback's. */
static int is_branch(int slot, int result)
{
	return slot != NL_CB_MSG_OUT && (result != R_POSITIVE || slot == SLOT_ERR);
}

void print_branches(int all)
{
	for (int i = 0; i < N_BRANCHES; i++)
		if (all || seen[i])
			trace("branch %s\n", names[i]);
	for (int s = 0; s <= SLOT_ERR; s++)
		for (int r = 0; r < N_RESULTS; r++)
			if (is_branch(s, r) && (all || seen_result[s][r]))
				trace("branch %s.%s\n", slot_name(s), result_names[r]);
}

void print_called(void)
{
	for (int i = 0; i < N_CALLED; i++)
		if (called[i])
			trace("function %s\n", called_names[i]);
}

void print_mutations(void)
{
	for (size_t i = 0; i < sizeof(mutation_texts) / sizeof(*mutation_texts); i++)
		trace("%s\n", mutation_texts[i]);
}
