package libnl_test

import (
	"errors"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/internal/ctest"
	"github.com/golibnl/golibnl/libnl"
)

// linkAndAddr is a datagram of two messages, of which libnl-route makes objects of two types.
func linkAndAddr(seq uint32) []byte {
	addr := slices.Concat([]byte{syscall.AF_INET, 8, 0, 0, 1, 0, 0, 0}, rawAttr(syscall.IFA_LOCAL, 127, 0, 0, 1))
	return slices.Concat(
		message(header{Type: syscall.RTM_NEWLINK, Seq: seq}, linkPayload("lo")...),
		message(header{Type: syscall.RTM_NEWADDR, Seq: seq}, addr...))
}

// byRoute is a parser that lets libnl-route do it.
func byRoute(_ libnl.SockaddrNl, hdr *libnl.Nlmsghdr, emit func(*libnl.Object) error) error {
	m, err := libnl.NlmsgConvert(hdr)
	if err != nil {
		return err
	}
	defer func() { _ = m.Free() }()
	m.SetProto(libnl.NETLINK_ROUTE)
	var eerr error
	err = m.Parse(func(o *libnl.Object) { eerr = emit(o) })
	return errors.Join(err, eerr)
}

// answering makes a socket that receives linkAndAddr, and forbids the callbacks that a pickup leaves out.
func answering(t *testing.T) *libnl.Socket {
	t.Helper()
	require.True(t, ctest.LinkRoute())
	s := injected(t, func(seq uint32) [][]byte { return [][]byte{linkAndAddr(seq), linkAndAddr(seq)} })
	onValid(t, s, func(*libnl.Msg) (libnl.CbAction, error) {
		t.Error("a pickup leaves the socket's own callback out")
		return libnl.NL_OK, nil
	})
	return s
}

func TestPickup(t *testing.T) {
	s := answering(t)
	var types []uint16
	o, err := s.Pickup(func(nla libnl.SockaddrNl, hdr *libnl.Nlmsghdr, emit func(*libnl.Object) error) error {
		require.EqualValues(t, 16, nla.NlFamily)
		types = append(types, hdr.NlmsgType)
		return byRoute(nla, hdr, emit)
	})
	require.NoError(t, err)
	require.Equal(t, []uint16{syscall.RTM_NEWLINK, syscall.RTM_NEWADDR}, types)
	require.Equal(t, "route/addr", o.GetType(), "the last of what was emitted")
	require.NoError(t, o.Put())
	expectMisuse(t, 1, func() { require.Empty(t, o.GetType()) })
}

func TestPickupEmitsSeveralTimes(t *testing.T) {
	s := answering(t)
	o, err := s.Pickup(func(nla libnl.SockaddrNl, hdr *libnl.Nlmsghdr, emit func(*libnl.Object) error) error {
		if hdr.NlmsgType == syscall.RTM_NEWADDR {
			return nil
		}
		return byRoute(nla, hdr, func(o *libnl.Object) error {
			require.NoError(t, emit(o))
			return emit(o)
		})
	})
	require.NoError(t, err)
	require.Equal(t, "route/link", o.GetType())
	require.NoError(t, o.Put())
}

// An object that the parser keeps and emits is there as long as either reference.
func TestPickupEmitsKeptObject(t *testing.T) {
	s := answering(t)
	var kept *libnl.Object
	o, err := s.Pickup(func(nla libnl.SockaddrNl, hdr *libnl.Nlmsghdr, emit func(*libnl.Object) error) error {
		if hdr.NlmsgType == syscall.RTM_NEWADDR {
			return emit(kept)
		}
		return byRoute(nla, hdr, func(o *libnl.Object) (err error) {
			kept, err = o.Get()
			return err
		})
	})
	require.NoError(t, err)
	require.NoError(t, kept.Put())
	require.Equal(t, "route/link", o.GetType())
	require.NoError(t, o.Put())
}

func TestPickupEmitsNothing(t *testing.T) {
	o, err := answering(t).Pickup(func(libnl.SockaddrNl, *libnl.Nlmsghdr, func(*libnl.Object) error) error { return nil })
	require.NoError(t, err)
	require.Nil(t, o)

	expectMisuse(t, 2, func() {
		_, err = answering(t).Pickup(func(_ libnl.SockaddrNl, _ *libnl.Nlmsghdr, emit func(*libnl.Object) error) error {
			require.ErrorIs(t, emit(nil), libnl.ErrFreed)
			return emit(new(libnl.Object))
		})
		require.ErrorIs(t, err, libnl.ErrFreed)
	})
	_, err = answering(t).Pickup(nil)
	require.ErrorIs(t, err, libnl.NLE_INVAL)
	_, _, err = answering(t).PickupKeepSyserr(nil)
	require.ErrorIs(t, err, libnl.NLE_INVAL)
}

func TestPickupParserFails(t *testing.T) {
	s := answering(t)
	mine := errors.New("mine")
	n := 0
	o, err := s.Pickup(func(nla libnl.SockaddrNl, hdr *libnl.Nlmsghdr, emit func(*libnl.Object) error) error {
		n++
		require.NoError(t, byRoute(nla, hdr, emit))
		return mine
	})
	require.Same(t, mine, err)
	require.Nil(t, o, "what was emitted before is given back")
	require.Equal(t, 1, n, "the pickup ends at once")

	o, errno, err := s.PickupKeepSyserr(func(libnl.SockaddrNl, *libnl.Nlmsghdr, func(*libnl.Object) error) error { return libnl.NLE_PERM })
	require.ErrorIs(t, err, libnl.NLE_PERM)
	require.Zero(t, errno, "the kernel had nothing to say")
	require.Nil(t, o)
}

func TestPickupParserPanics(t *testing.T) {
	s := answering(t)
	cause := errors.New("boom")
	func() {
		defer func() {
			p, ok := recover().(*libnl.CallbackPanic)
			require.True(t, ok)
			require.ErrorIs(t, p, cause)
		}()
		_, _ = s.Pickup(func(nla libnl.SockaddrNl, hdr *libnl.Nlmsghdr, emit func(*libnl.Object) error) error {
			require.NoError(t, byRoute(nla, hdr, emit))
			panic(cause)
		})
	}()
	o, err := s.Pickup(byRoute)
	require.NoError(t, err, "the socket goes on")
	require.NoError(t, o.Put())
}

func TestPickupParserExits(t *testing.T) {
	s := answering(t)
	within(t, func() {
		_, _ = s.Pickup(func(nla libnl.SockaddrNl, hdr *libnl.Nlmsghdr, emit func(*libnl.Object) error) error {
			_ = byRoute(nla, hdr, emit)
			runtime.Goexit()
			return nil
		})
		t.Error("the goroutine ends in the parser")
	})
	o, err := s.Pickup(byRoute)
	require.NoError(t, err, "the socket goes on")
	require.NoError(t, o.Put())
}

func TestPickupKernelError(t *testing.T) {
	for _, errno := range []syscall.Errno{0, syscall.ENODEV, syscall.EPERM, syscall.EUCLEAN} {
		answer := func(seq uint32) [][]byte {
			return [][]byte{errorMessage(seq, int32(errno)), errorMessage(seq+1, int32(errno))}
		}
		s := injected(t, answer)
		called := 0
		require.NoError(t, s.ModifyErrCb(libnl.NL_CB_CUSTOM, func(libnl.SockaddrNl, *libnl.Nlmsgerr) (libnl.CbAction, error) {
			called++
			return libnl.NL_STOP, nil
		}))
		o, got, err := s.PickupKeepSyserr(byRoute)
		require.Nil(t, o)
		require.Equal(t, errno, got)
		require.Zero(t, called, "the socket's own error callback is left out")
		if errno == 0 {
			require.NoError(t, err, "an ACK")
			continue
		}
		require.ErrorIs(t, err, libnl.Syserr2nlerr(errno))
		_, err = s.Pickup(byRoute)
		require.ErrorIs(t, err, libnl.Syserr2nlerr(errno))
		require.Equal(t, 1, called, "but not by Pickup")
	}
}

func TestPickupWithoutAnswer(t *testing.T) {
	s := injected(t, func(uint32) [][]byte { return nil })
	_, err := s.Pickup(byRoute)
	require.ErrorIs(t, err, libnl.NLE_AGAIN)
	_, errno, err := s.PickupKeepSyserr(byRoute)
	require.ErrorIs(t, err, libnl.NLE_AGAIN)
	require.Zero(t, errno)
}

// What the parser emitted is freed, however the pickup ends.
func TestPickupLeavesNothingBehind(t *testing.T) {
	require.True(t, ctest.LinkRoute())
	_, ok := ctest.MallocInUse()
	if !ok {
		t.Skip("this C library does not tell how much memory is in use")
	}
	s := newSocket(t)
	seq := s.UseSeq()
	hook(t, s, func(*libnl.Socket) ([]byte, libnl.SockaddrNl, *libnl.Ucred, error) {
		return linkAndAddr(seq), libnl.SockaddrNl{NlFamily: 16}, nil, nil
	})
	run := func() {
		o, err := s.Pickup(byRoute)
		require.NoError(t, err)
		require.NoError(t, o.Put())
		_, err = s.Pickup(func(nla libnl.SockaddrNl, hdr *libnl.Nlmsghdr, emit func(*libnl.Object) error) error {
			return errors.Join(byRoute(nla, hdr, emit), libnl.NLE_PERM)
		})
		require.ErrorIs(t, err, libnl.NLE_PERM)
		require.Panics(t, func() {
			_, _ = s.Pickup(func(nla libnl.SockaddrNl, hdr *libnl.Nlmsghdr, emit func(*libnl.Object) error) error {
				_ = byRoute(nla, hdr, emit)
				panic("boom")
			})
		})
	}
	run() // what is made once for all is not counted
	before, _ := ctest.MallocInUse()
	for range 500 {
		run()
	}
	after, _ := ctest.MallocInUse()
	require.Less(t, int64(after)-int64(before), int64(100_000), "an object has several hundred bytes")
}
