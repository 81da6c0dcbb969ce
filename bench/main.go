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
	"errors"
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

// session is one call of the program.
type session struct {
	plan        *host.Plan
	report      *result.Report
	only, who   *regexp.Regexp // workloads, contenders
	laps, most  int
	settle      float64
	calls, more bool
	out         string
}

func run() error {
	var (
		s       session
		only    = flag.String("run", "", "only workloads whose NAME or NAME/SIZE matches this `regexp`")
		who     = flag.String("contenders", "", "only contenders whose name matches this `regexp`")
		rounds  = flag.Int("rounds", 6, "how many times all contenders take their turn in a lap; a third of that where it takes long")
		budget  = flag.Duration("budget", 20*time.Millisecond, "how long a contender works in a round, about")
		smoke   = flag.Bool("smoke", false, "do everything once, small, and write nothing")
		compare = flag.Bool("compare", false, "compare the reports that are given")
	)
	flag.IntVar(&s.laps, "laps", 6, "how many times all workloads are gone through at least")
	flag.IntVar(&s.most, "most", 16, "how many times those are, at most, whose ratios are not settled before")
	flag.Float64Var(&s.settle, "settle", 0.03, "the standard error of a ratio, as a `share` of it, by which it is settled")
	flag.BoolVar(&s.calls, "calls", true, "count system calls too, in a pass of their own")
	flag.StringVar(&s.out, "out", "", "the `directory` for the table, the plots and the numbers")
	flag.BoolVar(&s.more, "more", false, "go on with what -out has, where that is not settled or not there")
	flag.Parse()
	if *compare {
		return compareFiles(flag.Args())
	}
	var err error
	if s.only, err = regexp.Compile(*only); err != nil {
		return err
	}
	if s.who, err = regexp.Compile(*who); err != nil {
		return err
	}
	if s.more && *who != "" {
		return errors.New("-more goes on with the contenders that were there: leave out -contenders")
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
	s.plan = &host.Plan{Programs: programs, Rounds: *rounds, Budget: *budget, Small: *smoke, Log: os.Stdout}
	if *smoke {
		s.plan.Rounds, s.laps, s.most, s.calls, s.out = 1, 1, 1, false, ""
	}
	return s.all()
}

// all goes through all workloads, again and again, until none is left that needs it.
func (s *session) all() error {
	s.report = &result.Report{Machine: machine(), Loads: []string{load()}}
	if s.more {
		old, err := read(filepath.Join(s.out, "results.json"))
		if err != nil {
			return err
		}
		s.report.Measured, s.report.Loads = old.Measured, append(old.Loads, s.report.Loads...)
	}
	for again := true; again; {
		again = false
		for _, w := range workloads {
			for _, size := range sizes(w, s.plan.Small) {
				if !s.wants(w, size) {
					continue
				}
				again = true
				if err := s.lap(w, size); err != nil {
					return err
				}
			}
		}
	}
	s.report.Loads = append(s.report.Loads, load())
	if s.out == "" {
		return nil
	}
	return write(s.report, s.out)
}

// wants reports whether a workload is to be gone through once more.
func (s *session) wants(w *host.Workload, size int) bool {
	if !s.only.MatchString(fmt.Sprintf("%s/%d", w.Name, size)) {
		return false
	}
	had, _ := s.report.Find(w.Name, size)
	switch laps := len(had.Laps); {
	case laps == 0:
		return true
	case w.Once || laps >= s.most:
		return false
	default:
		return laps < s.laps || !had.Settled(s.settle)
	}
}

func (s *session) lap(w *host.Workload, size int) error {
	chosen := *w
	chosen.Contenders = slices.DeleteFunc(slices.Clone(w.Contenders), func(name string) bool { return !s.who.MatchString(name) })
	had, _ := s.report.Find(w.Name, size)
	s.plan.Calls = s.calls && len(had.Laps) == 0
	fmt.Printf("%s/%d, lap %d\n", w.Name, size, len(had.Laps)+1)
	series, err := s.plan.Run(&chosen, size)
	if err != nil {
		return err
	}
	s.report.Add(series)
	if s.out == "" {
		return nil
	}
	return write(s.report, s.out) // what is measured is not lost if the rest takes too long
}

func sizes(w *host.Workload, small bool) []int {
	if small {
		return []int{w.Small}
	}
	return w.Sizes
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
