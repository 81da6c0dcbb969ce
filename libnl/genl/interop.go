package genl

// #include "cgo_helpers.h"
import "C"

import (
	"unsafe"

	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/libnl/internal/core"
)

// Pointer returns the struct genl_family *, for C.
//
// Ownership: the result is borrowed, until Put; C may take a reference of its own. Goroutines: any. Errors: none; nil on a freed
// family.
func (f *Family) Pointer() (p unsafe.Pointer) {
	_ = f.with(func(c *C.struct_genl_family) error { p = unsafe.Pointer(c); return nil })
	return p
}

// FamilyFromPointer is a family that C made, or Go, for the use of Go: p is a struct genl_family *. While C works with it, Go
// does not.
//
// Ownership: the result is ref'd, Release it. Goroutines: any. Errors: NLE_INVAL for nil.
func FamilyFromPointer(p unsafe.Pointer) (*Family, error) {
	if p == nil {
		return nil, refusal("FamilyFromPointer", libnl.NLE_INVAL, "the pointer is NULL")
	}
	core.Libnl.Objects.Lock()
	defer core.Libnl.Objects.Unlock()
	C.nl_object_get((*C.struct_nl_object)(p)) // a family is an object
	return newFamily((*C.struct_genl_family)(p)), nil
}

// Release is [Family.Put].
//
// Ownership: consumes the reference. Goroutines: any. Errors: those of [Family.Put].
func (f *Family) Release() error { return f.Put() }

// Pointer returns the struct genl_ops *, for C, while the family is registered: C may read it, and resolve its ID.
//
// Ownership: the result is borrowed, until [UnregisterFamily]. Goroutines: any. Errors: none; nil for a family that is not
// registered, and while families are being registered or resolved.
func (o *Ops) Pointer() unsafe.Pointer {
	if o == nil || !table.TryRLock() {
		return nil
	}
	defer table.RUnlock()
	return unsafe.Pointer(o.c)
}
