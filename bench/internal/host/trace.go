package host

import (
	"bufio"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/golibnl/golibnl/bench/internal/result"
)

// ofTime are system calls that a runtime makes when time has passed, or to let others run: under the tracer, which slows
// all down, they say nothing about the work.
var ofTime = map[string]bool{
	"nanosleep": true, "clock_nanosleep": true, "sched_yield": true, "tgkill": true, "rt_sigreturn": true, "getpid": true,
	"restart_syscall": true, "madvise": true, "exit": true, "exit_group": true,
}

var traced = regexp.MustCompile(`^\d+ +([a-z_0-9]+)\(`)

// calls counts the system calls that a contender makes for so many ops, between the command that it reads and the answer
// that it writes.
func calls(p Programs, w *Workload, contender string, size, ops int) (result.Calls, error) {
	file, err := os.CreateTemp("", "golibnl-bench-*.trace")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(file.Name()) }()
	defer func() { _ = file.Close() }()
	p.Trace = file.Name()
	c, err := p.start(w.Name, contender, size)
	if err != nil {
		return nil, err
	}
	defer c.quit()
	if _, err := c.ask("open", "ready"); err != nil {
		return nil, err
	}
	runs := 2 // the first one warms up
	if w.Fresh {
		runs = 1
	}
	for range runs {
		if err := w.prepare(size, ops); err != nil {
			return nil, err
		}
		if _, err := c.run(ops); err != nil {
			return nil, err
		}
	}
	c.quit()
	return count(bufio.NewScanner(file), runs, ops)
}

func count(lines *bufio.Scanner, last, ops int) (result.Calls, error) {
	counts, runs := map[string]int{}, 0
	on := false
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.Contains(line, `"run `):
			runs++
			on = runs == last
		case strings.Contains(line, `write(1, "done `):
			on = false
		case on:
			if m := traced.FindStringSubmatch(line); m != nil && !ofTime[m[1]] {
				counts[m[1]]++
			}
		}
	}
	if runs != last {
		return nil, fmt.Errorf("the trace has %d runs, not %d", runs, last)
	}
	all := result.Calls{}
	for name, n := range counts {
		all[name] = float64(n) / float64(ops)
	}
	return all, lines.Err()
}
