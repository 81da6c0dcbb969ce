package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"errors"
	"math"
	"runtime"
)

// GetType returns what the object is: "route/link" and so on.
//
// Goroutines: any. Errors: none; empty on a freed object.
//
// Implements:
//
//	const char *nl_object_get_type(const struct nl_object *);
func (o *Object) GetType() (typ string) {
	_ = o.read(func(p *C.struct_nl_object) { typ = C.GoString(C.nl_object_get_type(p)) })
	return typ
}

// GetMsgtype returns the type of the message that the object was made of; 0 if it was made of none.
//
// Goroutines: any. Errors: none; 0 on a freed object.
//
// Implements:
//
//	int nl_object_get_msgtype(const struct nl_object *);
func (o *Object) GetMsgtype() (typ int) {
	_ = o.read(func(p *C.struct_nl_object) { typ = int(C.nl_object_get_msgtype(p)) })
	return typ
}

// GetOps returns the type of the object, for [ObjectAlloc] and for ==.
//
// Goroutines: any. Errors: none; the zero ObjectOps on a freed object.
//
// Implements:
//
//	struct nl_object_ops *nl_object_get_ops(const struct nl_object *);
func (o *Object) GetOps() (ops ObjectOps) {
	_ = o.read(func(p *C.struct_nl_object) { ops.p = C.nl_object_get_ops(p) })
	return ops
}

// GetIdAttrs returns the mask of the attributes that tell one object of the type from another.
//
// Goroutines: any. Errors: none; 0 on a freed object.
//
// Implements:
//
//	uint32_t nl_object_get_id_attrs(struct nl_object *);
func (o *Object) GetIdAttrs() (attrs uint32) {
	_ = o.read(func(p *C.struct_nl_object) { attrs = uint32(C.nl_object_get_id_attrs(p)) })
	return attrs
}

// AttrList returns the names of the attributes that the object has, with commas between them; of the first 32 only.
//
// Goroutines: any. Errors: none; empty on a freed object.
//
// Implements:
//
//	char *nl_object_attr_list(struct nl_object *, char *, size_t);
func (o *Object) AttrList() (names string) {
	_ = o.read(func(p *C.struct_nl_object) {
		names = longText(func(buf *C.char, n C.size_t) *C.char { return C.nl_object_attr_list(p, buf, n) })
	})
	return names
}

// Attrs2str returns the names of the attributes of a mask, as the type of the object has them, with commas between them.
//
// Goroutines: any. Errors: none; empty on a freed object.
//
// Implements:
//
//	char *nl_object_attrs2str(struct nl_object *, uint32_t, char *, size_t);
func (o *Object) Attrs2str(attrs uint32) (names string) {
	_ = o.read(func(p *C.struct_nl_object) {
		names = longText(func(buf *C.char, n C.size_t) *C.char {
			return C.nl_object_attrs2str(p, C.uint32_t(attrs), buf, n)
		})
	})
	return names
}

// longText is cstr for 32 names.
func longText(f func(buf *C.char, n C.size_t) *C.char) string {
	buf := make([]C.char, 4097) // the last one stays NUL, whatever C does
	return C.GoString(f(&buf[0], C.size_t(len(buf)-1)))
}

// Keygen returns the number of the object's bucket in a hash table of size buckets; 0 for a type that has no keys.
//
// Goroutines: any. Errors: NLE_INVAL for a size of 0, by which C divides; ErrFreed.
//
// Implements:
//
//	void nl_object_keygen(struct nl_object *, uint32_t *, uint32_t);
func (o *Object) Keygen(size uint32) (uint32, error) {
	if size == 0 {
		return 0, refusal("nl_object_keygen", NLE_INVAL, "a hash table without buckets")
	}
	var key C.uint32_t
	err := o.read(func(p *C.struct_nl_object) { C.nl_object_keygen(p, &key, C.uint32_t(size)) })
	return uint32(key), err
}

// Mark marks the object, for whatever the caller likes.
//
// Goroutines: any. Errors: none; nothing happens to a freed object.
//
// Implements:
//
//	void nl_object_mark(struct nl_object *);
func (o *Object) Mark() {
	_ = o.with(func(p *C.struct_nl_object) error { C.nl_object_mark(p); return nil })
}

// Unmark takes the mark away.
//
// Goroutines: any. Errors: none; nothing happens to a freed object.
//
// Implements:
//
//	void nl_object_unmark(struct nl_object *);
func (o *Object) Unmark() {
	_ = o.with(func(p *C.struct_nl_object) error { C.nl_object_unmark(p); return nil })
}

// IsMarked reports whether the object is marked.
//
// Goroutines: any. Errors: none; false on a freed object.
//
// Implements:
//
//	int nl_object_is_marked(struct nl_object *);
func (o *Object) IsMarked() (marked bool) {
	_ = o.read(func(p *C.struct_nl_object) { marked = C.nl_object_is_marked(p) != 0 })
	return marked
}

// both runs f, which only reads, with two objects, which may be the same. Whoever locks an object waits for nothing else,
// so that callers who have the two crosswise do not wait for each other.
func (o *Object) both(other *Object, f func(a, b *C.struct_nl_object)) error {
	a, err := o.enter()
	if err != nil {
		return err
	}
	defer o.leave()
	return other.read(func(b *C.struct_nl_object) { f(a, b) })
}

// Identical reports whether two objects of one type agree in the attributes that tell one from another.
//
// Ownership: other is borrowed. Goroutines: any. Errors: none; false if one is freed.
//
// Implements:
//
//	int nl_object_identical(struct nl_object *, struct nl_object *);
func (o *Object) Identical(other *Object) (identical bool) {
	_ = o.both(other, func(a, b *C.struct_nl_object) { identical = C.nl_object_identical(a, b) != 0 })
	return identical
}

// Diff returns the mask of the attributes that differ, or that one of the objects lacks; the highest bit stands for all
// above 31, too. It is all ones for objects of two types, or of one that libnl cannot compare.
//
// Ownership: other is borrowed. Goroutines: any. Errors: none; all ones if one is freed.
//
// Implements:
//
//	uint32_t nl_object_diff(struct nl_object *, struct nl_object *);
func (o *Object) Diff(other *Object) uint32 {
	diff := uint32(math.MaxUint32)
	_ = o.both(other, func(a, b *C.struct_nl_object) { diff = uint32(C.nl_object_diff(a, b)) })
	return diff
}

// Diff64 is [Object.Diff] with a bit for each of 64 attributes.
//
// Ownership: other is borrowed. Goroutines: any. Errors: none; all ones if one is freed.
//
// Implements:
//
//	uint64_t nl_object_diff64(struct nl_object *, struct nl_object *);
func (o *Object) Diff64(other *Object) uint64 {
	diff := uint64(math.MaxUint64)
	_ = o.both(other, func(a, b *C.struct_nl_object) { diff = uint64(C.nl_object_diff64(a, b)) })
	return diff
}

// MatchFilter reports whether the object agrees with filter in all attributes that filter has. Objects of two types, or of
// one that libnl cannot compare, do not.
//
// Ownership: filter is borrowed. Goroutines: any. Errors: none; false if one is freed.
//
// Implements:
//
//	int nl_object_match_filter(struct nl_object *, struct nl_object *);
func (o *Object) MatchFilter(filter *Object) (match bool) {
	_ = o.both(filter, func(a, b *C.struct_nl_object) { match = C.nl_object_match_filter(a, b) != 0 })
	return match
}

// Update merges src into the object: an IPv6 route, for one, gets src's next hop, or loses it if src was made of a deletion.
//
// Ownership: src is borrowed. Goroutines: any. Errors: NLE_OPNOTSUPP for a type, or a pair, that cannot be merged; NLE_INVAL
// for the object itself and for an src of another type, which C would take for one of this; NLE_NOMEM, ErrFreed.
//
// Implements:
//
//	int nl_object_update(struct nl_object *, struct nl_object *);
func (o *Object) Update(src *Object) error {
	const fn = "nl_object_update"
	if o == src && o != nil {
		return refusal(fn, NLE_INVAL, "an object cannot be merged into itself")
	}
	for {
		s, err := src.enter()
		if err != nil {
			return err
		}
		d, err := o.g().Lock(0)
		if err == nil {
			defer src.leave()
			defer o.guard.Unlock()
			objMu.Lock()
			defer objMu.Unlock()
			return merge(fn, (*C.struct_nl_object)(d), s)
		}
		src.leave() // before waiting for readers of o, one of which may be waiting for src
		if !errors.Is(err, ErrBusy) {
			return err
		}
		runtime.Gosched()
	}
}

func merge(fn string, dst, src *C.struct_nl_object) error {
	if dst == src {
		return refusal(fn, NLE_INVAL, "an object cannot be merged into itself")
	}
	if C.nl_object_get_ops(dst) != C.nl_object_get_ops(src) {
		return refusal(fn, NLE_INVAL, "a %s cannot be merged into a %s",
			C.GoString(C.nl_object_get_type(src)), C.GoString(C.nl_object_get_type(dst)))
	}
	return result(fn, C.nl_object_update(dst, src), nil)
}

// Dump writes the object to the writer of params in libnl's words; nothing, if its type has none of that dump type.
//
// Goroutines: any, each with params of its own. Errors: ErrFreed; NLE_INVAL without a writer; NLE_RANGE for a dump type that
// libnl has not, or an indentation of less than 0 or more than 65536; those of open_memstream(3) and of the writer.
//
// Implements:
//
//	void nl_object_dump(struct nl_object *, struct nl_dump_params *);
func (o *Object) Dump(params *DumpParams) error {
	return params.run("nl_object_dump", func(dp *C.struct_nl_dump_params) error {
		return o.with(func(p *C.struct_nl_object) error { C.nl_object_dump(p, dp); return nil })
	})
}

// DumpBuf returns the object in one line of libnl's words, as much of it as there is room for in size bytes, a NUL included.
//
// Goroutines: any. Errors: NLE_RANGE for a size of less than 1, with which C writes beyond the buffer, or more than 1 GiB;
// NLE_NOMEM, ErrFreed.
//
// Implements:
//
//	void nl_object_dump_buf(struct nl_object *, char *, size_t);
func (o *Object) DumpBuf(size int) (text string, err error) {
	const fn = "nl_object_dump_buf"
	if size < 1 || size > maxSize {
		return "", refusal(fn, NLE_RANGE, "a buffer of %d bytes", size)
	}
	buf := C.malloc(C.size_t(size))
	if buf == nil {
		return "", failure(fn, -C.NLE_NOMEM, 0)
	}
	defer C.free(buf)
	err = o.with(func(p *C.struct_nl_object) error {
		C.nl_object_dump_buf(p, (*C.char)(buf), C.size_t(size))
		text = C.GoString((*C.char)(buf))
		return nil
	})
	return text, err
}
