package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/golibnl/golibnl/libnl/internal/core"
)

// Socket is a netlink socket (struct nl_sock).
//
// One goroutine may send and one receive at the same time. What sets the socket up may be called by any goroutine at any
// time, but what changes its port, its callback set or its descriptor needs that no call is running on it; those
// functions return [ErrBusy] otherwise.
type Socket struct {
	guard core.Guard
	cb    *Cb // changes only while the guard is locked; see callbacks

	borrowed bool         // made by C, and freed by C
	borrows  atomic.Int32 // to be released; changes under sockets.mu
	shared   atomic.Bool  // C has the pointer, too

	mu        sync.Mutex // orders the set-up functions, which change shared words in C
	sending   atomic.Bool
	receiving atomic.Bool
	hasPort   atomic.Bool // it has one, and keeps it; see fixPort
}

// SocketAlloc makes a socket with a callback set of its own, of the kind that the environment variable NLCB names.
//
// Ownership: the result is owned, Free it. Goroutines: any. Errors: NLE_NOMEM.
//
// Implements:
//
//	struct nl_sock *nl_socket_alloc(void);
func SocketAlloc() (*Socket, error) {
	var p *C.struct_nl_cb
	sk := C.golibnl_socket_alloc(&p)
	if sk == nil {
		return nil, failure("nl_socket_alloc", -C.NLE_NOMEM, 0)
	}
	return newSocket(sk, newCb(p)), nil
}

// SocketAllocCb makes a socket that uses the callback set cb.
//
// Ownership: the result is owned, Free it; it takes a reference to cb, which stays yours. Goroutines: any. Errors:
// ErrFreed and ErrBorrowed for cb, NLE_NOMEM.
//
// Implements:
//
//	struct nl_sock *nl_socket_alloc_cb(struct nl_cb *);
func SocketAllocCb(cb *Cb) (*Socket, error) {
	cb, err := cb.Get()
	if err != nil {
		return nil, err
	}
	refMu.Lock()
	sk := C.nl_socket_alloc_cb((*C.struct_nl_cb)(cb.guard.Pointer()))
	refMu.Unlock()
	if sk == nil {
		_ = cb.Put()
		return nil, failure("nl_socket_alloc_cb", -C.NLE_NOMEM, 0)
	}
	return newSocket(sk, cb), nil
}

func newSocket(p *C.struct_nl_sock, cb *Cb) *Socket {
	s := &Socket{cb: cb}
	s.guard.Init(unsafe.Pointer(p))
	s.guard.Own("Socket")
	return s
}

// Free closes the socket and frees it, with its reference to the callback set. A socket that is freed already is left
// alone.
//
// Ownership: consumes the socket. Goroutines: alone. Errors: ErrBusy while a call is running on the socket, which then
// stays as it was; ErrBorrowed for a socket of C's, to be released.
//
// Implements:
//
//	void nl_socket_free(struct nl_sock *);
func (s *Socket) Free() error {
	if s != nil && s.guard.Live() {
		switch {
		case s.borrowed:
			return ErrBorrowed
		case s.shared.Load() && s.cb.guests.Load() > 0:
			return ErrBusy
		}
	}
	p, err := s.g().Retire()
	if p == nil || err != nil {
		return err
	}
	s.guard.Disown()
	if s.shared.Load() {
		sockets.remove(p, s)
	}
	refMu.Lock()
	C.nl_socket_free((*C.struct_nl_sock)(p))
	refMu.Unlock()
	return s.cb.Put()
}

func (s *Socket) g() *core.Guard {
	if s == nil {
		return nil
	}
	return &s.guard
}

// ptr is the C socket, for a caller that is inside a call on it.
func (s *Socket) ptr() *C.struct_nl_sock { return (*C.struct_nl_sock)(s.guard.Pointer()) }

// with runs f, a C call that neither blocks nor calls back, and lets such calls take turns.
func (s *Socket) with(f func(p *C.struct_nl_sock)) error {
	p, err := s.g().Acquire()
	if err != nil {
		return err
	}
	defer s.guard.Release()
	s.mu.Lock()
	defer s.mu.Unlock()
	f((*C.struct_nl_sock)(p))
	return nil
}

// alone runs f, a C call that neither waits nor calls back, if no call is running on the socket. f may change the port.
func (s *Socket) alone(f func(p *C.struct_nl_sock) error) error {
	p, err := s.g().Lock(0)
	if err != nil {
		return err
	}
	defer s.guard.Unlock()
	if s.shared.Load() && s.cb.guests.Load() > 0 { // C is in a call, which has called Go
		return ErrBusy
	}
	s.hasPort.Store(false)
	return f((*C.struct_nl_sock)(p))
}

// set runs f as with does, and makes an error of its result.
func (s *Socket) set(fn string, f func(p *C.struct_nl_sock) (C.int, error)) error {
	var ret C.int
	var cerr error
	if err := s.with(func(p *C.struct_nl_sock) { ret, cerr = f(p) }); err != nil {
		return err
	}
	return result(fn, ret, cerr)
}

// DisableSeqCheck makes the receive loop take any sequence number: it sets the callback NL_CB_SEQ_CHECK.
//
// Goroutines: alone, on the callback set, but for its own callbacks. Errors: ErrBusy, ErrFreed.
//
// Implements:
//
//	void nl_socket_disable_seq_check(struct nl_sock *);
func (s *Socket) DisableSeqCheck() error {
	p, err := s.g().Acquire()
	if err != nil {
		return err
	}
	defer s.guard.Release()
	cb, err := s.callbacks()
	if err != nil {
		return err
	}
	return cb.change(func(*C.struct_nl_cb) error {
		C.nl_socket_disable_seq_check((*C.struct_nl_sock)(p))
		cb.mu.Lock()
		defer cb.mu.Unlock()
		cb.replace(&cb.slots[NL_CB_SEQ_CHECK], 0)
		return nil
	})
}

// UseSeq returns the next sequence number and moves on to the one after. The one that the receive loop expects stays.
//
// Goroutines: any, but not beside a sender. Errors: none; 0 on a freed socket.
//
// Implements:
//
//	unsigned int nl_socket_use_seq(struct nl_sock *);
func (s *Socket) UseSeq() (seq uint32) {
	_ = s.with(func(p *C.struct_nl_sock) { seq = uint32(C.nl_socket_use_seq(p)) })
	return seq
}

// DisableAutoAck stops asking for an ACK with each message that is sent, waiting for it in SendSync, and checking
// sequence numbers.
//
// Goroutines: any. Errors: none; nothing happens on a freed socket.
//
// Implements:
//
//	void nl_socket_disable_auto_ack(struct nl_sock *);
func (s *Socket) DisableAutoAck() {
	_ = s.with(func(p *C.struct_nl_sock) { C.nl_socket_disable_auto_ack(p) })
}

// EnableAutoAck undoes DisableAutoAck; sockets begin this way.
//
// Goroutines: any. Errors: none; nothing happens on a freed socket.
//
// Implements:
//
//	void nl_socket_enable_auto_ack(struct nl_sock *);
func (s *Socket) EnableAutoAck() {
	_ = s.with(func(p *C.struct_nl_sock) { C.nl_socket_enable_auto_ack(p) })
}

// GetLocalPort returns the port ID. If the socket has none yet, libnl makes one, which Connect will then insist on; it is
// 4294967295 when the process has used up all that libnl has to give (about a thousand).
//
// Goroutines: any. Errors: none; 0 on a freed socket.
//
// Implements:
//
//	uint32_t nl_socket_get_local_port(const struct nl_sock *);
func (s *Socket) GetLocalPort() (port uint32) {
	_ = s.with(func(p *C.struct_nl_sock) { port = uint32(C.nl_socket_get_local_port(p)) })
	return port
}

// SetLocalPort sets the port ID that Connect will ask for; 0 leaves it open.
//
// Goroutines: alone. Errors: ErrBusy, ErrFreed.
//
// Implements:
//
//	void nl_socket_set_local_port(struct nl_sock *, uint32_t);
func (s *Socket) SetLocalPort(port uint32) error {
	return s.alone(func(p *C.struct_nl_sock) error {
		C.nl_socket_set_local_port(p, C.uint32_t(port))
		return nil
	})
}

// AddMembership joins a multicast group, by number; 0 is no group, and success.
//
// Goroutines: any. Errors: NLE_BAD_SOCK if not connected, NLE_INVAL for a group that the protocol does not have, NLE_PERM,
// ErrFreed.
//
// Implements:
//
//	int nl_socket_add_membership(struct nl_sock *, int);
func (s *Socket) AddMembership(group int) error {
	g, err := groupOf("nl_socket_add_membership", group)
	if err != nil {
		return err
	}
	return s.set("nl_socket_add_membership", func(p *C.struct_nl_sock) (C.int, error) {
		ret, cerr := C.nl_socket_add_membership(p, g)
		return ret, cerr
	})
}

// AddMemberships joins groups until one fails, or is 0, which ends the list as in C. Groups that it joined stay joined.
//
// Goroutines: any. Errors: those of [Socket.AddMembership].
//
// Implements:
//
//	int nl_socket_add_memberships(struct nl_sock *, int, ...);
func (s *Socket) AddMemberships(groups ...int) error {
	return s.eachGroup(groups, s.AddMembership)
}

// DropMembership leaves a multicast group.
//
// Goroutines: any. Errors: those of [Socket.AddMembership].
//
// Implements:
//
//	int nl_socket_drop_membership(struct nl_sock *, int);
func (s *Socket) DropMembership(group int) error {
	g, err := groupOf("nl_socket_drop_membership", group)
	if err != nil {
		return err
	}
	return s.set("nl_socket_drop_membership", func(p *C.struct_nl_sock) (C.int, error) {
		ret, cerr := C.nl_socket_drop_membership(p, g)
		return ret, cerr
	})
}

// DropMemberships leaves groups until one fails, or is 0, which ends the list as in C.
//
// Goroutines: any. Errors: those of [Socket.AddMembership].
//
// Implements:
//
//	int nl_socket_drop_memberships(struct nl_sock *, int, ...);
func (s *Socket) DropMemberships(groups ...int) error {
	return s.eachGroup(groups, s.DropMembership)
}

func (s *Socket) eachGroup(groups []int, f func(int) error) error {
	if len(groups) == 0 {
		groups = []int{0} // C looks at the socket even so
	}
	for _, g := range groups {
		if err := f(g); err != nil || g == 0 {
			return err
		}
	}
	return nil
}

// groupOf checks that C will see the group that was asked for.
func groupOf(fn string, group int) (C.int, error) {
	if group != int(C.int(group)) {
		return 0, refusal(fn, NLE_INVAL, "there is no group %d", group)
	}
	return C.int(group), nil
}

// JoinGroups adds the groups of a bit mask (bit 0 is group 1) to those that Connect joins, at this and every later
// Connect. On a connected socket nothing happens until the next one: use AddMembership.
//
// Goroutines: alone. Errors: ErrBusy, ErrFreed.
//
// Implements:
//
//	void nl_join_groups(struct nl_sock *, int);
func (s *Socket) JoinGroups(mask uint32) error {
	return s.alone(func(p *C.struct_nl_sock) error {
		C.nl_join_groups(p, C.int(mask))
		return nil
	})
}

// GetPeerPort returns the port ID that messages are sent to; 0 is the kernel.
//
// Goroutines: any. Errors: none; 0 on a freed socket.
//
// Implements:
//
//	uint32_t nl_socket_get_peer_port(const struct nl_sock *);
func (s *Socket) GetPeerPort() (port uint32) {
	_ = s.with(func(p *C.struct_nl_sock) { port = uint32(C.nl_socket_get_peer_port(p)) })
	return port
}

// SetPeerPort sets the port ID that messages without a destination of their own are sent to.
//
// Goroutines: any. Errors: none; nothing happens on a freed socket.
//
// Implements:
//
//	void nl_socket_set_peer_port(struct nl_sock *, uint32_t);
func (s *Socket) SetPeerPort(port uint32) {
	_ = s.with(func(p *C.struct_nl_sock) { C.nl_socket_set_peer_port(p, C.uint32_t(port)) })
}

// GetPeerGroups returns the mask of groups that messages are sent to.
//
// Goroutines: any. Errors: none; 0 on a freed socket.
//
// Implements:
//
//	uint32_t nl_socket_get_peer_groups(const struct nl_sock *sk);
func (s *Socket) GetPeerGroups() (mask uint32) {
	_ = s.with(func(p *C.struct_nl_sock) { mask = uint32(C.nl_socket_get_peer_groups(p)) })
	return mask
}

// SetPeerGroups sets the mask of groups that messages without a destination of their own are sent to; the kernel delivers
// to the lowest one.
//
// Goroutines: any. Errors: none; nothing happens on a freed socket.
//
// Implements:
//
//	void nl_socket_set_peer_groups(struct nl_sock *sk, uint32_t groups);
func (s *Socket) SetPeerGroups(mask uint32) {
	_ = s.with(func(p *C.struct_nl_sock) { C.nl_socket_set_peer_groups(p, C.uint32_t(mask)) })
}

// GetFd returns the file descriptor, -1 if the socket is not connected.
//
// Ownership: borrowed until the socket is closed or freed. Goroutines: any. Errors: none; -1 on a freed socket.
//
// Implements:
//
//	int nl_socket_get_fd(const struct nl_sock *);
func (s *Socket) GetFd() int {
	fd := -1
	_ = s.with(func(p *C.struct_nl_sock) { fd = int(C.nl_socket_get_fd(p)) })
	return fd
}

// SetFd makes the socket use a netlink socket that is open already, bound, and of type SOCK_RAW. protocol is checked
// unless it is negative.
//
// Ownership: fd is consumed: Close and Free close it; if SetFd fails it stays yours. Goroutines: alone. Errors:
// NLE_BAD_SOCK if the socket is connected or fd is none, NLE_INVAL if it is no such socket, ErrBusy, ErrFreed.
//
// Implements:
//
//	int nl_socket_set_fd(struct nl_sock *sk, int protocol, int fd);
func (s *Socket) SetFd(protocol, fd int) error {
	return s.alone(func(p *C.struct_nl_sock) error {
		ret, cerr := C.nl_socket_set_fd(p, C.int(protocol), C.int(fd))
		return result("nl_socket_set_fd", ret, cerr)
	})
}
