package host

import (
	"fmt"
	"math"
	"time"
)

// Rates in events a second are tried from firstRate on: twice as many as long as none is missed, and then steps between the
// last two rates, each time the one in the middle, by which the result is within a tenth.
const (
	firstRate = 10_000
	halvings  = 3
)

// pacedFor is how long events are made at a rate.
const pacedFor = 300 * time.Millisecond

// search finds the highest rate at which a contender misses nothing.
func (r *race) search(e *entrant) error {
	best, missed := 0.0, math.Inf(1)
	for rate, steps := float64(firstRate), 0; steps <= halvings; {
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
		if r.Small || best == 0 || made < 0.8*rate {
			break // no more can be made
		}
		if rate = 2 * best; !math.IsInf(missed, 1) {
			rate = math.Sqrt(best * missed)
			steps++
		}
	}
	if best == 0 && !r.Small {
		return fmt.Errorf("missed events at %d a second", firstRate)
	}
	e.row.Rate = max(e.row.Rate, best)
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
