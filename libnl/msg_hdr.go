package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"encoding/binary"
	"iter"
	"slices"
	"unsafe"
)

// Nlmsghdr is the header of a message (struct nlmsghdr) with the bytes that follow it: a snapshot in Go memory. Changing
// a field changes the snapshot only; [Msg.SetHdr] writes it into a message.
//
// Goroutines: plain.
type Nlmsghdr struct {
	NlmsgLen   uint32 // bytes of the message, header included
	NlmsgType  uint16
	NlmsgFlags uint16
	NlmsgSeq   uint32
	NlmsgPid   uint32 // port ID of the sender, as the sender says

	b []byte // the message as it was, header included; nil for a header without one
}

// NlmsghdrFrom reads the header at the beginning of b, as a cast does in C. The result refers to the bytes of b.
//
// Goroutines: plain. Errors: NLE_MSG_TRUNC if b is shorter than a header, or than the length in it, or that is shorter than
// a header.
func NlmsghdrFrom(b []byte) (*Nlmsghdr, error) {
	if !NlmsgOk(b) {
		return nil, refusal("nlmsg_ok", NLE_MSG_TRUNC, "no whole message in %d bytes", len(b))
	}
	return nlmsghdrAt(b), nil
}

// nlmsghdrAt reads the header of the message in b, which NlmsgOk said is whole.
func nlmsghdrAt(b []byte) *Nlmsghdr {
	h := &Nlmsghdr{
		NlmsgLen:   binary.NativeEndian.Uint32(b),
		NlmsgType:  binary.NativeEndian.Uint16(b[4:]),
		NlmsgFlags: binary.NativeEndian.Uint16(b[6:]),
		NlmsgSeq:   binary.NativeEndian.Uint32(b[8:]),
		NlmsgPid:   binary.NativeEndian.Uint32(b[12:]),
	}
	h.b = b[:h.NlmsgLen:h.NlmsgLen]
	return h
}

// nlmsghdrOf copies a message of libnl's, whose length libnl has checked.
func nlmsghdrOf(p *C.struct_nlmsghdr) *Nlmsghdr {
	return nlmsghdrAt(slices.Clone(unsafe.Slice((*byte)(unsafe.Pointer(p)), p.nlmsg_len)))
}

func (h *Nlmsghdr) c() (c C.struct_nlmsghdr) {
	c.nlmsg_len, c.nlmsg_type, c.nlmsg_flags = C.__u32(h.NlmsgLen), C.__u16(h.NlmsgType), C.__u16(h.NlmsgFlags)
	c.nlmsg_seq, c.nlmsg_pid = C.__u32(h.NlmsgSeq), C.__u32(h.NlmsgPid)
	return c
}

// Bytes returns the message as it was when the snapshot was taken, header included; nil for a header without one.
//
// Goroutines: plain.
func (h *Nlmsghdr) Bytes() []byte {
	if h == nil {
		return nil
	}
	return h.b
}

// payload is what follows the header.
func (h *Nlmsghdr) payload() []byte {
	if h == nil || len(h.b) < NLMSG_HDRLEN {
		return nil
	}
	return h.b[NLMSG_HDRLEN:]
}

// message returns the bytes of the message with the fields as they are now, for C to read.
func (h *Nlmsghdr) message(fn string) ([]byte, error) {
	have := NLMSG_HDRLEN + len(h.payload())
	if h.NlmsgLen < NLMSG_HDRLEN || int64(h.NlmsgLen) > int64(have) {
		return nil, refusal(fn, NLE_MSG_TRUNC, "the header says %d bytes, but there are %d", h.NlmsgLen, have)
	}
	b := make([]byte, h.NlmsgLen)
	copy(b[NLMSG_HDRLEN:], h.payload())
	binary.NativeEndian.PutUint32(b, h.NlmsgLen)
	binary.NativeEndian.PutUint16(b[4:], h.NlmsgType)
	binary.NativeEndian.PutUint16(b[6:], h.NlmsgFlags)
	binary.NativeEndian.PutUint32(b[8:], h.NlmsgSeq)
	binary.NativeEndian.PutUint32(b[12:], h.NlmsgPid)
	return b, nil
}

// Data returns the payload.
//
// Goroutines: plain. Errors: none; nil on a nil header.
//
// Implements:
//
//	void *nlmsg_data(const struct nlmsghdr *);
func (h *Nlmsghdr) Data() []byte { return h.payload() }

// Datalen returns the length of the payload.
//
// Goroutines: plain. Errors: none; 0 on a nil header.
//
// Implements:
//
//	int nlmsg_datalen(const struct nlmsghdr *);
func (h *Nlmsghdr) Datalen() int { return len(h.payload()) }

// Attrdata returns what follows a protocol header of hdrlen bytes: the attributes.
//
// Goroutines: plain. Errors: none; nil if there is nothing, on a nil header, and for a negative hdrlen.
//
// Implements:
//
//	struct nlattr *nlmsg_attrdata(const struct nlmsghdr *, int);
func (h *Nlmsghdr) Attrdata(hdrlen int) []byte {
	b := h.payload()
	n := uint(hdrlen+NLMSG_ALIGNTO-1) &^ (NLMSG_ALIGNTO - 1)
	if hdrlen < 0 || n >= uint(len(b)) {
		return nil
	}
	return b[n:]
}

// Attrlen returns the length of the attributes, 0 if there are none.
//
// Goroutines: plain. Errors: none; see [Nlmsghdr.Attrdata].
//
// Implements:
//
//	int nlmsg_attrlen(const struct nlmsghdr *, int);
func (h *Nlmsghdr) Attrlen(hdrlen int) int { return len(h.Attrdata(hdrlen)) }

// ValidHdr reports whether there is room for a protocol header of hdrlen bytes.
//
// Goroutines: plain. Errors: none; false on a nil header and for a negative hdrlen.
//
// Implements:
//
//	int nlmsg_valid_hdr(const struct nlmsghdr *, int);
func (h *Nlmsghdr) ValidHdr(hdrlen int) bool {
	return h != nil && hdrlen >= 0 && hdrlen <= len(h.payload())
}

// Tail returns the end of the message in bytes from its beginning, padding included, where C returns a pointer there.
//
// Goroutines: plain. Errors: none; 0 on a nil header.
//
// Implements:
//
//	void *nlmsg_tail(const struct nlmsghdr *);
func (h *Nlmsghdr) Tail() int {
	if h == nil {
		return 0
	}
	return align(int(h.NlmsgLen))
}

// Parse sorts the attributes by type: entry n of the result is the last attribute of type n, or nil. It checks them
// against policy, unless that is nil.
//
// Goroutines: plain. Errors: NLE_MSG_TOOSHORT if there is no room for a protocol header of hdrlen bytes, those of
// [NlaParse].
//
// Implements:
//
//	int nlmsg_parse(struct nlmsghdr *, int, struct nlattr **, int, const struct nla_policy *);
func (h *Nlmsghdr) Parse(hdrlen, maxtype int, policy []NlaPolicy) ([]*Nlattr, error) {
	if !h.ValidHdr(hdrlen) {
		return nil, refusal("nlmsg_parse", NLE_MSG_TOOSHORT, "no protocol header of %d bytes in a payload of %d", hdrlen, h.Datalen())
	}
	return nlaParse("nlmsg_parse", maxtype, h.Attrdata(hdrlen), policy)
}

// FindAttr returns the first attribute of a type, nil if there is none.
//
// Goroutines: plain. Errors: none; nil on a nil header and for a negative hdrlen.
//
// Implements:
//
//	struct nlattr *nlmsg_find_attr(struct nlmsghdr *, int, int);
func (h *Nlmsghdr) FindAttr(hdrlen, attrtype int) *Nlattr {
	return NlaFind(h.Attrdata(hdrlen), attrtype)
}

// Validate checks the attributes against policy.
//
// Goroutines: plain. Errors: NLE_MSG_TOOSHORT if there is no room for a protocol header of hdrlen bytes, those of
// [NlaValidate].
//
// Implements:
//
//	int nlmsg_validate(struct nlmsghdr *, int, int, const struct nla_policy *);
func (h *Nlmsghdr) Validate(hdrlen, maxtype int, policy []NlaPolicy) error {
	if !h.ValidHdr(hdrlen) {
		return refusal("nlmsg_validate", NLE_MSG_TOOSHORT, "no protocol header of %d bytes in a payload of %d", hdrlen, h.Datalen())
	}
	return nlaValidate("nlmsg_validate", h.Attrdata(hdrlen), maxtype, policy)
}

// ForEachAttr walks the attributes in order.
//
// Goroutines: plain.
//
// Implements:
//
//	#define nlmsg_for_each_attr(pos, nlh, hdrlen, rem)
func (h *Nlmsghdr) ForEachAttr(hdrlen int) iter.Seq[*Nlattr] {
	return NlaForEachAttr(h.Attrdata(hdrlen))
}

// NlmsgOk reports whether b begins with a whole message.
//
// Goroutines: plain.
//
// Implements:
//
//	int nlmsg_ok(const struct nlmsghdr *, int);
func NlmsgOk(b []byte) bool {
	if len(b) < NLMSG_HDRLEN || len(b) > maxSize {
		return false
	}
	n := binary.NativeEndian.Uint32(b)
	return n >= NLMSG_HDRLEN && int64(n) <= int64(len(b))
}

// NlmsgNext returns what follows the first message of b, nil if nothing does.
//
// Goroutines: plain. Errors: none; nil if b does not begin with a whole message.
//
// Implements:
//
//	struct nlmsghdr *nlmsg_next(struct nlmsghdr *, int *);
func NlmsgNext(b []byte) []byte {
	if !NlmsgOk(b) {
		return nil
	}
	n := align(int(binary.NativeEndian.Uint32(b)))
	if n >= len(b) {
		return nil
	}
	return b[n:]
}

// NlmsgForEach walks the messages of a datagram, up to the first that is not whole. The results refer to the bytes of b.
//
// Goroutines: plain.
//
// Implements:
//
//	#define nlmsg_for_each(pos, head, len)
//	#define nlmsg_for_each_msg(pos, head, len, rem)
func NlmsgForEach(b []byte) iter.Seq[*Nlmsghdr] {
	return func(yield func(*Nlmsghdr) bool) {
		for NlmsgOk(b) {
			if !yield(nlmsghdrAt(b)) {
				return
			}
			b = NlmsgNext(b)
		}
	}
}

// NlmsgSize returns the length of a message with a payload, without padding.
//
// Goroutines: any.
//
// Implements:
//
//	int nlmsg_size(int);
func NlmsgSize(payload int) int { return int(C.nlmsg_size(csize(payload))) }

// NlmsgTotalSize returns the length of a message with a payload, padding included.
//
// Goroutines: any.
//
// Implements:
//
//	int nlmsg_total_size(int);
func NlmsgTotalSize(payload int) int { return int(C.nlmsg_total_size(csize(payload))) }

// NlmsgPadlen returns the length of the padding after a message with a payload.
//
// Goroutines: any.
//
// Implements:
//
//	int nlmsg_padlen(int);
func NlmsgPadlen(payload int) int { return int(C.nlmsg_padlen(csize(payload))) }

// align rounds up to NLMSG_ALIGNTO, which is NLA_ALIGNTO too.
func align(n int) int { return (n + NLMSG_ALIGNTO - 1) &^ (NLMSG_ALIGNTO - 1) }

// Nlmsgerr is the payload of an NLMSG_ERROR message (struct nlmsgerr), a snapshot.
//
// Goroutines: plain.
type Nlmsgerr struct {
	Error int32    // negative errno, 0 for an ACK
	Msg   Nlmsghdr // header of the request that is answered; NlmsgLen is that of the request, whose payload may be missing

	hdr *Nlmsghdr
}

// nlmsgerrOf copies the message that e is the payload of. libnl calls back with a whole one only.
func nlmsgerrOf(e *C.struct_nlmsgerr) *Nlmsgerr {
	h := nlmsghdrOf((*C.struct_nlmsghdr)(unsafe.Add(unsafe.Pointer(e), -NLMSG_HDRLEN)))
	return &Nlmsgerr{
		Error: int32(e.error),
		Msg: Nlmsghdr{
			NlmsgLen: uint32(e.msg.nlmsg_len), NlmsgType: uint16(e.msg.nlmsg_type), NlmsgFlags: uint16(e.msg.nlmsg_flags),
			NlmsgSeq: uint32(e.msg.nlmsg_seq), NlmsgPid: uint32(e.msg.nlmsg_pid),
		},
		hdr: h,
	}
}

// Hdr returns the message that carried the error. Behind the request that it quotes, or its header if the flag
// [NLM_F_CAPPED] is set, it has the attributes of an extended ACK, if [NLM_F_ACK_TLVS] is.
//
// Goroutines: plain. Errors: none; nil on a nil error.
func (e *Nlmsgerr) Hdr() *Nlmsghdr {
	if e == nil {
		return nil
	}
	return e.hdr
}
