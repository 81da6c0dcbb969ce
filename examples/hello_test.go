//go:build linux

package examples_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/internal/testns"
)

const answer = "Received message: I am from kernel!"

// eachHello runs a test with the program on package libnl, and with that on package nl.
func eachHello(t *testing.T, f func(t *testing.T, hello string)) {
	for _, program := range []string{"hello", "hello-nl"} {
		t.Run(program, func(t *testing.T) {
			testns.Run(t, func(t *testing.T) { f(t, program) })
		})
	}
}

// By nl_send_auto and nl_recvmsgs, and by nl_sendto and nl_recv, it is the same.
func TestHello(t *testing.T) {
	eachHello(t, func(t *testing.T, hello string) {
		for _, args := range [][]string{{}, {"-raw"}} {
			p := start(t, hello, append(args, "-standin=period_ms=1")...)
			p.Says(standin("nl_hello"), "Sending from port 100: Hello you!")
			for range 10 {
				p.Says(answer)
			}
			p.Logs("(stand-in) nl_hello: port 100 says: Hello you!")
			p.Ends(0)
		}
	})
}

func TestHelloPortTaken(t *testing.T) {
	eachHello(t, func(t *testing.T, hello string) {
		first := start(t, hello, "-standin=to_port=0", "-listen")
		first.Says(standin("nl_hello"), "Waiting for a message to port 100")

		err := start(t, hello, "-standin").Ends(1, standin("nl_hello"))
		require.Contains(t, err, "port 100 is taken: address already in use")
		require.Contains(t, err, "SO_REUSEADDR does not help (tried: address already in use)")
		require.Contains(t, err, "-port 0 takes a port that is free")

		p := start(t, hello, "-standin", "-port", "0", "-n", "1")
		p.Says(standin("nl_hello"))
		require.NotContains(t, p.Line(), "port 100:")
		p.Ends(0, answer)
	})
}

// With port 0 libnl makes a port of the process ID, or the kernel takes the process ID itself.
func TestHelloPortZero(t *testing.T) {
	eachHello(t, func(t *testing.T, hello string) {
		for _, c := range []struct {
			args []string
			mask uint32
		}{{nil, 1<<22 - 1}, {[]string{"-kernel-chooses"}, ^uint32(0)}} {
			p := start(t, hello, append(c.args, "-standin=count=1", "-port", "0", "-n", "1")...)
			p.Says(standin("nl_hello"))
			line := p.Line()
			var port uint32
			_, err := fmt.Sscanf(line, "Sending from port %d: Hello you!", &port)
			require.NoError(t, err, line)
			require.EqualValues(t, p.Pid(), port&c.mask)
			p.Ends(0, answer)
		}
	})
}

func TestHelloToAnotherProcess(t *testing.T) {
	eachHello(t, func(t *testing.T, hello string) {
		for _, args := range [][]string{{}, {"-raw"}} {
			listener := start(t, hello, append(args, "-standin=to_port=0", "-listen")...)
			listener.Says(standin("nl_hello"), "Waiting for a message to port 100")
			start(t, hello, "-standin", "-port", "200", "-to", "100").
				Ends(0, standin("nl_hello"), "Sending from port 200: Hello you!")
			listener.Ends(0, "Received message: Hello you! (from port 200)")
		}

		err := start(t, hello, "-standin", "-port", "200", "-to", "300").
			Ends(1, standin("nl_hello"), "Sending from port 200: Hello you!")
		require.Contains(t, err, "sending to port 300: nobody has that port")
	})
}

// The kernel starts.
func TestHelloListen(t *testing.T) {
	eachHello(t, func(t *testing.T, hello string) {
		for _, args := range [][]string{{}, {"-raw"}, {"-port", "300"}} {
			p := start(t, hello, append(args, "-standin=period_ms=20", "-listen")...)
			p.Says(standin("nl_hello"))
			require.Regexp(t, regexp.MustCompile("^Waiting for a message to port [13]00$"), p.Line())
			p.Ends(0, answer)
		}
	})
}

func TestHelloErrors(t *testing.T) {
	eachHello(t, func(t *testing.T, hello string) {
		err := start(t, hello).Ends(1)
		require.Contains(t, err, "no module serves netlink protocol 25: load nl_hello (see kmod/README.md), or run this with -standin")

		long := strings.Repeat("x", 257)
		for text, want := range map[string]string{
			"":   "error: receiving: the kernel refuses it: nl_hello: the message has no text (invalid argument)\n",
			long: "error: receiving: the kernel refuses it: nl_hello: the text is too long (message too long)\n",
		} {
			for _, raw := range []string{"-raw=false", "-raw"} {
				p := start(t, hello, "-standin", raw, "-text", text)
				p.Says(standin("nl_hello"), "Sending from port 100: "+text)
				require.Equal(t, want, p.Ends(1))
			}
		}
	})
}
