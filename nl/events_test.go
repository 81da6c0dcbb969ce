package nl

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/testns"
)

// asNobody runs f on a thread that has no right, in the calling thread's network namespace, and waits for it. The thread
// ends with it.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	ns, err := os.Open(threadNamespace)
	require.NoError(t, err)
	defer func() { _ = ns.Close() }()
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
			done <- fmt.Errorf("CAP_SYS_ADMIN needed: %w", err)
			return
		}
		const nobody = 65534 // for this thread; package syscall would do it for all
		if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, nobody, nobody, nobody); errno != 0 {
			done <- fmt.Errorf("CAP_SETUID needed: %w", errno)
			return
		}
		f()
		done <- nil
	}()
	if err := <-done; err != nil {
		t.Skipf("cannot become another user: %v", err)
	}
}

// Groups come and go at any time, while a loop runs and while requests are made.
func TestGroups(t *testing.T) {
	eachKind(t, func(t *testing.T, c *Conn) {
		groups, err := c.Groups()
		require.NoError(t, err)
		require.Empty(t, groups)
		require.NoError(t, c.Leave(unix.RTNLGRP_LINK), "which is not joined")
		require.NoError(t, c.Join(), "nothing")

		got := make(chan Message, 100)
		ctx, cancel := context.WithCancel(within(t))
		ended := make(chan error, 1)
		go func() {
			for m, err := range c.Events(ctx) {
				if err != nil {
					ended <- err
					return
				}
				got <- m.Clone()
			}
		}()
		require.NoError(t, c.Join(unix.RTNLGRP_BRVLAN, unix.RTNLGRP_NEXTHOP, unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_ROUTE, 1))
		groups, err = c.Groups()
		require.NoError(t, err)
		require.Equal(t, []uint32{unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_ROUTE, unix.RTNLGRP_NEXTHOP, unix.RTNLGRP_BRVLAN}, groups)
		for i := range 10 {
			_, err := c.Execute(within(t), mtu(1100+uint32(i), 0))
			require.NoError(t, err)
			m := <-got
			require.EqualValues(t, unix.RTNLGRP_LINK, m.Group())
		}
		require.NoError(t, c.Leave(unix.RTNLGRP_LINK))
		_, err = c.Execute(within(t), mtu(1200, 0))
		require.NoError(t, err)
		_, err = c.Execute(within(t), route(nth(1)))
		require.NoError(t, err)
		require.EqualValues(t, unix.RTNLGRP_IPV4_ROUTE, (<-got).Group(), "no link's is before it")

		for _, err := range c.Events(within(t)) {
			require.ErrorIs(t, err, ErrBusy)
		}
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
	})
}

// A group whose number has no place in an address's bit mask is as good as any.
func TestGroupAbove32(t *testing.T) {
	group, ok := GroupNamed(unix.NETLINK_ROUTE, "ipv4-mcaddr")
	require.True(t, ok)
	require.Greater(t, group, uint32(32))
	eachKind(t, func(t *testing.T, c *Conn) {
		if err := c.Join(group); errors.Is(err, unix.EINVAL) {
			t.Skip("this machine has no kernel that tells of multicast addresses (6.14 does)")
		}
		for _, up := range []uint32{0, unix.IFF_UP} {
			_, err := c.Execute(within(t), Request{Type: unix.RTM_NEWLINK, Payload: linkInfo(loopback, up, unix.IFF_UP)})
			require.NoError(t, err)
		}
		m := nextEvent(t, c)
		require.EqualValues(t, unix.RTM_DELMULTICAST, m.Header.Type)
		require.Equal(t, group, m.Group())
		m = nextEvent(t, c)
		require.EqualValues(t, unix.RTM_NEWMULTICAST, m.Header.Type)
		require.Equal(t, group, m.Group())
	})
}

// What cannot be joined says which it was and why, and leaves the others alone.
func TestJoinFails(t *testing.T) {
	eachKind(t, func(t *testing.T, c *Conn) {
		for _, g := range []uint32{0, 4711, 1 << 31, 1<<32 - 1} {
			err := c.Join(unix.RTNLGRP_LINK, g, unix.RTNLGRP_NEIGH)
			require.ErrorIs(t, err, unix.EINVAL)
			require.ErrorContains(t, err, "no such group")
			groups, err := c.Groups()
			require.NoError(t, err)
			require.Equal(t, []uint32{unix.RTNLGRP_LINK}, groups)
		}
		asNobody(t, func() {
			err := c.Join(unix.RTNLGRP_IPV4_MROUTE_R)
			if !errors.Is(err, unix.EPERM) || !errors.Is(err, fs.ErrPermission) {
				t.Error("a group that takes a right:", err)
			}
			if groups, err := c.Groups(); err != nil || len(groups) != 1 {
				t.Error(groups, err)
			}
		})
		require.LessOrEqual(t, c.Stats().Sockets, 2)
	})
}

// An option that takes a right fails the subscription each time, and leaves no socket behind.
func TestListenAllNeedsRight(t *testing.T) {
	asNobody(t, func() {
		c, err := Dial(unix.NETLINK_ROUTE, WithListenAllNSID())
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = c.Close() }()
		c.Port()
		for range 5 {
			err := c.Join(unix.RTNLGRP_LINK)
			if !errors.Is(err, unix.EPERM) {
				t.Error(err)
			}
		}
		if n := c.Stats().Sockets; n != 1 {
			t.Error("sockets:", n)
		}
	})
}

// An overrun is one event among the others, each time.
func TestEventsAfterOverruns(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		changer, c := dial(t), dial(t, WithReadBuffer(4096))
		setUpLoopback(t, changer)
		require.NoError(t, c.Join(unix.RTNLGRP_IPV4_ROUTE))
		added := 0
		burst := func(n int) {
			reqs := make([]Request, n)
			for i := range reqs {
				reqs[i] = route(nth(added + i))
			}
			_, err := changer.Batch(within(t), reqs)
			require.NoError(t, err)
			added += n
		}
		burst(300)
		overruns, events := 0, 0
		for m, err := range c.Events(within(t)) {
			if err != nil {
				require.ErrorIs(t, err, ErrOverrun)
				require.NotErrorIs(t, err, ErrUnknownOutcome)
				require.Zero(t, m.Header)
				overruns++
				if overruns == 5 {
					break
				}
				require.Positive(t, events)
				events = 0
				burst(300)
				continue
			}
			events++
			require.NoError(t, getLoopback(within(t), c), "requests have a socket of their own")
		}
		s := c.Stats()
		require.EqualValues(t, 5, s.Overruns)
		require.Positive(t, s.KernelDrops)
		burst(1)
		m := nextEvent(t, c)
		require.Equal(t, nth(added-1).Addr(), destination(t, m))
	})
}

// An event costs no memory.
func TestEventAllocations(t *testing.T) {
	poison.Store(false)
	defer poison.Store(true)
	p := newPeer(t, unix.NETLINK_USERSOCK)
	c := dialUser(t, WithSenders(p.port))
	joins(t, c, 5)
	message := rawMessage(askType, 0, 0, make([]byte, 100))
	to := &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: 1 << 4}
	n := 0
	seen := make(chan struct{}, 100)
	ctx, cancel := context.WithCancel(within(t))
	ended := make(chan error, 1)
	go func() {
		for _, err := range c.Events(ctx) {
			if err != nil {
				ended <- err
				return
			}
			if n++; n%10 == 0 {
				seen <- struct{}{}
			}
		}
	}()
	allocs := testing.AllocsPerRun(500, func() {
		for range 10 {
			if err := unix.Sendto(p.fd, message, 0, to); err != nil && !errors.Is(err, syscall.ECONNREFUSED) {
				t.Error(err)
			}
		}
		<-seen
	})
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	if countsAllocations {
		require.Zero(t, int(allocs))
	}
}
