package libnl

// #include "cgo_helpers.h"
import "C"

import "github.com/golibnl/golibnl/libnl/internal/core"

// ChangeFunc is called for a change of a cache (change_func_t): obj was added (action [NL_ACT_NEW]), removed
// ([NL_ACT_DEL]), or took the place of another ([NL_ACT_CHANGE]). obj is borrowed until it returns; [Object.Get] makes a copy
// that is yours. The cache can be read, but not be changed.
type ChangeFunc func(cache *Cache, obj *Object, action int)

// ChangeFuncV2 is called for a change of a cache (change_func_v2_t): as [ChangeFunc], but with what was there before, nil if
// nothing was, what is there now, nil if nothing is, and the attributes in which they differ.
type ChangeFuncV2 func(cache *Cache, before, now *Object, diff uint64, action int)

// changeSlot is what the handle of a change callback stands for.
type changeSlot struct {
	cache *Cache
	v1    ChangeFunc
	v2    ChangeFuncV2
}

func (s *changeSlot) call(before, now *Object, diff uint64, action int) {
	if s.v2 != nil {
		s.v2(s.cache, before, now, diff, action)
		return
	}
	s.v1(s.cache, now, action)
}

// handle returns a handle for the slot, 0 if there is no function in it.
func (s *changeSlot) handle() uintptr {
	if s.v1 == nil && s.v2 == nil {
		return 0
	}
	return core.NewHandle(s)
}

// lendObject is borrowObject for what may be NULL.
func lendObject(p *C.struct_nl_object) (o *Object, expire func()) {
	if p == nil {
		return nil, func() {}
	}
	o = borrowObject(p)
	return o, o.expire
}

// fill runs a call with which the socket fills the cache.
func (s *Socket) fill(fn string, roles role, cache *Cache, what C.int, slot changeSlot) error {
	p, err := cache.enter()
	if err != nil {
		return err
	}
	defer cache.leave()
	h := slot.handle()
	defer core.DeleteHandle(h)
	f, err := s.enter(roles, nil)
	if err != nil {
		return err
	}
	defer f.leave()
	if roles&sender != 0 {
		f.fixPort()
	}
	f.call.Hold(&objMu)
	end, err := begin(p)
	if err != nil {
		return err
	}
	defer end()
	args := C.struct_golibnl_cache_args{what: what, cache: p, handle: C.uintptr_t(h)}
	_, err = f.done(fn, C.golibnl_cache_call(f.sk, f.cp, f.h, C.int(roles), f.recvHook(), args))
	return err
}

// CacheRefill empties the cache, asks the kernel for all objects of its type, and adds them. It begins again whenever the
// kernel says that the dump was interrupted. The socket's callbacks are called, but for NL_CB_VALID.
//
// Ownership: cache is borrowed. Goroutines: sender and receiver; in a callback only of another socket. Errors: those of
// [Socket.RecvmsgsReport] and [Socket.SendAuto], with which the cache has what came before; NLE_PROTO_MISMATCH if the socket
// is not connected to the cache's protocol; NLE_OPNOTSUPP for a type that cannot be asked for; ErrBusy, ErrFreed, for cache
// too.
//
// Implements:
//
//	int nl_cache_refill(struct nl_sock *, struct nl_cache *);
func (s *Socket) CacheRefill(cache *Cache) error {
	return s.fill("nl_cache_refill", sender|receiver, cache, C.GOLIBNL_CACHE_REFILL, changeSlot{})
}

// CacheResync asks the kernel for all objects of the cache's type and brings the cache up to date. It calls change, unless
// that is nil, for each object that is new, has changed, or is gone. The rest is as with [Socket.CacheRefill].
//
// Ownership: cache is borrowed. Goroutines: sender and receiver; in a callback only of another socket. Errors: those of
// [Socket.CacheRefill].
//
// Implements:
//
//	int nl_cache_resync(struct nl_sock *, struct nl_cache *, change_func_t, void *);
func (s *Socket) CacheResync(cache *Cache, change ChangeFunc) error {
	return s.fill("nl_cache_resync", sender|receiver, cache, C.GOLIBNL_CACHE_RESYNC, changeSlot{cache: cache, v1: change})
}

// CacheResyncV2 is [Socket.CacheResync] with the other kind of callback.
//
// Ownership: cache is borrowed. Goroutines: sender and receiver; in a callback only of another socket. Errors: those of
// [Socket.CacheRefill]; [errors.ErrUnsupported] if the libnl that runs is older than 3.12.
//
// Implements:
//
//	int nl_cache_resync_v2(struct nl_sock *, struct nl_cache *, change_func_v2_t, void *);
func (s *Socket) CacheResyncV2(cache *Cache, change ChangeFuncV2) error {
	const fn = "nl_cache_resync_v2"
	if C.golibnl_newer.nl_cache_resync_v2 == nil {
		return tooOld(fn, 12)
	}
	return s.fill(fn, sender|receiver, cache, C.GOLIBNL_CACHE_RESYNC_V2, changeSlot{cache: cache, v2: change})
}

// CachePickup receives the answer to a dump and adds its objects to the cache. The socket's callbacks are called, but for
// NL_CB_VALID. Objects that the cache has already are left out, if the type has keys, and are there twice if it has none.
//
// Ownership: cache is borrowed. Goroutines: receiver; in a callback only of another socket. Errors: those of
// [Socket.RecvmsgsReport]; NLE_PROTO_MISMATCH, ErrBusy, ErrFreed, for cache too.
//
// Implements:
//
//	int nl_cache_pickup(struct nl_sock *, struct nl_cache *);
func (s *Socket) CachePickup(cache *Cache) error {
	return s.fill("nl_cache_pickup", receiver, cache, C.GOLIBNL_CACHE_PICKUP, changeSlot{})
}

// CachePickupCheckdup is [Socket.CachePickup], but objects replace those that they are identical to.
//
// Ownership: cache is borrowed. Goroutines: receiver; in a callback only of another socket. Errors: those of
// [Socket.CachePickup].
//
// Implements:
//
//	int nl_cache_pickup_checkdup(struct nl_sock *, struct nl_cache *);
func (s *Socket) CachePickupCheckdup(cache *Cache) error {
	return s.fill("nl_cache_pickup_checkdup", receiver, cache, C.GOLIBNL_CACHE_PICKUP_CHECKDUP, changeSlot{})
}

// CacheAllocAndFill makes a cache for the objects of ops and fills it as [Socket.CacheRefill] does, unless sk is nil.
//
// Ownership: the result is ref'd, Put it; ops and sk are borrowed. Goroutines: sender and receiver; in a callback only of
// another socket. Errors: those of [CacheAlloc] and [Socket.CacheRefill].
//
// Implements:
//
//	int nl_cache_alloc_and_fill(struct nl_cache_ops *, struct nl_sock *, struct nl_cache **);
func CacheAllocAndFill(ops *CacheOps, sk *Socket) (*Cache, error) {
	c, err := CacheAlloc(ops)
	if err != nil || sk == nil {
		return c, err
	}
	filled := false
	defer func() {
		if !filled { // a callback may have panicked
			_ = c.Put()
		}
	}()
	err = sk.fill("nl_cache_alloc_and_fill", sender|receiver, c, C.GOLIBNL_CACHE_REFILL, changeSlot{})
	if err != nil {
		return nil, err
	}
	filled = true
	return c, nil
}

// Include brings the cache up to date with an object that was made of a message: one that is new or has changed is moved
// into the cache, and one that was deleted taken out. It calls change for that, unless that is nil.
//
// Ownership: the cache takes a reference; obj stays yours. Goroutines: any. Errors: NLE_OBJ_MISMATCH for an object of another
// type; NLE_MSGTYPE_NOSUPPORT for one that was made of no message; ErrBusy, for the object's cache too; ErrFreed.
//
// Implements:
//
//	int nl_cache_include(struct nl_cache *, struct nl_object *, change_func_t, void *);
func (c *Cache) Include(obj *Object, change ChangeFunc) error {
	return c.include("nl_cache_include", obj, changeSlot{cache: c, v1: change}, 0)
}

// IncludeV2 is [Cache.Include] with the other kind of callback.
//
// Ownership: the cache takes a reference; obj stays yours. Goroutines: any. Errors: those of [Cache.Include]; NLE_OPNOTSUPP
// with libnl 3.11.0, which frees objects twice here.
//
// Implements:
//
//	int nl_cache_include_v2(struct nl_cache *, struct nl_object *, change_func_v2_t, void *);
func (c *Cache) IncludeV2(obj *Object, change ChangeFuncV2) error {
	if err := checkV2("nl_cache_include_v2"); err != nil {
		return err
	}
	return c.include("nl_cache_include_v2", obj, changeSlot{cache: c, v2: change}, 1)
}

// checkV2 refuses change callbacks of the second kind where libnl frees what it hands them once too often.
func checkV2(fn string) error {
	if VerNum() == Ver(3, 11) && VerMic() == 0 {
		return refusal(fn, NLE_OPNOTSUPP, "libnl 3.11.0 frees objects twice here; use another version")
	}
	return nil
}

func (c *Cache) include(fn string, obj *Object, slot changeSlot, v2 C.int) error {
	o, err := obj.enter()
	if err != nil {
		return err
	}
	defer obj.leave()
	p, err := c.enter()
	if err != nil {
		return err
	}
	defer c.leave()
	call := core.BeginCall(nil, nil)
	defer call.End()
	h := slot.handle()
	defer core.DeleteHandle(h)
	call.Hold(&objMu)
	home := C.nl_object_get_cache(o)
	if busyCaches[home] {
		return ErrBusy
	}
	end, err := begin(p)
	if err != nil {
		return err
	}
	defer end()
	if home == p { // libnl would merge the object into itself
		if o = C.nl_object_clone(o); o == nil {
			return failure(fn, -C.NLE_NOMEM, 0)
		}
		defer C.nl_object_put(o)
	}
	ret := C.golibnl_cache_include(p, o, C.uintptr_t(call.Handle), C.uintptr_t(h), v2)
	if err := call.Outcome(); err != nil {
		return err
	}
	if ret < 0 {
		return failure(fn, ret, 0)
	}
	return nil
}
