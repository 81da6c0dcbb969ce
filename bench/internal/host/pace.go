package host

import (
	"fmt"
	"math"
	"time"
)

// Rates in events a second are tried from firstRate on, and in a later round from the one that was found before: up by a step
// as long as none is missed, or down until none is, and then in the middle of the last two, by which the result is within a
// tenth.
const (
	firstRate = 10_000
	rateStep  = 1.5
	halvings  = 2
)

// pacedFor is how long events are made at a rate. They would fill the receive buffer many times.
const pacedFor = 100 * time.Millisecond

// search finds the highest rate at which a contender misses nothing.
func (r *race) search(e *entrant) error {
	best, missed := 0.0, math.Inf(1)
	rate := float64(firstRate)
	if n := len(e.row.Ns); n > 0 {
		rate = max(rate, 1e9/e.row.Ns[n-1])
	}
	for steps := 0; steps <= halvings; {
		made, kept, err := r.keepsUp(e, rate)
		if err == nil && !kept {
			made, kept, err = r.keepsUp(e, rate) // the machine may have been busy with something else
		}
		if err != nil {
			return err
		}
		if kept {
			best = max(best, made)
		} else {
			missed = rate
		}
		if r.Small || kept && made < 0.8*rate {
			break // no more can be made
		}
		switch {
		case best == 0:
			if missed <= firstRate {
				return fmt.Errorf("missed events at %d a second", firstRate)
			}
			rate = max(firstRate, rate/rateStep)
		case math.IsInf(missed, 1):
			rate = rateStep * best
		default:
			rate = math.Sqrt(best * missed)
			steps++
		}
	}
	e.row.Ns = append(e.row.Ns, 1e9/best)
	e.row.Mallocs = -1
	e.retire()
	_, _ = fmt.Fprintf(r.Log, "  %-18s %12.0f %ss a second\n", e.row.Contender, best, r.w.Unit)
	return nil
}

// keepsUp makes events at a rate, and reports at which that could be done, and whether the contender got them all.
func (r *race) keepsUp(e *entrant, rate float64) (made float64, kept bool, err error) {
	if err := r.restart(e); err != nil {
		return 0, false, err
	}
	const even = 100 // so many come and go
	n := int(rate*pacedFor.Seconds()) / even * even
	type outcome struct {
		sample
		err error
	}
	done := make(chan outcome)
	go func() {
		s, err := e.run(n)
		done <- outcome{s, err}
	}()
	took, err := r.w.Pace(int(rate), n)
	if err != nil {
		e.kill()
		<-done
		return 0, false, err
	}
	o := <-done
	return float64(n) / took.Seconds(), o.answer == uint64(n), o.err
}
