package nl

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// eachUserKind has a test done with each kind of connection to a process that plays the kernel.
func eachUserKind(t *testing.T, f func(t *testing.T, c *Conn, p *peer)) {
	t.Helper()
	for name, options := range kinds {
		t.Run(name, func(t *testing.T) {
			p := newPeer(t, unix.NETLINK_USERSOCK)
			f(t, dialUser(t, append(options[:len(options):len(options)], WithSenders(p.port))...), p)
		})
	}
}

// step is what a dump brought next.
type step struct {
	m   Message
	err error
	ok  bool
}

// steps runs a dump in the background, one step at a time.
func steps(t testing.TB, dump iter.Seq2[Message, error]) (next func() <-chan step, stop func()) {
	pull, end := iter.Pull2(dump)
	t.Cleanup(end)
	return func() <-chan step {
		c := make(chan step, 1)
		go func() {
			m, err, ok := pull()
			c <- step{m.Clone(), err, ok}
		}()
		return c
	}, end
}

// An interruption shows in the flags of any message of the dump, its end included.
func TestInterrupted(t *testing.T) {
	const intr = unix.NLM_F_DUMP_INTR
	eachUserKind(t, func(t *testing.T, c *Conn, p *peer) {
		req := Request{Type: askType, Port: p.port}
		// answer answers one attempt: two datagrams of messages with these flags, and a DONE.
		answer := func(first, second, end uint16) {
			h, from := p.receive()
			p.send(from, entryOf(h, first, 1), entryOf(h, first, 2))
			p.send(from, entryOf(h, second, 3))
			p.send(from, doneOf(h, end))
		}
		run := func(options []DumpOption, answers ...func()) (values []uint32, err error) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				all, e := c.DumpAll(within(t), req, options...)
				for _, m := range all {
					v, _ := Attribute{Data: m.Payload}.Uint32()
					values = append(values, v)
				}
				err = e
			}()
			for _, f := range answers {
				f()
			}
			<-done
			return values, err
		}
		whole := func() { answer(0, 0, 0) }
		for name, broken := range map[string]func(){
			"first": func() { answer(intr, 0, 0) }, "later": func() { answer(0, intr, 0) }, "end": func() { answer(0, 0, intr) },
		} {
			values, err := run(nil, broken)
			require.ErrorIs(t, err, ErrDumpInterrupted, name)
			require.Equal(t, []uint32{1, 2, 3}, values)

			values, err = run([]DumpOption{IgnoreInterrupted()}, broken)
			require.NoError(t, err)
			require.Equal(t, []uint32{1, 2, 3}, values)

			restarts := 0
			values, err = run([]DumpOption{RetryInterrupted(3, func() { restarts++ })}, broken, broken, whole)
			require.NoError(t, err, name)
			require.Equal(t, []uint32{1, 2, 3}, values)
			require.Equal(t, 2, restarts)

			values, err = run([]DumpOption{RetryInterrupted(1, nil)}, broken, broken)
			require.ErrorIs(t, err, ErrDumpInterrupted)
			require.Equal(t, []uint32{1, 2, 3}, values, "those of the last attempt")
		}
		require.Zero(t, c.Stats().Late)
	})
}

// A dump may be refused, at its beginning and in its DONE, and stop without either when its context ends.
func TestDumpFails(t *testing.T) {
	eachUserKind(t, func(t *testing.T, c *Conn, p *peer) {
		req := Request{Type: askType, Port: p.port}
		for _, how := range []func(h Header) []byte{
			func(h Header) []byte { return refusalOf(h, unix.ENODEV) },
			func(h Header) []byte {
				errno := int32(unix.ENODEV)
				return rawMessage(unix.NLMSG_DONE, unix.NLM_F_MULTI, h.Seq, u32(uint32(-errno)))
			},
		} {
			next, _ := steps(t, c.Dump(within(t), req))
			first := next()
			h, from := p.receive()
			p.send(from, entryOf(h, 0, 7))
			require.NoError(t, (<-first).err)
			second := next()
			p.send(from, how(h))
			s := <-second
			require.ErrorIs(t, s.err, unix.ENODEV)
			require.True(t, s.ok)
			require.False(t, (<-next()).ok)
		}

		ctx, cancel := context.WithCancelCause(within(t))
		next, _ := steps(t, c.Dump(ctx, req))
		waits := next()
		h, from := p.receive()
		cancel(errors.New("lost interest"))
		s := <-waits
		require.ErrorIs(t, s.err, context.Canceled)
		require.ErrorContains(t, s.err, "lost interest")
		require.False(t, (<-next()).ok)

		// What comes of it later is for nobody.
		answered := make(chan error, 1)
		go func() {
			_, err := c.Execute(within(t), req)
			answered <- err
		}()
		later, again := p.receive()
		if c.in.turns != nil {
			p.send(from, entryOf(h, 0, 8), entryOf(h, 0, 9), doneOf(h, 0))
		}
		p.send(again, ackOf(later))
		require.NoError(t, <-answered)
		e := c.in.requests.Load()
		require.Empty(t, e.strangers.queue)
		require.Empty(t, e.givenUp)
		if c.in.turns != nil {
			require.EqualValues(t, 3, c.Stats().Late)
		}
	})
}

// On a connection's only socket, what comes during a dump and is not its own gets to whom it is for.
func TestOthersDuringDump(t *testing.T) {
	p := newPeer(t, unix.NETLINK_USERSOCK)
	c := dialUser(t, WithPort(ownPort), WithSenders(p.port))
	joins(t, c, 1)
	next, _ := steps(t, c.Dump(within(t), Request{Type: askType, Port: p.port}))
	first := next()
	h, from := p.receive()
	p.send(from, entryOf(h, 0, 1))
	require.NoError(t, (<-first).err)
	second := next()
	p.shout(1, rawMessage(askType+1, 0, h.Seq, u32(11)))
	p.send(from, rawMessage(askType+2, 0, h.Seq+1, u32(12)))
	p.send(from, doneOf(h, 0))
	require.False(t, (<-second).ok)
	for m, err := range c.Events(within(t)) {
		require.NoError(t, err)
		require.EqualValues(t, askType+1, m.Header.Type)
		require.EqualValues(t, 1, m.Group())
		break
	}
	for m, err := range c.Messages(within(t)) {
		require.NoError(t, err)
		require.EqualValues(t, askType+2, m.Header.Type)
		require.Zero(t, m.Group())
		break
	}
}

// A loop that waits for messages makes room for a dump on the only socket, and goes on after it, whether the dump came to
// pass or not.
func TestDumpWhileLoopWaits(t *testing.T) {
	p := newPeer(t, unix.NETLINK_USERSOCK)
	c := dialUser(t, WithPort(ownPort), WithSenders(p.port))
	got := make(chan step)
	loop, stop := context.WithCancel(within(t))
	for range 2 {
		go func() {
			for m, err := range c.Messages(loop) {
				got <- step{m: m.Clone(), err: err}
			}
		}()
	}
	require.ErrorIs(t, (<-got).err, ErrBusy)
	for range 20 {
		ctx, cancel := context.WithCancel(within(t))
		go cancel()
		_, err := c.DumpAll(ctx, Request{Type: askType, Port: p.port})
		require.ErrorIs(t, err, context.Canceled)
		p.send(c.Port(), rawMessage(askType+1, 0, 0))
		m := <-got
		require.NoError(t, m.err)
		require.EqualValues(t, askType+1, m.m.Header.Type)
	}
	stop()
	require.ErrorIs(t, (<-got).err, context.Canceled)
}
