package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"unsafe"

	"github.com/golibnl/golibnl/libnl/internal/core"
)

// Object is what libnl makes of a message: a link, a route (struct nl_object).
//
// Any goroutine may call its methods; calls take turns.
type Object struct {
	guard core.Guard
	lent  atomic.Bool
	refs  atomic.Int32
}

// newObject makes the Go object of a reference that the caller gives away.
func newObject(p *C.struct_nl_object) *Object {
	o := &Object{}
	o.own()
	o.guard.Init(unsafe.Pointer(p))
	return o
}

func (o *Object) own() {
	o.lent.Store(false)
	o.refs.Store(1)
	o.guard.Own("Object")
}

// borrowObject wraps an object of libnl's for the time of a callback.
func borrowObject(p *C.struct_nl_object) *Object {
	o := &Object{}
	o.lent.Store(true)
	o.guard.Init(unsafe.Pointer(p))
	return o
}

// expire ends what borrowObject began, unless Get kept the object.
func (o *Object) expire() {
	o.guard.Expire(func() bool { return !o.lent.Load() })
}

func (o *Object) g() *core.Guard {
	if o == nil {
		return nil
	}
	return &o.guard
}

func (o *Object) enter() (*C.struct_nl_object, error) {
	p, err := o.g().Acquire()
	return (*C.struct_nl_object)(p), err
}

func (o *Object) leave() { o.guard.Release() }

// read runs f, which only reads the object; others may read it at the same time. Like all calls on an object it is short:
// f neither waits nor calls back.
func (o *Object) read(f func(p *C.struct_nl_object)) error {
	p, err := o.enter()
	if err != nil {
		return err
	}
	defer o.leave()
	objMu.Lock()
	defer objMu.Unlock()
	f(p)
	return nil
}

// with runs f with the object to itself. It waits for readers, so that a caller of with holds nothing that they want.
func (o *Object) with(f func(p *C.struct_nl_object) error) error {
	for {
		p, err := o.g().Lock(0)
		if err == nil {
			defer o.guard.Unlock()
			objMu.Lock()
			defer objMu.Unlock()
			return f((*C.struct_nl_object)(p))
		}
		if !errors.Is(err, ErrBusy) {
			return err
		}
		runtime.Gosched()
	}
}

// ObjectOps is what libnl knows about a type of objects (struct nl_object_ops). Objects of one type have equal ones.
type ObjectOps struct{ p *C.struct_nl_object_ops }

// ObjectAlloc makes an empty object of the type that another one has, by [Object.GetOps].
//
// Ownership: the result is ref'd, Put it. Goroutines: any. Errors: NLE_INVAL for the zero ObjectOps, NLE_NOMEM.
//
// Implements:
//
//	struct nl_object *nl_object_alloc(struct nl_object_ops *);
func ObjectAlloc(ops ObjectOps) (*Object, error) {
	if ops.p == nil {
		return nil, refusal("nl_object_alloc", NLE_INVAL, "no type")
	}
	p := C.nl_object_alloc(ops.p)
	if p == nil {
		return nil, failure("nl_object_alloc", -C.NLE_NOMEM, 0)
	}
	return newObject(p), nil
}

// ObjectAllocName makes an empty object of a type that cache operations are registered for: "route/link" and others by
// libnl-route, "genl/family" by libnl-genl.
//
// Ownership: the result is ref'd, Put it. Goroutines: any. Errors: NLE_OPNOTSUPP for a name that is not registered,
// NLE_NOMEM.
//
// Implements:
//
//	int nl_object_alloc_name(const char *, struct nl_object **);
func ObjectAllocName(kind string) (*Object, error) {
	if strings.IndexByte(kind, 0) >= 0 {
		return nil, refusal("nl_object_alloc_name", NLE_OPNOTSUPP, "%q is not registered", kind)
	}
	c := C.CString(kind)
	defer C.free(unsafe.Pointer(c))
	objMu.Lock() // the operations have a reference count, too
	defer objMu.Unlock()
	var p *C.struct_nl_object
	if ret := C.nl_object_alloc_name(c, &p); ret < 0 {
		return nil, failure("nl_object_alloc_name", ret, 0)
	}
	return newObject(p), nil
}

// Clone makes a copy, which is in no cache.
//
// Ownership: the result is ref'd, Put it. Goroutines: any. Errors: NLE_NOMEM, ErrFreed.
//
// Implements:
//
//	struct nl_object *nl_object_clone(struct nl_object *);
func (o *Object) Clone() (c *Object, err error) {
	err = o.with(func(p *C.struct_nl_object) error {
		n := C.nl_object_clone(p)
		if n == nil {
			return failure("nl_object_clone", -C.NLE_NOMEM, 0)
		}
		c = newObject(n)
		return nil
	})
	return c, err
}

// Get takes another reference to the object and returns it. In a callback it makes the borrowed object yours: a copy of it,
// so that what you do with it from then on is not seen by libnl.
//
// Ownership: the result is ref'd, Put it once for each Get, and once for the call that made it. Goroutines: any. Errors:
// ErrFreed, ErrBusy, NLE_NOMEM.
//
// Implements:
//
//	void nl_object_get(struct nl_object *);
func (o *Object) Get() (*Object, error) {
	p, err := o.g().Lock(0)
	if err != nil {
		return nil, err
	}
	defer o.guard.Unlock()
	if !o.lent.Load() {
		o.refs.Add(1)
		return o, nil
	}
	objMu.Lock()
	defer objMu.Unlock()
	c := C.nl_object_clone((*C.struct_nl_object)(p))
	if c == nil {
		return nil, failure("nl_object_get", -C.NLE_NOMEM, 0)
	}
	o.guard.Swap(unsafe.Pointer(c))
	o.own()
	return o, nil
}

// Put gives a reference back; the last one frees the object. An object that is freed already is left alone.
//
// Ownership: consumes one reference. Goroutines: any. Errors: ErrBusy while another call is using the object, ErrBorrowed
// in the callback that it is lent to.
//
// Implements:
//
//	void nl_object_put(struct nl_object *);
func (o *Object) Put() error {
	if o == nil {
		return nil
	}
	if o.lent.Load() {
		if o.guard.Live() {
			return ErrBorrowed
		}
		return nil
	}
	return putRef(&o.guard, &o.refs, func(p unsafe.Pointer) {
		objMu.Lock()
		defer objMu.Unlock()
		C.nl_object_put((*C.struct_nl_object)(p))
	})
}

// putRef gives back one of refs references, and with the last one frees the C object.
func putRef(g *core.Guard, refs *atomic.Int32, free func(unsafe.Pointer)) error {
	for n := refs.Load(); n > 1; n = refs.Load() {
		if refs.CompareAndSwap(n, n-1) {
			return nil
		}
	}
	p, err := g.Retire()
	if p == nil || err != nil {
		return err
	}
	g.Disown()
	free(p)
	return nil
}

// Free frees the object for all who hold a reference of Go's; their calls return [ErrFreed] from then on. Where libnl holds
// references, too (a cache, say), the object stays as long as they do: C would leave libnl with the freed memory.
//
// Ownership: consumes all references. Goroutines: any. Errors: ErrBusy while another call is using the object, ErrBorrowed
// in the callback that it is lent to.
//
// Implements:
//
//	void nl_object_free(struct nl_object *);
func (o *Object) Free() error {
	if o == nil {
		return nil
	}
	if o.lent.Load() {
		return o.Put()
	}
	p, err := o.guard.Retire()
	if p == nil || err != nil {
		return err
	}
	o.guard.Disown()
	objMu.Lock()
	defer objMu.Unlock()
	if c := (*C.struct_nl_object)(p); C.nl_object_shared(c) != 0 {
		C.nl_object_put(c)
	} else {
		C.nl_object_free(c)
	}
	return nil
}

// Shared reports whether there is more than one reference to the object.
//
// Goroutines: any. Errors: none; false on a freed object.
//
// Implements:
//
//	int nl_object_shared(struct nl_object *);
func (o *Object) Shared() (shared bool) {
	_ = o.read(func(p *C.struct_nl_object) { shared = o.refs.Load() > 1 || C.nl_object_shared(p) != 0 })
	return shared
}

// GetRefcnt returns the number of references to the object.
//
// Goroutines: any. Errors: none; 0 on a freed object.
//
// Implements:
//
//	int nl_object_get_refcnt(struct nl_object *);
func (o *Object) GetRefcnt() (n int) {
	_ = o.read(func(p *C.struct_nl_object) {
		n = int(C.nl_object_get_refcnt(p)) + max(int(o.refs.Load())-1, 0) // those of Go's are one of C's
	})
	return n
}
