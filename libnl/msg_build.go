package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"math"
	"unsafe"
)

// Hdr returns a snapshot of the message: its header, and the bytes that follow it.
//
// Ownership: the result is yours. Goroutines: any. Errors: none; nil on a freed message.
//
// Implements:
//
//	struct nlmsghdr *nlmsg_hdr(struct nl_msg *);
func (m *Msg) Hdr() (h *Nlmsghdr) {
	p, err := m.g().Acquire()
	if err != nil {
		return nil
	}
	head := m.room.head // who changes it is alone with the message
	if head == nil || m.exposed.Load() {
		head = C.nlmsg_hdr((*C.struct_nl_msg)(p))
	}
	h = nlmsghdrOf(head)
	m.guard.Release()
	return h
}

// SetHdr writes the type, the flags, the sequence number and the port ID of hdr into the message. It is what
// nlmsg_hdr(msg)->field = value does in C; the length is kept by what is put into the message.
//
// Ownership: hdr is borrowed. Goroutines: any. Errors: NLE_INVAL if hdr is nil, ErrBusy, ErrFreed.
func (m *Msg) SetHdr(hdr *Nlmsghdr) error {
	if hdr == nil {
		return refusal("nlmsg_hdr", NLE_INVAL, "no header")
	}
	return m.with(func(p *C.struct_nl_msg) error {
		c, h := hdr.c(), C.nlmsg_hdr(p)
		h.nlmsg_type, h.nlmsg_flags, h.nlmsg_seq, h.nlmsg_pid = c.nlmsg_type, c.nlmsg_flags, c.nlmsg_seq, c.nlmsg_pid
		return nil
	})
}

// Put writes the header, and makes room for payload bytes, which are zero. Putting again makes the room again. The result
// is a snapshot.
//
// Ownership: the result is yours. Goroutines: any. Errors: NLE_NOMEM if there is no room, the header being written even so;
// NLE_RANGE for a type or flags that are no 16-bit numbers; ErrBusy, ErrFreed.
//
// Implements:
//
//	struct nlmsghdr *nlmsg_put(struct nl_msg *, uint32_t, uint32_t, int, int, int);
func (m *Msg) Put(pid, seq uint32, typ, payload, flags int) (h *Nlmsghdr, err error) {
	if err = checkHeader("nlmsg_put", typ, flags); err != nil {
		return nil, err
	}
	err = m.with(func(p *C.struct_nl_msg) error {
		if ret := C.golibnl_put(p, C.uint32_t(pid), C.uint32_t(seq), C.int(typ), csize(payload), C.int(flags)); ret < 0 {
			return failure("nlmsg_put", ret, 0)
		}
		h = nlmsghdrOf(C.nlmsg_hdr(p))
		return nil
	})
	return h, err
}

// checkHeader refuses what the header of a message has no room for.
func checkHeader(fn string, typ, flags int) error {
	if typ < 0 || typ > math.MaxUint16 || flags < 0 || flags > math.MaxUint16 {
		return refusal(fn, NLE_RANGE, "type %d or flags %#x are no 16-bit number", typ, flags)
	}
	return nil
}

// cint is n for C, or the nearest int there is.
func cint(n int) C.int { return C.int(min(max(n, math.MinInt32), math.MaxInt32)) }

// csize is n for C, or the nearest size that the binding passes, with which C can count without an overflow.
func csize(n int) C.int { return C.int(min(max(n, -maxSize), maxSize)) }

// Append adds bytes to the message, and zeros up to a multiple of pad: NLMSG_ALIGNTO, or NL_DONTPAD for none. The
// beginning is not aligned.
//
// Goroutines: any. Errors: NLE_NOMEM if there is no room; NLE_INVAL if pad is neither 0 nor a power of two; ErrBusy,
// ErrFreed.
//
// Implements:
//
//	int nlmsg_append(struct nl_msg *, void *, size_t, int);
func (m *Msg) Append(data []byte, pad int) error {
	if err := checkPad("nlmsg_append", pad); err != nil {
		return err
	}
	return m.with(func(p *C.struct_nl_msg) error {
		var ret C.int
		if NlDebug() > 1 {
			ret = C.nlmsg_append(p, unsafe.Pointer(unsafe.SliceData(data)), C.size_t(len(data)), C.int(pad))
		} else {
			ret = m.appendLocked(p, data, pad)
		}
		if ret < 0 {
			return failure("nlmsg_append", ret, 0)
		}
		return nil
	})
}

// appendLocked does what nlmsg_append does, in Go, for the same reason as put.
func (m *Msg) appendLocked(p *C.struct_nl_msg, data []byte, pad int) C.int {
	head := m.head(p)
	start, n := int(head.nlmsg_len), len(data)
	if pad > 0 {
		n = (n + pad - 1) &^ (pad - 1)
	}
	if n > int(m.room.size)-start {
		return -C.NLE_NOMEM
	}
	b := unsafe.Slice((*byte)(unsafe.Pointer(head)), start+n)[start:]
	clear(b[copy(b, data):])
	head.nlmsg_len += C.__u32(n)
	return 0
}

// checkPad refuses padding with which libnl would count wrong, and write beyond the message.
func checkPad(fn string, pad int) error {
	if pad < 0 || pad > maxSize || pad&(pad-1) != 0 {
		return refusal(fn, NLE_INVAL, "padding to %d, which is neither 0 nor a power of two", pad)
	}
	return nil
}

// Reserved is room in a message, where C has a pointer to it. It stays what it is when the message expands.
//
// Goroutines: any.
type Reserved struct {
	m        *Msg
	off, len int
}

// Len returns the number of bytes.
//
// Goroutines: any.
func (r Reserved) Len() int { return r.len }

// Write writes data at the beginning of the room.
//
// Goroutines: any. Errors: NLE_RANGE if there is less room, ErrBusy, ErrFreed.
func (r Reserved) Write(data []byte) error {
	if len(data) > r.len {
		return refusal("nlmsg_reserve", NLE_RANGE, "%d bytes for a room of %d", len(data), r.len)
	}
	return r.m.with(func(p *C.struct_nl_msg) error {
		if !r.there(p) {
			return refusal("nlmsg_reserve", NLE_RANGE, "the message no longer has the room")
		}
		copy(unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(C.nlmsg_hdr(p)), r.off)), r.len), data)
		return nil
	})
}

// there reports whether the room still is part of the message: cancelling a nest takes it away.
func (r Reserved) there(p *C.struct_nl_msg) bool {
	return r.off+r.len <= int(C.nlmsg_hdr(p).nlmsg_len)
}

// Reserve makes room for n bytes, and for zeros up to a multiple of pad, as [Msg.Append] does.
//
// Ownership: the result is borrowed until the message is freed. Goroutines: any. Errors: those of [Msg.Append];
// NLE_RANGE for a negative n.
//
// Implements:
//
//	void *nlmsg_reserve(struct nl_msg *, size_t, int);
func (m *Msg) Reserve(n, pad int) (r Reserved, err error) {
	if n < 0 {
		return r, refusal("nlmsg_reserve", NLE_RANGE, "room for %d bytes", n)
	}
	if err = checkPad("nlmsg_reserve", pad); err != nil {
		return r, err
	}
	err = m.with(func(p *C.struct_nl_msg) error {
		off := C.golibnl_reserve(p, C.size_t(n), C.int(pad))
		if off < 0 {
			return failure("nlmsg_reserve", -C.NLE_NOMEM, 0)
		}
		r = Reserved{m: m, off: int(off), len: n}
		return nil
	})
	return r, err
}

// Expand gives the message a larger buffer: size bytes, header included.
//
// Goroutines: any. Errors: NLE_INVAL if size is not larger than [Msg.GetMaxSize]; NLE_RANGE if it is over 1 GiB; NLE_NOMEM;
// ErrBorrowed for the message of a callback NL_CB_MSG_OUT, which is on its way to the kernel; ErrBusy, ErrFreed.
//
// Implements:
//
//	int nlmsg_expand(struct nl_msg *, size_t);
func (m *Msg) Expand(size int) error {
	if size > maxSize {
		return refusal("nlmsg_expand", NLE_RANGE, "size %d is over %d", size, maxSize)
	}
	return m.with(func(p *C.struct_nl_msg) error {
		if m.lent.Load() == lentOut {
			return ErrBorrowed
		}
		m.room = C.struct_golibnl_room{}
		if ret := C.golibnl_expand(p, C.size_t(max(size, 0))); ret < 0 {
			return failure("nlmsg_expand", ret, 0)
		}
		return nil
	})
}
