package nl

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/testns"
)

// silent is a socket that anybody may ask and that never answers.
func silent(t testing.TB) uint32 {
	t.Helper()
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_USERSOCK)
	require.NoError(t, err)
	t.Cleanup(func() { _ = unix.Close(fd) })
	require.NoError(t, unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}))
	sa, err := unix.Getsockname(fd)
	require.NoError(t, err)
	return sa.(*unix.SockaddrNetlink).Pid
}

func dialUser(t testing.TB, options ...Option) *Conn {
	t.Helper()
	c, err := Dial(unix.NETLINK_USERSOCK, options...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

const askType = unix.NLMSG_MIN_TYPE + 1

// Many goroutines, one connection: each gets its own answer, by its own kind of request.
func TestExecuteFromManyGoroutines(t *testing.T) {
	for _, options := range [][]Option{nil, {WithPort(ownPort)}} {
		testns.Run(t, func(t *testing.T) {
			c := dial(t, options...)
			setUpLoopback(t, c)
			var wg sync.WaitGroup
			for g := range 64 {
				wg.Go(func() {
					for i := range rounds(30) {
						if err := oneOfSeveral(within(t), c, g, i); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			require.Zero(t, c.Stats().InFlight)
			require.Zero(t, c.Stats().Late)
		})
	}
}

func oneOfSeveral(ctx context.Context, c *Conn, g, i int) error {
	switch (g + i) % 4 {
	case 0:
		r, err := c.Execute(ctx, Request{Type: unix.RTM_GETLINK, Payload: linkInfo(loopback, 0, 0)})
		if err != nil || len(r.Messages) != 1 {
			return fmt.Errorf("%d messages, %w", len(r.Messages), err)
		}
	case 1:
		index := 1000*g + i + 2
		_, err := c.Execute(ctx, Request{Type: unix.RTM_GETLINK, Payload: linkInfo(index, 0, 0)})
		if !errors.Is(err, unix.ENODEV) {
			return fmt.Errorf("link %d: %w", index, err)
		}
	case 2:
		if _, err := c.Execute(ctx, route(nth(1000*g+i))); err != nil && !errors.Is(err, unix.EEXIST) {
			return err
		}
	case 3:
		for m, err := range c.Dump(ctx, Request{Type: unix.RTM_GETLINK, Payload: linkInfo(0, 0, 0)}) {
			if err != nil {
				return err
			}
			if m.Header.Type != unix.RTM_NEWLINK {
				return fmt.Errorf("a dump of links brought type %d", m.Header.Type)
			}
		}
	}
	return nil
}

// A context that ends takes its own request along, and nobody else's; the answer that comes later is dropped.
func TestCancel(t *testing.T) {
	c := dialUser(t, WithAnySender())
	peer := dialUser(t, WithAnySender())

	done := make(chan error)
	go func() {
		_, err := c.Execute(within(t), Request{Type: askType, Port: peer.Port()})
		done <- err
	}()
	ctx, cancel := context.WithCancel(within(t))
	canceled := make(chan error)
	go func() {
		_, err := c.Execute(ctx, Request{Type: askType, Port: peer.Port()})
		canceled <- err
	}()
	var asked []Message
	for m, err := range peer.Messages(within(t)) {
		require.NoError(t, err)
		if asked = append(asked, m.Clone()); len(asked) == 2 {
			break
		}
	}
	cancel()
	err := <-canceled
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, ErrUnknownOutcome)
	require.Equal(t, 1, c.Stats().InFlight)
	for _, m := range asked {
		require.NoError(t, m.Ack(within(t)))
	}
	require.NoError(t, <-done)
	_, err = c.Execute(within(t), Request{Type: unix.NLMSG_NOOP, Port: peerThatAcks(t)})
	require.NoError(t, err)
	require.EqualValues(t, 1, c.Stats().Late)
}

// peerThatAcks answers one request.
func peerThatAcks(t testing.TB) uint32 {
	t.Helper()
	peer := dialUser(t, WithAnySender())
	go func() {
		for m, err := range peer.Messages(within(t)) {
			if err != nil || m.Ack(within(t)) != nil {
				t.Error("the peer could not answer", err)
			}
			return
		}
	}()
	return peer.Port()
}

func TestDeadline(t *testing.T) {
	port := silent(t)
	c := dialUser(t, WithSenders(port))
	goroutines := runtime.NumGoroutine()
	for range 20 {
		ctx, cancel := context.WithTimeoutCause(within(t), 50*time.Millisecond, errors.New("too slow"))
		_, err := c.Execute(ctx, Request{Type: askType, Port: port})
		cancel()
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.ErrorIs(t, err, ErrUnknownOutcome)
		require.ErrorContains(t, err, "too slow")
	}
	require.Zero(t, c.Stats().InFlight)
	require.LessOrEqual(t, runtime.NumGoroutine(), goroutines+2)
	ctx, cancel := context.WithCancel(within(t))
	cancel()
	_, err := c.Execute(ctx, Request{Type: askType, Port: port})
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, ErrUnknownOutcome, "it was never sent")
}

// Whoever stops waiting hands the reading on to somebody who still does.
func TestLeaderLeaves(t *testing.T) {
	c := dialUser(t, WithAnySender())
	peer := dialUser(t, WithAnySender())
	port := silent(t)
	for range 50 {
		ctx, cancel := context.WithCancel(within(t))
		t.Cleanup(cancel)
		left := make(chan struct{})
		go func() {
			defer close(left)
			_, err := c.Execute(ctx, Request{Type: askType, Port: port})
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}()
		for c.Stats().InFlight != 1 {
			runtime.Gosched()
		}
		answered := make(chan error)
		go func() {
			_, err := c.Execute(within(t), Request{Type: askType, Port: peer.Port()})
			answered <- err
		}()
		for m, err := range peer.Messages(within(t)) {
			require.NoError(t, err)
			cancel()
			<-left
			require.NoError(t, m.Ack(within(t)))
			break
		}
		require.NoError(t, <-answered)
	}
}

func TestCloseWakesAll(t *testing.T) {
	port := silent(t)
	for _, options := range [][]Option{nil, {WithPort(ownPort)}} {
		c := dialUser(t, append(options, WithSenders(port))...)
		var wg sync.WaitGroup
		var closed atomic.Int32
		for i := range 100 {
			wg.Go(func() {
				var err error
				switch {
				case i == 0:
					for _, err = range c.Messages(context.Background()) {
					}
				case i == 1:
					for _, err = range c.Events(context.Background()) {
					}
				case i < 10 && options == nil:
					for _, err = range c.Dump(context.Background(), Request{Type: askType, Port: port}) {
					}
				default:
					_, err = c.Execute(context.Background(), Request{Type: askType, Port: port})
				}
				if errors.Is(err, net.ErrClosed) {
					closed.Add(1)
				} else {
					t.Error(err)
				}
			})
		}
		for c.Stats().InFlight < 80 {
			runtime.Gosched()
		}
		require.NoError(t, c.Close())
		wg.Wait()
		require.EqualValues(t, 100, closed.Load())
	}
}

// Closing while others use the connection in every way ends them, whatever they are at.
func TestCloseAtAnyTime(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		for round := range rounds(40) {
			i := round * 40 / rounds(40)
			c := dial(t)
			var wg sync.WaitGroup
			for g := range 8 {
				wg.Go(func() {
					for j := 0; ; j++ {
						err := oneOfSeveral(context.Background(), c, g, j)
						if errors.Is(err, net.ErrClosed) {
							return
						}
					}
				})
			}
			for range i * 20 {
				runtime.Gosched()
			}
			require.NoError(t, c.Close())
			wg.Wait()
		}
	})
}

func TestNilAndClosed(t *testing.T) {
	var none *Conn
	closed := dialUser(t)
	require.NoError(t, closed.Close())
	for _, c := range []*Conn{none, {}, closed} {
		ctx := within(t)
		_, err := c.Execute(ctx, Request{})
		require.ErrorIs(t, err, net.ErrClosed)
		_, err = c.Batch(ctx, []Request{{}})
		require.ErrorIs(t, err, net.ErrClosed)
		require.ErrorIs(t, c.Join(1), net.ErrClosed)
		require.ErrorIs(t, c.Leave(1), net.ErrClosed)
		require.ErrorIs(t, c.Send(ctx, Message{}, To(0, 0)), net.ErrClosed)
		_, err = c.ReadBuffer()
		require.ErrorIs(t, err, net.ErrClosed)
		require.Zero(t, c.Port())
		_, err = c.DumpAll(ctx, Request{})
		require.ErrorIs(t, err, net.ErrClosed)
		for _, err := range c.Events(ctx) {
			require.ErrorIs(t, err, net.ErrClosed)
		}
		for _, err := range c.Messages(ctx) {
			require.ErrorIs(t, err, net.ErrClosed)
		}
		require.Zero(t, c.Stats().Sockets)
		require.NoError(t, c.Close())
	}
}

// A connection that the program has lost is closed, in the end.
func TestBackstop(t *testing.T) {
	before := backstops.Load()
	func() {
		_, err := Dial(unix.NETLINK_USERSOCK)
		require.NoError(t, err)
	}()
	for range 1000 {
		if runtime.GC(); backstops.Load() != before {
			break
		}
		time.Sleep(time.Millisecond)
	}
	require.Equal(t, before+1, backstops.Load())
	backstops.Store(before)
}

func TestAllocations(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		c := dial(t)
		noop := Request{Type: unix.NLMSG_NOOP}
		execute := func(ctx context.Context) func() {
			return func() {
				if _, err := c.Execute(ctx, noop); err != nil {
					t.Error(err)
				}
			}
		}
		background := testing.AllocsPerRun(1000, execute(context.Background()))
		cancellable := testing.AllocsPerRun(1000, execute(within(t)))
		setUpLoopback(t, c)
		addRoutes(t, c, 2000)
		poison.Store(false)
		defer poison.Store(true)
		dump := testing.AllocsPerRun(20, func() {
			n, _ := dumpByConn(c)
			require.Equal(t, 2000+3, n)
		})
		if countsAllocations {
			require.Zero(t, int(background))
			require.LessOrEqual(t, int(cancellable), 4)
			require.LessOrEqual(t, int(dump), 10)
		}
	})
}

// Many goroutines that ask for large answers at once do not overrun a small buffer: there is always room for the answers.
func TestManyLargeAnswers(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		c := dial(t, WithReadBuffer(32<<10))
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				for range rounds(100) {
					if _, err := c.Execute(within(t), Request{Type: unix.RTM_GETLINK, Payload: linkInfo(loopback, 0, 0)}); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		require.Zero(t, c.Stats().Overruns)
	})
}

// As many requests are with the kernel at a time as the read buffer has room for their answers.
func TestRoomForAnswers(t *testing.T) {
	for _, size := range []int{1, 20_000, 1 << 20, 64 << 20} {
		c := dialUser(t, WithReadBuffer(size))
		got, err := c.ReadBuffer()
		require.NoError(t, err)
		c.Port()
		require.Equal(t, min(max(got/perAnswer, 1), 1024), c.in.requests.Load().room)
	}
}

// Whoever waits for room is woken by Close, and leaves with the context.
func TestWaitingForRoom(t *testing.T) {
	c := dialUser(t, WithReadBuffer(4096))
	e, err := c.in.requestEndpoint()
	require.NoError(t, err)
	defer e.leave()
	e.mu.Lock()
	for e.room > 0 {
		require.NoError(t, e.admit(within(t)))
	}
	e.mu.Unlock()
	ctx, cancel := context.WithCancel(within(t))
	failed := make(chan error)
	execute := func(ctx context.Context) {
		_, err := c.Execute(ctx, Request{Type: askType})
		failed <- err
	}
	go execute(ctx)
	cancel()
	err = <-failed
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, ErrUnknownOutcome)
	go execute(within(t))
	require.NoError(t, c.Close())
	require.ErrorIs(t, <-failed, net.ErrClosed)
}
