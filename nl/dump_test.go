package nl

import (
	"context"
	"encoding/binary"
	"errors"
	"iter"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/testns"
)

// kinds are the ways in which a connection gets along with its sockets.
var kinds = map[string][]Option{"several sockets": nil, "one socket": {WithPort(ownPort)}}

func eachKind(t *testing.T, f func(t *testing.T, c *Conn)) {
	t.Helper()
	for name, options := range kinds {
		t.Run(name, func(t *testing.T) {
			testns.Run(t, func(t *testing.T) {
				c := dial(t, options...)
				setUpLoopback(t, c)
				f(t, c)
			})
		})
	}
}

// another is what to dial a connection of the same kind with, to use beside c.
func another(c *Conn, options ...Option) []Option {
	if c.in.turns != nil {
		options = append(options, WithPort(ownPort+1))
	}
	return options
}

// many is more than one read brings: a dump of it goes on for a while.
const many = 3000

func addMany(t testing.TB, c *Conn, n int) {
	t.Helper()
	_, err := c.Batch(within(t), routes(n))
	require.NoError(t, err)
}

func getLoopback(ctx context.Context, c *Conn) error {
	r, err := c.Execute(ctx, Request{Type: unix.RTM_GETLINK, Payload: linkInfo(loopback, 0, 0)})
	if err == nil && len(r.Messages) != 1 {
		return errors.New("the loopback device has not one message")
	}
	return err
}

// Requests from the loop, and from elsewhere while the loop stands still, are answered; and the dump is whole.
func TestRequestsDuringDump(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		c := dial(t)
		setUpLoopback(t, c)
		addMany(t, c, many)
		n := 0
		for m, err := range c.Dump(within(t), dumpRoutes) {
			require.NoError(t, err)
			if n++; n%100 == 0 {
				before := string(m.Payload)
				require.NoError(t, getLoopback(within(t), c))
				elsewhere := make(chan error)
				for range 8 {
					go func() { elsewhere <- getLoopback(within(t), c) }()
				}
				for range 8 {
					require.NoError(t, <-elsewhere)
				}
				require.Equal(t, before, string(m.Payload), "the message is valid until the next iteration")
			}
		}
		require.Equal(t, many+3, n)
		s := c.Stats()
		require.Zero(t, s.Late+s.Overruns+s.Malformed+s.Refused)
		require.Equal(t, 2, s.Sockets)
	})
}

// Dumps that go on at the same time, a step of each at a time, are all whole.
func TestDumpsAtOnce(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		c := dial(t)
		setUpLoopback(t, c)
		addMany(t, c, many)
		for _, n := range []int{2, 10} {
			counts := make([]int, n)
			next := make([]func() (Message, error, bool), n)
			for i := range next {
				var stop func()
				next[i], stop = iter.Pull2(c.Dump(within(t), dumpRoutes))
				defer stop()
			}
			for left := n; left > 0; {
				for i, f := range next {
					if f == nil {
						continue
					}
					m, err, ok := f()
					require.NoError(t, err)
					if !ok {
						next[i] = nil
						left--
						continue
					}
					require.EqualValues(t, unix.RTM_NEWROUTE, m.Header.Type)
					counts[i]++
				}
			}
			for _, count := range counts {
				require.Equal(t, many+3, count)
			}
			require.LessOrEqual(t, c.Stats().Sockets, 1+maxIdle)
		}
	})
}

// A loop that is left, by whatever way, leaves a connection that works, and nothing for others to stumble over.
func TestLeaveDump(t *testing.T) {
	eachKind(t, func(t *testing.T, c *Conn) {
		addMany(t, c, many)
		ways := []func(stop context.CancelFunc) bool{
			func(context.CancelFunc) bool { return false },
			func(stop context.CancelFunc) bool { stop(); return true },
			func(context.CancelFunc) bool { panic("by panic") },
		}
		for i, way := range ways {
			for _, after := range []int{1, 700, 2500} {
				n := 0
				func() {
					defer func() {
						if v := recover(); i == 2 {
							require.Equal(t, "by panic", v)
						} else {
							require.Nil(t, v)
						}
					}()
					ctx, cancel := context.WithCancel(within(t))
					defer cancel()
					for _, err := range c.Dump(ctx, dumpRoutes) {
						if err != nil {
							require.ErrorIs(t, err, context.Canceled)
							break
						}
						if n++; n == after && !way(cancel) {
							break
						}
					}
				}()
				require.GreaterOrEqual(t, n, after)
				require.NoError(t, getLoopback(within(t), c))
				require.Equal(t, many+3, countRoutes(t, c))
			}
		}
		s := c.Stats()
		require.Zero(t, s.InFlight)
		require.LessOrEqual(t, s.Sockets, 2)
		e := c.in.requests.Load()
		require.Empty(t, e.strangers.queue)
		require.Empty(t, e.givenUp)
		if c.in.turns == nil {
			return
		}
		for _, err := range c.Dump(within(t), dumpRoutes) {
			require.NoError(t, err)
			break
		}
		left := c.Stats().ReceivedBytes - s.ReceivedBytes
		require.Equal(t, many+3, countRoutes(t, c))
		require.Equal(t, left, c.Stats().ReceivedBytes-s.ReceivedBytes-left, "the rest is received, and counted once")
	})
}

// In the loop of its own dump, a connection with one socket says that it is busy; one with several works.
func TestExecuteInDump(t *testing.T) {
	eachKind(t, func(t *testing.T, c *Conn) {
		n := 0
		for _, err := range c.Dump(within(t), dumpRoutes) {
			require.NoError(t, err)
			n++
			err := getLoopback(within(t), c)
			_, dumpErr := c.DumpAll(within(t), dumpRoutes)
			_, batchErr := c.Batch(within(t), []Request{{Type: unix.NLMSG_NOOP}})
			if c.in.turns == nil {
				require.NoError(t, errors.Join(err, dumpErr, batchErr))
				continue
			}
			for _, err := range []error{err, dumpErr, batchErr} {
				require.ErrorIs(t, err, ErrBusy)
				require.ErrorContains(t, err, "WithPort")
				require.NotErrorIs(t, err, ErrUnknownOutcome)
			}
		}
		require.Equal(t, 3, n)
		require.NoError(t, getLoopback(within(t), c))
	})
}

// On a connection with one socket, requests and dumps take turns in the order in which they come: neither keeps the other
// from its turn.
func TestTurnsInOrder(t *testing.T) {
	p := newPeer(t, unix.NETLINK_USERSOCK)
	c := dialUser(t, WithPort(ownPort), WithAnySender())
	results := make(chan error, 3)
	execute := func() {
		_, err := c.Execute(within(t), Request{Type: askType, Port: p.port})
		results <- err
	}
	go execute()
	first, _ := p.receive()
	waiting := func(n int) {
		for {
			c.in.turns.mu.Lock()
			there := len(c.in.turns.waiting)
			c.in.turns.mu.Unlock()
			if there == n {
				return
			}
			runtime.Gosched()
		}
	}
	go func() {
		_, err := c.DumpAll(within(t), Request{Type: askType + 1, Port: p.port})
		results <- err
	}()
	waiting(1)
	go execute()
	waiting(2)
	p.send(c.Port(), ackOf(first))
	second, _ := p.receive()
	require.EqualValues(t, askType+1, second.Type)
	p.send(c.Port(), doneOf(second, 0))
	third, _ := p.receive()
	require.EqualValues(t, askType, third.Type)
	p.send(c.Port(), ackOf(third))
	for range 3 {
		require.NoError(t, <-results)
	}
}

// Whoever waits for a turn can give up, and the next one gets it.
func TestGiveUpTurn(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		c := dial(t, kinds["one socket"]...)
		setUpLoopback(t, c)
		next, stop := iter.Pull2(c.Dump(within(t), dumpRoutes))
		defer stop()
		_, err, _ := next()
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(within(t))
		gaveUp, waits := make(chan error), make(chan error)
		go func() {
			_, err := c.DumpAll(ctx, dumpRoutes)
			gaveUp <- err
		}()
		go func() { waits <- getLoopback(within(t), c) }()
		for waiting := 0; waiting < 2; runtime.Gosched() {
			c.in.turns.mu.Lock()
			waiting = len(c.in.turns.waiting)
			c.in.turns.mu.Unlock()
		}
		cancel()
		err = <-gaveUp
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, ErrUnknownOutcome)
		stop()
		require.NoError(t, <-waits)
	})
}

var dumpAddresses = Request{Type: unix.RTM_GETADDR, Payload: append([]byte{unix.AF_INET}, make([]byte, unix.SizeofIfAddrmsg-1)...)}

// address is an RTM_NEWADDR on the loopback device.
func address(i int) Request {
	b := make([]byte, unix.SizeofIfAddrmsg)
	b[0], b[1] = unix.AF_INET, 32
	binary.NativeEndian.PutUint32(b[4:], loopback)
	e := NewEncoder(b)
	e.Bytes(unix.IFA_LOCAL, nth(i).Addr().AsSlice())
	payload, _ := e.Result()
	return Request{Type: unix.RTM_NEWADDR, Flags: unix.NLM_F_CREATE, Payload: payload}
}

// What the kernel says when something changes while it dumps reaches the loop, a second attempt, or nobody.
func TestInterruptedByChange(t *testing.T) {
	eachKind(t, func(t *testing.T, c *Conn) {
		other := dial(t)
		reqs := make([]Request, 2000)
		for i := range reqs {
			reqs[i] = address(i)
		}
		_, err := other.Batch(within(t), reqs)
		require.NoError(t, err)
		added := len(reqs)
		add := func() {
			_, err := other.Execute(within(t), address(added))
			require.NoError(t, err)
			added++
		}

		n := 0
		for _, err = range c.Dump(within(t), dumpAddresses) {
			if n++; n == 1 {
				add()
			}
		}
		require.ErrorIs(t, err, ErrDumpInterrupted)

		n = 0
		for _, err = range c.Dump(within(t), dumpAddresses, IgnoreInterrupted()) {
			require.NoError(t, err)
			if n++; n == 1 {
				add()
			}
		}
		require.Greater(t, n, 2000)

		n, restarts := 0, 0
		for _, err = range c.Dump(within(t), dumpAddresses, RetryInterrupted(5, func() { n = 0; restarts++ })) {
			require.NoError(t, err)
			if n++; n == 1 && restarts < 2 {
				add()
			}
		}
		require.Equal(t, added+1, n, "those, and 127.0.0.1")
		require.Equal(t, 2, restarts)

		s := c.Stats()
		require.EqualValues(t, 4, s.InterruptedDumps)
		require.EqualValues(t, 2, s.Retries)
	})
}

// A dump holds as much memory of 100,000 routes as of 10,000, and of a million.
func TestDumpMemory(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		sizes := []int{10_000, 100_000, 1_000_000}
		switch {
		case testing.Short():
			sizes = []int{2_000, 20_000}
		case !countsAllocations:
			sizes = sizes[:2]
		}
		c := dial(t, WithReadBuffer(4<<20))
		setUpLoopback(t, c)
		poison.Store(false)
		defer poison.Store(true)
		dumpByConn(c)
		have := 0
		for _, size := range sizes {
			for have < size {
				n := min(size-have, 50_000)
				reqs := make([]Request, n)
				for i := range reqs {
					reqs[i] = route(nth(have + i))
				}
				_, err := c.Batch(context.Background(), reqs)
				require.NoError(t, err)
				have += n
			}
			runtime.GC()
			var before, after runtime.MemStats
			rss := residentBytes(t)
			runtime.ReadMemStats(&before)
			n, _ := dumpByConn(c)
			runtime.ReadMemStats(&after)
			rss = residentBytes(t) - rss
			require.Equal(t, size+3, n)
			allocated := after.TotalAlloc - before.TotalAlloc
			t.Logf("%d routes: %d bytes allocated, resident set %+d bytes", size, allocated, rss)
			if countsAllocations {
				require.Less(t, allocated, uint64(256<<10))
				require.Less(t, rss, 4<<20)
			}
		}
	})
}

// residentBytes is the resident set of the process.
func residentBytes(t testing.TB) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	require.NoError(t, err)
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	require.NoError(t, err)
	return pages * os.Getpagesize()
}

// The pause before another attempt grows to a second or so, however many there are.
func TestBackOff(t *testing.T) {
	for attempt := range 200 {
		d := backOff(attempt)
		require.Positive(t, d)
		require.LessOrEqual(t, d.Seconds(), 1.5)
		if attempt > 10 {
			require.GreaterOrEqual(t, d.Seconds(), 0.5)
		}
	}
	require.Less(t, backOff(0).Milliseconds(), int64(2))
}
