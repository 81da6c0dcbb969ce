package genl

// #include "cgo_helpers.h"
import "C"

import (
	"strings"
	"unsafe"

	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/libnl/internal/core"
)

// CtrlResolve asks the kernel for the ID of a family, by its name.
//
// Ownership: sk is borrowed. Goroutines: sender and receiver, on a blocking socket. Errors: NLE_OBJ_NOTFOUND for whatever
// goes wrong, as in C: there may be no such family, or the socket may be non-blocking, or out of step; what a callback of
// the socket returned; ErrBusy, ErrFreed.
//
// Implements:
//
//	int genl_ctrl_resolve(struct nl_sock *, const char *);
func CtrlResolve(sk *libnl.Socket, name string) (id int, err error) {
	return resolve("genl_ctrl_resolve", sk, C.golibnl_genl_resolve, name, "")
}

// CtrlResolveGrp asks the kernel for the number of a multicast group of a family, by their names.
//
// Ownership: sk is borrowed. Goroutines: sender and receiver, on a blocking socket. Errors: those of [CtrlResolve].
//
// Implements:
//
//	int genl_ctrl_resolve_grp(struct nl_sock *, const char *, const char *);
func CtrlResolveGrp(sk *libnl.Socket, family, group string) (id int, err error) {
	return resolve("genl_ctrl_resolve_grp", sk, C.golibnl_genl_resolve_grp, family, group)
}

func resolve(fn string, sk *libnl.Socket, run unsafe.Pointer, family, group string) (int, error) {
	if strings.IndexByte(family+group, 0) >= 0 {
		return 0, refusal(fn, libnl.NLE_OBJ_NOTFOUND, "the name %q has a NUL in it", family+group)
	}
	arg := (*C.struct_golibnl_genl_resolve)(C.calloc(1, C.sizeof_struct_golibnl_genl_resolve))
	arg.family, arg.group = C.CString(family), C.CString(group)
	defer func() {
		C.free(unsafe.Pointer(arg.family))
		C.free(unsafe.Pointer(arg.group))
		C.free(unsafe.Pointer(arg))
	}()
	return core.Libnl.Exchange(fn, sk, true, run, unsafe.Pointer(arg))
}

// CtrlAllocCache asks the kernel for all families, and returns them in a cache.
//
// Ownership: sk is borrowed; the result is ref'd, Put it. Goroutines: sender and receiver, on a blocking socket. Errors:
// those of a dump; what a callback of the socket returned; ErrBusy, ErrFreed.
//
// Implements:
//
//	int genl_ctrl_alloc_cache(struct nl_sock *, struct nl_cache **);
func CtrlAllocCache(sk *libnl.Socket) (*libnl.Cache, error) {
	var p *C.struct_nl_cache
	_, err := core.Libnl.Exchange("genl_ctrl_alloc_cache", sk, true, C.golibnl_genl_alloc_cache, unsafe.Pointer(&p))
	if err != nil {
		return nil, err
	}
	return core.Libnl.Cache(unsafe.Pointer(p)).(*libnl.Cache), nil
}

// CtrlSearch finds the family of an ID in a cache of families, nil if it is not there.
//
// Ownership: cache is borrowed; the result is ref'd, Put it. Goroutines: any. Errors: none; nil on a freed cache, and on one
// of other objects, on which C aborts.
//
// Implements:
//
//	struct genl_family *genl_ctrl_search(struct nl_cache *, int);
func CtrlSearch(cache *libnl.Cache, id int) *Family {
	return search(cache, func(p *C.struct_nl_cache) *C.struct_genl_family { return C.genl_ctrl_search(p, C.int(id)) })
}

// CtrlSearchByName finds the family of a name in a cache of families, nil if it is not there.
//
// Ownership: cache is borrowed; the result is ref'd, Put it. Goroutines: any. Errors: none; see [CtrlSearch].
//
// Implements:
//
//	struct genl_family *genl_ctrl_search_by_name(struct nl_cache *, const char *);
func CtrlSearchByName(cache *libnl.Cache, name string) *Family {
	if strings.IndexByte(name, 0) >= 0 {
		return nil
	}
	c := C.CString(name)
	defer C.free(unsafe.Pointer(c))
	return search(cache, func(p *C.struct_nl_cache) *C.struct_genl_family { return C.genl_ctrl_search_by_name(p, c) })
}

func search(cache *libnl.Cache, f func(*C.struct_nl_cache) *C.struct_genl_family) (found *Family) {
	_ = core.Libnl.ReadCache(cache, func(p unsafe.Pointer) error {
		c := (*C.struct_nl_cache)(p)
		if C.nl_cache_get_ops(c) != C.golibnl_genl_ctrl {
			return nil
		}
		if family := f(c); family != nil {
			found = newFamily(family)
		}
		return nil
	})
	return found
}
