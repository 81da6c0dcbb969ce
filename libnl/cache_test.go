package libnl_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/internal/ctest"
	"github.com/golibnl/golibnl/libnl"
)

// routeCache makes an empty cache of a type of libnl-route, which ends with the test.
func routeCache(t *testing.T, kind string) *libnl.Cache {
	t.Helper()
	require.True(t, ctest.LinkRoute())
	c, err := libnl.CacheAllocName(kind)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Put()) })
	return c
}

// linkIndex is linkPayload with an index.
func linkIndex(index uint32, name string) []byte {
	b := linkPayload(name)
	binary.NativeEndian.PutUint32(b[4:], index)
	return b
}

// objectOf makes an object of a message.
func objectOf(t *testing.T, typ uint16, payload []byte) (o *libnl.Object) {
	t.Helper()
	m := linkMsg(t, payload)
	require.NoError(t, m.SetHdr(&libnl.Nlmsghdr{NlmsgType: typ}))
	require.NoError(t, m.Parse(func(b *libnl.Object) {
		var err error
		o, err = b.Get()
		require.NoError(t, err)
	}))
	t.Cleanup(func() { require.NoError(t, o.Put()) })
	return o
}

// linkObject makes the object of a link.
func linkObject(t *testing.T, index uint32, name string) *libnl.Object {
	t.Helper()
	return objectOf(t, syscall.RTM_NEWLINK, linkIndex(index, name))
}

// addrObject makes the object of an address, a type without keys.
func addrObject(t *testing.T, last byte) *libnl.Object {
	t.Helper()
	return objectOf(t, syscall.RTM_NEWADDR,
		slices.Concat([]byte{syscall.AF_INET, 8, 0, 0, 1, 0, 0, 0}, rawAttr(syscall.IFA_LOCAL, 127, 0, 0, last)))
}

// lines returns the objects of a cache, a line each.
func lines(t *testing.T, c *libnl.Cache) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, c.Dump(&libnl.DumpParams{DpFd: &b}))
	return b.String()
}

func TestCacheAlloc(t *testing.T) {
	c := routeCache(t, "route/link")
	require.True(t, c.IsEmpty())
	require.Zero(t, c.Nitems())
	require.Same(t, libnl.CacheOpsLookup("route/link"), c.GetOps())
	other, err := libnl.CacheAlloc(c.GetOps())
	require.NoError(t, err)
	require.Same(t, c.GetOps(), other.GetOps())
	require.NoError(t, other.Free())

	for _, name := range []string{"", "no/such", "route/link\x00", "\xff"} {
		_, err := libnl.CacheAllocName(name)
		require.ErrorIs(t, err, libnl.NLE_NOCACHE, "%q", name)
	}
	expectMisuse(t, 2, func() {
		_, err = libnl.CacheAlloc(nil)
		require.ErrorIs(t, err, libnl.ErrFreed)
		_, err = libnl.CacheAlloc(new(libnl.CacheOps))
		require.ErrorIs(t, err, libnl.ErrFreed)
	})
}

func TestCacheAddRemove(t *testing.T) {
	c := routeCache(t, "route/link")
	one, two := linkObject(t, 1, "one"), linkObject(t, 2, "two")
	require.Nil(t, one.GetCache())
	require.NoError(t, c.Add(one))
	require.Same(t, c, one.GetCache(), "the object itself is in the cache")
	require.NoError(t, c.Add(two))
	require.Equal(t, 2, c.Nitems())
	require.False(t, c.IsEmpty())
	require.Contains(t, lines(t, c), "one")

	require.ErrorIs(t, c.Add(one), libnl.NLE_EXIST, "links have keys")
	require.ErrorIs(t, c.Add(addrObject(t, 1)), libnl.NLE_OBJ_MISMATCH)
	require.ErrorIs(t, c.Move(addrObject(t, 1)), libnl.NLE_OBJ_MISMATCH)
	require.Equal(t, 2, c.Nitems())

	require.NoError(t, one.CacheRemove())
	require.Nil(t, one.GetCache())
	require.NoError(t, one.CacheRemove(), "it is in no cache")
	require.Equal(t, "route/link", one.GetType(), "the object stays")
	require.Equal(t, 1, c.Nitems())
	require.NoError(t, c.Add(one))
	require.Nil(t, one.GetCache(), "libnl adds a copy of what was in a cache before")
	require.NoError(t, c.Clear())
	require.True(t, c.IsEmpty())
	require.Nil(t, two.GetCache())
}

func TestCacheMove(t *testing.T) {
	a, b := routeCache(t, "route/link"), routeCache(t, "route/link")
	o := linkObject(t, 1, "one")
	refs := o.GetRefcnt()
	require.NoError(t, a.Move(o), "into a cache, from none")
	in := o.GetRefcnt()
	require.Greater(t, in, refs)
	require.NoError(t, b.Move(o))
	require.Same(t, b, o.GetCache())
	require.True(t, a.IsEmpty())
	require.Equal(t, in, o.GetRefcnt())
	require.NoError(t, b.Move(o), "within the cache")
	require.Equal(t, in, o.GetRefcnt())
	require.NoError(t, a.Add(linkObject(t, 1, "twin")))
	require.ErrorIs(t, a.Move(o), libnl.NLE_EXIST)
	require.Nil(t, o.GetCache(), "as in C, it is in neither")
	require.Equal(t, refs, o.GetRefcnt(), "in C, this is one too many")
	require.ErrorIs(t, routeCache(t, "route/addr").Move(o), libnl.NLE_OBJ_MISMATCH)
	require.NoError(t, b.Move(o), "what was in a cache can be moved into one again")
	require.ErrorIs(t, routeCache(t, "route/addr").Move(o), libnl.NLE_OBJ_MISMATCH)
	require.Same(t, b, o.GetCache(), "a type that does not fit shows before anything is done")
}

func TestCacheSearch(t *testing.T) {
	c := routeCache(t, "route/link")
	for i := range uint32(3) {
		require.NoError(t, c.Add(linkObject(t, i+1, fmt.Sprint("link", i+1))))
	}
	for _, f := range []func(*libnl.Object) *libnl.Object{c.Search, c.Find} {
		o := f(linkObject(t, 2, "link2"))
		require.NotNil(t, o)
		require.Contains(t, objectLine(t, o), "link2")
		require.Same(t, c, o.GetCache())
		require.NoError(t, o.CacheRemove(), "what was found can be removed")
		require.NoError(t, c.Move(o))
		require.NoError(t, o.Put())
		require.Nil(t, f(linkObject(t, 9, "link9")))
		require.Nil(t, f(addrObject(t, 1)), "an object of another type")
		expectMisuse(t, 2, func() {
			require.Nil(t, f(nil))
			require.Nil(t, f(new(libnl.Object)))
		})
	}
	a := routeCache(t, "route/addr")
	require.NoError(t, a.Add(addrObject(t, 7)))
	o := a.Search(addrObject(t, 7))
	require.NotNil(t, o, "without keys, too")
	require.NoError(t, o.Put())
	require.Nil(t, a.Find(linkObject(t, 1, "one")))
	require.Equal(t, 3, c.NitemsFilter(nil))
	require.Equal(t, 1, c.NitemsFilter(linkObject(t, 3, "link3")))
	require.Zero(t, c.NitemsFilter(addrObject(t, 1)))
}

func objectLine(t *testing.T, o *libnl.Object) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, o.Dump(&libnl.DumpParams{DpFd: &b}))
	return b.String()
}

func TestCacheCloneAndSubset(t *testing.T) {
	c := routeCache(t, "route/link")
	for i := range uint32(3) {
		require.NoError(t, c.Add(linkObject(t, i+1, fmt.Sprint("link", i+1))))
	}
	all, err := c.Clone()
	require.NoError(t, err)
	require.Equal(t, lines(t, c), lines(t, all))
	some, err := c.Subset(linkObject(t, 2, "link2"))
	require.NoError(t, err)
	require.Equal(t, 1, some.Nitems())
	require.NoError(t, c.Clear())
	require.Equal(t, 3, all.Nitems(), "the copy is its own")
	require.NoError(t, all.Put())
	none, err := some.Subset(addrObject(t, 1))
	require.NoError(t, err)
	require.True(t, none.IsEmpty())
	require.NoError(t, none.Put())
	require.NoError(t, some.Put())
	_, err = c.Subset(nil)
	require.ErrorIs(t, err, libnl.NLE_INVAL, "in C it aborts")
}

func TestCacheDumpFilter(t *testing.T) {
	c := routeCache(t, "route/link")
	require.NoError(t, c.Add(linkObject(t, 1, "one")))
	require.NoError(t, c.Add(linkObject(t, 2, "two")))
	var b bytes.Buffer
	require.NoError(t, c.DumpFilter(&libnl.DumpParams{DpFd: &b}, linkObject(t, 2, "two")))
	require.Contains(t, b.String(), "two")
	require.NotContains(t, b.String(), "one")
	require.ErrorIs(t, c.Dump(&libnl.DumpParams{DpFd: &b, DpType: 99}), libnl.NLE_RANGE, "in C it aborts")
	require.ErrorIs(t, c.Dump(nil), libnl.NLE_INVAL)
}

func TestCacheParseAndAdd(t *testing.T) {
	c := routeCache(t, "route/link")
	m := linkMsg(t, linkIndex(5, "five"))
	require.NoError(t, c.ParseAndAdd(m))
	require.Contains(t, lines(t, c), "five")
	require.ErrorIs(t, c.ParseAndAdd(m), libnl.NLE_EXIST)
	require.ErrorIs(t, c.ParseAndAdd(newMsg(t)), libnl.NLE_MSG_TOOSHORT)
	require.ErrorIs(t, routeCache(t, "route/addr").ParseAndAdd(m), libnl.NLE_MSGTYPE_NOSUPPORT)
	expectMisuse(t, 1, func() { require.ErrorIs(t, c.ParseAndAdd(nil), libnl.ErrFreed) })
}

func TestCacheReferences(t *testing.T) {
	require.True(t, ctest.LinkRoute())
	c, err := libnl.CacheAllocName("route/link")
	require.NoError(t, err)
	same, err := c.Get()
	require.NoError(t, err)
	require.Same(t, c, same)
	o := linkObject(t, 1, "one")
	require.NoError(t, c.Add(o))
	require.NoError(t, c.Put())
	require.Equal(t, 1, c.Nitems(), "one reference is left")
	require.NoError(t, c.Put())
	require.Nil(t, o.GetCache())
	require.Equal(t, "route/link", o.GetType(), "the object is ours, too")
	require.Nil(t, o.CacheGetNext(), "in C it follows a NULL")
	require.NoError(t, c.Put(), "there is nothing left to do")
	require.NoError(t, c.Free())
}

func TestNilAndFreedCaches(t *testing.T) {
	require.True(t, ctest.LinkRoute())
	freed, err := libnl.CacheAllocName("route/link")
	require.NoError(t, err)
	require.NoError(t, freed.Put())
	libnl.OnMisuse(nil)
	defer libnl.OnMisuse(noMisuse)
	for _, c := range []*libnl.Cache{nil, new(libnl.Cache), freed} {
		callAll(t, c, "Put", "Free")
		for range c.Foreach() {
			t.Error("there is nothing")
		}
	}
	for _, m := range []*libnl.CacheMngr{nil, new(libnl.CacheMngr)} {
		callAll(t, m, "Free")
		require.Equal(t, -1, m.GetFd())
	}
	for _, o := range []*libnl.CacheOps{nil, new(libnl.CacheOps)} {
		callAll(t, o, "Put")
	}
	s := newSocket(t)
	live := routeCache(t, "route/link")
	for _, c := range []*libnl.Cache{nil, new(libnl.Cache), freed} {
		require.ErrorIs(t, s.CacheRefill(c), libnl.ErrFreed)
		require.ErrorIs(t, s.CacheResync(c, nil), libnl.ErrFreed)
		require.ErrorIs(t, s.CachePickup(c), libnl.ErrFreed)
		require.ErrorIs(t, s.CachePickupCheckdup(c), libnl.ErrFreed)
	}
	for _, o := range []*libnl.Object{nil, new(libnl.Object)} {
		require.ErrorIs(t, live.Add(o), libnl.ErrFreed)
		require.ErrorIs(t, live.Move(o), libnl.ErrFreed)
		require.ErrorIs(t, live.Include(o, nil), libnl.ErrFreed)
		require.ErrorIs(t, live.IncludeV2(o, nil), libnl.ErrFreed)
		require.ErrorIs(t, o.CacheRemove(), libnl.ErrFreed)
		require.Nil(t, o.GetCache())
		require.Nil(t, o.CacheGetNext())
		require.Nil(t, o.CacheGetPrev())
	}
	require.NoError(t, live.SetArg1(math.MaxInt32))
	require.NoError(t, live.SetArg2(math.MinInt32))
	require.ErrorIs(t, live.SetArg1(math.MaxInt32+1), libnl.NLE_RANGE)
	require.ErrorIs(t, live.SetArg2(math.MinInt32-1), libnl.NLE_RANGE)
	require.NoError(t, live.SetFlags(math.MaxUint32))
	require.NoError(t, live.MarkAll())
}

// Objects that are in a cache, and in Go objects besides, are counted from many goroutines.
func TestCacheFromManyGoroutines(t *testing.T) {
	c := routeCache(t, "route/link")
	var objs []*libnl.Object
	for i := range uint32(4) {
		objs = append(objs, linkObject(t, i+1, fmt.Sprint("link", i+1)))
		require.NoError(t, c.Add(objs[i]))
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 200 {
				o := objs[(g+i)%4]
				switch g % 4 {
				case 0:
					_ = o.CacheRemove()
					_ = c.Move(o)
				case 1:
					if f := c.Search(o); f != nil {
						_ = f.GetType()
						_ = f.Put()
					}
				case 2:
					for b := range c.Foreach() {
						_ = b.GetType()
					}
				case 3:
					if f := c.GetFirst(); f != nil {
						n := f.CacheGetNext()
						_ = f.CacheRemove()
						_ = f.Put()
						_ = n.Put()
					}
					if s, err := c.Clone(); err == nil {
						_ = s.Put()
					}
				}
			}
		})
	}
	wg.Wait()
	require.NoError(t, c.Clear())
	for _, o := range objs {
		require.Equal(t, 1, o.GetRefcnt())
	}
}

func TestLeakCache(t *testing.T) {
	one, two := linkObject(t, 1, "one"), linkObject(t, 2, "two")
	keepsNothing(t, cycles(20_000), func() {
		c, err := libnl.CacheAllocName("route/link")
		require.NoError(t, err)
		require.NoError(t, c.Move(one))
		require.NoError(t, c.Add(two))
		d, err := c.Clone()
		require.NoError(t, err)
		require.ErrorIs(t, d.Move(one), libnl.NLE_EXIST)
		s, err := d.Subset(two)
		require.NoError(t, err)
		for o := range d.Foreach() {
			k, err := o.Get()
			require.NoError(t, err)
			require.NoError(t, k.Put())
		}
		f := d.Search(two)
		require.NoError(t, f.CacheRemove())
		require.NoError(t, f.Put())
		require.NoError(t, d.GetFirst().Put())
		require.NoError(t, s.Put())
		require.NoError(t, d.Put())
		require.NoError(t, c.Put())
	})
}
