package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/golibnl/golibnl/libnl/internal/core"
)

// Cache is a set of objects of one type: the links of a host, or its routes (struct nl_cache).
//
// Any goroutine may call its methods and use its objects; calls take turns. While a call that receives or calls back is
// filling the cache, it can be read, and what would change it returns [ErrBusy].
type Cache struct {
	guard  core.Guard
	orphan atomic.Bool // lost its last reference to the end of a manager while a call was inside

	// Under objMu:
	refs int
	mngr *CacheMngr
}

// objMu orders all that reads or changes objects, caches and cache operations. Their reference counts are plain ints in
// libnl, which changes them itself in whatever makes, fills or frees objects; one object may be in a cache, and in several
// Go objects. A call that waits or calls back does not hold it meanwhile. Guards are taken before it, never after it.
var objMu sync.Mutex

// The caches that Go knows, and those that a call that waits or calls back is filling. Under objMu.
var (
	knownCaches = map[*C.struct_nl_cache]*Cache{}
	busyCaches  = map[*C.struct_nl_cache]bool{}
)

// cacheOf makes the Go object of a reference that the caller gives away, unless there is one already, which then has one
// more. The caller holds objMu.
func cacheOf(p *C.struct_nl_cache) *Cache {
	if c := knownCaches[p]; c != nil && c.refs > 0 {
		c.refs++
		C.nl_cache_put(p)
		return c
	}
	c := &Cache{refs: 1}
	c.guard.Init(unsafe.Pointer(p))
	c.guard.Own("Cache")
	knownCaches[p] = c
	return c
}

func (c *Cache) g() *core.Guard {
	if c == nil {
		return nil
	}
	return &c.guard
}

// enter begins a use of the cache; leave ends it, without objMu.
func (c *Cache) enter() (*C.struct_nl_cache, error) {
	p, err := c.g().Acquire()
	return (*C.struct_nl_cache)(p), err
}

func (c *Cache) leave() {
	if c.guard.Release() && c.orphan.Load() {
		objMu.Lock()
		defer objMu.Unlock()
		_ = c.finish()
	}
}

// finish frees the Go object, unless a call is inside. The caller holds objMu.
func (c *Cache) finish() error {
	p, err := c.guard.Retire()
	if p == nil || err != nil {
		return err
	}
	c.guard.Disown()
	c.refs = 0
	cp := (*C.struct_nl_cache)(p)
	if knownCaches[cp] == c {
		delete(knownCaches, cp)
	}
	C.nl_cache_put(cp)
	return nil
}

// read runs f, a C call that neither waits nor calls back.
func (c *Cache) read(f func(p *C.struct_nl_cache) error) error {
	p, err := c.enter()
	if err != nil {
		return err
	}
	defer c.leave()
	objMu.Lock()
	defer objMu.Unlock()
	return f(p)
}

// change is read for a call that changes the cache.
func (c *Cache) change(f func(p *C.struct_nl_cache) error) error {
	return c.read(func(p *C.struct_nl_cache) error {
		if busyCaches[p] {
			return ErrBusy
		}
		return f(p)
	})
}

// begin marks the cache as being filled by a call that waits or calls back, until end. The caller holds objMu.
func begin(p *C.struct_nl_cache) (end func(), err error) {
	if busyCaches[p] {
		return nil, ErrBusy
	}
	busyCaches[p] = true
	return func() { delete(busyCaches, p) }, nil
}

// optional enters an object that a call may have or not: nil stands for NULL.
func optional(o *Object) (p *C.struct_nl_object, leave func(), err error) {
	if o == nil {
		return nil, func() {}, nil
	}
	if p, err = o.enter(); err != nil {
		return nil, nil, err
	}
	return p, o.leave, nil
}

// CacheAlloc makes an empty cache for the objects of ops.
//
// Ownership: the result is ref'd, Put it; ops is borrowed. Goroutines: any. Errors: ErrFreed for ops, NLE_NOMEM.
//
// Implements:
//
//	struct nl_cache *nl_cache_alloc(struct nl_cache_ops *);
func CacheAlloc(ops *CacheOps) (c *Cache, err error) {
	err = ops.with(func(p *C.struct_nl_cache_ops) error {
		c, err = madeCache("nl_cache_alloc", C.nl_cache_alloc(p))
		return err
	})
	return c, err
}

func madeCache(fn string, p *C.struct_nl_cache) (*Cache, error) {
	if p == nil {
		return nil, failure(fn, -C.NLE_NOMEM, 0)
	}
	return cacheOf(p), nil
}

// CacheAllocName makes an empty cache for the objects of a type: "route/link" and others by libnl-route, "genl/family" by
// libnl-genl.
//
// Ownership: the result is ref'd, Put it. Goroutines: any. Errors: NLE_NOCACHE for a name that is not registered,
// NLE_NOMEM.
//
// Implements:
//
//	int nl_cache_alloc_name(const char *, struct nl_cache **);
func CacheAllocName(kind string) (*Cache, error) {
	const fn = "nl_cache_alloc_name"
	if strings.IndexByte(kind, 0) >= 0 {
		return nil, refusal(fn, NLE_NOCACHE, "%q is not registered", kind)
	}
	name := C.CString(kind)
	defer C.free(unsafe.Pointer(name))
	objMu.Lock()
	defer objMu.Unlock()
	var p *C.struct_nl_cache
	if ret := C.nl_cache_alloc_name(name, &p); ret < 0 {
		return nil, failure(fn, ret, 0)
	}
	return cacheOf(p), nil
}

// Subset makes a cache with copies of the objects that match filter.
//
// Ownership: the result is ref'd, Put it; filter is borrowed. Goroutines: any. Errors: NLE_INVAL without a filter, on
// which C aborts; NLE_NOMEM, ErrFreed, for filter too.
//
// Implements:
//
//	struct nl_cache *nl_cache_subset(struct nl_cache *, struct nl_object *);
func (c *Cache) Subset(filter *Object) (s *Cache, err error) {
	if filter == nil {
		return nil, refusal("nl_cache_subset", NLE_INVAL, "no filter")
	}
	err = c.readWith(filter, func(p *C.struct_nl_cache, o *C.struct_nl_object) error {
		s, err = madeCache("nl_cache_subset", C.nl_cache_subset(p, o))
		return err
	})
	return s, err
}

// Clone makes a cache with copies of all objects.
//
// Ownership: the result is ref'd, Put it. Goroutines: any. Errors: NLE_NOMEM, ErrFreed.
//
// Implements:
//
//	struct nl_cache *nl_cache_clone(struct nl_cache *);
func (c *Cache) Clone() (s *Cache, err error) {
	err = c.read(func(p *C.struct_nl_cache) error {
		s, err = madeCache("nl_cache_clone", C.nl_cache_clone(p))
		return err
	})
	return s, err
}

// Get takes another reference to the cache and returns it.
//
// Ownership: the result is ref'd, Put it once for each Get, and once for the call that made it. Goroutines: any. Errors:
// ErrFreed.
//
// Implements:
//
//	void nl_cache_get(struct nl_cache *);
func (c *Cache) Get() (*Cache, error) {
	err := c.read(func(*C.struct_nl_cache) error {
		if c.refs == 0 {
			return core.ReportMisuse(ErrFreed)
		}
		c.refs++
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Put gives a reference back; the last one frees the cache, and the objects that nobody else has. A cache that is freed
// already is left alone. A manager, and MngtProvide, have references of their own.
//
// Ownership: consumes one reference. Goroutines: any. Errors: ErrBusy while another call is using the cache.
//
// Implements:
//
//	void nl_cache_put(struct nl_cache *cache);
func (c *Cache) Put() error {
	if c == nil {
		return nil
	}
	objMu.Lock()
	defer objMu.Unlock()
	if c.refs > 1 {
		c.refs--
		return nil
	}
	return c.finish()
}

// Free is [Cache.Put].
//
// Ownership: consumes one reference. Goroutines: any. Errors: those of [Cache.Put].
//
// Implements:
//
//	void nl_cache_free(struct nl_cache *);
func (c *Cache) Free() error { return c.Put() }

// GetOps returns the operations of the cache.
//
// Ownership: the result is borrowed, for ever. Goroutines: any. Errors: none; nil on a freed cache.
//
// Implements:
//
//	struct nl_cache_ops *nl_cache_get_ops(struct nl_cache *);
func (c *Cache) GetOps() (ops *CacheOps) {
	_ = c.read(func(p *C.struct_nl_cache) error { ops = opsOf(C.nl_cache_get_ops(p)); return nil })
	return ops
}

// Nitems returns the number of objects.
//
// Goroutines: any. Errors: none; 0 on a freed cache.
//
// Implements:
//
//	int nl_cache_nitems(struct nl_cache *);
func (c *Cache) Nitems() (n int) {
	_ = c.read(func(p *C.struct_nl_cache) error { n = int(C.nl_cache_nitems(p)); return nil })
	return n
}

// NitemsFilter returns the number of objects that match filter, of all if it is nil.
//
// Ownership: filter is borrowed. Goroutines: any. Errors: none; 0 on a freed cache.
//
// Implements:
//
//	int nl_cache_nitems_filter(struct nl_cache *, struct nl_object *);
func (c *Cache) NitemsFilter(filter *Object) (n int) {
	_ = c.readWith(filter, func(p *C.struct_nl_cache, o *C.struct_nl_object) error {
		n = int(C.nl_cache_nitems_filter(p, o))
		return nil
	})
	return n
}

// IsEmpty reports whether there are no objects.
//
// Goroutines: any. Errors: none; true on a freed cache.
//
// Implements:
//
//	int nl_cache_is_empty(struct nl_cache *);
func (c *Cache) IsEmpty() bool {
	empty := true
	_ = c.read(func(p *C.struct_nl_cache) error { empty = C.nl_cache_is_empty(p) != 0; return nil })
	return empty
}

// readWith is read for a call that has an object, too, or nil for NULL.
func (c *Cache) readWith(o *Object, f func(p *C.struct_nl_cache, o *C.struct_nl_object) error) error {
	op, leave, err := optional(o)
	if err != nil {
		return err
	}
	defer leave()
	return c.read(func(p *C.struct_nl_cache) error { return f(p, op) })
}

// SetArg1 sets the first argument of the dumps that fill the cache; for most types it is an address family.
//
// Goroutines: any. Errors: NLE_RANGE if it is no 32-bit number, ErrBusy, ErrFreed.
//
// Implements:
//
//	void nl_cache_set_arg1(struct nl_cache *, int);
func (c *Cache) SetArg1(arg int) error {
	if int(C.int(arg)) != arg {
		return refusal("nl_cache_set_arg1", NLE_RANGE, "%d is no int of C's", arg)
	}
	return c.change(func(p *C.struct_nl_cache) error { C.nl_cache_set_arg1(p, C.int(arg)); return nil })
}

// SetArg2 sets the second argument of the dumps that fill the cache.
//
// Goroutines: any. Errors: NLE_RANGE if it is no 32-bit number, ErrBusy, ErrFreed.
//
// Implements:
//
//	void nl_cache_set_arg2(struct nl_cache *, int);
func (c *Cache) SetArg2(arg int) error {
	if int(C.int(arg)) != arg {
		return refusal("nl_cache_set_arg2", NLE_RANGE, "%d is no int of C's", arg)
	}
	return c.change(func(p *C.struct_nl_cache) error { C.nl_cache_set_arg2(p, C.int(arg)); return nil })
}

// SetFlags adds flags to those of the cache, such as [NL_CACHE_AF_ITER].
//
// Goroutines: any. Errors: ErrBusy, ErrFreed.
//
// Implements:
//
//	void nl_cache_set_flags(struct nl_cache *, unsigned int);
func (c *Cache) SetFlags(flags uint32) error {
	return c.change(func(p *C.struct_nl_cache) error { C.nl_cache_set_flags(p, C.uint(flags)); return nil })
}

// Dump writes all objects to the writer of params in libnl's words.
//
// Goroutines: any, each with params of its own. Errors: those of [Object.Dump].
//
// Implements:
//
//	void nl_cache_dump(struct nl_cache *, struct nl_dump_params *);
func (c *Cache) Dump(params *DumpParams) error {
	return params.run("nl_cache_dump", func(dp *C.struct_nl_dump_params) error {
		return c.read(func(p *C.struct_nl_cache) error { C.nl_cache_dump(p, dp); return nil })
	})
}

// DumpFilter is [Cache.Dump] for the objects that match filter, for all if it is nil.
//
// Ownership: filter is borrowed. Goroutines: any, each with params of its own. Errors: those of [Object.Dump], for filter
// too.
//
// Implements:
//
//	void nl_cache_dump_filter(struct nl_cache *, struct nl_dump_params *, struct nl_object *);
func (c *Cache) DumpFilter(params *DumpParams, filter *Object) error {
	return params.run("nl_cache_dump_filter", func(dp *C.struct_nl_dump_params) error {
		return c.readWith(filter, func(p *C.struct_nl_cache, o *C.struct_nl_object) error {
			C.nl_cache_dump_filter(p, dp, o)
			return nil
		})
	})
}
