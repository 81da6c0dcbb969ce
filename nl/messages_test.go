package nl

import (
	"context"
	"errors"
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// nextMessage is what a loop over the unclaimed messages of a connection sees first.
func nextMessage(t testing.TB, c *Conn) Message {
	t.Helper()
	return firstOf(t, c.Messages(within(t)))
}

// Two connections talk to each other without the kernel's say.
func TestSend(t *testing.T) {
	a, b := dialUser(t, WithAnySender()), dialUser(t, WithAnySender(), WithCredentials())
	for i := range 10 {
		sent := Message{Header: Header{Type: askType, Flags: 0x1234, Seq: uint32(i), Port: 99, Len: 99}, Payload: []byte(strings.Repeat("x", i*7))}
		require.NoError(t, a.Send(within(t), sent, To(b.Port(), 0)))
		m := nextMessage(t, b)
		require.Equal(t, Header{Len: uint32(unix.NLMSG_HDRLEN + i*7), Type: askType, Flags: 0x1234, Seq: uint32(i), Port: a.Port()}, m.Header)
		require.Equal(t, string(sent.Payload), string(m.Payload))
		require.Equal(t, a.Port(), m.Sender())
		require.Zero(t, m.Group())
		creds, ok := m.Credentials()
		require.True(t, ok)
		require.EqualValues(t, unix.Getpid(), creds.PID)
		require.EqualValues(t, unix.Getuid(), creds.UID)
		_, ok = m.NSID()
		require.False(t, ok)

		require.NoError(t, m.Reply(within(t), Message{Header: Header{Type: askType + 1}, Payload: []byte("reply")}))
		r := nextMessage(t, a)
		require.EqualValues(t, i, r.Header.Seq)
		require.Equal(t, "reply", string(r.Payload))
		_, ok = r.Credentials()
		require.False(t, ok)
	}
	require.Zero(t, a.Stats().Late+b.Stats().Late)
}

// A message to a group gets to its members, whether anybody is at the port ID or not; one to a group and a port to both.
func TestSendToGroup(t *testing.T) {
	a := dialUser(t)
	for _, c := range []*Conn{dialUser(t, WithAnySender()), dialUser(t, WithAnySender(), WithPort(ownPort))} {
		joins(t, c, 9)
		require.NoError(t, a.Send(within(t), Message{Header: Header{Type: askType, Seq: 5}}, To(0, 9)))
		m := nextEvent(t, c)
		require.EqualValues(t, 9, m.Group())
		require.EqualValues(t, 5, m.Header.Seq)
		require.Equal(t, a.Port(), m.Sender())
	}
	b := dialUser(t, WithAnySender())
	require.NoError(t, a.Send(within(t), Message{Header: Header{Type: askType, Seq: 6}}, To(b.Port(), 9)))
	require.EqualValues(t, 6, nextMessage(t, b).Header.Seq)

	err := a.Send(within(t), Message{}, To(0, 33))
	require.ErrorContains(t, err, "group 33")
}

func TestSendToNobody(t *testing.T) {
	const port = 1 << 31
	c := dialUser(t, WithSenders(port))
	req := Request{Type: askType, Port: port}
	_, executed := c.Execute(within(t), req)
	_, dumped := c.DumpAll(within(t), req)
	results, batched := c.Batch(within(t), []Request{req})
	for _, err := range []error{c.Send(within(t), Message{}, To(port, 0)), executed, dumped, batched, results[0]} {
		require.ErrorIs(t, err, unix.ECONNREFUSED)
		require.ErrorContains(t, err, "no socket has that port ID")
		require.NotErrorIs(t, err, ErrUnknownOutcome)
	}
	require.Zero(t, c.Stats().Sent)
	require.Zero(t, c.Stats().InFlight)
}

// The answering side: a success, a refusal with words, and replies before them.
func TestAnswer(t *testing.T) {
	for _, options := range kinds {
		server := dialUser(t, append(options[:len(options):len(options)], WithAnySender())...)
		client := dialUser(t, WithSenders(server.Port()))
		const unknownType = askType + 9
		ended := make(chan error, 1)
		ctx, cancel := context.WithCancel(within(t))
		go func() {
			for m, err := range server.Messages(ctx) {
				switch {
				case err != nil:
					ended <- err
					return
				case m.Header.Type == unknownType:
					err = m.ReplyError(ctx, unix.EOPNOTSUPP, "no such thing as a "+string(m.Payload))
				default:
					err = errors.Join(
						m.Reply(ctx, Message{Header: Header{Type: m.Header.Type + 1}, Payload: m.Payload}),
						m.Reply(ctx, Message{Header: Header{Type: m.Header.Type + 2}}),
						m.Ack(ctx))
				}
				if err != nil {
					t.Error(err)
				}
			}
		}()
		for _, payload := range []string{"", "a", "unicorn", strings.Repeat("z", 5000)} {
			r, err := client.Execute(within(t), Request{Type: askType, Payload: []byte(payload), Port: server.Port()})
			require.NoError(t, err)
			require.Len(t, r.Messages, 2)
			require.Equal(t, payload, string(r.Messages[0].Payload))
			require.EqualValues(t, askType+2, r.Messages[1].Header.Type)
			require.Empty(t, r.Warning)

			_, err = client.Execute(within(t), Request{Type: unknownType, Payload: []byte(payload), Port: server.Port()})
			var e *Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, unix.EOPNOTSUPP, e.Errno)
			require.Equal(t, "no such thing as a "+payload, e.Message)
			require.ErrorIs(t, err, errors.ErrUnsupported)
			require.NotErrorIs(t, err, ErrUnknownOutcome)
		}
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
	}

	var none Message
	for _, err := range []error{none.Ack(within(t)), none.ReplyError(within(t), unix.EPERM, ""), none.Reply(within(t), Message{})} {
		require.ErrorContains(t, err, "was not received")
	}
}

// A refusal without an errno is none, and an answer goes to whoever sent, not to whom the header names.
func TestAnswerToSender(t *testing.T) {
	server := dialUser(t, WithAnySender())
	p, bystander := newPeer(t, unix.NETLINK_USERSOCK), newPeer(t, unix.NETLINK_USERSOCK)
	req := rawMessage(askType, unix.NLM_F_REQUEST|unix.NLM_F_ACK, 77)
	copy(req[12:], u32(bystander.port))
	p.send(server.Port(), req)
	m := nextMessage(t, server)
	require.Equal(t, bystander.port, m.Header.Port)
	require.Equal(t, p.port, m.Sender())
	require.ErrorContains(t, m.ReplyError(within(t), 0, "fine"), "Ack")
	require.NoError(t, m.Ack(within(t)))
	h, from := p.receive()
	require.EqualValues(t, unix.NLMSG_ERROR, h.Type)
	require.EqualValues(t, 77, h.Seq)
	require.Equal(t, server.Port(), from)
	require.NoError(t, server.Close())
	require.ErrorIs(t, m.Ack(within(t)), net.ErrClosed)
}

// A message without a place in the inbox is lost, and the loop is told so once, where it is missing.
func TestInboxOverflows(t *testing.T) {
	p := newPeer(t, unix.NETLINK_USERSOCK)
	c := dialUser(t, WithSenders(p.port))
	waits := make(chan error, 1)
	go func() {
		_, err := c.Execute(within(t), Request{Type: askType, Port: p.port})
		waits <- err
	}()
	h, from := p.receive()
	for i := range 50 {
		p.send(from, rawMessage(askType, 0, h.Seq+1+uint32(i), make([]byte, 50_000)))
	}
	p.send(from, ackOf(h))
	require.NoError(t, <-waits)
	n := uint32(0)
	var err error
	for m, e := range c.Messages(within(t)) {
		if err = e; err != nil {
			break
		}
		n++
		require.Equal(t, h.Seq+n, m.Header.Seq)
	}
	require.ErrorIs(t, err, ErrOverrun)
	require.EqualValues(t, inboxRoom/(50_000+messageCost), n)
	require.EqualValues(t, 1, c.Stats().Overruns)
	p.send(from, rawMessage(askType, 0, 4711))
	require.EqualValues(t, 4711, nextMessage(t, c).Header.Seq)
}

// A process that has no room holds up those who send to it, and nobody else; their contexts end the wait.
func TestSendToFullPeer(t *testing.T) {
	full, p := newPeer(t, unix.NETLINK_USERSOCK), newPeer(t, unix.NETLINK_USERSOCK)
	require.NoError(t, unix.SetsockoptInt(full.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 1))
	filler := newPeer(t, unix.NETLINK_USERSOCK)
	require.NoError(t, unix.SetNonblock(filler.fd, true))
	for _, size := range []int{500, 0} {
		for filler.trySend(full.port, rawMessage(askType, 0, 0, make([]byte, size))) == nil {
			runtime.Gosched()
		}
	}
	eachUserKind(t, func(t *testing.T, c *Conn, _ *peer) {
		c = dialUser(t, another(c, WithSenders(p.port, full.port))...)
		ctx, cancel := context.WithCancel(within(t))
		blocked := make(chan error, 2)
		go func() {
			_, err := c.Execute(ctx, Request{Type: askType, Port: full.port})
			blocked <- err
		}()
		go func() { blocked <- c.Send(ctx, Message{Header: Header{Type: askType}}, To(full.port, 0)) }()
		for range 20 {
			runtime.Gosched()
			answered := make(chan error, 1)
			go func() {
				_, err := c.Execute(within(t), Request{Type: askType, Port: p.port})
				answered <- err
			}()
			h, from := p.receive()
			p.send(from, ackOf(h))
			require.NoError(t, <-answered)
		}
		cancel()
		for range 2 {
			err := <-blocked
			require.ErrorIs(t, err, context.Canceled)
			require.NotErrorIs(t, err, ErrUnknownOutcome, "it was not sent")
		}
		require.Zero(t, c.Stats().InFlight)
	})
}
