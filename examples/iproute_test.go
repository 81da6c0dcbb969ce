//go:build linux

package examples_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/internal/progtest"
	"github.com/golibnl/golibnl/internal/testns"
)

// iproute finds the program ip. Without it there is nothing to compare with, so its absence is a failure.
func iproute(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"ip", "/usr/sbin/ip", "/sbin/ip"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	require.Fail(t, "the program ip is missing; scripts/setup --test installs it (Debian: iproute2)")
	return ""
}

// ip runs the program ip with each of the lines as its arguments, in the network namespace of the calling thread.
func ip(t *testing.T, lines ...string) {
	t.Helper()
	for _, line := range lines {
		got := progtest.Run(t, iproute(t), strings.Fields(line)...)
		require.Zero(t, got.Status, "ip %s: %s", line, got.Stderr)
	}
}

// ipRoute is a route as `ip -j route` tells it.
type ipRoute struct {
	Type, Dst, Gateway, Dev, Table string
	Via                            struct{ Host string }
	Nexthops                       []ipRoute
}

// rows are the lines that dump-routes should print about a route, with one space between the columns.
func (r ipRoute) rows() (rows []string) {
	or := func(values ...string) string {
		i := slices.IndexFunc(values, func(s string) bool { return s != "" })
		return values[i]
	}
	hops := r.Nexthops
	if len(hops) == 0 {
		hops = []ipRoute{r}
	}
	for _, h := range hops {
		to := strings.TrimSpace(r.Type + " " + r.Dst)
		rows = append(rows, strings.Join([]string{to, or(h.Gateway, h.Via.Host, "-"), or(h.Dev, "-"), or(r.Table, "main")}, " "))
	}
	return rows
}

func TestDumpRoutesIsWhatIPSays(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		ip(t, "link add v0 type veth peer name v1", "link set lo up", "link set v0 up", "link set v1 up",
			"addr add 192.0.2.1/24 dev v0", "-6 addr add 2001:db8::1/64 dev v0 nodad",
			"route add default via 192.0.2.254",
			"route add 198.51.100.0/24 nexthop via 192.0.2.2 nexthop via 192.0.2.3",
			"route add 198.18.0.0/15 via inet6 2001:db8::9 dev v0",
			"route add blackhole 203.0.113.0/24",
			"route add 10.0.0.0/8 via 192.0.2.9 table 1000",
			"-6 route add default via 2001:db8::2",
			"-6 route add 2001:db8:1::/48 nexthop via 2001:db8::3 nexthop via 2001:db8::4",
			"-6 route add unreachable 2001:db8:2::/48 table 1000")
		for _, c := range []struct {
			ours, theirs []string
			some         string
		}{
			{[]string{"-4"}, []string{"-4", "table", "all"}, "198.18.0.0/15 2001:db8::9 v0 main"},
			{[]string{"-6"}, []string{"-6", "table", "all"}, "2001:db8:1::/48 2001:db8::4 v0 main"},
			{[]string{"-4", "-table", "1000"}, []string{"-4", "table", "1000"}, "10.0.0.0/8 192.0.2.9 v0 1000"},
			{[]string{"-6", "-table", "255"}, []string{"-6", "table", "local"}, "local 2001:db8::1 - v0 local"},
		} {
			var got progtest.Outcome
			said := steady(t, func() { got = progtest.Run(t, example("dump-routes"), c.ours...) },
				iproute(t), "-j", c.theirs[0], "route", "show", c.theirs[1], c.theirs[2])
			var routes []ipRoute
			require.NoError(t, json.Unmarshal([]byte(said.Stdout), &routes))
			want := []string{"DESTINATION GATEWAY DEVICE TABLE"}
			for _, r := range routes {
				if c.theirs[2] != "all" { // then it leaves the table out
					r.Table = c.theirs[2]
				}
				want = append(want, r.rows()...)
			}
			require.Contains(t, want, c.some)
			require.Empty(t, got.Stderr)
			var lines []string
			for line := range strings.Lines(got.Stdout) {
				lines = append(lines, strings.Join(strings.Fields(line), " "))
			}
			require.Equal(t, want, lines)
		}
		both := progtest.Run(t, example("dump-routes")).Stdout
		require.Contains(t, both, "198.18.0.0/15")
		require.Contains(t, both, "2001:db8:1::/48")

		err := start(t, "dump-routes", "-table", "77").Ends(1)
		require.Contains(t, err, "nl: dump RTM_GETROUTE: no such file or directory, ENOENT")
	})
}

var (
	linkLine    = regexp.MustCompile(`^link (\d+) (\S+?)(?: as a port)?(?:: (up|down), mtu (\d+)|( is gone))$`)
	addressLine = regexp.MustCompile(`^address (\S+) on (\d+) (\S+?)( is gone)?$`)
	ipLink      = regexp.MustCompile(`^(Deleted )?(\d+): ([^:@ ]+)(?:@\S+)?: <(\S*)> mtu (\d+) `)
	ipAddress   = regexp.MustCompile(`^(Deleted )?(\d+): (\S+) +inet (\S+) `)
)

// ours is the normal form of a line of link-monitor.
func ours(t *testing.T, line string) string {
	if m := linkLine.FindStringSubmatch(line); m != nil {
		return fmt.Sprintf("link %s %s up %v mtu %s gone %v", m[1], m[2], m[3] == "up", m[4], m[5] != "")
	}
	m := addressLine.FindStringSubmatch(line)
	require.NotNil(t, m, line)
	return fmt.Sprintf("address %s on %s %s gone %v", m[1], m[2], m[3], m[4] != "")
}

// theirs is the normal form of a line of ip monitor; "" for IPv6, which link-monitor does not tell of.
func theirs(t *testing.T, line string) string {
	if m := ipLink.FindStringSubmatch(line); m != nil {
		if m[1] != "" {
			return fmt.Sprintf("link %s %s up false mtu  gone true", m[2], m[3])
		}
		return fmt.Sprintf("link %s %s up %v mtu %s gone false", m[2], m[3], slices.Contains(strings.Split(m[4], ","), "UP"), m[5])
	}
	if strings.Contains(line, " inet6 ") {
		return ""
	}
	m := ipAddress.FindStringSubmatch(line)
	require.NotNil(t, m, line)
	return fmt.Sprintf("address %s on %s %s gone %v", m[4], m[2], m[3], m[1] != "")
}

// joined waits until a socket of the process has joined groups.
func joined(t *testing.T, pid int) {
	t.Helper()
	member := regexp.MustCompile(fmt.Sprintf(`(?m)^\S+ +0 +%d +[0-9a-f]*[1-9a-f]`, pid))
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		sockets := progtest.Run(t, "/bin/cat", "/proc/self/net/netlink").Stdout // of the namespace that this thread is in
		if member.MatchString(sockets) {
			return
		}
		require.True(t, time.Now().Before(end), "process %d has joined no group:\n%s", pid, sockets)
	}
}

func TestLinkMonitorIsIPMonitor(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		us := start(t, "link-monitor")
		us.Says("Watching 1 links and 0 addresses")
		them := progtest.Start(t, iproute(t), "-o", "monitor", "link", "address")
		joined(t, them.Pid())

		ip(t, "link set lo up", "link add v0 type veth peer name v1", "addr add 192.0.2.1/24 dev v0",
			"addr add 192.0.2.2/24 dev v0 label v0:x", "link set v0 up", "link set v1 up mtu 1400", "link set v1 down",
			"link set v1 name w1", "addr del 192.0.2.2/24 dev v0", "link add br0 type bridge", "link set w1 master br0",
			"link set br0 up", "link set w1 up", "link set w1 nomaster", "addr add 198.51.100.7/32 dev br0",
			"link del br0", "link del v0", "addr add 203.0.113.99/32 dev lo")
		const last = "address 203.0.113.99/32 on 1 lo gone false"
		var want, got []string
		for len(want) == 0 || want[len(want)-1] != last {
			if line := theirs(t, them.Line()); line != "" {
				want = append(want, line)
			}
		}
		for len(got) == 0 || got[len(got)-1] != last {
			got = append(got, ours(t, us.Line()))
		}
		require.Equal(t, want, got)
		require.Greater(t, len(want), 20)

		require.NoError(t, syscall.Kill(us.Pid(), syscall.SIGINT))
		require.Empty(t, us.Ends(0))
	})
}

// What a monitor says of addresses, when all is said, is what there is, though it has missed most of the changes.
func TestLinkMonitorCatchesUp(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		ip(t, "link set lo up", "addr add 203.0.113.1/32 dev lo")
		p := start(t, "link-monitor", "-buffer", "4096", "-v")
		p.Says("Watching 1 links and 2 addresses") // one is 127.0.0.1
		require.NoError(t, syscall.Kill(p.Pid(), syscall.SIGSTOP))
		for i := range 40 {
			ip(t, fmt.Sprintf("addr add 192.0.2.%d/32 dev lo", i+1))
		}
		ip(t, "addr del 192.0.2.1/32 dev lo", "addr del 203.0.113.1/32 dev lo", "link add v0 type veth peer name v1")
		require.NoError(t, syscall.Kill(p.Pid(), syscall.SIGCONT))

		there := map[string]bool{"127.0.0.1/8": true, "203.0.113.1/32": true}
		read := func(until string) (overruns int) {
			for {
				line := p.Line()
				m := addressLine.FindStringSubmatch(line)
				switch {
				case strings.HasPrefix(line, until):
					return overruns
				case strings.HasPrefix(line, "overrun: "):
					overruns++
				case m == nil:
					require.Regexp(t, linkLine, line)
				case m[4] != "":
					delete(there, m[1])
				default:
					there[m[1]] = true
				}
			}
		}
		require.Equal(t, 1, read("in step again: 3 links and 40 addresses"))
		require.Len(t, there, 40)
		require.NotContains(t, there, "192.0.2.1/32")
		require.NotContains(t, there, "203.0.113.1/32")
		require.Contains(t, there, "192.0.2.40/32")
		ip(t, "addr add 203.0.113.99/32 dev lo")
		require.Zero(t, read("address 203.0.113.99/32"))
		lost := "netlink: messages were lost since the receive buffer was full"
		require.Eventually(t, func() bool { return strings.Contains(p.Stderr(), lost) }, 30*time.Second, time.Millisecond,
			"what it logs comes by another pipe than what it prints")
	})
}
