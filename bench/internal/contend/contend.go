// Package contend holds the contenders that are written in Go. Each does a workload its own best way, and answers with
// a number that says what it read or did: the same one for all.
package contend

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Run does the work so many times, and returns the sum of the answers.
type Run func(ops int) (uint64, error)

// Open makes a contender ready for a workload of a size, in the namespace that the process is in.
type Open func(size int) (Run, error)

// Group is where all contenders of one workload are, by name.
type Group map[string]Open

var groups = map[string]Group{
	"dump-routes": dumpRoutes,
	"dump-links":  dumpLinks,
	"crossing":    crossing,
	"ack":         ack,
	"get":         get,
	"resolve":     resolve,
	"open-close":  openClose,
	"decode":      decode,
	"encode":      encode,
	"shared":      shared,
	"add-routes":  addRoutes,
	"events":      events,
	"keep-up":     keepUp,
	"recovery":    recovery,
	"idle":        idle,
}

// Serve runs a contender for the process that started this one: it reads commands from in and answers on out, a line each.
//
//	hello                              when the process is up
//	open       ready                   or: error TEXT
//	run OPS    done NS CPU ANSWER MALLOCS BYTES HWM
//	quit
//
// CPU is the time in ns on processors, and HWM the peak in KiB of the processes that it ran, 0 if it ran none.
func Serve(workload, contender string, size int, in io.Reader, out io.Writer) error {
	open, ok := groups[workload][contender]
	if !ok {
		return fmt.Errorf("no contender %q for %q", contender, workload)
	}
	var run Run
	fmt.Fprintln(out, "hello")
	for lines := bufio.NewScanner(in); lines.Scan(); {
		word, arg, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "open":
			var err error
			if run, err = open(size); err != nil {
				fmt.Fprintln(out, "error", err)
				continue
			}
			runtime.GC()
			debug.FreeOSMemory()
			fmt.Fprintln(out, "ready")
		case "run":
			ops, err := strconv.Atoi(arg)
			if err != nil {
				return err
			}
			fmt.Fprintln(out, measure(run, ops))
		case "quit":
			return nil
		}
	}
	return nil
}

func measure(run Run, ops int) string {
	var before, after runtime.MemStats
	var children unix.Rusage
	runtime.ReadMemStats(&before)
	cpu := processorTime()
	start := time.Now()
	answer, err := run(ops)
	took := time.Since(start)
	cpu = processorTime() - cpu
	runtime.ReadMemStats(&after)
	if err != nil {
		return "error " + strings.ReplaceAll(err.Error(), "\n", " ")
	}
	_ = unix.Getrusage(unix.RUSAGE_CHILDREN, &children)
	return fmt.Sprint("done ", took.Nanoseconds(), " ", cpu.Nanoseconds(), " ", answer, " ", after.Mallocs-before.Mallocs, " ",
		after.TotalAlloc-before.TotalAlloc, " ", children.Maxrss)
}

// processorTime is what the process, and those that it ran, have had of the processors.
func processorTime() (sum time.Duration) {
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var u unix.Rusage
		if unix.Getrusage(who, &u) == nil {
			sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
		}
	}
	return sum
}

// Main is Serve over the standard streams.
func Main(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("want WORKLOAD CONTENDER SIZE, not %q", args)
	}
	size, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	return Serve(args[0], args[1], size, os.Stdin, os.Stdout)
}
