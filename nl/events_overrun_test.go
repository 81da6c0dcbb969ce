package nl

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/testns"
)

// What is in the buffer when it overruns is older than what is lost: it comes before the loop is told to read all anew.
func TestOverrunComesAfterWhatIsOlder(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		const routes = 500
		changer := dial(t)
		setUpLoopback(t, changer)
		follower := dial(t, WithReadBuffer(16<<10))
		require.NoError(t, follower.Join(unix.RTNLGRP_IPV4_ROUTE))
		add := func(i int) {
			_, err := changer.Execute(within(t), route(nth(i)))
			require.NoError(t, err)
		}
		for i := range routes {
			add(i)
		}
		next, overruns := 0, 0
		for m, err := range follower.Events(within(t)) {
			if overruns > 0 {
				require.NoError(t, err)
				require.Equal(t, nth(routes).Addr(), destination(t, m))
				break
			}
			if err != nil {
				require.ErrorIs(t, err, ErrOverrun)
				overruns++
				add(routes)
				continue
			}
			require.Equal(t, nth(next).Addr(), destination(t, m))
			next++
		}
		require.Equal(t, 1, overruns)
		require.Greater(t, next, 10)
		require.Less(t, next, routes)
		require.EqualValues(t, 1, follower.Stats().Overruns)
	})
}

// destination is where a route leads to.
func destination(t *testing.T, m Message) netip.Addr {
	t.Helper()
	for a, err := range m.Attributes(unix.SizeofRtMsg) {
		require.NoError(t, err)
		if a.Type == unix.RTA_DST {
			addr, err := a.Addr()
			require.NoError(t, err)
			return addr
		}
	}
	require.Fail(t, "no destination")
	return netip.Addr{}
}
