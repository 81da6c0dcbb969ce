//go:build linux

package examples_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/internal/progtest"
	"github.com/golibnl/golibnl/internal/testns"
	"github.com/golibnl/golibnl/nl"
)

func TestAddAddress(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		start(t, "add-address", "192.0.2.1/24", "lo").Ends(0, "Added 192.0.2.1/24 to lo")
		start(t, "add-address", "-label", "lo:x", "192.0.2.2/24", "lo").Ends(0, "Added 192.0.2.2/24 to lo")
		start(t, "add-address", "-replace", "192.0.2.1/24", "lo").Ends(0, "Added 192.0.2.1/24 to lo")
		start(t, "add-address", "2001:db8::1/64", "lo").Ends(0, "Added 2001:db8::1/64 to lo")
		there := progtest.Run(t, iproute(t), "-o", "addr", "show", "dev", "lo").Stdout
		for _, want := range []string{" inet 192.0.2.1/24 scope", " inet 192.0.2.2/24 scope global secondary lo:x", " inet6 2001:db8::1/64 scope"} {
			require.Contains(t, there, want)
		}

		err := start(t, "add-address", "192.0.2.1/24", "lo").Ends(1)
		require.Contains(t, err, "error: adding 192.0.2.1/24 to lo: nl: execute RTM_NEWADDR: file exists, EEXIST")
		err = start(t, "add-address", "192.0.2.1/24", "nonesuch").Ends(1)
		require.Contains(t, err, "looking up nonesuch: nl: execute RTM_GETLINK: no such device, ENODEV")
		require.Contains(t, start(t, "add-address", "192.0.2.1", "lo").Ends(1), "no '/'")
	})
}

// The kernel's words, the attribute, and what it should be.
func TestAddAddressExplains(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		err := start(t, "add-address", "-label", "lo:a-label-that-is-too-long", "192.0.2.3/24", "lo").Ends(1)
		require.Equal(t, "error: adding 192.0.2.3/24 to lo: nl: execute RTM_NEWADDR: numerical result out of range, ERANGE: "+
			"Attribute failed policy validation; attribute 3 at byte 40; the kernel wants a string of length 15 or less\n"+
			"  the kernel's words:  Attribute failed policy validation\n"+
			"  about the attribute: 3 (at byte 40 of the request)\n"+
			"  which should be:     a string of length 15 or less\n", err)
	})
}

func TestManyGoroutines(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		ip(t, "link add v0 type veth peer name v1", "link add br0 type bridge")
		p := start(t, "many-goroutines")
		require.Regexp(t, "^64 goroutines, 100 requests each, on one connection: ", p.Line())
		var answered, givenUp, wrong, repeated int
		_, err := fmt.Sscanf(p.Line(), "answered %d, given up %d, answered with what another one asked for %d", &answered, &givenUp, &wrong)
		require.NoError(t, err)
		require.Zero(t, wrong)
		require.Equal(t, 6400, answered+givenUp)
		require.LessOrEqual(t, givenUp, 640)
		_, err = fmt.Sscanf(p.Line(), "asked again, since the buffer was too small for all answers, %d", &repeated)
		require.NoError(t, err)
		p.Says("dumps 64, with 256 links in all")
		stats, ok := strings.CutPrefix(p.Line(), "stats ")
		require.True(t, ok)
		var s nl.Stats
		require.NoError(t, json.Unmarshal([]byte(stats), &s))
		require.GreaterOrEqual(t, s.Sent, uint64(answered+65))
		require.Zero(t, s.InFlight)
		require.Zero(t, s.Refused)
		require.LessOrEqual(t, s.Sockets, 6) // one for requests, and those that are kept for dumps
		p.Ends(0)
	})
}

// namespace makes a network namespace besides the test's own, and returns its path.
func namespace(t *testing.T) string {
	t.Helper()
	path, end := make(chan string), make(chan struct{})
	go func() {
		runtime.LockOSThread() // for good: the thread ends with the goroutine, and the namespace with it
		if err := syscall.Unshare(syscall.CLONE_NEWNET); err != nil {
			path <- err.Error()
			return
		}
		path <- fmt.Sprintf("/proc/%d/task/%d/ns/net", syscall.Getpid(), syscall.Gettid())
		<-end
	}()
	t.Cleanup(func() { close(end) })
	p := <-path
	require.True(t, strings.HasPrefix(p, "/"), p)
	return p
}

func TestPerNamespace(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		blue, red := namespace(t), namespace(t)
		in := func(path, line string) {
			got := progtest.Run(t, "nsenter", append([]string{"--net=" + path, iproute(t)}, strings.Fields(line)...)...)
			require.Zero(t, got.Status, got.Stderr)
		}

		each := start(t, "per-namespace", blue, red)
		each.Says("Following the links of 2 namespaces, by as many connections")
		all := start(t, "per-namespace", "-all", blue, red)
		all.Says("nsid 0 is "+blue, "nsid 1 is "+red,
			"Following the links of 2 namespaces, and of this one, by one connection")

		const up, down = ": link 1 lo: up, mtu 65536", ": link 1 lo: down, mtu 65536"
		in(red, "link set lo up")
		each.Says(red + up)
		all.Says("nsid 1" + up)
		in(blue, "link set lo up")
		each.Says(blue + up)
		all.Says("nsid 0" + up)
		ip(t, "link set lo up")
		all.Says("this namespace" + up) // of which the other knows nothing
		in(red, "link set lo down")
		each.Says(red + down)
		all.Says("nsid 1" + down)

		for _, p := range []*progtest.Program{each, all} {
			require.NoError(t, syscall.Kill(p.Pid(), syscall.SIGINT))
		}
		require.Empty(t, each.Ends(0))
		require.Empty(t, all.Ends(0))

		// They have IDs by now.
		again := start(t, "per-namespace", "-all", red)
		again.Says("nsid 1 is " + red)
		err := start(t, "per-namespace", "/proc/self/ns/none").Ends(1)
		require.Contains(t, err, "open the network namespace: open /proc/self/ns/none: no such file or directory")
	})
}

func TestPeer(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		start(t, "peer").Ends(0, `"hello" is answered: "HELLO"`, `"" is refused: there is no text (invalid argument)`,
			`"netlink without the kernel" is answered: "NETLINK WITHOUT THE KERNEL"`)

		answers := start(t, "peer", "-answer")
		var port int
		_, err := fmt.Sscanf(answers.Line(), "Answering on port %d", &port)
		require.NoError(t, err)
		for range 2 {
			asks := start(t, "peer", "-ask", fmt.Sprint(port), "one", "", "two")
			asks.Ends(0, `"one" is answered: "ONE"`, `"" is refused: there is no text (invalid argument)`, `"two" is answered: "TWO"`)
			for _, text := range []string{"one", "", "two"} {
				require.Regexp(t, fmt.Sprintf(`^port \d+, of process %d, says %q$`, asks.Pid(), text), answers.Line())
			}
		}
		answers.Kill()
		require.Contains(t, start(t, "peer", "-ask", fmt.Sprint(port), "three").Ends(1), "ECONNREFUSED")
	})
}
