package coretest

import (
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/internal/ctest"
	"github.com/golibnl/golibnl/libnl/internal/core"
)

// Holdings is what a leak would add to.
type Holdings struct {
	Malloc  uint64 // bytes
	Handles int64
	Fds     int
	Objects int
}

// Held returns what the process holds.
func Held(t *testing.T) (h Holdings) {
	t.Helper()
	runtime.GC()
	h.Malloc, _ = ctest.MallocInUse()
	h.Handles = core.LiveHandles()
	fds, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	h.Fds = len(fds)
	h.Objects = len(core.Alive())
	return h
}

// KeepsNothing runs cycle once to warm up and then n times, and checks that nothing is left behind but a few pages that
// malloc and the threads of other tests keep.
func KeepsNothing(t *testing.T, n int, cycle func()) {
	t.Helper()
	const slack = 256 << 10
	cycle()
	before := Held(t)
	for range n {
		cycle()
	}
	after := Held(t)
	t.Logf("%d cycles: C memory %+d bytes, handles %+d, descriptors %+d, objects %+d", n,
		int64(after.Malloc-before.Malloc), after.Handles-before.Handles, after.Fds-before.Fds, after.Objects-before.Objects)
	require.Less(t, int64(after.Malloc-before.Malloc), int64(slack), "C memory")
	require.Equal(t, before.Handles, after.Handles)
	require.Equal(t, before.Fds, after.Fds)
	require.Equal(t, before.Objects, after.Objects)
}

// Cycles is n, or less where -short says so.
func Cycles(n int) int {
	if testing.Short() {
		return n / 100
	}
	return n
}

// Rounds is n, or a tenth of it where -short says that an emulated processor runs this.
func Rounds(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}
