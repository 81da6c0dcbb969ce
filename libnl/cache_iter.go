package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"iter"
	"unsafe"
)

// Foreach ranges over the objects that are in the cache when the loop begins, in order. The loop may add, remove and move
// objects, and free the cache: it sees none of that.
//
// However many objects there are, it calls C twice.
//
// Ownership: each object is borrowed until the next one; [Object.Get] makes a copy that is yours. Goroutines: any. Errors:
// none; nothing to range over on a freed cache.
//
// Implements:
//
//	void nl_cache_foreach(struct nl_cache *, void (*cb)(struct nl_object *, void *), void *arg);
func (c *Cache) Foreach() iter.Seq[*Object] { return c.ForeachFilter(nil) }

// ForeachFilter is [Cache.Foreach] for the objects that match filter, for all if it is nil.
//
// Ownership: filter is borrowed, when the loop begins; each object until the next one. Goroutines: any. Errors: none;
// nothing to range over on a freed cache, or with a freed filter.
//
// Implements:
//
//	void nl_cache_foreach_filter(struct nl_cache *, struct nl_object *, void (*cb)(struct nl_object *, void *), void *arg);
func (c *Cache) ForeachFilter(filter *Object) iter.Seq[*Object] {
	return func(yield func(*Object) bool) {
		var (
			all **C.struct_nl_object
			n   C.size_t
		)
		_ = c.readWith(filter, func(p *C.struct_nl_cache, o *C.struct_nl_object) error {
			all = C.golibnl_cache_objects(p, o, &n)
			return nil
		})
		if all == nil {
			return
		}
		defer func() {
			objMu.Lock()
			defer objMu.Unlock()
			C.golibnl_objects_put(all, n)
		}()
		for _, p := range unsafe.Slice(all, n) {
			if !lend(p, yield) {
				return
			}
		}
	}
}

func lend(p *C.struct_nl_object, yield func(*Object) bool) bool {
	o := borrowObject(p)
	defer o.expire()
	return yield(o)
}

// one returns what f finds in the cache, with a reference, or nil.
func (c *Cache) one(f func(p *C.struct_nl_cache) *C.struct_nl_object) (o *Object) {
	_ = c.read(func(p *C.struct_nl_cache) error {
		if q := f(p); q != nil {
			C.nl_object_get(q)
			o = newObject(q)
		}
		return nil
	})
	return o
}

// GetFirst returns the first object, nil if there is none.
//
// Ownership: the result is ref'd, Put it; in C it is borrowed. Goroutines: any. Errors: none; nil on a freed cache.
//
// Implements:
//
//	struct nl_object *nl_cache_get_first(struct nl_cache *);
func (c *Cache) GetFirst() *Object {
	return c.one(func(p *C.struct_nl_cache) *C.struct_nl_object { return C.nl_cache_get_first(p) })
}

// GetLast returns the last object, nil if there is none.
//
// Ownership: the result is ref'd, Put it; in C it is borrowed. Goroutines: any. Errors: none; nil on a freed cache.
//
// Implements:
//
//	struct nl_object *nl_cache_get_last(struct nl_cache *);
func (c *Cache) GetLast() *Object {
	return c.one(func(p *C.struct_nl_cache) *C.struct_nl_object { return C.nl_cache_get_last(p) })
}

// neighbour returns what f finds beside an object that is in a cache, with a reference, or nil.
func (o *Object) neighbour(f func(p *C.struct_nl_object) *C.struct_nl_object) (n *Object) {
	_ = o.read(func(p *C.struct_nl_object) {
		if C.nl_object_get_cache(p) == nil { // C follows the pointer
			return
		}
		if q := f(p); q != nil {
			C.nl_object_get(q)
			n = newObject(q)
		}
	})
	return n
}

// CacheGetNext returns the object after this one in its cache, nil if this is the last one, or in no cache any more.
//
// Ownership: the result is ref'd, Put it; in C it is borrowed. Goroutines: any. Errors: none; nil on a freed object.
//
// Implements:
//
//	struct nl_object *nl_cache_get_next(struct nl_object *);
func (o *Object) CacheGetNext() *Object {
	return o.neighbour(func(p *C.struct_nl_object) *C.struct_nl_object { return C.nl_cache_get_next(p) })
}

// CacheGetPrev returns the object before this one in its cache, nil if this is the first one, or in no cache any more.
//
// Ownership: the result is ref'd, Put it; in C it is borrowed. Goroutines: any. Errors: none; nil on a freed object.
//
// Implements:
//
//	struct nl_object *nl_cache_get_prev(struct nl_object *);
func (o *Object) CacheGetPrev() *Object {
	return o.neighbour(func(p *C.struct_nl_object) *C.struct_nl_object { return C.nl_cache_get_prev(p) })
}

// found is one for what has a reference of its own, and takes an object that must be there.
func (c *Cache) found(o *Object, f func(p *C.struct_nl_cache, o *C.struct_nl_object) *C.struct_nl_object) (q *Object) {
	op, err := o.enter()
	if err != nil {
		return nil
	}
	defer o.leave()
	_ = c.read(func(p *C.struct_nl_cache) error {
		if r := f(p, op); r != nil {
			q = newObject(r)
		}
		return nil
	})
	return q
}

// Search returns the object that is identical to needle, by the attributes that identify one of its type, nil if there is
// none.
//
// Ownership: the result is ref'd, Put it; needle is borrowed. Goroutines: any. Errors: none; nil on a freed cache, or with a
// freed needle.
//
// Implements:
//
//	struct nl_object *nl_cache_search(struct nl_cache *, struct nl_object *);
func (c *Cache) Search(needle *Object) *Object {
	return c.found(needle, func(p *C.struct_nl_cache, o *C.struct_nl_object) *C.struct_nl_object {
		return C.nl_cache_search(p, o)
	})
}

// Find returns the first object that has all attributes of filter, nil if there is none.
//
// Ownership: the result is ref'd, Put it; filter is borrowed. Goroutines: any. Errors: none; nil on a freed cache, or with a
// freed filter.
//
// Implements:
//
//	struct nl_object *nl_cache_find(struct nl_cache *, struct nl_object *);
func (c *Cache) Find(filter *Object) *Object {
	return c.found(filter, func(p *C.struct_nl_cache, o *C.struct_nl_object) *C.struct_nl_object {
		return C.nl_cache_find(p, o)
	})
}
