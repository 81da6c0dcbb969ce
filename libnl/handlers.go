package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/golibnl/golibnl/libnl/internal/core"
)

// Cb is a set of callbacks (struct nl_cb): one slot for each [CbType], one for errors, and three hooks that take the
// place of libnl's own receive, receive loop and send.
//
// Any goroutine may call its methods; those that change it need that no call on another goroutine is using the set, and
// return [ErrBusy] otherwise. A callback may change the set that it was called from.
type Cb struct {
	guard    core.Guard
	borrowed bool         // libnl's own clone, lent to a receive-loop hook
	foreign  bool         // made by C, or cloned of one that was: it may have callbacks and hooks of C's
	shared   atomic.Bool  // C has the pointer
	guests   atomic.Int32 // callbacks that run since C, not Go, receives or sends

	mu      sync.Mutex // for what follows
	refs    int
	slots   [C.NL_CB_TYPE_MAX + 1]uintptr // handle of each custom callback
	errSlot uintptr
	retired []uintptr // replaced, but a call that is running may still use them

	recvHook     atomic.Pointer[RecvFunc]
	recvmsgsHook atomic.Pointer[RecvmsgsFunc]
	sendHook     atomic.Pointer[SendFunc]
}

// MsgCb is called for a message (nl_recvmsg_msg_cb_t). msg is borrowed until it returns; [Msg.Get] keeps it. An error
// ends the call, which returns it unchanged (together with NLE_DUMP_INTR when the dump was interrupted, which in C hides
// it); if the error wraps an [Error], that is the code that libnl sees. A CbAction beyond [NL_STOP], which C takes for a
// number of messages, is an error too.
type MsgCb func(msg *Msg) (CbAction, error)

// ErrCb is called for a kernel error (nl_recvmsg_err_cb_t) from nla. Its result is that of [MsgCb], but [NL_STOP] makes
// the call return the kernel's error, and an error the one that it returned.
type ErrCb func(nla SockaddrNl, e *Nlmsgerr) (CbAction, error)

// RecvFunc takes the place of nl_recv in the receive loop: it returns one datagram, its sender, and the sender's
// credentials or nil. An empty datagram without an error ends the loop, as the end of a file does. It may call
// [Socket.Recv].
type RecvFunc func(sk *Socket) (buf []byte, nla SockaddrNl, creds *Ucred, err error)

// RecvmsgsFunc takes the place of the receive loop, and returns the number of messages. cb is the set that the call was
// made with; inside nl_wait_for_ack, nl_send_sync and nl_pickup it is libnl's clone of it, borrowed until it returns.
type RecvmsgsFunc func(sk *Socket, cb *Cb) (n int, err error)

// SendFunc takes the place of nl_send, and returns the number of bytes sent. msg is borrowed until it returns.
type SendFunc func(sk *Socket, msg *Msg) (n int, err error)

// What a handle in a slot stands for.
type (
	msgSlot struct {
		cb  *Cb
		fn  MsgCb
		typ CbType
	}
	errSlot struct {
		cb *Cb
		fn ErrCb
	}
)

// refMu orders what changes the reference counts of libnl's callback sets, which are plain ints there.
var refMu sync.Mutex

// newCb makes the Go object of a set to which the caller gives its reference.
func newCb(p *C.struct_nl_cb) *Cb {
	cb := &Cb{refs: 1}
	cb.guard.Init(unsafe.Pointer(p))
	cb.guard.Own("Cb")
	return cb
}

// CbAlloc makes a set whose callbacks are all of one kind. NL_CB_CUSTOM leaves them empty, like NL_CB_DEFAULT.
//
// Ownership: the result is ref'd, Put it. Goroutines: any. Errors: NLE_RANGE for a kind that does not exist, NLE_NOMEM.
//
// Implements:
//
//	struct nl_cb *nl_cb_alloc(enum nl_cb_kind);
func CbAlloc(kind CbKind) (*Cb, error) {
	if kind < 0 || kind > NL_CB_KIND_MAX {
		return nil, refusal("nl_cb_alloc", NLE_RANGE, "there is no kind %d", kind)
	}
	p := C.golibnl_cb_alloc(C.enum_nl_cb_kind(kind))
	if p == nil {
		return nil, failure("nl_cb_alloc", -C.NLE_NOMEM, 0)
	}
	return newCb(p), nil
}

func (cb *Cb) g() *core.Guard {
	if cb == nil {
		return nil
	}
	return &cb.guard
}

// enter begins a use of the set; leave ends it.
func (cb *Cb) enter() (*C.struct_nl_cb, error) {
	p, err := cb.g().Acquire()
	return (*C.struct_nl_cb)(p), err
}

func (cb *Cb) leave() {
	if !cb.guard.Release() {
		return
	}
	cb.mu.Lock()
	defer cb.mu.Unlock()
	cb.sweep()
	if cb.refs == 0 && !cb.borrowed {
		cb.finish()
	}
}

// sweep frees the retired handles if nobody is inside: calls that begin later cannot see them. The caller holds mu.
func (cb *Cb) sweep() {
	if len(cb.retired) == 0 || !cb.guard.Idle() {
		return
	}
	for _, h := range cb.retired {
		core.DeleteHandle(h)
	}
	cb.retired = cb.retired[:0]
}

// change runs set, a short C call that changes the set, if no other goroutine is using it.
func (cb *Cb) change(set func(p *C.struct_nl_cb) error) error {
	p, err := cb.enter()
	if err != nil {
		return err
	}
	defer cb.leave()
	if _, err = cb.guard.Lock(1); err != nil {
		own := uint32(C.golibnl_frames_with(p))
		if _, err = cb.guard.Lock(1 + own); err != nil {
			return err
		}
	}
	defer cb.guard.Unlock()
	return set(p)
}

// Clone makes a set with the same callbacks and hooks, which change independently from now on.
//
// Ownership: the result is ref'd, Put it. Goroutines: any. Errors: ErrFreed, ErrBorrowed for the set that a
// [RecvmsgsFunc] is lent, NLE_NOMEM.
//
// Implements:
//
//	struct nl_cb *nl_cb_clone(struct nl_cb *);
func (cb *Cb) Clone() (*Cb, error) {
	p, err := cb.enter()
	if err != nil {
		return nil, err
	}
	defer cb.leave()
	if cb.borrowed {
		return nil, ErrBorrowed
	}
	cb.mu.Lock()
	defer cb.mu.Unlock()
	q := C.nl_cb_clone(p)
	if q == nil {
		return nil, failure("nl_cb_clone", -C.NLE_NOMEM, 0)
	}
	c := newCb(q)
	c.foreign = cb.foreign
	for t, h := range cb.slots {
		if h == 0 {
			continue
		}
		if s, ok := core.Value[*msgSlot](h); ok {
			c.slots[t] = core.NewHandle(&msgSlot{cb: c, fn: s.fn, typ: s.typ})
			C.golibnl_cb_set(q, C.enum_nl_cb_type(t), C.NL_CB_CUSTOM, C.uintptr_t(c.slots[t]))
		}
	}
	if cb.errSlot != 0 {
		if s, ok := core.Value[*errSlot](cb.errSlot); ok {
			c.errSlot = core.NewHandle(&errSlot{cb: c, fn: s.fn})
			C.golibnl_cb_err(q, C.NL_CB_CUSTOM, C.uintptr_t(c.errSlot))
		}
	}
	c.recvHook.Store(cb.recvHook.Load())
	c.recvmsgsHook.Store(cb.recvmsgsHook.Load())
	c.sendHook.Store(cb.sendHook.Load())
	return c, nil
}

// Get takes another reference to the set and returns it.
//
// Ownership: the result is ref'd, Put it. Goroutines: any. Errors: ErrFreed, ErrBorrowed.
//
// Implements:
//
//	struct nl_cb *nl_cb_get(struct nl_cb *);
func (cb *Cb) Get() (*Cb, error) {
	if _, err := cb.enter(); err != nil {
		return nil, err
	}
	defer cb.leave()
	if cb.borrowed {
		return nil, ErrBorrowed
	}
	cb.mu.Lock()
	defer cb.mu.Unlock()
	if cb.refs == 0 {
		return nil, core.ReportMisuse(ErrFreed)
	}
	cb.refs++
	return cb, nil
}

// Put gives a reference back. The last one frees the set, once no call is using it. Sockets hold references of their own.
//
// Ownership: consumes one reference. Goroutines: any. Errors: ErrBorrowed.
//
// Implements:
//
//	void nl_cb_put(struct nl_cb *);
func (cb *Cb) Put() error {
	if cb == nil {
		return nil
	}
	if cb.borrowed {
		return ErrBorrowed
	}
	cb.mu.Lock()
	defer cb.mu.Unlock()
	if cb.refs > 0 {
		cb.refs--
	}
	if cb.refs == 0 {
		cb.finish()
	}
	return nil
}

// finish frees a set without references, unless a call is using it: that one will. The caller holds mu.
func (cb *Cb) finish() {
	p, err := cb.guard.Retire()
	if p == nil || err != nil {
		return
	}
	cb.guard.Disown()
	if cb.shared.Load() {
		cb.takeOut((*C.struct_nl_cb)(p))
		cbs.remove(p, cb)
	}
	refMu.Lock()
	C.nl_cb_put((*C.struct_nl_cb)(p))
	refMu.Unlock()
	cb.dropHandles()
}

// dropHandles frees the handles of a set that is gone. The caller holds mu.
func (cb *Cb) dropHandles() {
	for _, h := range append(cb.retired, append(cb.slots[:], cb.errSlot)...) {
		core.DeleteHandle(h)
	}
	cb.retired, cb.slots, cb.errSlot = nil, [C.NL_CB_TYPE_MAX + 1]uintptr{}, 0
}

// replace puts h into a slot and retires what was there. The caller holds mu.
func (cb *Cb) replace(slot *uintptr, h uintptr) {
	if *slot != 0 {
		cb.retired = append(cb.retired, *slot)
	}
	*slot = h
}

// ActiveType returns the type of the callback that is running, and one above [NL_CB_TYPE_MAX] if none is.
//
// Goroutines: any. Errors: none; 0 on a freed set.
//
// Implements:
//
//	enum nl_cb_type nl_cb_active_type(struct nl_cb *cb);
func (cb *Cb) ActiveType() CbType {
	p, err := cb.enter()
	if err != nil {
		return 0
	}
	defer cb.leave()
	return CbType(C.nl_cb_active_type(p))
}

// Set sets the callback of one type. fn is for NL_CB_CUSTOM; nil then empties the slot. The other kinds ignore it.
//
// Goroutines: alone, but for the callbacks of the set itself. Errors: NLE_RANGE for a type or kind that does not exist,
// ErrBusy, ErrFreed.
//
// Implements:
//
//	int nl_cb_set(struct nl_cb *, enum nl_cb_type, enum nl_cb_kind, nl_recvmsg_msg_cb_t, void *);
func (cb *Cb) Set(typ CbType, kind CbKind, fn MsgCb) error {
	return cb.set("nl_cb_set", typ, kind, fn)
}

func (cb *Cb) set(name string, typ CbType, kind CbKind, fn MsgCb) error {
	if typ < 0 || typ > NL_CB_TYPE_MAX || kind < 0 || kind > NL_CB_KIND_MAX {
		return refusal(name, NLE_RANGE, "there is no type %d or no kind %d", typ, kind)
	}
	return cb.change(func(p *C.struct_nl_cb) error {
		var h uintptr
		if kind == NL_CB_CUSTOM && fn != nil {
			h = core.NewHandle(&msgSlot{cb: cb, fn: fn, typ: typ})
		}
		cb.mu.Lock()
		defer cb.mu.Unlock()
		if ret := C.golibnl_cb_set(p, C.enum_nl_cb_type(typ), C.enum_nl_cb_kind(kind), C.uintptr_t(h)); ret < 0 {
			core.DeleteHandle(h)
			return failure(name, ret, 0)
		}
		cb.replace(&cb.slots[typ], h)
		return nil
	})
}

// SetAll sets the callbacks of all types.
//
// Goroutines: alone, but for the callbacks of the set itself. Errors: those of [Cb.Set].
//
// Implements:
//
//	int nl_cb_set_all(struct nl_cb *, enum nl_cb_kind, nl_recvmsg_msg_cb_t, void *);
func (cb *Cb) SetAll(kind CbKind, fn MsgCb) error {
	for t := CbType(0); t <= NL_CB_TYPE_MAX; t++ {
		if err := cb.set("nl_cb_set_all", t, kind, fn); err != nil {
			return err
		}
	}
	return nil
}

// Err sets the callback for errors that the kernel answers. fn is for NL_CB_CUSTOM; nil then empties the slot.
//
// Goroutines: alone, but for the callbacks of the set itself. Errors: NLE_RANGE for a kind that does not exist, ErrBusy,
// ErrFreed.
//
// Implements:
//
//	int nl_cb_err(struct nl_cb *, enum nl_cb_kind, nl_recvmsg_err_cb_t, void *);
func (cb *Cb) Err(kind CbKind, fn ErrCb) error {
	return cb.setErr("nl_cb_err", kind, fn)
}

func (cb *Cb) setErr(name string, kind CbKind, fn ErrCb) error {
	if kind < 0 || kind > NL_CB_KIND_MAX {
		return refusal(name, NLE_RANGE, "there is no kind %d", kind)
	}
	return cb.change(func(p *C.struct_nl_cb) error {
		var h uintptr
		if kind == NL_CB_CUSTOM && fn != nil {
			h = core.NewHandle(&errSlot{cb: cb, fn: fn})
		}
		cb.mu.Lock()
		defer cb.mu.Unlock()
		if ret := C.golibnl_cb_err(p, C.enum_nl_cb_kind(kind), C.uintptr_t(h)); ret < 0 {
			core.DeleteHandle(h)
			return failure(name, ret, 0)
		}
		cb.replace(&cb.errSlot, h)
		return nil
	})
}

// OverwriteRecv makes fn take the place of nl_recv; nil brings nl_recv back.
//
// Goroutines: alone, but for the callbacks of the set itself. Errors: ErrBusy, ErrFreed, ErrBorrowed.
//
// Implements:
//
//	void nl_cb_overwrite_recv(struct nl_cb *, int (*func)(struct nl_sock *, struct sockaddr_nl *, unsigned char **, struct ucred **));
func (cb *Cb) OverwriteRecv(fn RecvFunc) error {
	return cb.change(func(p *C.struct_nl_cb) error {
		if err := overwrite(cb, &cb.recvHook, &fn, fn == nil); err != nil {
			return err
		}
		switch {
		case fn != nil:
			C.golibnl_cb_overwrite_recv(p, C.GOLIBNL_RECV_GO)
		case cb.foreign:
			C.golibnl_cb_overwrite_recv(p, C.GOLIBNL_RECV_NONE)
		default:
			C.golibnl_cb_overwrite_recv(p, C.GOLIBNL_RECV_OURS)
		}
		return nil
	})
}

// OverwriteRecvmsgs makes fn take the place of the receive loop; nil brings libnl's back.
//
// Goroutines: alone, but for the callbacks of the set itself. Errors: ErrBusy, ErrFreed, ErrBorrowed.
//
// Implements:
//
//	void nl_cb_overwrite_recvmsgs(struct nl_cb *, int (*func)(struct nl_sock *, struct nl_cb *));
func (cb *Cb) OverwriteRecvmsgs(fn RecvmsgsFunc) error {
	return cb.change(func(p *C.struct_nl_cb) error {
		if err := overwrite(cb, &cb.recvmsgsHook, &fn, fn == nil); err != nil {
			return err
		}
		C.golibnl_cb_overwrite_recvmsgs(p, cbool(fn != nil))
		return nil
	})
}

// OverwriteSend makes fn take the place of nl_send; nil brings libnl's back.
//
// Goroutines: alone, but for the callbacks of the set itself. Errors: ErrBusy, ErrFreed, ErrBorrowed.
//
// Implements:
//
//	void nl_cb_overwrite_send(struct nl_cb *, int (*func)(struct nl_sock *, struct nl_msg *));
func (cb *Cb) OverwriteSend(fn SendFunc) error {
	return cb.change(func(p *C.struct_nl_cb) error {
		if err := overwrite(cb, &cb.sendHook, &fn, fn == nil); err != nil {
			return err
		}
		C.golibnl_cb_overwrite_send(p, cbool(fn != nil))
		return nil
	})
}

func overwrite[F any](cb *Cb, slot *atomic.Pointer[F], fn *F, none bool) error {
	switch {
	case cb.borrowed:
		return ErrBorrowed
	case none:
		slot.Store(nil)
	default:
		slot.Store(fn)
	}
	return nil
}

func cbool(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

// expire ends a set that was lent.
func (cb *Cb) expire() {
	cb.guard.Expire(nil)
	cb.mu.Lock()
	defer cb.mu.Unlock()
	cb.dropHandles()
}
