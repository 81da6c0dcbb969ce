//go:build linux

package docs_test

import (
	"errors"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/progtest"
	"github.com/golibnl/golibnl/internal/testns"
	"github.com/golibnl/golibnl/libnl"
)

// listing is a program, or a part of one, that the page shows.
type listing struct{ lang, text string }

// listings returns those of each section that has some.
func listings(t *testing.T) map[string][]listing {
	t.Helper()
	page, err := os.ReadFile("migration.md")
	require.NoError(t, err)
	all := map[string][]listing{}
	block := regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")
	for _, section := range strings.Split(string(page), "\n## ")[1:] {
		title, body, _ := strings.Cut(section, "\n")
		for _, m := range block.FindAllStringSubmatch(body, -1) {
			all[title] = append(all[title], listing{m[1], m[2]})
		}
	}
	return all
}

// take returns the texts of a section, which are in these languages.
func take(t *testing.T, section string, langs ...string) (texts []string) {
	t.Helper()
	var have []string
	for _, l := range listings(t)[section] {
		have = append(have, l.lang)
		texts = append(texts, l.text)
	}
	require.Equal(t, langs, have, section)
	return texts
}

// pair compiles the C and the Go program of a section.
func pair(t *testing.T, section string) (inC, inGo string) {
	t.Helper()
	src := take(t, section, "c", "go")
	return buildC(t, src[0]), buildGo(t, src[1], "")
}

// buildC compiles a C program, as a reader would.
func buildC(t *testing.T, src string) (program string) {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "main.c", src)
	flags, err := exec.Command("pkg-config", "--cflags", "--libs", "libnl-3.0", "libnl-genl-3.0").Output()
	require.NoError(t, err)
	args := []string{"-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-o", "program", "main.c"}
	command(t, dir, compiler(), append(args, strings.Fields(string(flags))...)...)
	return filepath.Join(dir, "program")
}

// buildGo compiles a Go program, and C beside it if there is any, in a module of its own that requires this one.
func buildGo(t *testing.T, src, besides string) (program string) {
	t.Helper()
	formatted, err := format.Source([]byte(src))
	require.NoError(t, err)
	require.Equal(t, string(formatted), src, "not as gofmt has it")
	dir := module(t)
	write(t, dir, "main.go", src)
	if besides != "" {
		write(t, dir, "besides.c", besides)
	}
	command(t, dir, "go", "vet", ".")
	command(t, dir, "go", "build", "-o", "program", ".")
	return filepath.Join(dir, "program")
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

const (
	dump     = "A dump with callbacks"
	request  = "A generic netlink request"
	listener = "A multicast listener"
	halfway  = "One file at a time"
)

func TestEachListingIsRun(t *testing.T) {
	var sections []string
	for s := range listings(t) {
		sections = append(sections, s)
	}
	require.ElementsMatch(t, []string{dump, request, listener, halfway}, sections)
}

func TestDumpWithCallbacks(t *testing.T) {
	inC, inGo := pair(t, dump)
	testns.Run(t, func(t *testing.T) {
		link(t, unix.RTM_NEWLINK, "bridge0")
		want := progtest.Run(t, inC)
		require.Equal(t, want, progtest.Run(t, inGo))
		require.Contains(t, want.Stdout, ": bridge0, mtu 1500\n")
		require.Regexp(t, `\n\d+ links\n$`, want.Stdout)

		const noDump = "17" // RTM_DELLINK
		want = progtest.Run(t, inC, noDump)
		require.Equal(t, want, progtest.Run(t, inGo, noDump))
		require.Equal(t, progtest.Outcome{
			Stdout: "the kernel refused: errno 95\n",
			Stderr: "nl_recvmsgs_default: Operation not supported\n",
			Status: 1,
		}, want)
	})
}

func TestGenericNetlinkRequest(t *testing.T) {
	inC, inGo := pair(t, request)
	testns.Run(t, func(t *testing.T) {
		for family, said := range map[string]progtest.Outcome{
			"nlctrl":  {Stdout: "ID 16\nnlctrl: version 2\n  group notify: 16\n"},
			"no such": {Stderr: "genl_ctrl_resolve: Object not found\n", Status: 1},
		} {
			require.Equal(t, said, progtest.Run(t, inC, family))
			require.Equal(t, said, progtest.Run(t, inGo, family))
		}
	})
}

// The two stages of a program that is C and Go do what it did in C.
func TestOneFileAtATime(t *testing.T) {
	stages := take(t, halfway, "go", "c", "go")
	inC := take(t, dump, "c", "go")[0]
	all := buildC(t, inC)
	none := buildGo(t, stages[0], strings.Replace(inC, "int main(", "int c_main(", 1))
	half := buildGo(t, stages[2], stages[1])
	testns.Run(t, func(t *testing.T) {
		link(t, unix.RTM_NEWLINK, "bridge0")
		for _, args := range [][]string{nil, {"17"}} {
			want := progtest.Run(t, all, args...)
			require.Equal(t, want, progtest.Run(t, half, args...), "half of it in Go, %q", args)
			require.Equal(t, want, progtest.Run(t, none, args...), "none of it in Go, %q", args)
		}
	})
}

// Both listeners listen at the same time, so the kernel tells both the same.
func TestMulticastListener(t *testing.T) {
	inC, inGo := pair(t, listener)
	testns.Run(t, func(t *testing.T) {
		listeners := []*progtest.Program{progtest.Start(t, inC, "bridge0"), progtest.Start(t, inGo, "bridge0")}
		for _, l := range listeners {
			l.Says("listening")
		}
		link(t, unix.RTM_NEWLINK, "bridge1")
		link(t, unix.RTM_NEWLINK, "bridge0")
		link(t, unix.RTM_DELLINK, "bridge1")
		link(t, unix.RTM_DELLINK, "bridge0")
		var told string
		for line := ""; line != "gone bridge0"; told += line + "\n" {
			line = listeners[0].Line()
		}
		require.Regexp(t, `^(new bridge1\n)+(new bridge0\n)+((new bridge\d\n)*gone bridge\d\n){2}$`, told)
		listeners[0].Ends(0)
		listeners[1].Ends(0, strings.Split(strings.TrimSuffix(told, "\n"), "\n")...)
	})
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
