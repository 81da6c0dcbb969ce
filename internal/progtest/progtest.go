//go:build linux

// Package progtest runs programs, and checks what they say as they say it.
package progtest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
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

// Transcript is told, if it is not nil, which programs are started and what they write, for somebody to watch. It is called by
// several goroutines.
var Transcript func(line string)

// Program is a program that runs.
type Program struct {
	t      *testing.T
	cmd    *exec.Cmd
	lines  chan string // what it writes to standard output
	stderr buffer
}

// buffer may be read while a program writes to it.
type buffer struct {
	mu   sync.Mutex
	b    bytes.Buffer
	tell func(lines string)
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tell(string(p))
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// Start runs a program, in the network namespace of the calling thread, until the test ends.
func Start(t *testing.T, path string, args ...string) *Program {
	t.Helper()
	p := &Program{t: t, cmd: exec.Command(path, args...), lines: make(chan string, 1000)}
	p.cmd.Stderr = &p.stderr
	p.stderr.tell = p.tell
	if Transcript != nil {
		Transcript("$ " + strings.Join(append([]string{filepath.Base(path)}, args...), " "))
	}
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			p.tell(s.Text())
			p.lines <- s.Text()
		}
	}()
	return p
}

// tell adds lines to the transcript, marked with the program that they are of.
func (p *Program) tell(lines string) {
	if Transcript == nil {
		return
	}
	for line := range strings.Lines(lines) {
		Transcript(fmt.Sprintf("%s %d: %s", filepath.Base(p.cmd.Path), p.Pid(), strings.TrimSuffix(line, "\n")))
	}
}

// Line is the next line of the program's output.
func (p *Program) Line() string {
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

// Says checks the next lines of the program's output.
func (p *Program) Says(want ...string) {
	p.t.Helper()
	for _, w := range want {
		require.Equal(p.t, w, p.Line())
	}
}

// Logs waits until the stand-in in the program has written a line into its log.
func (p *Program) Logs(want string) {
	p.t.Helper()
	require.Eventually(p.t, func() bool {
		return strings.Contains(p.stderr.String(), want+"\n")
	}, hang, 5*time.Millisecond, "%v does not log %q: %s", p.cmd.Args, want, &p.stderr)
}

// Ends checks the rest of the output and the exit status, and returns what is on standard error.
func (p *Program) Ends(status int, rest ...string) string {
	p.t.Helper()
	p.Says(rest...)
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

// Kill ends the program.
func (p *Program) Kill() {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Kill())
	for range p.lines {
		continue
	}
	_ = p.cmd.Wait()
}

// Pid is the program's process ID.
func (p *Program) Pid() int { return p.cmd.Process.Pid }

// Stderr is what the program has written to standard error so far.
func (p *Program) Stderr() string { return p.stderr.String() }
