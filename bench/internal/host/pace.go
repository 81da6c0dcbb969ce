package host

import (
	"fmt"
	"time"
)

// rates are the events a second that are tried, one after the other.
var rates = []int{5000, 10_000, 15_000, 20_000, 30_000, 40_000, 60_000, 80_000, 120_000, 160_000, 240_000, 320_000}

// paced is how long events are made at a rate.
const paced = 300 * time.Millisecond

// search finds the highest rate at which a contender misses nothing.
func (r *race) search(e *entrant) error {
	best := 0.0
	for _, rate := range rates {
		if r.Small && rate > rates[0] {
			break
		}
		made, kept, err := r.keepsUp(e, rate)
		if err == nil && !kept {
			made, kept, err = r.keepsUp(e, rate) // the machine may have been busy with something else
		}
		if err != nil {
			return err
		}
		if !kept {
			break
		}
		best = max(best, made)
		if made < 0.8*float64(rate) {
			break // no more can be made
		}
	}
	if best == 0 && !r.Small {
		return fmt.Errorf("missed events at %d a second", rates[0])
	}
	e.row.Rate = max(e.row.Rate, best)
	e.row.Ns = append(e.row.Ns, 1e9/best)
	e.row.Mallocs = -1
	st := e.status()
	e.row.Threads, e.row.Peak = st.threads, st.peak
	_, _ = fmt.Fprintf(r.Log, "  %-18s %12.0f %ss a second\n", e.row.Contender, best, r.w.Unit)
	return nil
}

// keepsUp makes events at a rate, and reports at which it could be done, and whether the contender got them all.
func (r *race) keepsUp(e *entrant, rate int) (made float64, kept bool, err error) {
	if err := r.restart(e); err != nil {
		return 0, false, err
	}
	n := int(float64(rate) * paced.Seconds())
	type outcome struct {
		sample
		err error
	}
	done := make(chan outcome)
	go func() {
		s, err := e.run(n)
		done <- outcome{s, err}
	}()
	took, err := r.w.Pace(rate, n)
	if err != nil {
		e.kill()
		<-done
		return 0, false, err
	}
	o := <-done
	return float64(n) / took.Seconds(), o.answer == uint64(n), o.err
}
