package nl

import (
	"context"
	"errors"
	"net/netip"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// destinations are those of the routes that there are.
func destinations(t *testing.T, c *Conn) map[netip.Addr]bool {
	t.Helper()
	all := make(map[netip.Addr]bool)
	for m, err := range c.Dump(within(t), dumpRoutes) {
		require.NoError(t, err)
		all[destination(t, m)] = true
	}
	return all
}

// Requests whose answers the kernel had no room for have an unknown outcome; what the others' outcome is said to be, a
// dump agrees with.
func TestBatchLosesAnswers(t *testing.T) {
	eachKind(t, func(t *testing.T, c *Conn) {
		small := dial(t, another(c, WithReadBuffer(32<<10))...)
		addMany(t, c, 1000)
		var reqs []Request
		for i := range 3000 {
			reqs = append(reqs, route(nth(i)), // the first 1,000 of them are there already
				Request{Type: unix.RTM_GETLINK, Payload: linkInfo(loopback, 0, 0)}) // much answer
		}
		results, err := small.Batch(within(t), reqs)
		var be *BatchError
		require.ErrorAs(t, err, &be)
		require.Positive(t, be.Unknown)
		require.Positive(t, be.Failed)
		require.Positive(t, countNil(results))
		require.Equal(t, len(reqs), be.Unknown+be.Failed+countNil(results))
		there := destinations(t, c)
		for i := range len(reqs) / 2 {
			err := results[2*i]
			switch {
			case i < 1000:
				require.Error(t, err, "the route was there before")
				require.True(t, errors.Is(err, unix.EEXIST) || errors.Is(err, ErrUnknownOutcome), err)
			case err == nil:
				require.True(t, there[nth(i).Addr()])
			default:
				require.ErrorIs(t, err, ErrUnknownOutcome)
				require.ErrorIs(t, err, ErrOverrun)
				require.True(t, there[nth(i).Addr()], "the kernel has carried it out even so")
			}
		}
		require.Positive(t, small.Stats().Overruns)

		results, err = small.Batch(within(t), []Request{{Type: unix.NLMSG_NOOP}, {Type: unix.NLMSG_NOOP}})
		require.NoError(t, err, results)
		_, err = small.Execute(within(t), Request{Type: unix.NLMSG_NOOP})
		require.NoError(t, err)
	})
}

// When a batch is given up, those that were answered have their outcome, those on the way an unknown one, and the rest
// were not sent. The answers that come later are for nobody.
func TestBatchGivenUp(t *testing.T) {
	eachUserKind(t, func(t *testing.T, c *Conn, p *peer) {
		c = dialUser(t, another(c, WithSenders(p.port), WithReadBuffer(4096))...)
		reqs := make([]Request, 100)
		for i := range reqs {
			reqs[i] = Request{Type: askType, Port: p.port}
		}
		ctx, cancel := context.WithCancel(within(t))
		type outcome struct {
			results []error
			err     error
		}
		done := make(chan outcome)
		go func() {
			results, err := c.Batch(ctx, reqs)
			done <- outcome{results, err}
		}()
		h, from := p.receive()
		at := func(i int) Header { return Header{Type: askType, Seq: h.Seq + uint32(i)} }
		p.send(from, ackOf(at(0)), refusalOf(at(2), unix.EPERM))
		for c.Stats().Received == 0 {
			runtime.Gosched()
		}
		cancel()
		o := <-done
		require.ErrorIs(t, o.results[2], unix.EPERM)
		require.NoError(t, o.results[0])
		require.ErrorIs(t, o.results[1], ErrUnknownOutcome)
		require.ErrorIs(t, o.results[1], context.Canceled)
		require.NotErrorIs(t, o.results[1], ErrNotSent)
		require.ErrorIs(t, o.results[99], ErrNotSent)
		require.NotErrorIs(t, o.results[99], ErrUnknownOutcome)
		var be *BatchError
		require.ErrorAs(t, o.err, &be)
		require.Equal(t, 1, be.Failed)
		require.Positive(t, be.Unknown)
		require.Positive(t, be.NotSent)
		require.Equal(t, 100, 1+be.Failed+be.Unknown+be.NotSent)
		require.Equal(t, 1, be.First)

		if c.in.turns != nil {
			p.send(from, ackOf(at(1)), ackOf(at(3)))
		}
		answered := make(chan error)
		go func() {
			_, err := c.Execute(within(t), Request{Type: askType, Port: p.port})
			answered <- err
		}()
		h, from = p.receive()
		p.send(from, ackOf(h))
		require.NoError(t, <-answered)
		if c.in.turns != nil {
			require.EqualValues(t, 2, c.Stats().Late)
			require.Empty(t, c.in.requests.Load().strangers.queue)
		}
	})
}

// Batches, dumps and requests at once: none loses an answer to another.
func TestBatchesAtOnce(t *testing.T) {
	eachKind(t, func(t *testing.T, c *Conn) {
		const batches, each = 6, 800
		var wg sync.WaitGroup
		for g := range batches {
			wg.Go(func() {
				reqs := make([]Request, each)
				for i := range reqs {
					reqs[i] = route(nth(g*each + i))
				}
				reqs[each/2].Payload = []byte{unix.AF_INET}
				results, err := c.Batch(within(t), reqs)
				var be *BatchError
				if !errors.As(err, &be) || be.Failed != 1 || be.First != each/2 || countNil(results) != each-1 {
					t.Error(err)
				}
			})
			wg.Go(func() {
				for range rounds(10) {
					for _, err := range c.Dump(within(t), dumpRoutes) {
						if err != nil {
							t.Error(err)
						}
					}
					if err := getLoopback(within(t), c); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		require.Equal(t, batches*(each-1)+3, countRoutes(t, c))
		s := c.Stats()
		require.Zero(t, s.Late+s.Overruns)
		require.Zero(t, s.InFlight)
	})
}
