package nl

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/pump"
	"github.com/golibnl/golibnl/internal/testns"
)

func TestMain(m *testing.M) {
	poison.Store(true)
	rc := m.Run()
	if n := backstops.Load(); n != 0 {
		fmt.Fprintf(os.Stderr, "%d connections were not closed\n", n)
		rc = 1
	}
	if n := pump.Live(); n != 0 && rc == 0 {
		fmt.Fprintf(os.Stderr, "%d sockets are still open\n", n)
		rc = 1
	}
	os.Exit(rc)
}

// dial opens a connection that the test's end closes.
func dial(t testing.TB, options ...Option) *Conn {
	t.Helper()
	c, err := Dial(unix.NETLINK_ROUTE, options...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// within is a context that ends long after everything should have.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// rounds is n, or a fifth of it where -short says that an emulated processor runs this.
func rounds(n int) int {
	if testing.Short() {
		return n / 5
	}
	return n
}

const loopback = 1

// linkInfo is a struct ifinfomsg.
func linkInfo(index int, flags, change uint32) []byte {
	b := make([]byte, unix.SizeofIfInfomsg)
	binary.NativeEndian.PutUint32(b[4:], uint32(index))
	binary.NativeEndian.PutUint32(b[8:], flags)
	binary.NativeEndian.PutUint32(b[12:], change)
	return b
}

func setUpLoopback(t testing.TB, c *Conn) {
	t.Helper()
	_, err := c.Execute(within(t), Request{Type: unix.RTM_NEWLINK, Payload: linkInfo(loopback, unix.IFF_UP, unix.IFF_UP)})
	require.NoError(t, err)
}

// route is an RTM_NEWROUTE to a prefix over the loopback device.
func route(dst netip.Prefix) Request {
	b := make([]byte, unix.SizeofRtMsg)
	b[0], b[1], b[4], b[5], b[6], b[7] = unix.AF_INET, byte(dst.Bits()), unix.RT_TABLE_MAIN, unix.RTPROT_STATIC, unix.RT_SCOPE_LINK, unix.RTN_UNICAST
	e := NewEncoder(b)
	e.Bytes(unix.RTA_DST, dst.Addr().AsSlice())
	e.Uint32(unix.RTA_OIF, loopback)
	payload, _ := e.Result()
	return Request{Type: unix.RTM_NEWROUTE, Flags: unix.NLM_F_CREATE | unix.NLM_F_EXCL, Payload: payload}
}

func nth(i int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
}

func addRoutes(t testing.TB, c *Conn, n int) {
	t.Helper()
	for i := range n {
		_, err := c.Execute(context.Background(), route(nth(i)))
		require.NoError(t, err)
	}
}

var dumpRoutes = Request{Type: unix.RTM_GETROUTE, Payload: append([]byte{unix.AF_INET}, make([]byte, unix.SizeofRtMsg-1)...)}

func TestExecute(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		c := dial(t)
		setUpLoopback(t, c)
		r, err := c.Execute(within(t), Request{Type: unix.RTM_GETLINK, Payload: linkInfo(loopback, 0, 0)})
		require.NoError(t, err)
		require.Len(t, r.Messages, 1)
		m := r.Messages[0]
		require.EqualValues(t, unix.RTM_NEWLINK, m.Header.Type)
		require.Zero(t, m.Sender())
		require.Zero(t, m.Group())
		name := ""
		for a, err := range m.Attributes(unix.SizeofIfInfomsg) {
			require.NoError(t, err)
			if a.Type == unix.IFLA_IFNAME {
				name, err = a.String()
				require.NoError(t, err)
			}
		}
		require.Equal(t, "lo", name)

		_, err = c.Execute(within(t), Request{Type: unix.RTM_GETLINK, Payload: linkInfo(4711, 0, 0)})
		require.ErrorIs(t, err, unix.ENODEV)
		require.ErrorIs(t, err, os.ErrNotExist)
	})
}

func TestDump(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		c := dial(t)
		setUpLoopback(t, c)
		addRoutes(t, c, 1000)
		n := 0
		for m, err := range c.Dump(within(t), dumpRoutes) {
			require.NoError(t, err)
			require.EqualValues(t, unix.RTM_NEWROUTE, m.Header.Type)
			n++
		}
		require.Equal(t, 1000+3, n, "those, and the local ones of the loopback device")
		all, err := c.DumpAll(within(t), dumpRoutes)
		require.NoError(t, err)
		require.Len(t, all, n)
	})
}

func TestClose(t *testing.T) {
	c, err := Dial(unix.NETLINK_ROUTE)
	require.NoError(t, err)
	require.NoError(t, c.Close())
	require.NoError(t, c.Close())
	_, err = c.Execute(within(t), Request{Type: unix.RTM_GETLINK, Payload: linkInfo(loopback, 0, 0)})
	require.ErrorIs(t, err, net.ErrClosed)
	for _, err := range c.Dump(within(t), dumpRoutes) {
		require.ErrorIs(t, err, net.ErrClosed)
	}
}
