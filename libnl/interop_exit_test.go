//go:build !asan

package libnl_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/internal/ctest"
	"github.com/golibnl/golibnl/libnl"
)

// A goroutine that exits in a callback of a receive of C's takes C's frames with it. Its message is freed; the buffer that C received
// into, of which nothing tells the place, is not.
func TestInteropGoexit(t *testing.T) {
	program(t, false, func(t *testing.T, p ctest.Program) {
		s, err := libnl.SocketFromPointer(p.Sock())
		require.NoError(t, err)
		onValid(t, s, func(*libnl.Msg) (libnl.CbAction, error) { runtime.Goexit(); return libnl.NL_OK, nil })
		require.Positive(t, ctest.Dump(p.Sock()))
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = ctest.Recv(p.Sock())
			t.Error("the goroutine goes on")
		}()
		<-done
		require.Zero(t, ctest.Recv(p.Sock()), "the end of the dump")
		require.NoError(t, s.Release())
	})
}
