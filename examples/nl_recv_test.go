//go:build linux

package examples_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/internal/testns"
)

const greeting = "Received message payload: Greeting from kernel!"

// eachNlRecv runs a test with the program on package libnl, and with that on package nl.
func eachNlRecv(t *testing.T, f func(t *testing.T, nlRecv string)) {
	for _, program := range []string{"nl_recv", "nl_recv-nl"} {
		t.Run(program, func(t *testing.T) {
			testns.Run(t, func(t *testing.T) { f(t, program) })
		})
	}
}

func TestNlRecv(t *testing.T) {
	eachNlRecv(t, func(t *testing.T, nlRecv string) {
		p := start(t, nlRecv, "-standin=period_ms=20", "-n", "2")
		p.Ends(0, standin("nl_greeting"), "Waiting for message from kernel", greeting, greeting)
	})
}

// Both of two receive, and the second goes on when the first, which plays the module, is gone.
func TestNlRecvTwice(t *testing.T) {
	eachNlRecv(t, func(t *testing.T, nlRecv string) {
		first := start(t, nlRecv, "-standin=period_ms=20", "-n", "0")
		first.Says(standin("nl_greeting"), "Waiting for message from kernel", greeting)
		// This one, should it play at all, greets once and never again.
		second := start(t, nlRecv, "-standin=period_ms=0", "-n", "0")
		second.Says(standin("nl_greeting"), "Waiting for message from kernel", greeting, greeting)
		first.Says(greeting, greeting)
		third := start(t, nlRecv, "-standin=period_ms=20", "-n", "0")
		third.Says(standin("nl_greeting"), "Waiting for message from kernel", greeting)
		second.Kill()
		first.Kill()
		for range 100 { // more than can have been on its way
			third.Says(greeting)
		}
	})
}

func TestNlRecvErrors(t *testing.T) {
	eachNlRecv(t, func(t *testing.T, nlRecv string) {
		err := start(t, nlRecv).Ends(1)
		require.Contains(t, err, "no module serves netlink protocol 28: load nl_greeting (see kmod/README.md), or run this with -standin")

		err = start(t, nlRecv, "-standin=perod_ms=1").Ends(1, standin("nl_greeting"))
		require.Contains(t, err, `"perod_ms=1" is no parameter of nl_greeting with a number`)

		// A protocol that is served, where the group has nothing to say.
		err = start(t, nlRecv, "-protocol", "2", "-patience", "500ms").Ends(1, "Waiting for message from kernel")
		require.Contains(t, err, "nothing came for 500ms")
	})
}
