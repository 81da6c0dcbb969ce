package libnl

// #include "cgo_helpers.h"
import "C"

// changeWith is change for a call that takes an object, too, and changes the cache that it is in, if it is in one.
func (c *Cache) changeWith(o *Object, f func(p *C.struct_nl_cache, o *C.struct_nl_object) error) error {
	op, err := o.enter()
	if err != nil {
		return err
	}
	defer o.leave()
	return c.change(func(p *C.struct_nl_cache) error {
		if busyCaches[C.nl_object_get_cache(op)] {
			return ErrBusy
		}
		return f(p, op)
	})
}

// Add adds an object; a copy of it, if it is, or ever was, in a cache.
//
// Ownership: the cache takes a reference; obj stays yours. Goroutines: any. Errors: NLE_OBJ_MISMATCH for an object of another
// type; NLE_EXIST for one that is identical to one in the cache, if the type has keys; NLE_NOMEM, ErrBusy, ErrFreed, for
// obj too.
//
// Implements:
//
//	int nl_cache_add(struct nl_cache *, struct nl_object *);
func (c *Cache) Add(obj *Object) error {
	o, err := obj.enter()
	if err != nil {
		return err
	}
	defer obj.leave()
	return c.change(func(p *C.struct_nl_cache) error { return result("nl_cache_add", C.nl_cache_add(p, o), nil) })
}

// Move takes the object out of the cache that it is in, if any, and adds it. If that fails with NLE_EXIST, the object is in
// no cache.
//
// Ownership: the cache takes a reference; obj stays yours. Goroutines: any. Errors: those of [Cache.Add]; ErrBusy for the
// object's cache, too.
//
// Implements:
//
//	int nl_cache_move(struct nl_cache *, struct nl_object *);
func (c *Cache) Move(obj *Object) error {
	return c.changeWith(obj, func(p *C.struct_nl_cache, o *C.struct_nl_object) error {
		return result("nl_cache_move", C.golibnl_cache_move(p, o), nil)
	})
}

// CacheRemove takes the object out of the cache that it is in, if any. The copy that [Object.Get] makes of a borrowed object
// is in none.
//
// Ownership: consumes the cache's reference, none of yours. Goroutines: any. Errors: ErrBusy while a call that receives or
// calls back is filling that cache; ErrFreed.
//
// Implements:
//
//	void nl_cache_remove(struct nl_object *);
func (o *Object) CacheRemove() (err error) {
	e := o.read(func(p *C.struct_nl_object) {
		if busyCaches[C.nl_object_get_cache(p)] {
			err = ErrBusy
			return
		}
		C.nl_object_get(p) // a borrowed one must outlive this
		C.nl_cache_remove(p)
		C.nl_object_put(p)
	})
	if e != nil {
		return e
	}
	return err
}

// GetCache returns the cache that the object is in; nil if it is in none, or in one of which Go has no [Cache].
//
// Ownership: the result is borrowed, as long as its owners have it. Goroutines: any. Errors: none; nil on a freed object.
//
// Implements:
//
//	struct nl_cache *nl_object_get_cache(struct nl_object *);
func (o *Object) GetCache() (c *Cache) {
	_ = o.read(func(p *C.struct_nl_object) {
		if k := knownCaches[C.nl_object_get_cache(p)]; k != nil && k.refs > 0 {
			c = k
		}
	})
	return c
}

// Clear takes all objects out of the cache.
//
// Goroutines: any. Errors: ErrBusy, ErrFreed.
//
// Implements:
//
//	void nl_cache_clear(struct nl_cache *);
func (c *Cache) Clear() error {
	return c.change(func(p *C.struct_nl_cache) error { C.nl_cache_clear(p); return nil })
}

// MarkAll marks all objects, as [Object.Mark] does one.
//
// Goroutines: any. Errors: ErrBusy, ErrFreed.
//
// Implements:
//
//	void nl_cache_mark_all(struct nl_cache *);
func (c *Cache) MarkAll() error {
	return c.change(func(p *C.struct_nl_cache) error { C.nl_cache_mark_all(p); return nil })
}

// ParseAndAdd makes objects of a message and adds them. The protocol of the message does not matter.
//
// Ownership: msg is borrowed. Goroutines: any. Errors: NLE_MSGTYPE_NOSUPPORT for a message that the cache is not for, those
// of the parser, those of [Cache.Add], ErrBusy, ErrFreed, for msg too.
//
// Implements:
//
//	int nl_cache_parse_and_add(struct nl_cache *, struct nl_msg *);
func (c *Cache) ParseAndAdd(msg *Msg) error {
	var err error
	e := msg.read(func(m *C.struct_nl_msg) {
		err = c.change(func(p *C.struct_nl_cache) error {
			return result("nl_cache_parse_and_add", C.nl_cache_parse_and_add(p, m), nil)
		})
	})
	if e != nil {
		return e
	}
	return err
}
