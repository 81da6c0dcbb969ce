package pump

// #cgo pkg-config: libnl-3.0
// #include "pump.h"
import "C"

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// Socket is a libnl socket on a descriptor that never blocks. Any goroutines may send, and one may receive, at the same
// time; Close needs that nobody does either.
type Socket struct {
	c  *C.struct_golibnl_pump
	fd int
}

var live atomic.Int64

// Live returns how many sockets are open, for tests that look for leaks.
func Live() int64 { return live.Load() }

// New makes a socket of fd, a netlink socket of the protocol, bound and non-blocking. It takes fd over, unless it fails
// with a libnl code.
func New(protocol, fd int) (*Socket, int) {
	var ret C.int
	c := C.golibnl_pump_new(C.int(protocol), C.int(fd), &ret)
	if c == nil {
		return nil, int(-ret)
	}
	live.Add(1)
	return &Socket{c: c, fd: fd}, 0
}

// Close frees the socket and closes its descriptor.
func (s *Socket) Close() {
	if s.c == nil {
		return
	}
	C.golibnl_pump_free(s.c)
	s.c = nil
	live.Add(-1)
}

func (s *Socket) ref() C.golibnl_pump_ref { return C.golibnl_pump_ref(uintptr(unsafe.Pointer(s.c))) }

// FD is the descriptor, which stays the socket's.
func (s *Socket) FD() int { return s.fd }

// SetControl says that datagrams come with control data: the group, the namespace or the sender's credentials.
func (s *Socket) SetControl() { s.c.control = 1 }

// Address is where a datagram goes: port 0 is the kernel, Groups a bit mask of which the kernel serves the lowest.
type Address struct {
	Port, Groups uint32
}

// Send sends b, one or more whole messages, as one datagram, by nl_sendto to the kernel and by nl_send_iovec to others.
func (s *Socket) Send(b []byte, to Address) error {
	var errno C.int
	ret := C.golibnl_pump_send(s.ref(), start(b), C.size_t(len(b)), C.uint32_t(to.Port), C.uint32_t(to.Groups), &errno)
	runtime.KeepAlive(b)
	return sent(ret, errno)
}

func sent(ret, errno C.int) error {
	switch {
	case ret >= 0:
		return nil
	case errno != 0:
		return syscall.Errno(errno)
	}
	return syscall.EBADF // libnl's socket has no descriptor: the one failure before the system call
}

// Want says when a read ends, besides with an empty queue or a full batch.
type Want struct {
	Terminators int  // after so many DONE and ERROR messages; 0 for any number
	Any         bool // take datagrams of any sender; otherwise those that the kernel did not send are dropped, and counted
}

// Read receives what is queued into b, from its beginning.
func (s *Socket) Read(b *Batch, w Want) {
	b.begin(w)
	C.golibnl_pump_read(s.ref(), start(b.arena), &b.r)
	b.took(s)
}

// Exchange is Send and, when that went well, Read, in one crossing. It counts as a receive: one at a time.
func (s *Socket) Exchange(msg []byte, to Address, b *Batch, w Want) error {
	b.begin(w)
	ret := C.golibnl_pump_exchange(s.ref(), start(msg), C.size_t(len(msg)), C.uint32_t(to.Port),
		C.uint32_t(to.Groups), &b.errno, start(b.arena), &b.r)
	if ret < 0 {
		return sent(ret, b.errno)
	}
	b.took(s)
	return nil
}

// start is where b is. That there are no Go pointers behind it shows in its type, so that no call has to look.
func start(b []byte) *C.uchar { return (*C.uchar)(unsafe.SliceData(b)) }
