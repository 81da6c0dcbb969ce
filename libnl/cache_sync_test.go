package libnl_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/internal/ctest"
	"github.com/golibnl/golibnl/internal/testns"
	"github.com/golibnl/golibnl/libnl"
)

// padded makes an attribute and what aligns the next one.
func padded(typ uint16, payload ...byte) []byte {
	b := rawAttr(typ, payload...)
	return append(b, make([]byte, (4-len(b)%4)%4)...)
}

// ask sends a request and waits for its ACK.
func ask(t *testing.T, s *libnl.Socket, typ uint16, flags int, payload []byte) {
	t.Helper()
	_, err := s.SendSimple(int(typ), flags, payload)
	require.NoError(t, err)
	err = s.WaitForAck()
	if errors.Is(err, libnl.NLE_OPNOTSUPP) {
		t.Skipf("this kernel has no such links: %v", err)
	}
	require.NoError(t, err)
}

// makePair makes two links, v1 and v2, that are connected to each other.
func makePair(t *testing.T, s *libnl.Socket) {
	t.Helper()
	const infoPeer = 1
	peer := slices.Concat(make([]byte, 16), padded(syscall.IFLA_IFNAME, 'v', '2', 0))
	info := slices.Concat(padded(1, []byte("veth\x00")...), padded(2, padded(infoPeer, peer...)...))
	ask(t, s, syscall.RTM_NEWLINK, libnl.NLM_F_CREATE|libnl.NLM_F_EXCL,
		slices.Concat(make([]byte, 16), padded(syscall.IFLA_IFNAME, 'v', '1', 0), padded(syscall.IFLA_LINKINFO, info...)))
}

// setMTU changes v1.
func setMTU(t *testing.T, s *libnl.Socket, mtu uint32) {
	t.Helper()
	ask(t, s, syscall.RTM_NEWLINK, 0, slices.Concat(make([]byte, 16), padded(syscall.IFLA_IFNAME, 'v', '1', 0),
		padded(syscall.IFLA_MTU, binary.NativeEndian.AppendUint32(nil, mtu)...)))
}

// dropPair removes both links.
func dropPair(t *testing.T, s *libnl.Socket) {
	t.Helper()
	ask(t, s, syscall.RTM_DELLINK, 0, slices.Concat(make([]byte, 16), padded(syscall.IFLA_IFNAME, 'v', '1', 0)))
}

// addAddr gives the loopback link, which has index 1, an address.
func addAddr(t *testing.T, s *libnl.Socket, last byte) {
	t.Helper()
	ask(t, s, syscall.RTM_NEWADDR, libnl.NLM_F_CREATE|libnl.NLM_F_EXCL,
		slices.Concat(binary.NativeEndian.AppendUint32([]byte{syscall.AF_INET, 8, 0, 0}, 1), padded(syscall.IFA_LOCAL, 127, 0, 0, last)))
}

// inNamespace runs f with a socket in a fresh namespace.
func inNamespace(t *testing.T, f func(t *testing.T, s *libnl.Socket)) {
	t.Helper()
	require.True(t, ctest.LinkRoute())
	testns.Run(t, func(t *testing.T) { f(t, connected(t, libnl.NETLINK_ROUTE)) })
}

// nameOf returns the name of a link, in C's words.
func nameOf(t *testing.T, o *libnl.Object) string {
	t.Helper()
	name, _, _ := strings.Cut(objectLine(t, o), " ")
	name, _, _ = strings.Cut(name, "@")
	return name
}

// names returns the names of the links in a cache.
func names(t *testing.T, c *libnl.Cache) (all []string) {
	t.Helper()
	for o := range c.Foreach() {
		all = append(all, nameOf(t, o))
	}
	slices.Sort(all)
	return all
}

func TestCacheRefill(t *testing.T) {
	inNamespace(t, func(t *testing.T, s *libnl.Socket) {
		makePair(t, s)
		c := routeCache(t, "route/link")
		require.NoError(t, c.Add(linkObject(t, 99, "stale")))
		for range 2 {
			require.NoError(t, s.CacheRefill(c))
			require.Equal(t, []string{"lo", "v1", "v2"}, names(t, c))
		}
		dropPair(t, s)
		require.NoError(t, s.CacheRefill(c))
		require.Equal(t, []string{"lo"}, names(t, c))
		require.NoError(t, c.SetFlags(libnl.NL_CACHE_AF_ITER))
		require.NoError(t, s.CacheRefill(c), "a dump for each family")
		require.Contains(t, names(t, c), "lo")

		addAddr(t, s, 1)
		addAddr(t, s, 2)
		a, err := libnl.CacheAllocAndFill(libnl.CacheOpsLookup("route/addr"), s)
		require.NoError(t, err)
		require.Contains(t, lines(t, a), "127.0.0.2")
		require.NoError(t, a.Put())
		a, err = libnl.CacheAllocAndFill(libnl.CacheOpsLookup("route/addr"), nil)
		require.NoError(t, err)
		require.True(t, a.IsEmpty(), "no socket, no objects")
		require.NoError(t, a.Put())
	})
}

func TestCacheResync(t *testing.T) {
	inNamespace(t, func(t *testing.T, s *libnl.Socket) {
		makePair(t, s)
		c := routeCache(t, "route/link")
		var seen []string
		sync := func() []string {
			seen = nil
			require.NoError(t, s.CacheResync(c, func(in *libnl.Cache, o *libnl.Object, action int) {
				require.Same(t, c, in)
				seen = append(seen, fmt.Sprint(nameOf(t, o), " ", action))
			}))
			slices.Sort(seen)
			return seen
		}
		require.Equal(t, []string{"lo 1", "v1 1", "v2 1"}, sync(), "NL_ACT_NEW")
		require.Empty(t, sync())
		setMTU(t, s, 1300)
		require.Equal(t, []string{"v1 5"}, sync(), "NL_ACT_CHANGE")
		dropPair(t, s)
		require.Equal(t, []string{"v1 2", "v2 2"}, sync(), "NL_ACT_DEL")
		makePair(t, s)
		require.NoError(t, s.CacheResync(c, nil))
		require.Equal(t, []string{"lo", "v1", "v2"}, names(t, c))
	})
}

func TestCachePickup(t *testing.T) {
	inNamespace(t, func(t *testing.T, s *libnl.Socket) {
		makePair(t, s)
		c := routeCache(t, "route/link")
		for _, pickup := range []func(*libnl.Cache) error{s.CachePickup, s.CachePickup, s.CachePickupCheckdup} {
			_, err := s.SendSimple(syscall.RTM_GETLINK, libnl.NLM_F_DUMP, make([]byte, 16))
			require.NoError(t, err)
			require.NoError(t, pickup(c))
			require.Equal(t, []string{"lo", "v1", "v2"}, names(t, c))
		}
	})
}

// While a pickup waits, nothing but its cache is taken, and that can be read.
func TestCacheWhilePickupWaits(t *testing.T) {
	require.True(t, ctest.LinkRoute())
	s := connected(t, libnl.NETLINK_ROUTE)
	c, d := routeCache(t, "route/link"), routeCache(t, "route/link")
	o := linkObject(t, 1000, "mine")
	require.NoError(t, c.Add(o))
	done := make(chan error)
	go func() { done <- s.CachePickup(c) }()
	within(t, func() {
		for !errors.Is(c.SetArg1(0), libnl.ErrBusy) { // until it waits
			runtime.Gosched()
		}
		require.ErrorIs(t, c.Clear(), libnl.ErrBusy)
		require.ErrorIs(t, o.CacheRemove(), libnl.ErrBusy)
		require.ErrorIs(t, d.Move(o), libnl.ErrBusy)
		require.ErrorIs(t, c.Put(), libnl.ErrBusy)
		require.ErrorIs(t, s.CacheRefill(d), libnl.ErrBusy, "the socket receives")
		require.Equal(t, []string{"mine"}, names(t, c))
		require.NoError(t, d.Add(o))
		_, err := s.SendSimple(syscall.RTM_GETLINK, libnl.NLM_F_DUMP, make([]byte, 16))
		require.NoError(t, err)
		require.NoError(t, <-done)
	})
	require.Contains(t, names(t, c), "lo")
	require.NoError(t, c.Clear())
}

// dumps makes a socket that answers each request with the next of the datagrams.
func dumps(t *testing.T, datagrams func(seq uint32) [][]byte) *libnl.Socket {
	t.Helper()
	require.True(t, ctest.LinkRoute())
	s := injected(t, datagrams)
	cb, err := s.GetCb()
	require.NoError(t, err)
	defer func() { require.NoError(t, cb.Put()) }()
	require.NoError(t, cb.OverwriteSend(func(*libnl.Socket, *libnl.Msg) (int, error) { return 32, nil }))
	return s
}

// dump makes a datagram that is a dump of links.
func dump(seq uint32, flags uint16, names ...string) (b []byte) {
	for i, name := range names {
		b = append(b, message(header{Type: syscall.RTM_NEWLINK, Flags: flags | libnl.NLM_F_MULTI, Seq: seq}, linkIndex(uint32(i+1), name)...)...)
	}
	return append(b, message(header{Type: libnl.NLMSG_DONE, Flags: flags | libnl.NLM_F_MULTI, Seq: seq}, 0, 0, 0, 0)...)
}

func TestCacheRefillInterrupted(t *testing.T) {
	s := dumps(t, func(seq uint32) [][]byte {
		return [][]byte{dump(seq, libnl.NLM_F_DUMP_INTR, "a"), dump(seq+1, 0, "a", "b")}
	})
	c := routeCache(t, "route/link")
	require.NoError(t, s.CacheRefill(c))
	require.Equal(t, []string{"a", "b"}, names(t, c), "what was interrupted begins again")
}

func TestCacheRefillFails(t *testing.T) {
	c := routeCache(t, "route/link")
	require.ErrorIs(t, newSocket(t).CacheRefill(c), libnl.NLE_BAD_SOCK)
	require.ErrorIs(t, connected(t, libnl.NETLINK_USERSOCK).CacheRefill(c), libnl.NLE_PROTO_MISMATCH)
	require.ErrorIs(t, connected(t, libnl.NETLINK_USERSOCK).CacheResync(c, nil), libnl.NLE_PROTO_MISMATCH)
	require.ErrorIs(t, connected(t, libnl.NETLINK_USERSOCK).CachePickup(c), libnl.NLE_PROTO_MISMATCH)
	_, err := libnl.CacheAllocAndFill(c.GetOps(), newSocket(t))
	require.ErrorIs(t, err, libnl.NLE_BAD_SOCK)

	for _, f := range []func(*libnl.Socket) error{
		func(s *libnl.Socket) error { return s.CacheRefill(c) },
		func(s *libnl.Socket) error { return s.CacheResync(c, nil) },
		func(s *libnl.Socket) error { return s.CachePickup(c) },
		func(s *libnl.Socket) error { return s.CachePickupCheckdup(c) },
		func(s *libnl.Socket) error { _, err := libnl.CacheAllocAndFill(c.GetOps(), s); return err },
	} {
		err := f(dumps(t, func(seq uint32) [][]byte { return [][]byte{errorMessage(seq, int32(syscall.EPERM))} }))
		require.ErrorIs(t, err, libnl.NLE_PERM)
		require.ErrorIs(t, f(dumps(t, func(uint32) [][]byte { return nil })), libnl.NLE_AGAIN)
		mine := errors.New("mine")
		s := dumps(t, func(seq uint32) [][]byte { return [][]byte{dump(seq, 0, "a")} })
		require.NoError(t, s.ModifyCb(libnl.NL_CB_MSG_IN, libnl.NL_CB_CUSTOM, func(*libnl.Msg) (libnl.CbAction, error) {
			require.ErrorIs(t, s.CacheRefill(c), libnl.ErrBusy)
			return 0, mine
		}))
		require.Same(t, mine, f(s))
	}
	s := connected(t, libnl.NETLINK_ROUTE)
	require.NoError(t, s.SetNonblocking())
	err = s.CachePickup(c)
	require.ErrorIs(t, err, libnl.NLE_AGAIN)
	require.ErrorIs(t, err, syscall.EAGAIN, "the errno of the receive")
	require.NoError(t, c.Clear(), "nobody has the cache any more")
}

// A loop of the user's own may use the cache: nothing is locked there.
func TestCacheRefillThroughRecvmsgsHook(t *testing.T) {
	s := connected(t, libnl.NETLINK_ROUTE)
	c := routeCache(t, "route/link")
	cb, err := s.GetCb()
	require.NoError(t, err)
	defer func() { require.NoError(t, cb.Put()) }()
	calls := 0
	require.NoError(t, cb.OverwriteRecvmsgs(func(sk *libnl.Socket, cb *libnl.Cb) (int, error) {
		calls++
		require.Zero(t, c.Nitems())
		require.NoError(t, sk.Recvmsgs(cb), "the hook is in the clone, too")
		return 0, libnl.NLE_FAILURE
	}))
	within(t, func() { require.ErrorIs(t, s.CacheRefill(c), libnl.NLE_FAILURE) })
	require.Equal(t, 1, calls)
}

func TestCacheChangeCallback(t *testing.T) {
	c := filled(t, 2)
	s := dumps(t, func(seq uint32) [][]byte { return [][]byte{dump(seq, 0, "link1", "other", "third"), dump(seq+1, 0)} })
	var seen []string
	require.NoError(t, s.CacheResync(c, func(_ *libnl.Cache, o *libnl.Object, action int) {
		seen = append(seen, fmt.Sprint(nameOf(t, o), action))
		require.ErrorIs(t, c.Clear(), libnl.ErrBusy)
		require.ErrorIs(t, c.Put(), libnl.ErrBusy)
		require.ErrorIs(t, c.Include(o, nil), libnl.ErrBusy)
		require.ErrorIs(t, s.CacheRefill(c), libnl.ErrBusy)
		require.ErrorIs(t, s.Free(), libnl.ErrBusy)
		require.ErrorIs(t, o.CacheRemove(), libnl.ErrBusy)
		require.ErrorIs(t, o.Put(), libnl.ErrBorrowed)
		require.Positive(t, c.Nitems())
		k, err := o.Get()
		require.NoError(t, err)
		require.NoError(t, k.Put())
	}))
	require.Equal(t, []string{"other5", "third1"}, seen)
	seen = nil
	gone := routeCache(t, "route/link")
	require.NoError(t, s.CacheResync(c, func(_ *libnl.Cache, o *libnl.Object, action int) {
		seen = append(seen, fmt.Sprint(nameOf(t, o), action))
		k, err := o.Get()
		require.NoError(t, err)
		require.NoError(t, gone.Add(k))
		require.NoError(t, k.Put())
	}))
	require.Equal(t, 3, gone.Nitems())
	require.Equal(t, []string{"link12", "other2", "third2"}, seen)
}

func TestCacheChangeCallbackPanics(t *testing.T) {
	c := routeCache(t, "route/link")
	answer := func(seq uint32) [][]byte { return [][]byte{dump(seq, 0, "a", "b")} }
	cause := errors.New("boom")
	n := 0
	func() {
		defer func() {
			p, ok := recover().(*libnl.CallbackPanic)
			require.True(t, ok)
			require.ErrorIs(t, p, cause)
		}()
		_ = dumps(t, answer).CacheResync(c, func(*libnl.Cache, *libnl.Object, int) { n++; panic(cause) })
	}()
	require.Equal(t, 1, n, "no callback runs after it")
	require.Equal(t, []string{"a", "b"}, names(t, c), "libnl cannot be stopped here")

	require.NoError(t, dumps(t, answer).CacheRefill(c), "the cache goes on")

	require.Panics(t, func() {
		s := dumps(t, answer)
		require.NoError(t, s.ModifyCb(libnl.NL_CB_MSG_IN, libnl.NL_CB_CUSTOM, func(*libnl.Msg) (libnl.CbAction, error) { panic(cause) }))
		_, _ = libnl.CacheAllocAndFill(c.GetOps(), s)
	})
}

func TestCacheInclude(t *testing.T) {
	c := routeCache(t, "route/link")
	var seen []string
	v1 := func(in *libnl.Cache, o *libnl.Object, action int) {
		require.Same(t, c, in)
		seen = append(seen, fmt.Sprint(nameOf(t, o), action))
		require.ErrorIs(t, c.Include(o, nil), libnl.ErrBusy)
	}
	v2 := func(in *libnl.Cache, before, now *libnl.Object, diff uint64, action int) {
		require.Same(t, c, in)
		s := fmt.Sprint(action, diff != 0)
		for _, o := range []*libnl.Object{before, now} {
			if o != nil {
				s += " " + nameOf(t, o)
			}
		}
		seen = append(seen, s)
	}
	one := linkObject(t, 1, "one")
	require.NoError(t, c.Include(one, v1))
	require.NoError(t, c.Include(one, v1), "the cache's own object has not changed")
	require.Equal(t, 1, c.Nitems())
	require.NoError(t, c.Include(linkObject(t, 1, "uno"), v1))
	require.NoError(t, c.Include(objectOf(t, syscall.RTM_DELLINK, linkIndex(1, "uno")), v1))
	require.Equal(t, []string{"one1", "uno5", "uno2"}, seen)
	require.True(t, c.IsEmpty())

	seen = nil
	require.NoError(t, c.IncludeV2(linkObject(t, 1, "one"), v2))
	require.NoError(t, c.IncludeV2(linkObject(t, 1, "uno"), v2))
	require.NoError(t, c.IncludeV2(objectOf(t, syscall.RTM_DELLINK, linkIndex(1, "uno")), v2))
	require.Equal(t, []string{"1 false one", "5 true one uno", "2 false uno"}, seen)
	require.NoError(t, c.IncludeV2(linkObject(t, 1, "one"), nil))
	require.NoError(t, c.Include(linkObject(t, 2, "two"), nil))

	d := routeCache(t, "route/link")
	two := linkObject(t, 3, "three")
	require.NoError(t, d.Add(two))
	require.NoError(t, c.Include(two, nil))
	require.Same(t, c, two.GetCache(), "it is moved")

	require.ErrorIs(t, c.Include(addrObject(t, 1), v1), libnl.NLE_OBJ_MISMATCH)
	require.ErrorIs(t, c.IncludeV2(addrObject(t, 1), v2), libnl.NLE_OBJ_MISMATCH)
	o, err := libnl.ObjectAllocName("route/link")
	require.NoError(t, err)
	require.ErrorIs(t, c.Include(o, v1), libnl.NLE_MSGTYPE_NOSUPPORT)
	require.NoError(t, o.Put())
	require.Panics(t, func() {
		_ = c.Include(linkObject(t, 9, "nine"), func(*libnl.Cache, *libnl.Object, int) { panic("boom") })
	})
	require.NoError(t, c.Clear())
}

func TestLeakCacheSync(t *testing.T) {
	s := connected(t, libnl.NETLINK_ROUTE)
	one := linkObject(t, 1000, "one")
	keepsNothing(t, cycles(5_000), func() {
		c, err := libnl.CacheAllocAndFill(libnl.CacheOpsLookup("route/link"), s)
		require.NoError(t, err)
		require.NoError(t, c.Include(one, func(*libnl.Cache, *libnl.Object, int) {}))
		require.NoError(t, s.CacheResync(c, func(_ *libnl.Cache, o *libnl.Object, _ int) {
			k, err := o.Get()
			require.NoError(t, err)
			require.NoError(t, k.Put())
		}))
		require.NoError(t, c.Put())
	})
}
