// Package ctest is the C that tests need and cannot have, since import "C" is refused in test files: what malloc holds, a
// process ID that changes, and libnl-route, whose cache operations make objects of messages.
//
// Only tests import it, so that no program links libnl-route for golibnl's sake.
package ctest

// #cgo pkg-config: libnl-3.0 libnl-genl-3.0 libnl-route-3.0
// #cgo CFLAGS: -D_GNU_SOURCE
// #include "ctest.h"
import "C"

import "unsafe"

// MallocInUse returns the bytes that malloc has given out and not got back; ok is false where the C library does not tell.
func MallocInUse() (n uint64, ok bool) {
	v := C.golibnl_ctest_in_use()
	return uint64(v), v >= 0
}

// PretendPid makes getpid, for libnl, return pid; 0 makes it tell the truth again.
func PretendPid(pid int) { C.golibnl_ctest_pid = C.int(pid) }

// LinkRoute makes sure that libnl-route is linked, and so its cache operations registered, and says so.
func LinkRoute() bool { return C.golibnl_ctest_route() != 0 }

// Expand is nlmsg_expand, called by C: msg is a struct nl_msg *.
func Expand(msg unsafe.Pointer, size int) bool {
	return C.golibnl_ctest_expand(msg, C.size_t(size)) >= 0
}
