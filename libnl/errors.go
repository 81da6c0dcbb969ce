package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/golibnl/golibnl/libnl/internal/core"
)

// Error is a code of libnl's, NLE_*: positive, where C returns it negated. Errors of this package wrap one:
// errors.Is(err, NLE_AGAIN) tells them apart. libnl maps many errnos to one code (ENOBUFS and ENOMEM are both
// [NLE_NOMEM]); where a system call failed, its errno is wrapped beside the code, so that errors.Is(err, syscall.ENOBUFS)
// tells those apart. What the kernel answers in a message arrives as a code alone; its errno is in the message, see
// [Cb.Err].
type Error int

// Error returns libnl's text for the code.
func (e Error) Error() string { return Geterror(e) }

// ErrFreed is the answer of an object that is nil, was never allocated, or has been freed.
var ErrFreed = core.ErrFreed

// ErrBusy is the answer of an object that another call is using, or the call whose callback is running.
var ErrBusy = core.ErrBusy

// ErrBorrowed is the answer of an object that belongs to libnl, to a call that only an owned object can take.
var ErrBorrowed = errors.New("libnl: object is borrowed from libnl; this call needs an owned one")

// CallbackPanic is what a call panics with after one of its callbacks did.
type CallbackPanic = core.CallbackPanic

// OnMisuse sets a function to be called whenever a freed object is used, besides counting it; nil for none. It is called
// on the goroutine of the misuse, inside the call.
//
// Goroutines: any.
func OnMisuse(f func(error)) { core.OnMisuse(f) }

// Misuses returns how many times a freed object was used since the start of the process.
//
// Goroutines: any.
func Misuses() uint64 { return core.Misuses() }

// Geterror returns libnl's text for a code, of either sign; a code that libnl does not know is "Unspecific failure".
//
// Goroutines: any.
//
// Implements:
//
//	const char *nl_geterror(int);
func Geterror(e Error) string { return C.GoString(C.nl_geterror(C.int(e))) }

// Syserr2nlerr returns the code for an errno of either sign. Many errnos are [NLE_FAILURE].
//
// Goroutines: any.
//
// Implements:
//
//	int nl_syserr2nlerr(int);
func Syserr2nlerr(errno syscall.Errno) Error { return Error(C.nl_syserr2nlerr(C.int(errno))) }

// Perror writes the text for a code to w, as C writes it to standard error, after "s: " unless s is empty.
//
// Goroutines: any. Errors: those of w; NLE_INVAL if w is nil.
//
// Implements:
//
//	void nl_perror(int, const char *);
func Perror(w io.Writer, e Error, s string) error {
	if w == nil {
		return refusal("nl_perror", NLE_INVAL, "no writer")
	}
	if s != "" {
		s += ": "
	}
	_, err := fmt.Fprintf(w, "%s%s\n", s, Geterror(e))
	return err
}

// failure makes the error of a libnl function that returned ret, which is negative. errno is what C left there; it
// counts only if libnl would make ret of it.
func failure(fn string, ret C.int, errno syscall.Errno) error {
	if ret == C.GOLIBNL_TOO_DEEP {
		return fmt.Errorf("%s: calls from callbacks are nested deeper than %d: %w", fn, C.GOLIBNL_MAX_DEPTH, ErrBusy)
	}
	code := Error(-ret)
	if errno != 0 && Syserr2nlerr(errno) != code {
		errno = 0
	}
	e := &core.CallError{Func: fn, Code: code, Errno: errno}
	if errno == syscall.ENOBUFS {
		e.Hint = "messages were lost since the receive buffer was full; enlarge it (SetBufferSize) and read what was missed again"
	}
	return e
}

// result is failure for the two-value form of a cgo call, and nil if ret is not negative.
func result(fn string, ret C.int, cerr error) error {
	if ret >= 0 {
		return nil
	}
	var errno syscall.Errno
	errors.As(cerr, &errno)
	return failure(fn, ret, errno)
}

// refusal is the error of an argument that libnl would abort on, overrun, or silently change.
func refusal(fn string, code Error, why string, args ...any) error {
	return &core.CallError{Func: fn, Code: code, Hint: fmt.Sprintf(why, args...)}
}

// codeOf is what C gets to see of an error that a callback returned.
func codeOf(err error) C.int {
	var e Error
	if errors.As(err, &e) && e > 0 {
		return -C.int(e)
	}
	return -C.NLE_FAILURE
}
