package core

import (
	"fmt"
	"runtime/debug"
	"sync"
)

// A Call is the record of one call into libnl that may call back: what its callbacks need to know, and what they leave
// behind for the Go function that made the call. It has a handle that C carries; calls are pooled, so that a handle is
// made once for as many calls as ever ran at the same time.
type Call struct {
	Handle uintptr
	Sk, Cb any // the Go socket and callback set of the call
	Arg    any // what else its callbacks need

	lock   sync.Locker // see Hold
	err    error
	thrown *CallbackPanic
}

// CallbackPanic is the value with which the caller of libnl panics after a callback did: panics do not cross C.
type CallbackPanic struct {
	Value any    // what the callback panicked with
	Stack []byte // the callback's stack at that time
}

// Error implements error, so that an uncaught panic prints the callback's stack too.
func (p *CallbackPanic) Error() string {
	return fmt.Sprintf("libnl: panic in a callback: %v\n\n%s", p.Value, p.Stack)
}

// Unwrap returns the value if it is an error.
func (p *CallbackPanic) Unwrap() error {
	err, _ := p.Value.(error)
	return err
}

var calls struct {
	sync.Mutex
	idle []*Call
}

// BeginCall returns a call for the socket sk with the callback set cb in force. The caller ends it with End.
func BeginCall(sk, cb any) *Call {
	calls.Lock()
	var c *Call
	if n := len(calls.idle); n > 0 {
		c = calls.idle[n-1]
		calls.idle = calls.idle[:n-1]
	}
	calls.Unlock()
	if c == nil {
		c = &Call{}
		c.Handle = NewHandle(c)
	}
	c.Sk, c.Cb = sk, cb
	return c
}

// Hold takes a lock until End, but not while user code runs.
func (c *Call) Hold(l sync.Locker) {
	l.Lock()
	c.lock = l
}

// Holds reports whether the call holds a lock.
func (c *Call) Holds() bool { return c.lock != nil }

// End gives the call back.
func (c *Call) End() {
	if c.lock != nil {
		c.lock.Unlock()
	}
	c.Sk, c.Cb, c.Arg, c.lock, c.err, c.thrown = nil, nil, nil, nil, nil, nil
	calls.Lock()
	calls.idle = append(calls.idle, c)
	calls.Unlock()
}

// Fail keeps the error that a callback returned, for the caller of libnl.
func (c *Call) Fail(err error) { c.err = err }

// Thrown returns what a callback panicked with, nil if none did.
func (c *Call) Thrown() *CallbackPanic { return c.thrown }

// Outcome is for the Go function that made the call, once C has returned: it panics if a callback did, and else
// returns the error that a callback returned.
func (c *Call) Outcome() error {
	if p := c.thrown; p != nil {
		panic(p)
	}
	return c.err
}

// Protect runs fn, which is user code with libnl's C frames under it, and returns its result. If fn panics, the panic is
// kept for Outcome and the result is stop. If fn calls runtime.Goexit, which nothing can undo, abandon is called on the
// way out, since libnl's frames will never run again.
func (c *Call) Protect(stop int32, abandon func(), fn func() int32) (ret int32) {
	returned := false
	defer func() {
		if returned {
			return
		}
		if v := recover(); v != nil {
			c.thrown = &CallbackPanic{Value: v, Stack: debug.Stack()}
			ret = stop
			return
		}
		abandon()
	}()
	if c.lock != nil {
		c.lock.Unlock()
		defer c.lock.Lock()
	}
	ret = fn()
	returned = true
	return ret
}
