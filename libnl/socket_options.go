package libnl

// #include "cgo_helpers.h"
import "C"

import "math"

// SetNonblocking makes receives return NLE_AGAIN where they would wait. There is no way back.
//
// Goroutines: any. Errors: NLE_BAD_SOCK if not connected, ErrFreed.
//
// Implements:
//
//	int nl_socket_set_nonblocking(const struct nl_sock *);
func (s *Socket) SetNonblocking() error {
	return s.set("nl_socket_set_nonblocking", func(p *C.struct_nl_sock) (C.int, error) {
		ret, cerr := C.nl_socket_set_nonblocking(p)
		return ret, cerr
	})
}

// EnableMsgPeek makes each receive ask for the size of the message first, so that none is cut off. This is what happens
// anyway until a buffer size is set.
//
// Goroutines: any. Errors: none; nothing happens on a freed socket.
//
// Implements:
//
//	void nl_socket_enable_msg_peek(struct nl_sock *);
func (s *Socket) EnableMsgPeek() {
	_ = s.with(func(p *C.struct_nl_sock) { C.nl_socket_enable_msg_peek(p) })
}

// DisableMsgPeek saves the system call that EnableMsgPeek costs; a message larger than the buffer is then lost, and the
// receive returns NLE_MSG_TRUNC.
//
// Goroutines: any. Errors: none; nothing happens on a freed socket.
//
// Implements:
//
//	void nl_socket_disable_msg_peek(struct nl_sock *);
func (s *Socket) DisableMsgPeek() {
	_ = s.with(func(p *C.struct_nl_sock) { C.nl_socket_disable_msg_peek(p) })
}

// GetCb returns the callback set of the socket: the same *Cb each time, until SetCb.
//
// Ownership: the result is ref'd, Put it. Goroutines: any. Errors: ErrFreed.
//
// Implements:
//
//	struct nl_cb *nl_socket_get_cb(const struct nl_sock *);
func (s *Socket) GetCb() (*Cb, error) {
	if _, err := s.g().Acquire(); err != nil {
		return nil, err
	}
	defer s.guard.Release()
	cb, err := s.callbacks()
	if err != nil {
		return nil, err
	}
	return cb.Get()
}

// SetCb makes the socket use another callback set.
//
// Ownership: the socket takes a reference to cb, which stays yours, and gives its old one back. Goroutines: alone.
// Errors: ErrBusy while a call is running on the socket; ErrFreed and ErrBorrowed, for cb too.
//
// Implements:
//
//	void nl_socket_set_cb(struct nl_sock *, struct nl_cb *);
func (s *Socket) SetCb(cb *Cb) error {
	var old *Cb
	err := s.alone(func(p *C.struct_nl_sock) error {
		cb, err := cb.Get()
		if err != nil {
			return err
		}
		old = s.cb
		refMu.Lock()
		C.nl_socket_set_cb(p, (*C.struct_nl_cb)(cb.guard.Pointer()))
		refMu.Unlock()
		s.cb = cb
		if s.shared.Load() {
			cb.mu.Lock()
			defer cb.mu.Unlock()
			cb.share()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return old.Put()
}

// ModifyCb sets one callback in the socket's set, as [Cb.Set] does.
//
// Goroutines: alone, on the callback set, but for its own callbacks. Errors: those of [Cb.Set].
//
// Implements:
//
//	int nl_socket_modify_cb(struct nl_sock *, enum nl_cb_type, enum nl_cb_kind, nl_recvmsg_msg_cb_t, void *);
func (s *Socket) ModifyCb(typ CbType, kind CbKind, fn MsgCb) error {
	if _, err := s.g().Acquire(); err != nil {
		return err
	}
	defer s.guard.Release()
	cb, err := s.callbacks()
	if err != nil {
		return err
	}
	return cb.set("nl_socket_modify_cb", typ, kind, fn)
}

// ModifyErrCb sets the error callback in the socket's set, as [Cb.Err] does.
//
// Goroutines: alone, on the callback set, but for its own callbacks. Errors: those of [Cb.Err].
//
// Implements:
//
//	int nl_socket_modify_err_cb(struct nl_sock *, enum nl_cb_kind, nl_recvmsg_err_cb_t, void *);
func (s *Socket) ModifyErrCb(kind CbKind, fn ErrCb) error {
	if _, err := s.g().Acquire(); err != nil {
		return err
	}
	defer s.guard.Release()
	cb, err := s.callbacks()
	if err != nil {
		return err
	}
	return cb.setErr("nl_socket_modify_err_cb", kind, fn)
}

// SetBufferSize sets the kernel's buffers for what was received and what is sent, in bytes; 0 or less is 32,768. The
// kernel doubles the number, and takes no more than net.core.rmem_max and wmem_max.
//
// Goroutines: any. Errors: NLE_BAD_SOCK if not connected, ErrFreed.
//
// Implements:
//
//	int nl_socket_set_buffer_size(struct nl_sock *, int, int);
func (s *Socket) SetBufferSize(rx, tx int) error {
	rx, tx = min(rx, math.MaxInt32), min(tx, math.MaxInt32)
	return s.set("nl_socket_set_buffer_size", func(p *C.struct_nl_sock) (C.int, error) {
		ret, cerr := C.nl_socket_set_buffer_size(p, C.int(max(rx, 0)), C.int(max(tx, 0)))
		return ret, cerr
	})
}

// SetMsgBufSize sets the size of the buffer that a receive begins with; 0 is four pages. Any other size turns the peek of
// [Socket.EnableMsgPeek] off, unless that was called.
//
// Goroutines: any, but not beside a receiver. Errors: NLE_RANGE for a negative size or one over 1 GiB, ErrFreed.
//
// Implements:
//
//	int nl_socket_set_msg_buf_size(struct nl_sock *, size_t);
func (s *Socket) SetMsgBufSize(size int) error {
	if size < 0 || size > maxSize {
		return refusal("nl_socket_set_msg_buf_size", NLE_RANGE, "size %d is not within 0 and %d", size, maxSize)
	}
	return s.set("nl_socket_set_msg_buf_size", func(p *C.struct_nl_sock) (C.int, error) {
		ret, cerr := C.nl_socket_set_msg_buf_size(p, C.size_t(size))
		return ret, cerr
	})
}

// GetMsgBufSize returns what SetMsgBufSize set.
//
// Goroutines: any. Errors: none; 0 on a freed socket.
//
// Implements:
//
//	size_t nl_socket_get_msg_buf_size(struct nl_sock *);
func (s *Socket) GetMsgBufSize() (size int) {
	_ = s.with(func(p *C.struct_nl_sock) { size = int(C.nl_socket_get_msg_buf_size(p)) })
	return size
}

// SetPasscred makes receives tell the sender's credentials, [Msg.GetCreds].
//
// Goroutines: any. Errors: NLE_BAD_SOCK if not connected, ErrFreed.
//
// Implements:
//
//	int nl_socket_set_passcred(struct nl_sock *, int);
func (s *Socket) SetPasscred(on bool) error {
	return s.set("nl_socket_set_passcred", func(p *C.struct_nl_sock) (C.int, error) {
		ret, cerr := C.nl_socket_set_passcred(p, cbool(on))
		return ret, cerr
	})
}

// RecvPktinfo makes the kernel add the group to each message. libnl's own receive has no room for it and then fails with
// NLE_MSG_TRUNC, unless SetPasscred and EnableMsgPeek make room: it is of use with [Cb.OverwriteRecv].
//
// Goroutines: any. Errors: NLE_BAD_SOCK if not connected, ErrFreed.
//
// Implements:
//
//	int nl_socket_recv_pktinfo(struct nl_sock *, int);
func (s *Socket) RecvPktinfo(on bool) error {
	return s.set("nl_socket_recv_pktinfo", func(p *C.struct_nl_sock) (C.int, error) {
		ret, cerr := C.nl_socket_recv_pktinfo(p, cbool(on))
		return ret, cerr
	})
}
