package libnl_test

import (
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/libnl/internal/coretest"
)

var (
	keepsNothing = coretest.KeepsNothing
	cycles       = coretest.Cycles
	rounds       = coretest.Rounds
)

func TestLeakSocketCallbacksMessage(t *testing.T) {
	keepsNothing(t, cycles(100_000), func() {
		s, err := libnl.SocketAlloc()
		require.NoError(t, err)
		seq := s.UseSeq()
		cb, err := s.GetCb()
		require.NoError(t, err)
		require.NoError(t, cb.OverwriteRecv(func(*libnl.Socket) ([]byte, libnl.SockaddrNl, *libnl.Ucred, error) {
			return data(seq, 0, 1), libnl.SockaddrNl{}, &libnl.Ucred{}, nil
		}))
		require.NoError(t, cb.SetAll(libnl.NL_CB_CUSTOM, func(m *libnl.Msg) (libnl.CbAction, error) {
			_ = m.Hdr()
			return libnl.NL_OK, nil
		}))
		require.NoError(t, cb.Err(libnl.NL_CB_CUSTOM, func(libnl.SockaddrNl, *libnl.Nlmsgerr) (libnl.CbAction, error) {
			return libnl.NL_STOP, nil
		}))
		require.NoError(t, cb.Put())
		require.NotEqual(t, uint32(math.MaxUint32), s.GetLocalPort(), "libnl ran out of port IDs")
		m, err := libnl.NlmsgAllocSimple(0x20, 0)
		require.NoError(t, err)
		require.NoError(t, m.NlaPutU32(1, 2))
		require.NoError(t, s.CompleteMsg(m))
		require.NoError(t, s.RecvmsgsDefault())
		require.NoError(t, m.Free())
		require.NoError(t, s.Free())
	})
}

func TestLeakConnectedSocket(t *testing.T) {
	keepsNothing(t, cycles(10_000), func() {
		s, err := libnl.SocketAlloc()
		require.NoError(t, err)
		require.NoError(t, s.Connect(libnl.NETLINK_ROUTE))
		require.NoError(t, s.Free())
	})
}

func TestLeakModifyCb(t *testing.T) {
	s := newSocket(t)
	n := 0
	keepsNothing(t, cycles(1_000_000), func() {
		n++
		k := n
		require.NoError(t, s.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, func(*libnl.Msg) (libnl.CbAction, error) {
			return libnl.CbAction(k % 3), nil
		}))
	})
}

// Callbacks that replace themselves while they run hold no more handles than one each after the call.
func TestLeakModifyCbInCallback(t *testing.T) {
	s := newSocket(t)
	seq := s.UseSeq()
	hook(t, s, func(*libnl.Socket) ([]byte, libnl.SockaddrNl, *libnl.Ucred, error) {
		return data(seq, 0, 1, 2, 3, 4), libnl.SockaddrNl{}, nil, nil
	})
	var again libnl.MsgCb
	again = func(*libnl.Msg) (libnl.CbAction, error) {
		return libnl.NL_OK, s.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, again)
	}
	onValid(t, s, again)
	keepsNothing(t, cycles(50_000), func() { require.NoError(t, s.RecvmsgsDefault()) })
}

func TestLeakPanicAndError(t *testing.T) {
	s := newSocket(t)
	seq := s.UseSeq()
	hook(t, s, func(*libnl.Socket) ([]byte, libnl.SockaddrNl, *libnl.Ucred, error) {
		return data(seq, 0, 1, 2), libnl.SockaddrNl{}, &libnl.Ucred{}, nil
	})
	onValid(t, s, func(*libnl.Msg) (libnl.CbAction, error) { panic("boom") })
	keepsNothing(t, cycles(20_000), func() { require.Panics(t, func() { _ = s.RecvmsgsDefault() }) })
	onValid(t, s, func(*libnl.Msg) (libnl.CbAction, error) { return libnl.NL_OK, libnl.NLE_PERM })
	keepsNothing(t, cycles(20_000), func() { require.Error(t, s.RecvmsgsDefault()) })
}

// What libnl's frames own when a goroutine exits under them is freed: the message, the buffer, the credentials, and the
// clone of the callback set that waiting for an ACK makes.
func TestLeakGoexit(t *testing.T) {
	s := newSocket(t)
	seq := s.UseSeq()
	hook(t, s, func(*libnl.Socket) ([]byte, libnl.SockaddrNl, *libnl.Ucred, error) {
		return data(seq, 0, 1, 2), libnl.SockaddrNl{}, &libnl.Ucred{}, nil
	})
	exit := func(*libnl.Msg) (libnl.CbAction, error) { runtime.Goexit(); return libnl.NL_OK, nil }
	require.NoError(t, s.ModifyCb(libnl.NL_CB_MSG_IN, libnl.NL_CB_CUSTOM, exit))
	require.NoError(t, s.ModifyCb(libnl.NL_CB_MSG_OUT, libnl.NL_CB_CUSTOM, exit))
	require.NoError(t, s.Connect(libnl.NETLINK_USERSOCK))
	for name, f := range map[string]func(){
		"nl_recvmsgs":     func() { _ = s.RecvmsgsDefault() },
		"nl_wait_for_ack": func() { _ = s.WaitForAck() },
		"nl_send_simple":  func() { _, _ = s.SendSimple(0x10, 0, nil) },
		"nl_send_sync": func() {
			m, err := libnl.NlmsgAlloc()
			require.NoError(t, err)
			_ = s.SendSync(m)
		},
		"nl_pickup": func() {
			_, _ = s.Pickup(func(libnl.SockaddrNl, *libnl.Nlmsghdr, func(*libnl.Object) error) error { return nil })
		},
	} {
		t.Run(name, func(t *testing.T) {
			keepsNothing(t, cycles(5_000), func() {
				done := make(chan struct{})
				go func() {
					defer close(done)
					f()
					t.Error("the goroutine goes on")
				}()
				<-done
			})
		})
	}
}

func TestLeakRefusedConnect(t *testing.T) {
	s := newSocket(t)
	keepsNothing(t, cycles(5_000), func() { require.Error(t, s.Connect(31)) })
}
