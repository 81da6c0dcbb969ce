package nl

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// threads is how many the process has.
func threads(t testing.TB) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/task")
	require.NoError(t, err)
	return len(all)
}

// Connections that wait for events take little memory and no thread, also after they have had some.
func TestIdleSubscriptions(t *testing.T) {
	n := 9000
	if testing.Short() || !countsAllocations {
		n = 1000
	}
	var limit unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	n = min(n, (int(limit.Cur)-200)/2)

	p := newPeer(t, unix.NETLINK_USERSOCK)
	const group = 17
	conns := make([]*Conn, n)
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	resident, had := residentBytes(t), threads(t)

	ctx, cancel := context.WithCancel(context.Background())
	var wg, seen sync.WaitGroup
	for i := range conns {
		c, err := Dial(unix.NETLINK_USERSOCK, WithSenders(p.port))
		require.NoError(t, err)
		defer func() { _ = c.Close() }()
		joins(t, c, group)
		conns[i] = c
		wg.Go(func() {
			for _, err := range c.Events(ctx) {
				if err != nil {
					return
				}
				seen.Done()
			}
		})
	}
	for range 3 {
		seen.Add(n)
		p.shout(group, rawMessage(askType, 0, 0, u32(0)))
		all := make(chan struct{})
		go func() {
			seen.Wait()
			close(all)
		}()
		select {
		case <-all:
		case <-time.After(60 * time.Second):
			t.Fatal("not every connection got the event")
		}
	}
	debug.FreeOSMemory() // garbage on the way is no connection's
	runtime.ReadMemStats(&after)
	each := (residentBytes(t) - resident) / n
	heap := (int(after.HeapAlloc) - int(before.HeapAlloc)) / n
	stack := (int(after.StackInuse) - int(before.StackInuse)) / n
	t.Logf("%d connections: %d threads (%d before), each %d bytes of the resident set; Go: heap %d, stacks %d", n, threads(t), had, each, heap, stack)
	most := max(12, had+2)
	if testing.Short() {
		most = had + 20 // an emulated processor is so slow that the runtime takes short calls of C for long ones
	}
	require.LessOrEqual(t, threads(t), most)
	if countsAllocations {
		require.LessOrEqual(t, each, 8<<10+1<<20/n, "8 KiB, and a megabyte for all that is there once")
	}
	for _, c := range conns {
		require.Equal(t, 1, c.Stats().Sockets)
	}
	cancel()
	wg.Wait()
}
