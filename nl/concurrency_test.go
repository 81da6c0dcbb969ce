package nl

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/testns"
)

// Many connections at once, opened, used in every way and closed: each gets its own answers.
func TestManyConnections(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		before := openFiles(t)
		conns := make([]*Conn, 64)
		for i := range conns { // on this thread, which is in the namespace
			c, err := Dial(unix.NETLINK_ROUTE)
			require.NoError(t, err)
			conns[i] = c
		}
		setUpLoopback(t, conns[0])
		var wg sync.WaitGroup
		for g, c := range conns {
			wg.Go(func() {
				for i := range 20 {
					if err := oneOfSeveral(within(t), c, g, i); err != nil {
						t.Error(err)
					}
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.Empty(t, opened(t, before))
	})
}

// Loops that wait end with their context, by a deadline too, and the next one works.
func TestLoopDeadline(t *testing.T) {
	eachUserKind(t, func(t *testing.T, c *Conn, p *peer) {
		joins(t, c, 1)
		for range 3 {
			for name, loop := range map[string]func(context.Context) func(func(Message, error) bool){
				"messages": func(ctx context.Context) func(func(Message, error) bool) { return c.Messages(ctx) },
				"events":   func(ctx context.Context) func(func(Message, error) bool) { return c.Events(ctx) },
			} {
				ctx, cancel := context.WithTimeoutCause(within(t), 5*time.Millisecond, errors.New("no time"))
				n := 0
				for _, err := range loop(ctx) {
					n++
					require.ErrorIs(t, err, context.DeadlineExceeded, name)
					require.ErrorIs(t, err, os.ErrDeadlineExceeded, name)
					require.ErrorContains(t, err, "no time")
					var timeout interface{ Timeout() bool }
					require.ErrorAs(t, err, &timeout)
					require.True(t, timeout.Timeout())
				}
				require.Equal(t, 1, n)
				cancel()
			}
		}
		p.send(c.Port(), rawMessage(askType, 0, 1))
		require.EqualValues(t, 1, nextMessage(t, c).Header.Seq)
		p.shout(1, rawMessage(askType, 0, 2))
		require.EqualValues(t, 2, nextEvent(t, c).Header.Seq)
	})
}
