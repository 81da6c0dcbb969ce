package result

import "math"

// Target is a number that golibnl wants to keep.
type Target struct {
	What    string
	Value   func(*Report) float64
	CPU     func(*Report) float64 // the same by time on processors, which other load disturbs less; nil if it is no time
	Limit   float64
	AtLeast bool // else: at most
}

// Met reports whether a value does.
func (t Target) Met(v float64) bool {
	if t.AtLeast {
		return v >= t.Limit
	}
	return v <= t.Limit
}

func (t Target) sign() string {
	if t.AtLeast {
		return "at least"
	}
	return "at most"
}

// CPURatioOf is RatioOf by time on processors.
func CPURatioOf(workload string, size int, contender, other string) func(*Report) float64 {
	return func(r *Report) float64 {
		s, ok := r.Find(workload, size)
		if !ok {
			return math.NaN()
		}
		return s.CPURatio(contender, other)
	}
}

// RatioOf is the time of one contender over that of another.
func RatioOf(workload string, size int, contender, other string) func(*Report) float64 {
	return func(r *Report) float64 {
		s, ok := r.Find(workload, size)
		if !ok {
			return math.NaN()
		}
		return s.Ratio(contender, other)
	}
}

// Of is something of a contender's row.
func Of(workload string, size int, contender string, f func(Series, Row) float64) func(*Report) float64 {
	return func(r *Report) float64 {
		s, ok := r.Find(workload, size)
		if !ok {
			return math.NaN()
		}
		row, ok := s.Row(contender)
		if !ok {
			return math.NaN()
		}
		return f(s, row)
	}
}

// Mallocs is how often Go allocates in an op.
func Mallocs(_ Series, r Row) float64 { return math.Floor(r.Mallocs + 0.05) }

// Threads is how many threads of the operating system there were.
func Threads(_ Series, r Row) float64 { return float64(r.Threads) }

// EachKiB is the memory of a connection, where the size is how many there are.
func EachKiB(s Series, r Row) float64 { return float64(r.Opened-r.Start) / float64(s.Size) }
