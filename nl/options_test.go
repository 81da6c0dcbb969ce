package nl

import (
	"context"
	"errors"
	"maps"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/testns"
)

// Each socket of a connection is set up as its options say.
func TestSocketOptions(t *testing.T) {
	for name, o := range map[string]struct {
		option      Option
		level, name int
		without     int
	}{
		"ext-ack":         {nil, unix.SOL_NETLINK, unix.NETLINK_EXT_ACK, 1},
		"no ext-ack":      {WithoutExtAck(), unix.SOL_NETLINK, unix.NETLINK_EXT_ACK, 1},
		"strict":          {WithStrictCheck(), unix.SOL_NETLINK, unix.NETLINK_GET_STRICT_CHK, 0},
		"cap-ack":         {WithCapAck(), unix.SOL_NETLINK, unix.NETLINK_CAP_ACK, 0},
		"no ENOBUFS":      {WithNoENOBUFS(), unix.SOL_NETLINK, unix.NETLINK_NO_ENOBUFS, 0},
		"broadcast error": {WithBroadcastError(), unix.SOL_NETLINK, unix.NETLINK_BROADCAST_ERROR, 0},
		"all NSID":        {WithListenAllNSID(), unix.SOL_NETLINK, unix.NETLINK_LISTEN_ALL_NSID, 0},
		"credentials":     {WithCredentials(), unix.SOL_SOCKET, unix.SO_PASSCRED, 0},
	} {
		t.Run(name, func(t *testing.T) {
			eachKind(t, func(t *testing.T, c *Conn) {
				want := o.without
				if o.option != nil {
					want = 1 - want
				}
				set := dial(t, another(c, o.option)...)
				require.NoError(t, set.Join(unix.RTNLGRP_LINK))
				for _, err := range set.Dump(within(t), dumpRoutes) {
					require.NoError(t, err)
				}
				require.NoError(t, getLoopback(within(t), set))
				for e := range set.in.all {
					if o.name == unix.NETLINK_LISTEN_ALL_NSID && o.level == unix.SOL_NETLINK && !e.listens {
						continue
					}
					n, err := unix.GetsockoptInt(e.pump.FD(), o.level, o.name)
					if errors.Is(err, unix.ENOPROTOOPT) && o.option != nil && name == "all NSID" {
						continue // older kernels take the option and do not tell it
					}
					require.NoError(t, err)
					require.Equal(t, want, n)
				}
			})
		})
	}
}

// The kernel's words are there unless they are turned off, and its answers are as good with the request in them as
// without.
func TestAcknowledgements(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		bad := route(nth(1))
		bad.Payload[1] = 33 // bits of the prefix
		for name, o := range map[string]struct {
			options []Option
			words   bool
		}{
			"plain": {nil, true}, "without": {[]Option{WithoutExtAck()}, false}, "capped": {[]Option{WithCapAck()}, true},
			"capped, without": {[]Option{WithCapAck(), WithoutExtAck()}, false},
		} {
			c := dial(t, o.options...)
			_, err := c.Execute(within(t), bad)
			var e *Error
			require.ErrorAs(t, err, &e, name)
			require.Equal(t, unix.EINVAL, e.Errno)
			require.Equal(t, o.words, e.Message != "", "%s: %q", name, e.Message)
			require.EqualValues(t, unix.RTM_NEWROUTE, e.Type)
		}
	})
}

// With strict checking the kernel looks at what a dump asks for: the refusal comes in its DONE or instead of it, and the
// device that is asked for is the only one that is dumped.
func TestStrictDump(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		loose, strict := dial(t), dial(t, WithStrictCheck())
		bad := Request{Type: unix.RTM_GETROUTE, Payload: []byte{unix.AF_INET}}
		_, err := loose.DumpAll(within(t), bad)
		require.NoError(t, err)
		_, err = strict.DumpAll(within(t), bad)
		require.ErrorIs(t, err, unix.EINVAL)
		var e *Error
		require.ErrorAs(t, err, &e)
		require.NotEmpty(t, e.Message)

		nobody := Request{Type: unix.RTM_GETADDR, Payload: append([]byte{unix.AF_INET, 0, 0, 0}, u32(4711)...)}
		_, err = loose.DumpAll(within(t), nobody)
		require.NoError(t, err)
		_, err = strict.DumpAll(within(t), nobody)
		require.ErrorIs(t, err, unix.ENODEV)
		require.ErrorIs(t, err, os.ErrNotExist)
		require.NoError(t, getLoopback(within(t), strict))
	})
}

// The size that a buffer has is what the kernel made of what was asked for.
func TestBuffers(t *testing.T) {
	const size = 4 << 20 // more than net.core.rmem_max mostly is
	c := dial(t, WithReadBuffer(size), WithWriteBuffer(size))
	plain := dial(t)
	for _, f := range []func(*Conn) (int, error){(*Conn).ReadBuffer, (*Conn).WriteBuffer} {
		n, err := f(c)
		require.NoError(t, err)
		if os.Geteuid() == 0 {
			require.GreaterOrEqual(t, n, size)
		}
		usual, err := f(plain)
		require.NoError(t, err)
		require.Positive(t, usual)
		require.NotEqual(t, n, usual)
	}
	asNobody(t, func() {
		c, err := Dial(unix.NETLINK_ROUTE, WithReadBuffer(size), WithWriteBuffer(size))
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = c.Close() }()
		limit, err := os.ReadFile("/proc/sys/net/core/rmem_max")
		if err != nil {
			t.Error(err)
		}
		if n, err := c.ReadBuffer(); err != nil || n <= 0 || n > 2*size {
			t.Errorf("%d of %s, %v", n, limit, err)
		}
	})
	for _, bad := range []Option{WithReadBuffer(0), WithReadBuffer(-1), WithWriteBuffer(0)} {
		_, err := Dial(unix.NETLINK_ROUTE, bad)
		require.ErrorContains(t, err, "buffer of")
	}
}

func TestPort(t *testing.T) {
	c := dialUser(t, WithPort(ownPort))
	require.Equal(t, ownPort, c.Port())
	_, err := Dial(unix.NETLINK_USERSOCK, WithPort(ownPort))
	require.ErrorIs(t, err, unix.EADDRINUSE)
	require.ErrorContains(t, err, "another socket of the family has it")
	other := dial(t, WithPort(ownPort))
	require.Equal(t, ownPort, other.Port(), "of another family")
	require.NoError(t, c.Close())
	again := dialUser(t, WithPort(ownPort))
	require.Equal(t, ownPort, again.Port())
	_, err = Dial(unix.NETLINK_USERSOCK, WithPort(0))
	require.ErrorContains(t, err, "the kernel's")
	require.NotZero(t, dialUser(t).Port())
}

func TestDialFails(t *testing.T) {
	before := openFiles(t)
	for _, family := range []int{-1, 31, 4711} {
		_, err := Dial(family)
		require.ErrorIs(t, err, unix.EPROTONOSUPPORT)
		require.ErrorContains(t, err, "no such netlink family")
	}
	_, err := Dial(unix.NETLINK_ROUTE, WithFilter(nil))
	require.ErrorContains(t, err, "socket filter of 0")
	_, err = Dial(unix.NETLINK_ROUTE, WithFilter([]bpf.RawInstruction{{Op: 0xffff}}))
	require.ErrorIs(t, err, unix.EINVAL)
	require.ErrorContains(t, err, "socket filter")
	require.Empty(t, opened(t, before))
}

// openFiles are the descriptors, each with what it is of.
func openFiles(t testing.TB) map[string]string {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	files := map[string]string{}
	for _, fd := range all {
		if file, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil { // the directory's own is gone
			files[fd.Name()] = file
		}
	}
	return files
}

// opened are the descriptors that were not there before. How many there are tells nothing: the last goroutine of an earlier
// test may leave a socket, which closes it, only now.
func opened(t testing.TB, before map[string]string) map[string]string {
	t.Helper()
	now := openFiles(t)
	maps.DeleteFunc(now, func(fd, file string) bool { return before[fd] == file })
	return now
}

// userSocket is a bound socket, as somebody else may have made it.
func userSocket(t testing.TB, family int) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, family)
	require.NoError(t, err)
	require.NoError(t, unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}))
	return fd
}

func TestAdoptedDescriptor(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		fd := userSocket(t, unix.NETLINK_ROUTE)
		require.NoError(t, unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, unix.RTNLGRP_LINK))
		sa, err := unix.Getsockname(fd)
		require.NoError(t, err)
		c := dial(t, WithFD(fd), WithReadBuffer(1<<20))
		require.Equal(t, sa.(*unix.SockaddrNetlink).Pid, c.Port())
		groups, err := c.Groups()
		require.NoError(t, err)
		require.Equal(t, []uint32{unix.RTNLGRP_LINK}, groups)
		setUpLoopback(t, c)
		require.EqualValues(t, unix.RTNLGRP_LINK, nextEvent(t, c).Group())
		for _, err := range c.Dump(within(t), dumpRoutes) {
			require.NoError(t, err)
			require.ErrorIs(t, getLoopback(within(t), c), ErrBusy)
		}
		require.NoError(t, c.Close())
		_, err = unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		require.ErrorIs(t, err, unix.EBADF, "it was the connection's")
	})
}

// What cannot be adopted stays the caller's, as it was.
func TestBadDescriptors(t *testing.T) {
	udp, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	tcp, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	local, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	file, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	unbound, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	require.NoError(t, err)
	other := userSocket(t, unix.NETLINK_USERSOCK)
	for name, fd := range map[string]int{"UDP": udp, "TCP": tcp, "unix": local, "file": file, "unbound": unbound, "other family": other} {
		before := openFiles(t)
		_, err := Dial(unix.NETLINK_ROUTE, WithFD(fd))
		require.Error(t, err, name)
		t.Logf("%s: %v", name, err)
		require.Empty(t, opened(t, before), name)
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		require.NoError(t, err, "%s: it is still open", name)
		require.Zero(t, flags&unix.O_NONBLOCK, name)
		require.NoError(t, unix.Close(fd))
	}
	_, err = Dial(unix.NETLINK_ROUTE, WithFD(file))
	require.ErrorIs(t, err, unix.EBADF)
	_, err = Dial(unix.NETLINK_ROUTE, WithFD(-1))
	require.ErrorContains(t, err, "not a file descriptor")

	good := userSocket(t, unix.NETLINK_ROUTE)
	_, err = Dial(unix.NETLINK_ROUTE, WithFD(good), WithPort(5))
	require.ErrorContains(t, err, "has its port ID")
	require.NoError(t, unix.Close(good))

	asNobody(t, func() {
		fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
		if err != nil {
			t.Error(err)
			return
		}
		if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
			t.Error(err)
		}
		if _, err := Dial(unix.NETLINK_ROUTE, WithFD(fd), WithListenAllNSID()); !errors.Is(err, unix.EPERM) {
			t.Error(err)
		}
		if err := unix.Close(fd); err != nil {
			t.Error("it is still the caller's:", err)
		}
	})
}

// A filter decides in the kernel what is received at all.
func TestFilter(t *testing.T) {
	assemble := func(program ...bpf.Instruction) Option {
		raw, err := bpf.Assemble(program)
		require.NoError(t, err)
		return WithFilter(raw)
	}
	all := assemble(bpf.RetConstant{Val: 1 << 20})
	none := assemble(bpf.RetConstant{Val: 0})
	// The kernel loads big endian numbers.
	const odd = 1
	some := assemble(
		bpf.LoadAbsolute{Off: 8, Size: 1}, // the lowest byte of the sequence number, on little endian machines
		bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: odd, SkipTrue: 1},
		bpf.RetConstant{Val: 1 << 20},
		bpf.RetConstant{Val: 0},
	)
	c := dial(t, all)
	require.NoError(t, getLoopback(within(t), c))

	c = dial(t, none)
	ctx, cancel := context.WithTimeout(within(t), 10*time.Millisecond)
	defer cancel()
	err := getLoopback(ctx, c)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, err, ErrUnknownOutcome)

	p := newPeer(t, unix.NETLINK_USERSOCK)
	c = dialUser(t, some, WithSenders(p.port))
	for i := range 10 {
		p.send(c.Port(), rawMessage(askType, 0, uint32(i)*0x01000001)) // the same at both ends
	}
	want := uint32(0)
	for m, err := range c.Messages(within(t)) {
		require.NoError(t, err)
		require.Equal(t, want*0x01000001, m.Header.Seq)
		if want += 2; want == 10 {
			break
		}
	}
}

// Without ENOBUFS what does not fit is gone without a word.
func TestNoENOBUFS(t *testing.T) {
	p := newPeer(t, unix.NETLINK_USERSOCK)
	c := dialUser(t, WithNoENOBUFS(), WithSenders(p.port), WithReadBuffer(4096))
	joins(t, c, 4)
	for i := range 1000 {
		p.shout(4, rawMessage(askType, 0, uint32(i)))
	}
	ctx, cancel := context.WithCancel(within(t))
	defer cancel()
	n := 0
	for _, err := range c.Events(ctx) {
		if err != nil {
			require.ErrorIs(t, err, context.Canceled)
			break
		}
		n++
		cancel()
	}
	require.Positive(t, n)
	require.Less(t, n, 1000)
	require.Zero(t, c.Stats().Overruns)
	require.Positive(t, c.Stats().KernelDrops)
}

// Two connections, one closed in the middle of everything: the other one does not notice.
func TestCloseIsForOneConnection(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		stays := dial(t)
		for range 50 {
			goes, err := Dial(unix.NETLINK_ROUTE)
			require.NoError(t, err)
			ended := make(chan error, 1)
			go func() {
				for {
					if err := getLoopback(context.Background(), goes); err != nil {
						ended <- err
						return
					}
				}
			}()
			require.NoError(t, getLoopback(within(t), stays))
			require.NoError(t, goes.Close())
			require.ErrorIs(t, <-ended, net.ErrClosed)
		}
		require.NoError(t, getLoopback(within(t), stays))
	})
}
