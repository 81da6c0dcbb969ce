package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"unsafe"

	"github.com/golibnl/golibnl/libnl/internal/core"
)

// Connect opens the socket for a protocol and binds it to its port ID; if that is open still, libnl makes one, and tries
// others when it is taken.
//
// Goroutines: alone. Errors: NLE_BAD_SOCK if connected already; NLE_PROTO_MISMATCH, with EPROTONOSUPPORT, if no kernel
// module has registered the protocol; NLE_EXIST if another socket has the port that was set; ErrBusy, ErrFreed.
//
// Implements:
//
//	int nl_connect(struct nl_sock *, int);
func (s *Socket) Connect(protocol int) error {
	return s.alone(func(p *C.struct_nl_sock) error {
		ret, cerr := C.nl_connect(p, C.int(protocol))
		err := result("nl_connect", ret, cerr)
		var ce *core.CallError
		if errors.As(err, &ce) {
			ce.Hint = connectHint(protocol, p, ce.Errno)
		}
		return err
	})
}

func connectHint(protocol int, p *C.struct_nl_sock, errno syscall.Errno) string {
	switch errno {
	case syscall.EPROTONOSUPPORT:
		return fmt.Sprintf("no kernel module has registered netlink protocol %d (%s); load the module that serves it",
			protocol, Nlfamily2str(protocol))
	case syscall.EADDRINUSE:
		return fmt.Sprintf("another socket has port ID %d; set another one, or 0 to leave it open",
			uint32(C.nl_socket_get_local_port(p)))
	}
	return ""
}

// Close closes the descriptor. The port ID, the groups of JoinGroups and the sequence numbers stay for another Connect.
//
// Goroutines: alone: closing wakes nobody who waits on the socket. Errors: ErrBusy, ErrFreed.
//
// Implements:
//
//	void nl_close(struct nl_sock *);
func (s *Socket) Close() error {
	return s.alone(func(p *C.struct_nl_sock) error {
		C.nl_close(p)
		return nil
	})
}

// CompleteMsg fills in what the message leaves open: the port ID, the sequence number, the protocol, and the flags
// NLM_F_REQUEST and, unless auto-ACK is off, NLM_F_ACK. A message that is sent again keeps its sequence number.
//
// Ownership: msg is borrowed. Goroutines: sender. Errors: ErrBusy, ErrFreed, for msg too.
//
// Implements:
//
//	void nl_complete_msg(struct nl_sock *, struct nl_msg *);
func (s *Socket) CompleteMsg(msg *Msg) error {
	f, err := s.enterMsg(msg)
	if err != nil {
		return err
	}
	defer f.leave()
	f.fixPort()
	C.nl_complete_msg(f.sk, msg.ptr())
	return nil
}

// A role is what a call does with a socket: one call at a time has it.
type role C.int

const (
	sender   role = C.GOLIBNL_SEND
	receiver role = C.GOLIBNL_RECV
)

// A flight is a call that may call back: what it holds of Go and C objects.
type flight struct {
	s    *Socket
	cb   *Cb
	msg  *Msg
	call *core.Call
	held [2]*atomic.Bool

	sk *C.struct_nl_sock
	cp *C.struct_nl_cb
	h  C.uintptr_t
}

// enter begins a call with roles on s and the callback set cb, or the socket's own if cb is nil; leave ends it.
func (s *Socket) enter(roles role, cb *Cb) (f flight, err error) {
	p, err := s.g().Acquire()
	if err != nil {
		return f, err
	}
	f.s, f.sk = s, (*C.struct_nl_sock)(p)
	if cb == nil {
		cb, err = s.callbacks()
	}
	if err == nil {
		f.cp, err = cb.enter()
	}
	if err != nil {
		f.leave()
		return f, err
	}
	f.cb = cb
	if roles&receiver != 0 && cb.guests.Load() > 0 && C.golibnl_guest_with(f.cp) != 0 {
		f.leave()
		return f, ErrBusy
	}
	for i, r := range [2]role{sender, receiver} {
		if roles&r == 0 {
			continue
		}
		lock := [2]*atomic.Bool{&s.sending, &s.receiving}[i]
		switch {
		case lock.CompareAndSwap(false, true):
			f.held[i] = lock
		case !nested(f.sk, r):
			f.leave()
			return f, ErrBusy
		}
	}
	f.call = core.BeginCall(s, cb)
	f.h = C.uintptr_t(f.call.Handle)
	return f, nil
}

// nested reports whether this goroutine is in a callback in which another call with the role is in order: sending in
// any callback of a send, receiving in a receive hook, whose work that is.
func nested(sk *C.struct_nl_sock, r role) bool {
	where := C.golibnl_where(sk, C.int(r))
	return where == C.GOLIBNL_IN_HOOK || r == sender && where == C.GOLIBNL_IN_CALLBACK
}

// enterMsg is enter for a send of msg, which until leave belongs to the call.
func (s *Socket) enterMsg(msg *Msg) (flight, error) {
	return s.enterMsgAs(sender, msg)
}

func (s *Socket) enterMsgAs(roles role, msg *Msg) (flight, error) {
	if err := msg.begin(); err != nil {
		return flight{}, err
	}
	f, err := s.enter(roles, nil)
	if err != nil {
		msg.end()
		return f, err
	}
	f.msg = msg
	return f, nil
}

// fixPort makes the port ID that libnl would make while it completes a message, since GetLocalPort on another goroutine
// must not make one at the same time.
func (f *flight) fixPort() {
	if f.s.hasPort.Load() && !f.s.shared.Load() || f.msg != nil && C.nlmsg_hdr(f.msg.ptr()).nlmsg_pid != NL_AUTO_PORT {
		return
	}
	if port := f.s.GetLocalPort(); port != 0 && port != math.MaxUint32 {
		f.s.hasPort.Store(true)
	}
}

// leave ends the call. It must be deferred: a callback may end the goroutine.
func (f *flight) leave() {
	if f.call != nil {
		f.call.End()
	}
	for _, lock := range f.held {
		if lock != nil {
			lock.Store(false)
		}
	}
	if f.cb != nil {
		f.cb.leave()
	}
	if f.msg != nil {
		f.msg.end()
	}
	f.s.guard.Release()
}

// done turns what C returned into a result: a callback's panic goes on, its error comes first, then libnl's.
func (f *flight) done(fn string, r C.struct_golibnl_ret) (int, error) {
	err := f.call.Outcome()
	if r.ret >= 0 {
		return int(r.ret), err
	}
	cerr := failure(fn, r.ret, syscall.Errno(r.err))
	switch {
	case err == nil:
		return 0, cerr
	case r.ret == -C.NLE_DUMP_INTR && !errors.Is(err, NLE_DUMP_INTR):
		return 0, errors.Join(err, cerr) // in C the interruption hides what the callback said
	}
	return 0, err
}

// SockaddrNl is the address of a netlink socket (struct sockaddr_nl).
type SockaddrNl struct {
	NlFamily uint16 // AF_NETLINK (16), or 0 for no address
	NlPid    uint32 // port ID; 0 is the kernel
	NlGroups uint32 // mask of multicast groups
}

func sockaddrOf(p *C.struct_sockaddr_nl) SockaddrNl {
	if p == nil {
		return SockaddrNl{}
	}
	return SockaddrNl{NlFamily: uint16(p.nl_family), NlPid: uint32(p.nl_pid), NlGroups: uint32(p.nl_groups)}
}

func (a SockaddrNl) c() (c C.struct_sockaddr_nl) {
	c.nl_family = C.__kernel_sa_family_t(a.NlFamily)
	c.nl_pid = C.__u32(a.NlPid)
	c.nl_groups = C.__u32(a.NlGroups)
	return c
}

// Ucred is who sent a message (struct ucred).
type Ucred struct {
	Pid int32
	Uid uint32
	Gid uint32
}

func ucredOf(p *C.struct_ucred) *Ucred {
	if p == nil {
		return nil
	}
	return &Ucred{Pid: int32(p.pid), Uid: uint32(p.uid), Gid: uint32(p.gid)}
}

func (u Ucred) c() (c C.struct_ucred) {
	c.pid, c.uid, c.gid = C.pid_t(u.Pid), C.uid_t(u.Uid), C.gid_t(u.Gid)
	return c
}

// NlDebug returns the level of libnl's messages on standard error, which the environment variable NLDBG sets.
//
// Goroutines: any.
//
// Implements:
//
//	extern int nl_debug;
func NlDebug() int { return int(atomic.LoadInt32((*int32)(unsafe.Pointer(&C.nl_debug)))) }

// SetNlDebug sets the level of libnl's messages on standard error; 0 is none.
//
// Goroutines: any.
func SetNlDebug(level int) { C.golibnl_set_debug(C.int(level)) }

// Nlfamily2str returns the name of a protocol: "route", or the number in hex for one that libnl does not know.
//
// Goroutines: any.
//
// Implements:
//
//	char *nl_nlfamily2str(int, char *, size_t);
func Nlfamily2str(protocol int) string {
	return cstr(func(buf *C.char, n C.size_t) *C.char { return C.nl_nlfamily2str(C.int(protocol), buf, n) })
}

// Str2nlfamily returns the protocol of a name.
//
// Goroutines: any. Errors: NLE_OBJ_NOTFOUND for a name that libnl does not know.
//
// Implements:
//
//	int nl_str2nlfamily(const char *);
func Str2nlfamily(name string) (int, error) {
	return byName("nl_str2nlfamily", name, func(c *C.char) C.int { return C.nl_str2nlfamily(c) })
}

// cstr calls a C function that writes a short text into a buffer.
func cstr(f func(buf *C.char, n C.size_t) *C.char) string {
	var buf [257]C.char // the last one stays NUL, whatever C does
	return C.GoString(f(&buf[0], C.size_t(len(buf)-1)))
}

// byName calls a C function that looks a name up.
func byName(fn, name string, f func(*C.char) C.int) (int, error) {
	if strings.IndexByte(name, 0) < 0 {
		c := C.CString(name)
		defer C.free(unsafe.Pointer(c))
		n := f(c)
		v, err := strconv.ParseInt(strings.TrimSpace(name), 0, 64)
		cut := errors.Is(err, strconv.ErrRange) || err == nil && v != int64(n) // numbers are names, too, and C takes the low half
		if n >= 0 && !cut {
			return int(n), nil
		}
	}
	return 0, refusal(fn, NLE_OBJ_NOTFOUND, "libnl knows no %q", name)
}
