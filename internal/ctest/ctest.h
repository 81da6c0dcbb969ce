/* SPDX-License-Identifier: MIT */
#ifndef GOLIBNL_CTEST_H
#define GOLIBNL_CTEST_H

#include <stddef.h>

extern int golibnl_ctest_pid;

long long golibnl_ctest_in_use(void);
int golibnl_ctest_route(void);
int golibnl_ctest_expand(void *msg, size_t size);

#endif
