package pump

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	rc := m.Run()
	if rc == 0 && Live() != 0 {
		println("sockets are still open:", Live())
		rc = 1
	}
	os.Exit(rc)
}

// pair is a socket, its port ID, and a function by which somebody else sends to it.
func pair(t testing.TB) (*Socket, func(testing.TB, []byte)) {
	t.Helper()
	open := func() (int, *unix.SockaddrNetlink) {
		fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_USERSOCK)
		require.NoError(t, err)
		require.NoError(t, unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}))
		sa, err := unix.Getsockname(fd)
		require.NoError(t, err)
		return fd, sa.(*unix.SockaddrNetlink)
	}
	fd, to := open()
	s, code := New(unix.NETLINK_USERSOCK, fd)
	require.Zero(t, code)
	t.Cleanup(s.Close)
	peer, _ := open()
	t.Cleanup(func() { _ = unix.Close(peer) })
	return s, func(t testing.TB, b []byte) { require.NoError(t, unix.Sendto(peer, b, 0, to)) }
}

func message(typ uint16, seq uint32, payload []byte) []byte {
	b := binary.NativeEndian.AppendUint32(nil, uint32(HeaderLen+len(payload)))
	b = binary.NativeEndian.AppendUint16(b, typ)
	b = binary.NativeEndian.AppendUint16(b, 0)
	b = binary.NativeEndian.AppendUint32(b, seq)
	b = binary.NativeEndian.AppendUint32(b, 0)
	b = append(b, payload...)
	return append(b, make([]byte, -len(b)&3)...)
}

func done(seq uint32) []byte { return message(unix.NLMSG_DONE, seq, make([]byte, 4)) }

// reads are the ways to receive: at once, and after a request, which goes where nobody minds it.
func reads(t *testing.T, s *Socket) map[string]func(*Batch) {
	other, _ := pair(t)
	sa, err := unix.Getsockname(other.FD())
	require.NoError(t, err)
	to := Address{Port: sa.(*unix.SockaddrNetlink).Pid}
	return map[string]func(*Batch){
		"read": func(b *Batch) { s.Read(b, Want{Any: true}) },
		"exchange": func(b *Batch) {
			require.NoError(t, s.Exchange(done(9), to, b, Want{Any: true}))
			other.Read(NewBatch(), Want{Any: true})
		},
	}
}

// A datagram of any size that fits a send buffer comes whole, at any place of the arena, with its terminators judged.
func TestLargeDatagrams(t *testing.T) {
	s, send := pair(t)
	b := NewBatch()
	var m Message
	for how, receive := range reads(t, s) {
		for _, size := range []int{1, 4096, reserve - 200, reserve, arenaSize - 100, arenaSize, arenaSize + 4, 150000} {
			for _, before := range []int{0, 100, 8000} {
				small := message(unix.NLMSG_MIN_TYPE, 1, bytes.Repeat([]byte{1}, before))
				large := bytes.Repeat([]byte{byte(size)}, size)
				send(t, small)
				send(t, append(message(unix.NLMSG_MIN_TYPE, 2, large), done(3)...))
				send(t, small)
				var seqs []uint32
				for read := 0; len(seqs) < 4 && read < 4; read++ {
					receive(b)
					for b.Next(&m) {
						seqs = append(seqs, m.Seq)
						require.NotZero(t, m.Datagram.Port)
						require.Equal(t, m.Datagram.Len, m.Datagram.Real)
						switch m.Seq {
						case 2:
							require.True(t, bytes.Equal(large, m.Payload))
							require.Equal(t, Unseen, m.Verdict)
						case 3:
							require.Equal(t, Done, m.Verdict)
						}
					}
					require.Zero(t, b.Malformed())
				}
				require.Equal(t, []uint32{1, 2, 3, 1}, seqs, "%s, %d", how, size)
			}
		}
	}
}

// One that is larger than anybody's buffer by default says so, and how large it was.
func TestTruncatedDatagram(t *testing.T) {
	s, send := pair(t)
	if unix.SetsockoptInt(s.FD(), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 8<<20) != nil {
		t.Skip("cannot enlarge a buffer (CAP_NET_ADMIN needed)")
	}
	size := arenaSize + 1<<20
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_USERSOCK)
	require.NoError(t, err)
	defer func() { _ = unix.Close(fd) }()
	require.NoError(t, unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 8<<20))
	sa, err := unix.Getsockname(s.FD())
	require.NoError(t, err)
	b := NewBatch()
	var m Message
	for how, receive := range reads(t, s) {
		require.NoError(t, unix.Sendto(fd, message(unix.NLMSG_MIN_TYPE, 1, make([]byte, size)), 0, sa))
		send(t, done(2))
		receive(b)
		require.Equal(t, Full, b.Why(), how)
		require.True(t, b.Next(&m))
		require.Equal(t, Truncated, m.Datagram.Flags&Truncated)
		require.EqualValues(t, size+HeaderLen, m.Datagram.Real)
		require.False(t, b.Next(&m))
		receive(b)
		require.True(t, b.Next(&m))
		require.Equal(t, Done, m.Verdict, "what comes after it is not affected")
	}
}

func TestWant(t *testing.T) {
	s, send := pair(t)
	b := NewBatch()
	for seq := range uint32(4) {
		send(t, done(seq))
	}
	s.Read(b, Want{Any: true, Terminators: 2})
	require.Equal(t, Enough, b.Why())
	require.Equal(t, 2, b.Datagrams())
	s.Read(b, Want{})
	require.Equal(t, Empty, b.Why())
	require.Zero(t, b.Datagrams())
	require.Equal(t, 2, b.Refused(), "the kernel did not send them")
}

// Strangers who send without end do not keep a read from ending.
func TestManyRefused(t *testing.T) {
	s, send := pair(t)
	b := NewBatch()
	const n = 200
	for seq := range uint32(n) {
		send(t, done(seq))
	}
	s.Read(b, Want{})
	require.Equal(t, Full, b.Why())
	first := b.Refused()
	require.Less(t, first, n)
	s.Read(b, Want{})
	require.Equal(t, Empty, b.Why())
	require.Equal(t, n, first+b.Refused())
}

// Messages that lie about their length end their datagram, and no other.
func TestMalformed(t *testing.T) {
	s, send := pair(t)
	b := NewBatch()
	var m Message
	for _, said := range []uint32{0, 1, 15, 21, 1 << 20, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffd} {
		bad := message(unix.NLMSG_MIN_TYPE, 2, make([]byte, 4))
		binary.NativeEndian.PutUint32(bad, said)
		send(t, append(append(message(unix.NLMSG_MIN_TYPE, 1, nil), bad...), done(3)...))
		send(t, done(4))
		s.Read(b, Want{Any: true})
		var seqs []uint32
		for b.Next(&m) {
			seqs = append(seqs, m.Seq)
		}
		if said == 21 { // takes a byte of the next one, which is then read from the wrong place
			require.Len(t, seqs, 3)
			continue
		}
		require.Equal(t, []uint32{1, 4}, seqs, said)
		require.Equal(t, 1, b.Malformed())
	}
}

func TestSendErrors(t *testing.T) {
	s, _ := pair(t)
	require.ErrorIs(t, s.Send(done(1), Address{Port: 0xfffffff0}), unix.ECONNREFUSED)
	require.Error(t, s.Send(make([]byte, 8<<20), Address{}))
	require.ErrorIs(t, s.Send(nil, Address{}), unix.ENODATA)
}

func TestNewRefuses(t *testing.T) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer func() { _, _ = r.Close(), w.Close() }()
	s, code := New(unix.NETLINK_ROUTE, int(r.Fd()))
	require.Nil(t, s)
	require.Positive(t, code)
	s, code = New(unix.NETLINK_ROUTE, -1)
	require.Nil(t, s)
	require.Positive(t, code)
}

func FuzzDatagram(f *testing.F) {
	f.Add(done(1))
	f.Add(message(unix.NLMSG_ERROR, 1, make([]byte, 20)))
	f.Add(append(message(unix.NLMSG_NOOP, 1, nil), message(unix.NLMSG_OVERRUN, 2, []byte{1, 2, 3})...))
	f.Add([]byte{20, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0})
	s, send := pair(f)
	f.Fuzz(func(t *testing.T, datagram []byte) {
		if len(datagram) > 100000 {
			return
		}
		if len(datagram) == 0 {
			return // there are none
		}
		send(t, datagram)
		b := NewBatch()
		s.Read(b, Want{Any: true})
		var m Message
		n := 0
		for b.Next(&m) {
			n += align(int(m.Len))
			terminator := m.Type >= noopType && m.Type <= overrunType
			require.Equal(t, terminator, m.Verdict != Unseen)
		}
		require.LessOrEqual(t, n, len(datagram)+3)
	})
}

func align(n int) int { return (n + 3) &^ 3 }
