package libnl_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/internal/ctest"
	"github.com/golibnl/golibnl/libnl"
)

// newMngr makes a manager that ends with the test.
func newMngr(t *testing.T, sk *libnl.Socket, flags int) *libnl.CacheMngr {
	t.Helper()
	require.True(t, ctest.LinkRoute())
	m, err := libnl.CacheMngrAlloc(sk, libnl.NETLINK_ROUTE, flags)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Free()) })
	return m
}

// until polls until done says so.
func until(t *testing.T, m *libnl.CacheMngr, done func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); {
		require.Less(t, time.Now(), end, "hangs")
		_, err := m.Poll(5000)
		require.NoError(t, err)
	}
}

func TestCacheMngr(t *testing.T) {
	inNamespace(t, func(t *testing.T, s *libnl.Socket) {
		m := newMngr(t, nil, 0)
		require.Positive(t, m.GetFd())
		var seen []string
		links, err := m.Add("route/link", func(c *libnl.Cache, o *libnl.Object, action int) {
			require.Positive(t, c.Nitems()+1)
			seen = append(seen, fmt.Sprint(nameOf(t, o), action))
		})
		require.NoError(t, err)
		require.Equal(t, []string{"lo"}, names(t, links), "filled at once")
		addrs, err := libnl.CacheAllocName("route/addr")
		require.NoError(t, err)
		var v2 []string
		require.NoError(t, m.AddCacheV2(addrs, func(c *libnl.Cache, before, now *libnl.Object, _ uint64, action int) {
			require.Same(t, addrs, c)
			require.Nil(t, before)
			require.Equal(t, "route/addr", now.GetType())
			v2 = append(v2, fmt.Sprint(action))
		}))
		n, err := m.Poll(0)
		require.NoError(t, err)
		require.Zero(t, n, "nothing has happened")
		n, err = m.DataReady()
		require.NoError(t, err)
		require.Zero(t, n)

		makePair(t, s)
		until(t, m, func() bool { return links.Nitems() == 3 })
		require.Contains(t, seen, "v11")
		require.Contains(t, seen, "v21")
		setMTU(t, s, 1300)
		until(t, m, func() bool { return slices.Contains(seen, "v15") })
		dropPair(t, s)
		until(t, m, func() bool { return links.Nitems() == 1 })
		require.Contains(t, seen, "v12")
		addAddr(t, s, 5)
		until(t, m, func() bool { return addrs.Nitems() == 1 })
		require.Equal(t, []string{"1"}, v2)

		var b bytes.Buffer
		require.NoError(t, m.Info(&libnl.DumpParams{DpFd: &b}))
		require.Contains(t, b.String(), "route/addr")
		require.NoError(t, m.Free())
		expectMisuse(t, 4, func() {
			require.Equal(t, -1, m.GetFd())
			require.Zero(t, links.Nitems(), "the manager had the last reference")
			require.Zero(t, addrs.Nitems())
			_, err := m.DataReady()
			require.ErrorIs(t, err, libnl.ErrFreed)
		})
		require.NoError(t, links.Put())
		require.NoError(t, m.Free())
	})
}

func TestCacheMngrAdd(t *testing.T) {
	m := newMngr(t, nil, 0)
	c, err := m.Add("route/link", nil)
	require.NoError(t, err)
	_, err = m.Add("route/link", nil)
	require.ErrorIs(t, err, libnl.NLE_EXIST)
	for _, name := range []string{"", "no/such", "route/addr\x00"} {
		_, err = m.Add(name, nil)
		require.ErrorIs(t, err, libnl.NLE_NOCACHE)
	}
	require.ErrorIs(t, c.GetOps().CacheMngtUnregister(), libnl.NLE_BUSY, "in C, Free then aborts")
	other := newMngr(t, nil, 0)
	require.ErrorIs(t, other.AddCache(c, nil), libnl.NLE_EXIST, "in C, each frees it")
	require.ErrorIs(t, m.AddCache(c, nil), libnl.NLE_EXIST)
	_, err = m.Add("route/neightbl", nil)
	require.ErrorIs(t, err, libnl.NLE_OPNOTSUPP, "there are no notifications")
	user, err := libnl.CacheMngrAlloc(nil, libnl.NETLINK_GENERIC, 0)
	require.NoError(t, err)
	mine := routeCache(t, "route/addr")
	require.ErrorIs(t, user.AddCache(mine, nil), libnl.NLE_PROTO_MISMATCH)
	require.ErrorIs(t, user.AddCacheV2(mine, nil), libnl.NLE_PROTO_MISMATCH)
	require.NoError(t, user.Free())
	require.True(t, mine.IsEmpty(), "and stays ours")

	kept, err := c.Get()
	require.NoError(t, err)
	require.NoError(t, m.Free())
	require.Contains(t, names(t, kept), "lo", "who has a reference keeps the cache")
	require.NoError(t, other.AddCache(kept, nil), "which another manager may have now")
	require.NoError(t, kept.Put(), "one too many")
	require.NoError(t, kept.Put())
	_, err = other.DataReady()
	require.NoError(t, err, "libnl has its own")
	expectMisuse(t, 2, func() {
		require.ErrorIs(t, other.AddCache(kept, nil), libnl.ErrFreed)
		require.ErrorIs(t, other.AddCache(nil, nil), libnl.ErrFreed)
	})
}

// The socket belongs to the manager until that is freed.
func TestCacheMngrSocket(t *testing.T) {
	s := newSocket(t)
	_, err := libnl.CacheMngrAlloc(s, libnl.NETLINK_ROUTE, 2)
	require.ErrorIs(t, err, libnl.NLE_INVAL, "in C it aborts")
	_, err = libnl.CacheMngrAlloc(s, 31, 0)
	require.ErrorIs(t, err, libnl.NLE_PROTO_MISMATCH)
	_, err = libnl.CacheMngrAlloc(s, 1<<40, 0)
	require.ErrorIs(t, err, libnl.NLE_RANGE)
	require.Equal(t, -1, s.GetFd())
	m := newMngr(t, s, 0)
	require.Equal(t, s.GetFd(), m.GetFd())
	cb, err := libnl.CbAlloc(libnl.NL_CB_DEFAULT)
	require.NoError(t, err)
	defer func() { require.NoError(t, cb.Put()) }()
	for name, f := range map[string]func() error{
		"free":    s.Free,
		"close":   s.Close,
		"connect": func() error { return s.Connect(libnl.NETLINK_ROUTE) },
		"cb":      func() error { return s.SetCb(cb) },
		"recv":    func() error { _, _, _, err := s.Recv(); return err },
		"send":    func() error { _, err := s.SendSimple(16, 0, nil); return err },
		"alloc":   func() error { _, err := libnl.CacheMngrAlloc(s, libnl.NETLINK_ROUTE, 0); return err },
	} {
		require.ErrorIs(t, f(), libnl.ErrBusy, name)
	}
	require.NoError(t, m.Free())
	require.Equal(t, -1, s.GetFd(), "closed, as in C")
	require.NoError(t, s.Connect(libnl.NETLINK_ROUTE), "and ours again")
	_, err = libnl.CacheMngrAlloc(s, libnl.NETLINK_ROUTE, 0)
	require.ErrorIs(t, err, libnl.NLE_BAD_SOCK)
	require.Positive(t, s.GetFd(), "in C it is closed")
	expectMisuse(t, 1, func() {
		_, err = libnl.CacheMngrAlloc(new(libnl.Socket), libnl.NETLINK_ROUTE, 0)
		require.ErrorIs(t, err, libnl.ErrFreed)
	})
}

func TestCacheMngrInCallback(t *testing.T) {
	inNamespace(t, func(t *testing.T, s *libnl.Socket) {
		sk := newSocket(t)
		m := newMngr(t, sk, 0)
		spare := routeCache(t, "route/addr")
		n := 0
		c, err := m.Add("route/link", func(c *libnl.Cache, _ *libnl.Object, _ int) {
			n++
			require.ErrorIs(t, m.Free(), libnl.ErrBusy)
			_, err := m.Add("route/neigh", nil)
			require.ErrorIs(t, err, libnl.ErrBusy, "in C, libnl's array moves")
			require.ErrorIs(t, m.AddCache(spare, nil), libnl.ErrBusy)
			_, err = m.Poll(0)
			require.ErrorIs(t, err, libnl.ErrBusy)
			_, err = m.DataReady()
			require.ErrorIs(t, err, libnl.ErrBusy)
			require.ErrorIs(t, sk.Free(), libnl.ErrBusy)
			require.ErrorIs(t, sk.RecvmsgsDefault(), libnl.ErrBusy)
			require.ErrorIs(t, c.Clear(), libnl.ErrBusy)
			require.ErrorIs(t, s.CacheRefill(c), libnl.ErrBusy)
			require.NoError(t, s.CacheRefill(spare), "another cache, on another socket")
			require.NoError(t, m.Info(&libnl.DumpParams{DpFd: &bytes.Buffer{}}))
			require.Positive(t, m.GetFd())
		})
		require.NoError(t, err)
		makePair(t, s)
		until(t, m, func() bool { return c.Nitems() == 3 })
		require.Positive(t, n)
	})
}

func TestCacheMngrCallbackPanics(t *testing.T) {
	inNamespace(t, func(t *testing.T, s *libnl.Socket) {
		m := newMngr(t, nil, 0)
		cause := errors.New("boom")
		c, err := m.Add("route/link", func(*libnl.Cache, *libnl.Object, int) { panic(cause) })
		require.NoError(t, err)
		makePair(t, s)
		func() {
			defer func() {
				p, ok := recover().(*libnl.CallbackPanic)
				require.True(t, ok)
				require.ErrorIs(t, p, cause)
			}()
			_, _ = m.Poll(5000)
			t.Error("the caller panics in turn")
		}()
		require.Greater(t, c.Nitems(), 1)
		require.NoError(t, c.MarkAll(), "nobody has the cache any more")
	})
}

// While a resync has the cache, its manager may go.
func TestCacheMngrFreedDuringResync(t *testing.T) {
	inNamespace(t, func(t *testing.T, s *libnl.Socket) {
		m := newMngr(t, nil, 0)
		c, err := m.Add("route/link", nil)
		require.NoError(t, err)
		makePair(t, s)
		n := 0
		require.NoError(t, s.CacheResync(c, func(*libnl.Cache, *libnl.Object, int) {
			if n++; n == 1 {
				_, err := m.DataReady()
				require.ErrorIs(t, err, libnl.ErrBusy, "it would change the cache")
				require.NoError(t, m.Free())
				require.ErrorIs(t, newMngr(t, nil, 0).AddCache(c, nil), libnl.ErrBusy)
			}
		}))
		require.Equal(t, 2, n)
		expectMisuse(t, 1, func() { require.Zero(t, c.Nitems(), "it went with the resync") })
	})
}

func TestCacheMngrAutoProvide(t *testing.T) {
	old := filled(t, 1)
	require.NoError(t, old.MngtProvide())
	m := newMngr(t, nil, libnl.NL_AUTO_PROVIDE)
	_, err := m.Add("no/such", nil)
	require.ErrorIs(t, err, libnl.NLE_NOCACHE)
	c, err := m.Add("route/link", nil)
	require.NoError(t, err)
	got := libnl.CacheMngtRequireSafe("route/link")
	require.Same(t, c, got)
	require.NoError(t, got.Put())
	_, err = m.Add("route/addr", nil)
	require.NoError(t, err)
	require.NoError(t, m.Free())
	require.Nil(t, libnl.CacheMngtRequireSafe("route/link"))
}

func TestCacheMngrHook(t *testing.T) {
	sk := newSocket(t)
	m := newMngr(t, sk, 0)
	c, err := m.Add("route/link", nil)
	require.NoError(t, err)
	queue := [][]byte{
		message(header{Type: syscall.RTM_NEWLINK}, linkIndex(5000, "five")...),
		message(header{Type: syscall.RTM_NEWADDR}, linkIndex(5000, "five")...),
	}
	cb, err := sk.GetCb()
	require.NoError(t, err)
	defer func() { require.NoError(t, cb.Put()) }()
	fail := libnl.NLE_AGAIN
	require.NoError(t, cb.OverwriteRecv(func(*libnl.Socket) ([]byte, libnl.SockaddrNl, *libnl.Ucred, error) {
		if len(queue) == 0 {
			return nil, libnl.SockaddrNl{}, nil, fail
		}
		d := queue[0]
		queue = queue[1:]
		_ = c.Nitems() // the lock is not held here
		return d, libnl.SockaddrNl{NlFamily: 16}, nil, nil
	}))
	n, err := m.DataReady()
	require.NoError(t, err)
	require.Equal(t, 2, n, "until there is no more; the second one is for no cache")
	require.Contains(t, names(t, c), "five")
	fail = libnl.NLE_NOMEM
	_, err = m.DataReady()
	require.ErrorIs(t, err, libnl.NLE_NOMEM)
}

// Lost notifications are told with their errno, and a resync on another socket makes up for them.
func TestCacheMngrOverrun(t *testing.T) {
	inNamespace(t, func(t *testing.T, s *libnl.Socket) {
		sk := newSocket(t)
		m := newMngr(t, sk, 0)
		require.NoError(t, sk.SetBufferSize(2048, 2048))
		c, err := m.Add("route/link", nil)
		require.NoError(t, err)
		makePair(t, s)
		for i := range uint32(100) {
			setMTU(t, s, 1300+i)
		}
		_, err = m.DataReady()
		require.ErrorIs(t, err, libnl.NLE_NOMEM)
		require.ErrorIs(t, err, syscall.ENOBUFS)
		require.NoError(t, s.CacheResync(c, nil))
		require.Equal(t, []string{"lo", "v1", "v2"}, names(t, c))
	})
}

// With few descriptors left, libnl 3.7 frees the manager's second socket twice.
func TestCacheMngrWithoutDescriptors(t *testing.T) {
	var limit syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	fds, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	low := limit
	low.Cur = uint64(len(fds)) + 64
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low))
	defer func() { require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)) }()
	var taken []int
	for {
		fd, err := syscall.Dup(0)
		if err != nil {
			break
		}
		taken = append(taken, fd)
	}
	worked := false
	for free := 0; free < 12 && len(taken) > 0; free++ {
		m, err := libnl.CacheMngrAlloc(nil, libnl.NETLINK_ROUTE, 0)
		if err != nil {
			require.False(t, worked)
			require.True(t, errors.Is(err, syscall.EMFILE) || strings.Contains(err.Error(), "failure"), "%v", err)
		} else {
			worked = true
			require.NoError(t, m.Free())
		}
		require.NoError(t, syscall.Close(taken[0]))
		taken = taken[1:]
	}
	for _, fd := range taken {
		require.NoError(t, syscall.Close(fd))
	}
	require.True(t, worked)
}

func TestLeakCacheMngr(t *testing.T) {
	inNamespace(t, func(t *testing.T, s *libnl.Socket) {
		makePair(t, s)
		mtu, old := uint32(1300), filled(t, 3)
		keepsNothing(t, cycles(2_000), func() {
			before, err := old.Clone()
			require.NoError(t, err)
			require.NoError(t, before.MngtProvide())
			require.NoError(t, before.Put())
			m, err := libnl.CacheMngrAlloc(nil, libnl.NETLINK_ROUTE, libnl.NL_AUTO_PROVIDE)
			require.NoError(t, err)
			changes := 0
			_, err = m.Add("route/link", func(*libnl.Cache, *libnl.Object, int) { changes++ })
			require.NoError(t, err)
			a, err := libnl.CacheAllocName("route/addr")
			require.NoError(t, err)
			require.NoError(t, m.AddCacheV2(a, func(*libnl.Cache, *libnl.Object, *libnl.Object, uint64, int) {}))
			mtu = 1300 + (mtu+1)%100
			setMTU(t, s, mtu)
			until(t, m, func() bool { return changes > 0 })
			require.NoError(t, m.Free())
		})
	})
}

// One goroutine keeps a cache up to date while others read it.
func TestCacheMngrFromManyGoroutines(t *testing.T) {
	inNamespace(t, func(t *testing.T, s *libnl.Socket) {
		makePair(t, s)
		m := newMngr(t, nil, libnl.NL_AUTO_PROVIDE)
		c, err := m.Add("route/link", func(*libnl.Cache, *libnl.Object, int) {})
		require.NoError(t, err)
		stop, done := make(chan struct{}), make(chan struct{})
		for range 3 {
			go func() {
				defer func() { done <- struct{}{} }()
				for {
					select {
					case <-stop:
						return
					default:
					}
					for o := range c.Foreach() {
						if f := c.Search(o); f != nil {
							_, _ = f.DumpBuf(200)
							_ = f.Put()
						}
					}
				}
			}()
		}
		for i := range uint32(50) {
			setMTU(t, s, 1300+i)
			_, err := m.Poll(5000)
			require.NoError(t, err)
		}
		close(stop)
		for range 3 {
			<-done
		}
	})
}
