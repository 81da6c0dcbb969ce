/* SPDX-License-Identifier: MIT */
/*
 * What the C files of package libnl share: the frames of the calls in flight. Go includes cgo_helpers.h alone.
 */
#ifndef GOLIBNL_CGO_FRAMES_H
#define GOLIBNL_CGO_FRAMES_H

#include "cgo_helpers.h"

/* The innermost call of this thread. */
extern __thread struct golibnl_frame *golibnl_top;

/* Begins a call; it ends by setting golibnl_top to f->prev. -1 if calls are nested too deep. */
int golibnl_enter(struct golibnl_frame *f, int roles, struct nl_sock *sk, struct nl_cb *cb, uintptr_t call,
		  int recv_hook);

/* Around what of the user's runs: see the definitions. */
int golibnl_suspend(int where);
void golibnl_resume(int before);
int golibnl_called_by_c(void);
uintptr_t golibnl_current_call(void);

#endif
