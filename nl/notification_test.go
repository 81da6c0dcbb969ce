package nl

import (
	"context"
	"errors"
	"iter"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// joins joins a group of NETLINK_USERSOCK, and skips the test, with the reason, where the process may not.
func joins(t *testing.T, c *Conn, group uint32) {
	t.Helper()
	err := c.Join(group)
	if errors.Is(err, unix.EPERM) && !mayAdministerNetwork(t) {
		t.Skipf("cannot join a group of NETLINK_USERSOCK (CAP_NET_ADMIN needed): %v", err)
	}
	require.NoError(t, err)
}

// forceSendBuffer lets a peer send datagrams of megabytes, and skips the test, with the reason, where the process may not.
func forceSendBuffer(t *testing.T, p *peer) {
	t.Helper()
	err := unix.SetsockoptInt(p.fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 8<<20)
	if errors.Is(err, unix.EPERM) && !mayAdministerNetwork(t) {
		t.Skipf("cannot raise a send buffer beyond the limit (CAP_NET_ADMIN needed): %v", err)
	}
	require.NoError(t, err)
}

// mayAdministerNetwork tells whether the process has CAP_NET_ADMIN.
func mayAdministerNetwork(t *testing.T) bool {
	t.Helper()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	require.NoError(t, unix.Capget(&header, &sets[0]))
	return sets[0].Effective&(1<<unix.CAP_NET_ADMIN) != 0
}

// mtu is an RTM_NEWLINK that sets the loopback device's MTU.
func mtu(n uint32, flags uint16) Request {
	e := NewEncoder(linkInfo(loopback, 0, 0))
	e.Uint32(unix.IFLA_MTU, n)
	payload, _ := e.Result()
	return Request{Type: unix.RTM_NEWLINK, Flags: flags, Payload: payload}
}

// nextEvent is what a loop over the events of a connection sees first.
func nextEvent(t testing.TB, c *Conn) Message {
	t.Helper()
	return firstOf(t, c.Events(within(t)))
}

// firstOf is the message that a loop sees first.
func firstOf(t testing.TB, loop iter.Seq2[Message, error]) Message {
	t.Helper()
	for m, err := range loop {
		require.NoError(t, err)
		return m.Clone()
	}
	panic("no message and no error")
}

// A notification that a request causes carries its sequence number and port ID. It does not answer the request, but where
// the request asks for just that, with NLM_F_ECHO.
func TestNotificationIsNoAnswer(t *testing.T) {
	eachKind(t, func(t *testing.T, c *Conn) {
		require.NoError(t, c.Join(unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_ROUTE))
		for i := range 20 {
			r, err := c.Execute(within(t), mtu(1000+uint32(i), 0))
			require.NoError(t, err)
			require.Empty(t, r.Messages)
			m := nextEvent(t, c)
			require.EqualValues(t, unix.RTM_NEWLINK, m.Header.Type)
			require.EqualValues(t, unix.RTNLGRP_LINK, m.Group())

			r, err = c.Execute(within(t), route(nth(2*i)))
			require.NoError(t, err)
			require.Empty(t, r.Messages)
			m = nextEvent(t, c)
			require.EqualValues(t, unix.RTM_NEWROUTE, m.Header.Type)
			require.EqualValues(t, unix.RTNLGRP_IPV4_ROUTE, m.Group())
			require.Equal(t, c.Port(), m.Header.Port)
			if c.in.turns != nil {
				require.Equal(t, c.in.requests.Load().seq, m.Header.Seq)
			}

			echo := route(nth(2*i + 1))
			echo.Flags |= unix.NLM_F_ECHO
			r, err = c.Execute(within(t), echo)
			require.NoError(t, err)
			require.Len(t, r.Messages, 1)
			require.EqualValues(t, unix.RTM_NEWROUTE, r.Messages[0].Header.Type)
			require.Equal(t, c.Port(), r.Messages[0].Header.Port)
			if c.in.turns == nil {
				require.EqualValues(t, unix.RTM_NEWROUTE, nextEvent(t, c).Header.Type)
			}
		}
		require.Empty(t, c.in.requests.Load().notices.queue)
		require.Empty(t, c.in.requests.Load().strangers.queue)
	})
}

// Another's notification may carry any sequence number. It answers nothing, with NLM_F_ECHO neither.
func TestForeignNotificationIsNoAnswer(t *testing.T) {
	p := newPeer(t, unix.NETLINK_USERSOCK)
	c := dialUser(t, WithPort(ownPort), WithSenders(p.port))
	joins(t, c, 3)
	for _, flags := range []uint16{0, unix.NLM_F_ECHO} {
		answered := make(chan Reply, 1)
		go func() {
			r, err := c.Execute(within(t), Request{Type: askType, Flags: flags, Port: p.port})
			if err != nil {
				t.Error(err)
			}
			answered <- r
		}()
		h, from := p.receive()
		p.shout(3, ackOf(h))
		p.shout(3, rawMessage(askType, 0, h.Seq))
		p.send(from, ackOf(h))
		require.Empty(t, (<-answered).Messages)
		require.EqualValues(t, unix.NLMSG_ERROR, nextEvent(t, c).Header.Type)
		require.EqualValues(t, askType, nextEvent(t, c).Header.Type)
	}
}

// Messages that are lost fail what is in flight, and say that nobody knows what came of it; the connection goes on.
func TestOverrunFailsRequests(t *testing.T) {
	p, stranger := newPeer(t, unix.NETLINK_USERSOCK), newPeer(t, unix.NETLINK_USERSOCK)
	c := dialUser(t, WithPort(ownPort), WithSenders(p.port), WithReadBuffer(4096))
	joins(t, c, 2)
	const inFlight = 5
	failed := make(chan error, inFlight)
	var asked []Header
	for range inFlight {
		go func() {
			_, err := c.Execute(within(t), Request{Type: askType, Port: p.port})
			failed <- err
		}()
		h, _ := p.receive()
		asked = append(asked, h)
	}
	e := c.in.requests.Load()
	stranger.send(c.Port(), rawMessage(askType, 0, 1))
	e.mu.Lock() // whoever reads has something to hand out, and waits for this
	for queued := true; queued; runtime.Gosched() {
		info, err := memInfo(e.pump.FD())
		require.NoError(t, err)
		queued = info[unix.SK_MEMINFO_RMEM_ALLOC] != 0
	}
	for range 1000 {
		p.shout(2, rawMessage(askType, 0, 0, u32(0)))
	}
	e.mu.Unlock()
	for range inFlight {
		err := <-failed
		require.ErrorIs(t, err, ErrOverrun)
		require.ErrorIs(t, err, ErrUnknownOutcome)
	}
	s := c.Stats()
	require.Zero(t, s.InFlight)
	require.EqualValues(t, 1, s.Overruns)
	require.Positive(t, s.KernelDrops)

	// What was queued before the loss comes before the word of it, and what comes after it, after.
	var err error
	n := 0
	for _, err = range c.Events(within(t)) {
		if err != nil {
			break
		}
		n++
	}
	require.ErrorIs(t, err, ErrOverrun)
	require.Positive(t, n)
	p.shout(2, rawMessage(askType+1, 0, 0))
	require.EqualValues(t, askType+1, nextEvent(t, c).Header.Type)

	// The answers are late now, and for nobody.
	for _, h := range asked {
		p.send(c.Port(), ackOf(h))
	}
	answered := make(chan error, 1)
	go func() {
		_, err := c.Execute(within(t), Request{Type: askType, Port: p.port})
		answered <- err
	}()
	h, from := p.receive()
	p.send(from, ackOf(h))
	require.NoError(t, <-answered)
	require.EqualValues(t, inFlight, c.Stats().Late)
	for m, err := range c.Messages(within(t)) {
		require.ErrorIs(t, err, ErrOverrun, "a message to the port ID may have been lost too: %v", m)
		break
	}
	require.Empty(t, c.in.requests.Load().strangers.queue)
}

// The kernel's own answer does not fit: the request has been carried out, for all one knows.
func TestOverrunByAnswer(t *testing.T) {
	eachKind(t, func(t *testing.T, c *Conn) {
		small := dial(t, another(c, WithReadBuffer(1))...)
		_, err := small.Execute(within(t), Request{Type: unix.RTM_GETLINK, Payload: linkInfo(loopback, 0, 0)})
		require.ErrorIs(t, err, ErrOverrun)
		require.ErrorIs(t, err, ErrUnknownOutcome)
		require.NotErrorIs(t, err, unix.ENOBUFS)
		_, err = small.Execute(within(t), Request{Type: unix.NLMSG_NOOP})
		require.NoError(t, err)
	})
}

// A loop that is left leaves the rest to the next one.
func TestLoopsLoseNothing(t *testing.T) {
	p := newPeer(t, unix.NETLINK_USERSOCK)
	c := dialUser(t, WithPort(ownPort), WithSenders(p.port))
	joins(t, c, 1)
	events := dialUser(t, WithSenders(p.port))
	joins(t, events, 1)
	for i := range 9 {
		p.send(c.Port(), rawMessage(askType, 0, uint32(i)))
		p.shout(1, rawMessage(askType, 0, uint32(i)))
	}
	for i := range 3 {
		for name, loop := range map[string]func(func(Message, error) bool){
			"messages": c.Messages(within(t)), "events of one socket": c.Events(within(t)), "events": events.Events(within(t)),
		} {
			n := uint32(0)
			for m, err := range loop {
				require.NoError(t, err, name)
				require.Equal(t, uint32(3*i)+n, m.Header.Seq, name)
				if n++; n == 3 {
					break
				}
			}
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, err := range events.Events(ctx) {
		require.ErrorIs(t, err, context.Canceled)
	}
}
