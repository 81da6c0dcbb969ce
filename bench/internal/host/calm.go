package host

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// calm tells whether others have use of the machine: the same piece of work, on all processors at a time, takes longer then.
// It sees what no load average knows of, such as the neighbours of a virtual machine on the other half of a core.
type calm struct {
	next []uint32 // a way through memory that is larger than a core's first cache
	best time.Duration
	sum  atomic.Uint64 // keeps the compiler from leaving the work out
}

const (
	calmBytes = 1 << 20
	calmLine  = 16 // numbers in a cache line
	calmSteps = 300_000
	calmEvery = 16 // steps, memory is looked at

	// busyFrom is how much longer than at best the work takes when the machine is not calm.
	busyFrom = 1.15

	// calmFirst is for how long the best time is looked for.
	calmFirst = 2 * time.Second
)

func newCalm() *calm {
	c := &calm{next: make([]uint32, calmBytes/4)}
	lines := uint32(len(c.next) / calmLine)
	for i := range lines {
		c.next[i*calmLine] = (i*40503 + 1) % lines * calmLine // through all of them, since the factor is odd
	}
	for start := time.Now(); time.Since(start) < calmFirst; time.Sleep(10 * time.Millisecond) {
		c.now()
	}
	return c
}

// now reports whether the machine is calm; a nil c does not know.
func (c *calm) now() bool {
	if c == nil {
		return false
	}
	took := make([]time.Duration, runtime.NumCPU())
	var wg sync.WaitGroup
	for i := range took {
		wg.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			c.work() // so that the memory is in the caches
			start := time.Now()
			c.work()
			took[i] = time.Since(start)
		})
	}
	wg.Wait()
	longest := slices.Max(took)
	if c.best == 0 || longest < c.best {
		c.best = longest
	}
	return float64(longest) < busyFrom*float64(c.best)
}

func (c *calm) work() {
	x, y, z, u := uint64(1), uint64(2), uint64(3), uint64(4)
	at := uint32(0)
	for i := range calmSteps {
		x, y, z, u = x*5+1, y*9+3, z^z<<7, u+u>>3
		if i%calmEvery == 0 {
			at = c.next[at]
		}
	}
	c.sum.Add(x + y + z + u + uint64(at))
}
