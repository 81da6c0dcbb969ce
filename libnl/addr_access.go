package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"math"
	"unsafe"
)

// GetFamily returns the address family.
//
// Goroutines: any. Errors: none; 0 on a freed address.
//
// Implements:
//
//	int nl_addr_get_family(const struct nl_addr *);
func (a *Addr) GetFamily() (family int) {
	_ = a.with(func(p *C.struct_nl_addr) error { family = int(C.nl_addr_get_family(p)); return nil })
	return family
}

// GetLen returns the length of the address in bytes.
//
// Goroutines: any. Errors: none; 0 on a freed address.
//
// Implements:
//
//	unsigned int nl_addr_get_len(const struct nl_addr *);
func (a *Addr) GetLen() (n int) {
	_ = a.with(func(p *C.struct_nl_addr) error { n = int(C.nl_addr_get_len(p)); return nil })
	return n
}

// GetBinaryAddr returns the bytes of the address.
//
// Ownership: the result is yours. Goroutines: any. Errors: none; nil on a freed address.
//
// Implements:
//
//	void *nl_addr_get_binary_addr(const struct nl_addr *);
func (a *Addr) GetBinaryAddr() (b []byte) {
	_ = a.with(func(p *C.struct_nl_addr) error {
		b = C.GoBytes(C.nl_addr_get_binary_addr(p), C.int(C.nl_addr_get_len(p)))
		return nil
	})
	return b
}

// GetPrefixlen returns the length of the prefix in bits.
//
// Goroutines: any. Errors: none; 0 on a freed address.
//
// Implements:
//
//	unsigned int nl_addr_get_prefixlen(const struct nl_addr *);
func (a *Addr) GetPrefixlen() (bits int) {
	_ = a.with(func(p *C.struct_nl_addr) error { bits = int(C.nl_addr_get_prefixlen(p)); return nil })
	return bits
}

// SetFamily sets the address family; the bytes stay.
//
// Goroutines: any. Errors: none; nothing happens to a freed address.
//
// Implements:
//
//	void nl_addr_set_family(struct nl_addr *, int);
func (a *Addr) SetFamily(family int) {
	_ = a.with(func(p *C.struct_nl_addr) error { C.nl_addr_set_family(p, C.int(family)); return nil })
}

// SetBinaryAddr sets the bytes of the address; family and prefix length stay.
//
// Ownership: b is copied. Goroutines: any. Errors: NLE_RANGE for more bytes than the address has room for, ErrFreed.
//
// Implements:
//
//	int nl_addr_set_binary_addr(struct nl_addr *, const void *, size_t);
func (a *Addr) SetBinaryAddr(b []byte) error {
	return a.with(func(p *C.struct_nl_addr) error {
		ret := C.nl_addr_set_binary_addr(p, unsafe.Pointer(unsafe.SliceData(b)), C.size_t(len(b)))
		return result("nl_addr_set_binary_addr", ret, nil)
	})
}

// SetPrefixlen sets the length of the prefix in bits. It may be more than the address has.
//
// Goroutines: any. Errors: NLE_RANGE for less than 0, with which [Addr.CmpPrefix] would read all of memory in C, and for
// more than an int of C holds; ErrFreed.
//
// Implements:
//
//	void nl_addr_set_prefixlen(struct nl_addr *, int);
func (a *Addr) SetPrefixlen(bits int) error {
	return a.with(func(p *C.struct_nl_addr) error {
		if bits < 0 || bits > math.MaxInt32 {
			return refusal("nl_addr_set_prefixlen", NLE_RANGE, "%d bits", bits)
		}
		C.nl_addr_set_prefixlen(p, C.int(bits))
		return nil
	})
}

// GuessFamily returns the family that has addresses of this length: AF_INET for 4 bytes, AF_LLC for 6, AF_INET6 for 16,
// AF_UNSPEC for others.
//
// Goroutines: any. Errors: none; 0 on a freed address.
//
// Implements:
//
//	int nl_addr_guess_family(const struct nl_addr *);
func (a *Addr) GuessFamily() (family int) {
	_ = a.with(func(p *C.struct_nl_addr) error { family = int(C.nl_addr_guess_family(p)); return nil })
	return family
}

// Iszero reports whether all bytes of the address are 0, or there are none.
//
// Goroutines: any. Errors: none; false on a freed address.
//
// Implements:
//
//	int nl_addr_iszero(const struct nl_addr *);
func (a *Addr) Iszero() (zero bool) {
	_ = a.with(func(p *C.struct_nl_addr) error { zero = C.nl_addr_iszero(p) != 0; return nil })
	return zero
}

// Cmp compares family, length, bytes and prefix length, in this order: 0 if they are equal. The prefix lengths of two
// addresses without bytes do not count.
//
// Ownership: other is borrowed. Goroutines: any. Errors: none; a freed address compares as 1 with anything.
//
// Implements:
//
//	int nl_addr_cmp(const struct nl_addr *, const struct nl_addr *);
func (a *Addr) Cmp(other *Addr) int {
	c, err := other.copy("nl_addr_cmp") // two goroutines that compare crosswise must not wait for each other
	if err != nil {
		return 1
	}
	defer C.nl_addr_put(c)
	ret := 1
	_ = a.with(func(p *C.struct_nl_addr) error { ret = int(C.nl_addr_cmp(p, c)); return nil })
	return ret
}

// CmpPrefix compares the families, and the bits that the shorter of the two prefixes covers: 0 if they are equal. Where
// an address has fewer bytes than that, beyond which C reads, they count as zeros.
//
// Ownership: other is borrowed. Goroutines: any. Errors: none; a freed address compares as 1 with anything.
//
// Implements:
//
//	int nl_addr_cmp_prefix(const struct nl_addr *, const struct nl_addr *);
func (a *Addr) CmpPrefix(other *Addr) int {
	x, err := a.parts()
	if err != nil {
		return 1
	}
	y, err := other.parts()
	if err != nil {
		return 1
	}
	size := max(len(x.bytes), len(y.bytes))
	bits := min(x.prefixlen, y.prefixlen, 8*size)
	p, q := x.padded(size, bits), y.padded(size, bits)
	defer C.nl_addr_put(p) // which takes NULL, too
	defer C.nl_addr_put(q)
	if p == nil || q == nil {
		return 1
	}
	return int(C.nl_addr_cmp_prefix(p, q))
}

// addrParts is what an address holds.
type addrParts struct {
	family, prefixlen int
	bytes             []byte
}

func (a *Addr) parts() (s addrParts, err error) {
	err = a.with(func(p *C.struct_nl_addr) error {
		s.family, s.prefixlen = int(C.nl_addr_get_family(p)), int(C.nl_addr_get_prefixlen(p))
		s.bytes = C.GoBytes(C.nl_addr_get_binary_addr(p), C.int(C.nl_addr_get_len(p)))
		return nil
	})
	return s, err
}

// padded makes an address of size bytes, those that are missing 0.
func (s addrParts) padded(size, prefixlen int) *C.struct_nl_addr {
	p := addrBuild(s.family, append(s.bytes, make([]byte, size-len(s.bytes))...))
	if p != nil {
		C.nl_addr_set_prefixlen(p, C.int(prefixlen))
	}
	return p
}
