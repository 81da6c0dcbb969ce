package libnl_test

import (
	"errors"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/internal/ctest"
	"github.com/golibnl/golibnl/internal/testns"
	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/libnl/internal/coretest"
)

// program runs f with a program in C, in a fresh namespace, where a dump of links is one message and the end.
func program(t *testing.T, hook bool, f func(t *testing.T, p ctest.Program)) {
	t.Helper()
	testns.Run(t, func(t *testing.T) {
		p := ctest.NewProgram(hook)
		defer p.Free()
		f(t, p)
	})
}

// C makes a socket with callbacks and a receive hook. Go receives with them, sets callbacks, and gives the socket back; C goes on.
func TestInteropGoReceivesForC(t *testing.T) {
	program(t, true, func(t *testing.T, p ctest.Program) {
		s, err := libnl.SocketFromPointer(p.Sock())
		require.NoError(t, err)
		require.Equal(t, p.Sock(), s.Pointer())
		require.Positive(t, ctest.Dump(p.Sock()))
		require.NoError(t, s.RecvmsgsDefault())
		calls := p.Calls()
		require.Equal(t, ctest.Calls{In: 2, Valid: 1, Finish: 1, Recv: calls.Recv}, calls)
		require.Positive(t, calls.Recv, "C's hook received")

		n := 0
		require.NoError(t, s.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, func(m *libnl.Msg) (libnl.CbAction, error) {
			require.EqualValues(t, syscall.RTM_NEWLINK, m.Hdr().NlmsgType)
			require.ErrorIs(t, s.Release(), libnl.ErrBusy)
			require.ErrorIs(t, s.RecvmsgsDefault(), libnl.ErrBusy)
			n++
			return libnl.NL_OK, nil
		}))
		_, err = s.SendSimple(syscall.RTM_GETLINK, libnl.NLM_F_DUMP, make([]byte, 4))
		require.NoError(t, err)
		require.NoError(t, s.RecvmsgsDefault())
		require.Equal(t, 1, n)
		calls = p.Calls()
		require.Equal(t, ctest.Calls{In: 2, Finish: 1, Recv: calls.Recv}, calls, "Go's callback is in the place of C's")

		require.Positive(t, ctest.BadRequest(p.Sock()))
		require.ErrorIs(t, s.RecvmsgsDefault(), libnl.NLE_NODEV)
		require.Equal(t, 1, p.Calls().Err)
		cause := errors.New("enough")
		require.NoError(t, s.ModifyErrCb(libnl.NL_CB_CUSTOM, func(libnl.SockaddrNl, *libnl.Nlmsgerr) (libnl.CbAction, error) {
			return libnl.NL_OK, cause
		}))
		require.Positive(t, ctest.BadRequest(p.Sock()))
		require.ErrorIs(t, s.RecvmsgsDefault(), cause)

		p.Calls()
		handles := coretest.Held(t).Handles
		require.ErrorIs(t, s.Free(), libnl.ErrBorrowed)
		require.NoError(t, s.Release())
		require.Equal(t, handles-2, coretest.Held(t).Handles, "both are given back")
		require.NoError(t, s.Release(), "there is nothing left to do")
		require.NoError(t, s.Free())
		expectMisuse(t, 2, func() {
			require.ErrorIs(t, s.RecvmsgsDefault(), libnl.ErrFreed)
			require.Nil(t, s.Pointer())
		})

		require.Positive(t, ctest.Dump(p.Sock()))
		require.Zero(t, ctest.Recv(p.Sock()))
		calls = p.Calls()
		require.Equal(t, ctest.Calls{In: 2, Finish: 1, Recv: calls.Recv}, calls, "the slot that Go had set is empty")
		require.Zero(t, p.SetCallbacks())
		require.Positive(t, ctest.Dump(p.Sock()))
		require.Zero(t, ctest.Recv(p.Sock()))
		require.Equal(t, 1, p.Calls().Valid)
	})
}

// Go receives on C's socket with a clone of C's callback set: C's own stays as it was.
func TestInteropClone(t *testing.T) {
	program(t, true, func(t *testing.T, p ctest.Program) {
		s, err := libnl.SocketFromPointer(p.Sock())
		require.NoError(t, err)
		cb, err := libnl.CbFromPointer(p.Cb())
		require.NoError(t, err)
		same, err := s.GetCb()
		require.NoError(t, err)
		require.Same(t, cb, same)
		require.NoError(t, same.Put())
		clone, err := cb.Clone()
		require.NoError(t, err)
		n := 0
		require.NoError(t, clone.Set(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, func(*libnl.Msg) (libnl.CbAction, error) {
			n++
			return libnl.NL_OK, nil
		}))
		require.Positive(t, ctest.Dump(p.Sock()))
		require.NoError(t, s.Recvmsgs(clone))
		require.Equal(t, 1, n)
		calls := p.Calls()
		require.Equal(t, ctest.Calls{In: 2, Finish: 1, Recv: calls.Recv}, calls, "the clone has C's callbacks, and C's hook")
		require.Positive(t, calls.Recv)
		require.NoError(t, clone.Put())
		require.NoError(t, cb.Release())
		require.NoError(t, s.Release())
		require.Positive(t, ctest.Dump(p.Sock()))
		require.Zero(t, ctest.Recv(p.Sock()))
		require.Equal(t, 1, p.Calls().Valid)
	})
}

// Go makes a socket with callbacks; C connects it, sends and receives.
func TestInteropCReceivesForGo(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		s, other := newSocket(t), newSocket(t)
		p := s.Pointer()
		require.Zero(t, ctest.Connect(p))
		otherCb, err := other.GetCb()
		require.NoError(t, err)
		defer func() { require.NoError(t, otherCb.Put()) }()
		n := 0
		var again libnl.MsgCb
		again = func(m *libnl.Msg) (libnl.CbAction, error) {
			n++
			require.EqualValues(t, syscall.RTM_NEWLINK, m.Hdr().NlmsgType)
			for _, err := range []error{s.Free(), s.Close(), s.SetCb(otherCb), s.RecvmsgsDefault()} {
				require.ErrorIs(t, err, libnl.ErrBusy, "C is receiving")
			}
			require.NoError(t, other.Connect(libnl.NETLINK_ROUTE))
			require.NoError(t, other.Close())
			return libnl.NL_OK, s.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, again)
		}
		require.NoError(t, s.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, again))
		handles := coretest.Held(t).Handles
		for range 3 {
			require.Positive(t, ctest.Dump(p))
			require.Zero(t, ctest.Recv(p))
		}
		require.Equal(t, 3, n)
		require.Equal(t, handles, coretest.Held(t).Handles, "callbacks that replace themselves")

		// An error is a code to C, and a panic is NL_STOP.
		require.NoError(t, s.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, func(*libnl.Msg) (libnl.CbAction, error) {
			return libnl.NL_OK, libnl.NLE_PERM
		}))
		require.Positive(t, ctest.Dump(p))
		require.EqualValues(t, -libnl.NLE_PERM, ctest.Recv(p))
		require.Zero(t, ctest.Recv(p), "the end of the dump")
		require.NoError(t, s.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, func(*libnl.Msg) (libnl.CbAction, error) {
			panic("boom")
		}))
		require.Positive(t, ctest.Dump(p))
		expectMisuse(t, 1, func() { require.Zero(t, ctest.Recv(p)) })
		require.Zero(t, ctest.Recv(p), "the end of the dump")
		require.NoError(t, s.ModifyErrCb(libnl.NL_CB_CUSTOM, func(libnl.SockaddrNl, *libnl.Nlmsgerr) (libnl.CbAction, error) {
			require.ErrorIs(t, s.Close(), libnl.ErrBusy)
			return libnl.NL_OK, libnl.NLE_RANGE
		}))
		require.Positive(t, ctest.BadRequest(p))
		require.EqualValues(t, -libnl.NLE_RANGE, ctest.Recv(p))
	})
}

// Hooks in Go are called when C receives and sends, with the Go socket.
func TestInteropHooks(t *testing.T) {
	s := newSocket(t)
	p := s.Pointer()
	seq := s.UseSeq()
	cb, err := s.GetCb()
	require.NoError(t, err)
	defer func() { require.NoError(t, cb.Put()) }()
	var sent, received, looped int
	require.NoError(t, cb.OverwriteSend(func(sk *libnl.Socket, m *libnl.Msg) (int, error) {
		require.Same(t, s, sk)
		sent++
		return int(m.Hdr().NlmsgLen), nil
	}))
	require.NoError(t, cb.OverwriteRecv(func(sk *libnl.Socket) ([]byte, libnl.SockaddrNl, *libnl.Ucred, error) {
		require.Same(t, s, sk)
		received++
		return data(seq, 0, 1, 2), libnl.SockaddrNl{}, &libnl.Ucred{}, nil
	}))
	valid := 0
	onValid(t, s, func(*libnl.Msg) (libnl.CbAction, error) { valid++; return libnl.NL_OK, nil })
	require.EqualValues(t, libnl.NLMSG_HDRLEN+4, ctest.Dump(p))
	require.Zero(t, ctest.Recv(p))
	require.Equal(t, []int{1, 1, 2}, []int{sent, received, valid})

	// With another set of Go's on C's own socket, which Go has not seen.
	c := ctest.NewProgram(false)
	defer c.Free()
	set, err := libnl.CbAlloc(libnl.NL_CB_DEFAULT)
	require.NoError(t, err)
	require.NoError(t, set.OverwriteRecv(func(sk *libnl.Socket) ([]byte, libnl.SockaddrNl, *libnl.Ucred, error) {
		require.Equal(t, c.Sock(), sk.Pointer())
		received++
		return nil, libnl.SockaddrNl{}, nil, libnl.NLE_BUSY
	}))
	ctest.SetCb(c.Sock(), set.Pointer())
	require.EqualValues(t, -libnl.NLE_BUSY, ctest.Recv(c.Sock()))
	require.Equal(t, 2, received)
	require.NoError(t, set.OverwriteRecvmsgs(func(sk *libnl.Socket, arg *libnl.Cb) (int, error) {
		require.Same(t, set, arg)
		require.Equal(t, c.Sock(), sk.Pointer())
		looped++
		return 5, nil
	}))
	require.Zero(t, ctest.Recv(c.Sock()))
	require.Equal(t, 1, looped)
	require.NoError(t, set.Put())
	require.Positive(t, ctest.Dump(c.Sock()))
	require.Zero(t, ctest.Recv(c.Sock()), "Go's hooks went with the set's last reference")
}

// In a callback of Go's, C receives on another socket, whose callbacks are Go's, too.
func TestInteropNested(t *testing.T) {
	program(t, false, func(t *testing.T, _ ctest.Program) {
		outer, inner := newSocket(t), newSocket(t)
		require.NoError(t, outer.Connect(libnl.NETLINK_ROUTE))
		require.NoError(t, inner.Connect(libnl.NETLINK_ROUTE))
		cause := errors.New("inner")
		depth := 0
		onValid(t, inner, func(*libnl.Msg) (libnl.CbAction, error) {
			depth++
			require.ErrorIs(t, inner.Free(), libnl.ErrBusy)
			require.ErrorIs(t, outer.Free(), libnl.ErrBusy)
			return libnl.NL_OK, cause
		})
		ip := inner.Pointer()
		onValid(t, outer, func(m *libnl.Msg) (libnl.CbAction, error) {
			require.Positive(t, ctest.Dump(ip))
			require.EqualValues(t, -libnl.NLE_FAILURE, ctest.Recv(ip))
			require.EqualValues(t, syscall.RTM_NEWLINK, m.Hdr().NlmsgType)
			return libnl.NL_OK, nil
		})
		_, err := outer.SendSimple(syscall.RTM_GETLINK, libnl.NLM_F_DUMP, make([]byte, 4))
		require.NoError(t, err)
		require.NoError(t, outer.RecvmsgsDefault(), "the inner error is not the outer call's")
		require.Equal(t, 1, depth)

		// The inner call panics: that is C's caller's business, and reported.
		onValid(t, inner, func(*libnl.Msg) (libnl.CbAction, error) { panic("boom") })
		onValid(t, outer, func(*libnl.Msg) (libnl.CbAction, error) {
			_ = ctest.Recv(ip) // the end of the dump before
			require.Positive(t, ctest.Dump(ip))
			expectMisuse(t, 1, func() { require.Zero(t, ctest.Recv(ip)) })
			return libnl.NL_OK, nil
		})
		_, err = outer.SendSimple(syscall.RTM_GETLINK, libnl.NLM_F_DUMP, make([]byte, 4))
		require.NoError(t, err)
		require.NoError(t, outer.RecvmsgsDefault())
	})
}

// While Go has C's socket, C puts another callback set in it.
func TestInteropOtherCb(t *testing.T) {
	program(t, false, func(t *testing.T, p ctest.Program) {
		s, err := libnl.SocketFromPointer(p.Sock())
		require.NoError(t, err)
		n := 0
		fn := func(*libnl.Msg) (libnl.CbAction, error) { n++; return libnl.NL_OK, nil }
		onValid(t, s, fn)
		before, err := s.GetCb()
		require.NoError(t, err)
		require.Zero(t, p.OtherCb())
		after, err := s.GetCb()
		require.NoError(t, err)
		require.NotSame(t, before, after)
		require.Equal(t, p.Cb(), after.Pointer())
		require.Positive(t, ctest.Dump(p.Sock()))
		require.NoError(t, s.RecvmsgsDefault())
		require.Equal(t, 1, p.Calls().Valid)
		require.Zero(t, n)
		onValid(t, s, fn)
		require.Positive(t, ctest.Dump(p.Sock()))
		require.Zero(t, ctest.RecvWith(p.Sock(), before.Pointer()), "C may still use the first one")
		require.Equal(t, 1, n)
		require.NoError(t, before.Put())
		require.NoError(t, after.Put())
		require.NoError(t, s.Release())
	})
}

func TestInteropTwice(t *testing.T) {
	program(t, false, func(t *testing.T, p ctest.Program) {
		a, err := libnl.SocketFromPointer(p.Sock())
		require.NoError(t, err)
		b, err := libnl.SocketFromPointer(p.Sock())
		require.NoError(t, err)
		require.Same(t, a, b)
		require.NoError(t, a.Release())
		require.Positive(t, b.GetFd(), "it is lent twice")
		require.NoError(t, b.Release())
		expectMisuse(t, 1, func() { require.Equal(t, -1, b.GetFd()) })
	})
	// What Go made is Go's, also when it comes back.
	s := newSocket(t)
	require.ErrorContains(t, s.Release(), "not borrowed")
	back, err := libnl.SocketFromPointer(s.Pointer())
	require.NoError(t, err)
	require.Same(t, s, back)
	require.NoError(t, back.Release())
	require.ErrorContains(t, s.Release(), "not borrowed")
	require.Zero(t, s.GetPeerPort(), "it is there")
	m := newMsg(t)
	mback, err := libnl.MsgFromPointer(m.Pointer())
	require.NoError(t, err)
	require.Same(t, m, mback)
	require.NoError(t, mback.Release())
	require.NotZero(t, m.GetMaxSize())
}

func TestInteropNil(t *testing.T) {
	for name, f := range map[string]func(unsafe.Pointer) (any, error){
		"Socket":    func(p unsafe.Pointer) (any, error) { return libnl.SocketFromPointer(p) },
		"Cb":        func(p unsafe.Pointer) (any, error) { return libnl.CbFromPointer(p) },
		"Msg":       func(p unsafe.Pointer) (any, error) { return libnl.MsgFromPointer(p) },
		"Object":    func(p unsafe.Pointer) (any, error) { return libnl.ObjectFromPointer(p) },
		"Cache":     func(p unsafe.Pointer) (any, error) { return libnl.CacheFromPointer(p) },
		"CacheMngr": func(p unsafe.Pointer) (any, error) { return libnl.CacheMngrFromPointer(p) },
		"CacheOps":  func(p unsafe.Pointer) (any, error) { return libnl.CacheOpsFromPointer(p) },
		"Addr":      func(p unsafe.Pointer) (any, error) { return libnl.AddrFromPointer(p) },
		"Data":      func(p unsafe.Pointer) (any, error) { return libnl.DataFromPointer(p) },
	} {
		v, err := f(nil)
		require.ErrorIs(t, err, libnl.NLE_INVAL, name)
		require.ErrorContains(t, err, name+"FromPointer", name)
		require.Nil(t, v, name)
	}
}

func TestInteropMsg(t *testing.T) {
	const extMask = 29 // IFLA_EXT_MASK
	program(t, false, func(t *testing.T, p ctest.Program) {
		// C makes a message, Go adds to it, C reads and sends it.
		c := ctest.NewMsg()
		m, err := libnl.MsgFromPointer(c)
		require.NoError(t, err)
		same, err := libnl.MsgFromPointer(c)
		require.NoError(t, err)
		require.Same(t, m, same)
		require.NoError(t, same.Release())
		require.NoError(t, m.NlaPutU32(extMask, 1))
		require.Equal(t, 1, ctest.MsgU32(c, extMask))
		require.NoError(t, m.Release())
		expectMisuse(t, 1, func() { require.Nil(t, m.Pointer()) })
		require.Positive(t, ctest.Send(p.Sock(), c))
		require.Zero(t, ctest.Recv(p.Sock()))
		require.Equal(t, 1, p.Calls().Valid)

		// C frees its reference first; and Go's own is consumed.
		m, err = libnl.MsgFromPointer(c)
		require.NoError(t, err)
		ctest.FreeMsg(c)
		require.EqualValues(t, syscall.RTM_GETLINK, m.Hdr().NlmsgType)
		s := connected(t, libnl.NETLINK_ROUTE)
		m.SetProto(libnl.NETLINK_ROUTE)
		require.NoError(t, m.SetHdr(&libnl.Nlmsghdr{NlmsgType: libnl.NLMSG_NOOP, NlmsgFlags: libnl.NLM_F_REQUEST}))
		require.NoError(t, s.SendSync(m))
		require.NoError(t, m.Release())

		// Go makes a message, C sends it.
		g := newMsg(t)
		_, err = g.Put(0, 0, syscall.RTM_GETLINK, 4, libnl.NLM_F_DUMP)
		require.NoError(t, err)
		require.Positive(t, ctest.Send(p.Sock(), g.Pointer()))
		require.Zero(t, ctest.Recv(p.Sock()))
		require.Equal(t, 1, p.Calls().Valid)
	})
}

// Borrowing, receiving with callbacks of Go's, and releasing leaves nothing behind.
func TestLeakInterop(t *testing.T) {
	program(t, true, func(t *testing.T, p ctest.Program) {
		keepsNothing(t, cycles(5_000), func() {
			s, err := libnl.SocketFromPointer(p.Sock())
			require.NoError(t, err)
			n := 0
			onValid(t, s, func(*libnl.Msg) (libnl.CbAction, error) { n++; return libnl.NL_OK, nil })
			require.Positive(t, ctest.Dump(p.Sock()))
			require.NoError(t, s.RecvmsgsDefault())
			require.Positive(t, ctest.Dump(p.Sock()))
			require.Zero(t, ctest.Recv(p.Sock()))
			require.Equal(t, 2, n)
			require.NoError(t, s.Release())

			c := ctest.NewMsg()
			m, err := libnl.MsgFromPointer(c)
			require.NoError(t, err)
			require.NoError(t, m.Release())
			ctest.FreeMsg(c)
		})
	})
}

// The same with objects of Go's that C uses.
func TestLeakInteropPointer(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		keepsNothing(t, cycles(5_000), func() {
			s, err := libnl.SocketAlloc()
			require.NoError(t, err)
			require.Zero(t, ctest.Connect(s.Pointer()))
			onValid(t, s, func(*libnl.Msg) (libnl.CbAction, error) { return libnl.NL_OK, nil })
			m, err := libnl.NlmsgAllocSimple(syscall.RTM_GETLINK, libnl.NLM_F_DUMP)
			require.NoError(t, err)
			require.NoError(t, m.Append(make([]byte, 4), 4))
			require.Positive(t, ctest.Send(s.Pointer(), m.Pointer()))
			require.Zero(t, ctest.Recv(s.Pointer()))
			require.NoError(t, m.Free())
			require.NoError(t, s.Free())
		})
	})
}

// Many goroutines borrow, use and release the same objects.
func TestInteropFromManyGoroutines(t *testing.T) {
	p := ctest.NewProgram(false)
	defer p.Free()
	msg, addr := ctest.NewMsg(), ctest.NewAddr()
	defer ctest.FreeMsg(msg)
	defer ctest.PutAddr(addr)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 1_000 {
				s, err := libnl.SocketFromPointer(p.Sock())
				if err != nil || s.GetFd() < 0 || s.Pointer() != p.Sock() {
					t.Errorf("socket: %v", err)
				}
				cb, err := libnl.CbFromPointer(p.Cb())
				if err != nil || cb.Pointer() != p.Cb() {
					t.Errorf("set: %v", err)
				}
				m, err := libnl.MsgFromPointer(msg)
				if err != nil || m.Hdr().NlmsgType != syscall.RTM_GETLINK || m.Pointer() != msg {
					t.Errorf("message: %v", err)
				}
				a, err := libnl.AddrFromPointer(addr)
				if err != nil || a.GetPrefixlen() != 24 || a.Pointer() != addr {
					t.Errorf("address: %v", err)
				}
				for _, o := range []interface{ Release() error }{s, cb, m, a} {
					for err := o.Release(); err != nil; err = o.Release() { // the others' calls are short
						if !errors.Is(err, libnl.ErrBusy) {
							t.Error(err)
							break
						}
						runtime.Gosched()
					}
				}
			}
		})
	}
	within(t, wg.Wait)
}

// TestExpandedByC has C move a message's bytes between calls of Go's, which must not look for them where they were.
func TestExpandedByC(t *testing.T) {
	m, err := libnl.NlmsgAllocSize(24)
	require.NoError(t, err)
	defer func() { require.NoError(t, m.Free()) }()
	require.NoError(t, m.NlaPutU32(1, 1))
	require.ErrorIs(t, m.NlaPutU32(2, 2), libnl.NLE_NOMEM)
	for size := 64; size <= 1<<16; size *= 2 {
		require.True(t, ctest.Expand(m.Pointer(), size))
		require.NoError(t, m.NlaPutU32(2, 2))
		require.Len(t, slices.Collect(m.Hdr().ForEachAttr(0)), m.Hdr().Datalen()/8)
	}
	require.ErrorIs(t, m.NlaPut(3, make([]byte, 1<<16-100)), libnl.NLE_NOMEM)
}
