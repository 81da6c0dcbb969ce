package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"strings"
	"sync/atomic"
	"unsafe"

	"github.com/golibnl/golibnl/libnl/internal/core"
)

// Addr is a network address with a prefix length (struct nl_addr).
//
// Any goroutine may call its methods; calls take turns.
type Addr struct {
	guard core.Guard
	refs  atomic.Int32
}

func newAddr(p *C.struct_nl_addr) *Addr {
	a := &Addr{}
	a.refs.Store(1)
	a.guard.Init(unsafe.Pointer(p))
	a.guard.Own("Addr")
	return a
}

func (a *Addr) g() *core.Guard {
	if a == nil {
		return nil
	}
	return &a.guard
}

// with runs f, a C call that neither waits nor calls back, with the address to itself.
func (a *Addr) with(f func(p *C.struct_nl_addr) error) error {
	p, err := a.g().Lock(0)
	if err != nil {
		return err
	}
	defer a.guard.Unlock()
	return f((*C.struct_nl_addr)(p))
}

// AddrBuild makes an address of a family (AF_INET and so on) from its bytes. The prefix is as long as the address.
//
// Ownership: b is copied; the result is ref'd, Put it. Goroutines: any. Errors: NLE_RANGE for more than 1 GiB, NLE_NOMEM.
//
// Implements:
//
//	struct nl_addr *nl_addr_build(int, const void *, size_t);
func AddrBuild(family int, b []byte) (*Addr, error) {
	if len(b) > maxSize {
		return nil, refusal("nl_addr_build", NLE_RANGE, "%d bytes are over %d", len(b), maxSize)
	}
	p := C.nl_addr_build(C.int(family), unsafe.Pointer(unsafe.SliceData(b)), C.size_t(len(b)))
	if p == nil {
		return nil, failure("nl_addr_build", -C.NLE_NOMEM, 0)
	}
	return newAddr(p), nil
}

// AddrParse makes an address from its text, as "192.0.2.1/24". hint is the family to take it for, or AF_UNSPEC to guess.
//
// Ownership: the result is ref'd, Put it. Goroutines: any. Errors: NLE_NOADDR for text that is no address,
// NLE_AF_MISMATCH, NLE_AF_NOSUPPORT, NLE_NOMEM.
//
// Implements:
//
//	int nl_addr_parse(const char *, int, struct nl_addr **);
func AddrParse(text string, hint int) (*Addr, error) {
	if strings.IndexByte(text, 0) >= 0 {
		return nil, refusal("nl_addr_parse", NLE_NOADDR, "the text %q has a NUL in it", text)
	}
	c := C.CString(text)
	defer C.free(unsafe.Pointer(c))
	var p *C.struct_nl_addr
	if ret := C.nl_addr_parse(c, C.int(hint), &p); ret < 0 {
		return nil, failure("nl_addr_parse", ret, 0)
	}
	return newAddr(p), nil
}

// Get takes another reference to the address and returns it.
//
// Ownership: the result is ref'd, Put it. Goroutines: any. Errors: ErrFreed.
//
// Implements:
//
//	struct nl_addr *nl_addr_get(struct nl_addr *);
func (a *Addr) Get() (*Addr, error) {
	err := a.with(func(*C.struct_nl_addr) error { a.refs.Add(1); return nil })
	if err != nil {
		return nil, err
	}
	return a, nil
}

// Put gives a reference back; the last one frees the address. An address that is freed already is left alone.
//
// Ownership: consumes one reference. Goroutines: any. Errors: ErrBusy while another call is using it.
//
// Implements:
//
//	void nl_addr_put(struct nl_addr *);
func (a *Addr) Put() error {
	if a == nil {
		return nil
	}
	return putRef(&a.guard, &a.refs, func(p unsafe.Pointer) { C.nl_addr_put((*C.struct_nl_addr)(p)) })
}

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

// Addr2str returns the address as text, with the prefix length if that is not the whole address.
//
// Goroutines: any. Errors: none; empty on a freed address, and for fewer bytes than the family has, beyond which C reads.
//
// Implements:
//
//	char *nl_addr2str(const struct nl_addr *, char *, size_t);
func (a *Addr) Addr2str() (text string) {
	_ = a.with(func(p *C.struct_nl_addr) error {
		if n := C.nl_addr_get_len(p); n > 0 && !whole(int(C.nl_addr_get_family(p)), C.GoBytes(C.nl_addr_get_binary_addr(p), C.int(n))) {
			return nil
		}
		text = cstr(func(buf *C.char, n C.size_t) *C.char { return C.nl_addr2str(p, buf, n) })
		return nil
	})
	return text
}

// whole reports whether b is long enough for libnl to print as an address of the family.
func whole(family int, b []byte) bool {
	switch family {
	case C.AF_INET:
		return len(b) >= 4
	case C.AF_INET6:
		return len(b) >= 16
	case C.AF_DECnet:
		return len(b) >= 2
	case C.AF_MPLS: // labels of four bytes, the last one with the bottom-of-stack bit
		for ; len(b) >= 4; b = b[4:] {
			if b[2]&1 != 0 {
				return true
			}
		}
		return false
	}
	return true
}
