package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"unsafe"
)

// maxPayload is the longest payload of an attribute, whose length is a 16-bit number; libnl would let it wrap.
const maxPayload = math.MaxUint16 - NLA_HDRLEN

// checkAttr refuses what the header of an attribute has no room for.
func checkAttr(fn string, attrtype, n int) error {
	switch {
	case attrtype < 0 || attrtype > math.MaxUint16:
		return refusal(fn, NLE_RANGE, "attribute type %d is no 16-bit number", attrtype)
	case n > maxPayload:
		return refusal(fn, NLE_ATTRSIZE, "a payload of %d bytes; the most is %d", n, maxPayload)
	}
	return nil
}

// nlaPut runs put, a C function that adds an attribute.
func (m *Msg) nlaPut(fn string, attrtype int, put func(p *C.struct_nl_msg, t C.int) C.int) error {
	if err := checkAttr(fn, attrtype, 0); err != nil {
		return err
	}
	return m.with(func(p *C.struct_nl_msg) error {
		if ret := put(p, C.int(attrtype)); ret < 0 {
			return failure(fn, ret, 0)
		}
		return nil
	})
}

// put adds an attribute with a payload of n bytes: data, and zeros. It does what nla_put does, in Go: a call of C takes
// several times as long as the rest, and a message has many attributes. Parity compares what comes of it with C. Only where
// libnl is asked to talk about each attribute, it is called.
func (m *Msg) put(fn string, attrtype int, data []byte, n int) error {
	if err := checkAttr(fn, attrtype, n); err != nil {
		return err
	}
	if NlDebug() > 1 {
		all := append(make([]byte, 0, n), data...)[:n]
		return m.nlaPut(fn, attrtype, func(p *C.struct_nl_msg, t C.int) C.int {
			return C.nla_put(p, t, C.int(n), unsafe.Pointer(unsafe.SliceData(all)))
		})
	}
	p, err := m.lock()
	if err != nil {
		return err
	}
	off := m.putLocked(p, attrtype, data, n)
	m.guard.Unlock()
	if off < 0 {
		return failure(fn, off, 0)
	}
	return nil
}

// putLocked is put for who has locked the message. It returns where the attribute begins, or a negative NLE_*.
func (m *Msg) putLocked(p *C.struct_nl_msg, attrtype int, data []byte, n int) C.int {
	head := m.head(p)
	start := align(int(head.nlmsg_len))
	end := start + align(NLA_HDRLEN+n)
	if end > int(m.room.size) {
		return -C.NLE_NOMEM
	}
	b := unsafe.Slice((*byte)(unsafe.Pointer(head)), end)[start:]
	binary.NativeEndian.PutUint16(b, uint16(NLA_HDRLEN+n))
	binary.NativeEndian.PutUint16(b[2:], uint16(attrtype))
	clear(b[NLA_HDRLEN+copy(b[NLA_HDRLEN:], data):])
	head.nlmsg_len = C.__u32(end)
	return C.int(start)
}

// NlaPut adds an attribute.
//
// Ownership: data is copied. Goroutines: any. Errors: NLE_NOMEM if there is no room; NLE_ATTRSIZE for a payload of more
// than 65,531 bytes; NLE_RANGE for a type that is no 16-bit number; ErrBusy, ErrFreed. The message stays as it was.
//
// Implements:
//
//	int nla_put(struct nl_msg *, int, int, const void *);
//	#define NLA_PUT(msg, attrtype, attrlen, data)
//	#define NLA_PUT_TYPE(msg, type, attrtype, value)
func (m *Msg) NlaPut(attrtype int, data []byte) error {
	return m.put("nla_put", attrtype, data, len(data))
}

// NlaPutU8 adds an attribute with an 8-bit number, in host byte order.
//
// Goroutines: any. Errors: those of [Msg.NlaPut].
//
// Implements:
//
//	int nla_put_u8(struct nl_msg *, int, uint8_t);
//	#define NLA_PUT_U8(msg, attrtype, value)
func (m *Msg) NlaPutU8(attrtype int, value uint8) error {
	return m.put("nla_put_u8", attrtype, []byte{value}, 1)
}

// NlaPutS8 adds an attribute with an 8-bit number with a sign, in host byte order.
//
// Goroutines: any. Errors: those of [Msg.NlaPut].
//
// Implements:
//
//	int nla_put_s8(struct nl_msg *, int, int8_t);
//	#define NLA_PUT_S8(msg, attrtype, value)
func (m *Msg) NlaPutS8(attrtype int, value int8) error {
	return m.put("nla_put_s8", attrtype, []byte{byte(value)}, 1)
}

// NlaPutU16 adds an attribute with a 16-bit number, in host byte order.
//
// Goroutines: any. Errors: those of [Msg.NlaPut].
//
// Implements:
//
//	int nla_put_u16(struct nl_msg *, int, uint16_t);
//	#define NLA_PUT_U16(msg, attrtype, value)
func (m *Msg) NlaPutU16(attrtype int, value uint16) error {
	var b [2]byte
	binary.NativeEndian.PutUint16(b[:], value)
	return m.put("nla_put_u16", attrtype, b[:], len(b))
}

// NlaPutS16 adds an attribute with a 16-bit number with a sign, in host byte order.
//
// Goroutines: any. Errors: those of [Msg.NlaPut].
//
// Implements:
//
//	int nla_put_s16(struct nl_msg *, int, int16_t);
//	#define NLA_PUT_S16(msg, attrtype, value)
func (m *Msg) NlaPutS16(attrtype int, value int16) error {
	var b [2]byte
	binary.NativeEndian.PutUint16(b[:], uint16(value))
	return m.put("nla_put_s16", attrtype, b[:], len(b))
}

// NlaPutU32 adds an attribute with a 32-bit number, in host byte order.
//
// Goroutines: any. Errors: those of [Msg.NlaPut].
//
// Implements:
//
//	int nla_put_u32(struct nl_msg *, int, uint32_t);
//	#define NLA_PUT_U32(msg, attrtype, value)
func (m *Msg) NlaPutU32(attrtype int, value uint32) error {
	var b [4]byte
	binary.NativeEndian.PutUint32(b[:], value)
	return m.put("nla_put_u32", attrtype, b[:], len(b))
}

// NlaPutS32 adds an attribute with a 32-bit number with a sign, in host byte order.
//
// Goroutines: any. Errors: those of [Msg.NlaPut].
//
// Implements:
//
//	int nla_put_s32(struct nl_msg *, int, int32_t);
//	#define NLA_PUT_S32(msg, attrtype, value)
func (m *Msg) NlaPutS32(attrtype int, value int32) error {
	var b [4]byte
	binary.NativeEndian.PutUint32(b[:], uint32(value))
	return m.put("nla_put_s32", attrtype, b[:], len(b))
}

// NlaPutU64 adds an attribute with a 64-bit number, in host byte order.
//
// Goroutines: any. Errors: those of [Msg.NlaPut].
//
// Implements:
//
//	int nla_put_u64(struct nl_msg *, int, uint64_t);
//	#define NLA_PUT_U64(msg, attrtype, value)
func (m *Msg) NlaPutU64(attrtype int, value uint64) error {
	var b [8]byte
	binary.NativeEndian.PutUint64(b[:], value)
	return m.put("nla_put_u64", attrtype, b[:], len(b))
}

// NlaPutS64 adds an attribute with a 64-bit number with a sign, in host byte order.
//
// Goroutines: any. Errors: those of [Msg.NlaPut].
//
// Implements:
//
//	int nla_put_s64(struct nl_msg *, int, int64_t);
//	#define NLA_PUT_S64(msg, attrtype, value)
func (m *Msg) NlaPutS64(attrtype int, value int64) error {
	var b [8]byte
	binary.NativeEndian.PutUint64(b[:], uint64(value))
	return m.put("nla_put_s64", attrtype, b[:], len(b))
}

// NlaPutUint adds an attribute with a number in host byte order: of 32 bits if it fits, else of 64.
//
// Goroutines: any. Errors: those of [Msg.NlaPut]; [errors.ErrUnsupported] if the libnl that runs is older than 3.11.
//
// Implements:
//
//	int nla_put_uint(struct nl_msg *, int, uint64_t);
func (m *Msg) NlaPutUint(attrtype int, value uint64) error {
	if C.golibnl_newer.nla_put_uint == nil {
		return tooOld("nla_put_uint", 11)
	}
	return m.nlaPut("nla_put_uint", attrtype, func(p *C.struct_nl_msg, t C.int) C.int {
		return C.golibnl_put_uint(p, t, C.uint64_t(value))
	})
}

// NlaPutSint adds an attribute with a number with a sign in host byte order: of 32 bits if it fits, else of 64.
//
// Goroutines: any. Errors: those of [Msg.NlaPutUint].
//
// Implements:
//
//	int nla_put_sint(struct nl_msg *, int, int64_t);
func (m *Msg) NlaPutSint(attrtype int, value int64) error {
	if C.golibnl_newer.nla_put_sint == nil {
		return tooOld("nla_put_sint", 11)
	}
	return m.nlaPut("nla_put_sint", attrtype, func(p *C.struct_nl_msg, t C.int) C.int {
		return C.golibnl_put_sint(p, t, C.int64_t(value))
	})
}

// NlaPutMsecs adds an attribute with a time in milliseconds, a 64-bit number. It is cut to the width of C's unsigned long,
// as libnl does.
//
// Goroutines: any. Errors: those of [Msg.NlaPut].
//
// Implements:
//
//	int nla_put_msecs(struct nl_msg *, int, unsigned long);
//	#define NLA_PUT_MSECS(msg, attrtype, msecs)
func (m *Msg) NlaPutMsecs(attrtype int, msecs uint64) error {
	return m.nlaPut("nla_put_msecs", attrtype, func(p *C.struct_nl_msg, t C.int) C.int {
		return C.nla_put_msecs(p, t, C.ulong(msecs))
	})
}

// NlaPutFlag adds an attribute without a payload.
//
// Goroutines: any. Errors: those of [Msg.NlaPut].
//
// Implements:
//
//	int nla_put_flag(struct nl_msg *, int);
//	#define NLA_PUT_FLAG(msg, attrtype)
func (m *Msg) NlaPutFlag(attrtype int) error {
	return m.put("nla_put_flag", attrtype, nil, 0)
}

// NlaPutString adds an attribute with a string and a NUL.
//
// Goroutines: any. Errors: those of [Msg.NlaPut]; NLE_INVAL for a string with a NUL in it, which in C would end there.
//
// Implements:
//
//	int nla_put_string(struct nl_msg *, int, const char *);
//	#define NLA_PUT_STRING(msg, attrtype, value)
func (m *Msg) NlaPutString(attrtype int, s string) error {
	if strings.IndexByte(s, 0) >= 0 {
		return refusal("nla_put_string", NLE_INVAL, "the string %q has a NUL in it", s)
	}
	return m.put("nla_put_string", attrtype, unsafe.Slice(unsafe.StringData(s), len(s)), len(s)+1)
}

// NlaPutData adds an attribute with the bytes of an abstract data object.
//
// Ownership: data is borrowed. Goroutines: any. Errors: those of [Msg.NlaPut], ErrFreed for data too.
//
// Implements:
//
//	int nla_put_data(struct nl_msg *, int, const struct nl_data *);
//	#define NLA_PUT_DATA(msg, attrtype, data)
func (m *Msg) NlaPutData(attrtype int, data *Data) error {
	return data.with(func(d *C.struct_nl_data) error {
		if err := checkAttr("nla_put_data", attrtype, int(C.nl_data_get_size(d))); err != nil {
			return err
		}
		return m.nlaPut("nla_put_data", attrtype, func(p *C.struct_nl_msg, t C.int) C.int { return C.nla_put_data(p, t, d) })
	})
}

// NlaPutAddr adds an attribute with the bytes of an address.
//
// Ownership: addr is borrowed. Goroutines: any. Errors: those of [Msg.NlaPut], ErrFreed for addr too; NLE_INVAL for an
// empty address from libnl 3.8 on.
//
// Implements:
//
//	int nla_put_addr(struct nl_msg *, int, struct nl_addr *);
//	#define NLA_PUT_ADDR(msg, attrtype, addr)
func (m *Msg) NlaPutAddr(attrtype int, addr *Addr) error {
	return addr.with(func(a *C.struct_nl_addr) error {
		if err := checkAttr("nla_put_addr", attrtype, int(C.nl_addr_get_len(a))); err != nil {
			return err
		}
		return m.nlaPut("nla_put_addr", attrtype, func(p *C.struct_nl_msg, t C.int) C.int { return C.nla_put_addr(p, t, a) })
	})
}

// NlaPutNested adds an attribute with the payload of another message. NLA_F_NESTED is not set, unless attrtype has it.
//
// Ownership: nested is borrowed. Goroutines: any. Errors: those of [Msg.NlaPut], for nested too; NLE_INVAL if nested is
// the message itself.
//
// Implements:
//
//	int nla_put_nested(struct nl_msg *, int, const struct nl_msg *);
func (m *Msg) NlaPutNested(attrtype int, nested *Msg) error {
	if m == nested {
		return refusal("nla_put_nested", NLE_INVAL, "a message cannot be nested in itself")
	}
	// A copy, so that two goroutines that nest two messages in each other do not wait for one another.
	h := nested.Hdr()
	if h == nil {
		return ErrFreed
	}
	if err := checkAttr("nla_put_nested", attrtype, h.Datalen()); err != nil {
		return err
	}
	c, err := NlmsgConvert(h)
	if err != nil {
		return err
	}
	defer func() { _ = c.Free() }()
	return m.nlaPut("nla_put_nested", attrtype, func(p *C.struct_nl_msg, t C.int) C.int {
		return C.nla_put_nested(p, t, c.ptr())
	})
}

// NlaReserve adds an attribute with room for a payload of n bytes, which [Nlattr.WriteData] fills.
//
// Ownership: the result is borrowed until the message is freed. Goroutines: any. Errors: those of [Msg.NlaPut]; NLE_RANGE
// for a negative n.
//
// Implements:
//
//	struct nlattr *nla_reserve(struct nl_msg *, int, int);
func (m *Msg) NlaReserve(attrtype, n int) (a *Nlattr, err error) {
	if err = checkAttr("nla_reserve", attrtype, n); err != nil {
		return nil, err
	}
	if n < 0 {
		return nil, refusal("nla_reserve", NLE_RANGE, "room for %d bytes", n)
	}
	err = m.with(func(p *C.struct_nl_msg) error {
		a, err = m.attrAt(p, "nla_reserve", C.golibnl_nla_reserve(p, C.int(attrtype), C.int(n)))
		return err
	})
	return a, err
}

// attrAt is the attribute that C put at off.
func (m *Msg) attrAt(p *C.struct_nl_msg, fn string, off C.int) (*Nlattr, error) {
	if off < 0 {
		return nil, failure(fn, -C.NLE_NOMEM, 0)
	}
	head := m.head(p)
	b := unsafe.Slice((*byte)(unsafe.Pointer(head)), head.nlmsg_len)[off:]
	a := nlattrAt(slices.Clone(b[:binary.NativeEndian.Uint16(b)]))
	a.m, a.off = m, int(off)
	return a, nil
}

// WriteData writes data at the beginning of the payload of an attribute that [Msg.NlaReserve] made, in the message and in
// the snapshot. It is what memcpy to nla_data(attr) does in C.
//
// Goroutines: any, but not beside one that reads the attribute. Errors: NLE_RANGE if the payload is shorter, NLE_INVAL for
// an attribute that is in no message, ErrBusy, ErrFreed.
func (a *Nlattr) WriteData(data []byte) error {
	if a == nil || a.m == nil {
		return refusal("nla_data", NLE_INVAL, "the attribute is in no message")
	}
	if err := (Reserved{m: a.m, off: a.off + NLA_HDRLEN, len: a.Len()}).Write(data); err != nil {
		return err
	}
	copy(a.Data(), data)
	return nil
}

// NlaNestStart begins an attribute that holds the attributes put from now on, until [Msg.NlaNestEnd]. It sets
// NLA_F_NESTED.
//
// Ownership: the result is borrowed until the message is freed. Goroutines: any. Errors: those of [Msg.NlaPut].
//
// Implements:
//
//	struct nlattr *nla_nest_start(struct nl_msg *, int);
func (m *Msg) NlaNestStart(attrtype int) (a *Nlattr, err error) {
	if err = checkAttr("nla_nest_start", attrtype, 0); err != nil {
		return nil, err
	}
	err = m.with(func(p *C.struct_nl_msg) error {
		var off C.int
		if NlDebug() > 1 {
			off = C.golibnl_nest_start(p, C.int(attrtype))
		} else {
			off = m.putLocked(p, attrtype|NLA_F_NESTED, nil, 0)
		}
		if a, err = m.attrAt(p, "nla_nest_start", off); err == nil {
			m.nests = append(m.nests, a)
		}
		return err
	})
	return a, err
}

// NlaNestEnd ends the nest that start began, and takes it away again if it is empty.
//
// Ownership: start is borrowed. Goroutines: any. Errors: NLE_ATTRSIZE if the nest is longer than 65,535 bytes, and is taken
// away; NLE_INVAL if start is no nest of this message, or not any more; NLE_NOMEM if the message, being unaligned, has no room for the
// padding; ErrBusy, ErrFreed.
//
// Implements:
//
//	int nla_nest_end(struct nl_msg *, struct nlattr *);
func (m *Msg) NlaNestEnd(start *Nlattr) error {
	return m.nest("nla_nest_end", start, func(p *C.struct_nl_msg, off C.int) C.int { return C.golibnl_nest_end(p, off) })
}

// NlaNestEndKeepEmpty ends the nest that start began, and keeps it if it is empty.
//
// Ownership: start is borrowed. Goroutines: any. Errors: those of [Msg.NlaNestEnd].
//
// Implements:
//
//	int nla_nest_end_keep_empty(struct nl_msg *, struct nlattr *);
func (m *Msg) NlaNestEndKeepEmpty(start *Nlattr) error {
	return m.nest("nla_nest_end_keep_empty", start, func(p *C.struct_nl_msg, off C.int) C.int {
		return C.golibnl_nest_end_keep_empty(p, off)
	})
}

// NlaNestCancel takes the nest that start began away again, with all that was put since.
//
// Ownership: start is borrowed. Goroutines: any. Errors: NLE_INVAL if start is no nest of this message, or not any more; NLE_NOMEM if
// the message, being unaligned, has no room for the padding; ErrBusy, ErrFreed.
//
// Implements:
//
//	void nla_nest_cancel(struct nl_msg *, const struct nlattr *);
func (m *Msg) NlaNestCancel(start *Nlattr) error {
	return m.nest("nla_nest_cancel", start, func(p *C.struct_nl_msg, off C.int) C.int {
		return C.golibnl_nest_cancel(p, off)
	})
}

func (m *Msg) nest(fn string, start *Nlattr, f func(*C.struct_nl_msg, C.int) C.int) error {
	return m.with(func(p *C.struct_nl_msg) error {
		i := m.findNest(start)
		if i < 0 {
			return refusal(fn, NLE_INVAL, "the attribute begins no nest of this message")
		}
		ret := f(p, C.int(start.off))
		if ret == C.GOLIBNL_NOT_READY {
			return refusal(fn, NLE_NOMEM, "no room for the padding that comes first")
		}
		if int(m.head(p).nlmsg_len) <= start.off { // taken away, and those after it
			clear(m.nests[i:])
			m.nests = m.nests[:i]
		}
		if ret < 0 {
			return failure(fn, ret, 0)
		}
		return nil
	})
}

// findNest finds a nest of the message, -1 if start is none. It is among the last, most of the time.
func (m *Msg) findNest(start *Nlattr) int {
	for i := len(m.nests) - 1; i >= 0; i-- {
		if m.nests[i] == start {
			return i
		}
	}
	return -1
}
