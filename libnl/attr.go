package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"bytes"
	"encoding/binary"
	"iter"
	"unsafe"
)

// Nlattr is an attribute (struct nlattr): its header, and a snapshot of its payload. A nil *Nlattr is one that is absent;
// its methods return zero values.
//
// Goroutines: plain.
type Nlattr struct {
	NlaLen  uint16 // header and payload, without padding
	NlaType uint16 // type, and the bits NLA_F_NESTED and NLA_F_NET_BYTEORDER

	b []byte // header and payload

	// For an attribute that was put into a message: where, so that it can be written, and a nest ended.
	m   *Msg
	off int
}

// NlattrFrom reads the attribute at the beginning of b, as a cast does in C. The result refers to the bytes of b.
//
// Goroutines: plain. Errors: NLE_MSG_TRUNC if b is shorter than an attribute header, or than the length in it, or that is
// shorter than a header.
func NlattrFrom(b []byte) (*Nlattr, error) {
	if !NlaOk(b) {
		return nil, refusal("nla_ok", NLE_MSG_TRUNC, "no whole attribute in %d bytes", len(b))
	}
	return nlattrAt(b), nil
}

// nlattrAt reads the attribute at the beginning of b, which NlaOk said is whole.
func nlattrAt(b []byte) *Nlattr {
	n := binary.NativeEndian.Uint16(b)
	return &Nlattr{NlaLen: n, NlaType: binary.NativeEndian.Uint16(b[2:]), b: b[:n:n]}
}

// What is in Go memory is read by Go, to the letter of the C functions, which the tests compare with: a call of C costs
// more than most of them do.

// c is the attribute for C to read; the bytes must have been checked to be there.
func (a *Nlattr) c() *C.struct_nlattr { return (*C.struct_nlattr)(unsafe.Pointer(&a.b[0])) }

// has reports whether the payload has n bytes.
func (a *Nlattr) has(n int) bool { return a != nil && len(a.b) >= NLA_HDRLEN+n }

// Type returns the type, without the bits beside it.
//
// Goroutines: plain. Errors: none; 0 for nil.
//
// Implements:
//
//	int nla_type(const struct nlattr *);
func (a *Nlattr) Type() int {
	if a == nil {
		return 0
	}
	return int(a.NlaType & NLA_TYPE_MASK)
}

// Data returns the payload.
//
// Goroutines: plain. Errors: none; nil for nil.
//
// Implements:
//
//	void *nla_data(const struct nlattr *);
func (a *Nlattr) Data() []byte {
	if !a.has(0) {
		return nil
	}
	return a.b[NLA_HDRLEN:]
}

// Len returns the length of the payload.
//
// Goroutines: plain. Errors: none; 0 for nil.
//
// Implements:
//
//	int nla_len(const struct nlattr *);
func (a *Nlattr) Len() int { return len(a.Data()) }

// IsNested reports whether NLA_F_NESTED is set.
//
// Goroutines: plain. Errors: none; false for nil.
//
// Implements:
//
//	int nla_is_nested(const struct nlattr *);
func (a *Nlattr) IsNested() bool { return a != nil && a.NlaType&NLA_F_NESTED != 0 }

// GetU8 returns an 8-bit number.
//
// Goroutines: plain. Errors: none; 0 for nil, and if the payload is shorter.
//
// Implements:
//
//	uint8_t nla_get_u8(const struct nlattr *);
func (a *Nlattr) GetU8() uint8 {
	if !a.has(1) {
		return 0
	}
	return a.b[NLA_HDRLEN]
}

// GetS8 returns an 8-bit number with a sign.
//
// Goroutines: plain. Errors: none; 0 for nil, and if the payload is shorter.
//
// Implements:
//
//	int8_t nla_get_s8(const struct nlattr *);
func (a *Nlattr) GetS8() int8 {
	if !a.has(1) {
		return 0
	}
	return int8(a.b[NLA_HDRLEN])
}

// GetU16 returns a 16-bit number in host byte order.
//
// Goroutines: plain. Errors: none; 0 for nil, and if the payload is shorter.
//
// Implements:
//
//	uint16_t nla_get_u16(const struct nlattr *);
func (a *Nlattr) GetU16() uint16 {
	if !a.has(2) {
		return 0
	}
	return binary.NativeEndian.Uint16(a.b[NLA_HDRLEN:])
}

// GetS16 returns a 16-bit number with a sign in host byte order.
//
// Goroutines: plain. Errors: none; 0 for nil, and if the payload is shorter.
//
// Implements:
//
//	int16_t nla_get_s16(const struct nlattr *);
func (a *Nlattr) GetS16() int16 {
	if !a.has(2) {
		return 0
	}
	return int16(binary.NativeEndian.Uint16(a.b[NLA_HDRLEN:]))
}

// GetU32 returns a 32-bit number in host byte order.
//
// Goroutines: plain. Errors: none; 0 for nil, and if the payload is shorter.
//
// Implements:
//
//	uint32_t nla_get_u32(const struct nlattr *);
func (a *Nlattr) GetU32() uint32 {
	if !a.has(4) {
		return 0
	}
	return binary.NativeEndian.Uint32(a.b[NLA_HDRLEN:])
}

// GetS32 returns a 32-bit number with a sign in host byte order.
//
// Goroutines: plain. Errors: none; 0 for nil, and if the payload is shorter.
//
// Implements:
//
//	int32_t nla_get_s32(const struct nlattr *);
func (a *Nlattr) GetS32() int32 {
	if !a.has(4) {
		return 0
	}
	return int32(binary.NativeEndian.Uint32(a.b[NLA_HDRLEN:]))
}

// GetU64 returns a 64-bit number in host byte order.
//
// Goroutines: plain. Errors: none; 0 for nil, and if the payload is shorter.
//
// Implements:
//
//	uint64_t nla_get_u64(const struct nlattr *);
func (a *Nlattr) GetU64() uint64 {
	if !a.has(8) {
		return 0
	}
	return binary.NativeEndian.Uint64(a.b[NLA_HDRLEN:])
}

// GetS64 returns a 64-bit number with a sign in host byte order.
//
// Goroutines: plain. Errors: none; 0 for nil, and if the payload is shorter.
//
// Implements:
//
//	int64_t nla_get_s64(const struct nlattr *);
func (a *Nlattr) GetS64() int64 {
	if !a.has(8) {
		return 0
	}
	return int64(binary.NativeEndian.Uint64(a.b[NLA_HDRLEN:]))
}

// GetUint returns a number of 32 or 64 bits in host byte order.
//
// Goroutines: plain. Errors: [errors.ErrUnsupported] if the libnl that runs is older than 3.11; else none, and 0 for nil, and
// if the payload is neither 4 bytes nor 8 or more.
//
// Implements:
//
//	uint64_t nla_get_uint(const struct nlattr *);
func (a *Nlattr) GetUint() (uint64, error) {
	if C.golibnl_newer.nla_get_uint == nil {
		return 0, tooOld("nla_get_uint", 11)
	}
	if !a.has(4) {
		return 0, nil
	}
	return uint64(C.golibnl_get_uint(a.c())), nil
}

// GetSint returns a number of 32 or 64 bits with a sign in host byte order.
//
// Goroutines: plain. Errors: those of [Nlattr.GetUint].
//
// Implements:
//
//	int64_t nla_get_sint(const struct nlattr *);
func (a *Nlattr) GetSint() (int64, error) {
	if C.golibnl_newer.nla_get_sint == nil {
		return 0, tooOld("nla_get_sint", 11)
	}
	if !a.has(4) {
		return 0, nil
	}
	return int64(C.golibnl_get_sint(a.c())), nil
}

// GetMsecs returns a time in milliseconds: a 64-bit number, cut to the width of C's unsigned long as libnl does.
//
// Goroutines: plain. Errors: none; 0 for nil, and if the payload is shorter.
//
// Implements:
//
//	unsigned long nla_get_msecs(const struct nlattr *);
func (a *Nlattr) GetMsecs() uint64 {
	if !a.has(8) {
		return 0
	}
	return uint64(C.nla_get_msecs(a.c()))
}

// GetFlag reports whether the attribute is there.
//
// Goroutines: plain. Errors: none; false for nil.
//
// Implements:
//
//	int nla_get_flag(const struct nlattr *);
func (a *Nlattr) GetFlag() bool { return a != nil }

// GetString returns the payload up to its first NUL, or all of it if there is none; C then reads on.
//
// Goroutines: plain. Errors: none; empty for nil.
//
// Implements:
//
//	char *nla_get_string(const struct nlattr *);
func (a *Nlattr) GetString() string {
	s, _, _ := bytes.Cut(a.Data(), []byte{0})
	return string(s)
}

// Strdup is [Nlattr.GetString]: strings in Go are copies, and nobody frees them.
//
// Goroutines: plain. Errors: none; empty for nil.
//
// Implements:
//
//	char *nla_strdup(const struct nlattr *);
func (a *Nlattr) Strdup() string { return a.GetString() }

// Memcpy copies the payload into dst, as much as there is room for, and returns how much that was.
//
// Goroutines: plain. Errors: none; 0 for nil.
//
// Implements:
//
//	int nla_memcpy(void *, const struct nlattr *, int);
func (a *Nlattr) Memcpy(dst []byte) int { return copy(dst, a.Data()) }

// Strlcpy copies the payload, less a NUL at its end, into dst, cuts it so that a NUL follows, and fills the rest of dst
// with NULs. It returns the length of the whole string.
//
// Goroutines: plain. Errors: none; 0 for nil.
//
// Implements:
//
//	size_t nla_strlcpy(char *, const struct nlattr *, size_t);
func (a *Nlattr) Strlcpy(dst []byte) int {
	src := bytes.TrimSuffix(a.Data(), []byte{0})
	if len(dst) > 0 {
		clear(dst)
		copy(dst[:len(dst)-1], src)
	}
	return len(src)
}

// Memcmp compares the payload with data: 0 if they are equal, else the difference of their lengths, or if those are equal
// of the bytes, as memcmp(3).
//
// Goroutines: plain. Errors: none; nil compares as an empty payload.
//
// Implements:
//
//	int nla_memcmp(const struct nlattr *, const void *, size_t);
func (a *Nlattr) Memcmp(data []byte) int {
	if d := a.Len() - len(data); d != 0 {
		return d
	}
	return bytes.Compare(a.Data(), data)
}

// Strcmp compares the payload with the string and its NUL, as [Nlattr.Memcmp] does.
//
// Goroutines: plain. Errors: none; nil compares as an empty payload.
//
// Implements:
//
//	int nla_strcmp(const struct nlattr *, const char *);
func (a *Nlattr) Strcmp(s string) int { return a.Memcmp(append([]byte(s), 0)) }

// ParseNested sorts the attributes in the payload by type; see [NlaParse].
//
// Goroutines: plain. Errors: those of [NlaParse].
//
// Implements:
//
//	int nla_parse_nested(struct nlattr **, int, struct nlattr *, const struct nla_policy *);
func (a *Nlattr) ParseNested(maxtype int, policy []NlaPolicy) ([]*Nlattr, error) {
	return nlaParse("nla_parse_nested", maxtype, a.Data(), policy)
}

// ForEachNested walks the attributes in the payload in order.
//
// Goroutines: plain.
//
// Implements:
//
//	#define nla_for_each_nested(pos, nla, rem)
func (a *Nlattr) ForEachNested() iter.Seq[*Nlattr] { return NlaForEachAttr(a.Data()) }

// NlaOk reports whether b begins with a whole attribute.
//
// Goroutines: plain.
//
// Implements:
//
//	int nla_ok(const struct nlattr *, int);
func NlaOk(b []byte) bool {
	if len(b) < NLA_HDRLEN || len(b) > maxSize {
		return false
	}
	n := int(binary.NativeEndian.Uint16(b))
	return n >= NLA_HDRLEN && n <= len(b)
}

// NlaNext returns what follows the first attribute of b, nil if nothing does.
//
// Goroutines: plain. Errors: none; nil if b does not begin with a whole attribute.
//
// Implements:
//
//	struct nlattr *nla_next(const struct nlattr *, int *);
func NlaNext(b []byte) []byte {
	if !NlaOk(b) {
		return nil
	}
	n := align(int(binary.NativeEndian.Uint16(b)))
	if n >= len(b) {
		return nil
	}
	return b[n:]
}

// NlaForEachAttr walks the attributes of b in order, up to the first that is not whole. The results refer to the bytes of
// b.
//
// Goroutines: plain.
//
// Implements:
//
//	#define nla_for_each_attr(pos, head, len, rem)
func NlaForEachAttr(b []byte) iter.Seq[*Nlattr] {
	return func(yield func(*Nlattr) bool) {
		for NlaOk(b) {
			if !yield(nlattrAt(b)) {
				return
			}
			b = NlaNext(b)
		}
	}
}

// NlaAttrSize returns the length of an attribute with a payload, without padding.
//
// Goroutines: any.
//
// Implements:
//
//	int nla_attr_size(int payload);
func NlaAttrSize(payload int) int { return int(C.nla_attr_size(csize(payload))) }

// NlaTotalSize returns the length of an attribute with a payload, padding included.
//
// Goroutines: any.
//
// Implements:
//
//	int nla_total_size(int payload);
func NlaTotalSize(payload int) int { return int(C.nla_total_size(csize(payload))) }

// NlaPadlen returns the length of the padding after an attribute with a payload.
//
// Goroutines: any.
//
// Implements:
//
//	int nla_padlen(int payload);
func NlaPadlen(payload int) int { return int(C.nla_padlen(csize(payload))) }
