//go:build linux

package docs_test

import (
	"bufio"
	"bytes"
	"errors"
	"go/format"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/testns"
	"github.com/golibnl/golibnl/libnl"
)

// twins are the programs of one section of the page.
type twins struct{ c, golang string }

// listings returns the C and the Go program of each section that has them, as the page shows them.
func listings(t *testing.T) map[string]twins {
	t.Helper()
	page, err := os.ReadFile("migration.md")
	require.NoError(t, err)
	all := map[string]twins{}
	block := regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")
	for _, section := range strings.Split(string(page), "\n## ")[1:] {
		title, body, _ := strings.Cut(section, "\n")
		found := block.FindAllStringSubmatch(body, -1)
		if found == nil {
			continue
		}
		require.Len(t, found, 2, title)
		require.Equal(t, []string{"c", "go"}, []string{found[0][1], found[1][1]}, title)
		all[title] = twins{found[0][2], found[1][2]}
	}
	return all
}

// build compiles both programs of a section, as a reader would: the C with what pkg-config says, the Go in a module of its
// own that requires this one.
func build(t *testing.T, section string) (inC, inGo string) {
	t.Helper()
	src, ok := listings(t)[section]
	require.True(t, ok, "the page has no listings under %q", section)
	dir := t.TempDir()
	inC, inGo = filepath.Join(dir, "c"), filepath.Join(dir, "go")

	write(t, dir, "main.c", src.c)
	flags, err := exec.Command("pkg-config", "--cflags", "--libs", "libnl-3.0", "libnl-genl-3.0").Output()
	require.NoError(t, err)
	args := []string{"-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-o", inC, "main.c"}
	command(t, dir, compiler(), append(args, strings.Fields(string(flags))...)...)

	formatted, err := format.Source([]byte(src.golang))
	require.NoError(t, err)
	require.Equal(t, string(formatted), src.golang, "not as gofmt has it")
	mod := module(t)
	write(t, mod, "main.go", src.golang)
	command(t, mod, "go", "vet", ".")
	command(t, mod, "go", "build", "-o", inGo, ".")
	return inC, inGo
}

// module makes an empty module that requires this one, where it stands.
func module(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	mod, err := os.ReadFile("../go.mod")
	require.NoError(t, err)
	_, requirements, ok := strings.Cut(string(mod), "\n")
	require.True(t, ok)
	const self = "github.com/golibnl/golibnl"
	write(t, dir, "go.mod", "module moved\n"+requirements+"\nrequire "+self+" v0.0.0\n\nreplace "+self+" => "+root+"\n")
	sum, err := os.ReadFile("../go.sum")
	require.NoError(t, err)
	write(t, dir, "go.sum", string(sum))
	return dir
}

func compiler() string {
	if cc := os.Getenv("CC"); cc != "" {
		return cc
	}
	return "gcc"
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
}

func command(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s %q:\n%s", name, args, out)
}

// outcome is what a program does that anybody can see.
type outcome struct {
	Stdout, Stderr string
	Status         int
}

// run runs a program to its end, in the network namespace of the thread.
func run(t *testing.T, program string, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); !errors.As(err, new(*exec.ExitError)) {
		require.NoError(t, err)
	}
	return outcome{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

func TestPageHasThreePairs(t *testing.T) {
	var sections []string
	for s := range listings(t) {
		sections = append(sections, s)
	}
	require.ElementsMatch(t, []string{"A dump with callbacks", "A generic netlink request", "A multicast listener"}, sections)
}

func TestDumpWithCallbacks(t *testing.T) {
	inC, inGo := build(t, "A dump with callbacks")
	testns.Run(t, func(t *testing.T) {
		link(t, unix.RTM_NEWLINK, "bridge0")
		want := run(t, inC)
		require.Equal(t, want, run(t, inGo))
		require.Contains(t, want.Stdout, ": bridge0, mtu 1500\n")
		require.Regexp(t, `\n\d+ links\n$`, want.Stdout)

		const noDump = "17" // RTM_DELLINK
		want = run(t, inC, noDump)
		require.Equal(t, want, run(t, inGo, noDump))
		require.Equal(t, outcome{
			"the kernel refused: errno 95\n", "nl_recvmsgs_default: Operation not supported\n", 1,
		}, want)
	})
}

func TestGenericNetlinkRequest(t *testing.T) {
	inC, inGo := build(t, "A generic netlink request")
	testns.Run(t, func(t *testing.T) {
		for family, said := range map[string]outcome{
			"nlctrl":  {"ID 16\nnlctrl: version 2\n  group notify: 16\n", "", 0},
			"no such": {"", "genl_ctrl_resolve: Object not found\n", 1},
		} {
			require.Equal(t, said, run(t, inC, family))
			require.Equal(t, said, run(t, inGo, family))
		}
	})
}

// Both listeners listen at the same time, so the kernel tells both the same.
func TestMulticastListener(t *testing.T) {
	inC, inGo := build(t, "A multicast listener")
	testns.Run(t, func(t *testing.T) {
		first, second := listen(t, inC, "bridge0"), listen(t, inGo, "bridge0")
		link(t, unix.RTM_NEWLINK, "bridge1")
		link(t, unix.RTM_NEWLINK, "bridge0")
		link(t, unix.RTM_DELLINK, "bridge1")
		link(t, unix.RTM_DELLINK, "bridge0")
		want := first()
		require.Equal(t, want, second())
		require.Regexp(t, `^(new bridge1\n)+(new bridge0\n)+((new bridge\d\n)*gone bridge\d\n){2}$`, want)
	})
}

// listen starts a listener and waits until it listens. The function returned waits for its end, and returns what it printed
// since.
func listen(t *testing.T, program, until string) func() string {
	t.Helper()
	cmd := exec.Command(program, until)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	guard := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
	t.Cleanup(func() { guard.Stop(); _ = cmd.Process.Kill() })
	r := bufio.NewReader(stdout)
	line, err := r.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "listening\n", line)
	return func() string {
		rest, err := io.ReadAll(r)
		require.NoError(t, err)
		require.NoError(t, cmd.Wait(), "%s said %q", program, rest)
		return string(rest)
	}
}

// link makes or removes a bridge.
func link(t *testing.T, request int, name string) {
	t.Helper()
	sk, err := libnl.SocketAlloc()
	require.NoError(t, err)
	defer sk.Free()
	require.NoError(t, sk.Connect(libnl.NETLINK_ROUTE))
	flags := 0
	if request == unix.RTM_NEWLINK {
		flags = libnl.NLM_F_CREATE | libnl.NLM_F_EXCL
	}
	msg, err := libnl.NlmsgAllocSimple(request, flags)
	require.NoError(t, err)
	require.NoError(t, msg.Append(make([]byte, unix.SizeofIfInfomsg), libnl.NLMSG_ALIGNTO))
	require.NoError(t, msg.NlaPutString(unix.IFLA_IFNAME, name))
	if request == unix.RTM_NEWLINK {
		info, err := msg.NlaNestStart(unix.IFLA_LINKINFO)
		require.NoError(t, err)
		require.NoError(t, msg.NlaPutString(unix.IFLA_INFO_KIND, "bridge"))
		require.NoError(t, msg.NlaNestEnd(info))
	}
	if err = sk.SendSync(msg); errors.Is(err, libnl.NLE_OPNOTSUPP) && request == unix.RTM_NEWLINK {
		t.Skip("this machine has no bridges in its kernel")
	}
	require.NoError(t, err)
}
