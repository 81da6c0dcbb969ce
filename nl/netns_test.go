package nl

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/testns"
)

// newNamespace makes a network namespace that is there as long as its file is open. The caller is in one that it made.
func newNamespace(t *testing.T) *os.File {
	t.Helper()
	type result struct {
		f   *os.File
		err error
	}
	made := make(chan result)
	go func() {
		runtime.LockOSThread() // the thread ends with the goroutine
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err != nil {
			made <- result{nil, err}
			return
		}
		f, err := os.Open(threadNamespace)
		made <- result{f, err}
	}()
	r := <-made
	require.NoError(t, r.err)
	t.Cleanup(func() { _ = r.f.Close() })
	return r.f
}

// loopbackMTU is the MTU of the loopback device where the connection is.
func loopbackMTU(t testing.TB, c *Conn) uint32 {
	t.Helper()
	r, err := c.Execute(within(t), Request{Type: unix.RTM_GETLINK, Payload: linkInfo(loopback, 0, 0)})
	require.NoError(t, err)
	require.Len(t, r.Messages, 1)
	for a, err := range r.Messages[0].Attributes(unix.SizeofIfInfomsg) {
		require.NoError(t, err)
		if a.Type == unix.IFLA_MTU {
			v, err := a.Uint32()
			require.NoError(t, err)
			return v
		}
	}
	panic("a device without an MTU")
}

// A connection is where its option says, by path, descriptor or process, and so are the sockets that it opens later; the
// caller stays where it is, and no thread is left behind.
func TestNetNS(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		here := dial(t)
		_, err := here.Execute(within(t), mtu(1001, 0))
		require.NoError(t, err)
		there := newNamespace(t)
		path := fmt.Sprintf("/proc/self/fd/%d", there.Fd())
		_, err = dial(t, WithNetNS(path)).Execute(within(t), mtu(1002, 0))
		require.NoError(t, err)

		child := exec.Command("sleep", "60")
		require.NoError(t, child.Start()) // it is in the calling thread's namespace
		defer func() {
			_ = child.Process.Kill()
			_ = child.Wait()
		}()
		for name, o := range map[string]struct {
			option Option
			mtu    uint32
		}{
			"path": {WithNetNS(path), 1002}, "descriptor": {WithNetNSFD(int(there.Fd())), 1002}, "process": {WithNetNSPID(child.Process.Pid), 1001},
		} {
			for _, options := range [][]Option{{o.option}, {o.option, WithPort(ownPort)}} {
				c := dial(t, options...)
				require.Equal(t, o.mtu, loopbackMTU(t, c), name)
				require.Equal(t, uint32(1001), loopbackMTU(t, here))
				elsewhere := make(chan error)
				go func() { // on a thread that is in neither
					for _, err := range c.Dump(within(t), Request{Type: unix.RTM_GETLINK, Payload: linkInfo(0, 0, 0)}) {
						if err != nil {
							elsewhere <- err
						}
					}
					elsewhere <- c.Join(unix.RTNLGRP_LINK)
				}()
				require.NoError(t, <-elsewhere)
				_, err := c.Execute(within(t), mtu(o.mtu, 0))
				require.NoError(t, err)
				require.NoError(t, c.Close())
			}
		}

		dialled := func() {
			c, err := Dial(unix.NETLINK_ROUTE, WithNetNSFD(int(there.Fd())))
			require.NoError(t, err)
			require.NoError(t, c.Join(unix.RTNLGRP_LINK))
			_, err = c.Execute(within(t), mtu(1002, 0))
			require.NoError(t, err)
			require.NoError(t, c.Close())
		}
		dialled()
		tasks, files := threads(t), openFiles(t)
		for range rounds(200) {
			dialled()
		}
		require.LessOrEqual(t, threads(t), tasks+20, "the runtime starts one now and then")
		require.Empty(t, opened(t, files))
		require.Equal(t, uint32(1001), loopbackMTU(t, dial(t)), "the thread is where it was")
	})
}

func TestNetNSFails(t *testing.T) {
	before := openFiles(t)
	_, err := Dial(unix.NETLINK_ROUTE, WithNetNS("/nonexistent"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "/nonexistent")
	_, err = Dial(unix.NETLINK_ROUTE, WithNetNS("/dev/null"))
	if !errors.Is(err, unix.EPERM) { // a container's filter of system calls may refuse setns before the kernel looks at the file
		require.ErrorIs(t, err, unix.EINVAL)
	}
	_, err = Dial(unix.NETLINK_ROUTE, WithNetNSFD(-1))
	require.ErrorIs(t, err, unix.EBADF)
	_, err = Dial(unix.NETLINK_ROUTE, WithNetNSPID(-1))
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = Dial(4711, WithNetNS(threadNamespace))
	require.Error(t, err)
	require.Empty(t, opened(t, before))
}

// One connection follows the links of several namespaces, and says of each change where it was.
func TestListenAllNSID(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		here := dial(t)
		ids := map[int]*Conn{}
		for _, id := range []int{7, 300} {
			ns := newNamespace(t)
			const netnsaNSID, netnsaFD = 1, 3
			e := NewEncoder(make([]byte, 4)) // struct rtgenmsg, padded
			e.Uint32(netnsaFD, uint32(ns.Fd()))
			e.Int32(netnsaNSID, int32(id))
			payload, err := e.Result()
			require.NoError(t, err)
			_, err = here.Execute(within(t), Request{Type: unix.RTM_NEWNSID, Payload: payload})
			require.NoError(t, err)
			ids[id] = dial(t, WithNetNSFD(int(ns.Fd())))
		}
		stranger := dial(t, WithNetNSFD(int(newNamespace(t).Fd())))
		for name, options := range kinds {
			all := dial(t, append(options[:len(options):len(options)], WithListenAllNSID())...)
			own := dial(t)
			require.NoError(t, all.Join(unix.RTNLGRP_LINK))
			require.NoError(t, own.Join(unix.RTNLGRP_LINK))
			next := uint32(2000)
			change := func(c *Conn) {
				next++
				_, err := c.Execute(within(t), mtu(next, 0))
				require.NoError(t, err)
			}
			for range 3 {
				for id, c := range ids {
					change(stranger)
					change(c)
					m := nextEvent(t, all)
					got, ok := m.NSID()
					require.True(t, ok, name)
					require.Equal(t, id, got, name)
					require.Zero(t, m.Sender())
				}
				change(here)
				m := nextEvent(t, all)
				_, ok := m.NSID()
				require.False(t, ok, name)
				require.EqualValues(t, unix.RTNLGRP_LINK, m.Group())
				_, ok = nextEvent(t, own).NSID()
				require.False(t, ok)
			}
			ctx, cancel := context.WithCancel(within(t))
			cancel()
			for _, err := range own.Events(ctx) {
				require.ErrorIs(t, err, context.Canceled, "nothing of the others")
			}
			require.NoError(t, all.Close())
		}
	})
}
