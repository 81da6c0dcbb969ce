// Package result keeps what was measured, and makes the table and the plots of it.
package result

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Report is one run of the whole.
type Report struct {
	Machine  map[string]string
	Loads    []string // averages of one, five and fifteen minutes, before and after
	Measured []Series
}

// Series is what was measured of a workload at one size.
type Series struct {
	Workload, Title, Unit string
	Note                  string
	Size, Units           int // Units are how many of Unit one op has
	Floor                 string
	Memory                bool  // what counts is memory: Size is how many there are of what is open at a time
	Laps                  []int // how many rounds each time had that all workloads were gone through
	Rows                  []Row
}

// Row is one contender.
type Row struct {
	Contender string
	Error     string    `json:",omitempty"`
	Ops       int       // in a round
	Ns        []float64 // a unit, of each round
	CPU       []float64 // ns on processors a unit, of each round
	Fixed     []float64 // ns that a fixed piece of work took before or after each round, whichever was longer
	Mallocs   float64   // of Go, an op; -1 if there is no Go, or it is not what does the work
	Bytes     float64   // of Go, an op
	Start     int       // KiB of the process before it opened anything
	Opened    int       // KiB when it was ready
	Peak      int       // KiB, the most
	Threads   int       // of the operating system
	Calls     Calls     // system calls an op; nil if not counted
}

// Calls are system calls an op, by name.
type Calls map[string]float64

// Total is how many they are.
func (c Calls) Total() (sum float64) {
	for _, n := range c {
		sum += n
	}
	return sum
}

// Best is the least of all rounds: what the work takes when nothing else disturbs it.
func (r Row) Best() float64 {
	if len(r.Ns) == 0 {
		return math.NaN()
	}
	return slices.Min(r.Ns)
}

// Median is the one in the middle.
func (r Row) Median() float64 {
	if len(r.Ns) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(r.Ns))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}

// Spread is how far the median is above the best, as a share of the best: how much the machine disturbed.
func (r Row) Spread() float64 { return r.Median()/r.Best() - 1 }

// Row returns a contender's.
func (s Series) Row(contender string) (Row, bool) {
	for _, r := range s.Rows {
		if r.Contender == contender && r.Error == "" {
			return r, true
		}
	}
	return Row{}, false
}

// Ratio is what one contender takes over what another does, NaN if one of them was not measured. It compares what they took
// in the same round, when the machine was the same for both, and takes the middle half of what that gives.
func (s Series) Ratio(contender, other string) float64 {
	return s.ratio(contender, other, func(r Row) []float64 { return r.Ns })
}

// CPURatio is Ratio by time on processors.
func (s Series) CPURatio(contender, other string) float64 {
	return s.ratio(contender, other, func(r Row) []float64 { return r.CPU })
}

func (s Series) ratio(contender, other string, of func(Row) []float64) float64 {
	a, aOK := s.Row(contender)
	b, bOK := s.Row(other)
	if !aOK || !bOK {
		return math.NaN()
	}
	var ratios []float64
	for i := range min(len(of(a)), len(of(b))) {
		ratios = append(ratios, of(a)[i]/of(b)[i])
	}
	return middle(ratios)
}

// Base is the contender that others are compared with: C, or the floor where there is no C.
func (s Series) Base() string {
	if _, ok := s.Row("c"); ok {
		return "c"
	}
	return s.Floor
}

// Uncertain is the standard error of a contender's ratio to the base, as a share of it: by how far the laps differ, since a
// process may be slow for as long as it lives. It is NaN if there were not two laps.
func (s Series) Uncertain(contender string) float64 {
	a, aOK := s.Row(contender)
	b, bOK := s.Row(s.Base())
	if !aOK || !bOK {
		return math.NaN()
	}
	var laps []float64
	from := 0
	for _, n := range s.Laps {
		var ratios []float64
		for i := from; i < min(from+n, len(a.Ns), len(b.Ns)); i++ {
			ratios = append(ratios, a.Ns[i]/b.Ns[i])
		}
		laps = append(laps, middle(ratios))
		from += n
	}
	mean, deviation := stat.MeanStdDev(laps, nil)
	return stat.StdErr(deviation, float64(len(laps))) / mean
}

// Settled reports whether the ratios are known well enough. They are, too, if the base was not measured.
func (s Series) Settled(within float64) bool {
	if _, based := s.Row(s.Base()); !based {
		return true
	}
	return !slices.ContainsFunc(s.Rows, func(row Row) bool {
		return row.Error == "" && !(s.Uncertain(row.Contender) <= within) // NaN is not settled
	})
}

// middle is the mean without the least and the largest quarter (the interquartile mean).
func middle(all []float64) float64 {
	if len(all) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(all))
	s = s[len(s)/4 : len(s)-len(s)/4]
	sum := 0.0
	for _, v := range s {
		sum += v
	}
	return sum / float64(len(s))
}

// busyFrom is how much longer than at best a fixed piece of work takes when others have use of the processors.
const busyFrom = 1.15

// Calm is the share of the rounds in which nobody else had use of the processors, NaN if there were none.
func (r *Report) Calm() float64 {
	var all []float64
	for _, s := range r.Measured {
		for _, row := range s.Rows {
			all = append(all, row.Fixed...)
		}
	}
	if len(all) == 0 {
		return math.NaN()
	}
	limit := busyFrom * slices.Min(all)
	return stat.CDF(limit, stat.Empirical, slices.Sorted(slices.Values(all)), nil)
}

// Add adds a lap of a workload.
func (r *Report) Add(s Series) {
	i := slices.IndexFunc(r.Measured, func(m Series) bool { return m.Workload == s.Workload && m.Size == s.Size })
	if i < 0 {
		r.Measured = append(r.Measured, s)
		return
	}
	old := &r.Measured[i]
	old.Laps = append(old.Laps, s.Laps...)
	for i := range old.Rows {
		if row, ok := s.Row(old.Rows[i].Contender); ok {
			old.Rows[i].add(row)
		}
	}
}

func (r *Row) add(lap Row) {
	r.Ns = append(r.Ns, lap.Ns...)
	r.CPU = append(r.CPU, lap.CPU...)
	r.Fixed = append(r.Fixed, lap.Fixed...)
	if lap.Mallocs < r.Mallocs { // as between rounds
		r.Mallocs, r.Bytes = lap.Mallocs, lap.Bytes
	}
	r.Peak = max(r.Peak, lap.Peak)
	r.Threads = max(r.Threads, lap.Threads)
}

// Find returns what was measured of a workload at a size.
func (r *Report) Find(workload string, size int) (Series, bool) {
	for _, s := range r.Measured {
		if s.Workload == workload && s.Size == size {
			return s, true
		}
	}
	return Series{}, false
}
