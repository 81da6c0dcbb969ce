package examples_test

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/internal/progtest"
	"github.com/golibnl/golibnl/internal/testns"
	"github.com/golibnl/golibnl/libnl"
)

// example finds one of the examples, which TestMain built.
func example(name string) string { return filepath.Join(bin, name) }

// tool finds one of libnl's own tools. Without it there is nothing to compare with, so its absence is a failure.
func tool(t *testing.T, name string) string {
	t.Helper()
	program, err := exec.LookPath(name)
	require.NoError(t, err, "the tools of libnl are missing; scripts/setup --test installs them (Debian: libnl-utils)")
	return program
}

// steady runs the tool before and after f until it says the same both times, and returns that: what f saw in between was
// the same. Families come and go with the modules of the machine, and names with its name server.
func steady(t *testing.T, f func(), program string, args ...string) progtest.Outcome {
	t.Helper()
	for range 10 {
		before := progtest.Run(t, program, args...)
		f()
		if after := progtest.Run(t, program, args...); after == before {
			return after
		}
	}
	require.Fail(t, "the answer of "+program+" changes from run to run")
	return progtest.Outcome{}
}

func TestGenlCtrlListIsTheTools(t *testing.T) {
	theirs, ours := tool(t, "genl-ctrl-list"), example("genl-ctrl-list")
	compare := func(t *testing.T) {
		for _, args := range [][]string{
			nil, {"-d"}, {"--details"}, {"-f", "brief"}, {"-f", "details"}, {"--format=DETAILED"}, {"--format", "stats"},
			{"-d", "-f", "brief"}, {"-f", "brief", "-d"}, {"-f", "nonsense"},
		} {
			var got progtest.Outcome
			want := steady(t, func() { got = progtest.Run(t, ours, args...) }, theirs, args...)
			require.Equal(t, want, got, "%q", args)
		}
		require.Contains(t, progtest.Run(t, ours).Stdout, "0x0010 nlctrl version 2\n")
		require.Contains(t, progtest.Run(t, ours, "-d").Stdout, "op GETFAMILY (0x03)")
	}
	t.Run("host", compare)
	testns.Run(t, compare) // has fewer families
}

func TestNlListSocketsIsTheTools(t *testing.T) {
	theirs, ours := tool(t, "nl-list-sockets"), example("nl-list-sockets")
	testns.Run(t, func(t *testing.T) {
		connect := func(protocol int, port uint32, groups ...int) *libnl.Socket {
			sk, err := libnl.SocketAlloc()
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, sk.Free()) })
			require.NoError(t, sk.SetLocalPort(port))
			require.NoError(t, sk.Connect(protocol))
			require.NoError(t, sk.AddMemberships(groups...))
			return sk
		}
		connect(libnl.NETLINK_ROUTE, 1_234_567_890, 1, 5, 32)
		connect(libnl.NETLINK_GENERIC, 0xffff_f123) // more than an int of C's
		connect(libnl.NETLINK_USERSOCK, 4242, 3)
		sender := connect(libnl.NETLINK_USERSOCK, 4243)
		sender.SetPeerPort(4242) // which never reads
		_, err := sender.SendSimple(libnl.NLMSG_MIN_TYPE, 0, make([]byte, 1000))
		require.NoError(t, err)

		want, got := progtest.Run(t, theirs), progtest.Run(t, ours)
		// The kernel may rehash its table of sockets between the two, which changes their order.
		for try := 0; want != got && try < 3; try++ {
			want, got = progtest.Run(t, theirs), progtest.Run(t, ours)
		}
		require.Equal(t, want, got)
		for _, s := range []string{" 1234567890 80000011 ", " -3805 ", " usersock         4242   00000004 "} {
			require.Contains(t, want.Stdout, s)
		}
	})
}

func TestNlAddrIsTheTools(t *testing.T) {
	theirs, ours := tool(t, "nl-util-addr"), example("nl-addr")
	addresses := []string{
		"127.0.0.1", "::1", "192.0.2.1", "10.0.0.0/8", "2001:db8::1/64", "0x7f.1", "default", "any", "", "/24", "192.0.2.1/x",
		"aa:bb:cc:dd:ee:ff", "localhost", "1.2.3.4.5", "100", "not an address", "192.0.2.1/33",
	}
	named := namedHere(t)
	testns.Run(t, func(t *testing.T) { // where no name server is in reach
		for _, a := range append(addresses, named...) {
			var got progtest.Outcome
			want := steady(t, func() { got = progtest.Run(t, ours, a) }, theirs, a)
			require.Equal(t, want, got, "%q", a)
		}
		for _, a := range named {
			require.Zero(t, progtest.Run(t, ours, a).Status, "%s is in /etc/hosts", a)
		}
	})
	require.Equal(t, progtest.Outcome{Stderr: "Usage: nl-addr <address>\n", Status: progtest.Run(t, theirs).Status}, progtest.Run(t, ours))
}

// namedHere returns an IPv4 address that has a name on this machine, if there is one.
func namedHere(t *testing.T) []string {
	t.Helper()
	hosts, err := os.ReadFile("/etc/hosts")
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	require.NoError(t, err)
	lines := bufio.NewScanner(bytes.NewReader(hosts))
	for lines.Scan() {
		if f := strings.Fields(lines.Text()); len(f) > 1 && strings.HasPrefix(f[0], "127.") {
			return f[:1]
		}
	}
	return nil
}

// No tool of libnl's tells of one family; what it tells of each, when it lists them all, is what nl-family tells of one.
func TestNlFamilyIsTheToolsForEachFamily(t *testing.T) {
	theirs, ours := tool(t, "genl-ctrl-list"), example("nl-family")

	var families []string
	got := map[string]progtest.Outcome{}
	want := steady(t, func() {
		families = nil
		for _, line := range strings.Split(strings.TrimSpace(progtest.Run(t, theirs).Stdout), "\n") {
			name := strings.Fields(line)[1]
			families = append(families, name)
			got[name] = progtest.Run(t, ours, name)
		}
	}, theirs, "-d")
	require.Contains(t, families, "nlctrl")

	var all strings.Builder
	for _, name := range families {
		require.Zero(t, got[name].Status, "%s: %s", name, got[name].Stderr)
		all.WriteString(got[name].Stdout)
	}
	// A flag that is newer than libnl is a bare comma in the tool's text.
	require.Equal(t, want.Stdout, strings.ReplaceAll(all.String(), "uns_admin_perm", ""))

	require.Equal(t, progtest.Outcome{Stdout: "16\n"}, progtest.Run(t, ours, "nlctrl", "notify"))
	require.Equal(t, progtest.Outcome{Stderr: "nl-family: genl_ctrl_resolve: Object not found\n", Status: 1}, progtest.Run(t, ours, "no such family"))
	require.Equal(t, progtest.Outcome{Stderr: "nl-family: genl_ctrl_resolve_grp: Object not found\n", Status: 1}, progtest.Run(t, ours, "nlctrl", "no such group"))
}
