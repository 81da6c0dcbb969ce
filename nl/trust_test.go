package nl

import (
	"bytes"
	"context"
	"log/slog"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/testns"
)

// A process in the same namespace with CAP_NET_ADMIN sends what looks just like the kernel's answer, with the right
// sequence number, to the right port ID. It is dropped and counted, and the kernel's answer is what counts.
func TestForgerOnRoute(t *testing.T) {
	for name, options := range kinds {
		for policy, trust := range map[string][]Option{"kernel alone": nil, "and another": {WithSenders(1 << 29)}} {
			t.Run(name+", "+policy, func(t *testing.T) {
				testns.Run(t, func(t *testing.T) {
					c := dial(t, append(options[:len(options):len(options)], trust...)...)
					forger := newPeer(t, unix.NETLINK_ROUTE)
					forge := func(e *endpoint, seq uint32) {
						h := Header{Type: unix.RTM_GETLINK, Seq: seq, Port: e.port}
						forger.send(e.port, rawMessage(unix.RTM_NEWLINK, 0, h.Seq, linkInfo(4711, 0, 0)))
						forger.send(e.port, ackOf(h))
						forger.send(e.port, doneOf(h, 0))
					}
					for range rounds(20) {
						c.Port() // there is a socket now
						e := c.in.requests.Load()
						e.mu.Lock()
						seq := e.seq + 1
						e.mu.Unlock()
						forge(e, seq)
						r, err := c.Execute(within(t), Request{Type: unix.RTM_GETLINK, Payload: linkInfo(loopback, 0, 0)})
						require.NoError(t, err)
						require.Len(t, r.Messages, 1)
						require.EqualValues(t, seq, r.Messages[0].Header.Seq)
						require.Zero(t, r.Messages[0].Sender())

						_, err = c.Execute(within(t), Request{Type: unix.RTM_GETLINK, Payload: linkInfo(4711, 0, 0)})
						require.ErrorIs(t, err, unix.ENODEV)
					}
					require.EqualValues(t, 3*rounds(20), c.Stats().Refused)

					// In the middle of a dump too.
					setUpLoopback(t, c)
					addMany(t, c, many)
					before := c.Stats().Refused
					n := 0
					for m, err := range c.Dump(within(t), dumpRoutes) {
						require.NoError(t, err)
						require.EqualValues(t, unix.RTM_NEWROUTE, m.Header.Type)
						if n++; n == 1 {
							for e := range c.in.all {
								forge(e, m.Header.Seq)
							}
						}
					}
					require.Equal(t, many+3, n)
					if c.in.turns != nil {
						require.EqualValues(t, 3, c.Stats().Refused-before)
					}
					require.Zero(t, c.Stats().Late)

					// And in a batch.
					e := c.in.requests.Load()
					if c.in.turns == nil {
						e = c.in.idle[len(c.in.idle)-1]
					}
					forge(e, e.seq+1)
					results, err := c.Batch(within(t), []Request{{Type: 4711}, {Type: unix.NLMSG_NOOP}})
					require.Error(t, err)
					require.ErrorIs(t, results[0], unix.EOPNOTSUPP)
					require.NoError(t, results[1])
				})
			})
		}
	}
}

// Where any process may send, the same: one that is asked may answer, and nobody in its stead.
func TestForgerOnUserSock(t *testing.T) {
	eachUserKind(t, func(t *testing.T, c *Conn, p *peer) {
		forger := newPeer(t, unix.NETLINK_USERSOCK)
		for range 20 {
			got := make(chan Reply, 1)
			go func() {
				r, err := c.Execute(within(t), Request{Type: askType, Port: p.port})
				if err != nil {
					t.Error(err)
				}
				got <- r
			}()
			h, from := p.receive()
			forger.send(from, entryOf(h, 0, 666))
			forger.send(from, ackOf(h))
			forger.send(from, refusalOf(h, unix.EPERM))
			p.send(from, entryOf(h, 0, 1))
			p.send(from, ackOf(h))
			r := <-got
			require.Len(t, r.Messages, 1)
			require.Equal(t, u32(1), r.Messages[0].Payload)
			require.Equal(t, p.port, r.Messages[0].Sender())
		}
		require.EqualValues(t, 60, c.Stats().Refused)
		require.Empty(t, c.in.requests.Load().strangers.queue)
	})
}

// A process that is trusted with messages is not trusted with the answers of another.
func TestAnswerOfAnother(t *testing.T) {
	p, other := newPeer(t, unix.NETLINK_USERSOCK), newPeer(t, unix.NETLINK_USERSOCK)
	c := dialUser(t, WithAnySender())
	ctx, cancel := context.WithCancel(within(t))
	done := make(chan error, 1)
	ask := func(ctx context.Context) {
		_, err := c.Execute(ctx, Request{Type: askType, Port: p.port})
		done <- err
	}
	expect := func(seq uint32) {
		for m, err := range c.Messages(within(t)) {
			require.NoError(t, err)
			require.Equal(t, other.port, m.Sender())
			require.Equal(t, seq, m.Header.Seq)
			return
		}
	}
	go ask(ctx)
	h, from := p.receive()
	other.send(from, ackOf(h))
	expect(h.Seq)
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	other.send(from, rawMessage(askType, 0, h.Seq)) // with the number of a request that was given up
	expect(h.Seq)
	p.send(from, entryOf(h, 0, 1), doneOf(h, 0), ackOf(h))
	go ask(within(t))
	h, _ = p.receive()
	p.send(from, ackOf(h))
	require.NoError(t, <-done)
	require.EqualValues(t, 3, c.Stats().Late)
	require.Empty(t, c.in.requests.Load().strangers.queue)
	require.Empty(t, c.in.requests.Load().givenUp)
}

// A request whose answer would be dropped is not sent.
func TestAskWhoIsNotTrusted(t *testing.T) {
	p := newPeer(t, unix.NETLINK_USERSOCK)
	c := dialUser(t)
	req := Request{Type: askType, Port: p.port}
	_, err := c.Execute(within(t), req)
	require.ErrorContains(t, err, "WithSenders")
	require.NotErrorIs(t, err, ErrUnknownOutcome)
	_, err = c.DumpAll(within(t), req)
	require.ErrorContains(t, err, "WithSenders")
	results, err := c.Batch(within(t), []Request{req})
	require.ErrorContains(t, err, "WithSenders")
	require.ErrorContains(t, results[0], "WithSenders")
	require.Zero(t, c.Stats().Sent)
	require.NoError(t, c.Send(within(t), Message{Header: Header{Type: askType}}, To(p.port, 0)), "this asks for no answer")
}

// What is dropped is logged, under every policy; a flood of it holds nobody up.
func TestRefusedIsLogged(t *testing.T) {
	for _, trust := range [][]Option{nil, {WithSenders(1 << 29)}} {
		var log logged
		c := dialUser(t, append(trust, WithLogger(slog.New(slog.NewTextHandler(&log, nil))))...)
		p := newPeer(t, unix.NETLINK_USERSOCK)
		for range 30 {
			p.send(c.Port(), rawMessage(askType, 0, 1))
		}
		ctx, cancel := context.WithCancel(within(t))
		ended := make(chan error)
		go func() {
			for _, err := range c.Messages(ctx) {
				ended <- err
			}
		}()
		for c.Stats().Refused < 30 {
			runtime.Gosched()
		}
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
		require.EqualValues(t, 30, c.Stats().Refused)
		for log.String() == "" {
			runtime.Gosched()
		}
		require.Contains(t, log.String(), "level=WARN")
		require.Contains(t, log.String(), "neither the kernel nor another sender")
	}
}

// logged is what was logged.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// usingHandler uses the connection that it is told about, and panics.
type usingHandler struct {
	slog.Handler
	c    *Conn
	used chan Stats
}

func (h *usingHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h *usingHandler) Handle(ctx context.Context, _ slog.Record) error {
	if err := h.c.Send(ctx, Message{Header: Header{Type: askType}}, To(h.c.Port(), 0)); err != nil {
		return err
	}
	h.used <- h.c.Stats()
	panic("a handler's bug")
}

// A log handler may do what it likes.
func TestHandlerUsesTheConnection(t *testing.T) {
	h := &usingHandler{Handler: slog.DiscardHandler, used: make(chan Stats, 1)}
	h.c = dialUser(t, WithLogger(slog.New(h)))
	p := newPeer(t, unix.NETLINK_USERSOCK)
	ctx, cancel := context.WithCancel(within(t))
	ended := make(chan error)
	p.send(h.c.Port(), rawMessage(askType, 0, 1))
	go func() {
		for _, err := range h.c.Messages(ctx) {
			ended <- err
		}
	}()
	require.Positive(t, (<-h.used).Refused)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
}
