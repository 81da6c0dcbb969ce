package core

import (
	"runtime/cgo"
	"sync/atomic"
)

var liveHandles atomic.Int64

// NewHandle returns a number that stands for v in C memory, until DeleteHandle.
func NewHandle(v any) uintptr {
	liveHandles.Add(1)
	return uintptr(cgo.NewHandle(v))
}

// DeleteHandle ends h; 0 is ignored.
func DeleteHandle(h uintptr) {
	if h == 0 {
		return
	}
	cgo.Handle(h).Delete()
	liveHandles.Add(-1)
}

// LiveHandles returns how many handles exist, those of pooled calls included.
func LiveHandles() int64 { return liveHandles.Load() }

// Value returns what h stands for; ok is false, and the misuse reported, when it stands for no T.
func Value[T any](h uintptr) (v T, ok bool) {
	defer func() {
		if recover() != nil { // cgo.Handle's answer to a number that it does not know
			ok = false
		}
		if !ok {
			_ = misuse(ErrFreed)
		}
	}()
	v, ok = cgo.Handle(h).Value().(T)
	return v, ok
}
