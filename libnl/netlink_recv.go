package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"sync"
	"syscall"
	"unsafe"
)

// recvHook tells C whether the receive hook of the callback set is Go's, whether it may be C's, and whether the call holds the
// lock of objects.
func (f *flight) recvHook() C.int {
	if f.cb == nil {
		return 0
	}
	hook := f.cb.recvHook.Load() != nil
	return cbool(hook) | cbool(f.cb.foreign && !hook)*C.GOLIBNL_NOT_OURS | cbool(f.call.Holds())*C.GOLIBNL_LOCKED
}

// Recv receives one datagram: its bytes, its sender, and with [Socket.SetPasscred] the sender's credentials. It may hold
// several messages. Nothing is checked, and no callback is called. In the place of an empty datagram buf is nil.
//
// Ownership: the results are yours. Goroutines: receiver; in a callback only within a [RecvFunc] or [RecvmsgsFunc].
// Errors: NLE_AGAIN if the socket is non-blocking and there is nothing; NLE_NOMEM with ENOBUFS if messages were lost since
// the socket's buffer was full; NLE_MSG_TRUNC if the message was too long for the buffer, and is lost; NLE_BAD_SOCK if
// not connected; others of recvmsg(2); ErrBusy, ErrFreed.
//
// Implements:
//
//	int nl_recv(struct nl_sock *, struct sockaddr_nl *, unsigned char **, struct ucred **);
func (s *Socket) Recv() (buf []byte, nla SockaddrNl, creds *Ucred, err error) {
	f, err := s.enter(receiver, nil)
	if err != nil {
		return nil, nla, nil, err
	}
	defer f.leave()
	var (
		from C.struct_sockaddr_nl
		b    *C.uchar
		who  *C.struct_ucred
	)
	n, cerr := C.nl_recv(f.sk, &from, &b, &who)
	if n <= 0 {
		return nil, nla, nil, result("nl_recv", n, cerr)
	}
	defer C.free(unsafe.Pointer(b))
	defer C.free(unsafe.Pointer(who))
	return C.GoBytes(unsafe.Pointer(b), n), sockaddrOf(&from), ucredOf(who), nil
}

// RecvmsgsReport receives until a datagram without a multipart message, or the end of one, was read, and calls the
// callbacks of cb for each message. It returns the number of messages.
//
// Ownership: cb is borrowed. Goroutines: receiver; in a callback only within a [RecvmsgsFunc]. Errors: what a callback
// returned; the code of a kernel error; NLE_SEQ_MISMATCH, NLE_MSG_TRUNC and NLE_MSG_OVERFLOW for messages that are not as
// they should be; NLE_DUMP_INTR; those of [Socket.Recv]; ErrBusy, ErrFreed, for cb too.
//
// Implements:
//
//	int nl_recvmsgs_report(struct nl_sock *, struct nl_cb *);
func (s *Socket) RecvmsgsReport(cb *Cb) (int, error) {
	f, err := s.enterCb(cb)
	if err != nil {
		return 0, err
	}
	defer f.leave()
	return f.done("nl_recvmsgs_report", C.golibnl_recvmsgs_report(f.sk, f.cp, f.h, f.recvHook()))
}

// Recvmsgs is [Socket.RecvmsgsReport] without the number.
//
// Ownership: cb is borrowed. Goroutines: receiver; in a callback only within a [RecvmsgsFunc]. Errors: those of
// [Socket.RecvmsgsReport].
//
// Implements:
//
//	int nl_recvmsgs(struct nl_sock *, struct nl_cb *);
func (s *Socket) Recvmsgs(cb *Cb) error {
	f, err := s.enterCb(cb)
	if err != nil {
		return err
	}
	defer f.leave()
	_, err = f.done("nl_recvmsgs", C.golibnl_recvmsgs(f.sk, f.cp, f.h, f.recvHook()))
	return err
}

// enterCb is enter for a receive with a callback set that must be given.
func (s *Socket) enterCb(cb *Cb) (flight, error) {
	if cb == nil {
		_, err := cb.enter()
		return flight{}, err
	}
	return s.enter(receiver, cb)
}

// RecvmsgsDefault is [Socket.Recvmsgs] with the socket's own callbacks.
//
// Goroutines: receiver; in a callback only within a [RecvmsgsFunc]. Errors: those of [Socket.RecvmsgsReport].
//
// Implements:
//
//	int nl_recvmsgs_default(struct nl_sock *);
func (s *Socket) RecvmsgsDefault() error {
	f, err := s.enter(receiver, nil)
	if err != nil {
		return err
	}
	defer f.leave()
	_, err = f.done("nl_recvmsgs_default", C.golibnl_recvmsgs_default(f.sk, f.cp, f.h, f.recvHook()))
	return err
}

// WaitForAck receives once, with the socket's callbacks but for NL_CB_ACK, in whose place libnl stops. If the next
// datagram is not the ACK but a reply or a notification it returns nil, with the ACK still to come: read replies first.
//
// Goroutines: receiver; in a callback only within a [RecvmsgsFunc]. Errors: those of [Socket.RecvmsgsReport].
//
// Implements:
//
//	int nl_wait_for_ack(struct nl_sock *);
func (s *Socket) WaitForAck() error {
	f, err := s.enter(receiver, nil)
	if err != nil {
		return err
	}
	defer f.leave()
	_, err = f.done("nl_wait_for_ack", C.golibnl_wait_for_ack(f.sk, f.cp, f.h, f.recvHook()))
	return err
}

// PickupParser makes an object of a message that [Socket.Pickup] received, and hands it to emit, which takes a reference
// of its own. An error ends the pickup, which returns it unchanged.
type PickupParser func(nla SockaddrNl, hdr *Nlmsghdr, emit func(*Object) error) error

// pickup is what the parser needs of a pickup in flight. A parser may hand emit to another goroutine, or keep it too long.
type pickup struct {
	parse PickupParser

	mu   sync.Mutex
	over bool
	obj  *C.struct_nl_object // the last one, with a reference
}

func (p *pickup) take(obj *Object) error {
	o, err := obj.enter()
	if err != nil {
		return err
	}
	defer obj.leave()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return refusal("nl_pickup", NLE_INVAL, "an object for a pickup that is over")
	}
	// The parser's own object is libnl's, and goes when the parser returns. One that Go owns goes on living beside the
	// result, with a reference count that is no more than an int: the result is a copy of it.
	objMu.Lock()
	defer objMu.Unlock()
	if obj.lent.Load() {
		C.nl_object_get(o)
	} else if o = C.nl_object_clone(o); o == nil {
		return failure("nl_pickup", -C.NLE_NOMEM, 0)
	}
	if p.obj != nil {
		C.nl_object_put(p.obj)
	}
	p.obj = o
	return nil
}

// end takes no more objects, and returns the last one, which the caller owns, or nil.
func (p *pickup) end() *C.struct_nl_object {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	o := p.obj
	p.obj = nil
	return o
}

// Pickup receives one answer and returns the last object that parse made of it, nil if it made none. It leaves the
// callback NL_CB_VALID of the socket out.
//
// Ownership: the result is ref'd, Put it. Goroutines: receiver; in a callback only within a [RecvmsgsFunc]. Errors: what
// parse returned, those of [Socket.RecvmsgsReport]; NLE_INVAL if parse is nil.
//
// Implements:
//
//	int nl_pickup(struct nl_sock *, int (*parser)(struct nl_cache_ops *, struct sockaddr_nl *, struct nlmsghdr *, struct nl_parser_param *), struct nl_object **);
func (s *Socket) Pickup(parse PickupParser) (*Object, error) {
	return s.pickup("nl_pickup", parse, nil)
}

// PickupKeepSyserr is [Socket.Pickup], and also returns the errno that the kernel answered with, 0 if it answered with
// none. It leaves the socket's error callback out, too.
//
// Ownership: the result is ref'd, Put it. Goroutines: receiver; in a callback only within a [RecvmsgsFunc]. Errors: those
// of [Socket.Pickup].
//
// Implements:
//
//	int nl_pickup_keep_syserr(struct nl_sock *sk, int (*parser)(struct nl_cache_ops *, struct sockaddr_nl *, struct nlmsghdr *, struct nl_parser_param *), struct nl_object **result, int *syserror);
func (s *Socket) PickupKeepSyserr(parse PickupParser) (obj *Object, errno syscall.Errno, err error) {
	var syserr C.int
	obj, err = s.pickup("nl_pickup_keep_syserr", parse, &syserr)
	if syserr < 0 {
		syserr = -syserr
	}
	return obj, syscall.Errno(syserr), err
}

func (s *Socket) pickup(fn string, parse PickupParser, syserr *C.int) (*Object, error) {
	if parse == nil {
		return nil, refusal(fn, NLE_INVAL, "no parser")
	}
	f, err := s.enter(receiver, nil)
	if err != nil {
		return nil, err
	}
	defer f.leave()
	p := &pickup{parse: parse}
	defer func() {
		if o := p.end(); o != nil {
			objMu.Lock()
			defer objMu.Unlock()
			C.nl_object_put(o)
		}
	}()
	f.call.Arg = p
	if _, err = f.done(fn, C.golibnl_pickup(f.sk, f.cp, f.h, f.recvHook(), syserr)); err != nil {
		return nil, err
	}
	if o := p.end(); o != nil {
		return newObject(o), nil
	}
	return nil, nil
}
