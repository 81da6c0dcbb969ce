package libnl_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/libnl"
)

// header is what a made-up message begins with; zero Seq stands for the one that the socket expects.
type header struct {
	Type, Flags uint16
	Seq, Pid    uint32
}

// message makes the bytes of a message, padded.
func message(h header, payload ...byte) []byte {
	b := make([]byte, libnl.NlmsgTotalSize(len(payload)))
	binary.NativeEndian.PutUint32(b, uint32(libnl.NLMSG_HDRLEN+len(payload)))
	binary.NativeEndian.PutUint16(b[4:], h.Type)
	binary.NativeEndian.PutUint16(b[6:], h.Flags)
	binary.NativeEndian.PutUint32(b[8:], h.Seq)
	binary.NativeEndian.PutUint32(b[12:], h.Pid)
	copy(b[libnl.NLMSG_HDRLEN:], payload)
	return b
}

// errorMessage makes an NLMSG_ERROR message.
func errorMessage(seq uint32, errno int32) []byte {
	p := make([]byte, 4+libnl.NLMSG_HDRLEN)
	binary.NativeEndian.PutUint32(p, uint32(-errno))
	return message(header{Type: libnl.NLMSG_ERROR, Seq: seq}, p...)
}

// injected makes a socket whose receives return the datagrams, and then NLE_AGAIN. seq is the number that it expects.
func injected(t *testing.T, datagrams func(seq uint32) [][]byte) (s *libnl.Socket) {
	t.Helper()
	s = newSocket(t)
	queue := datagrams(s.UseSeq())
	hook(t, s, func(*libnl.Socket) ([]byte, libnl.SockaddrNl, *libnl.Ucred, error) {
		if len(queue) == 0 {
			return nil, libnl.SockaddrNl{}, nil, libnl.NLE_AGAIN
		}
		d := queue[0]
		queue = queue[1:]
		return d, libnl.SockaddrNl{NlFamily: 16}, nil, nil
	})
	return s
}

// hook sets the receive hook of a socket's callback set.
func hook(t *testing.T, s *libnl.Socket, f libnl.RecvFunc) {
	t.Helper()
	cb, err := s.GetCb()
	require.NoError(t, err)
	defer func() { require.NoError(t, cb.Put()) }()
	require.NoError(t, cb.OverwriteRecv(f))
}

// data makes a datagram of data messages.
func data(seq uint32, flags uint16, payloads ...byte) []byte {
	var b []byte
	for _, p := range payloads {
		b = append(b, message(header{Type: 0x20, Flags: flags, Seq: seq}, p, p, p, p)...)
	}
	return b
}
