package libnl_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/internal/ctest"
	"github.com/golibnl/golibnl/libnl"
)

func TestInteropAddr(t *testing.T) {
	p := ctest.NewAddr()
	a, err := libnl.AddrFromPointer(p)
	require.NoError(t, err)
	same, err := libnl.AddrFromPointer(p)
	require.NoError(t, err)
	require.Same(t, a, same)
	require.NoError(t, same.Release())
	require.Equal(t, 24, a.GetPrefixlen())
	require.NoError(t, a.SetPrefixlen(16))
	require.Equal(t, 16, ctest.Prefixlen(p))
	ctest.PutAddr(p)
	require.Equal(t, 16, a.GetPrefixlen(), "Go has a reference of its own")
	require.NoError(t, a.Release())
	require.NoError(t, a.Release(), "there is nothing left to do")
	expectMisuse(t, 1, func() { require.Nil(t, a.Pointer()) })

	g, err := libnl.AddrParse("198.51.100.0/20", 0)
	require.NoError(t, err)
	require.Equal(t, 20, ctest.Prefixlen(g.Pointer()))
	back, err := libnl.AddrFromPointer(g.Pointer())
	require.NoError(t, err)
	require.Same(t, g, back)
	require.NoError(t, back.Release())
	require.NoError(t, g.Put())
}

func TestInteropData(t *testing.T) {
	p := ctest.NewData()
	defer ctest.FreeData(p)
	d, err := libnl.DataFromPointer(p)
	require.NoError(t, err)
	same, err := libnl.DataFromPointer(p)
	require.NoError(t, err)
	require.Same(t, d, same)
	require.NoError(t, d.Append([]byte("def")))
	require.Equal(t, 6, ctest.DataSize(p))
	require.ErrorIs(t, d.Free(), libnl.ErrBorrowed)
	require.NoError(t, d.Release())
	require.Equal(t, "abcdef", string(d.Get()), "it is lent twice")
	require.NoError(t, d.Release())
	expectMisuse(t, 1, func() { require.Nil(t, d.Get()) })

	g, err := libnl.DataAlloc([]byte("x"))
	require.NoError(t, err)
	require.Equal(t, 1, ctest.DataSize(g.Pointer()))
	require.Error(t, g.Release())
	require.NoError(t, g.Free())
}

func TestInteropObject(t *testing.T) {
	p := ctest.NewLink()
	o, err := libnl.ObjectFromPointer(p)
	require.NoError(t, err)
	require.Equal(t, "c0", nameOf(t, o))
	require.Equal(t, 2, ctest.Refs(p))
	c := routeCache(t, "route/link")
	require.NoError(t, c.Add(o))
	n := ctest.Refs(o.Pointer())
	require.Greater(t, n, 2)
	require.NotNil(t, o.GetOps().Pointer())
	require.NoError(t, o.Release())
	require.Equal(t, n-1, ctest.Refs(p))
	ctest.PutObject(p)
	require.Equal(t, []string{"c0"}, names(t, c))
}

func TestInteropCache(t *testing.T) {
	require.True(t, ctest.LinkRoute())
	p := ctest.NewCache()
	c, err := libnl.CacheFromPointer(p)
	require.NoError(t, err)
	same, err := libnl.CacheFromPointer(p)
	require.NoError(t, err)
	require.Same(t, c, same)
	require.NoError(t, same.Release())
	require.NoError(t, c.Add(linkObject(t, 3, "x")))
	require.Equal(t, 1, ctest.CacheItems(p))
	ctest.PutCache(p)
	require.Equal(t, 1, ctest.CacheItems(c.Pointer()))
	ops, err := libnl.CacheOpsFromPointer(c.GetOps().Pointer())
	require.NoError(t, err)
	require.Same(t, c.GetOps(), ops)
	require.NoError(t, c.Release())
	expectMisuse(t, 1, func() { require.Nil(t, c.Pointer()) })
}

// C has a manager, and Go polls it; then the other way.
func TestInteropCacheMngr(t *testing.T) {
	inNamespace(t, func(t *testing.T, s *libnl.Socket) {
		prog := ctest.NewProgram(false)
		defer prog.Free()
		p, cp := prog.Mngr()
		m, err := libnl.CacheMngrFromPointer(p)
		require.NoError(t, err)
		c, err := libnl.CacheFromPointer(cp)
		require.NoError(t, err)
		require.Equal(t, []string{"lo"}, names(t, c))
		makePair(t, s)
		until(t, m, func() bool { return c.Nitems() == 3 })
		require.Positive(t, prog.Calls().Change, "C's function was called")
		addrs := routeCache(t, "route/addr")
		require.ErrorIs(t, m.AddCache(addrs, func(*libnl.Cache, *libnl.Object, int) {}), libnl.ErrBorrowed)
		kept, err := addrs.Get()
		require.NoError(t, err)
		require.NoError(t, m.AddCache(addrs, nil))
		require.ErrorIs(t, m.Free(), libnl.ErrBorrowed)
		require.NoError(t, m.Release())
		require.NoError(t, m.Release(), "there is nothing left to do")
		expectMisuse(t, 1, func() { require.Nil(t, m.Pointer()) })
		before := kept.Nitems()
		addAddr(t, s, 5)
		dropPair(t, s)
		require.Positive(t, ctest.MngrReady(p), "C goes on")
		require.Equal(t, before+1, kept.Nitems(), "with the cache that Go has added")
		require.Equal(t, []string{"lo"}, names(t, c))
		require.NoError(t, kept.Put())
		require.NoError(t, c.Release())
		ctest.FreeMngr(p)

		g := newMngr(t, nil, 0)
		changes := 0
		links, err := g.Add("route/link", func(_ *libnl.Cache, o *libnl.Object, _ int) {
			require.NotEmpty(t, nameOf(t, o))
			changes++
		})
		require.NoError(t, err)
		makePair(t, s)
		require.Positive(t, ctest.MngrReady(g.Pointer()))
		require.Positive(t, changes, "Go's function was called")
		require.Equal(t, 3, links.Nitems())
		back, err := libnl.CacheMngrFromPointer(g.Pointer())
		require.NoError(t, err)
		require.Same(t, g, back)
		require.NoError(t, back.Release())
		require.Error(t, g.Release(), "it was not borrowed")
	})
}

func TestLeakInteropObjects(t *testing.T) {
	inNamespace(t, func(t *testing.T, _ *libnl.Socket) {
		prog := ctest.NewProgram(false)
		defer prog.Free()
		keepsNothing(t, cycles(2_000), func() {
			ap := ctest.NewAddr()
			a, err := libnl.AddrFromPointer(ap)
			require.NoError(t, err)
			require.NoError(t, a.Release())
			ctest.PutAddr(ap)
			dp := ctest.NewData()
			d, err := libnl.DataFromPointer(dp)
			require.NoError(t, err)
			require.NoError(t, d.Release())
			ctest.FreeData(dp)
			op := ctest.NewLink()
			o, err := libnl.ObjectFromPointer(op)
			require.NoError(t, err)
			ctest.PutObject(op)
			mp, cp := prog.Mngr()
			m, err := libnl.CacheMngrFromPointer(mp)
			require.NoError(t, err)
			c, err := libnl.CacheFromPointer(cp)
			require.NoError(t, err)
			require.NoError(t, c.Add(o))
			require.NoError(t, o.Release())
			addrs, err := libnl.CacheAllocName("route/addr")
			require.NoError(t, err)
			require.NoError(t, m.AddCache(addrs, nil))
			_, err = m.DataReady()
			require.NoError(t, err)
			require.NoError(t, m.Release())
			require.NoError(t, c.Release())
			ctest.FreeMngr(mp)
		})
	})
}
