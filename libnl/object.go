package libnl

// #include "cgo_helpers.h"
import "C"

import (
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
	return putRef(&o.guard, &o.refs, func(p unsafe.Pointer) { C.nl_object_put((*C.struct_nl_object)(p)) })
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

// GetType returns what the object is: "route/link" and so on.
//
// Goroutines: any. Errors: none; empty on a freed object.
//
// Implements:
//
//	const char *nl_object_get_type(const struct nl_object *);
func (o *Object) GetType() string {
	p, err := o.enter()
	if err != nil {
		return ""
	}
	defer o.leave()
	return C.GoString(C.nl_object_get_type(p))
}
