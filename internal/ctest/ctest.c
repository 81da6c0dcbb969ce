/* SPDX-License-Identifier: MIT */
#include "ctest.h"

#include <netlink/msg.h>

#include <malloc.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <netlink/route/link.h>

int golibnl_ctest_pid;

/* libnl, being a shared library, takes the executable's getpid() before the C library's. */
pid_t getpid(void)
{
	return golibnl_ctest_pid ? golibnl_ctest_pid : (pid_t)syscall(SYS_getpid);
}

long long golibnl_ctest_in_use(void)
{
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
	struct mallinfo2 m = mallinfo2();

	return (long long)(m.uordblks + m.hblkhd);
#else
	return -1;
#endif
}

int golibnl_ctest_route(void)
{
	struct rtnl_link *link = rtnl_link_alloc();

	rtnl_link_put(link);
	return link != NULL;
}

int golibnl_ctest_expand(void *msg, size_t size)
{
	return nlmsg_expand(msg, size);
}
