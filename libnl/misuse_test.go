package libnl_test

import (
	"errors"
	"reflect"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/libnl"
)

// callAll calls every method of v with zero arguments, and then with hostile ones, and checks that none panics, and that
// those that can fail do, unless they are in fine.
func callAll(t *testing.T, v any, fine ...string) {
	t.Helper()
	fine = append(fine, "Release") // there is nothing left to do
	rv := reflect.ValueOf(v)
	for i := range rv.NumMethod() {
		name, method := rv.Type().Method(i).Name, rv.Method(i)
		for _, hostile := range []bool{false, true} {
			typ := method.Type()
			args := make([]reflect.Value, 0, typ.NumIn())
			for j := range typ.NumIn() {
				if typ.IsVariadic() && j == typ.NumIn()-1 {
					break
				}
				arg := reflect.New(typ.In(j)).Elem()
				if hostile {
					makeHostile(arg)
				}
				args = append(args, arg)
			}
			var out []reflect.Value
			require.NotPanics(t, func() { out = method.Call(args) }, name)
			if n := len(out); n > 0 {
				if err, ok := out[n-1].Interface().(error); ok {
					require.NotEmpty(t, err.Error(), name)
				} else if out[n-1].Type() == reflect.TypeFor[error]() {
					require.Contains(t, fine, name, "%s returned no error", name)
				}
			}
		}
	}
}

func makeHostile(v reflect.Value) {
	switch v.Kind() {
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(-1 << 31)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(1<<v.Type().Bits() - 1)
	case reflect.String:
		v.SetString("\x00\xff")
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
	}
}

func TestNilAndZeroObjects(t *testing.T) {
	libnl.OnMisuse(nil)
	defer libnl.OnMisuse(noMisuse)
	before := libnl.Misuses()
	for _, s := range []*libnl.Socket{nil, new(libnl.Socket)} {
		callAll(t, s, "Free")
		require.Equal(t, -1, s.GetFd())
	}
	for _, cb := range []*libnl.Cb{nil, new(libnl.Cb)} {
		callAll(t, cb, "Put")
	}
	require.Greater(t, libnl.Misuses(), before+50, "each was counted")
}

func TestFreedObjects(t *testing.T) {
	libnl.OnMisuse(nil)
	defer libnl.OnMisuse(noMisuse)

	s, err := libnl.SocketAlloc()
	require.NoError(t, err)
	require.NoError(t, s.Connect(libnl.NETLINK_ROUTE))
	require.NoError(t, s.Free())
	callAll(t, s, "Free")
	require.ErrorIs(t, s.Connect(libnl.NETLINK_ROUTE), libnl.ErrFreed)
	require.NoError(t, s.Free(), "a second Free has nothing to do")

	cb, err := libnl.CbAlloc(libnl.NL_CB_DEFAULT)
	require.NoError(t, err)
	require.NoError(t, cb.Put())
	callAll(t, cb, "Put")
	_, err = cb.Get()
	require.ErrorIs(t, err, libnl.ErrFreed)
	require.NoError(t, cb.Put())

	other := newSocket(t)
	require.ErrorIs(t, other.SetCb(cb), libnl.ErrFreed)
	require.ErrorIs(t, other.Recvmsgs(cb), libnl.ErrFreed)
	require.ErrorIs(t, other.Recvmsgs(nil), libnl.ErrFreed)
	_, err = libnl.SocketAllocCb(cb)
	require.ErrorIs(t, err, libnl.ErrFreed)

	m, err := libnl.NlmsgAlloc()
	require.NoError(t, err)
	require.NoError(t, m.Free())
	_, err = other.SendAuto(m)
	require.ErrorIs(t, err, libnl.ErrFreed)
	_, err = other.SendAuto(nil)
	require.ErrorIs(t, err, libnl.ErrFreed)
	require.ErrorIs(t, other.SendSync(m), libnl.ErrFreed)
	require.ErrorIs(t, other.SendSync(nil), libnl.ErrFreed)
}

func TestHostileArguments(t *testing.T) {
	s := connected(t, libnl.NETLINK_USERSOCK)
	require.NoError(t, s.SetNonblocking())
	cb, err := libnl.CbAlloc(libnl.NL_CB_DEFAULT)
	require.NoError(t, err)
	defer func() { require.NoError(t, cb.Put()) }()
	libnl.OnMisuse(nil) // nil messages and sets are among the arguments
	defer libnl.OnMisuse(noMisuse)

	for _, f := range []func() error{
		func() error { return cb.Set(-1, libnl.NL_CB_CUSTOM, nil) },
		func() error { return cb.Set(libnl.NL_CB_TYPE_MAX+1, libnl.NL_CB_CUSTOM, nil) },
		func() error { return cb.Set(libnl.NL_CB_VALID, libnl.NL_CB_KIND_MAX+1, nil) },
		func() error { return cb.SetAll(-1, nil) },
		func() error { return cb.Err(libnl.NL_CB_KIND_MAX+1, nil) },
		func() error { return s.ModifyCb(99, libnl.NL_CB_CUSTOM, nil) },
		func() error { return s.ModifyErrCb(99, nil) },
		func() error { _, err := libnl.CbAlloc(-1); return err },
		func() error { _, err := libnl.CbAlloc(libnl.NL_CB_KIND_MAX + 1); return err },
	} {
		require.ErrorIs(t, f(), libnl.NLE_RANGE)
	}
	_, err = s.Sendto(nil)
	require.ErrorIs(t, err, libnl.NLE_INVAL)
	_, err = s.Sendmsg(newMsg(t), nil)
	require.ErrorIs(t, err, libnl.NLE_INVAL)
	_, err = s.SendIovec(newMsg(t), nil)
	require.Error(t, err, "nothing to send")
	_, err = s.SendSimple(0x10, 0, make([]byte, 1<<20))
	require.ErrorIs(t, err, libnl.NLE_NOMEM, "larger than the default size")
	_, err = s.Pickup(nil)
	require.ErrorIs(t, err, libnl.NLE_INVAL)
}

// What frees or replaces what libnl is using is refused inside a callback; in C it is a use after free.
func TestRefusedInCallback(t *testing.T) {
	s := injected(t, func(seq uint32) [][]byte { return [][]byte{data(seq, 0, 1), data(seq, 0, 2)} })
	cb, err := s.GetCb()
	require.NoError(t, err)
	other, err := libnl.CbAlloc(libnl.NL_CB_DEFAULT)
	require.NoError(t, err)
	var got []error
	onValid(t, s, func(m *libnl.Msg) (libnl.CbAction, error) {
		_, _, _, recvErr := s.Recv()
		_, reportErr := s.RecvmsgsReport(other)
		got = append(got, s.Free(), s.Close(), s.SetCb(other), s.SetLocalPort(0), s.Connect(libnl.NETLINK_ROUTE),
			s.RecvmsgsDefault(), s.Recvmsgs(other), s.WaitForAck(), recvErr, reportErr)
		require.ErrorIs(t, m.Free(), libnl.ErrBorrowed)
		return libnl.NL_OK, nil
	})
	require.NoError(t, s.RecvmsgsDefault())
	require.Len(t, got, 10)
	for i, err := range got {
		require.ErrorIs(t, err, libnl.ErrBusy, "%d", i)
	}
	n := 0
	onValid(t, s, func(*libnl.Msg) (libnl.CbAction, error) { n++; return libnl.NL_OK, nil })
	require.NoError(t, s.RecvmsgsDefault(), "the second datagram was not taken by the refused receives")
	require.Equal(t, 1, n)
	require.NoError(t, cb.Put())
	require.NoError(t, other.Put())
}

// The last reference to the set that is in use may be given back in a callback: the call keeps it alive.
func TestPutInCallback(t *testing.T) {
	s := injected(t, func(seq uint32) [][]byte { return [][]byte{data(seq, 0, 1, 2)} })
	seq := s.UseSeq() - 1
	cb, err := libnl.CbAlloc(libnl.NL_CB_DEFAULT)
	require.NoError(t, err)
	require.NoError(t, cb.OverwriteRecv(func(*libnl.Socket) ([]byte, libnl.SockaddrNl, *libnl.Ucred, error) {
		return data(seq, 0, 1, 2), libnl.SockaddrNl{}, nil, nil
	}))
	n := 0
	require.NoError(t, cb.Set(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, func(*libnl.Msg) (libnl.CbAction, error) {
		n++
		return libnl.NL_OK, cb.Put()
	}))
	require.NoError(t, s.Recvmsgs(cb))
	require.Equal(t, 2, n)
	expectMisuse(t, 1, func() { require.ErrorIs(t, s.Recvmsgs(cb), libnl.ErrFreed) })
}

// A callback may change the set that it is called from: the change holds from the next message on.
func TestModifyInCallback(t *testing.T) {
	s := injected(t, func(seq uint32) [][]byte { return [][]byte{data(seq, 0, 1, 2, 3)} })
	var got []string
	onValid(t, s, func(*libnl.Msg) (libnl.CbAction, error) {
		got = append(got, "first")
		return libnl.NL_OK, s.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, func(*libnl.Msg) (libnl.CbAction, error) {
			got = append(got, "second")
			return libnl.NL_OK, s.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_DEFAULT, nil)
		})
	})
	require.NoError(t, s.RecvmsgsDefault())
	require.Equal(t, []string{"first", "second"}, got)
}

// While a goroutine waits in a receive, another one may send and set up, but not free, close, or receive.
func TestOtherGoroutineDuringReceive(t *testing.T) {
	s := connected(t, libnl.NETLINK_USERSOCK)
	waiting, release := make(chan struct{}), make(chan struct{})
	hook(t, s, func(*libnl.Socket) ([]byte, libnl.SockaddrNl, *libnl.Ucred, error) {
		close(waiting)
		<-release
		return nil, libnl.SockaddrNl{}, nil, libnl.NLE_AGAIN
	})
	done := make(chan error, 1)
	go func() { done <- s.RecvmsgsDefault() }()
	<-waiting
	within(t, func() {
		for name, f := range map[string]func() error{
			"Free": s.Free, "Close": s.Close, "RecvmsgsDefault": s.RecvmsgsDefault, "WaitForAck": s.WaitForAck,
			"SetLocalPort": func() error { return s.SetLocalPort(0) },
			"ModifyCb": func() error {
				return s.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, func(*libnl.Msg) (libnl.CbAction, error) { return 0, nil })
			},
			"DisableSeqCheck": s.DisableSeqCheck,
		} {
			if err := f(); !errors.Is(err, libnl.ErrBusy) {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, err := s.SendSimple(0x10, 0, []byte("x"))
		if errors.Is(err, libnl.ErrBusy) {
			t.Error("sending beside a receive is in order")
		}
		s.SetPeerPort(1)
		if s.GetPeerPort() != 1 {
			t.Error("setting up beside a receive is in order")
		}
	})
	close(release)
	require.ErrorIs(t, <-done, libnl.NLE_AGAIN)
	require.NoError(t, s.Close())
}

// A hook that receives on its socket, and one that goes on for ever, which ends before the C stack does.
func TestHooksMayReceive(t *testing.T) {
	a, b := connected(t, libnl.NETLINK_USERSOCK), connected(t, libnl.NETLINK_USERSOCK)
	require.NoError(t, a.DisableSeqCheck())
	hook(t, a, func(s *libnl.Socket) ([]byte, libnl.SockaddrNl, *libnl.Ucred, error) { return s.Recv() })
	b.SetPeerPort(a.GetLocalPort())
	_, err := b.SendSimple(0x10, 0, []byte("text"))
	require.NoError(t, err)
	var got string
	onValid(t, a, func(m *libnl.Msg) (libnl.CbAction, error) {
		got = string(m.Hdr().Data())
		require.Equal(t, b.GetLocalPort(), m.GetSrc().NlPid)
		return libnl.NL_OK, nil
	})
	require.NoError(t, a.RecvmsgsDefault())
	require.Equal(t, "text", got)

	depth := 0
	hook(t, a, func(s *libnl.Socket) ([]byte, libnl.SockaddrNl, *libnl.Ucred, error) {
		depth++
		return nil, libnl.SockaddrNl{}, nil, s.RecvmsgsDefault()
	})
	require.ErrorIs(t, a.RecvmsgsDefault(), libnl.ErrBusy)
	require.Equal(t, 32, depth)
}

func TestHookReturnsLies(t *testing.T) {
	s := newSocket(t)
	whole := message(header{Type: 0x20, Seq: s.UseSeq()}, 1, 2, 3, 4)
	for name, b := range map[string][]byte{
		"shorter than a header":     whole[:10],
		"longer than the datagram":  whole[:18],
		"length 0":                  make([]byte, 64),
		"trailing bytes":            append(whole[:20:20], 1, 2, 3),
		"error message without one": message(header{Type: libnl.NLMSG_ERROR, Seq: s.UseSeq()}),
	} {
		hook(t, s, func(*libnl.Socket) ([]byte, libnl.SockaddrNl, *libnl.Ucred, error) {
			return b, libnl.SockaddrNl{}, nil, nil
		})
		require.NotPanics(t, func() { _ = s.RecvmsgsDefault() }, name)
	}
}

// Many goroutines, one socket: calls take turns or are refused, and nothing is read that another writes.
func TestManyGoroutinesOneSocket(t *testing.T) {
	t.Run("receiving", func(t *testing.T) {
		s := connected(t, libnl.NETLINK_USERSOCK)
		require.NoError(t, s.SetNonblocking())
		require.NoError(t, s.DisableSeqCheck())
		s.SetPeerPort(s.GetLocalPort())
		together(
			func() error { _, err := s.SendSimple(0x10, 0, []byte("x")); return err },
			s.RecvmsgsDefault,
			func() error { _, _, _, err := s.Recv(); return err },
			func() error { s.SetPeerGroups(0); s.DisableAutoAck(); s.EnableMsgPeek(); return nil },
			func() error {
				return s.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, func(m *libnl.Msg) (libnl.CbAction, error) {
					_ = m.Hdr()
					return libnl.NL_OK, nil
				})
			},
			func() error {
				cb, err := s.GetCb()
				if err != nil {
					return err
				}
				defer func() { _ = cb.Put() }()
				c, err := cb.Clone()
				if err != nil {
					return err
				}
				return errors.Join(s.SetCb(c), c.Put())
			},
		)
	})
	t.Run("connecting", func(t *testing.T) {
		s := newSocket(t)
		together(
			func() error { return s.Connect(libnl.NETLINK_USERSOCK) },
			s.Close,
			func() error { return s.SetLocalPort(0) },
			func() error { s.GetLocalPort(); return nil },
			func() error { _, err := s.SendSimple(0x10, 0, []byte("x")); return err },
			func() error { return s.JoinGroups(1) },
		)
	})
}

// together runs each function on two goroutines, many times.
func together(fs ...func() error) {
	var wg sync.WaitGroup
	for _, f := range append(fs, fs...) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 300 {
				_ = f() // refused or not: it must not crash
				runtime.Gosched()
			}
		}()
	}
	wg.Wait()
}

// Freeing from several goroutines at once frees once.
func TestFreeFromManyGoroutines(t *testing.T) {
	for range 200 {
		s, err := libnl.SocketAlloc()
		require.NoError(t, err)
		require.NotZero(t, s.GetLocalPort())
		var wg sync.WaitGroup
		for range 4 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for errors.Is(s.Free(), libnl.ErrBusy) {
					runtime.Gosched()
				}
			}()
		}
		wg.Wait()
	}
}
