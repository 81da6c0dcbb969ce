/* SPDX-License-Identifier: MIT */
#ifndef GOLIBNL_CTEST_H
#define GOLIBNL_CTEST_H

extern int golibnl_ctest_pid;

long long golibnl_ctest_in_use(void);
int golibnl_ctest_route(void);

#endif
