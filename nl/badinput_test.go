package nl

import (
	"context"
	"encoding/binary"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// badInput is what a process sends that may send, instead of an answer.
var badInput = map[string]func(h Header) []byte{
	"a byte":                func(Header) []byte { return []byte{1} },
	"15 bytes":              func(h Header) []byte { return ackOf(h)[:15] },
	"truncated":             func(h Header) []byte { return ackOf(h)[:20] },
	"length 0":              func(h Header) []byte { return withLen(ackOf(h), 0) },
	"length 15":             func(h Header) []byte { return withLen(ackOf(h), 15) },
	"a byte too long":       func(h Header) []byte { return withLen(ackOf(h), 37) },
	"length of 4 GiB":       func(h Header) []byte { return withLen(ackOf(h), 0xffffffff) },
	"length of 2 GiB":       func(h Header) []byte { return withLen(ackOf(h), 0x80000000) },
	"lying after the first": func(h Header) []byte { return append(entryOf(h, 0, 1), withLen(ackOf(h), 1000)...) },
	"foreign number":        func(h Header) []byte { return ackOf(Header{Type: h.Type, Seq: h.Seq + 1000}) },
	"number 0":              func(h Header) []byte { return ackOf(Header{Type: h.Type}) },
	"an unknown type": func(h Header) []byte {
		return rawMessage(0xffff, 0xffff&^unix.NLM_F_DUMP_INTR, h.Seq, make([]byte, 100))
	},
	"a reserved type":        func(h Header) []byte { return rawMessage(unix.NLMSG_MIN_TYPE-1, 0, h.Seq+1000, u32(0)) },
	"nothing but a NOOP":     func(h Header) []byte { return rawMessage(unix.NLMSG_NOOP, 0, h.Seq, u32(0)) },
	"type 0":                 func(h Header) []byte { return rawMessage(0, 0, h.Seq+1000) },
	"misaligned, no padding": func(h Header) []byte { return rawMessage(askType, 0, h.Seq, []byte{1, 2, 3}) },
	"zeros":                  func(Header) []byte { return make([]byte, 4096) },
	"a large one":            func(h Header) []byte { return rawMessage(askType, 0, h.Seq, make([]byte, 100_000)) },
}

func withLen(b []byte, n uint32) []byte {
	binary.NativeEndian.PutUint32(b, n)
	return b
}

// After any of these the request still waits, and gets its answer; a context still ends it.
func TestBadInput(t *testing.T) {
	for name, bad := range badInput {
		t.Run(name, func(t *testing.T) {
			eachUserKind(t, func(t *testing.T, c *Conn, p *peer) {
				for range 3 {
					answered := make(chan error, 1)
					go func() {
						_, err := c.Execute(within(t), Request{Type: askType, Port: p.port})
						answered <- err
					}()
					h, from := p.receive()
					p.send(from, bad(h))
					p.send(from, ackOf(h))
					require.NoError(t, <-answered)

					dumped := make(chan error, 1)
					go func() {
						_, err := c.DumpAll(within(t), Request{Type: askType, Port: p.port})
						dumped <- err
					}()
					h, from = p.receive()
					p.send(from, bad(h))
					p.send(from, doneOf(h, 0))
					require.NoError(t, <-dumped)

					ctx, cancel := context.WithCancel(within(t))
					go func() {
						_, err := c.Execute(ctx, Request{Type: askType, Port: p.port})
						answered <- err
					}()
					h, from = p.receive()
					p.send(from, bad(h))
					cancel()
					require.ErrorIs(t, <-answered, context.Canceled)
					p.send(from, ackOf(h))
				}
				require.Zero(t, c.Stats().InFlight)
			})
		})
	}
}

// What is no message is counted; answers with too little in them are errors that say so.
func TestMalformedAnswers(t *testing.T) {
	eachUserKind(t, func(t *testing.T, c *Conn, p *peer) {
		for n := range 20 {
			answered := make(chan error, 1)
			go func() {
				_, err := c.Execute(within(t), Request{Type: askType, Port: p.port})
				answered <- err
			}()
			h, from := p.receive()
			p.send(from, withLen(append(entryOf(h, 0, 1), ackOf(h)...)[:30], 30), []byte{1, 0, 0, 0})
			p.send(from, rawMessage(unix.NLMSG_ERROR, 0, h.Seq, make([]byte, n)))
			err := <-answered
			require.ErrorIs(t, err, ErrMalformed)
			require.ErrorIs(t, err, ErrUnknownOutcome)
		}
		require.EqualValues(t, 20, c.Stats().Malformed)
	})
}

// A datagram that is larger than anything that is received at once fails what its sender was asked, and nothing else.
func TestOversized(t *testing.T) {
	eachUserKind(t, func(t *testing.T, c *Conn, p *peer) {
		other := newPeer(t, unix.NETLINK_USERSOCK)
		c = dialUser(t, another(c, WithSenders(p.port, other.port))...)
		forceSendBuffer(t, p)
		ask := func(port uint32) chan error {
			answered := make(chan error, 1)
			go func() {
				_, err := c.Execute(within(t), Request{Type: askType, Port: port})
				answered <- err
			}()
			return answered
		}
		fails, succeeds := ask(p.port), ask(other.port)
		h, from := p.receive()
		h2, _ := other.receive()
		p.send(from, rawMessage(askType, 0, h.Seq, make([]byte, 3<<20)))
		err := <-fails
		require.ErrorIs(t, err, unix.EMSGSIZE)
		require.ErrorIs(t, err, ErrUnknownOutcome)
		other.send(from, ackOf(h2))
		require.NoError(t, <-succeeds)
		require.EqualValues(t, 1, c.Stats().Truncations)

		// A dump fails, and the next one does not.
		dump := func() chan error {
			dumped := make(chan error, 1)
			go func() {
				_, err := c.DumpAll(within(t), Request{Type: askType, Port: p.port})
				dumped <- err
			}()
			return dumped
		}
		dumped := dump()
		h, from = p.receive()
		p.send(from, rawMessage(askType, 0, h.Seq, make([]byte, 3<<20)))
		require.ErrorIs(t, <-dumped, unix.EMSGSIZE)
		dumped = dump()
		h, from = p.receive()
		p.send(from, doneOf(h, 0))
		require.NoError(t, <-dumped)

		// One that comes from somebody who may not send is nobody's business.
		forger := newPeer(t, unix.NETLINK_USERSOCK)
		require.NoError(t, unix.SetsockoptInt(forger.fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 8<<20))
		dumped = dump()
		h, from = p.receive()
		forger.send(from, rawMessage(askType, 0, h.Seq, make([]byte, 3<<20)))
		p.send(from, doneOf(h, 0))
		require.NoError(t, <-dumped)
		require.EqualValues(t, 2, c.Stats().Truncations)
		require.EqualValues(t, 1, c.Stats().Refused)
	})
}

// FuzzReceive has a process that may send do so at random while a request, a dump and a loop wait. All of them end when
// their context does, if not before.
func FuzzReceive(f *testing.F) {
	for _, bad := range badInput {
		f.Add(bad(Header{Type: askType, Seq: 1}), true)
	}
	f.Fuzz(func(t *testing.T, datagram []byte, ours bool) {
		if len(datagram) == 0 || len(datagram) > 1<<16 {
			return // nobody can send this
		}
		p := newPeer(t, unix.NETLINK_USERSOCK)
		c := dialUser(t, WithSenders(p.port))
		ctx, cancel := context.WithCancel(within(t))
		defer cancel()
		ended := make(chan error, 4)
		go func() {
			_, err := c.Execute(ctx, Request{Type: askType, Port: p.port})
			ended <- err
		}()
		h, from := p.receive()
		go func() {
			_, err := c.DumpAll(ctx, Request{Type: askType, Port: p.port}, RetryInterrupted(2, nil))
			ended <- err
		}()
		h2, from2 := p.receive()
		go func() {
			_, err := c.Batch(ctx, []Request{{Type: askType, Port: p.port}, {Type: askType, Port: p.port}})
			ended <- err
		}()
		h3, from3 := p.receive()
		go func() {
			for _, err := range c.Messages(ctx) {
				if err != nil {
					ended <- err
					return
				}
			}
		}()
		for _, to := range []struct {
			h    Header
			port uint32
		}{{h, from}, {h2, from2}, {h3, from3}} {
			b := append([]byte(nil), datagram...)
			if ours && len(b) >= 12 {
				binary.NativeEndian.PutUint32(b[8:], to.h.Seq)
			}
			for _, datagram := range [][]byte{b, append(b, ackOf(to.h)...)} {
				if err := p.trySend(to.port, datagram); err != nil {
					require.ErrorIs(t, err, unix.ECONNREFUSED, "a dump that ended early has closed its socket")
				}
			}
		}
		cancel()
		for range 4 {
			select {
			case err := <-ended:
				require.NotErrorIs(t, err, net.ErrClosed)
			case <-time.After(20 * time.Second):
				t.Fatal("something waits longer than its context")
			}
		}
	})
}
