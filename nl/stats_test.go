package nl

import (
	"context"
	"encoding/json"
	"expvar"
	"log/slog"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// What is sent and received is counted, each datagram once.
func TestStatsOfTraffic(t *testing.T) {
	eachUserKind(t, func(t *testing.T, c *Conn, p *peer) {
		require.Equal(t, uint64(1), uint64(c.Stats().Sockets))
		require.NoError(t, c.Send(within(t), Message{Header: Header{Type: askType}, Payload: make([]byte, 10)}, To(p.port, 0)))
		p.receive()
		s := c.Stats()
		require.EqualValues(t, 1, s.Sent)
		require.EqualValues(t, 28, s.SentBytes, "with padding")
		require.Zero(t, s.Received)

		waits := make(chan error)
		go func() {
			_, err := c.Execute(within(t), Request{Type: askType, Port: p.port})
			waits <- err
		}()
		h, from := p.receive()
		require.Equal(t, 1, c.Stats().InFlight)
		p.send(from, entryOf(h, 0, 1))
		p.send(from, ackOf(h))
		require.NoError(t, <-waits)
		s = c.Stats()
		require.Zero(t, s.InFlight)
		require.EqualValues(t, 2, s.Sent)
		require.EqualValues(t, 28+16, s.SentBytes)
		require.EqualValues(t, 2, s.Received)
		require.EqualValues(t, 20+36, s.ReceivedBytes)

		go func() {
			_, err := c.DumpAll(within(t), Request{Type: askType, Port: p.port})
			waits <- err
		}()
		h, dumper := p.receive()
		p.send(dumper, entryOf(h, 0, 1), doneOf(h, 0))
		require.NoError(t, <-waits)
		go func() {
			_, err := c.Batch(within(t), []Request{{Type: askType, Port: p.port}, {Type: askType, Port: p.port}})
			waits <- err
		}()
		h, dumper = p.receive()
		second := h
		second.Seq++
		p.send(dumper, ackOf(h))
		p.send(dumper, ackOf(second))
		require.NoError(t, <-waits)
		s = c.Stats()
		require.EqualValues(t, 4, s.Sent)
		require.EqualValues(t, 28+16+16+32, s.SentBytes)
		require.EqualValues(t, 5, s.Received)
		require.EqualValues(t, 20+36+40+72, s.ReceivedBytes)

		// What waits in the kernel.
		require.Zero(t, s.QueuedBytes)
		require.Positive(t, s.QueueBytes)
		p.send(from, rawMessage(askType, 0, 0, make([]byte, 1000)))
		s = c.Stats()
		require.Greater(t, s.QueuedBytes, uint64(1000))
		require.LessOrEqual(t, s.QueuedBytes, s.QueueBytes)
		require.EqualValues(t, 5, s.Received)
		m := nextMessage(t, c)
		t.Log(m.Header, c.Stats())
		require.Zero(t, c.Stats().QueuedBytes)

		require.Zero(t, s.Refused+s.Late+s.Malformed+s.Overruns+s.Truncations+s.InterruptedDumps+s.Retries+s.KernelDrops)
		require.NoError(t, c.Close())
		closed := c.Stats()
		require.EqualValues(t, 6, closed.Received, "the counters stay")
		require.Zero(t, closed.Sockets)
	})
}

// The one line of the documentation publishes all of it.
func TestStatsByExpvar(t *testing.T) {
	conn := dialUser(t)
	conn.Port()
	v := expvar.Func(func() any { return conn.Stats() })
	var back Stats
	require.NoError(t, json.Unmarshal([]byte(v.String()), &back))
	require.Equal(t, conn.Stats(), back)
	require.Equal(t, 1, back.Sockets)
}

// What is dropped and lost is logged with the family, at the level that it deserves.
func TestLogger(t *testing.T) {
	var text logged
	p := newPeer(t, unix.NETLINK_USERSOCK)
	logger := WithLogger(slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug})))
	c := dialUser(t, WithAnySender(), WithReadBuffer(8<<20), logger)
	forceSendBuffer(t, p)
	lines := 0
	expect := func(level, words string) {
		t.Helper()
		lines++
		for strings.Count(text.String(), "\n") < lines {
			runtime.Gosched()
		}
		line := strings.Split(text.String(), "\n")[lines-1]
		require.Contains(t, line, "level="+level)
		require.Contains(t, line, words)
		require.Contains(t, line, "family=2")
	}
	ctx, cancel := context.WithCancel(within(t))
	gaveUp := make(chan error)
	go func() {
		_, err := c.Execute(ctx, Request{Type: askType, Port: p.port})
		gaveUp <- err
	}()
	h, from := p.receive()
	cancel()
	require.ErrorIs(t, <-gaveUp, context.Canceled)
	then := func(datagram []byte) {
		p.send(from, datagram)
		p.send(from, rawMessage(askType, 0, 0))
		nextMessage(t, c)
	}
	then(ackOf(h))
	expect("DEBUG", "nobody waits for any more")
	then(ackOf(h)[:20])
	expect("WARN", "no message")
	then(rawMessage(askType, 0, 1, make([]byte, 3<<20)))
	expect("WARN", "too large")

	small := dialUser(t, WithAnySender(), WithReadBuffer(4096), logger)
	joins(t, small, 1)
	for range 200 {
		p.shout(1, rawMessage(askType, 0, 0))
	}
	for _, err := range small.Events(within(t)) {
		if err != nil {
			require.ErrorIs(t, err, ErrOverrun)
			break
		}
	}
	expect("WARN", "receive buffer was full")
}
