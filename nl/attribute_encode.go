package nl

import (
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"
)

// Encoder appends attributes to a buffer. Its methods are named after the attribute's type in the kernel's headers; the
// attribute's own type, typ, may have the flags NLA_F_NESTED and NLA_F_NET_BYTEORDER, which only [Encoder.Nest] and
// [Encoder.Begin] set by themselves.
//
//	e := nl.NewEncoder(buf[:0])
//	e.String(unix.IFLA_IFNAME, "br0")
//	e.Nest(unix.IFLA_LINKINFO, func() {
//		e.String(unix.IFLA_INFO_KIND, "bridge")
//	})
//	attrs, err := e.Result()
//
// The first attribute that cannot be encoded is the error; what comes after it is left out. Nothing is allocated while
// the buffer has room. An Encoder is for one goroutine at a time.
type Encoder struct {
	buf   []byte
	err   error
	depth int // nests that have begun and not ended
}

// maxPayload is the longest payload of an attribute, whose length, with the header, is a 16-bit number.
const maxPayload = math.MaxUint16 - unix.NLA_HDRLEN

// NewEncoder returns an encoder that appends to buf: to an empty one, or to a message that ends with its family's header.
// That is padded first, with zeros up to a multiple of four, since attributes start at one.
func NewEncoder(buf []byte) *Encoder {
	e := &Encoder{}
	e.Reset(buf)
	return e
}

// Reset makes e a new encoder that appends to buf.
func (e *Encoder) Reset(buf []byte) {
	*e = Encoder{buf: buf}
	e.pad()
}

// Result returns the buffer and the error, also if a nest has not ended. With an error, the buffer is of use only to be
// filled anew.
func (e *Encoder) Result() ([]byte, error) {
	if e.err == nil && e.depth > 0 {
		return e.buf, errOpenNest
	}
	return e.buf, e.err
}

var (
	errOpenNest  = fmt.Errorf("%w attributes: a nest was begun and not ended", ErrMalformed)
	errNestOrder = fmt.Errorf("%w attributes: a nest was ended that is not the one begun last", ErrMalformed)
)

// Err returns the first error so far.
func (e *Encoder) Err() error { return e.err }

// Len returns the length of the buffer.
func (e *Encoder) Len() int { return len(e.buf) }

// header appends the header of an attribute with a payload of n bytes, and reports whether there can be such a one.
func (e *Encoder) header(typ uint16, n int) bool {
	if e.err != nil || n > maxPayload {
		e.tooLong(typ, n)
		return false
	}
	e.buf = binary.NativeEndian.AppendUint16(e.buf, uint16(unix.NLA_HDRLEN+n))
	e.buf = binary.NativeEndian.AppendUint16(e.buf, typ)
	return true
}

func (e *Encoder) tooLong(typ uint16, n int) {
	e.fail(typ, n, "the most is 65531")
}

// fail keeps the first error.
func (e *Encoder) fail(typ uint16, n int, problem string) {
	if e.err == nil {
		e.err = &AttributeError{Type: typ & typeMask, Len: n, Problem: problem}
	}
}

// pad appends zeros up to where the next attribute starts.
func (e *Encoder) pad() {
	var zeros [unix.NLA_ALIGNTO]byte
	e.buf = append(e.buf, zeros[:align(len(e.buf))-len(e.buf)]...)
}

// Bytes appends an attribute with b as its payload.
func (e *Encoder) Bytes(typ uint16, b []byte) {
	if e.header(typ, len(b)) {
		e.buf = append(e.buf, b...)
		e.pad()
	}
}

// RawString appends an attribute with s as its payload, without a NUL.
func (e *Encoder) RawString(typ uint16, s string) {
	if e.header(typ, len(s)) {
		e.buf = append(e.buf, s...)
		e.pad()
	}
}

// String appends an attribute with s and a NUL. It is an error if s has a NUL in it.
func (e *Encoder) String(typ uint16, s string) {
	if i := strings.IndexByte(s, 0); i >= 0 {
		e.fail(typ, len(s), fmt.Sprintf("the string has a NUL at byte %d, where it would end", i))
		return
	}
	if e.header(typ, len(s)+1) {
		e.buf = append(append(e.buf, s...), 0)
		e.pad()
	}
}

// Flag appends an attribute without a payload.
func (e *Encoder) Flag(typ uint16) { e.header(typ, 0) }

// Uint8 appends an attribute with an 8-bit number.
func (e *Encoder) Uint8(typ uint16, v uint8) {
	if e.header(typ, 1) {
		e.buf = append(e.buf, v, 0, 0, 0)
	}
}

// Uint16 appends an attribute with a 16-bit number in host byte order.
func (e *Encoder) Uint16(typ uint16, v uint16) {
	if e.header(typ, 2) {
		e.buf = append(binary.NativeEndian.AppendUint16(e.buf, v), 0, 0)
	}
}

// Uint32 appends an attribute with a 32-bit number in host byte order.
func (e *Encoder) Uint32(typ uint16, v uint32) {
	if e.header(typ, 4) {
		e.buf = binary.NativeEndian.AppendUint32(e.buf, v)
	}
}

// Uint64 appends an attribute with a 64-bit number in host byte order.
func (e *Encoder) Uint64(typ uint16, v uint64) {
	if e.header(typ, 8) {
		e.buf = binary.NativeEndian.AppendUint64(e.buf, v)
	}
}

// Int8 appends an attribute with an 8-bit number with a sign.
func (e *Encoder) Int8(typ uint16, v int8) { e.Uint8(typ, uint8(v)) }

// Int16 appends an attribute with a 16-bit number with a sign, in host byte order.
func (e *Encoder) Int16(typ uint16, v int16) { e.Uint16(typ, uint16(v)) }

// Int32 appends an attribute with a 32-bit number with a sign, in host byte order.
func (e *Encoder) Int32(typ uint16, v int32) { e.Uint32(typ, uint32(v)) }

// Int64 appends an attribute with a 64-bit number with a sign, in host byte order.
func (e *Encoder) Int64(typ uint16, v int64) { e.Uint64(typ, uint64(v)) }

// Uint16BE appends an attribute with a big-endian 16-bit number.
func (e *Encoder) Uint16BE(typ uint16, v uint16) {
	if e.header(typ, 2) {
		e.buf = append(binary.BigEndian.AppendUint16(e.buf, v), 0, 0)
	}
}

// Uint32BE appends an attribute with a big-endian 32-bit number.
func (e *Encoder) Uint32BE(typ uint16, v uint32) {
	if e.header(typ, 4) {
		e.buf = binary.BigEndian.AppendUint32(e.buf, v)
	}
}

// Uint64BE appends an attribute with a big-endian 64-bit number.
func (e *Encoder) Uint64BE(typ uint16, v uint64) {
	if e.header(typ, 8) {
		e.buf = binary.BigEndian.AppendUint64(e.buf, v)
	}
}

// Uint appends an attribute with a number of variable length, the kernel's type uint: 4 bytes if that is enough, else 8.
func (e *Encoder) Uint(typ uint16, v uint64) {
	if v <= math.MaxUint32 {
		e.Uint32(typ, uint32(v))
	} else {
		e.Uint64(typ, v)
	}
}

// Int appends an attribute with a number with a sign and of variable length, the kernel's type sint: 4 bytes if that is
// enough, else 8.
func (e *Encoder) Int(typ uint16, v int64) {
	if int64(int32(v)) == v {
		e.Int32(typ, int32(v))
	} else {
		e.Int64(typ, v)
	}
}

// Bitfield32 appends an attribute with a bitfield32: the bits, and which of them count.
func (e *Encoder) Bitfield32(typ uint16, value, selector uint32) {
	if e.header(typ, 8) {
		e.buf = binary.NativeEndian.AppendUint32(e.buf, value)
		e.buf = binary.NativeEndian.AppendUint32(e.buf, selector)
	}
}

// Addr appends an attribute with an IP address: 4 bytes for IPv4, 16 for IPv6. It is an error if the address is not valid;
// a zone is left out.
func (e *Encoder) Addr(typ uint16, addr netip.Addr) {
	switch {
	case addr.Is4():
		b := addr.As4()
		e.Bytes(typ, b[:])
	case addr.Is6():
		b := addr.As16()
		e.Bytes(typ, b[:])
	default:
		e.fail(typ, 0, "the address is not valid")
	}
}

// Nest appends a nest with the attributes that f appends, and with NLA_F_NESTED set. It may be empty.
func (e *Encoder) Nest(typ uint16, f func()) {
	n := e.Begin(typ)
	f()
	e.End(n)
}

// Nesting is a nest that has begun.
type Nesting struct{ start, depth int }

// Begin is the first half of [Encoder.Nest], for where a function would be in the way: what is appended up to End with
// the result is in the nest. Nests end in reverse order.
func (e *Encoder) Begin(typ uint16) Nesting {
	n := Nesting{start: len(e.buf)}
	if e.header(typ|unix.NLA_F_NESTED, 0) {
		e.depth++
		n.depth = e.depth
	}
	return n
}

// End ends the nest. It is an error if that is longer than an attribute can be.
func (e *Encoder) End(n Nesting) {
	if e.err != nil {
		return
	}
	length := len(e.buf) - n.start
	if n.depth == 0 || n.depth != e.depth || length < unix.NLA_HDRLEN {
		e.err = errNestOrder
		return
	}
	e.depth--
	if length > math.MaxUint16 {
		_, typ := attrHeader(e.buf[n.start:])
		e.tooLong(typ, length-unix.NLA_HDRLEN)
		return
	}
	binary.NativeEndian.PutUint16(e.buf[n.start:], uint16(length))
}
