//go:build linux && cgo

package parity

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/internal/capi"
	"github.com/golibnl/golibnl/internal/ctest"
	"github.com/golibnl/golibnl/libnl"
)

var buildDir string

func TestMain(m *testing.M) {
	ctest.LinkRoute()
	var err error
	if buildDir, err = os.MkdirTemp("", "parity"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(buildDir)
	if n := libnl.Misuses(); n != 0 {
		fmt.Fprintf(os.Stderr, "freed objects were used %d times\n", n)
		code = 1
	}
	os.Exit(code)
}

// cside compiles the C side, once.
var cside = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("pkg-config", "--cflags", "--libs", "libnl-3.0", "libnl-genl-3.0", "libnl-route-3.0").Output()
	if err != nil {
		return "", fmt.Errorf("pkg-config libnl-3.0, -genl-, -route- (are libnl's headers installed?): %w", err)
	}
	if err := writeCalled(filepath.Join(buildDir, "called.h")); err != nil {
		return "", err
	}
	cc := strings.Fields(os.Getenv("CC"))
	if len(cc) == 0 {
		cc = []string{"cc"}
	}
	sources, err := filepath.Glob("cside/*.c")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(buildDir, "cside")
	args := append(cc[1:], "-D_GNU_SOURCE", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-I", buildDir, "-o", bin)
	args = append(append(args, sources...), strings.Fields(string(out))...)
	if text, err := exec.Command(cc[0], args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("compiling the C side: %w\n%s", err, text)
	}
	return bin, nil
})

// functions returns the names of the C functions that packages libnl and genl have, sorted.
func functions() ([]string, error) {
	var names []string
	for _, dir := range []string{"../../libnl", "../../libnl/genl"} {
		all, err := capi.Exported(dir)
		if err != nil {
			return nil, err
		}
		for _, f := range all {
			lines, _ := f.Prototypes()
			symbols, _ := f.Implements()
			for i, line := range lines {
				if strings.Contains(line, "(") && !strings.HasPrefix(line, "#define") {
					names = append(names, symbols[i])
				}
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// writeCalled writes a header that makes each of these functions a macro that notes that it is called.
func writeCalled(path string) error {
	names, err := functions()
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "#ifndef PARITY_CALLED_H\n#define PARITY_CALLED_H\n")
	for i, name := range names {
		fmt.Fprintf(&b, "#define CALLED_%s %d\n", name, i)
	}
	fmt.Fprintf(&b, "#define N_CALLED %d\n#define CALLED_NAMES \"%s\"\n", len(names), strings.Join(names, `", "`))
	fmt.Fprintf(&b, "extern unsigned char called[N_CALLED];\nstatic inline void note_call(int n) { called[n] = 1; }\n")
	for _, name := range names {
		fmt.Fprintf(&b, "#define %s(...) (note_call(CALLED_%s), %s(__VA_ARGS__))\n", name, name, name)
	}
	b.WriteString("#endif\n")
	return os.WriteFile(path, []byte(b.String()), 0o600)
}

// outputOfC runs the C side. The time is a guard against a hang, not a measure.
func outputOfC(t *testing.T, args ...string) string {
	t.Helper()
	bin, err := cside()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, bin, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "the C side said: %s", stderr.String())
	return string(out)
}

// runC runs scenarios on the C side and returns their traces by name.
func runC(t *testing.T, all []*Scenario, flags ...string) map[string][]string {
	t.Helper()
	traces := map[string][]string{}
	if len(all) == 0 {
		return traces
	}
	paths, err := filepath.Glob("scenarios/*.txt")
	require.NoError(t, err)
	args := append(append(flags, paths...), "--")
	for _, sc := range all {
		args = append(args, sc.String())
	}
	for _, part := range strings.Split("\n"+strings.TrimSuffix(outputOfC(t, args...), "\n"), "\n== ")[1:] {
		lines := strings.Split(part, "\n")
		traces[lines[0]] = lines[1:]
	}
	require.Len(t, traces, len(all), "the C side ran other scenarios than it was told to")
	return traces
}

func scenarios(t *testing.T) []*Scenario {
	t.Helper()
	all, err := Scenarios()
	require.NoError(t, err)
	return all
}

// parted returns those for which f is true, and the others.
func parted(all []*Scenario, f func(*Scenario) bool) (yes, no []*Scenario) {
	for _, sc := range all {
		if f(sc) {
			yes = append(yes, sc)
		} else {
			no = append(no, sc)
		}
	}
	return yes, no
}

// silence lets standard error, C's included, go nowhere until the function that it returns is called.
func silence(t *testing.T) func() {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(t, err)
	defer func() { _ = null.Close() }()
	kept, err := syscall.Dup(2)
	require.NoError(t, err)
	require.NoError(t, syscall.Dup3(int(null.Fd()), 2, 0))
	return func() {
		_ = syscall.Dup3(kept, 2, 0)
		_ = syscall.Close(kept)
	}
}
