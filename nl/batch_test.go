package nl

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/testns"
)

func routes(n int) []Request {
	reqs := make([]Request, n)
	for i := range reqs {
		reqs[i] = route(nth(i))
	}
	return reqs
}

func countRoutes(t testing.TB, c *Conn) int {
	t.Helper()
	n := 0
	for _, err := range c.Dump(within(t), dumpRoutes) {
		require.NoError(t, err)
		n++
	}
	return n
}

// Each of many requests has its outcome, however small the buffer, and the kernel agrees.
func TestBatchWithSmallBuffer(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		c := dial(t, WithReadBuffer(4096))
		setUpLoopback(t, c)
		before := countRoutes(t, c)
		n := 50000
		if testing.Short() {
			n = 5000
		}
		results, err := c.Batch(within(t), routes(n))
		require.NoError(t, err)
		require.Len(t, results, n)
		for _, err := range results {
			require.NoError(t, err)
		}
		require.Equal(t, n, countRoutes(t, c)-before)
		s := c.Stats()
		require.Zero(t, s.Overruns)
		require.Zero(t, s.InFlight)

		results, err = c.Batch(within(t), routes(1000))
		require.ErrorIs(t, err, unix.EEXIST)
		var be *BatchError
		require.ErrorAs(t, err, &be)
		require.Equal(t, 1000, be.Failed)
		for _, err := range results {
			require.ErrorIs(t, err, os.ErrExist)
		}
		require.Zero(t, c.Stats().Overruns)
	})
}

// What is wrong with one is no harm to the rest.
func TestBatchWithBadRequests(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		const nobody = 4294967295
		c := dial(t, WithSenders(nobody))
		setUpLoopback(t, c)
		before := countRoutes(t, c)
		reqs := routes(1000)
		reqs[100].Payload = []byte{unix.AF_INET}
		reqs[200].Payload[1] = 33 // bits of the prefix
		reqs[300] = Request{Type: 4711}
		reqs[400].Payload = make([]byte, 8<<20) // more than any send buffer
		reqs[500].Port = nobody
		reqs[600].Port = 5 // whose answer would be dropped
		results, err := c.Batch(within(t), reqs)
		require.Error(t, err)
		for i, err := range results {
			switch i {
			case 100, 200:
				require.ErrorIs(t, err, unix.EINVAL, i)
			case 300:
				require.ErrorIs(t, err, unix.EOPNOTSUPP)
			case 400:
				require.ErrorIs(t, err, unix.EMSGSIZE)
			case 500:
				require.ErrorIs(t, err, unix.ECONNREFUSED)
			case 600:
				require.ErrorContains(t, err, "WithSenders")
			default:
				require.NoError(t, err, i)
			}
		}
		require.Equal(t, 994, countRoutes(t, c)-before)
	})
}

func TestBatchStops(t *testing.T) {
	for _, options := range [][]Option{{WithReadBuffer(4096)}, {WithReadBuffer(4096), WithPort(ownPort)}} {
		testns.Run(t, func(t *testing.T) {
			c := dial(t, options...)
			setUpLoopback(t, c)
			reqs := routes(10000)
			reqs[50].Payload = []byte{unix.AF_INET}
			results, err := c.Batch(within(t), reqs, StopOnError())
			var be *BatchError
			require.ErrorAs(t, err, &be)
			require.Equal(t, 50, be.First)
			require.Positive(t, be.NotSent)
			require.ErrorIs(t, results[len(results)-1], ErrNotSent)
			for i, err := range results {
				if i != 50 && err != nil {
					require.ErrorIs(t, err, ErrNotSent)
				}
			}
			require.Equal(t, 10000, be.NotSent+be.Failed+countNil(results))

			ctx, cancel := context.WithCancel(within(t))
			cancel()
			results, err = c.Batch(ctx, reqs)
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorIs(t, results[0], ErrNotSent)
		})
	}
}

func countNil(errs []error) (n int) {
	for _, err := range errs {
		if err == nil {
			n++
		}
	}
	return n
}

// The outcome of each is its own, whichever fail, though few are acknowledged; dumps and requests that ask for their
// acknowledgement themselves may be among them.
func TestBatchOutcomes(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		c := dial(t, WithReadBuffer(32<<10))
		setUpLoopback(t, c)
		for round, bad := range []func(i int) bool{
			func(int) bool { return true },
			func(i int) bool { return i%ackEvery == ackEvery-1 },
			func(i int) bool { return i%ackEvery != ackEvery-1 },
			func(i int) bool { return i%7 == 0 || i%13 < 3 },
			func(i int) bool { return i == 499 },
		} {
			before := countRoutes(t, c)
			var reqs []Request
			good := 0
			for i := range 500 {
				req := route(nth(500*round + i))
				switch {
				case bad(i):
					req.Payload[1] = 33 // bits of the prefix
				case i%50 == 20:
					req = dumpRoutes
					req.Flags = unix.NLM_F_DUMP
				default:
					good++
				}
				if i%5 == 0 {
					req.Flags |= unix.NLM_F_ACK
				}
				reqs = append(reqs, req)
			}
			results, err := c.Batch(within(t), reqs)
			require.Error(t, err)
			for i, err := range results {
				switch {
				case bad(i):
					require.ErrorIs(t, err, unix.EINVAL, i)
				case reqs[i].Type == unix.RTM_GETROUTE && errors.Is(err, unix.EBUSY):
					// another dump was running
				default:
					require.NoError(t, err, i)
				}
			}
			require.Equal(t, good, countRoutes(t, c)-before)
			require.Zero(t, c.Stats().Overruns)
		}
	})
}

// The end of a dump tells nothing of the requests before it, not even at the end of a batch.
func TestBatchEndsWithDump(t *testing.T) {
	eachKind(t, func(t *testing.T, c *Conn) {
		before := countRoutes(t, c)
		dump := dumpRoutes
		dump.Flags = unix.NLM_F_DUMP
		results, err := c.Batch(within(t), append(routes(3), dump))
		require.NoError(t, err, results)
		require.Equal(t, 3, countRoutes(t, c)-before)
	})
}

// What a dump brings takes room too, beside the refusals of all the others.
func TestBatchOfDumpsAndRefusals(t *testing.T) {
	eachKind(t, func(t *testing.T, c *Conn) {
		small := dial(t, another(c, WithReadBuffer(32<<10))...)
		addMany(t, c, 1000)
		reqs := routes(500)
		for i := range reqs {
			reqs[i].Payload[1] = 33 // bits of the prefix
			if i%40 == 0 {
				reqs[i] = dumpRoutes
				reqs[i].Flags = unix.NLM_F_DUMP
			}
		}
		results, err := small.Batch(within(t), reqs)
		require.Error(t, err)
		for i, err := range results {
			if i%40 != 0 {
				require.ErrorIs(t, err, unix.EINVAL, i)
			} else if !errors.Is(err, unix.EBUSY) { // another dump was running
				require.NoError(t, err, i)
			}
		}
		require.Zero(t, small.Stats().Overruns)
	})
}

// The kernel sends a request that it refuses back, whatever its size.
func TestBatchOfLargeRefusals(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		c := dial(t, WithReadBuffer(32<<10))
		for n := 64; n <= 8<<10; n += n / 4 &^ 3 {
			reqs := routes(200)
			for i := range reqs {
				reqs[i].Payload = append(reqs[i].Payload, make([]byte, n)...)
				reqs[i].Payload[1] = 33 // bits of the prefix
			}
			results, err := c.Batch(within(t), reqs)
			require.Error(t, err)
			for i, err := range results {
				require.ErrorIs(t, err, unix.EINVAL, i)
			}
			require.Zero(t, c.Stats().Overruns, n)
		}
	})
}
