/* SPDX-License-Identifier: MIT */
/* What caches and objects share. */
#ifndef PARITY_API_CACHE_H
#define PARITY_API_CACHE_H

#include "api.h"

char *dumped(void (*dump)(void *what, struct nl_dump_params *p), void *what, int type);
void trace_object(struct nl_object *obj);
void say_object(struct nl_object *obj);

/* Change callbacks; the argument is a tag. */
void change(struct nl_cache *c, struct nl_object *obj, int action, void *arg);
void change_v2(struct nl_cache *c, struct nl_object *before, struct nl_object *now, uint64_t diff, int action, void *arg);

#endif
