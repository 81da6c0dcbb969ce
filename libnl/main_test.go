package libnl_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/libnl/internal/coretest"
)

func TestMain(m *testing.M) { coretest.Main(m) }

var noMisuse = coretest.NoMisuse

// expectMisuse runs f and checks that it uses freed objects n times.
func expectMisuse(t *testing.T, n int, f func()) {
	t.Helper()
	var seen atomic.Int64
	libnl.OnMisuse(func(error) { seen.Add(1) })
	defer libnl.OnMisuse(noMisuse)
	f()
	require.EqualValues(t, n, seen.Load(), "uses of freed objects")
}

// newSocket makes a socket that ends with the test.
func newSocket(t *testing.T) *libnl.Socket {
	t.Helper()
	s, err := libnl.SocketAlloc()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Free()) })
	return s
}

// connected makes a socket that is connected.
func connected(t *testing.T, protocol int) *libnl.Socket {
	t.Helper()
	s := newSocket(t)
	err := s.Connect(protocol)
	if errors.Is(err, libnl.NLE_PROTO_MISMATCH) {
		t.Skipf("this kernel does not serve %s: %v", libnl.Nlfamily2str(protocol), err)
	}
	require.NoError(t, err)
	return s
}

// newMsg makes a message that ends with the test.
func newMsg(t *testing.T) *libnl.Msg {
	t.Helper()
	m, err := libnl.NlmsgAlloc()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Free()) })
	return m
}

// within fails the test if f takes longer than a hang would.
func within(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		require.FailNow(t, "hangs")
	}
}
