package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"runtime"
	"unsafe"
)

// Sendto sends bytes as they are to the socket's peer. No callback is called.
//
// Goroutines: sender. Errors: NLE_INVAL for no bytes, NLE_BAD_SOCK if not connected, those of sendto(2), ErrBusy,
// ErrFreed.
//
// Implements:
//
//	int nl_sendto(struct nl_sock *, void *, size_t);
func (s *Socket) Sendto(buf []byte) (int, error) {
	f, err := s.enter(sender, nil)
	if err != nil {
		return 0, err
	}
	defer f.leave()
	ret, cerr := C.nl_sendto(f.sk, unsafe.Pointer(unsafe.SliceData(buf)), C.size_t(len(buf)))
	return max(int(ret), 0), result("nl_sendto", ret, cerr)
}

// Send sends a message as it is: CompleteMsg fills in nothing. The result is the number of bytes sent, or what the
// callback NL_CB_MSG_OUT returned if that was not [NL_OK]: with 1 ([NL_SKIP]) and 2 ([NL_STOP]) nothing was sent.
//
// Ownership: msg is borrowed. Goroutines: sender. Errors: NLE_BAD_SOCK if not connected, those of sendmsg(2) and of the
// callback, ErrBusy, ErrFreed.
//
// Implements:
//
//	int nl_send(struct nl_sock *, struct nl_msg *);
func (s *Socket) Send(msg *Msg) (int, error) {
	f, err := s.enterMsg(msg)
	if err != nil {
		return 0, err
	}
	defer f.leave()
	return f.done("nl_send", C.golibnl_send(f.sk, f.cp, f.h, msg.ptr()))
}

// SendAuto completes a message and sends it; see [Socket.CompleteMsg] and [Socket.Send].
//
// Ownership: msg is borrowed. Goroutines: sender. Errors: those of [Socket.Send].
//
// Implements:
//
//	int nl_send_auto(struct nl_sock *, struct nl_msg *);
func (s *Socket) SendAuto(msg *Msg) (int, error) {
	f, err := s.enterMsg(msg)
	if err != nil {
		return 0, err
	}
	defer f.leave()
	f.fixPort()
	return f.done("nl_send_auto", C.golibnl_send_auto(f.sk, f.cp, f.h, msg.ptr()))
}

// AutoComplete is [Socket.CompleteMsg] under its old name.
//
// Ownership: msg is borrowed. Goroutines: sender. Errors: those of [Socket.CompleteMsg].
//
// Deprecated: libnl keeps the name for old programs.
//
// Implements:
//
//	void nl_auto_complete(struct nl_sock *, struct nl_msg *);
func (s *Socket) AutoComplete(msg *Msg) error { return s.CompleteMsg(msg) }

// SendAutoComplete is [Socket.SendAuto] under its old name.
//
// Ownership: msg is borrowed. Goroutines: sender. Errors: those of [Socket.SendAuto].
//
// Deprecated: libnl keeps the name for old programs.
//
// Implements:
//
//	int nl_send_auto_complete(struct nl_sock *, struct nl_msg *);
func (s *Socket) SendAutoComplete(msg *Msg) (int, error) { return s.SendAuto(msg) }

// SendSync completes a message, sends it, frees it in any case, and waits for the ACK as [Socket.WaitForAck] does, unless
// auto-ACK is off. It waits for ever if NL_CB_MSG_OUT keeps the message from being sent.
//
// Ownership: msg is consumed, whatever the result, unless that is ErrBusy, ErrFreed or ErrBorrowed. Goroutines: sender
// and receiver. Errors: those of [Socket.SendAuto] and [Socket.WaitForAck].
//
// Implements:
//
//	int nl_send_sync(struct nl_sock *, struct nl_msg *);
func (s *Socket) SendSync(msg *Msg) error {
	if msg != nil && msg.lent.Load() != notLent {
		return ErrBorrowed
	}
	f, err := s.enterMsgAs(sender|receiver, msg)
	if err != nil {
		return err
	}
	defer f.leave()
	f.fixPort()
	p, err := msg.consume()
	if err != nil {
		return err
	}
	_, err = f.done("nl_send_sync", C.golibnl_send_sync(f.sk, f.cp, f.h, f.recvHook(), p))
	return err
}

// SendSimple makes a message of a type with flags and a payload, and sends it as [Socket.SendAuto] does.
//
// Goroutines: sender. Errors: NLE_NOMEM if the message would be larger than the default size ([NlmsgSetDefaultSize], a
// page at first); NLE_RANGE for a type or flags that are no 16-bit numbers; those of [Socket.Send].
//
// Implements:
//
//	int nl_send_simple(struct nl_sock *, int, int, void *, size_t);
func (s *Socket) SendSimple(typ, flags int, payload []byte) (int, error) {
	if err := checkHeader("nl_send_simple", typ, flags); err != nil {
		return 0, err
	}
	f, err := s.enter(sender, nil)
	if err != nil {
		return 0, err
	}
	defer f.leave()
	f.fixPort()
	r := C.golibnl_send_simple(f.sk, f.cp, f.h, C.int(typ), C.int(flags),
		unsafe.Pointer(unsafe.SliceData(payload)), C.size_t(len(payload)))
	return f.done("nl_send_simple", r)
}

// SendIovec sends the buffers one after the other, as one datagram, in the place of the message's own content; msg gives
// the destination and the credentials, and goes to NL_CB_MSG_OUT.
//
// Ownership: msg and iov are borrowed. Goroutines: sender; iov must not change meanwhile. Errors: those of
// [Socket.Send].
//
// Implements:
//
//	int nl_send_iovec(struct nl_sock *, struct nl_msg *, struct iovec *, unsigned);
func (s *Socket) SendIovec(msg *Msg, iov [][]byte) (int, error) {
	f, err := s.enterMsg(msg)
	if err != nil {
		return 0, err
	}
	defer f.leave()
	var pin runtime.Pinner
	defer pin.Unpin()
	v := iovecOf(&pin, iov)
	return f.done("nl_send_iovec",
		C.golibnl_send_iovec(f.sk, f.cp, f.h, msg.ptr(), unsafe.SliceData(v), C.uint(len(v))))
}

// Msghdr is what [Socket.Sendmsg] gives to sendmsg(2) (struct msghdr).
type Msghdr struct {
	Name    *SockaddrNl // destination, nil for none
	Iov     [][]byte    // content
	Control []byte      // control messages
}

// Sendmsg sends what hdr says; msg only gets the socket's address as its source, and goes to NL_CB_MSG_OUT.
//
// Ownership: msg and hdr are borrowed. Goroutines: sender; hdr must not change meanwhile. Errors: NLE_INVAL if hdr is nil,
// those of [Socket.Send].
//
// Implements:
//
//	int nl_sendmsg(struct nl_sock *, struct nl_msg *, struct msghdr *);
func (s *Socket) Sendmsg(msg *Msg, hdr *Msghdr) (int, error) {
	if hdr == nil {
		return 0, refusal("nl_sendmsg", NLE_INVAL, "no header")
	}
	f, err := s.enterMsg(msg)
	if err != nil {
		return 0, err
	}
	defer f.leave()
	var pin runtime.Pinner
	defer pin.Unpin()
	v := iovecOf(&pin, hdr.Iov)
	var name *C.struct_sockaddr_nl
	if hdr.Name != nil {
		c := hdr.Name.c()
		name = &c
	}
	r := C.golibnl_sendmsg(f.sk, f.cp, f.h, msg.ptr(), name, unsafe.SliceData(v), C.size_t(len(v)),
		unsafe.Pointer(unsafe.SliceData(hdr.Control)), C.size_t(len(hdr.Control)))
	return f.done("nl_sendmsg", r)
}

// iovecOf describes buffers to C. They stay where they are until pin is undone.
func iovecOf(pin *runtime.Pinner, bufs [][]byte) []C.struct_iovec {
	v := make([]C.struct_iovec, 0, len(bufs))
	for _, b := range bufs {
		if len(b) == 0 {
			continue
		}
		pin.Pin(unsafe.SliceData(b))
		v = append(v, C.struct_iovec{iov_base: unsafe.Pointer(unsafe.SliceData(b)), iov_len: C.size_t(len(b))})
	}
	return v
}
