package host

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// The fixed piece of work tells whether others have use of the machine: it takes longer then. It sees what no load average
// knows of, such as the neighbours of a virtual machine on the other half of a core.
const (
	fixedBytes = 1 << 20 // more than a core's first cache holds
	fixedLine  = 16      // numbers in a cache line
	fixedSteps = 300_000
	fixedEvery = 16 // steps, memory is looked at
)

// fixedWay is a way through all cache lines of its memory.
var fixedWay = sync.OnceValue(func() []uint32 {
	way := make([]uint32, fixedBytes/4)
	lines := uint32(len(way) / fixedLine)
	for i := range lines {
		way[i*fixedLine] = (i*40503 + 1) % lines * fixedLine // through all of them, since the factor is odd
	}
	return way
})

// fixedSum keeps the compiler from leaving the work out.
var fixedSum atomic.Uint64

// fixedWork does the work on all processors at a time, and returns how long the slowest took.
func fixedWork() time.Duration {
	way := fixedWay()
	took := make([]time.Duration, runtime.NumCPU())
	var wg sync.WaitGroup
	for i := range took {
		wg.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			goThrough(way) // so that the memory is in the caches
			start := time.Now()
			goThrough(way)
			took[i] = time.Since(start)
		})
	}
	wg.Wait()
	return slices.Max(took)
}

func goThrough(way []uint32) {
	x, y, z, u := uint64(1), uint64(2), uint64(3), uint64(4)
	at := uint32(0)
	for i := range fixedSteps {
		x, y, z, u = x*5+1, y*9+3, z^z<<7, u+u>>3
		if i%fixedEvery == 0 {
			at = way[at]
		}
	}
	fixedSum.Add(x + y + z + u + uint64(at))
}
