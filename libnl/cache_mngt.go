package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"iter"
	"strings"
	"unsafe"

	"github.com/golibnl/golibnl/libnl/internal/core"
)

// CacheOps is what libnl, or a library on top of it, knows about a type of caches: how to ask for objects, and how to make
// them of messages (struct nl_cache_ops). They live as long as their library, whatever their references, which only keep
// [CacheOps.CacheMngtUnregister] away. There is one CacheOps for each, so that == tells them apart.
//
// Any goroutine may call its methods; calls take turns.
type CacheOps struct {
	p    *C.struct_nl_cache_ops
	refs int // of Go's callers; under objMu
}

// Msgtype says that cache operations are for a type of messages (struct nl_msgtype, whose other fields are private).
type Msgtype struct {
	MtId int
}

// The operations that Go knows, and the cache that was provided for them last, with a reference. Under objMu.
var (
	knownOps = map[*C.struct_nl_cache_ops]*CacheOps{}
	provided = map[*C.struct_nl_cache_ops]*C.struct_nl_cache{}
)

// opsOf returns the Go object of operations, nil for NULL. The caller holds objMu.
func opsOf(p *C.struct_nl_cache_ops) *CacheOps {
	if p == nil {
		return nil
	}
	ops := knownOps[p]
	if ops == nil {
		ops = &CacheOps{p: p}
		knownOps[p] = ops
	}
	return ops
}

// with runs f with the operations, which count as freed when they are none.
func (ops *CacheOps) with(f func(p *C.struct_nl_cache_ops) error) error {
	if ops == nil || ops.p == nil {
		return core.ReportMisuse(ErrFreed)
	}
	objMu.Lock()
	defer objMu.Unlock()
	return f(ops.p)
}

// named runs a C function that looks a name up.
func named[T any](name string, f func(c *C.char) *T) *T {
	if strings.IndexByte(name, 0) >= 0 {
		return nil
	}
	c := C.CString(name)
	defer C.free(unsafe.Pointer(c))
	return f(c)
}

// CacheOpsLookup returns the operations of a name, "route/link" for one, nil if none are registered.
//
// Ownership: the result is borrowed, for ever. Goroutines: any.
//
// Implements:
//
//	struct nl_cache_ops *nl_cache_ops_lookup(const char *);
func CacheOpsLookup(name string) *CacheOps {
	return named(name, func(c *C.char) *CacheOps {
		objMu.Lock()
		defer objMu.Unlock()
		return opsOf(C.nl_cache_ops_lookup(c))
	})
}

// CacheOpsLookupSafe is [CacheOpsLookup] with a reference.
//
// Ownership: the result is ref'd, Put it. Goroutines: any.
//
// Implements:
//
//	struct nl_cache_ops *nl_cache_ops_lookup_safe(const char *);
func CacheOpsLookupSafe(name string) *CacheOps {
	return named(name, func(c *C.char) *CacheOps {
		objMu.Lock()
		defer objMu.Unlock()
		return refdOps(C.nl_cache_ops_lookup_safe(c))
	})
}

func refdOps(p *C.struct_nl_cache_ops) *CacheOps {
	ops := opsOf(p)
	if ops != nil {
		ops.refs++
	}
	return ops
}

// CacheOpsAssociate returns the operations for a protocol and type of messages, nil if none are registered.
//
// Ownership: the result is borrowed, for ever. Goroutines: any.
//
// Implements:
//
//	struct nl_cache_ops *nl_cache_ops_associate(int, int);
func CacheOpsAssociate(protocol, msgtype int) *CacheOps {
	if int(C.int(protocol)) != protocol || int(C.int(msgtype)) != msgtype {
		return nil
	}
	objMu.Lock()
	defer objMu.Unlock()
	return opsOf(C.nl_cache_ops_associate(C.int(protocol), C.int(msgtype)))
}

// CacheOpsAssociateSafe is [CacheOpsAssociate] with a reference.
//
// Ownership: the result is ref'd, Put it. Goroutines: any.
//
// Implements:
//
//	struct nl_cache_ops *nl_cache_ops_associate_safe(int, int);
func CacheOpsAssociateSafe(protocol, msgtype int) *CacheOps {
	if int(C.int(protocol)) != protocol || int(C.int(msgtype)) != msgtype {
		return nil
	}
	objMu.Lock()
	defer objMu.Unlock()
	return refdOps(C.nl_cache_ops_associate_safe(C.int(protocol), C.int(msgtype)))
}

// CacheOpsForeach ranges over the operations that are registered when the loop begins.
//
// Ownership: they are borrowed, for ever. Goroutines: any.
//
// Implements:
//
//	void nl_cache_ops_foreach(void (*cb)(struct nl_cache_ops *, void *), void *);
func CacheOpsForeach() iter.Seq[*CacheOps] {
	return func(yield func(*CacheOps) bool) {
		for _, ops := range registered() {
			if !yield(ops) {
				return
			}
		}
	}
}

func registered() (list []*CacheOps) {
	objMu.Lock()
	defer objMu.Unlock()
	eachOps(func(p *C.struct_nl_cache_ops) { list = append(list, opsOf(p)) })
	return list
}

// eachOps calls f for all operations that are registered. The caller holds objMu.
func eachOps(f func(p *C.struct_nl_cache_ops)) {
	var n C.size_t
	all := C.golibnl_cache_ops(&n)
	defer C.free(unsafe.Pointer(all))
	for _, p := range unsafe.Slice(all, n) {
		f(p)
	}
}

// Get takes a reference to the operations and returns them.
//
// Ownership: the result is ref'd, Put it. Goroutines: any. Errors: ErrFreed.
//
// Implements:
//
//	void nl_cache_ops_get(struct nl_cache_ops *);
func (ops *CacheOps) Get() (*CacheOps, error) {
	err := ops.with(func(p *C.struct_nl_cache_ops) error {
		C.nl_cache_ops_get(p)
		ops.refs++
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ops, nil
}

// Put gives a reference back. Without one there is nothing to do: in C, the operations would then count as unused while
// others have them.
//
// Ownership: consumes one reference. Goroutines: any. Errors: none.
//
// Implements:
//
//	void nl_cache_ops_put(struct nl_cache_ops *);
func (ops *CacheOps) Put() error {
	if ops == nil || ops.p == nil {
		return nil
	}
	return ops.with(func(p *C.struct_nl_cache_ops) error {
		if ops.refs > 0 {
			ops.refs--
			C.nl_cache_ops_put(p)
		}
		return nil
	})
}

// SetFlags adds flags, such as [NL_CACHE_AF_ITER], to those that caches of the type begin with.
//
// Goroutines: any. Errors: ErrFreed.
//
// Implements:
//
//	void nl_cache_ops_set_flags(struct nl_cache_ops *, unsigned int);
func (ops *CacheOps) SetFlags(flags uint32) error {
	return ops.with(func(p *C.struct_nl_cache_ops) error { C.nl_cache_ops_set_flags(p, C.uint(flags)); return nil })
}

// MsgtypeLookup returns whether, and as what, the operations are for messages of a type; nil if they are not.
//
// Goroutines: any. Errors: none; nil for nil operations.
//
// Implements:
//
//	struct nl_msgtype *nl_msgtype_lookup(struct nl_cache_ops *, int);
func (ops *CacheOps) MsgtypeLookup(msgtype int) (t *Msgtype) {
	_ = ops.with(func(p *C.struct_nl_cache_ops) error {
		if int(C.int(msgtype)) == msgtype && C.nl_msgtype_lookup(p, C.int(msgtype)) != nil {
			t = &Msgtype{MtId: msgtype}
		}
		return nil
	})
	return t
}

// CacheMngtRegister registers operations that [CacheOps.CacheMngtUnregister] took away.
//
// Goroutines: any. Errors: NLE_EXIST if operations of that name are registered; ErrFreed.
//
// Implements:
//
//	int nl_cache_mngt_register(struct nl_cache_ops *);
func (ops *CacheOps) CacheMngtRegister() error {
	return ops.with(func(p *C.struct_nl_cache_ops) error {
		ret := C.nl_cache_mngt_register(p)
		if ret == 0 {
			ops.refs = 0 // libnl begins to count anew
		}
		return result("nl_cache_mngt_register", ret, nil)
	})
}

// CacheMngtUnregister takes the operations off libnl's list: they are found no more. Caches that use them go on.
//
// Goroutines: any. Errors: NLE_BUSY while there are references, or a manager or MngtProvide has a cache of the type;
// NLE_NOCACHE if they are not registered; ErrFreed.
//
// Implements:
//
//	int nl_cache_mngt_unregister(struct nl_cache_ops *);
func (ops *CacheOps) CacheMngtUnregister() error {
	return ops.with(func(p *C.struct_nl_cache_ops) error {
		return result("nl_cache_mngt_unregister", C.nl_cache_mngt_unregister(p), nil)
	})
}

// isRegistered reports whether operations are on libnl's list. The caller holds objMu.
func isRegistered(ops *C.struct_nl_cache_ops) (is bool) {
	eachOps(func(p *C.struct_nl_cache_ops) { is = is || p == ops })
	return is
}

// MngtProvide makes the cache the one that [CacheMngtRequire] finds, in place of the one before: libnl looks up the names of
// links in it.
//
// Ownership: it takes a reference, until MngtUnprovide or the next MngtProvide. Goroutines: any. Errors: NLE_NOCACHE if the
// operations of the cache are not registered any more, on which C aborts; ErrFreed.
//
// Implements:
//
//	void nl_cache_mngt_provide(struct nl_cache *);
func (c *Cache) MngtProvide() error {
	return c.read(func(p *C.struct_nl_cache) error {
		ops := C.nl_cache_get_ops(p)
		if !isRegistered(ops) {
			return refusal("nl_cache_mngt_provide", NLE_NOCACHE, "the operations of the cache are not registered")
		}
		if old := unprovide(ops); old != nil {
			defer C.nl_cache_put(old)
		}
		C.nl_cache_mngt_provide(p)
		noteProvided(ops, p)
		return nil
	})
}

// noteProvided remembers what was provided for ops. The caller holds objMu.
func noteProvided(ops *C.struct_nl_cache_ops, p *C.struct_nl_cache) {
	C.nl_cache_get(p)
	provided[ops] = p
}

// unprovide takes back the cache that was provided for ops, which libnl would forget with a reference, and returns it with
// ours, or nil. The caller holds objMu; ops are registered.
func unprovide(ops *C.struct_nl_cache_ops) *C.struct_nl_cache {
	p := provided[ops]
	if p != nil {
		C.nl_cache_mngt_unprovide(p)
		delete(provided, ops)
	}
	return p
}

// MngtUnprovide ends what MngtProvide began. A cache that is not provided is left alone.
//
// Ownership: consumes MngtProvide's reference, none of yours. Goroutines: any. Errors: NLE_NOCACHE if the operations of the
// cache are not registered any more, on which C aborts; ErrFreed.
//
// Implements:
//
//	void nl_cache_mngt_unprovide(struct nl_cache *);
func (c *Cache) MngtUnprovide() error {
	return c.read(func(p *C.struct_nl_cache) error {
		ops := C.nl_cache_get_ops(p)
		if !isRegistered(ops) {
			return refusal("nl_cache_mngt_unprovide", NLE_NOCACHE, "the operations of the cache are not registered")
		}
		C.nl_cache_mngt_unprovide(p)
		if provided[ops] == p {
			delete(provided, ops)
			C.nl_cache_put(p)
		}
		return nil
	})
}

// CacheMngtRequire is [CacheMngtRequireSafe]. In C the result has no reference, and is gone when others want it so.
//
// Ownership: the result is ref'd, Put it. Goroutines: any.
//
// Implements:
//
//	struct nl_cache *nl_cache_mngt_require(const char *);
func CacheMngtRequire(name string) *Cache {
	return named(name, func(c *C.char) *Cache {
		objMu.Lock()
		defer objMu.Unlock()
		p := C.nl_cache_mngt_require(c)
		if p == nil {
			return nil
		}
		C.nl_cache_get(p)
		return cacheOf(p)
	})
}

// CacheMngtRequireSafe returns the cache that was provided for a name, nil if there is none.
//
// Ownership: the result is ref'd, Put it. Goroutines: any.
//
// Implements:
//
//	struct nl_cache *nl_cache_mngt_require_safe(const char *);
func CacheMngtRequireSafe(name string) *Cache {
	return named(name, func(c *C.char) *Cache {
		objMu.Lock()
		defer objMu.Unlock()
		p := C.nl_cache_mngt_require_safe(c)
		if p == nil {
			return nil
		}
		return cacheOf(p)
	})
}
