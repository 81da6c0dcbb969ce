//go:build linux

package examples_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/internal/progtest"
	"github.com/golibnl/golibnl/internal/testns"
)

// fromKernel is what a reader says of the kernel's message with a number.
func fromKernel(count, group int) string {
	return fmt.Sprintf("Received message: message %d from kernel to group %d (from the kernel, to group %d)", count, group, group)
}

// Kernel with r_grps=3 b_grp=2: a reader in groups 2 and 4 gets what it sends to group 2.
func TestReader(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		// The first message may come before the reader does.
		p := start(t, "rr_nlk", "-standin=period_ms=20", "-g", "10", "-port", "300")
		p.Says(standin("dummy_netlink"), "Waiting on port 300, in the groups [2 4]")
		first := number(t, p)
		p.Says(fromKernel(first+1, 2), fromKernel(first+2, 2))
	})
}

// A kernel that sends to groups 2 and 4 sends twice, and a reader in both receives twice.
func TestReaderGetsACopyForEachSend(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		all := start(t, "rr_nlk", "-standin=period_ms=20,b_grp=10", "-g", "0xb")
		all.Says(standin("dummy_netlink"))
		require.Contains(t, all.Line(), "in the groups [1 2 4]")
		n := number(t, all)
		all.Says(fromKernel(n, 4), fromKernel(n+1, 2), fromKernel(n+1, 4), fromKernel(n+2, 2), fromKernel(n+2, 4))

		one := start(t, "rr_nlk", "-standin", "-g", "9", "-n", "2")
		one.Says(standin("dummy_netlink"))
		require.Contains(t, one.Line(), "in the groups [1 4]")
		line := one.Line()
		_, err := fmt.Sscanf(line, "Received message: message %d from kernel to group 4", &n)
		require.NoError(t, err, line)
		one.Ends(0, fromKernel(n+1, 4))
	})
}

// number is that of the first message of the kernel to group 2 that the reader tells.
func number(t *testing.T, p *progtest.Program) (n int) {
	t.Helper()
	for {
		if _, err := fmt.Sscanf(p.Line(), "Received message: message %d from kernel to group 2", &n); err == nil {
			return n
		}
	}
}

// The other classic runs. The kernel is silent here, so that the reader's output is the writers' alone.
func TestWriter(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		reader := start(t, "rr_nlk", "-standin=b_grp=0", "-g", "10", "-port", "300")
		reader.Says(standin("dummy_netlink"), "Waiting on port 300, in the groups [2 4]")

		// Group 1: the kernel.
		start(t, "ww_nlk", "-standin", "-g", "1", "-text", "one").
			Ends(0, standin("dummy_netlink"), "Sent to group 1; the kernel took it")
		reader.Logs("to group 1: one")

		// Groups 1 and 4: the kernel and the reader.
		writer := start(t, "ww_nlk", "-standin", "-g", "9", "-text", "nine")
		writer.Ends(0, standin("dummy_netlink"),
			"Sent to group 1; the kernel took it",
			"Sent to group 4; the kernel does not listen to it")
		reader.Logs("to group 1: nine")
		require.Regexp(t, `^Received message: nine \(from port \d+, to group 4\)$`, reader.Line())
		require.NotContains(t, reader.Stderr(), "to group 4")

		// Group 2: both, too.
		start(t, "ww_nlk", "-standin", "-g", "2", "-text", "two").
			Ends(0, standin("dummy_netlink"), "Sent to group 2; the kernel took it")
		reader.Logs("to group 2: two")
		require.Regexp(t, `^Received message: two \(from port \d+, to group 2\)$`, reader.Line())

		// By way of the kernel.
		start(t, "ww_nlk", "-standin", "-i", "300").
			Ends(0, standin("dummy_netlink"), "Sent to port 300 by the kernel")
		reader.Says("Received message: Hello from user space! (from the kernel, to port 300)")
	})
}

func TestGroupsErrors(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		for _, args := range [][]string{
			{"rr_nlk", "-g", "0"}, {"rr_nlk"}, {"rr_nlk", "-g", "-1"}, {"rr_nlk", "-g", "0x100000000"}, {"rr_nlk", "-g", "ten"},
			{"ww_nlk", "-g", "0"},
		} {
			require.Contains(t, start(t, args[0], args[1:]...).Ends(1), "is no mask of groups: it is a number of up to 32 bits", args)
		}
		require.Contains(t, start(t, "rr_nlk", "-port", "4294967296").Ends(2), "value out of range")
		for _, args := range [][]string{{}, {"-g", "1", "-i", "1"}} {
			require.Contains(t, start(t, "ww_nlk", args...).Ends(1), "either -g MASK or -i PORT is needed")
		}
		for _, args := range [][]string{{"rr_nlk", "-g", "1"}, {"ww_nlk", "-g", "1"}, {"ww_nlk", "-i", "1"}} {
			require.Contains(t, start(t, args[0], args[1:]...).Ends(1), "no module serves netlink protocol 31: load dummy_netlink")
		}

		err := start(t, "ww_nlk", "-standin", "-g", "1").Ends(1, standin("dummy_netlink"))
		require.Contains(t, err, "sending to group 1: nobody has that port: if it is the stand-in's, nobody plays it")

		reader := start(t, "rr_nlk", "-standin=b_grp=0", "-g", "1", "-port", "300")
		reader.Says(standin("dummy_netlink"), "Waiting on port 300, in the groups [1]")
		err = start(t, "rr_nlk", "-standin", "-g", "1", "-port", "300").Ends(1, standin("dummy_netlink"))
		require.Contains(t, err, "connecting: the port is taken: another socket in this network namespace is bound to it")
		err = start(t, "ww_nlk", "-standin", "-i", "301").Ends(1, standin("dummy_netlink"))
		require.Contains(t, err, "sending to port 301: nobody has that port")
		require.Contains(t, err, "the kernel refuses it: dummy_netlink: that port does not take the message")
		err = start(t, "ww_nlk", "-standin", "-g", "1", "-text", "").Ends(1, standin("dummy_netlink"))
		require.Contains(t, err, "sending to group 1: the kernel refuses it: dummy_netlink: the message has no text")
	})
}
