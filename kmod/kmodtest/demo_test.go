//go:build vm

package kmodtest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/internal/progtest"
)

// The demonstrations: the programs of examples, on the kernel's side of which are the modules. `make vm-demo` shows them.

// show says whether somebody watches.
var show = os.Getenv("KMOD_SHOW") != ""

func init() {
	var mu sync.Mutex
	if show {
		progtest.Transcript = func(line string) {
			mu.Lock()
			defer mu.Unlock()
			fmt.Println(line)
		}
	}
}

// narrate tells what comes now, and what of it is worth a look.
func narrate(format string, args ...any) {
	if show {
		progtest.Transcript("\n# " + fmt.Sprintf(format, args...))
	}
}

// start runs one of the programs.
func start(t *testing.T, name string, args ...string) *progtest.Program {
	t.Helper()
	return progtest.Start(t, filepath.Join("/bin", name), args...)
}

const (
	greetingLine = "Received message payload: Greeting from kernel!"
	helloLine    = "Received message: I am from kernel!"
)

func TestDemoGreeting(t *testing.T) {
	narrate("A multicast group: both of two listeners receive what the kernel says.")
	load(t, "nl_greeting", "period_ms=100")
	for _, p := range []*progtest.Program{start(t, "nl_recv", "-n", "3"), start(t, "nl_recv-nl", "-n", "3")} {
		p.Ends(0, "Waiting for message from kernel", greetingLine, greetingLine, greetingLine)
	}
}

func TestDemoGreetingOnLoad(t *testing.T) {
	narrate("The greeting on load: the listeners are there before the module, on a protocol that is always there.")
	listeners := []*progtest.Program{start(t, "nl_recv", "-protocol", "2"), start(t, "nl_recv-nl", "-protocol", "2")}
	for _, p := range listeners {
		p.Says("Waiting for message from kernel")
	}
	load(t, "nl_greeting", "protocol=2", "period_ms=0")
	for _, p := range listeners {
		p.Ends(0, greetingLine)
	}
}

// eachHello runs a demonstration with the program on package libnl, and with that on package nl.
func eachHello(t *testing.T, f func(t *testing.T, hello string)) {
	for _, program := range []string{"hello", "hello-nl"} {
		t.Run(program, func(t *testing.T) { f(t, program) })
	}
}

func TestDemoHello(t *testing.T) { eachHello(t, demoHello) }

func demoHello(t *testing.T, hello string) {
	ways := map[string]string{
		"hello":    "by nl_send_auto and nl_recvmsgs, then by nl_sendto and nl_recv",
		"hello-nl": "on package nl, by Execute, then by Send",
	}
	narrate("Unicast: a text to the kernel, and ten answers; %s.", ways[hello])
	load(t, "nl_hello", "period_ms=50")
	log := kernelLog(t, "nl_hello")
	answers := strings.Split(strings.Repeat(helloLine+"\n", 9)+helloLine, "\n")
	for _, args := range [][]string{{}, {"-raw"}} {
		p := start(t, hello, args...)
		p.Says("Sending from port 100: Hello you!")
		p.Ends(0, answers...)
		require.Contains(t, log(), "port 100 says: Hello you!")
	}

	narrate("The same port twice.")
	first := start(t, hello, "-listen")
	first.Says("Waiting for a message to port 100")
	err := start(t, hello).Ends(1)
	require.Contains(t, err, "port 100 is taken: address already in use")
	require.Contains(t, err, "SO_REUSEADDR does not help (tried: address already in use)")

	narrate("Port 0: the library chooses one, or the kernel does. And a message from one program to another.")
	for _, args := range [][]string{{}, {"-kernel-chooses"}} {
		p := start(t, hello, append(args, "-port", "0", "-n", "1")...)
		require.Regexp(t, `^Sending from port \d+: Hello you!$`, p.Line())
		p.Ends(0, helloLine)
	}
	start(t, hello, "-port", "200", "-to", "100").Ends(0, "Sending from port 200: Hello you!")
	first.Ends(0, "Received message: Hello you! (from port 200)")

	narrate("What the module refuses, in its own words.")
	require.Contains(t, start(t, hello, "-text", "").Ends(1, "Sending from port 100: "),
		"the kernel refuses it: nl_hello: the message has no text (invalid argument)")
}

func TestDemoHelloInsideSendmsg(t *testing.T) { eachHello(t, demoHelloInsideSendmsg) }

func demoHelloInsideSendmsg(t *testing.T, hello string) {
	narrate("sync=1: sendmsg returns when the module's handler has returned, all of its answers later.")
	load(t, "nl_hello", "count=3", "period_ms=100", "sync=1")
	p := start(t, hello, "-n", "3", "-time")
	p.Says("Sending from port 100: Hello you!")
	line := p.Line()
	took, err := time.ParseDuration(strings.TrimPrefix(line, "Sending took "))
	require.NoError(t, err, line)
	require.GreaterOrEqual(t, took, 200*time.Millisecond)
	p.Ends(0, helloLine, helloLine, helloLine)
}

func TestDemoHelloListens(t *testing.T) { eachHello(t, demoHelloListens) }

func demoHelloListens(t *testing.T, hello string) {
	narrate("The kernel starts: it sends to a port that both sides agreed upon.")
	load(t, "nl_hello", "to_port=100", "period_ms=50")
	start(t, hello, "-listen").Ends(0, "Waiting for a message to port 100", helloLine)
}

// fromKernel is what a reader says of the kernel's message with a number.
func fromKernel(count, group int) string {
	return fmt.Sprintf("Received message: message %d from kernel to group %d (from the kernel, to group %d)", count, group, group)
}

// The four classic runs.
func TestDemoGroups(t *testing.T) {
	narrate("Groups: the kernel listens to 1 and 2 (r_grps=3) and sends to 2 (b_grp=2); the reader is in 2 and 4 (-g 10).")
	require.NoError(t, insmod("dummy_netlink", "r_grps=3", "b_grp=2", "period_ms=100"))
	p := start(t, "rr_nlk", "-g", "10", "-n", "3")
	require.Regexp(t, `^Waiting on port \d+, in the groups \[2 4\]$`, p.Line())
	var n int
	line := p.Line()
	_, err := fmt.Sscanf(line, "Received message: message %d from kernel to group 2", &n)
	require.NoError(t, err, line)
	p.Ends(0, fromKernel(n+1, 2), fromKernel(n+2, 2))
	require.NoError(t, rmmod("dummy_netlink"))

	narrate("The writers, while the kernel is silent: group 1 is the kernel's; 1 and 4 (-g 9) reach both; -i goes by way of it.")
	load(t, "dummy_netlink", "r_grps=3")
	log := kernelLog(t, "dummy_netlink")
	reader := start(t, "rr_nlk", "-g", "10", "-port", "300")
	reader.Says("Waiting on port 300, in the groups [2 4]")
	start(t, "ww_nlk", "-g", "1", "-text", "one").Ends(0, "Sent to group 1; the kernel took it")
	start(t, "ww_nlk", "-g", "9", "-text", "nine").
		Ends(0, "Sent to group 1; the kernel took it", "Sent to group 4; the kernel does not listen to it")
	require.Regexp(t, `^Received message: nine \(from port \d+, to group 4\)$`, reader.Line())
	start(t, "ww_nlk", "-i", "300").Ends(0, "Sent to port 300 by the kernel")
	reader.Says("Received message: Hello from user space! (from the kernel, to port 300)")
	lines := log()
	require.Len(t, lines, 2)
	require.Regexp(t, `^port \d+ to group 1: one$`, lines[0])
	require.Regexp(t, `^port \d+ to group 1: nine$`, lines[1])

	require.Contains(t, start(t, "ww_nlk", "-i", "301").Ends(1),
		"the kernel refuses it: dummy_netlink: that port does not take the message")
}

func TestDemoWithoutModules(t *testing.T) {
	narrate("Without the modules.")
	for _, c := range []struct {
		module string
		args   []string
	}{
		{"nl_greeting", []string{"nl_recv"}}, {"nl_greeting", []string{"nl_recv-nl"}},
		{"nl_hello", []string{"hello"}}, {"nl_hello", []string{"hello-nl"}},
		{"dummy_netlink", []string{"rr_nlk", "-g", "1"}},
	} {
		require.Contains(t, start(t, c.args[0], c.args[1:]...).Ends(1), "load "+c.module)
	}
	require.Contains(t, start(t, "rr_nlk", "-g", "0").Ends(1), "is no mask of groups")
}

func TestDemoOverrun(t *testing.T) {
	narrate("A listener that is too slow: it finds out, and catches up.")
	p := start(t, "overrun")
	p.Says("Watching addresses; there are 0", "Adding 1000 addresses and removing 500 of them, without reading what the kernel tells")
	require.Contains(t, p.Line(), "no buffer space available")
	require.Contains(t, p.Line(), "and is wrong")
	p.Ends(0, "Resynchronised: the table has 500 addresses, and is right",
		"Told of one more: the table has 501 addresses, and is right")
}

func TestDemoFamilies(t *testing.T) {
	narrate("The netlink families and socket options that netlink(7) names, on this kernel.")
	p := start(t, "families")
	var all strings.Builder
	for line := ""; !strings.HasPrefix(line, "GET_STRICT_CHK"); all.WriteString(line + "\n") {
		line = p.Line()
	}
	p.Ends(0)
	for _, row := range []string{
		`ROUTE +0 .* opens it; acknowledges`,
		`FIREWALL +3 .* does not have it`,
		`XFRM +6 .* opens it; acknowledges`,    // which loads a module
		`CRYPTO +21 .* opens it; acknowledges`, // this one, too
		`GENERIC +16 .* opens it; acknowledges`,
		`GET_STRICT_CHK +4.20 +set to 1: reads 1; set to 0: reads 0`,
	} {
		require.Regexp(t, `(?m)^`+row+`$`, all.String())
	}
}
