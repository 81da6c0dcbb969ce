package genl

// #include "cgo_helpers.h"
import "C"

import (
	"strings"
	"unsafe"

	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/libnl/internal/core"
)

// Family is a generic netlink family (struct genl_family): what the controller says of it, or what the caller set.
//
// Any goroutine may call its methods; calls take turns. One that was found in a cache is the cache's own: setting something
// of it changes what the cache says.
type Family struct {
	guard core.Guard
}

// FamilyAlloc makes a family that nothing is set of.
//
// Ownership: the result is ref'd, Put it. Goroutines: any. Errors: NLE_NOMEM.
//
// Implements:
//
//	struct genl_family *genl_family_alloc(void);
func FamilyAlloc() (*Family, error) {
	p := C.genl_family_alloc()
	if p == nil {
		return nil, core.Libnl.Failure("genl_family_alloc", -int(libnl.NLE_NOMEM), nil)
	}
	return newFamily(p), nil
}

// newFamily makes the Go object of a reference that the caller gives away.
func newFamily(p *C.struct_genl_family) *Family {
	f := &Family{}
	f.guard.Init(unsafe.Pointer(p))
	f.guard.Own("Family")
	return f
}

// Put gives the reference back, and frees the family if it was the last. A family that is freed already is left alone.
//
// Ownership: consumes the reference. Goroutines: any. Errors: ErrBusy while another call is using the family.
//
// Implements:
//
//	void genl_family_put(struct genl_family *);
func (f *Family) Put() error {
	p, err := f.g().Retire()
	if p == nil || err != nil {
		return err
	}
	f.guard.Disown()
	core.Libnl.Objects.Lock()
	defer core.Libnl.Objects.Unlock()
	C.genl_family_put((*C.struct_genl_family)(p))
	return nil
}

func (f *Family) g() *core.Guard {
	if f == nil {
		return nil
	}
	return &f.guard
}

// with runs do, a C call that neither waits nor calls back, with the family to itself.
func (f *Family) with(do func(p *C.struct_genl_family) error) error {
	p, err := f.g().Lock(0)
	if err != nil {
		return err
	}
	defer f.guard.Unlock()
	core.Libnl.Objects.Lock() // the family may be in a cache, too
	defer core.Libnl.Objects.Unlock()
	return do((*C.struct_genl_family)(p))
}

// name runs do with a name for C; code is for one that is too long, or would end early.
func name(fn, s string, code libnl.Error, do func(c *C.char) error) error {
	if len(s) >= GENL_NAMSIZ || strings.IndexByte(s, 0) >= 0 {
		return refusal(fn, code, "the name %q is longer than %d bytes, or has a NUL in it", s, GENL_NAMSIZ-1)
	}
	c := C.CString(s)
	defer C.free(unsafe.Pointer(c))
	return do(c)
}

// GetName returns the name, empty if none is set.
//
// Goroutines: any. Errors: none; empty on a freed family.
//
// Implements:
//
//	char *genl_family_get_name(struct genl_family *);
func (f *Family) GetName() (s string) {
	_ = f.with(func(p *C.struct_genl_family) error { s = C.GoString(C.genl_family_get_name(p)); return nil })
	return s
}

// SetName sets the name.
//
// Goroutines: any. Errors: NLE_RANGE for a name of more than 15 bytes, which C cuts; ErrFreed.
//
// Implements:
//
//	void genl_family_set_name(struct genl_family *, const char *);
func (f *Family) SetName(s string) error {
	return name("genl_family_set_name", s, libnl.NLE_RANGE, func(c *C.char) error {
		return f.with(func(p *C.struct_genl_family) error { C.genl_family_set_name(p, c); return nil })
	})
}

// AddOp adds an operation with its flags.
//
// Goroutines: any. Errors: NLE_NOMEM, ErrFreed.
//
// Implements:
//
//	int genl_family_add_op(struct genl_family *, int, int);
func (f *Family) AddOp(id, flags int32) error {
	return f.with(func(p *C.struct_genl_family) error {
		return core.Libnl.Failure("genl_family_add_op", int(C.genl_family_add_op(p, C.int(id), C.int(flags))), nil)
	})
}

// AddGrp adds a multicast group.
//
// Goroutines: any. Errors: NLE_INVAL for a name of more than 15 bytes; NLE_NOMEM, ErrFreed.
//
// Implements:
//
//	int genl_family_add_grp(struct genl_family *, uint32_t, const char *);
func (f *Family) AddGrp(id uint32, s string) error {
	return name("genl_family_add_grp", s, libnl.NLE_INVAL, func(c *C.char) error {
		return f.with(func(p *C.struct_genl_family) error {
			return core.Libnl.Failure("genl_family_add_grp", int(C.genl_family_add_grp(p, C.uint32_t(id), c)), nil)
		})
	})
}

// GetId returns the ID; 0 (GENL_ID_GENERATE) if none is set.
//
// Goroutines: any. Errors: none; 0 on a freed family.
//
// Implements:
//
//	unsigned int genl_family_get_id(struct genl_family *);
func (f *Family) GetId() (v uint32) {
	_ = f.with(func(p *C.struct_genl_family) error { v = uint32(C.genl_family_get_id(p)); return nil })
	return v
}

// SetId sets the ID.
//
// Goroutines: any. Errors: none; nothing happens on a freed family.
//
// Implements:
//
//	void genl_family_set_id(struct genl_family *, unsigned int);
func (f *Family) SetId(v uint32) {
	_ = f.with(func(p *C.struct_genl_family) error { C.genl_family_set_id(p, C.uint(v)); return nil })
}

// GetVersion returns the version, 0 if none is set.
//
// Goroutines: any. Errors: none; 0 on a freed family.
//
// Implements:
//
//	uint8_t genl_family_get_version(struct genl_family *);
func (f *Family) GetVersion() (v uint8) {
	_ = f.with(func(p *C.struct_genl_family) error { v = uint8(C.genl_family_get_version(p)); return nil })
	return v
}

// SetVersion sets the version.
//
// Goroutines: any. Errors: none; nothing happens on a freed family.
//
// Implements:
//
//	void genl_family_set_version(struct genl_family *, uint8_t);
func (f *Family) SetVersion(v uint8) {
	_ = f.with(func(p *C.struct_genl_family) error { C.genl_family_set_version(p, C.uint8_t(v)); return nil })
}

// GetHdrsize returns the length of the family's own header, 0 if none is set.
//
// Goroutines: any. Errors: none; 0 on a freed family.
//
// Implements:
//
//	uint32_t genl_family_get_hdrsize(struct genl_family *);
func (f *Family) GetHdrsize() (v uint32) {
	_ = f.with(func(p *C.struct_genl_family) error { v = uint32(C.genl_family_get_hdrsize(p)); return nil })
	return v
}

// SetHdrsize sets the length of the family's own header.
//
// Goroutines: any. Errors: none; nothing happens on a freed family.
//
// Implements:
//
//	void genl_family_set_hdrsize(struct genl_family *, uint32_t);
func (f *Family) SetHdrsize(v uint32) {
	_ = f.with(func(p *C.struct_genl_family) error { C.genl_family_set_hdrsize(p, C.uint32_t(v)); return nil })
}

// GetMaxattr returns the highest attribute type, 0 if none is set.
//
// Goroutines: any. Errors: none; 0 on a freed family.
//
// Implements:
//
//	uint32_t genl_family_get_maxattr(struct genl_family *);
func (f *Family) GetMaxattr() (v uint32) {
	_ = f.with(func(p *C.struct_genl_family) error { v = uint32(C.genl_family_get_maxattr(p)); return nil })
	return v
}

// SetMaxattr sets the highest attribute type.
//
// Goroutines: any. Errors: none; nothing happens on a freed family.
//
// Implements:
//
//	void genl_family_set_maxattr(struct genl_family *, uint32_t);
func (f *Family) SetMaxattr(v uint32) {
	_ = f.with(func(p *C.struct_genl_family) error { C.genl_family_set_maxattr(p, C.uint32_t(v)); return nil })
}
