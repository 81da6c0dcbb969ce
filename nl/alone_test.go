package nl

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/testns"
)

// On a connection with one socket, a dump takes the reading over from whoever waits, also from somebody who was to read
// next and has not come to it yet.
func TestDumpBesideLoops(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		c := dial(t, WithPort(ownPort))
		setUpLoopback(t, c)
		addRoutes(t, c, 2000) // more than one read brings
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() {
			for _, err := range c.Messages(ctx) {
				if !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for _, err := range c.Events(ctx) {
				if !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}
		})
		done := within(t)
		rounds := 300
		if testing.Short() {
			rounds = 30
		}
		for range rounds {
			n := 0
			for _, err := range c.Dump(done, dumpRoutes) {
				require.NoError(t, err)
				n++
			}
			require.Equal(t, 2000+3, n)
		}
		cancel()
		wg.Wait()
	})
}

// A dump that is given up before it could begin leaves somebody reading.
func TestDumpGivenUpBesideLoop(t *testing.T) {
	c := dialUser(t, WithPort(ownPort), WithAnySender())
	peer := dialUser(t, WithAnySender())
	ctx, cancel := context.WithCancel(within(t))
	defer cancel()
	got := make(chan uint32)
	var wg sync.WaitGroup
	wg.Go(func() {
		for m, err := range c.Messages(ctx) {
			if err == nil {
				got <- m.Header.Seq
			}
		}
	})
	for i := range uint32(rounds(200)) {
		seize(t, c.in.requests.Load())
		require.NoError(t, peer.Send(within(t), Message{Header: Header{Type: askType, Seq: i + 1}}, To(ownPort, 0)))
		select {
		case seq := <-got:
			require.Equal(t, i+1, seq)
		case <-within(t).Done():
			t.Fatal("nobody reads")
		}
	}
	cancel()
	wg.Wait()
}

// A dump whose context ends while it waits for more leaves nothing running in the kernel that the next one would run into.
func TestDumpAfterCancelledDump(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		c := dial(t, WithPort(4251))
		setUpLoopback(t, c)
		addRoutes(t, c, 4000) // more than the kernel has ready at once
		for range rounds(20) {
			ctx, cancel := context.WithCancel(within(t))
			var last error
			for _, err := range c.Dump(ctx, dumpRoutes) {
				cancel()
				last = err
			}
			cancel()
			if last != nil {
				require.ErrorIs(t, last, context.Canceled)
			}
			require.Equal(t, 4000+3, countRoutes(t, c))
		}
	})
}

// A loop over messages that a panic ends has seen the one that it was at, and no other.
func TestPanicInMessages(t *testing.T) {
	c := dialUser(t, WithAnySender())
	peer := dialUser(t, WithAnySender())
	const n = 20
	for i := range uint32(n) {
		require.NoError(t, peer.Send(within(t), Message{Header: Header{Type: askType, Seq: i + 1}}, To(c.Port(), 0)))
	}
	for i := range uint32(n) {
		func() {
			defer func() { require.Equal(t, i+1, recover()) }()
			for m, err := range c.Messages(within(t)) {
				require.NoError(t, err)
				panic(m.Header.Seq)
			}
		}()
	}
}

// A loop over what a connection's only socket receives, in the loop of a dump that reads alone, would wait for itself.
func TestLoopInDump(t *testing.T) {
	c := dial(t, WithPort(ownPort))
	for _, err := range c.Dump(within(t), Request{Type: unix.RTM_GETLINK, Payload: linkInfo(0, 0, 0)}) {
		require.NoError(t, err)
		for _, err := range c.Events(within(t)) {
			require.ErrorIs(t, err, ErrBusy)
		}
		for _, err := range c.Messages(within(t)) {
			require.ErrorIs(t, err, ErrBusy)
		}
	}
}

// untilAlone is a context that ends as soon as nobody reads from the endpoint any more.
type untilAlone struct {
	context.Context
	e     *endpoint
	ended bool
}

func (c *untilAlone) Done() <-chan struct{} {
	closed := make(chan struct{})
	close(closed)
	return closed
}

func (c *untilAlone) Err() error {
	if c.ended = c.ended || c.e.leader == nil; c.ended {
		return context.Canceled
	}
	return nil
}

// seize has somebody take the reading over from somebody else, and give up at the moment at which it is his.
func seize(t *testing.T, e *endpoint) {
	for reads := false; !reads; runtime.Gosched() {
		e.mu.Lock()
		reads = e.leader != nil
		e.mu.Unlock()
	}
	w := newWaiter()
	require.ErrorIs(t, e.takeOver(&untilAlone{Context: context.Background(), e: e}, &w), context.Canceled)
}
