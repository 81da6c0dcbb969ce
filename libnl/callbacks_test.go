package libnl_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/libnl"
)

func onValid(t *testing.T, s *libnl.Socket, f libnl.MsgCb) {
	t.Helper()
	require.NoError(t, s.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, f))
}

func TestCallbackSeesMessages(t *testing.T) {
	s := injected(t, func(seq uint32) [][]byte { return [][]byte{data(seq, 0, 1, 2, 3)} })
	var got []byte
	onValid(t, s, func(m *libnl.Msg) (libnl.CbAction, error) {
		got = append(got, m.Hdr().Data()[0])
		require.EqualValues(t, 16, m.GetSrc().NlFamily)
		return libnl.NL_OK, nil
	})
	require.NoError(t, s.RecvmsgsDefault())
	require.Equal(t, []byte{1, 2, 3}, got)
	require.ErrorIs(t, s.RecvmsgsDefault(), libnl.NLE_AGAIN)
}

func TestCallbackStop(t *testing.T) {
	s := injected(t, func(seq uint32) [][]byte { return [][]byte{data(seq, 0, 1, 2, 3)} })
	n := 0
	onValid(t, s, func(*libnl.Msg) (libnl.CbAction, error) { n++; return libnl.NL_STOP, nil })
	require.NoError(t, s.RecvmsgsDefault())
	require.Equal(t, 1, n)
}

func TestCallbackErrorComesBackUnchanged(t *testing.T) {
	s := injected(t, func(seq uint32) [][]byte { return [][]byte{data(seq, 0, 1), data(seq, 0, 1)} })
	mine := errors.New("mine")
	onValid(t, s, func(*libnl.Msg) (libnl.CbAction, error) { return libnl.NL_OK, mine })
	require.Same(t, mine, s.RecvmsgsDefault())

	onValid(t, s, func(*libnl.Msg) (libnl.CbAction, error) {
		return libnl.NL_OK, fmt.Errorf("no: %w", libnl.NLE_PERM)
	})
	err := s.RecvmsgsDefault()
	require.ErrorIs(t, err, libnl.NLE_PERM)
	require.EqualError(t, err, "no: "+libnl.NLE_PERM.Error())
}

func TestCallbackErrorAndInterruptedDump(t *testing.T) {
	s := injected(t, func(seq uint32) [][]byte {
		return [][]byte{data(seq, libnl.NLM_F_MULTI|libnl.NLM_F_DUMP_INTR, 1)}
	})
	mine := errors.New("mine")
	onValid(t, s, func(*libnl.Msg) (libnl.CbAction, error) { return libnl.NL_OK, mine })
	err := s.RecvmsgsDefault()
	require.ErrorIs(t, err, mine)
	require.ErrorIs(t, err, libnl.NLE_DUMP_INTR, "what the dump lost is not lost in turn")
}

func TestCallbackResultOutOfRange(t *testing.T) {
	for _, act := range []libnl.CbAction{-1, 3, 5} {
		s := injected(t, func(seq uint32) [][]byte { return [][]byte{data(seq, 0, 1)} })
		onValid(t, s, func(*libnl.Msg) (libnl.CbAction, error) { return act, nil })
		require.ErrorContains(t, s.RecvmsgsDefault(), "no CbAction")
	}
}

func TestCallbackPanic(t *testing.T) {
	cause := errors.New("boom")
	for name, run := range callsWithCallback() {
		t.Run(name, func(t *testing.T) {
			s := injected(t, func(seq uint32) [][]byte { return [][]byte{data(seq, 0, 1, 2), data(seq, 0, 3)} })
			n := 0
			throwing := func(*libnl.Msg) (libnl.CbAction, error) { n++; panic(cause) }
			func() {
				defer func() {
					p, ok := recover().(*libnl.CallbackPanic)
					require.True(t, ok, "the caller panics in turn")
					require.Equal(t, cause, p.Value)
					require.ErrorIs(t, p, cause)
					require.Contains(t, string(p.Stack), "TestCallbackPanic", "the callback's stack")
					require.Contains(t, p.Error(), "boom")
				}()
				run(t, s, throwing)
			}()
			require.Equal(t, 1, n, "the call ends at once")

			// Nothing is held on to: the socket goes on with the next datagram.
			got := ""
			require.NoError(t, s.ModifyCb(libnl.NL_CB_MSG_IN, libnl.NL_CB_DEFAULT, nil))
			onValid(t, s, func(m *libnl.Msg) (libnl.CbAction, error) { got = string(m.Hdr().Data()); return libnl.NL_OK, nil })
			require.NoError(t, s.RecvmsgsDefault())
			require.Equal(t, strings.Repeat("\x03", 4), got)
		})
	}
}

// callsWithCallback are ways into a callback of the socket.
func callsWithCallback() map[string]func(t *testing.T, s *libnl.Socket, f libnl.MsgCb) {
	return map[string]func(t *testing.T, s *libnl.Socket, f libnl.MsgCb){
		"nl_recvmsgs_default": func(t *testing.T, s *libnl.Socket, f libnl.MsgCb) {
			onValid(t, s, f)
			_ = s.RecvmsgsDefault()
		},
		"nl_recvmsgs": func(t *testing.T, s *libnl.Socket, f libnl.MsgCb) {
			onValid(t, s, f)
			cb, err := s.GetCb()
			require.NoError(t, err)
			defer func() { require.NoError(t, cb.Put()) }()
			_ = s.Recvmsgs(cb)
		},
		"nl_wait_for_ack": func(t *testing.T, s *libnl.Socket, f libnl.MsgCb) {
			require.NoError(t, s.ModifyCb(libnl.NL_CB_MSG_IN, libnl.NL_CB_CUSTOM, f))
			_ = s.WaitForAck()
		},
	}
}

func TestCallbackGoexit(t *testing.T) {
	for name, run := range callsWithCallback() {
		t.Run(name, func(t *testing.T) {
			s := injected(t, func(seq uint32) [][]byte { return [][]byte{data(seq, 0, 1, 2), data(seq, 0, 3)} })
			var inner, outer, after bool
			within(t, func() {
				defer func() { outer = recover() == nil }()
				run(t, s, func(*libnl.Msg) (libnl.CbAction, error) {
					defer func() { inner = true }()
					runtime.Goexit()
					return libnl.NL_OK, nil
				})
				after = true
			})
			require.True(t, inner, "the callback's deferred calls run")
			require.True(t, outer, "and those of the caller, whose goroutine ends")
			require.False(t, after)

			require.NoError(t, s.ModifyCb(libnl.NL_CB_MSG_IN, libnl.NL_CB_DEFAULT, nil))
			n := 0
			onValid(t, s, func(*libnl.Msg) (libnl.CbAction, error) { n++; return libnl.NL_OK, nil })
			require.NoError(t, s.RecvmsgsDefault(), "the socket is free again")
			require.Equal(t, 1, n)
		})
	}
}

func TestHookGoexitAndPanic(t *testing.T) {
	s := newSocket(t)
	hook(t, s, func(*libnl.Socket) ([]byte, libnl.SockaddrNl, *libnl.Ucred, error) { panic("boom") })
	require.Panics(t, func() { _ = s.RecvmsgsDefault() })
	hook(t, s, func(*libnl.Socket) ([]byte, libnl.SockaddrNl, *libnl.Ucred, error) {
		runtime.Goexit()
		return nil, libnl.SockaddrNl{}, nil, nil
	})
	within(t, func() { _ = s.RecvmsgsDefault() })
	hook(t, s, func(*libnl.Socket) ([]byte, libnl.SockaddrNl, *libnl.Ucred, error) {
		return nil, libnl.SockaddrNl{}, nil, libnl.NLE_AGAIN
	})
	require.ErrorIs(t, s.RecvmsgsDefault(), libnl.NLE_AGAIN)
}

// A goroutine that exits in a callback leaves nothing of libnl's behind: see also TestLeakGoexit.
func TestGoexitManyTimes(t *testing.T) {
	s := newSocket(t)
	seq := s.UseSeq()
	hook(t, s, func(*libnl.Socket) ([]byte, libnl.SockaddrNl, *libnl.Ucred, error) {
		return data(seq, 0, 1), libnl.SockaddrNl{NlFamily: 16}, &libnl.Ucred{}, nil
	})
	onValid(t, s, func(*libnl.Msg) (libnl.CbAction, error) { runtime.Goexit(); return libnl.NL_OK, nil })
	for range rounds(10_000) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = s.RecvmsgsDefault()
		}()
		<-done
	}
}
