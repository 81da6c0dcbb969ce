/* SPDX-License-Identifier: MIT */
/*
 * Functions that are newer than the oldest libnl that the package takes. They are looked up when the process starts, so that
 * a program uses what the library has that it runs with, not the one that it was built with.
 *
 * A weak reference alone is not enough: in a program at a fixed address, the linker has settled for ever that there is
 * nothing, or that there is. The loader tells; what it does not know is linked statically. A reference that is hidden is
 * only ever met by that, and asks for no version of a shared library.
 */
#include "cgo_helpers.h"

#include <dlfcn.h>

#define LINKED(name) extern __typeof__(name) name __attribute__((weak, visibility("hidden")))

#if LIBNL_VER_NUM >= LIBNL_VER(3, 10)
LINKED(nl_cache_mngr_alloc_ex);
#endif
#if LIBNL_VER_NUM >= LIBNL_VER(3, 11)
LINKED(nla_get_sint);
LINKED(nla_get_uint);
LINKED(nla_put_sint);
LINKED(nla_put_uint);
#endif
#if LIBNL_VER_NUM >= LIBNL_VER(3, 12)
LINKED(nl_cache_resync_v2);
#endif

struct golibnl_newer golibnl_newer = {
#if LIBNL_VER_NUM >= LIBNL_VER(3, 10)
	.nl_cache_mngr_alloc_ex = nl_cache_mngr_alloc_ex,
#endif
#if LIBNL_VER_NUM >= LIBNL_VER(3, 11)
	.nla_get_sint = nla_get_sint,
	.nla_get_uint = nla_get_uint,
	.nla_put_sint = nla_put_sint,
	.nla_put_uint = nla_put_uint,
#endif
#if LIBNL_VER_NUM >= LIBNL_VER(3, 12)
	.nl_cache_resync_v2 = nl_cache_resync_v2,
#endif
};

/* The members have the names of the functions. */
#define FIND(name)                                                      \
	do {                                                            \
		void *found = dlsym(RTLD_DEFAULT, #name);               \
									\
		if (found)                                              \
			*(void **)&golibnl_newer.name = found;          \
	} while (0)

void golibnl_find_newer(void)
{
	FIND(nl_cache_mngr_alloc_ex);
	FIND(nl_cache_resync_v2);
	FIND(nla_get_sint);
	FIND(nla_get_uint);
	FIND(nla_put_sint);
	FIND(nla_put_uint);
}
