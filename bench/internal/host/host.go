package host

import (
	"fmt"
	"io"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/bench/internal/result"
)

// Workload is one thing to do, and who does it.
type Workload struct {
	Name, Title, Unit string
	Note              string // what a reader of the table has to know
	Sizes             []int
	Small             int // the size for a quick check
	Floor             string
	Contenders        []string
	Units             func(size int) int // of Unit in one op; nil for 1

	// In the namespace: SetUp once; Before each run of so many ops; After it, to check what it did. All may be nil.
	SetUp  func(size int) error
	Before func(size, ops int) error
	After  func(size, ops int) error

	Ops   func(size int) int // in a run, if it may not be chosen by how long one takes
	Fresh bool               // each run has a process of its own
	Once  bool               // one round is enough: what counts is memory. A contender may fail at it

	// Pace makes so many events, at so many a second, while the contender runs, and returns how long that took. What counts
	// is at which rate the contender misses one.
	Pace func(rate, events int) (time.Duration, error)
}

func (w *Workload) units(size int) int {
	if w.Units == nil {
		return 1
	}
	return w.Units(size)
}

func (w *Workload) prepare(size, ops int) error {
	if w.Before == nil {
		return nil
	}
	return w.Before(size, ops)
}

// Plan says how much is done.
type Plan struct {
	Programs
	Rounds int
	Budget time.Duration // for a contender in a round
	Small  bool          // the small sizes, once
	Calls  bool          // count system calls too
	Log    io.Writer
}

// Run runs a workload at a size in a fresh network namespace.
func (p *Plan) Run(w *Workload, size int) (s result.Series, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends, and the namespace with it
		if err = unix.Unshare(unix.CLONE_NEWNET); err != nil {
			err = fmt.Errorf("cannot make a network namespace (CAP_SYS_ADMIN needed): %w", err)
			return
		}
		s, err = p.inNamespace(w, size)
	}()
	<-done
	if err != nil {
		err = fmt.Errorf("%s at %d: %w", w.Name, size, err)
	}
	return s, err
}

// rounds is how many rounds fit the time that is meant for all, and at least a third of them. Many short ones, in several
// laps, are better than a few long ones: what disturbs the machine comes and goes.
func (r *race) rounds() int {
	some := max(r.Rounds/3, 1)
	switch {
	case r.w.Once:
		return 1
	case r.w.Pace != nil:
		return max(r.Rounds/2, 1)
	}
	slowest := r.Budget
	for _, e := range r.entrants {
		slowest = max(slowest, e.took)
	}
	return max(some, int(time.Duration(r.Rounds)*r.Budget/slowest))
}

// entrant is a contender in a race.
type entrant struct {
	*process
	row      result.Row
	ops      int
	took     time.Duration // by a round, about
	byOthers bool          // it runs other programs, of which its memory says nothing
}

func (p *Plan) inNamespace(w *Workload, size int) (result.Series, error) {
	s := result.Series{
		Workload: w.Name, Title: w.Title, Unit: w.Unit, Note: w.Note, Size: size, Units: w.units(size), Floor: w.Floor,
		Memory: w.Once,
	}
	if w.SetUp != nil {
		if err := w.SetUp(size); err != nil {
			return s, fmt.Errorf("set up: %w", err)
		}
	}
	r := &race{Plan: *p, w: w, size: size}
	defer r.end()
	for _, name := range w.Contenders {
		if err := r.enter(name); err != nil {
			return s, fmt.Errorf("%s: %w", name, err)
		}
	}
	rounds := r.rounds()
	s.Laps = []int{rounds}
	for range rounds {
		for _, e := range r.entrants {
			if e.row.Error != "" {
				continue
			}
			if err := r.round(e); err != nil {
				return s, fmt.Errorf("%s: %w", e.row.Contender, err)
			}
		}
	}
	for _, e := range r.entrants {
		if e.process != nil {
			e.retire()
		}
	}
	for _, e := range r.entrants {
		if p.Calls && !w.Once && w.Pace == nil && s.Units <= tracedUnits {
			ops := min(e.ops, 100)
			calls, err := calls(p.Programs, w, e.row.Contender, size, ops)
			if err != nil {
				return s, fmt.Errorf("%s, traced: %w", e.row.Contender, err)
			}
			e.row.Calls = calls
		}
		s.Rows = append(s.Rows, e.row)
	}
	return s, nil
}

// tracedUnits is how much of a workload is traced at most: more take minutes, and tell no more.
const tracedUnits = 20_100

// race is a workload at a size, with all its contenders running.
type race struct {
	Plan
	w        *Workload
	size     int
	entrants []*entrant
	answer   uint64 // of one op; 0 until the first contender gave it
}

func (r *race) end() {
	for _, e := range r.entrants {
		if e.process != nil {
			e.quit()
			e.process = nil
		}
	}
}

// enter starts a contender, and has it warm up, which shows how long an op takes.
func (r *race) enter(name string) error {
	c, err := r.start(r.w.Name, name, r.size)
	if err != nil {
		return err
	}
	e := &entrant{process: c, row: result.Row{Contender: name}, ops: 1}
	r.entrants = append(r.entrants, e)
	if r.w.Ops != nil {
		e.ops = r.w.Ops(r.size)
	}
	e.row.Ops = e.ops
	if r.w.Fresh || r.w.Once {
		e.quit()
		e.process = nil
		return nil
	}
	if err := e.open(); err != nil {
		return err
	}
	budget := r.Budget
	if r.Small {
		budget = time.Millisecond
	}
	for {
		s, err := r.one(e)
		if err != nil {
			return err
		}
		e.took = s.took
		if r.w.Ops != nil || s.took >= budget/2 || e.ops >= 1<<24 {
			break
		}
		perOp := max(s.took/time.Duration(e.ops), 1)
		e.ops = min(e.ops*100, max(e.ops+1, int(budget/perOp)))
	}
	e.row.Ops = e.ops
	return nil
}

func (e *entrant) open() error {
	e.row.Start = e.status().rss
	if _, err := e.ask("open", "ready"); err != nil {
		return err
	}
	e.row.Opened = e.status().rss
	return nil
}

// restart gives a contender a new process.
func (r *race) restart(e *entrant) (err error) {
	if e.process != nil {
		e.quit()
	}
	if e.process, err = r.start(r.w.Name, e.row.Contender, r.size); err != nil {
		e.process = nil
		return err
	}
	return e.open()
}

// retire ends the process of a contender, lest it takes part in what others are measured at.
func (e *entrant) retire() {
	if !e.byOthers {
		st := e.status()
		e.row.Threads, e.row.Peak = st.threads, max(e.row.Peak, st.peak)
	}
	e.quit()
	e.process = nil
}

// one has a contender run once, and compares its answer with that of the others.
func (r *race) one(e *entrant) (sample, error) {
	if err := r.w.prepare(r.size, e.ops); err != nil {
		return sample{}, fmt.Errorf("before a run: %w", err)
	}
	s, err := e.run(e.ops)
	if err != nil {
		return s, err
	}
	if r.answer == 0 && s.answer%uint64(e.ops) == 0 {
		r.answer = s.answer / uint64(e.ops)
	}
	if want := r.answer * uint64(e.ops); s.answer != want || s.answer == 0 {
		return s, fmt.Errorf("the answer of %d ops is %#x, and others got %#x", e.ops, s.answer, want)
	}
	if r.w.After != nil {
		if err := r.w.After(r.size, e.ops); err != nil {
			return s, fmt.Errorf("after a run: %w", err)
		}
	}
	return s, nil
}

func (r *race) round(e *entrant) error {
	if r.w.Pace != nil {
		return r.search(e)
	}
	before := fixedWork()
	if r.w.Fresh || r.w.Once {
		if err := r.restart(e); err != nil {
			return r.failed(e, err)
		}
	}
	s, err := r.one(e)
	if err != nil {
		return r.failed(e, err)
	}
	e.byOthers = s.children > 0
	if r.w.Once || r.w.Fresh {
		e.retire()
	}
	ops := float64(e.ops)
	units := ops * float64(r.w.units(r.size))
	e.row.Ns = append(e.row.Ns, float64(s.took.Nanoseconds())/units)
	e.row.CPU = append(e.row.CPU, float64(s.cpu.Nanoseconds())/units)
	e.row.Fixed = append(e.row.Fixed, float64(max(before, fixedWork()).Nanoseconds()))
	mallocs, bytes := float64(s.mallocs)/ops, float64(s.bytes)/ops
	if len(e.row.Ns) == 1 || mallocs < e.row.Mallocs { // the collector may empty a pool
		e.row.Mallocs, e.row.Bytes = mallocs, bytes
	}
	if inC(e.row.Contender) || e.byOthers {
		e.row.Mallocs = -1
	}
	_, _ = fmt.Fprintf(r.Log, "  %-18s %12.1f ns/%s\n", e.row.Contender, e.row.Ns[len(e.row.Ns)-1], r.w.Unit)
	return nil
}

// failed is what becomes of an error: where a contender may fail, it is what there is to say of it.
func (r *race) failed(e *entrant, err error) error {
	if !r.w.Once {
		return err
	}
	e.row.Error = err.Error()
	if len(e.row.Error) > 200 {
		e.row.Error = e.row.Error[:200] + "..."
	}
	_, _ = fmt.Fprintf(r.Log, "  %-18s %s\n", e.row.Contender, e.row.Error)
	if e.process != nil {
		e.kill()
		_ = e.cmd.Wait()
		e.process = nil
	}
	return nil
}
