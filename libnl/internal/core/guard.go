package core

import (
	"runtime"
	"sync/atomic"
	"unsafe"
)

// A Guard stands between a Go object and the C object that it owns. It holds the C pointer, whether it is still there,
// and how many calls are inside it. The zero value is the guard of an object that was never allocated.
//
// Any goroutine may use any method at any time.
type Guard struct {
	ptr   unsafe.Pointer // written before state says live, read only while in use
	state atomic.Uint64  // flags below, and in the low half the number of calls inside
}

const (
	guardLive = 1 << 63 // the C object exists
	guardLock = 1 << 62 // one caller has it for itself, for the time of one short C call
	guardUses = 1<<32 - 1
)

// Init makes g the guard of the C object at p.
func (g *Guard) Init(p unsafe.Pointer) {
	g.ptr = p
	g.state.Store(guardLive)
}

// Acquire enters the object: until the matching Release it will not be freed. It fails with ErrFreed, and reports the
// misuse, when there is no object. A nil g is a freed one.
func (g *Guard) Acquire() (unsafe.Pointer, error) {
	if g == nil {
		return nil, misuse(ErrFreed)
	}
	for {
		s := g.state.Load()
		switch {
		case s&guardLive == 0:
			return nil, misuse(ErrFreed)
		case s&guardLock != 0:
			runtime.Gosched() // whoever holds the lock is in a C call that neither blocks nor calls back
		case g.state.CompareAndSwap(s, s+1):
			return g.ptr, nil
		}
	}
}

// Release leaves the object and reports whether nobody is inside any more.
func (g *Guard) Release() (idle bool) {
	return g.state.Add(^uint64(0))&guardUses == 0
}

// Lock takes the object for one short C call that must not run beside another. own is how many of the calls inside are
// the caller's (it is in a callback of theirs); when others are inside it fails with ErrBusy.
// The C call must not block and must not call back into Go.
func (g *Guard) Lock(own uint32) (unsafe.Pointer, error) {
	if g == nil {
		return nil, misuse(ErrFreed)
	}
	for {
		s := g.state.Load()
		switch {
		case s&guardLive == 0:
			return nil, misuse(ErrFreed)
		case s&guardLock != 0:
			runtime.Gosched()
		case s&guardUses > uint64(own):
			return nil, ErrBusy
		case g.state.CompareAndSwap(s, s|guardLock):
			return g.ptr, nil
		}
	}
}

// Unlock ends what Lock began.
func (g *Guard) Unlock() {
	g.state.And(^uint64(guardLock))
}

// Swap puts another C object in the place of the one that the caller holds with Lock.
func (g *Guard) Swap(p unsafe.Pointer) {
	g.ptr = p
}

// Retire marks the object freed and returns its pointer for the caller to free in C. The pointer is nil when there is
// nothing to free any more. It fails with ErrBusy while calls are inside.
func (g *Guard) Retire() (unsafe.Pointer, error) {
	if g == nil {
		return nil, nil
	}
	for {
		s := g.state.Load()
		switch {
		case s&guardLive == 0:
			return nil, nil
		case s&guardUses != 0: // whoever has the lock, too, may be waiting for the caller
			return nil, ErrBusy
		case s&guardLock != 0:
			runtime.Gosched()
		case g.state.CompareAndSwap(s, 0):
			return g.ptr, nil
		}
	}
}

// Expire ends a borrowed object whose C memory is about to go: it waits for the calls inside, which are short, and marks
// it freed, unless keep says that it has become an owned one.
func (g *Guard) Expire(keep func() bool) {
	for {
		s := g.state.Load()
		switch {
		case s&guardLive == 0:
			return
		case s&(guardLock|guardUses) != 0:
			runtime.Gosched()
		case g.state.CompareAndSwap(s, s|guardLock):
			if keep != nil && keep() {
				g.Unlock()
			} else {
				g.state.Store(0)
			}
			return
		}
	}
}

// Idle reports whether nobody is inside the object.
func (g *Guard) Idle() bool { return g.state.Load()&guardUses == 0 }

// Pointer returns the C pointer, for a caller that is inside the object.
func (g *Guard) Pointer() unsafe.Pointer { return g.ptr }

// Live reports whether the object is there.
func (g *Guard) Live() bool { return g.state.Load()&guardLive != 0 }

// Kill marks the object freed from within own calls that give it away to C, and waits for the others, which are short. The
// caller's own still release it.
func (g *Guard) Kill(own uint64) {
	g.state.And(^uint64(guardLive))
	for g.state.Load()&guardUses > own {
		runtime.Gosched()
	}
}
