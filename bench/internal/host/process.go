// Package host runs the contenders: each in a process of its own, in the namespace of its workload, by turns.
package host

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Programs are what contenders are run with.
type Programs struct {
	Go, C string
	Trace string // the file for the trace of system calls; no trace if empty
}

// process is a contender that is running.
type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	err bytes.Buffer
	pid int // of the contender, under strace another than that of cmd
}

// status is what the kernel says of a process.
type status struct {
	rss, peak int // KiB
	threads   int
}

// sample is what one run said.
type sample struct {
	took, cpu      time.Duration
	answer         uint64
	mallocs, bytes uint64
	children       int // peak in KiB
}

// start starts a contender. The process is in the namespace of the calling thread.
func (p Programs) start(workload, contender string, size int) (*process, error) {
	args := []string{p.Go, "contend"}
	if inC(contender) {
		args = []string{p.C}
	}
	args = append(args, workload, contender, strconv.Itoa(size))
	if p.Trace != "" {
		args = append([]string{"strace", "-f", "-qq", "-s", "16", "-e", "signal=none", "-o", p.Trace}, args...)
	}
	c := &process{cmd: exec.Command(args[0], args[1:]...)}
	c.cmd.Stderr = &c.err
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	c.out = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	c.pid = c.cmd.Process.Pid
	if _, err := c.answer("hello"); err != nil {
		c.kill()
		return nil, err
	}
	return c, nil
}

// inC reports whether a contender is written in C, by its name.
func inC(contender string) bool { return contender == "c" || strings.HasPrefix(contender, "c-") }

// hung is when a contender is given up: no run takes nearly as long.
const hung = 5 * time.Minute

// ask sends a command and returns what follows the word of the answer.
func (c *process) ask(command, word string) (string, error) {
	if _, err := fmt.Fprintln(c.in, command); err != nil {
		return "", fmt.Errorf("%w\n%s", err, &c.err)
	}
	return c.answer(word)
}

func (c *process) answer(word string) (string, error) {
	guard := time.AfterFunc(hung, c.kill)
	defer guard.Stop()
	line, err := c.out.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("the contender ended: %w\n%s", err, &c.err)
	}
	got, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	switch got {
	case word:
		return rest, nil
	case "error":
		return "", fmt.Errorf("%s", rest)
	}
	return "", fmt.Errorf("got %q in the place of %q", line, word)
}

func (c *process) run(ops int) (s sample, err error) {
	text, err := c.ask("run "+strconv.Itoa(ops), "done")
	if err != nil {
		return s, err
	}
	var ns, cpu int64
	if _, err := fmt.Sscan(text, &ns, &cpu, &s.answer, &s.mallocs, &s.bytes, &s.children); err != nil {
		return s, fmt.Errorf("read %q: %w", text, err)
	}
	s.took, s.cpu = time.Duration(ns), time.Duration(cpu)
	return s, nil
}

func (c *process) status() (s status) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.pid))
	if err != nil {
		return s
	}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		n, _ := strconv.Atoi(words[1])
		switch words[0] {
		case "VmRSS:":
			s.rss = n
		case "VmHWM:":
			s.peak = n
		case "Threads:":
			s.threads = n
		}
	}
	return s
}

func (c *process) quit() {
	_, _ = fmt.Fprintln(c.in, "quit")
	_ = c.in.Close()
	guard := time.AfterFunc(10*time.Second, c.kill)
	defer guard.Stop()
	_ = c.cmd.Wait()
}

func (c *process) kill() { _ = c.cmd.Process.Kill() }
