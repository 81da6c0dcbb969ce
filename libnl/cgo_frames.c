/* SPDX-License-Identifier: MIT */
/*
 * The frames of the calls in flight, of Go's and, while they call Go back, of C's.
 */
#include "cgo_frames.h"

#if defined(__SANITIZE_ADDRESS__)
void __asan_handle_no_return(void);
#endif

__thread struct golibnl_frame *golibnl_top;

int golibnl_enter(struct golibnl_frame *f, int roles, struct nl_sock *sk, struct nl_cb *cb, uintptr_t call,
		 int recv_hook)
{
	int depth = golibnl_top ? golibnl_top->depth + 1 : 1;

	if (depth > GOLIBNL_MAX_DEPTH)
		return -1;
	memset(f, 0, sizeof(*f));
	f->prev = golibnl_top;
	f->depth = depth;
	f->roles = roles;
	f->sk = sk;
	f->cb = cb;
	f->call = call;
	f->recv_hook = recv_hook & 1;
	f->locked = (recv_hook & GOLIBNL_LOCKED) != 0;
	f->recv_errno = recv_hook & GOLIBNL_NOT_OURS ? -1 : 0;
	golibnl_top = f;
	errno = 0;
	return 0;
}

int golibnl_where(const struct nl_sock *sk, int roles)
{
	const struct golibnl_frame *f;

	for (f = golibnl_top; f; f = f->prev)
		if (f->sk == sk && (f->roles & roles))
			return f->where;
	return -1;
}

unsigned int golibnl_frames_with(const struct nl_cb *cb)
{
	const struct golibnl_frame *f;
	unsigned int n = 0;

	for (f = golibnl_top; f; f = f->prev)
		if (f->cb == cb)
			n++;
	return n;
}

/*
 * A callback's goroutine is exiting, so the C frames between it and the Go function that called libnl will never run
 * again. Take over from them: free what they own, and forget the call.
 */
void golibnl_abandon(void)
{
	struct golibnl_frame *f = golibnl_top;

	if (!f)
		return;
	nlmsg_free(f->msg);
	free(f->buf);
	free(f->creds);
	nl_cb_put(f->clone);
	if (f->obj) {
		nl_object_put(f->obj);
		nl_cache_ops_put(f->ops);
	}
	golibnl_top = f->prev;
	if (f->guest)
		free(f);
#if defined(__SANITIZE_ADDRESS__)
	__asan_handle_no_return();
#endif
}

/*
 * Whether libnl was called by C, not by the innermost call of Go's: there is none, or user code of it runs already, in which
 * Go's own calls would have frames.
 */
int golibnl_called_by_c(void)
{
	return !golibnl_top || golibnl_top->where != GOLIBNL_NOWHERE;
}

/*
 * Mark what of the user's runs now; returns what ran before, for golibnl_resume(). A call of C's gets a frame for that time,
 * so that nothing is mistaken for that of the call around it.
 */
int golibnl_suspend(int where)
{
	if (golibnl_called_by_c()) {
		struct golibnl_frame *f = calloc(1, sizeof(*f));

		if (!f)
			abort(); /* as Go does */
		f->prev = golibnl_top;
		f->depth = golibnl_top ? golibnl_top->depth + 1 : 1;
		f->guest = 1;
		golibnl_top = f;
	}
	golibnl_top->where = where;
	return GOLIBNL_NOWHERE;
}

/* errno is 0 again after user code, so that nothing it did is taken for a failure of this call. */
void golibnl_resume(int before)
{
	struct golibnl_frame *f = golibnl_top;

	f->where = before;
	if (f->guest) {
		golibnl_top = f->prev;
		free(f);
	}
	errno = 0;
}

void golibnl_guest_uses(struct nl_cb *cb)
{
	if (golibnl_top->guest)
		golibnl_top->cb = cb;
}

int golibnl_guest_with(const struct nl_cb *cb)
{
	const struct golibnl_frame *f;

	for (f = golibnl_top; f; f = f->prev)
		if (f->guest && f->cb == cb && f->where == GOLIBNL_IN_CALLBACK)
			return 1;
	return 0;
}

uintptr_t golibnl_current_call(void)
{
	return golibnl_top ? golibnl_top->call : 0;
}

const struct golibnl_trampolines golibnl_trampolines = {
	golibnl_suspend,
	golibnl_resume,
	golibnl_current_call,
};
