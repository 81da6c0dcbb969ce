package libnl_test

import (
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/libnl"
)

// since reports whether the libnl that runs has what version 3.min has, and checks, if not, that err says so.
func since(t *testing.T, min int, fn string, err error) bool {
	t.Helper()
	if libnl.VerNum() >= libnl.Ver(3, min) {
		require.NoError(t, err, fn)
		return true
	}
	_, running := libnl.Version()
	require.ErrorIs(t, err, errors.ErrUnsupported)
	require.ErrorIs(t, err, libnl.NLE_OPNOTSUPP)
	require.EqualError(t, err, fn+": "+libnl.NLE_OPNOTSUPP.Error()+": libnl has it since version 3."+
		map[int]string{10: "10", 11: "11", 12: "12"}[min]+"; this process runs with "+running)
	return false
}

func TestNlaSintUint(t *testing.T) {
	m := newMsg(t)
	for i, v := range []int64{0, -1, math.MaxInt32, math.MinInt32, math.MaxInt32 + 1, math.MinInt32 - 1, math.MinInt64} {
		if !since(t, 11, "nla_put_sint", m.NlaPutSint(i, v)) {
			break
		}
		a := m.Hdr().FindAttr(0, i)
		got, err := a.GetSint()
		require.NoError(t, err)
		require.Equal(t, v, got)
		require.Equal(t, map[bool]int{true: 4, false: 8}[v == int64(int32(v))], a.Len(), "%d", v)
	}
	for i, v := range []uint64{0, 1, math.MaxUint32, math.MaxUint32 + 1, math.MaxUint64} {
		if !since(t, 11, "nla_put_uint", m.NlaPutUint(100+i, v)) {
			break
		}
		a := m.Hdr().FindAttr(0, 100+i)
		got, err := a.GetUint()
		require.NoError(t, err)
		require.Equal(t, v, got)
		require.Equal(t, map[bool]int{true: 4, false: 8}[v <= math.MaxUint32], a.Len(), "%d", v)
	}
	for _, b := range [][]byte{rawAttr(1), rawAttr(1, 1, 2), rawAttr(1, 1, 2, 3, 4, 5, 6)} {
		a, err := libnl.NlattrFrom(b)
		require.NoError(t, err)
		for _, a := range []*libnl.Nlattr{a, nil} {
			s, err := a.GetSint()
			since(t, 11, "nla_get_sint", err)
			u, err := a.GetUint()
			since(t, 11, "nla_get_uint", err)
			require.Zero(t, s)
			require.Zero(t, u)
		}
	}
}

// The types of a policy are those that the library knows which runs.
func TestNlaPolicySint(t *testing.T) {
	for _, typ := range []uint16{libnl.NLA_SINT, libnl.NLA_UINT} {
		policy := []libnl.NlaPolicy{{}, {Type: typ}}
		_, err := libnl.NlaParse(1, []byte{8, 0, 1, 0, 1, 2, 3, 4}, policy)
		if libnl.VerNum() < libnl.Ver(3, 11) {
			require.ErrorIs(t, err, libnl.NLE_RANGE)
			continue
		}
		require.NoError(t, err)
		_, err = libnl.NlaParse(1, []byte{7, 0, 1, 0, 1, 2, 3, 0}, policy)
		require.ErrorIs(t, err, libnl.NLE_RANGE, "it is checked")
	}
}

func TestCacheResyncV2(t *testing.T) {
	inNamespace(t, func(t *testing.T, s *libnl.Socket) {
		type change struct{ before, now string }
		var seen []change
		c := routeCache(t, "route/link")
		fn := func(cache *libnl.Cache, before, now *libnl.Object, _ uint64, action int) {
			require.Same(t, c, cache)
			var ch change
			if before != nil {
				ch.before = nameOf(t, before)
			}
			if now != nil {
				ch.now = nameOf(t, now)
			}
			require.Equal(t, map[change]int{
				{"", "lo"}: libnl.NL_ACT_NEW, {"", "v1"}: libnl.NL_ACT_NEW, {"", "v2"}: libnl.NL_ACT_NEW,
				{"v1", "v1"}: libnl.NL_ACT_CHANGE, {"v2", "v2"}: libnl.NL_ACT_CHANGE,
				{"v1", ""}: libnl.NL_ACT_DEL, {"v2", ""}: libnl.NL_ACT_DEL,
			}[ch], action, "%v", ch)
			seen = append(seen, ch)
		}
		if !since(t, 12, "nl_cache_resync_v2", s.CacheResyncV2(c, fn)) {
			return
		}
		require.Equal(t, []change{{"", "lo"}}, seen)
		makePair(t, s)
		seen = nil
		require.NoError(t, s.CacheResyncV2(c, fn))
		require.ElementsMatch(t, []change{{"", "v1"}, {"", "v2"}}, seen)
		setMTU(t, s, 1400)
		seen = nil
		require.NoError(t, s.CacheResyncV2(c, fn))
		require.Equal(t, []change{{"v1", "v1"}}, seen)
		dropPair(t, s)
		seen = nil
		require.NoError(t, s.CacheResyncV2(c, fn))
		require.ElementsMatch(t, []change{{"v1", ""}, {"v2", ""}}, seen)
		require.NoError(t, s.CacheResyncV2(c, nil))
	})
}

func TestCacheMngrAllocEx(t *testing.T) {
	inNamespace(t, func(t *testing.T, s *libnl.Socket) {
		sk, sync := newSocket(t), newSocket(t)
		n := 0
		require.NoError(t, sync.ModifyCb(libnl.NL_CB_MSG_IN, libnl.NL_CB_CUSTOM, func(*libnl.Msg) (libnl.CbAction, error) {
			n++
			return libnl.NL_OK, nil
		}))
		m, err := libnl.CacheMngrAllocEx(sk, sync, libnl.NETLINK_ROUTE, libnl.NL_AUTO_PROVIDE)
		if !since(t, 10, "nl_cache_mngr_alloc_ex", err) {
			return
		}
		defer func() { require.NoError(t, m.Free()) }()
		for _, held := range []*libnl.Socket{sk, sync} {
			require.ErrorIs(t, held.Free(), libnl.ErrBusy)
			require.ErrorIs(t, held.RecvmsgsDefault(), libnl.ErrBusy)
		}
		c, err := m.Add("route/link", nil)
		require.NoError(t, err)
		require.Equal(t, 1, c.Nitems())
		require.Equal(t, 2, n, "a link and the end of the dump, on the socket that fills the cache")
		require.Same(t, c, provided(t, "route/link"))
		makePair(t, s)
		until(t, m, func() bool { return c.Nitems() == 3 })

		// What the callbacks of that socket may do, and how they end the call.
		set := func(f libnl.MsgCb) {
			require.NoError(t, sync.ModifyCb(libnl.NL_CB_MSG_IN, libnl.NL_CB_CUSTOM, f))
		}
		addrs, other := routeCache(t, "route/addr"), routeCache(t, "route/addr")
		set(func(*libnl.Msg) (libnl.CbAction, error) { return libnl.NL_OK, other.MngtProvide() })
		kept, err := addrs.Get()
		require.NoError(t, err)
		require.NoError(t, m.AddCache(addrs, nil))
		require.Same(t, kept, provided(t, "route/addr"), "that of the manager came last")

		routes := routeCache(t, "route/route")
		cause := errors.New("no more")
		set(func(*libnl.Msg) (libnl.CbAction, error) {
			require.Zero(t, routes.Nitems(), "it can be read")
			require.ErrorIs(t, routes.Clear(), libnl.ErrBusy)
			require.ErrorIs(t, m.Free(), libnl.ErrBusy)
			_, err := m.Add("route/neigh", nil)
			require.ErrorIs(t, err, libnl.ErrBusy)
			return libnl.NL_OK, cause
		})
		require.ErrorIs(t, m.AddCache(routes, nil), cause)
		require.NoError(t, routes.Clear(), "it is the caller's still")
	})
}

func provided(t *testing.T, name string) *libnl.Cache {
	t.Helper()
	c := libnl.CacheMngtRequireSafe(name)
	require.NoError(t, c.Put())
	return c
}

func TestCacheMngrAllocExMisuse(t *testing.T) {
	s := newSocket(t)
	_, err := libnl.CacheMngrAllocEx(s, s, libnl.NETLINK_ROUTE, 0)
	if libnl.VerNum() < libnl.Ver(3, 10) {
		since(t, 10, "nl_cache_mngr_alloc_ex", err)
		return
	}
	require.ErrorIs(t, err, libnl.NLE_INVAL)
	c := connected(t, libnl.NETLINK_ROUTE)
	_, err = libnl.CacheMngrAllocEx(s, c, libnl.NETLINK_ROUTE, 0)
	require.ErrorIs(t, err, libnl.NLE_BAD_SOCK)
	require.GreaterOrEqual(t, c.GetFd(), 0)
	_, err = libnl.CacheMngrAllocEx(nil, nil, 31, 0)
	require.ErrorIs(t, err, libnl.NLE_PROTO_MISMATCH)
	expectMisuse(t, 1, func() {
		_, err = libnl.CacheMngrAllocEx(s, new(libnl.Socket), libnl.NETLINK_ROUTE, 0)
		require.ErrorIs(t, err, libnl.ErrFreed)
	})
	m, err := libnl.CacheMngrAllocEx(s, nil, libnl.NETLINK_ROUTE, 0)
	require.NoError(t, err)
	require.NoError(t, m.Free())
}

// A program uses what the library has that it runs with, whatever it was built with.
func TestNewerAtRunTime(t *testing.T) {
	const env = "GOLIBNL_TEST_NEWER"
	if os.Getenv(env) != "" {
		newerAtRunTime(t)
		return
	}
	lib := filepath.Join(t.TempDir(), "newer.so")
	args := append([]string{"-shared", "-fPIC", "-o", lib, "testdata/newer.c"}, strings.Fields(pkgConfig(t, "--cflags", "libnl-3.0"))...)
	out, err := exec.Command("gcc", args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	cmd := exec.Command(os.Args[0], "-test.run=^TestNewerAtRunTime$", "-test.count=1")
	cmd.Env = append(os.Environ(), env+"=1", "LD_PRELOAD="+lib, "ASAN_OPTIONS=verify_asan_link_order=0")
	out, err = cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "PASS")
}

func newerAtRunTime(t *testing.T) {
	m := newMsg(t)
	require.NoError(t, m.NlaPutSint(1, -5))
	require.NoError(t, m.NlaPutUint(2, 5))
	a := m.Hdr().FindAttr(0, 1)
	require.Equal(t, "negative", a.GetString())
	s, err := a.GetSint()
	require.NoError(t, err)
	require.EqualValues(t, -9, s)
	u, err := a.GetUint()
	require.NoError(t, err)
	require.EqualValues(t, 109, u)
	require.Equal(t, 0, m.Hdr().FindAttr(0, 2).Len())

	c := filled(t, 1)
	var diff uint64
	require.NoError(t, newSocket(t).CacheResyncV2(c, func(_ *libnl.Cache, _, now *libnl.Object, d uint64, _ int) {
		require.NotNil(t, now)
		diff = d
	}))
	require.EqualValues(t, 77, diff)

	_, err = libnl.CacheMngrAllocEx(newSocket(t), newSocket(t), libnl.NETLINK_ROUTE, 0)
	require.ErrorIs(t, err, libnl.NLE_PKTLOC_FILE)
}
