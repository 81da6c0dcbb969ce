package core

import (
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHandles(t *testing.T) {
	before := LiveHandles()
	h := NewHandle("text")
	require.Equal(t, before+1, LiveHandles())
	s, ok := Value[string](h)
	require.True(t, ok)
	require.Equal(t, "text", s)

	misused := Misuses()
	_, ok = Value[int](h)
	require.False(t, ok, "another type")
	DeleteHandle(h)
	DeleteHandle(0)
	require.Equal(t, before, LiveHandles())
	_, ok = Value[string](h)
	require.False(t, ok, "deleted")
	_, ok = Value[string](0)
	require.False(t, ok)
	require.Equal(t, misused+3, Misuses())
}

func TestCallsArePooled(t *testing.T) {
	a := BeginCall("socket", "set")
	a.Fail(errors.New("kept"))
	h := a.Handle
	a.End()
	b := BeginCall(nil, nil)
	defer b.End()
	require.Equal(t, h, b.Handle)
	require.NoError(t, b.Outcome(), "nothing of the call before")
	c, ok := Value[*Call](b.Handle)
	require.True(t, ok)
	require.Same(t, b, c)
}

func TestProtect(t *testing.T) {
	c := BeginCall(nil, nil)
	defer c.End()
	abandoned := 0
	abandon := func() { abandoned++ }
	require.EqualValues(t, 7, c.Protect(1, abandon, func() int32 { return 7 }))
	require.NoError(t, c.Outcome())
	require.EqualValues(t, 1, c.Protect(1, abandon, func() int32 { panic("boom") }))
	require.Zero(t, abandoned)
	require.Equal(t, "boom", c.Thrown().Value)
	require.NoError(t, c.Thrown().Unwrap())
	require.PanicsWithValue(t, c.Thrown(), func() { _ = c.Outcome() })
}

func TestCallError(t *testing.T) {
	code := errors.New("code")
	e := &CallError{Func: "nl_connect", Code: code, Errno: 1, Hint: "do this"}
	require.EqualError(t, e, "nl_connect: code (operation not permitted): do this")
	require.ErrorIs(t, e, code)
	require.EqualError(t, &CallError{Func: "f", Code: code}, "f: code")
}

func TestTrace(t *testing.T) {
	g, _ := newGuard()
	g.Own("nothing, the tracer being off")
	StartTrace()
	g.Own("Socket")
	alive := Alive()
	require.Len(t, alive, 1)
	require.Equal(t, "Socket", alive[0].Kind)
	require.Contains(t, alive[0].Stack, "TestTrace")
	g.Disown()
	require.Empty(t, Alive())
	tracer.on.Store(false)
}

func TestHold(t *testing.T) {
	var mu sync.Mutex
	c := BeginCall(nil, nil)
	require.False(t, c.Holds())
	c.Hold(&mu)
	require.True(t, c.Holds())
	require.False(t, mu.TryLock())
	for _, f := range []func() int32{func() int32 { return 0 }, func() int32 { panic("boom") }} {
		free := false
		c.Protect(1, func() {}, func() int32 {
			if free = mu.TryLock(); free {
				mu.Unlock()
			}
			return f()
		})
		require.True(t, free, "user code runs without it")
		require.False(t, mu.TryLock(), "and the call has it again")
	}
	c.End()
	require.True(t, mu.TryLock())
}
