package libnl_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/libnl"
)

// filled makes a cache of n links.
func filled(t *testing.T, n int) *libnl.Cache {
	t.Helper()
	c := routeCache(t, "route/link")
	for i := range n {
		require.NoError(t, c.ParseAndAdd(linkMsg(t, linkIndex(uint32(i+1), fmt.Sprint("link", i+1)))))
	}
	return c
}

func TestCacheForeach(t *testing.T) {
	c := filled(t, 300)
	n := 0
	var stale, kept *libnl.Object
	for o := range c.Foreach() {
		n++
		require.Contains(t, objectLine(t, o), fmt.Sprintf("link%d ", n))
		require.ErrorIs(t, o.Put(), libnl.ErrBorrowed)
		switch n {
		case 1:
			stale = o
		case 2:
			var err error
			kept, err = o.Get()
			require.NoError(t, err)
			require.Nil(t, kept.GetCache(), "Get makes a copy")
		}
	}
	require.Equal(t, 300, n)
	require.Contains(t, objectLine(t, kept), "link2 ")
	require.NoError(t, kept.Put())
	expectMisuse(t, 1, func() { require.Empty(t, stale.GetType()) })

	n = 0
	for range c.ForeachFilter(linkObject(t, 7, "link7")) {
		n++
	}
	require.Equal(t, 1, n)
	for range c.ForeachFilter(addrObject(t, 1)) {
		t.Error("another type matches nothing")
	}
	for range routeCache(t, "route/link").Foreach() {
		t.Error("there is nothing")
	}
	expectMisuse(t, 1, func() {
		for range c.ForeachFilter(new(libnl.Object)) {
			t.Error("a freed filter")
		}
	})
}

// The loop may do what it likes with the cache, and with its objects.
func TestCacheForeachChanges(t *testing.T) {
	c, d := filled(t, 600), routeCache(t, "route/link")
	n := 0
	for o := range c.Foreach() {
		n++
		switch n % 3 {
		case 0:
			require.NoError(t, o.CacheRemove())
		case 1:
			require.NoError(t, d.Move(o))
		case 2:
			if next := o.CacheGetNext(); next != nil {
				require.NoError(t, next.CacheRemove())
				require.NoError(t, next.Put())
			}
		}
	}
	require.Equal(t, 600, n, "as the cache was when the loop began")
	require.Equal(t, 200, c.Nitems())
	require.Equal(t, 200, d.Nitems())

	c, err := d.Clone()
	require.NoError(t, err)
	n = 0
	for o := range c.Foreach() {
		if n++; n == 1 {
			require.NoError(t, c.Put(), "even free it")
		}
		require.Equal(t, "route/link", o.GetType())
	}
	require.Equal(t, 200, n)

	for range d.Foreach() {
		break
	}
	require.Panics(t, func() {
		for range d.Foreach() {
			panic("boom")
		}
	})
	require.NoError(t, d.Clear())
}

// Iterating crosses into C twice, however many objects there are.
func TestCacheForeachCrossings(t *testing.T) {
	c := filled(t, 1000)
	n := 0
	before := runtime.NumCgoCall()
	for range c.Foreach() {
		n++
	}
	calls := runtime.NumCgoCall() - before
	require.Equal(t, 1000, n)
	require.LessOrEqual(t, calls, int64(n/256), "at most once for 256 objects")
}

func TestCacheNeighbours(t *testing.T) {
	c := filled(t, 3)
	var names []string
	for o := c.GetFirst(); o != nil; {
		names = append(names, objectLine(t, o)[:5])
		next := o.CacheGetNext()
		require.NoError(t, o.Put())
		o = next
	}
	require.Equal(t, []string{"link1", "link2", "link3"}, names)
	last := c.GetLast()
	prev := last.CacheGetPrev()
	require.Contains(t, objectLine(t, prev), "link2")
	first := prev.CacheGetPrev()
	require.Nil(t, first.CacheGetPrev())
	require.Nil(t, last.CacheGetNext())
	require.NoError(t, prev.CacheRemove())
	require.Nil(t, prev.CacheGetNext(), "it has no neighbours any more")
	for _, o := range []*libnl.Object{last, prev, first} {
		require.NoError(t, o.Put())
	}
	empty := routeCache(t, "route/link")
	require.Nil(t, empty.GetFirst())
	require.Nil(t, empty.GetLast())
}
