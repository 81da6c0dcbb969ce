package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"errors"
	"math"
	"strings"
	"sync/atomic"
	"syscall"
	"unsafe"

	"github.com/golibnl/golibnl/libnl/internal/core"
)

// Addr is a network address with a prefix length (struct nl_addr).
//
// Any goroutine may call its methods; calls take turns.
type Addr struct {
	guard  core.Guard
	refs   atomic.Int32
	shared atomic.Bool // C has the pointer, too
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

// made wraps a new address; NULL is a lack of memory.
func made(fn string, p *C.struct_nl_addr) (*Addr, error) {
	if p == nil {
		return nil, failure(fn, -C.NLE_NOMEM, 0)
	}
	return newAddr(p), nil
}

// AddrAlloc makes an empty address of no family, with room for an address of maxsize bytes.
//
// Ownership: the result is ref'd, Put it. Goroutines: any. Errors: NLE_RANGE for less than 0 or more than 1 GiB, NLE_NOMEM.
//
// Implements:
//
//	struct nl_addr *nl_addr_alloc(size_t);
func AddrAlloc(maxsize int) (*Addr, error) {
	if maxsize < 0 || maxsize > maxSize {
		return nil, refusal("nl_addr_alloc", NLE_RANGE, "no room of %d bytes", maxsize)
	}
	return made("nl_addr_alloc", C.nl_addr_alloc(C.size_t(maxsize)))
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
	return made("nl_addr_build", addrBuild(family, b))
}

func addrBuild(family int, b []byte) *C.struct_nl_addr {
	return C.nl_addr_build(C.int(family), unsafe.Pointer(unsafe.SliceData(b)), C.size_t(len(b)))
}

// AddrAllocAttr makes an address of a family from the payload of an attribute.
//
// Ownership: attr is copied; the result is ref'd, Put it. Goroutines: any. Errors: NLE_INVAL if attr is nil, NLE_NOMEM.
//
// Implements:
//
//	struct nl_addr *nl_addr_alloc_attr(const struct nlattr *, int);
func AddrAllocAttr(attr *Nlattr, family int) (*Addr, error) {
	if !attr.has(0) {
		return nil, refusal("nl_addr_alloc_attr", NLE_INVAL, "no attribute")
	}
	// Not nl_addr_alloc_attr, which does the same, but with the length in bytes that the caller may have changed since.
	return made("nl_addr_alloc_attr", addrBuild(family, attr.Data()))
}

// AddrParse makes an address from its text, as "192.0.2.1/24". hint is the family to take it for, or AF_UNSPEC to guess.
//
// Ownership: the result is ref'd, Put it. Goroutines: any. Errors: NLE_NOADDR for text that is no address,
// NLE_AF_NOSUPPORT, NLE_INVAL, NLE_NOMEM, NLE_RANGE for a negative prefix length, and one that C cuts to an int.
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
	if i := strings.IndexByte(text, '/'); i >= 0 && hint != C.AF_MPLS {
		bits, err := C.strtol((*C.char)(unsafe.Add(unsafe.Pointer(c), i+1)), nil, 0)
		if errors.Is(err, syscall.ERANGE) || bits < 0 || bits > math.MaxInt32 {
			return nil, refusal("nl_addr_parse", NLE_RANGE, "the prefix length of %q", text)
		}
	}
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
	if a.shared.Load() { // AddrFromPointer counts on its result
		addrs.mu.Lock()
		defer addrs.mu.Unlock()
	}
	return putRef(&a.guard, &a.refs, func(p unsafe.Pointer) {
		if a.shared.Load() {
			delete(addrs.of, p)
		}
		C.nl_addr_put((*C.struct_nl_addr)(p))
	})
}

// Clone makes a copy, with no room for more bytes than the address has.
//
// Ownership: the result is ref'd, Put it. Goroutines: any. Errors: NLE_NOMEM, ErrFreed.
//
// Implements:
//
//	struct nl_addr *nl_addr_clone(const struct nl_addr *);
func (a *Addr) Clone() (*Addr, error) {
	p, err := a.copy("nl_addr_clone")
	if err != nil {
		return nil, err
	}
	return newAddr(p), nil
}

// copy is a clone for the caller to put, for C calls that wait or take two addresses: nobody else knows of it.
func (a *Addr) copy(fn string) (c *C.struct_nl_addr, err error) {
	err = a.with(func(p *C.struct_nl_addr) error {
		if c = C.nl_addr_clone(p); c == nil {
			return failure(fn, -C.NLE_NOMEM, 0)
		}
		return nil
	})
	return c, err
}

// Shared reports whether there is more than one reference to the address.
//
// Goroutines: any. Errors: none; false on a freed address.
//
// Implements:
//
//	int nl_addr_shared(const struct nl_addr *);
func (a *Addr) Shared() (shared bool) {
	_ = a.with(func(p *C.struct_nl_addr) error {
		shared = a.refs.Load() > 1 || C.nl_addr_shared(p) != 0 // those of Go's are one of C's
		return nil
	})
	return shared
}
