//go:build linux

package examples_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// hang is how long a program may take to do what it does at once.
const hang = 30 * time.Second

// bin is where TestMain puts the programs.
var bin string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if bin, err = os.MkdirTemp("", "examples"); err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(bin) }()
		out, err := exec.Command("go", "build", "-o", bin+string(filepath.Separator), "./...").CombinedOutput()
		if err != nil {
			fmt.Fprintf(os.Stderr, "building the examples: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// program is a program that runs.
type program struct {
	t      *testing.T
	cmd    *exec.Cmd
	lines  chan string // what it writes to standard output
	stderr buffer
}

// buffer may be read while a program writes to it.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start runs a program of this folder, in the network namespace of the calling thread.
func start(t *testing.T, name string, args ...string) *program {
	t.Helper()
	p := &program{t: t, cmd: exec.Command(filepath.Join(bin, name), args...), lines: make(chan string, 1000)}
	p.cmd.Stderr = &p.stderr
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	return p
}

// line is the next line of the program's output.
func (p *program) line() string {
	p.t.Helper()
	select {
	case line, ok := <-p.lines:
		require.True(p.t, ok, "%v ended: %s", p.cmd.Args, &p.stderr)
		return line
	case <-time.After(hang):
		require.Fail(p.t, "hangs", "%v says nothing: %s", p.cmd.Args, &p.stderr)
	}
	return ""
}

// says checks the next lines of the program's output.
func (p *program) says(want ...string) {
	p.t.Helper()
	for _, w := range want {
		require.Equal(p.t, w, p.line())
	}
}

// logs waits until the stand-in in the program has written a line into its log.
func (p *program) logs(want string) {
	p.t.Helper()
	require.Eventually(p.t, func() bool {
		return strings.Contains(p.stderr.String(), want+"\n")
	}, hang, 5*time.Millisecond, "%v does not log %q: %s", p.cmd.Args, want, &p.stderr)
}

// ends checks the rest of the output and the exit status, and returns what is on standard error.
func (p *program) ends(status int, rest ...string) string {
	p.t.Helper()
	p.says(rest...)
	select {
	case line, ok := <-p.lines:
		require.False(p.t, ok, "%v says %q besides", p.cmd.Args, line)
	case <-time.After(hang):
		require.Fail(p.t, "hangs", "%v does not end", p.cmd.Args)
	}
	err := p.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(p.t, err)
	}
	require.Equal(p.t, status, p.cmd.ProcessState.ExitCode(), "%v: %s", p.cmd.Args, &p.stderr)
	return p.stderr.String()
}

// kill ends the program.
func (p *program) kill() {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Kill())
	for range p.lines {
		continue
	}
	_ = p.cmd.Wait()
}

// standin is the line that a program says first with -standin.
func standin(module string) string {
	return "-standin: a process in user space, on NETLINK_USERSOCK, plays the module " + module
}
