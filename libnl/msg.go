package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/golibnl/golibnl/libnl/internal/core"
)

// maxSize is the most bytes of one message or buffer that the binding passes to C, whose lengths are ints.
const maxSize = 1 << 30

// How a message is lent to Go; the zero value is a message that Go owns.
const (
	notLent uint32 = iota
	lentIn         // by the receive loop
	lentOut        // by a send: its bytes are on the way to the kernel, so they must stay where they are
)

// Msg is a netlink message (struct nl_msg): a buffer of fixed size that begins with a header.
//
// Any goroutine may call its methods; calls take turns. While a send or [Msg.Parse] is running with the message, it can be
// read, and calls that would change it get [ErrBusy].
type Msg struct {
	guard  core.Guard
	lent   atomic.Uint32 // how, notLent for a message that Go owns
	refs   atomic.Int32
	busy   atomic.Bool // a send or a Parse is running
	shared atomic.Bool // C has the pointer, too
	nests  []*Nlattr   // that were started and are there, in order

	// Where the C message has its bytes, and for how many there is room: known once asked for, so that reading and putting
	// take no call of C. Who has C replace the buffer forgets it; it is not kept once C has the pointer.
	room    C.struct_golibnl_room
	exposed atomic.Bool
}

func newMsg(fn string, p *C.struct_nl_msg) (*Msg, error) {
	if p == nil {
		return nil, failure(fn, -C.NLE_NOMEM, 0)
	}
	m := &Msg{}
	m.own(p)
	return m, nil
}

func newMade(fn string, made C.struct_golibnl_made) (*Msg, error) {
	m, err := newMsg(fn, made.msg)
	if err == nil {
		m.room = made.room
	}
	return m, err
}

func (m *Msg) own(p *C.struct_nl_msg) {
	m.lent.Store(notLent)
	m.refs.Store(1)
	m.guard.Init(unsafe.Pointer(p))
	m.guard.Own("Msg")
}

// borrowMsg wraps a message of libnl's, whose bytes are at head, for the time of a callback.
func borrowMsg(p *C.struct_nl_msg, head *C.struct_nlmsghdr, out bool) *Msg {
	m := &Msg{room: C.struct_golibnl_room{head: head}}
	m.lent.Store(lentIn)
	if out {
		m.lent.Store(lentOut)
	}
	m.guard.Init(unsafe.Pointer(p))
	return m
}

// expire ends what borrowMsg began, unless Get kept the message.
func (m *Msg) expire() {
	m.guard.Expire(func() bool { return m.lent.Load() == notLent })
}

func (m *Msg) g() *core.Guard {
	if m == nil {
		return nil
	}
	return &m.guard
}

// lock is the beginning of with, for who unlocks the guard.
func (m *Msg) lock() (*C.struct_nl_msg, error) {
	for {
		p, err := m.g().Lock(0)
		if err == nil || !errors.Is(err, ErrBusy) || m.busy.Load() {
			return (*C.struct_nl_msg)(p), err
		}
		runtime.Gosched() // readers, who will not be long
	}
}

// head is where the message, which the caller has locked, has its bytes; room.size is known then.
func (m *Msg) head(p *C.struct_nl_msg) *C.struct_nlmsghdr {
	if m.room.size == 0 || m.exposed.Load() {
		m.room = C.golibnl_room(p)
	}
	return m.room.head
}

// ptr is the C message, for a caller that is inside a call on it.
func (m *Msg) ptr() *C.struct_nl_msg { return (*C.struct_nl_msg)(m.guard.Pointer()) }

// with runs f, a C call that neither waits nor calls back, with the message to itself.
func (m *Msg) with(f func(p *C.struct_nl_msg) error) error {
	p, err := m.lock()
	if err != nil {
		return err
	}
	defer m.guard.Unlock()
	return f(p)
}

// read runs f, which only reads the message. Others may read it at the same time, and a send may be running with it.
func (m *Msg) read(f func(p *C.struct_nl_msg)) error {
	p, err := m.g().Acquire()
	if err != nil {
		return err
	}
	defer m.guard.Release()
	f((*C.struct_nl_msg)(p))
	return nil
}

// begin gives the message to a send or a Parse, until end.
func (m *Msg) begin() error {
	if _, err := m.g().Acquire(); err != nil {
		return err
	}
	if !m.busy.CompareAndSwap(false, true) {
		m.guard.Release()
		return ErrBusy
	}
	return nil
}

func (m *Msg) end() {
	m.busy.Store(false)
	m.guard.Release()
}

// consume gives the C message away to a send that has begun, which frees it.
func (m *Msg) consume() (*C.struct_nl_msg, error) {
	if m.refs.Load() != 1 {
		return nil, fmt.Errorf("nl_send_sync: the message has other references, which it would free: %w", ErrBusy)
	}
	p := m.ptr()
	m.guard.Kill(1)
	m.guard.Disown()
	if m.shared.Load() {
		msgs.remove(unsafe.Pointer(p), m)
	}
	return p, nil
}

// NlmsgAlloc makes a message of the default size, a page unless [NlmsgSetDefaultSize] was called, header included.
//
// Ownership: the result is owned, Free it. Goroutines: any. Errors: NLE_NOMEM.
//
// Implements:
//
//	struct nl_msg *nlmsg_alloc(void);
func NlmsgAlloc() (*Msg, error) { return newMade("nlmsg_alloc", C.golibnl_alloc()) }

// NlmsgAllocSize makes a message with room for size bytes, header included; less than a header is a header.
//
// Ownership: the result is owned, Free it. Goroutines: any. Errors: NLE_RANGE for a negative size or one over 1 GiB,
// NLE_NOMEM.
//
// Implements:
//
//	struct nl_msg *nlmsg_alloc_size(size_t);
func NlmsgAllocSize(size int) (*Msg, error) {
	if size < 0 || size > maxSize {
		return nil, refusal("nlmsg_alloc_size", NLE_RANGE, "size %d is not within 0 and %d", size, maxSize)
	}
	return newMade("nlmsg_alloc_size", C.golibnl_alloc_size(C.size_t(size)))
}

// NlmsgAllocSimple makes a message of the default size with a type and flags; port ID and sequence number are left to
// [Socket.SendAuto].
//
// Ownership: the result is owned, Free it. Goroutines: any. Errors: NLE_NOMEM; NLE_RANGE for a type or flags that are no
// 16-bit numbers.
//
// Implements:
//
//	struct nl_msg *nlmsg_alloc_simple(int, int);
func NlmsgAllocSimple(typ, flags int) (*Msg, error) {
	if err := checkHeader("nlmsg_alloc_simple", typ, flags); err != nil {
		return nil, err
	}
	return newMade("nlmsg_alloc_simple", C.golibnl_alloc_simple(C.int(typ), C.int(flags)))
}

// NlmsgSetDefaultSize sets the size of the messages that are made without one, in this process; less than a header is a
// header.
//
// Goroutines: any. Errors: NLE_RANGE for a negative size or one over 1 GiB.
//
// Implements:
//
//	void nlmsg_set_default_size(size_t);
func NlmsgSetDefaultSize(size int) error {
	if size < 0 || size > maxSize {
		return refusal("nlmsg_set_default_size", NLE_RANGE, "size %d is not within 0 and %d", size, maxSize)
	}
	C.nlmsg_set_default_size(C.size_t(size))
	return nil
}

// NlmsgInherit makes a message of the default size with the type, flags, sequence number and port ID of a header, or an
// empty one if hdr is nil.
//
// Ownership: hdr is borrowed; the result is owned, Free it. Goroutines: any. Errors: NLE_NOMEM.
//
// Implements:
//
//	struct nl_msg *nlmsg_inherit(struct nlmsghdr *);
func NlmsgInherit(hdr *Nlmsghdr) (*Msg, error) {
	if hdr == nil {
		return newMsg("nlmsg_inherit", C.nlmsg_inherit(nil))
	}
	c := hdr.c()
	return newMsg("nlmsg_inherit", C.nlmsg_inherit(&c))
}

// NlmsgConvert makes a message that is a copy of what hdr is the header of. It has no room for more.
//
// Ownership: hdr is borrowed; the result is owned, Free it. Goroutines: any. Errors: NLE_INVAL if hdr is nil,
// NLE_MSG_TRUNC if NlmsgLen is less than a header or more than there is, NLE_NOMEM.
//
// Implements:
//
//	struct nl_msg *nlmsg_convert(struct nlmsghdr *);
func NlmsgConvert(hdr *Nlmsghdr) (*Msg, error) {
	if hdr == nil {
		return nil, refusal("nlmsg_convert", NLE_INVAL, "no header")
	}
	b, err := hdr.message("nlmsg_convert")
	if err != nil {
		return nil, err
	}
	return newMsg("nlmsg_convert", C.nlmsg_convert((*C.struct_nlmsghdr)(unsafe.Pointer(&b[0]))))
}

// Get takes another reference to the message and returns it. In a callback it makes the borrowed message yours: a copy of
// it, so that what you do with it from then on is not seen by libnl.
//
// Ownership: the result is owned, Free it once for each Get, and once for the call that made it. Goroutines: any. Errors:
// ErrFreed, ErrBusy, NLE_NOMEM.
//
// Implements:
//
//	void nlmsg_get(struct nl_msg *);
func (m *Msg) Get() (*Msg, error) {
	err := m.with(func(p *C.struct_nl_msg) error {
		if m.lent.Load() == notLent {
			m.refs.Add(1)
			return nil
		}
		c := C.nlmsg_convert(C.nlmsg_hdr(p))
		if c == nil {
			return failure("nlmsg_get", -C.NLE_NOMEM, 0)
		}
		C.nlmsg_set_proto(c, C.nlmsg_get_proto(p))
		C.nlmsg_set_src(c, C.nlmsg_get_src(p))
		C.nlmsg_set_dst(c, C.nlmsg_get_dst(p))
		if creds := C.nlmsg_get_creds(p); creds != nil {
			C.nlmsg_set_creds(c, creds)
		}
		m.guard.Swap(unsafe.Pointer(c))
		m.room = C.struct_golibnl_room{}
		m.lent.Store(notLent)
		m.refs.Store(1)
		m.guard.Own("Msg")
		return nil
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

// Free gives a reference back; the last one frees the message. A message that is freed already is left alone.
//
// Ownership: consumes one reference. Goroutines: any. Errors: ErrBusy while a send or [Msg.Parse] is running with the message, ErrBorrowed
// in the callback that it is lent to.
//
// Implements:
//
//	void nlmsg_free(struct nl_msg *);
func (m *Msg) Free() error {
	if m == nil {
		return nil
	}
	if m.lent.Load() != notLent {
		if m.guard.Live() {
			return ErrBorrowed
		}
		return nil
	}
	if m.shared.Load() { // MsgFromPointer counts on its result
		msgs.mu.Lock()
		defer msgs.mu.Unlock()
	}
	for n := m.refs.Load(); n > 1; n = m.refs.Load() {
		if m.refs.CompareAndSwap(n, n-1) {
			return nil
		}
	}
	for {
		p, err := m.guard.Retire()
		if errors.Is(err, ErrBusy) && !m.busy.Load() {
			runtime.Gosched() // readers, who will not be long
			continue
		}
		if p == nil || err != nil {
			return err
		}
		m.guard.Disown()
		if m.shared.Load() {
			delete(msgs.of, p)
		}
		C.nlmsg_free((*C.struct_nl_msg)(p))
		return nil
	}
}

// SetProto sets the protocol that the message belongs to; -1 leaves it to [Socket.CompleteMsg].
//
// Goroutines: any. Errors: none; nothing happens on a freed message.
//
// Implements:
//
//	void nlmsg_set_proto(struct nl_msg *, int);
func (m *Msg) SetProto(protocol int) {
	_ = m.with(func(p *C.struct_nl_msg) error { C.nlmsg_set_proto(p, cint(protocol)); return nil })
}

// GetProto returns the protocol that the message belongs to, -1 if none was set.
//
// Goroutines: any. Errors: none; 0 on a freed message.
//
// Implements:
//
//	int nlmsg_get_proto(struct nl_msg *);
func (m *Msg) GetProto() (protocol int) {
	_ = m.read(func(p *C.struct_nl_msg) { protocol = int(C.nlmsg_get_proto(p)) })
	return protocol
}

// GetMaxSize returns the size of the buffer, header included.
//
// Goroutines: any. Errors: none; 0 on a freed message.
//
// Implements:
//
//	size_t nlmsg_get_max_size(struct nl_msg *);
func (m *Msg) GetMaxSize() (size int) {
	_ = m.read(func(p *C.struct_nl_msg) { size = int(C.nlmsg_get_max_size(p)) })
	return size
}

// SetSrc sets the address that the message is said to come from.
//
// Goroutines: any. Errors: none; nothing happens on a freed message.
//
// Implements:
//
//	void nlmsg_set_src(struct nl_msg *, struct sockaddr_nl *);
func (m *Msg) SetSrc(addr SockaddrNl) {
	c := addr.c()
	_ = m.with(func(p *C.struct_nl_msg) error { C.nlmsg_set_src(p, &c); return nil })
}

// GetSrc returns the address that a received message came from: port ID 0 is the kernel.
//
// Goroutines: any. Errors: none; the zero address on a freed message.
//
// Implements:
//
//	struct sockaddr_nl *nlmsg_get_src(struct nl_msg *);
func (m *Msg) GetSrc() (addr SockaddrNl) {
	_ = m.read(func(p *C.struct_nl_msg) { addr = sockaddrOf(C.nlmsg_get_src(p)) })
	return addr
}

// SetDst sets where the message is sent to, in the place of the socket's peer. NlFamily must be AF_NETLINK.
//
// Goroutines: any. Errors: none; nothing happens on a freed message.
//
// Implements:
//
//	void nlmsg_set_dst(struct nl_msg *, struct sockaddr_nl *);
func (m *Msg) SetDst(addr SockaddrNl) {
	c := addr.c()
	_ = m.with(func(p *C.struct_nl_msg) error { C.nlmsg_set_dst(p, &c); return nil })
}

// GetDst returns what SetDst set.
//
// Goroutines: any. Errors: none; the zero address on a freed message.
//
// Implements:
//
//	struct sockaddr_nl *nlmsg_get_dst(struct nl_msg *);
func (m *Msg) GetDst() (addr SockaddrNl) {
	_ = m.read(func(p *C.struct_nl_msg) { addr = sockaddrOf(C.nlmsg_get_dst(p)) })
	return addr
}

// SetCreds sets the credentials that the message is sent with.
//
// Goroutines: any. Errors: none; nothing happens on a freed message.
//
// Implements:
//
//	void nlmsg_set_creds(struct nl_msg *, struct ucred *);
func (m *Msg) SetCreds(creds Ucred) {
	c := creds.c()
	_ = m.with(func(p *C.struct_nl_msg) error { C.nlmsg_set_creds(p, &c); return nil })
}

// GetCreds returns the credentials of the sender of a received message ([Socket.SetPasscred]), nil if there are none.
//
// Goroutines: any. Errors: none; nil on a freed message.
//
// Implements:
//
//	struct ucred *nlmsg_get_creds(struct nl_msg *);
func (m *Msg) GetCreds() (creds *Ucred) {
	_ = m.read(func(p *C.struct_nl_msg) { creds = ucredOf(C.nlmsg_get_creds(p)) })
	return creds
}

// Dump writes the message to w in libnl's words.
//
// Goroutines: any. Errors: ErrFreed; NLE_INVAL if w is nil; those of open_memstream(3) and of w.
//
// Implements:
//
//	void nl_msg_dump(struct nl_msg *, FILE *);
func (m *Msg) Dump(w io.Writer) error {
	if w == nil {
		return refusal("nl_msg_dump", NLE_INVAL, "no writer")
	}
	var (
		c   *C.char
		n   C.size_t
		ret C.int
		err error
	)
	if e := m.read(func(p *C.struct_nl_msg) { ret, err = C.golibnl_msg_dump(p, &c, &n) }); e != nil {
		return e
	}
	defer C.free(unsafe.Pointer(c))
	if ret < 0 {
		return fmt.Errorf("nl_msg_dump: no memory for the text: %w", err)
	}
	_, err = w.Write(bytes.Clone(unsafe.Slice((*byte)(unsafe.Pointer(c)), n)))
	return err
}

// Parse makes objects of the message with the cache operations that are registered for its protocol and type (libnl-route
// registers some), and calls fn for each, which is borrowed until fn returns.
//
// Ownership: the objects are borrowed until fn returns. Goroutines: any. Errors: NLE_MSGTYPE_NOSUPPORT if nothing is
// registered, those of the parser, ErrBusy, ErrFreed.
//
// Implements:
//
//	int nl_msg_parse(struct nl_msg *, void (*cb)(struct nl_object *, void *), void *);
func (m *Msg) Parse(fn func(*Object)) error {
	if fn == nil {
		return refusal("nl_msg_parse", NLE_INVAL, "no function")
	}
	h := core.NewHandle(fn)
	defer core.DeleteHandle(h)
	_, err := m.handle("nl_msg_parse", func(p *C.struct_nl_msg, call *core.Call) C.int {
		call.Hold(&objMu)
		return C.golibnl_msg_parse(p, C.uintptr_t(call.Handle), C.uintptr_t(h))
	})
	return err
}

// Nlmsgtype2str returns the name of a control message type, or the number in hex for any other.
//
// Goroutines: any.
//
// Implements:
//
//	char *nl_nlmsgtype2str(int, char *, size_t);
func Nlmsgtype2str(typ int) string {
	return cstr(func(buf *C.char, n C.size_t) *C.char { return C.nl_nlmsgtype2str(C.int(typ), buf, n) })
}

// Str2nlmsgtype returns the control message type of a name.
//
// Goroutines: any. Errors: NLE_OBJ_NOTFOUND for a name that libnl does not know.
//
// Implements:
//
//	int nl_str2nlmsgtype(const char *);
func Str2nlmsgtype(name string) (int, error) {
	return byName("nl_str2nlmsgtype", name, func(c *C.char) C.int { return C.nl_str2nlmsgtype(c) })
}

// NlmsgFlags2str returns the names of flags, as "REQUEST,ACK"; what has no name is in hex.
//
// Goroutines: any.
//
// Implements:
//
//	char *nl_nlmsg_flags2str(int, char *, size_t);
func NlmsgFlags2str(flags int) string {
	return cstr(func(buf *C.char, n C.size_t) *C.char { return C.nl_nlmsg_flags2str(C.int(flags), buf, n) })
}
