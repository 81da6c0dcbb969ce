package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"unsafe"

	"github.com/golibnl/golibnl/libnl/internal/core"
)

// C's calls do not take the lock under which Go's change reference counts: while C works with objects, addresses, data or
// caches that it shares with Go, Go does not.

var (
	addrs shared[Addr]
	datas shared[Data]
	mngrs shared[CacheMngr]
)

// pointer returns the C pointer of a guard, nil if the object is freed.
func pointer(g *core.Guard) unsafe.Pointer {
	p, err := g.Acquire()
	if err != nil {
		return nil
	}
	defer g.Release()
	return p
}

// Pointer returns the struct nl_object *, for C.
//
// Ownership: the result is borrowed, until the last Put; C may take a reference of its own. Goroutines: any. Errors: none; nil
// on a freed object.
func (o *Object) Pointer() unsafe.Pointer { return pointer(o.g()) }

// ObjectFromPointer is an object that C made, or Go, for the use of Go: p is a struct nl_object *.
//
// Ownership: the result is ref'd, Release it. Goroutines: any. Errors: NLE_INVAL for nil.
func ObjectFromPointer(p unsafe.Pointer) (*Object, error) {
	if err := given("ObjectFromPointer", p); err != nil {
		return nil, err
	}
	objMu.Lock()
	defer objMu.Unlock()
	C.nl_object_get((*C.struct_nl_object)(p))
	return newObject((*C.struct_nl_object)(p)), nil
}

// Release is [Object.Put].
//
// Ownership: consumes one reference. Goroutines: any. Errors: those of [Object.Put].
func (o *Object) Release() error { return o.Put() }

// Pointer returns the struct nl_object_ops *, for C.
//
// Ownership: the result is borrowed, for ever. Goroutines: any. Errors: none; nil for the zero ObjectOps.
func (ops ObjectOps) Pointer() unsafe.Pointer { return unsafe.Pointer(ops.p) }

// Pointer returns the struct nl_cache *, for C.
//
// Ownership: the result is borrowed, until the last Put; C may take a reference of its own. Goroutines: any. Errors: none; nil
// on a freed cache.
func (c *Cache) Pointer() unsafe.Pointer {
	p, err := c.enter()
	if err != nil {
		return nil
	}
	defer c.leave()
	return unsafe.Pointer(p)
}

// CacheFromPointer is a cache that C made, or Go, for the use of Go: p is a struct nl_cache *. The same pointer gives the same
// Cache, with one more reference.
//
// Ownership: the result is ref'd, Release it. Goroutines: any. Errors: NLE_INVAL for nil.
func CacheFromPointer(p unsafe.Pointer) (*Cache, error) {
	if err := given("CacheFromPointer", p); err != nil {
		return nil, err
	}
	objMu.Lock()
	defer objMu.Unlock()
	C.nl_cache_get((*C.struct_nl_cache)(p))
	return cacheOf((*C.struct_nl_cache)(p)), nil
}

// Release is [Cache.Put].
//
// Ownership: consumes one reference. Goroutines: any. Errors: those of [Cache.Put].
func (c *Cache) Release() error { return c.Put() }

// Pointer returns the struct nl_cache_ops *, for C.
//
// Ownership: the result is borrowed, for ever. Goroutines: any. Errors: none; nil for operations that are none.
func (ops *CacheOps) Pointer() (p unsafe.Pointer) {
	_ = ops.with(func(c *C.struct_nl_cache_ops) error { p = unsafe.Pointer(c); return nil })
	return p
}

// CacheOpsFromPointer are the operations at p, a struct nl_cache_ops *. They live as long as their library, so that there is
// nothing to release.
//
// Ownership: the result is borrowed, for ever. Goroutines: any. Errors: NLE_INVAL for nil.
func CacheOpsFromPointer(p unsafe.Pointer) (*CacheOps, error) {
	if err := given("CacheOpsFromPointer", p); err != nil {
		return nil, err
	}
	objMu.Lock()
	defer objMu.Unlock()
	return opsOf((*C.struct_nl_cache_ops)(p)), nil
}

// Pointer returns the struct nl_addr *, for C.
//
// Ownership: the result is borrowed, until the last Put; C may take a reference of its own. Goroutines: any. Errors: none; nil
// on a freed address.
func (a *Addr) Pointer() (p unsafe.Pointer) {
	addrs.mu.Lock()
	defer addrs.mu.Unlock()
	_ = a.with(func(c *C.struct_nl_addr) error {
		p = unsafe.Pointer(c)
		a.shared.Store(true)
		addrs.put(p, a)
		return nil
	})
	return p
}

// AddrFromPointer is an address that C made, or Go, for the use of Go: p is a struct nl_addr *. The same pointer gives the same
// Addr, with one more reference.
//
// Ownership: the result is ref'd, Release it. Goroutines: any. Errors: NLE_INVAL for nil.
func AddrFromPointer(p unsafe.Pointer) (*Addr, error) {
	if err := given("AddrFromPointer", p); err != nil {
		return nil, err
	}
	a := &Addr{}
	a.refs.Store(1)
	a.shared.Store(true)
	a.guard.Init(p)
	known := addrs.add(p, a, func(old *Addr) bool { return oneMore(&old.guard, &old.refs) })
	if known == a {
		C.nl_addr_get((*C.struct_nl_addr)(p))
		a.guard.Own("Addr")
	}
	return known, nil
}

// Release is [Addr.Put].
//
// Ownership: consumes one reference. Goroutines: any. Errors: those of [Addr.Put].
func (a *Addr) Release() error { return a.Put() }

// Pointer returns the struct nl_data *, for C. Appending to the data moves its bytes.
//
// Ownership: the result is borrowed, until Free. Goroutines: any. Errors: none; nil on freed data.
func (d *Data) Pointer() (p unsafe.Pointer) {
	datas.mu.Lock()
	defer datas.mu.Unlock()
	_ = d.with(func(c *C.struct_nl_data) error {
		p = unsafe.Pointer(c)
		d.shared.Store(true)
		datas.put(p, d)
		return nil
	})
	return p
}

// DataFromPointer is data that C made, or Go, for the use of Go: p is a struct nl_data *. The same pointer gives the same Data,
// to be released as often.
//
// Ownership: the result is borrowed, Release it; C frees the data after that. Goroutines: any. Errors: NLE_INVAL for nil.
func DataFromPointer(p unsafe.Pointer) (*Data, error) {
	if err := given("DataFromPointer", p); err != nil {
		return nil, err
	}
	d := &Data{borrowed: true}
	d.shared.Store(true)
	d.borrows.Store(1)
	d.guard.Init(p)
	known := datas.add(p, d, func(old *Data) bool { return lendAgain(&old.guard, &old.borrows) })
	if known == d {
		d.guard.Own("Data")
	}
	return known, nil
}

// Release gives data back that [DataFromPointer] lent. The last Release ends the Data.
//
// Ownership: gives the data back. Goroutines: any. Errors: ErrBusy while another call is using it; an error for data that was
// not borrowed.
func (d *Data) Release() error {
	if d == nil {
		return nil
	}
	_, err := datas.release(d, &d.guard, &d.borrows, d.borrowed)
	return err
}

// Pointer returns the struct nl_cache_mngr *, for C.
//
// Ownership: the result is borrowed, until Free. Goroutines: any. Errors: none; nil on a freed manager.
func (m *CacheMngr) Pointer() unsafe.Pointer {
	if m == nil {
		return pointer(nil)
	}
	return mngrs.show(m, &m.guard, &m.shared)
}

// CacheMngrFromPointer is a manager that C made, or Go, for the use of Go: p is a struct nl_cache_mngr *. The change functions
// that C has set are called; meanwhile Go holds its own lock of objects. What Go adds has no change functions, since nothing
// could take those out again. The same pointer gives the same CacheMngr, to be released as often.
//
// Ownership: the result is borrowed, Release it; C frees the manager after that. Goroutines: any. Errors: NLE_INVAL for nil.
func CacheMngrFromPointer(p unsafe.Pointer) (*CacheMngr, error) {
	if err := given("CacheMngrFromPointer", p); err != nil {
		return nil, err
	}
	m := &CacheMngr{borrowed: true}
	m.shared.Store(true)
	m.borrows.Store(1)
	m.guard.Init(p)
	known := mngrs.add(p, m, func(old *CacheMngr) bool { return lendAgain(&old.guard, &old.borrows) })
	if known == m {
		m.guard.Own("CacheMngr")
	}
	return known, nil
}

// Release gives a manager back that [CacheMngrFromPointer] lent. The last Release ends the CacheMngr; the caches that Go has
// added stay in it.
//
// Ownership: gives the manager back. Goroutines: alone. Errors: ErrBusy while a call is running; an error for a manager that was
// not borrowed.
func (m *CacheMngr) Release() error {
	if m == nil {
		return nil
	}
	last, err := mngrs.release(m, &m.guard, &m.borrows, m.borrowed)
	if last {
		objMu.Lock()
		defer objMu.Unlock()
		m.forget()
	}
	return err
}
