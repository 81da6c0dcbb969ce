package nl

import (
	"encoding/binary"
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// ownPort is a port ID, the first of eight, that the kernel gives to nobody: no process has such a number.
var ownPort = uint32(1<<30 + 8*os.Getpid())

// peer is a process on a netlink socket that says whatever a test has it say.
type peer struct {
	t    testing.TB
	fd   int
	port uint32
}

func newPeer(t testing.TB, family int) *peer {
	t.Helper()
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, family)
	require.NoError(t, err)
	t.Cleanup(func() { _ = unix.Close(fd) })
	require.NoError(t, unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 10}))
	require.NoError(t, unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &unix.Timeval{Sec: 10}))
	require.NoError(t, unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}))
	sa, err := unix.Getsockname(fd)
	require.NoError(t, err)
	return &peer{t: t, fd: fd, port: sa.(*unix.SockaddrNetlink).Pid}
}

// receive returns the header of the next message, and whom it comes from.
func (p *peer) receive() (h Header, from uint32) {
	p.t.Helper()
	buf := make([]byte, 1<<16)
	n, sa, err := unix.Recvfrom(p.fd, buf, 0)
	for errors.Is(err, unix.EINTR) { // by one of the runtime's signals
		n, sa, err = unix.Recvfrom(p.fd, buf, 0)
	}
	require.NoError(p.t, err)
	require.GreaterOrEqual(p.t, n, unix.NLMSG_HDRLEN)
	h = Header{
		Len: binary.NativeEndian.Uint32(buf), Type: binary.NativeEndian.Uint16(buf[4:]), Flags: binary.NativeEndian.Uint16(buf[6:]),
		Seq: binary.NativeEndian.Uint32(buf[8:]), Port: binary.NativeEndian.Uint32(buf[12:]),
	}
	return h, sa.(*unix.SockaddrNetlink).Pid
}

// send sends messages as one datagram.
func (p *peer) send(to uint32, messages ...[]byte) {
	p.t.Helper()
	require.NoError(p.t, p.trySend(to, messages...))
}

// trySend is send to somebody who may be gone.
func (p *peer) trySend(to uint32, messages ...[]byte) error {
	var b []byte
	for _, m := range messages {
		b = append(b, m...)
		b = append(b, zeros[:align(len(b))-len(b)]...)
	}
	for {
		err := unix.Sendto(p.fd, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Pid: to})
		if !errors.Is(err, unix.EINTR) { // by one of the runtime's signals, while it waits for room
			return err
		}
	}
}

// shout sends a message to a group.
func (p *peer) shout(group uint32, message []byte) {
	p.t.Helper()
	err := unix.Sendto(p.fd, message, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: 1 << (group - 1)})
	if err != nil {
		require.ErrorIs(p.t, err, unix.ECONNREFUSED, "the kernel's own copy, with nobody there, comes after the group's")
	}
}

// ackOf is what acknowledges a request.
func ackOf(h Header) []byte { return refusalOf(h, 0) }

// refusalOf is what refuses a request.
func refusalOf(h Header, errno syscall.Errno) []byte {
	payload := binary.NativeEndian.AppendUint32(nil, uint32(-int32(errno)))
	payload = append(payload, rawMessage(h.Type, h.Flags, h.Seq)...)
	return rawMessage(unix.NLMSG_ERROR, unix.NLM_F_CAPPED, h.Seq, payload)
}

// doneOf is what ends a dump.
func doneOf(h Header, flags uint16) []byte {
	return rawMessage(unix.NLMSG_DONE, unix.NLM_F_MULTI|flags, h.Seq, u32(0))
}

// entryOf is a message of a dump.
func entryOf(h Header, flags uint16, n uint32) []byte {
	return rawMessage(askType, unix.NLM_F_MULTI|flags, h.Seq, u32(n))
}
