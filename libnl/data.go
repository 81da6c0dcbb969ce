package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"sync/atomic"
	"unsafe"

	"github.com/golibnl/golibnl/libnl/internal/core"
)

// Data is a run of bytes in C memory (struct nl_data).
//
// Any goroutine may call its methods; calls take turns.
type Data struct {
	guard    core.Guard
	borrowed bool         // made by C, and freed by C
	borrows  atomic.Int32 // to be released; changes under datas.mu
	shared   atomic.Bool  // C has the pointer, too
}

func newData(fn string, p *C.struct_nl_data) (*Data, error) {
	if p == nil {
		return nil, failure(fn, -C.NLE_NOMEM, 0)
	}
	d := &Data{}
	d.guard.Init(unsafe.Pointer(p))
	d.guard.Own("Data")
	return d, nil
}

func (d *Data) g() *core.Guard {
	if d == nil {
		return nil
	}
	return &d.guard
}

// with runs f, a C call that neither waits nor calls back, with the data to itself.
func (d *Data) with(f func(p *C.struct_nl_data) error) error {
	p, err := d.g().Lock(0)
	if err != nil {
		return err
	}
	defer d.guard.Unlock()
	return f((*C.struct_nl_data)(p))
}

// DataAlloc makes data of bytes.
//
// Ownership: b is copied; the result is owned, Free it. Goroutines: any. Errors: NLE_RANGE for more than 1 GiB, NLE_NOMEM.
//
// Implements:
//
//	struct nl_data *nl_data_alloc(const void *, size_t);
func DataAlloc(b []byte) (*Data, error) {
	if len(b) > maxSize {
		return nil, refusal("nl_data_alloc", NLE_RANGE, "%d bytes are over %d", len(b), maxSize)
	}
	return newData("nl_data_alloc", C.nl_data_alloc(unsafe.Pointer(unsafe.SliceData(b)), C.size_t(len(b))))
}

// DataAllocAttr makes data of the payload of an attribute.
//
// Ownership: a is copied; the result is owned, Free it. Goroutines: any. Errors: NLE_INVAL if a is nil, NLE_NOMEM.
//
// Implements:
//
//	struct nl_data *nl_data_alloc_attr(const struct nlattr *);
func DataAllocAttr(a *Nlattr) (*Data, error) {
	if !a.has(0) {
		return nil, refusal("nl_data_alloc_attr", NLE_INVAL, "no attribute")
	}
	// Not nl_data_alloc_attr, which does the same, but with the length in bytes that the caller may have changed since.
	b := a.Data()
	return newData("nl_data_alloc_attr", C.nl_data_alloc(unsafe.Pointer(unsafe.SliceData(b)), C.size_t(len(b))))
}

// Clone makes a copy.
//
// Ownership: the result is owned, Free it. Goroutines: any. Errors: NLE_NOMEM, ErrFreed.
//
// Implements:
//
//	struct nl_data *nl_data_clone(const struct nl_data *);
func (d *Data) Clone() (c *Data, err error) {
	err = d.with(func(p *C.struct_nl_data) error {
		c, err = newData("nl_data_clone", C.nl_data_clone(p))
		return err
	})
	return c, err
}

// Append adds bytes at the end.
//
// Ownership: b is copied. Goroutines: any. Errors: NLE_RANGE if the data would be longer than 1 GiB, NLE_NOMEM, ErrFreed.
//
// Implements:
//
//	int nl_data_append(struct nl_data *, const void *, size_t);
func (d *Data) Append(b []byte) error {
	return d.with(func(p *C.struct_nl_data) error {
		if n := int(C.nl_data_get_size(p)); len(b) > maxSize-n {
			return refusal("nl_data_append", NLE_RANGE, "%d bytes and %d are over %d", n, len(b), maxSize)
		}
		ret := C.nl_data_append(p, unsafe.Pointer(unsafe.SliceData(b)), C.size_t(len(b)))
		if ret < 0 {
			return failure("nl_data_append", ret, 0)
		}
		return nil
	})
}

// Free frees the data. Data that is freed already is left alone.
//
// Ownership: consumes the data. Goroutines: any. Errors: ErrBusy while another call is using it, ErrBorrowed for data of C's, to
// be released.
//
// Implements:
//
//	void nl_data_free(struct nl_data *);
func (d *Data) Free() error {
	if d != nil && d.borrowed && d.guard.Live() {
		return ErrBorrowed
	}
	p, err := d.g().Retire()
	if p == nil || err != nil {
		return err
	}
	d.guard.Disown()
	if d.shared.Load() {
		datas.remove(p, d)
	}
	C.nl_data_free((*C.struct_nl_data)(p))
	return nil
}

// Get returns the bytes.
//
// Ownership: the result is yours. Goroutines: any. Errors: none; nil on freed data.
//
// Implements:
//
//	void *nl_data_get(const struct nl_data *);
func (d *Data) Get() (b []byte) {
	_ = d.with(func(p *C.struct_nl_data) error {
		b = C.GoBytes(C.nl_data_get(p), C.int(C.nl_data_get_size(p)))
		return nil
	})
	return b
}

// GetSize returns the number of bytes.
//
// Goroutines: any. Errors: none; 0 on freed data.
//
// Implements:
//
//	size_t nl_data_get_size(const struct nl_data *);
func (d *Data) GetSize() (n int) {
	_ = d.with(func(p *C.struct_nl_data) error { n = int(C.nl_data_get_size(p)); return nil })
	return n
}

// Cmp compares two runs of bytes, as memcmp(3): 0 if they are equal. Where their lengths differ it is the difference; C
// then reads beyond the shorter one.
//
// Ownership: other is borrowed. Goroutines: any. Errors: none; freed data compares as 1 with anything.
//
// Implements:
//
//	int nl_data_cmp(const struct nl_data *, const struct nl_data *);
func (d *Data) Cmp(other *Data) int {
	c, err := other.Clone() // two goroutines that compare crosswise must not wait for each other
	if err != nil {
		return 1
	}
	defer func() { _ = c.Free() }()
	ret := 1
	_ = d.with(func(p *C.struct_nl_data) error {
		n := C.nl_data_get_size(p)
		if ret = int(n) - c.GetSize(); ret == 0 && n > 0 {
			ret = int(C.nl_data_cmp(p, (*C.struct_nl_data)(c.guard.Pointer())))
		}
		return nil
	})
	return ret
}
