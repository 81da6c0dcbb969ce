package pump

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/parity"
	"github.com/golibnl/golibnl/internal/testns"
	"github.com/golibnl/golibnl/libnl"
)

const base = 1000

// Each scenario of package parity that carries data says the same by the hook and by callbacks: the same messages, from
// the same sender and to the same group, the same verdicts of libnl, the same failures.
func TestParity(t *testing.T) {
	scenarios, err := parity.Scenarios()
	require.NoError(t, err)
	testns.Run(t, func(t *testing.T) {
		ran, lines := 0, 0
		for _, sc := range scenarios {
			all, _, err := sc.Datagrams(1, 2, base)
			require.NoError(t, err)
			if len(all) == 0 {
				continue
			}
			callbacks := traceOf(t, sc, byCallbacks)
			require.Equal(t, callbacks, traceOf(t, sc, byHook), sc.String())
			ran++
			lines += len(callbacks)
		}
		t.Logf("%d scenarios, %d lines", ran, lines)
		require.Greater(t, ran, 150)
		require.Greater(t, lines, ran)
	})
}

// traceOf sends a scenario's datagrams to a socket, and has it received.
func traceOf(t *testing.T, sc *parity.Scenario, receive func(t *testing.T, fd int) []string) []string {
	open := func() (fd int, port uint32) {
		fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_USERSOCK)
		require.NoError(t, err)
		require.NoError(t, unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}))
		sa, err := unix.Getsockname(fd)
		require.NoError(t, err)
		return fd, sa.(*unix.SockaddrNetlink).Pid
	}
	fd, self := open()
	peerFd, peer := open()
	defer func() { _ = unix.Close(peerFd) }()
	all, groups, err := sc.Datagrams(self, peer, base)
	require.NoError(t, err)
	for _, g := range groups {
		require.NoError(t, unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, g))
	}
	for _, d := range all {
		to := &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Pid: self, Groups: d.Group}
		if d.Group != 0 {
			to.Pid = 0
		}
		for range max(d.Flood, 1) {
			_ = unix.Sendto(peerFd, d.Bytes, 0, to) // nobody may have joined, or it may not fit
		}
	}
	var trace []string
	for _, line := range receive(t, fd) {
		trace = append(trace, normal(line, self, peer))
	}
	return trace
}

func normal(line string, self, peer uint32) string {
	var words []any
	var kind string
	var typ, flags, seq, pid, from, groups uint32
	if n, _ := fmt.Sscanf(line, "%s %d %d %d %d %d %d", &kind, &typ, &flags, &seq, &pid, &from, &groups); n < 7 {
		return line
	}
	for _, p := range []uint32{pid, from} {
		switch p {
		case self:
			words = append(words, "self")
		case peer:
			words = append(words, "peer")
		default:
			words = append(words, p)
		}
	}
	_, payload, _ := cutLast(line)
	return fmt.Sprint(kind, typ, flags, seq, words, groups, payload)
}

func cutLast(line string) (before, after string, ok bool) {
	for i := len(line) - 1; i >= 0; i-- {
		if line[i] == ' ' {
			return line[:i], line[i+1:], true
		}
	}
	return line, "", false
}

func lineOf(verdict Verdict, typ, flags uint16, seq, pid, from, groups uint32, payload []byte) string {
	return fmt.Sprintf("%d %d %d %d %d %d %d x%x", verdict, typ, flags, seq, pid, from, groups, payload)
}

func byHook(t *testing.T, fd int) (trace []string) {
	s, code := New(unix.NETLINK_USERSOCK, fd)
	require.Zero(t, code)
	defer s.Close()
	b := NewBatch()
	for {
		s.Read(b, Want{Any: true})
		var m Message
		for b.Next(&m) {
			groups := uint32(0)
			if m.Datagram.Group != 0 {
				groups = 1 << (m.Datagram.Group - 1)
			}
			trace = append(trace, lineOf(m.Verdict, m.Type, m.Flags, m.Seq, m.Port, m.Datagram.Port, groups, m.Payload))
			if m.Verdict == Error {
				trace = append(trace, fmt.Sprintf("errno %d", -int32(binary.NativeEndian.Uint32(m.Payload))))
			}
		}
		switch {
		case b.Err() != 0:
			trace = append(trace, "failed "+b.Err().Error())
		case b.Why() == Empty:
			return trace
		}
	}
}

func byCallbacks(t *testing.T, fd int) (trace []string) {
	cb, err := libnl.CbAlloc(libnl.NL_CB_DEFAULT)
	require.NoError(t, err)
	defer func() { require.NoError(t, cb.Put()) }()
	sk, err := libnl.SocketAllocCb(cb)
	require.NoError(t, err)
	defer func() { require.NoError(t, sk.Free()) }()
	require.NoError(t, sk.SetFd(unix.NETLINK_USERSOCK, fd))

	var pending []func(Verdict) string
	judge := func(v Verdict, act libnl.CbAction) libnl.MsgCb {
		return func(*libnl.Msg) (libnl.CbAction, error) {
			trace = append(trace, pending[0](v))
			pending = nil
			return act, nil
		}
	}
	in := func(msg *libnl.Msg) (libnl.CbAction, error) {
		h, src := msg.Hdr(), msg.GetSrc()
		pending = []func(Verdict) string{func(v Verdict) string {
			return lineOf(v, h.NlmsgType, h.NlmsgFlags, h.NlmsgSeq, h.NlmsgPid, src.NlPid, src.NlGroups, h.Data())
		}}
		return libnl.NL_OK, nil
	}
	ok := func(*libnl.Msg) (libnl.CbAction, error) { return libnl.NL_OK, nil }
	for typ, fn := range map[libnl.CbType]libnl.MsgCb{
		libnl.NL_CB_MSG_IN: in, libnl.NL_CB_SEQ_CHECK: ok, libnl.NL_CB_DUMP_INTR: ok,
		libnl.NL_CB_VALID: judge(Unseen, libnl.NL_OK), libnl.NL_CB_FINISH: judge(Done, libnl.NL_OK),
		libnl.NL_CB_ACK: judge(Ack, libnl.NL_OK), libnl.NL_CB_SKIPPED: judge(Noop, libnl.NL_SKIP),
		libnl.NL_CB_OVERRUN: judge(Overrun, libnl.NL_SKIP), libnl.NL_CB_INVALID: judge(Invalid, libnl.NL_SKIP),
	} {
		require.NoError(t, cb.Set(typ, libnl.NL_CB_CUSTOM, fn))
	}
	require.NoError(t, cb.Err(libnl.NL_CB_CUSTOM, func(_ libnl.SockaddrNl, e *libnl.Nlmsgerr) (libnl.CbAction, error) {
		trace = append(trace, pending[0](Error), fmt.Sprintf("errno %d", -e.Error))
		return libnl.NL_SKIP, nil
	}))
	for {
		err := sk.Recvmsgs(cb)
		var errno syscall.Errno
		switch {
		case err == nil:
		case errors.As(err, &errno) && errno != unix.EAGAIN:
			trace = append(trace, "failed "+errno.Error())
		default:
			require.ErrorIs(t, err, libnl.NLE_AGAIN)
			return trace
		}
	}
}
