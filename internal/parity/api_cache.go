//go:build linux && cgo

package parity

import (
	"github.com/golibnl/golibnl/libnl"
)

var cacheVerbs = map[string]verb{
	"nl_cache_alloc": {3, func(a *api, w []string) {
		c, err := libnl.CacheAlloc(opsArg(w, 2))
		must(err)
		give(a, w, 1, c)
	}},
	"nl_cache_alloc_name": {3, func(a *api, w []string) {
		c, err := libnl.CacheAllocName(w[2])
		a.sayRet(0, err)
		a.giveCache(w, 1, c)
	}},
	"nl_cache_alloc_and_fill": {3, func(a *api, w []string) {
		var sk *libnl.Socket
		if len(w) > 3 {
			sk = a.sock(w, 3)
		}
		c, err := libnl.CacheAllocAndFill(opsArg(w, 2), sk)
		a.sayRet(0, err)
		a.giveCache(w, 1, c)
	}},
	"nl_cache_subset": {4, func(a *api, w []string) {
		c, err := a.cache(w, 2).Subset(a.obj(w, 3))
		must(err)
		give(a, w, 1, c)
	}},
	"nl_cache_clone": {3, func(a *api, w []string) {
		c, err := a.cache(w, 2).Clone()
		must(err)
		give(a, w, 1, c)
	}},
	"nl_cache_get": {3, func(a *api, w []string) {
		c, err := a.cache(w, 2).Get()
		must(err)
		give(a, w, 1, c)
	}},
	"nl_cache_put": {2, func(a *api, w []string) {
		a.done(a.cache(w, 1).Put())
		forget[*libnl.Cache](a, w, 1)
	}},
	"nl_cache_free": {2, func(a *api, w []string) {
		a.done(a.cache(w, 1).Free())
		forget[*libnl.Cache](a, w, 1)
	}},
	"nl_cache_clear":      {2, func(a *api, w []string) { a.done(a.cache(w, 1).Clear()) }},
	"nl_cache_add":        {3, func(a *api, w []string) { a.sayRet(0, a.cache(w, 1).Add(a.obj(w, 2))) }},
	"nl_cache_move":       {3, func(a *api, w []string) { a.sayRet(0, a.cache(w, 1).Move(a.obj(w, 2))) }},
	"nl_cache_remove":     {2, func(a *api, w []string) { a.done(a.obj(w, 1).CacheRemove()) }},
	"nl_cache_include":    {3, func(a *api, w []string) { a.sayRet(0, a.cache(w, 1).Include(a.obj(w, 2), a.change(w, 3))) }},
	"nl_cache_include_v2": {3, func(a *api, w []string) { a.sayRet(0, a.cache(w, 1).IncludeV2(a.obj(w, 2), a.changeV2(w, 3))) }},
	"nl_cache_resync":     {3, func(a *api, w []string) { a.sayRet(0, a.sock(w, 1).CacheResync(a.cache(w, 2), a.change(w, 3))) }},
	"nl_cache_resync_v2": {3, func(a *api, w []string) {
		a.sayRet(0, a.sock(w, 1).CacheResyncV2(a.cache(w, 2), a.changeV2(w, 3)))
	}},
	"nl_cache_refill": {3, func(a *api, w []string) { a.sayRet(0, a.sock(w, 1).CacheRefill(a.cache(w, 2))) }},
	"nl_cache_pickup": {3, func(a *api, w []string) { a.sayRet(0, a.sock(w, 1).CachePickup(a.cache(w, 2))) }},
	"nl_cache_pickup_checkdup": {3, func(a *api, w []string) {
		a.sayRet(0, a.sock(w, 1).CachePickupCheckdup(a.cache(w, 2)))
	}},
	"nl_cache_parse_and_add": {3, func(a *api, w []string) { a.sayRet(0, a.cache(w, 1).ParseAndAdd(a.msg(w, 2))) }},
	"nl_cache_search": {4, func(a *api, w []string) {
		o := a.cache(w, 2).Search(a.obj(w, 3))
		a.say(" %s", object(o))
		a.giveObject(w, o)
	}},
	"nl_cache_find": {4, func(a *api, w []string) {
		o := a.cache(w, 2).Find(a.obj(w, 3))
		a.say(" %s", object(o))
		a.giveObject(w, o)
	}},
	"nl_cache_mark_all": {2, func(a *api, w []string) { a.done(a.cache(w, 1).MarkAll()) }},
	"nl_cache_nitems": {2, func(a *api, w []string) {
		a.say(" = %d empty=%d", a.cache(w, 1).Nitems(), yes(a.cache(w, 1).IsEmpty()))
	}},
	"nl_cache_nitems_filter": {3, func(a *api, w []string) { a.say(" = %d", a.cache(w, 1).NitemsFilter(a.obj(w, 2))) }},
	"nl_cache_set_args": {4, func(a *api, w []string) {
		a.done(a.cache(w, 1).SetArg1(num(w, 2)))
		a.done(a.cache(w, 1).SetArg2(num(w, 3)))
	}},
	"nl_cache_set_flags": {3, func(a *api, w []string) { a.done(a.cache(w, 1).SetFlags(uint32(num(w, 2)))) }},
	"nl_cache_foreach": {2, func(a *api, w []string) {
		for o := range a.cache(w, 1).Foreach() {
			a.visit(o, w[1])
		}
	}},
	"nl_cache_foreach_filter": {3, func(a *api, w []string) {
		for o := range a.cache(w, 1).ForeachFilter(a.obj(w, 2)) {
			a.visit(o, w[1])
		}
	}},
	"walk": {2, func(a *api, w []string) {
		a.walkObjects("next", a.cache(w, 1).GetFirst(), (*libnl.Object).CacheGetNext)
		a.walkObjects("prev", a.cache(w, 1).GetLast(), (*libnl.Object).CacheGetPrev)
	}},
	"nl_cache_dump": {3, func(a *api, w []string) {
		dump := a.cache(w, 1).Dump
		if len(w) > 3 {
			dump = func(p *libnl.DumpParams) error { return a.cache(w, 1).DumpFilter(p, a.obj(w, 3)) }
		}
		a.traceLines(dumped(dump, libnl.DumpType(num(w, 2))))
	}},
	"nl_cache_ops_lookup":    {2, (*api).opsLookup},
	"nl_cache_ops_associate": {3, (*api).opsAssociate},
	"nl_msgtype_lookup":      {3, func(a *api, w []string) { a.say(" = %d", yes(opsArg(w, 1).MsgtypeLookup(num(w, 2)) != nil)) }},
	"nl_cache_ops_foreach": {1, func(a *api, _ []string) {
		n := 0
		for range libnl.CacheOpsForeach() {
			n++
		}
		a.say(" = %d", n)
	}},
	"nl_cache_mngt_register":  {2, (*api).reregister},
	"nl_cache_ops_set_flags":  {3, func(a *api, w []string) { a.done(opsArg(w, 1).SetFlags(uint32(num(w, 2)))) }},
	"nl_cache_mngt_provide":   {2, func(a *api, w []string) { a.done(a.cache(w, 1).MngtProvide()) }},
	"nl_cache_mngt_unprovide": {2, func(a *api, w []string) { a.done(a.cache(w, 1).MngtUnprovide()) }},
	"nl_cache_mngt_require":   {2, (*api).require},
}

func (a *api) cache(w []string, i int) *libnl.Cache { return get[*libnl.Cache](a, w, i) }

// giveCache names a cache, if there is one.
func (a *api) giveCache(w []string, i int, c *libnl.Cache) {
	if c != nil {
		give(a, w, i, c)
	}
}

func (a *api) cacheName(c *libnl.Cache) string {
	if c == nil {
		return "none"
	}
	return nameOf(a, c)
}

func opsArg(w []string, word int) *libnl.CacheOps {
	ops := libnl.CacheOpsLookup(w[word])
	if ops == nil {
		fail("no such type of caches: %s", w[word])
	}
	return ops
}

// change is the change callback of a tag, nil without one.
func (a *api) change(w []string, word int) libnl.ChangeFunc {
	if word >= len(w) {
		return nil
	}
	return func(c *libnl.Cache, o *libnl.Object, action int) {
		a.trace("change %s in %s action=%d %s\n", w[word], a.cacheName(c), action, object(o))
	}
}

func (a *api) changeV2(w []string, word int) libnl.ChangeFuncV2 {
	if word >= len(w) {
		return nil
	}
	return func(c *libnl.Cache, before, now *libnl.Object, diff uint64, action int) {
		a.trace("change %s in %s action=%d before %s now %s diff=%s\n", w[word], a.cacheName(c), action, object(before),
			object(now), hexOf(int(diff)))
	}
}

func (a *api) visit(o *libnl.Object, what string) {
	a.trace("%s %s marked=%d\n", what, object(o), yes(o.IsMarked()))
}

func (a *api) walkObjects(what string, o *libnl.Object, next func(*libnl.Object) *libnl.Object) {
	for o != nil {
		a.visit(o, what)
		following := next(o)
		must(o.Put())
		o = following
	}
}

func (a *api) opsLookup(w []string) {
	ops, safe := libnl.CacheOpsLookup(w[1]), libnl.CacheOpsLookupSafe(w[1])
	a.say(" = %d safe=%d", yes(ops != nil), yes(safe == ops))
	if safe != nil {
		must(safe.Put())
	}
}

// opsAssociate tells whose caches messages of a type belong to.
func (a *api) opsAssociate(w []string) {
	ops, safe := libnl.CacheOpsAssociate(num(w, 1), num(w, 2)), libnl.CacheOpsAssociateSafe(num(w, 1), num(w, 2))
	a.say(" = %d safe=%d", yes(ops != nil), yes(safe == ops))
	if safe != nil {
		must(safe.Put())
	}
	for i, name := range w[3:] {
		a.say(" %s=%d", name, yes(a.cache(w, 3+i).GetOps() == ops))
	}
	if ops != nil {
		a.say(" msgtype=%d", yes(ops.MsgtypeLookup(num(w, 2)) != nil))
	}
}

func (a *api) require(w []string) {
	c, safe := libnl.CacheMngtRequire(w[1]), libnl.CacheMngtRequireSafe(w[1])
	a.say(" = %s safe=%d", a.cacheName(c), yes(safe == c))
	for _, ref := range []*libnl.Cache{c, safe} {
		if ref != nil {
			must(ref.Put())
		}
	}
}

// reregister: while somebody has a reference, operations cannot be unregistered.
func (a *api) reregister(w []string) {
	ops, err := opsArg(w, 1).Get()
	must(err)
	a.sayRet(0, ops.CacheMngtUnregister())
	must(ops.Put())
	a.sayRet(0, ops.CacheMngtUnregister())
	a.say(" gone=%d", yes(libnl.CacheOpsLookup(w[1]) == nil))
	a.sayRet(0, ops.CacheMngtRegister())
	a.sayRet(0, ops.CacheMngtRegister())
}
