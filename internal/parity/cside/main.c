/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <netlink/route/link.h>

#include "side.h"

static int wanted(const struct scenario *sc, char **names, int n)
{
	char full[256];

	snprintf(full, sizeof(full), "%s/%s", sc->group, sc->name);
	for (int i = 0; i < n; i++)
		if (!strcmp(full, names[i]))
			return 1;
	return 0;
}

/*
 * cside [-u] [-o] [-m N] [-b] [-f] FILE... -- GROUP/NAME...: runs the scenarios with those names. -u sends what is to be
 * injected through a real socket instead, -o takes the own loop and the models in the place of what they are models of, -m
 * makes them get one thing wrong, -b prints the branches that each scenario went through, and -f the functions of libnl that
 * it called. cside -B prints all branches, cside -M what can be got wrong, in the order of the numbers, from 1.
 */
int main(int argc, char **argv)
{
	/* libnl-route makes its types known when it is loaded, and is loaded if something of it is used. */
	struct rtnl_link *link = rtnl_link_alloc();
	int c, usersock = 0, branches = 0, functions = 0, split;

	rtnl_link_put(link);
	while ((c = getopt(argc, argv, "+uom:bfBM")) != -1) {
		if (c == 'u')
			usersock = 1;
		else if (c == 'o')
			own = 1;
		else if (c == 'm')
			mutation = atoi(optarg);
		else if (c == 'b')
			branches = 1;
		else if (c == 'f')
			functions = 1;
		else if (c == 'B')
			return print_branches(1), 0;
		else if (c == 'M')
			return print_mutations(), 0;
		else
			return 2;
	}
	for (split = optind; split < argc && strcmp(argv[split], "--"); split++)
		;
	for (int i = optind; i < split; i++) {
		for (struct scenario *sc = read_scenarios(argv[i]); sc; sc = sc->next) {
			if (!wanted(sc, argv + split + 1, argc - split - 1))
				continue;
			forget_branches();
			run(sc, usersock ? USERSOCK : sc->over);
			if (branches)
				print_branches(0);
			if (functions)
				print_called();
		}
	}
	return 0;
}
