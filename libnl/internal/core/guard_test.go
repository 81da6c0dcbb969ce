package core

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
)

func newGuard() (*Guard, unsafe.Pointer) {
	p := unsafe.Pointer(new(int))
	g := &Guard{}
	g.Init(p)
	return g, p
}

func TestGuardOfNothing(t *testing.T) {
	before := Misuses()
	for _, g := range []*Guard{nil, {}} {
		_, err := g.Acquire()
		require.ErrorIs(t, err, ErrFreed)
		_, err = g.Lock(0)
		require.ErrorIs(t, err, ErrFreed)
		p, err := g.Retire()
		require.NoError(t, err)
		require.Nil(t, p)
	}
	require.Equal(t, before+4, Misuses(), "retiring nothing is no misuse")
}

func TestGuardUses(t *testing.T) {
	g, want := newGuard()
	require.True(t, g.Live())
	require.True(t, g.Idle())
	p, err := g.Acquire()
	require.NoError(t, err)
	require.Equal(t, want, p)
	require.Equal(t, want, g.Pointer())
	_, err = g.Acquire()
	require.NoError(t, err)
	require.False(t, g.Idle())
	_, err = g.Retire()
	require.ErrorIs(t, err, ErrBusy)
	_, err = g.Lock(1)
	require.ErrorIs(t, err, ErrBusy, "one of the two is somebody else's")
	_, err = g.Lock(2)
	require.NoError(t, err)
	g.Unlock()
	require.False(t, g.Release())
	require.True(t, g.Release())
	p, err = g.Retire()
	require.NoError(t, err)
	require.Equal(t, want, p)
	require.False(t, g.Live())
	_, err = g.Acquire()
	require.ErrorIs(t, err, ErrFreed)
}

func TestGuardExpire(t *testing.T) {
	g, _ := newGuard()
	_, err := g.Acquire()
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		g.Expire(nil)
		close(done)
	}()
	for range 100 {
		runtime.Gosched()
	}
	require.True(t, g.Live(), "it waits for the call inside")
	g.Release()
	<-done
	require.False(t, g.Live())
	g.Expire(nil)

	kept, _ := newGuard()
	kept.Expire(func() bool { return true })
	require.True(t, kept.Live())
	_, err = kept.Lock(0)
	require.NoError(t, err, "the lock was given back")
}

func TestGuardKill(t *testing.T) {
	g, _ := newGuard()
	_, err := g.Acquire()
	require.NoError(t, err)
	g.Kill(1)
	_, err = g.Acquire()
	require.ErrorIs(t, err, ErrFreed)
	require.True(t, g.Release())
}

// Whoever retires it, it is retired once; nobody is inside then; and two never hold the lock.
func TestGuardFromManyGoroutines(t *testing.T) {
	for range 200 {
		g, _ := newGuard()
		var freed, retired, locked atomic.Int32
		var wg sync.WaitGroup
		for range 4 {
			wg.Add(2)
			go func() {
				defer wg.Done()
				for range 50 {
					if _, err := g.Acquire(); err == nil {
						if freed.Load() != 0 {
							t.Error("inside a freed object")
						}
						g.Release()
					}
					if _, err := g.Lock(0); err == nil {
						if locked.Add(1) != 1 {
							t.Error("two hold the lock")
						}
						locked.Add(-1)
						g.Unlock()
					}
				}
			}()
			go func() {
				defer wg.Done()
				for g.Live() {
					if p, err := g.Retire(); err == nil && p != nil {
						freed.Store(1)
						retired.Add(1)
					}
					runtime.Gosched()
				}
			}()
		}
		wg.Wait()
		require.EqualValues(t, 1, retired.Load())
	}
}

// Whoever holds the lock from within the object may be waiting for who retires it.
func TestRetireDoesNotWaitForUsers(t *testing.T) {
	g, _ := newGuard()
	_, err := g.Acquire()
	require.NoError(t, err)
	_, err = g.Lock(1)
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() {
		_, err := g.Retire()
		done <- err
	}()
	select {
	case err := <-done:
		require.ErrorIs(t, err, ErrBusy)
	case <-time.After(30 * time.Second):
		require.FailNow(t, "hangs")
	}
}
