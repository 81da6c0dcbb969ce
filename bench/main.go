// Bench measures golibnl against C on libnl, against its peers in Go, and against bare system calls.
//
//	bench [-run REGEXP] [-laps N] [-most N] [-settle SHARE] [-out DIR [-more]]   measures, and writes a table and plots
//	bench -smoke                                                does everything once, small, and compares the answers
//	bench -compare A.json B.json ...                            says how far the ratios of several runs differ
//
// It needs the right to make network namespaces, a C compiler, and strace unless -calls=false is given.
package main

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/golibnl/golibnl/bench/internal/contend"
	"github.com/golibnl/golibnl/bench/internal/host"
	"github.com/golibnl/golibnl/bench/internal/result"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "contend" {
		if err := contend.Main(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	var (
		only    = flag.String("run", "", "only workloads whose NAME or NAME/SIZE matches this `regexp`")
		who     = flag.String("contenders", "", "only contenders whose name matches this `regexp`")
		laps    = flag.Int("laps", 6, "how many times all workloads are gone through at least")
		most    = flag.Int("most", 16, "how many times those are, at most, whose ratios are not settled before")
		settle  = flag.Float64("settle", 0.03, "the standard error of a ratio, as a `share` of it, by which it is settled")
		rounds  = flag.Int("rounds", 6, "how many times all contenders take their turn in a lap; a third of that where it takes long")
		budget  = flag.Duration("budget", 20*time.Millisecond, "how long a contender works in a round, about")
		calls   = flag.Bool("calls", true, "count system calls too, in a pass of their own")
		out     = flag.String("out", "", "the `directory` for the table, the plots and the numbers")
		smoke   = flag.Bool("smoke", false, "do everything once, small, and write nothing")
		more    = flag.Bool("more", false, "keep what -out has of other workloads")
		compare = flag.Bool("compare", false, "compare the reports that are given")
	)
	flag.Parse()
	if *compare {
		return compareFiles(flag.Args())
	}
	dir, err := os.MkdirTemp("", "golibnl-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	programs, err := build(dir)
	if err != nil {
		return err
	}
	plan := &host.Plan{Programs: programs, Rounds: *rounds, Budget: *budget, Small: *smoke, Calls: *calls && !*smoke, Log: os.Stdout}
	if *smoke {
		plan.Rounds, *laps, *most, *out = 1, 1, 1, ""
	}
	report := &result.Report{Machine: machine(), Loads: []string{load()}}
	if *more {
		old, err := read(filepath.Join(*out, "results.json"))
		if err != nil {
			return err
		}
		report.Measured, report.Loads = old.Measured, append(old.Loads, report.Loads...)
	}
	for plan.Lap = range *most {
		for _, w := range workloads {
			for _, size := range sizes(w, plan.Small) {
				if plan.Lap >= *laps && report.Settled(w.Name, size, *settle) {
					continue
				}
				if err := measure(report, plan, w, size, *only, *who, *out); err != nil {
					return err
				}
			}
		}
	}
	report.Loads = append(report.Loads, load())
	if *out == "" {
		return nil
	}
	return write(report, *out)
}

func measure(report *result.Report, plan *host.Plan, w *host.Workload, size int, only, who, out string) error {
	ok, err := regexp.MatchString(only, fmt.Sprintf("%s/%d", w.Name, size))
	if err != nil {
		return err
	}
	if !ok || w.Once && plan.Lap > 0 {
		return nil
	}
	chosen := *w
	if chosen.Contenders, err = matching(w.Contenders, who); err != nil {
		return err
	}
	fmt.Printf("%s/%d, lap %d\n", w.Name, size, plan.Lap+1)
	s, err := plan.Run(&chosen, size)
	if err != nil {
		return err
	}
	if plan.Lap == 0 {
		report.Put(s)
	} else {
		report.Add(s)
	}
	if out == "" {
		return nil
	}
	return write(report, out) // what is measured is not lost if the rest takes too long
}

func sizes(w *host.Workload, small bool) []int {
	if small {
		return []int{w.Small}
	}
	return w.Sizes
}

func matching(names []string, pattern string) (chosen []string, err error) {
	for _, name := range names {
		ok, err := regexp.MatchString(pattern, name)
		if err != nil {
			return nil, err
		}
		if ok {
			chosen = append(chosen, name)
		}
	}
	return chosen, nil
}

// build compiles the contenders in C.
func build(dir string) (p host.Programs, err error) {
	if p.Go, err = os.Executable(); err != nil {
		return p, err
	}
	p.C = filepath.Join(dir, "contend")
	flags, err := exec.Command("pkg-config", "--cflags", "--libs", "libnl-3.0", "libnl-genl-3.0").Output()
	if err != nil {
		return p, fmt.Errorf("pkg-config: %w", err)
	}
	sources, err := filepath.Glob("c/*.c")
	if err != nil || len(sources) == 0 {
		return p, fmt.Errorf("no c/*.c here: run this in bench/ (%w)", err)
	}
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "cc"
	}
	args := append([]string{"-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-o", p.C}, sources...)
	cmd := exec.Command(cc, append(args, strings.Fields(string(flags))...)...)
	if text, err := cmd.CombinedOutput(); err != nil {
		return p, fmt.Errorf("%s: %w\n%s", cc, err, text)
	}
	return p, nil
}

func write(report *result.Report, dir string) error {
	place := map[string]int{}
	for i, w := range workloads {
		place[w.Name] = i
	}
	slices.SortStableFunc(report.Measured, func(a, b result.Series) int {
		return cmp.Or(cmp.Compare(place[a.Workload], place[b.Workload]), cmp.Compare(a.Size, b.Size))
	})
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	text, err := json.MarshalIndent(report, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "results.json"), append(text, '\n'), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "results.md"), []byte(report.Table(targets)), 0o644); err != nil {
		return err
	}
	return report.Plots(dir)
}

func compareFiles(names []string) error {
	var reports []*result.Report
	for _, name := range names {
		r, err := read(name)
		if err != nil {
			return err
		}
		reports = append(reports, r)
	}
	fmt.Print(result.Compare(reports))
	return nil
}

func read(name string) (*result.Report, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	r := new(result.Report)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}
