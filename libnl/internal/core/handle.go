package core

import (
	"sync"
	"sync/atomic"
)

// The registry of handles: slots in blocks that never move, so that finding what a handle stands for, which each callback
// does, takes neither a lock nor a search. A handle is the number of its slot, and a count of how often that was used, so
// that an old handle does not stand for what has its slot now.
const (
	slotBits  = 22
	blockBits = 10
	blockSize = 1 << blockBits
	slots     = 1 << slotBits
)

type handleSlot struct {
	v    atomic.Pointer[handleValue]
	used uintptr // with the registry locked
}

type handleValue struct {
	h uintptr
	v any
}

var handles struct {
	blocks [slots / blockSize]atomic.Pointer[[blockSize]handleSlot]
	live   atomic.Int64

	mu   sync.Mutex
	free []uintptr // numbers of slots
	made uintptr   // how many slots there are
}

// slotOf returns the slot of a handle, nil if there never was such a one.
func slotOf(h uintptr) *handleSlot {
	n := h & (slots - 1)
	block := handles.blocks[n>>blockBits].Load()
	if block == nil {
		return nil
	}
	return &block[n&(blockSize-1)]
}

// NewHandle returns a number that stands for v in C memory, until DeleteHandle. It panics if there are four million of them.
func NewHandle(v any) uintptr {
	handles.mu.Lock()
	defer handles.mu.Unlock()
	var n uintptr
	switch last := len(handles.free) - 1; {
	case last >= 0:
		n = handles.free[last]
		handles.free = handles.free[:last]
	case handles.made == slots-1:
		panic("libnl: too many handles")
	default:
		handles.made++ // slot 0 stays empty: no handle is 0
		n = handles.made
		if block := &handles.blocks[n>>blockBits]; block.Load() == nil {
			block.Store(new([blockSize]handleSlot))
		}
	}
	s := slotOf(n)
	s.used++
	h := s.used<<slotBits | n
	s.v.Store(&handleValue{h: h, v: v})
	handles.live.Add(1)
	return h
}

// DeleteHandle ends h; 0 is ignored, and so is what is no handle.
func DeleteHandle(h uintptr) {
	if h == 0 {
		return
	}
	handles.mu.Lock()
	defer handles.mu.Unlock()
	s := slotOf(h)
	if s == nil {
		return
	}
	if v := s.v.Load(); v == nil || v.h != h {
		return
	}
	s.v.Store(nil)
	handles.free = append(handles.free, h&(slots-1))
	handles.live.Add(-1)
}

// LiveHandles returns how many handles exist, those of pooled calls included.
func LiveHandles() int64 { return handles.live.Load() }

// Value returns what h stands for; ok is false, and the misuse reported, when it stands for no T.
func Value[T any](h uintptr) (v T, ok bool) {
	if s := slotOf(h); s != nil {
		if x := s.v.Load(); x != nil && x.h == h {
			v, ok = x.v.(T)
		}
	}
	if !ok {
		_ = misuse(ErrFreed)
	}
	return v, ok
}
