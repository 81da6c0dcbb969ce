package nl

import (
	"encoding/binary"
	"fmt"
	"iter"

	"golang.org/x/sys/unix"
)

// Attribute is one of a message's attributes. Read its payload with the method that is named after its type in the
// kernel's headers; each checks the length. Nothing else in the attribute says which type it has.
type Attribute struct {
	Type         uint16 // less the two flags
	Nested       bool   // NLA_F_NESTED: the payload is attributes; older code does not set it
	NetByteOrder bool   // NLA_F_NET_BYTEORDER: a number is big-endian; most big-endian ones lack it, and no getter looks at it
	Data         []byte // the payload, borrowed from the bytes that were walked
}

// typeMask is what the two flags leave of an attribute's type.
const typeMask = 0xffff &^ (unix.NLA_F_NESTED | unix.NLA_F_NET_BYTEORDER)

// Attributes walks the attributes of b: the payload of a message behind the family's header, or that of a nest.
//
//	for a, err := range nl.Attributes(b) {
//		if err != nil {
//			return err
//		}
//		switch a.Type {
//		case unix.IFLA_MTU:
//			mtu, err = a.Uint32()
//		case unix.IFLA_IFNAME:
//			name, err = a.String()
//		}
//		if err != nil {
//			return err
//		}
//	}
//
// It finds what nla_for_each_attr finds in C. Where that stops early without a word, at bytes that are no whole attribute,
// this yields an error as the last thing, which is [ErrMalformed]: the kernel too refuses such bytes where it is strict.
// What it yielded before is good. Padding after the last attribute may be missing. Attributes may come in any order, more
// than once, and with types that the caller does not know.
//
// The payloads are borrowed from b and valid as long as it is. Nothing is allocated, unless there is an error.
func Attributes(b []byte) iter.Seq2[Attribute, error] {
	return func(yield func(Attribute, error) bool) {
		rest := b
		for len(rest) >= unix.NLA_HDRLEN {
			n := int(binary.NativeEndian.Uint16(rest))
			if n < unix.NLA_HDRLEN || n > len(rest) {
				break
			}
			typ := binary.NativeEndian.Uint16(rest[2:])
			a := Attribute{typ & typeMask, typ&unix.NLA_F_NESTED != 0, typ&unix.NLA_F_NET_BYTEORDER != 0, rest[unix.NLA_HDRLEN:n:n]}
			if !yield(a, nil) {
				return
			}
			rest = rest[min(align(n), len(rest)):]
		}
		if len(rest) > 0 {
			yield(Attribute{}, leftover(rest))
		}
	}
}

// Attributes walks the attributes of a nest.
func (a Attribute) Attributes() iter.Seq2[Attribute, error] { return Attributes(a.Data) }

// AttributeError is an attribute that cannot be read, or not as what it was asked for, or that cannot be written.
// [errors.Is] compares it with [ErrMalformed].
type AttributeError struct {
	Type    uint16 // less the flags
	Len     int    // of its payload, or of the bytes that there are for it
	Problem string
}

// Error returns one sentence.
func (e *AttributeError) Error() string {
	return fmt.Sprintf("attribute %d of %d bytes: %s", e.Type, e.Len, e.Problem)
}

// Is reports whether target is [ErrMalformed].
func (e *AttributeError) Is(target error) bool { return target == ErrMalformed }

// leftover is the error about bytes at the end that are no whole attribute.
func leftover(b []byte) error {
	if len(b) < unix.NLA_HDRLEN {
		return fmt.Errorf("%w attributes: the last %d bytes are too few for a header", ErrMalformed, len(b))
	}
	n, typ := attrHeader(b)
	return &AttributeError{Type: typ & typeMask, Len: len(b), Problem: fmt.Sprintf("its header says that there are %d", n)}
}
