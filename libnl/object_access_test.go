package libnl_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/internal/ctest"
	"github.com/golibnl/golibnl/libnl"
)

// object parses a message of libnl-route's and keeps the object, until the test ends.
func object(t *testing.T, typ uint16, payload []byte) *libnl.Object {
	t.Helper()
	require.True(t, ctest.LinkRoute())
	m := convert(t, hdrOf(t, message(header{Type: typ}, payload...)))
	m.SetProto(libnl.NETLINK_ROUTE)
	var kept *libnl.Object
	require.NoError(t, m.Parse(func(o *libnl.Object) {
		var err error
		kept, err = o.Get()
		require.NoError(t, err)
	}))
	require.NotNil(t, kept)
	t.Cleanup(func() { require.NoError(t, kept.Put()) })
	return kept
}

// link makes a link object with an index, a name, and an MTU unless that is 0.
func link(t *testing.T, index uint32, name string, mtu uint32) *libnl.Object {
	t.Helper()
	p := linkPayload(name)
	binary.NativeEndian.PutUint32(p[4:], index)
	for len(p)%4 != 0 {
		p = append(p, 0)
	}
	if mtu != 0 {
		p = append(p, rawAttr(syscall.IFLA_MTU, binary.NativeEndian.AppendUint32(nil, mtu)...)...)
	}
	return object(t, syscall.RTM_NEWLINK, p)
}

// empty makes an object without attributes, until the test ends.
func empty(t *testing.T, kind string) *libnl.Object {
	t.Helper()
	require.True(t, ctest.LinkRoute())
	o, err := libnl.ObjectAllocName(kind)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, o.Put()) })
	return o
}

// The types of libnl-route's that come with cache operations.
var kinds = []string{
	"route/link", "route/addr", "route/neigh", "route/neightbl", "route/netconf", "route/route", "route/rule",
	"route/mdb", "route/qdisc", "route/class", "route/cls", "route/act",
}

func TestObjectAlloc(t *testing.T) {
	o := empty(t, "route/link")
	require.Equal(t, "route/link", o.GetType())
	require.Zero(t, o.GetMsgtype())
	require.Empty(t, o.AttrList())
	require.False(t, o.Shared())
	require.Equal(t, 1, o.GetRefcnt())

	same, err := libnl.ObjectAlloc(o.GetOps())
	require.NoError(t, err)
	require.Equal(t, "route/link", same.GetType())
	require.True(t, o.GetOps() == same.GetOps())
	require.False(t, o.GetOps() == empty(t, "route/addr").GetOps())
	require.NoError(t, same.Put())

	_, err = libnl.ObjectAlloc(libnl.ObjectOps{})
	require.ErrorIs(t, err, libnl.NLE_INVAL)
	for _, kind := range []string{"", "route", "route/links", "route/link\x00"} {
		_, err = libnl.ObjectAllocName(kind)
		require.ErrorIs(t, err, libnl.NLE_OPNOTSUPP, "%q", kind)
	}
}

// Each function takes each type of object, with nothing in it, beside each other.
func TestObjectOfEachType(t *testing.T) {
	for _, kind := range kinds {
		o := empty(t, kind)
		require.Equal(t, kind, o.GetType())
		for typ := range libnl.NL_DUMP_MAX + 1 {
			require.NoError(t, o.Dump(&libnl.DumpParams{DpType: typ, DpFd: io.Discard}), kind)
		}
		_, err := o.DumpBuf(100)
		require.NoError(t, err, kind)
		c, err := o.Clone()
		require.NoError(t, err, kind)
		require.Equal(t, kind, c.GetType())
		_ = o.Identical(c)
		_ = o.Attrs2str(math.MaxUint32)
		_ = o.GetIdAttrs()
		key, err := o.Keygen(16)
		require.NoError(t, err)
		require.Less(t, key, uint32(16))
		_ = o.Update(c)
		require.NoError(t, c.Put())
		for _, other := range kinds {
			b := empty(t, other)
			if kind == other {
				require.Equal(t, o.Diff(b) != 0, o.Diff64(b) != 0, kind)
				continue
			}
			require.Equal(t, uint32(math.MaxUint32), o.Diff(b))
			require.Equal(t, uint64(math.MaxUint64), o.Diff64(b))
			require.False(t, o.Identical(b))
			require.False(t, o.MatchFilter(b))
			require.ErrorIs(t, o.Update(b), libnl.NLE_INVAL)
		}
	}
}

func TestObjectClone(t *testing.T) {
	o := link(t, 7, "lo", 1500)
	o.Mark()
	c, err := o.Clone()
	require.NoError(t, err)
	require.Equal(t, o.GetType(), c.GetType())
	require.Equal(t, syscall.RTM_NEWLINK, c.GetMsgtype())
	require.Equal(t, o.AttrList(), c.AttrList())
	require.Zero(t, o.Diff64(c))
	require.True(t, o.Identical(c))
	require.NoError(t, c.Put())
	expectMisuse(t, 1, func() {
		_, err := c.Clone()
		require.ErrorIs(t, err, libnl.ErrFreed)
	})
}

func TestObjectDiff(t *testing.T) {
	a, same, mtu, name := link(t, 7, "lo", 1500), link(t, 7, "lo", 1500), link(t, 7, "lo", 9000), link(t, 8, "eth0", 1500)
	require.Zero(t, a.Diff(same))
	require.Zero(t, a.Diff(a))
	require.Equal(t, "mtu", a.Attrs2str(a.Diff(mtu)))
	require.Equal(t, uint64(a.Diff(mtu)), a.Diff64(mtu))
	require.ElementsMatch(t, []string{"ifindex", "name"}, strings.Split(a.Attrs2str(a.Diff(name)), ","))
	require.NotZero(t, a.Diff(link(t, 7, "lo", 0)), "an attribute that one has not")

	require.True(t, a.Identical(same))
	require.True(t, a.Identical(mtu), "the index and the family count")
	require.False(t, a.Identical(name))
	require.ElementsMatch(t, []string{"family", "ifindex"}, strings.Split(a.Attrs2str(a.GetIdAttrs()), ","))

	filter := empty(t, "route/link")
	require.True(t, a.MatchFilter(filter), "a filter without attributes")
	require.True(t, a.MatchFilter(same))
	require.False(t, a.MatchFilter(mtu))

	for _, key := range []uint32{1, 16, math.MaxUint32} {
		x, err := a.Keygen(key)
		require.NoError(t, err)
		y, err := mtu.Keygen(key)
		require.NoError(t, err)
		require.Equal(t, x, y, "identical objects have one key")
		require.Less(t, x, key)
	}
	_, err := a.Keygen(0)
	require.ErrorIs(t, err, libnl.NLE_INVAL)
}

func TestObjectAttrList(t *testing.T) {
	got := strings.Split(link(t, 7, "lo", 1500).AttrList(), ",")
	for _, name := range []string{"family", "name", "mtu", "ifindex"} {
		require.Contains(t, got, name)
	}
	all := empty(t, "route/link").Attrs2str(math.MaxUint32)
	require.Greater(t, len(all), 257, "there is room for all the names")
	require.Empty(t, empty(t, "route/qdisc").Attrs2str(1), "a type without names")
}

func TestObjectMark(t *testing.T) {
	o := link(t, 7, "lo", 0)
	require.False(t, o.IsMarked())
	o.Mark()
	require.True(t, o.IsMarked())
	o.Unmark()
	require.False(t, o.IsMarked())
}

func TestObjectDump(t *testing.T) {
	o := link(t, 7, "lo", 1500)
	texts := map[libnl.DumpType]string{}
	for typ := range libnl.NL_DUMP_MAX + 1 {
		var b bytes.Buffer
		require.NoError(t, o.Dump(&libnl.DumpParams{DpType: typ, DpFd: &b}))
		texts[typ] = b.String()
	}
	require.Equal(t, "lo generic \n", texts[libnl.NL_DUMP_LINE])
	require.Contains(t, texts[libnl.NL_DUMP_DETAILS], "mtu 1500 ")
	require.Contains(t, texts[libnl.NL_DUMP_DETAILS], "index 7 ")
	require.Contains(t, texts[libnl.NL_DUMP_STATS], "Stats:")
	require.Greater(t, len(texts[libnl.NL_DUMP_STATS]), len(texts[libnl.NL_DUMP_DETAILS]))

	var b bytes.Buffer
	p := libnl.DumpParams{DpType: libnl.NL_DUMP_DETAILS, DpPrefix: 3, DpFd: &b}
	require.NoError(t, o.Dump(&p))
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	for _, line := range lines {
		require.True(t, strings.HasPrefix(line, "   "), line)
	}
	require.EqualValues(t, len(lines), p.DpLine)

	require.ErrorIs(t, o.Dump(nil), libnl.NLE_INVAL)
	require.ErrorIs(t, o.Dump(&libnl.DumpParams{}), libnl.NLE_INVAL)
	require.ErrorIs(t, o.Dump(&libnl.DumpParams{DpType: 3, DpFd: &b}), libnl.NLE_RANGE)
	require.ErrorIs(t, o.Dump(&libnl.DumpParams{DpType: -1, DpFd: &b}), libnl.NLE_RANGE)
	require.ErrorIs(t, o.Dump(&libnl.DumpParams{DpFd: failing{io.ErrShortWrite}}), io.ErrShortWrite)
}

func TestObjectDumpBuf(t *testing.T) {
	o := link(t, 7, "lo", 1500)
	for size, want := range map[int]string{1: "", 2: "l", 6: "lo ge", 1000: "lo generic \n"} {
		got, err := o.DumpBuf(size)
		require.NoError(t, err)
		require.Equal(t, want, got, "%d bytes", size)
	}
	for _, size := range []int{0, -1, math.MaxInt} {
		_, err := o.DumpBuf(size)
		require.ErrorIs(t, err, libnl.NLE_RANGE)
	}
}

// route6 makes an IPv6 route with one next hop.
func route6(t *testing.T, typ uint16, gateway byte) *libnl.Object {
	t.Helper()
	p := []byte{syscall.AF_INET6, 128, 0, 0, syscall.RT_TABLE_MAIN, syscall.RTPROT_STATIC, syscall.RT_SCOPE_UNIVERSE, syscall.RTN_UNICAST, 0, 0, 0, 0}
	ip := func(last byte) []byte {
		return slices.Concat([]byte{0x20, 1, 0xd, 0xb8}, make([]byte, 11), []byte{last})
	}
	p = append(p, rawAttr(syscall.RTA_DST, ip(0)...)...)
	p = append(p, rawAttr(syscall.RTA_GATEWAY, ip(gateway)...)...)
	p = append(p, rawAttr(syscall.RTA_OIF, binary.NativeEndian.AppendUint32(nil, 1)...)...)
	return object(t, typ, p)
}

func TestObjectUpdate(t *testing.T) {
	text := func(o *libnl.Object) string {
		s, err := o.DumpBuf(4096)
		require.NoError(t, err)
		return s
	}
	r := route6(t, syscall.RTM_NEWROUTE, 1)
	require.NotContains(t, text(r), "2001:db8::2")
	require.NoError(t, r.Update(route6(t, syscall.RTM_NEWROUTE, 2)))
	require.Contains(t, text(r), "2001:db8::1")
	require.Contains(t, text(r), "2001:db8::2", "it has both next hops")
	require.NoError(t, r.Update(route6(t, syscall.RTM_DELROUTE, 1)))
	require.NotContains(t, text(r), "2001:db8::1")

	require.ErrorIs(t, r.Update(r), libnl.NLE_INVAL, "some types would append their list to itself for ever")
	require.ErrorIs(t, r.Update(link(t, 1, "lo", 0)), libnl.NLE_INVAL, "C would read a link as a route")
	require.ErrorIs(t, link(t, 1, "lo", 0).Update(link(t, 1, "lo", 0)), libnl.NLE_OPNOTSUPP, "links cannot be merged")
	expectMisuse(t, 3, func() {
		require.ErrorIs(t, r.Update(nil), libnl.ErrFreed)
		require.ErrorIs(t, (*libnl.Object)(nil).Update(r), libnl.ErrFreed)
		require.ErrorIs(t, (*libnl.Object)(nil).Update(nil), libnl.ErrFreed)
	})
}

func TestObjectFree(t *testing.T) {
	o := empty(t, "route/link")
	k, err := o.Get()
	require.NoError(t, err)
	require.Same(t, o, k)
	require.True(t, o.Shared())
	require.Equal(t, 2, o.GetRefcnt())
	require.NoError(t, o.Free())
	expectMisuse(t, 1, func() { require.Empty(t, k.GetType(), "it is freed for all") })
	require.NoError(t, k.Put())
	require.NoError(t, k.Put())
	require.NoError(t, o.Free(), "there is nothing left to do")
	require.NoError(t, (*libnl.Object)(nil).Free())
	require.NoError(t, new(libnl.Object).Free())

	require.NoError(t, linkMsg(t, linkPayload("lo")).Parse(func(o *libnl.Object) {
		require.ErrorIs(t, o.Free(), libnl.ErrBorrowed)
		require.Equal(t, 1, o.GetRefcnt(), "libnl's own")
		require.False(t, o.Shared())
		o.Mark()
		require.True(t, o.IsMarked())
	}))
}

func TestObjectMisuse(t *testing.T) {
	live := link(t, 1, "lo", 0)
	for _, o := range []*libnl.Object{nil, new(libnl.Object)} {
		expectMisuse(t, 23, func() {
			require.Zero(t, o.GetMsgtype())
			require.Zero(t, o.GetOps())
			require.Zero(t, o.GetIdAttrs())
			require.Zero(t, o.GetRefcnt())
			require.False(t, o.Shared())
			require.Empty(t, o.AttrList())
			require.Empty(t, o.Attrs2str(1))
			_, err := o.Keygen(1)
			require.ErrorIs(t, err, libnl.ErrFreed)
			o.Mark()
			o.Unmark()
			require.False(t, o.IsMarked())
			for _, pair := range [][2]*libnl.Object{{o, live}, {live, o}} {
				require.False(t, pair[0].Identical(pair[1]))
				require.False(t, pair[0].MatchFilter(pair[1]))
				require.Equal(t, uint32(math.MaxUint32), pair[0].Diff(pair[1]))
				require.Equal(t, uint64(math.MaxUint64), pair[0].Diff64(pair[1]))
				require.ErrorIs(t, pair[0].Update(pair[1]), libnl.ErrFreed)
			}
			require.ErrorIs(t, o.Dump(&libnl.DumpParams{DpFd: io.Discard}), libnl.ErrFreed)
			_, err = o.DumpBuf(1)
			require.ErrorIs(t, err, libnl.ErrFreed)
		})
	}
}

// Goroutines that have the same two objects crosswise, and change, compare and merge them, all come to an end.
func TestObjectsCrosswise(t *testing.T) {
	a, b := route6(t, syscall.RTM_NEWROUTE, 1), route6(t, syscall.RTM_NEWROUTE, 1)
	within(t, func() {
		var wg sync.WaitGroup
		for _, pair := range [][2]*libnl.Object{{a, b}, {b, a}, {a, a}, {a, b}, {b, a}} {
			wg.Go(func() {
				x, y := pair[0], pair[1]
				for range rounds(500) {
					if !x.Identical(y) || x.Diff(y) != 0 || x.Diff64(y) != 0 || !x.MatchFilter(y) {
						t.Error("equal objects differ")
					}
					if err := x.Update(y); err != nil && (x != y || !errors.Is(err, libnl.NLE_INVAL)) {
						t.Error(err)
					}
					x.Mark()
					y.Unmark()
					if _, err := x.DumpBuf(100); err != nil {
						t.Error(err)
					}
					if c, err := x.Clone(); err != nil || c.Free() != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
	})
}

func TestLeakObjects(t *testing.T) {
	o := link(t, 7, "lo", 1500)
	var b bytes.Buffer
	keepsNothing(t, cycles(20_000), func() {
		n, err := libnl.ObjectAllocName("route/link")
		require.NoError(t, err)
		c, err := o.Clone()
		require.NoError(t, err)
		require.NotZero(t, n.Diff(c))
		b.Reset()
		require.NoError(t, c.Dump(&libnl.DumpParams{DpFd: &b, DpNlCb: func(int) string { return "" }}))
		require.Error(t, c.Dump(&libnl.DumpParams{DpFd: failing{io.ErrShortWrite}}))
		_, err = c.DumpBuf(64)
		require.NoError(t, err)
		require.NoError(t, n.Free())
		require.NoError(t, c.Put())
	})
}
