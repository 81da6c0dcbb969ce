package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"errors"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/golibnl/golibnl/libnl/internal/core"
)

// What C and Go share. The rules: C's calls are not seen by Go's guards, so whoever hands a pointer over keeps the object as
// long as C uses it, and orders C's calls and Go's as C programs order theirs.

// shared is which Go object stands for a C object whose pointer C has. There is one at a time for each, so that its guard
// orders all calls of Go's.
type shared[T any] struct {
	mu sync.Mutex
	of map[unsafe.Pointer]*T
}

// show makes t stand for its C object, whose pointer it returns: mark says so from then on. A lock is taken before a guard.
func (r *shared[T]) show(t *T, g *core.Guard, mark *atomic.Bool) unsafe.Pointer {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, err := g.Acquire()
	if err != nil {
		return nil
	}
	defer g.Release()
	mark.Store(true)
	r.put(p, t)
	return p
}

func (r *shared[T]) put(p unsafe.Pointer, t *T) {
	if r.of == nil {
		r.of = map[unsafe.Pointer]*T{}
	}
	r.of[p] = t
}

// add makes t stand for p, unless another does that f accepts, which it returns.
func (r *shared[T]) add(p unsafe.Pointer, t *T, f func(*T) bool) *T {
	r.mu.Lock()
	defer r.mu.Unlock()
	if old := r.of[p]; old != nil && old != t && f(old) {
		return old
	}
	r.put(p, t)
	return t
}

func (r *shared[T]) remove(p unsafe.Pointer, t *T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of[p] == t {
		delete(r.of, p)
	}
}

// release ends one of the borrows of t, and with the last one t, if it is no object that Go made.
func (r *shared[T]) release(t *T, g *core.Guard, borrows *atomic.Int32, borrowed bool) (last bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch n := borrows.Load(); {
	case !g.Live():
		return false, nil
	case n == 0:
		return false, errNotBorrowed
	case n > 1 || !borrowed:
		borrows.Store(n - 1)
		return false, nil
	}
	p, err := g.Retire()
	if p == nil || err != nil {
		return false, err
	}
	g.Disown()
	borrows.Store(0)
	if r.of[p] == t {
		delete(r.of, p)
	}
	return true, nil
}

// lendAgain counts one more borrow of an object that release counts, if it is there.
func lendAgain(g *core.Guard, borrows *atomic.Int32) bool {
	if !g.Live() {
		return false
	}
	borrows.Add(1)
	return true
}

// oneMore counts one more reference to an object of which the last one ends it, if it is there.
func oneMore(g *core.Guard, refs *atomic.Int32) bool {
	for n := refs.Load(); n > 0 && g.Live(); n = refs.Load() {
		if refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
	return false
}

var (
	sockets shared[Socket]
	cbs     shared[Cb]
	msgs    shared[Msg]
)

// errNotBorrowed is the answer of an object that Go made to Release.
var errNotBorrowed = errors.New("libnl: Release of an object that was not borrowed; Free it")

// given checks a pointer that a FromPointer function is given.
func given(fn string, p unsafe.Pointer) error {
	if p == nil {
		return refusal(fn, NLE_INVAL, "the pointer is NULL")
	}
	return nil
}

// Pointer returns the struct nl_sock *, for C. C may do with it what it may do with any socket, but for freeing it: receive
// and send, with Go's callbacks and hooks in place. Meanwhile Go does not know that a call is running; only in a callback of
// Go's are Free, Close, SetCb and another receive refused, as in calls of Go's. A callback's error reaches C as a code, and
// a panic as NL_STOP, after which it is reported to [OnMisuse].
//
// Ownership: the result is borrowed, until Free. Goroutines: any. Errors: none; nil on a freed socket.
func (s *Socket) Pointer() unsafe.Pointer {
	p, err := s.g().Acquire()
	if err != nil {
		return nil
	}
	defer s.guard.Release()
	cb := s.cb
	cb.mu.Lock()
	cb.share()
	cb.mu.Unlock()
	if !s.borrowed {
		sockets.show(s, &s.guard, &s.shared)
	}
	return p
}

// SocketFromPointer is a socket that C made, or Go, for the use of Go: p is a struct nl_sock *. Nothing of the socket is
// changed: the callbacks and hooks that C has set go on working, when Go receives, too. While they run, Go holds its own lock
// of objects, if the call is one that fills a cache. Where C has a receive hook, or the set has none, an error has the errno
// that is left after the receive. The same pointer gives the same Socket, to be released as often.
//
// Ownership: the result is borrowed, Release it; C frees the socket after that. It takes a reference to the callback set.
// Goroutines: any. Errors: NLE_INVAL for nil.
func SocketFromPointer(p unsafe.Pointer) (*Socket, error) {
	if err := given("SocketFromPointer", p); err != nil {
		return nil, err
	}
	s := &Socket{borrowed: true}
	s.guard.Init(p)
	s.shared.Store(true)
	refMu.Lock()
	q := C.nl_socket_get_cb((*C.struct_nl_sock)(p))
	refMu.Unlock()
	s.cb = cbOf(q)
	s.borrows.Store(1)
	known := sockets.add(p, s, func(old *Socket) bool { return lendAgain(&old.guard, &old.borrows) })
	if known != s {
		return known, s.cb.Put()
	}
	s.guard.Own("Socket")
	return s, nil
}

// Release gives a socket back that [SocketFromPointer] lent. The last Release ends the Socket: the callbacks that Go has set
// in the callback set are taken out again, unless Go has other references to the set, and C goes on. A slot that Go has set is
// empty then: as in C, nothing remembers what was there before. To leave C's callbacks where they are, receive with a
// [Cb.Clone] of the set.
//
// Ownership: gives the socket back, and the reference to its callback set. Goroutines: alone. Errors: ErrBusy while a call is
// running on the socket; an error for a socket that was not borrowed.
func (s *Socket) Release() error {
	if s == nil {
		return nil
	}
	last, err := sockets.release(s, &s.guard, &s.borrows, s.borrowed)
	if last {
		return s.cb.Put()
	}
	return err
}

// callbacks returns the callback set of a socket that the caller is inside of. Where C has the socket, too, it may have put
// another one in its place.
func (s *Socket) callbacks() (*Cb, error) {
	if !s.shared.Load() {
		return s.cb, nil
	}
	refMu.Lock()
	p := C.nl_socket_get_cb(s.ptr())
	old := s.cb
	if unsafe.Pointer(p) == old.guard.Pointer() {
		C.nl_cb_put(p)
		refMu.Unlock()
		return old, nil
	}
	refMu.Unlock()
	cb := cbOf(p)
	if _, err := s.guard.Lock(1); err != nil {
		return nil, errors.Join(err, cb.Put())
	}
	old, s.cb = s.cb, cb
	s.guard.Unlock()
	return cb, old.Put()
}

// Pointer returns the struct nl_cb *, for C. C may receive and send with it, and set callbacks in it; but once Go has set a
// slot, it is Go's, and is emptied when Go gives its last reference back.
//
// Ownership: the result is borrowed, until the last Put; C may take a reference of its own. Goroutines: any. Errors: none; nil
// on a freed set.
func (cb *Cb) Pointer() unsafe.Pointer {
	p, err := cb.enter()
	if err != nil {
		return nil
	}
	defer cb.leave()
	if !cb.borrowed {
		cb.mu.Lock()
		defer cb.mu.Unlock()
		cb.share()
	}
	return unsafe.Pointer(p)
}

// share notes that C has the pointer. The caller is inside the set, and holds mu.
func (cb *Cb) share() {
	if cb.shared.CompareAndSwap(false, true) {
		cbs.add(cb.guard.Pointer(), cb, func(*Cb) bool { return false })
	}
}

// CbFromPointer is a callback set that C made, or Go, for the use of Go: p is a struct nl_cb *. The callbacks and hooks that C
// has set go on working, and Go cannot see them. What Go sets takes their place, as in C. The same pointer gives the same Cb,
// with one more reference.
//
// Ownership: the result is ref'd, Release it. Goroutines: any. Errors: NLE_INVAL for nil.
func CbFromPointer(p unsafe.Pointer) (*Cb, error) {
	if err := given("CbFromPointer", p); err != nil {
		return nil, err
	}
	refMu.Lock()
	C.nl_cb_get((*C.struct_nl_cb)(p))
	refMu.Unlock()
	return cbOf((*C.struct_nl_cb)(p)), nil
}

// cbOf is the Go object of a set to which the caller gives its reference: the one that there is, with one more, or a new one.
func cbOf(p *C.struct_nl_cb) *Cb {
	cb := &Cb{refs: 1, foreign: true}
	cb.shared.Store(true)
	cb.guard.Init(unsafe.Pointer(p))
	for {
		known := cbs.add(unsafe.Pointer(p), cb, func(*Cb) bool { return true })
		if known == cb {
			cb.guard.Own("Cb")
			return cb
		}
		if known.revive() {
			refMu.Lock()
			C.nl_cb_put(p)
			refMu.Unlock()
			return known
		}
		cbs.remove(unsafe.Pointer(p), known)
	}
}

// revive takes another reference to a set, even if the last one is gone, but not the set, since a call is using it.
func (cb *Cb) revive() bool {
	cb.mu.Lock()
	defer cb.mu.Unlock()
	if !cb.guard.Live() {
		return false
	}
	cb.refs++
	return true
}

// Release is [Cb.Put]: Go's last reference takes the callbacks and hooks out that Go has set, and gives their handles back. The
// set is freed if C has no reference. A slot that Go has set is empty then: as in C, nothing remembers what was there before.
//
// Ownership: consumes one reference. Goroutines: any. Errors: ErrBorrowed for the set that a [RecvmsgsFunc] is lent.
func (cb *Cb) Release() error { return cb.Put() }

// takeOut empties the slots that Go has set, and takes Go's hooks away, of a set that C may go on with. The caller holds mu.
func (cb *Cb) takeOut(p *C.struct_nl_cb) {
	for t, h := range cb.slots {
		if h != 0 {
			C.golibnl_cb_set(p, C.enum_nl_cb_type(t), C.NL_CB_CUSTOM, 0)
		}
	}
	if cb.errSlot != 0 {
		C.golibnl_cb_err(p, C.NL_CB_CUSTOM, 0)
	}
	if cb.recvHook.Load() != nil || !cb.foreign {
		C.golibnl_cb_overwrite_recv(p, C.GOLIBNL_RECV_NONE)
	}
	if cb.recvmsgsHook.Load() != nil {
		C.golibnl_cb_overwrite_recvmsgs(p, 0)
	}
	if cb.sendHook.Load() != nil {
		C.golibnl_cb_overwrite_send(p, 0)
	}
}

// visit enters the set for a callback that runs since C, not Go, receives or sends; then h is 0. For other callbacks the call
// has done so.
func (cb *Cb) visit(h C.uintptr_t) (leave func(), err error) {
	if h != 0 {
		return func() {}, nil
	}
	p, err := cb.enter()
	if err != nil {
		return nil, err
	}
	cb.guests.Add(1)
	C.golibnl_guest_uses(p)
	return func() {
		cb.guests.Add(-1)
		cb.leave()
	}, nil
}

// parties are the Go socket and callback set that a hook is called for, until leave: those of the call, or, if C receives or
// sends, of the socket.
func parties(call *core.Call, p *C.struct_nl_sock) (s *Socket, cb *Cb, leave func(), err error) {
	var unvisit func()
	if s, _ = call.Sk.(*Socket); s != nil && s.guard.Pointer() == unsafe.Pointer(p) {
		return s, call.Cb.(*Cb), func() {}, nil
	}
	s, err = SocketFromPointer(unsafe.Pointer(p))
	if err != nil {
		return nil, nil, nil, err
	}
	if _, err = s.g().Acquire(); err != nil {
		return nil, nil, nil, errors.Join(err, s.Release())
	}
	done := func() { s.guard.Release(); _ = s.Release() }
	cb, err = s.callbacks()
	if err == nil {
		unvisit, err = cb.visit(0)
	}
	if err != nil {
		done()
		return nil, nil, nil, err
	}
	return s, cb, func() { unvisit(); done() }, nil
}

// Pointer returns the struct nl_msg *, for C, which may read the message, change it, and send it.
//
// Ownership: the result is borrowed, until Free; C may take a reference of its own. Goroutines: any. Errors: none; nil on a
// freed message.
func (m *Msg) Pointer() unsafe.Pointer {
	p, err := m.g().Acquire()
	if err != nil {
		return nil
	}
	lent := m.lent.Load() != notLent
	m.exposed.Store(true)
	m.guard.Release()
	if lent {
		return p
	}
	return msgs.show(m, &m.guard, &m.shared)
}

// MsgFromPointer is a message that C made, or Go, for the use of Go: p is a struct nl_msg *. What Go does to it C sees; a
// call that expands it moves its bytes. The same pointer gives the same Msg, with one more reference.
//
// Ownership: the result is ref'd, Release it; [Socket.SendSync] consumes it. Goroutines: any. Errors: NLE_INVAL for nil.
func MsgFromPointer(p unsafe.Pointer) (*Msg, error) {
	if err := given("MsgFromPointer", p); err != nil {
		return nil, err
	}
	m := &Msg{}
	m.guard.Init(p)
	m.shared.Store(true)
	m.exposed.Store(true)
	m.refs.Store(1)
	known := msgs.add(p, m, func(old *Msg) bool { return oneMore(&old.guard, &old.refs) })
	if known == m {
		C.nlmsg_get((*C.struct_nl_msg)(p))
		m.guard.Own("Msg")
	}
	return known, nil
}

// Release is [Msg.Free]: Go's last reference is given back, and the message is freed if C has none.
//
// Ownership: consumes one reference. Goroutines: any. Errors: those of [Msg.Free].
func (m *Msg) Release() error { return m.Free() }
