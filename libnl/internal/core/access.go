package core

import (
	"sync"
	"unsafe"
)

// Access is what package libnl lets the packages beside it (genl, route) do with its objects, into which they cannot see:
// their cgo types are their own. sk is a *libnl.Socket, msg a *libnl.Msg.
type Access struct {
	// Alone runs f, a C call that neither waits nor calls back, if no call is running on the socket.
	Alone func(sk any, f func(p unsafe.Pointer) error) error

	// Exchange runs the C function run(sk, arg), which sends, and receives if receives says so, and may call back. arg must
	// not hold Go pointers. fn is the name for an error.
	Exchange func(fn string, sk any, receives bool, run, arg unsafe.Pointer) (int, error)

	// Handle runs the C function run(msg, arg), which may call back. arg must not hold Go pointers.
	Handle func(fn string, msg any, run, arg unsafe.Pointer) (int, error)

	// Protect runs user code for the call that C knows as h; see [Call.Protect].
	Protect func(h uintptr, stop int32, fn func(call *Call) int32) int32

	// Answer is what C gets of a callback's result, act being a libnl.CbAction.
	Answer func(call *Call, act int, err error) int32

	// Trampolines is the struct golibnl_trampolines that C functions need which C calls back.
	Trampolines unsafe.Pointer

	// Message is a *libnl.Nlmsghdr that copies the message at p.
	Message func(p unsafe.Pointer) any

	// Objects orders all that changes reference counts of objects, as genl_family is one. Guards are taken before it.
	Objects sync.Locker

	// Cache is the *libnl.Cache of a reference at p that the caller gives away.
	Cache func(p unsafe.Pointer) any

	// Ops runs f with cache operations, with Objects locked. ops is a *libnl.CacheOps.
	Ops func(ops any, f func(p unsafe.Pointer) error) error

	// ReadCache runs f, a C call that neither waits nor calls back, with Objects locked. cache is a *libnl.Cache.
	ReadCache func(cache any, f func(p unsafe.Pointer) error) error

	// Policy is a []libnl.NlaPolicy, checked, with an entry for each type up to maxtype, as C has it: three numbers each.
	Policy func(fn string, maxtype int, policy any) ([]uint16, error)

	// With runs f, a C call that neither waits nor calls back, with the message to itself.
	With func(msg any, f func(p unsafe.Pointer) error) error

	// Failure is the error of the C function fn, which returned ret, nil if that is not negative; cerr is the second value of the cgo call, or nil.
	Failure func(fn string, ret int, cerr error) error

	// Refusal is the error of an argument that C would abort on, overrun, or silently change.
	Refusal func(fn string, code int, why string) error

	// Room is a libnl.Reserved for n bytes at an offset in the message.
	Room func(msg any, off, n int) any
}

// Libnl is set by package libnl.
var Libnl Access
