package nl

import (
	"iter"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// The poller hears of a socket when somebody has to wait, and not before.
func TestWaitsOnDemand(t *testing.T) {
	before := openFiles(t)
	c := dial(t)
	for range 3 {
		_, err := c.Execute(within(t), Request{Type: unix.NLMSG_NOOP})
		require.NoError(t, err)
	}
	require.Len(t, opened(t, before), 1)
	require.NoError(t, c.Close())
	require.Empty(t, opened(t, before))
}

// With no descriptor left to wait with, whoever has to wait gets an error; once there are some, all goes on.
func TestNothingToWaitWith(t *testing.T) {
	eachUserKind(t, func(t *testing.T, c *Conn, p *peer) {
		ask := Request{Type: askType, Port: p.port}
		loops := map[string]func() iter.Seq2[Message, error]{
			"events":   func() iter.Seq2[Message, error] { return c.Events(within(t)) },
			"messages": func() iter.Seq2[Message, error] { return c.Messages(within(t)) },
			"dump":     func() iter.Seq2[Message, error] { return c.Dump(within(t), ask) },
			"execute": func() iter.Seq2[Message, error] {
				_, err := c.Execute(within(t), ask)
				return func(yield func(Message, error) bool) { yield(Message{}, err) }
			},
		}
		var limit unix.Rlimit
		require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
		require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: limit.Max}))
		seen := map[string][]error{}
		for name, loop := range loops {
			for _, err := range loop() {
				seen[name] = append(seen[name], err)
			}
		}
		require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
		for name := range loops {
			require.Len(t, seen[name], 1, name)
			require.ErrorIs(t, seen[name][0], unix.EMFILE, name)
			require.ErrorContains(t, seen[name][0], "too many open files", name)
		}

		joins(t, c, 1)
		p.shout(1, rawMessage(askType, 0, 2))
		require.EqualValues(t, 2, nextEvent(t, c).Header.Seq)
		p.send(c.Port(), rawMessage(askType, 0, 1))
		require.EqualValues(t, 1, nextMessage(t, c).Header.Seq)
	})
}
