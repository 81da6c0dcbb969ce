package core

import (
	"errors"
	"sync/atomic"
	"syscall"
)

// What every package of the binding answers to misuse. Package libnl documents and exports them.
var (
	ErrFreed = errors.New("libnl: object is nil, was never allocated, or has been freed")
	ErrBusy  = errors.New("libnl: object is in use by another call, or by the call that this callback belongs to")
)

// CallError says which libnl function failed, with what code, and what the system call under it said.
type CallError struct {
	Func  string        // the C function
	Code  error         // the NLE_* code
	Errno syscall.Errno // of the system call that failed, 0 if none did
	Hint  string        // what to do about it, if that is known
}

// Error implements error.
func (e *CallError) Error() string {
	s := e.Func + ": " + e.Code.Error()
	if e.Errno != 0 {
		s += " (" + e.Errno.Error() + ")"
	}
	if e.Hint != "" {
		s += ": " + e.Hint
	}
	return s
}

// Unwrap gives errors.Is and errors.As the code, and the errno if there is one.
func (e *CallError) Unwrap() []error {
	if e.Errno == 0 {
		return []error{e.Code}
	}
	return []error{e.Code, e.Errno}
}

var (
	misuses  atomic.Uint64
	onMisuse atomic.Pointer[func(error)]
)

// misuse counts err, tells whoever asked to be told, and returns it.
func misuse(err error) error {
	misuses.Add(1)
	if f := onMisuse.Load(); f != nil {
		(*f)(err)
	}
	return err
}

// ReportMisuse is misuse for the packages above.
func ReportMisuse(err error) error { return misuse(err) }

// Misuses returns how many misuses there were.
func Misuses() uint64 { return misuses.Load() }

// OnMisuse sets what is called, besides counting, at each misuse; nil for nothing.
func OnMisuse(f func(error)) {
	if f == nil {
		onMisuse.Store(nil)
		return
	}
	onMisuse.Store(&f)
}
