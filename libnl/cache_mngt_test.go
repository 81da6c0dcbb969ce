package libnl_test

import (
	"math"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/internal/ctest"
	"github.com/golibnl/golibnl/libnl"
)

func TestCacheOps(t *testing.T) {
	require.True(t, ctest.LinkRoute())
	ops := libnl.CacheOpsLookup("route/link")
	require.NotNil(t, ops)
	require.Same(t, ops, libnl.CacheOpsAssociate(libnl.NETLINK_ROUTE, syscall.RTM_NEWLINK))
	require.True(t, slices.Contains(slices.Collect(libnl.CacheOpsForeach()), ops))
	for range libnl.CacheOpsForeach() {
		break
	}
	for _, f := range []func() *libnl.CacheOps{
		func() *libnl.CacheOps { return libnl.CacheOpsLookupSafe("route/link") },
		func() *libnl.CacheOps {
			return libnl.CacheOpsAssociateSafe(libnl.NETLINK_ROUTE, syscall.RTM_NEWLINK)
		},
		func() *libnl.CacheOps { same, _ := ops.Get(); return same },
	} {
		require.Same(t, ops, f())
		require.ErrorIs(t, ops.CacheMngtUnregister(), libnl.NLE_BUSY, "there is a reference")
		require.NoError(t, ops.Put())
		require.NoError(t, ops.Put(), "one too many is no reference of anybody else's")
	}
	for _, name := range []string{"", "no/such", "route/link\x00"} {
		require.Nil(t, libnl.CacheOpsLookup(name))
		require.Nil(t, libnl.CacheOpsLookupSafe(name))
		require.Nil(t, libnl.CacheMngtRequire(name))
		require.Nil(t, libnl.CacheMngtRequireSafe(name))
	}
	for _, n := range []int{-1, math.MaxInt32, math.MinInt, 1 << 32} {
		require.Nil(t, libnl.CacheOpsAssociate(n, syscall.RTM_NEWLINK))
		require.Nil(t, libnl.CacheOpsAssociateSafe(libnl.NETLINK_ROUTE, n))
		require.Nil(t, libnl.CacheOpsAssociate(libnl.NETLINK_ROUTE, n|n<<32))
		require.Nil(t, ops.MsgtypeLookup(n))
	}
	require.Equal(t, syscall.RTM_NEWLINK, ops.MsgtypeLookup(syscall.RTM_NEWLINK).MtId)
	require.Nil(t, ops.MsgtypeLookup(syscall.RTM_NEWADDR))
	require.NoError(t, ops.SetFlags(0))
}

func TestCacheMngtUnregister(t *testing.T) {
	c := routeCache(t, "route/neightbl")
	ops := c.GetOps()
	require.ErrorIs(t, ops.CacheMngtRegister(), libnl.NLE_EXIST)
	require.NoError(t, ops.CacheMngtUnregister())
	require.ErrorIs(t, ops.CacheMngtUnregister(), libnl.NLE_NOCACHE)
	require.Nil(t, libnl.CacheOpsLookup("route/neightbl"))
	require.False(t, slices.Contains(slices.Collect(libnl.CacheOpsForeach()), ops))
	require.ErrorIs(t, c.MngtProvide(), libnl.NLE_NOCACHE, "in C it aborts")
	require.ErrorIs(t, c.MngtUnprovide(), libnl.NLE_NOCACHE, "in C it aborts")
	d, err := libnl.CacheAlloc(ops)
	require.NoError(t, err, "they are there all the same")
	require.NoError(t, d.Put())
	_, err = ops.Get()
	require.NoError(t, err)
	require.NoError(t, ops.CacheMngtRegister())
	require.NoError(t, ops.Put(), "registering counts anew")
	require.NoError(t, c.MngtProvide())
	require.ErrorIs(t, ops.CacheMngtUnregister(), libnl.NLE_BUSY, "a cache is provided")
	require.NoError(t, c.MngtUnprovide())
	require.NoError(t, ops.CacheMngtUnregister())
	require.NoError(t, ops.CacheMngtRegister())
}

func TestCacheMngtProvide(t *testing.T) {
	a, b := filled(t, 1), filled(t, 2)
	require.Nil(t, libnl.CacheMngtRequireSafe("route/link"))
	require.NoError(t, a.MngtUnprovide(), "it is not provided")
	for range 2 {
		require.NoError(t, a.MngtProvide(), "twice is as once")
	}
	for _, require1 := range []func(string) *libnl.Cache{libnl.CacheMngtRequire, libnl.CacheMngtRequireSafe} {
		c := require1("route/link")
		require.Same(t, a, c)
		require.NoError(t, c.Put())
	}
	require.NoError(t, b.MngtProvide())
	require.NoError(t, a.MngtUnprovide(), "it is no longer provided")
	c := libnl.CacheMngtRequire("route/link")
	require.Same(t, b, c)
	require.NoError(t, c.Put())

	// Go's last reference goes; libnl has one.
	d, err := b.Clone()
	require.NoError(t, err)
	require.NoError(t, d.MngtProvide())
	o := d.GetFirst()
	require.NoError(t, d.Put())
	require.Nil(t, o.GetCache(), "Go does not know the cache")
	c = libnl.CacheMngtRequireSafe("route/link")
	require.NotSame(t, d, c)
	require.Same(t, c, o.GetCache())
	require.Equal(t, 2, c.Nitems())
	require.NoError(t, o.CacheRemove())
	require.NoError(t, o.Put())
	require.NoError(t, c.MngtUnprovide())
	require.NoError(t, c.Put())
	require.Nil(t, libnl.CacheMngtRequire("route/link"))
}

func TestLeakMngtProvide(t *testing.T) {
	a := filled(t, 3)
	keepsNothing(t, cycles(10_000), func() {
		b, err := a.Clone()
		require.NoError(t, err)
		require.NoError(t, b.MngtProvide())
		require.NoError(t, b.MngtProvide())
		require.NoError(t, b.Put())
		c := libnl.CacheMngtRequireSafe("route/link")
		require.NoError(t, a.MngtProvide())
		require.NoError(t, a.MngtUnprovide())
		require.NoError(t, c.Put())
	})
}
