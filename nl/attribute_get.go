package nl

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
)

// mismatch is the error of a payload that is not what was asked for.
//
//go:noinline
func (a Attribute) mismatch(want string) error {
	return &AttributeError{Type: a.Type, Len: len(a.Data), Problem: "should have " + want}
}

// Uint8 reads an 8-bit number.
func (a Attribute) Uint8() (uint8, error) {
	if len(a.Data) != 1 {
		return 0, a.mismatch("1")
	}
	return a.Data[0], nil
}

// Uint16 reads a 16-bit number in host byte order.
func (a Attribute) Uint16() (uint16, error) {
	if len(a.Data) != 2 {
		return 0, a.mismatch("2")
	}
	return binary.NativeEndian.Uint16(a.Data), nil
}

// Uint32 reads a 32-bit number in host byte order.
func (a Attribute) Uint32() (uint32, error) {
	if len(a.Data) != 4 {
		return 0, a.mismatch("4")
	}
	return binary.NativeEndian.Uint32(a.Data), nil
}

// Uint64 reads a 64-bit number in host byte order.
func (a Attribute) Uint64() (uint64, error) {
	if len(a.Data) != 8 {
		return 0, a.mismatch("8")
	}
	return binary.NativeEndian.Uint64(a.Data), nil
}

// Int8 reads an 8-bit number with a sign.
func (a Attribute) Int8() (int8, error) {
	v, err := a.Uint8()
	return int8(v), err
}

// Int16 reads a 16-bit number with a sign, in host byte order.
func (a Attribute) Int16() (int16, error) {
	v, err := a.Uint16()
	return int16(v), err
}

// Int32 reads a 32-bit number with a sign, in host byte order.
func (a Attribute) Int32() (int32, error) {
	v, err := a.Uint32()
	return int32(v), err
}

// Int64 reads a 64-bit number with a sign, in host byte order.
func (a Attribute) Int64() (int64, error) {
	v, err := a.Uint64()
	return int64(v), err
}

// Uint16BE reads a big-endian 16-bit number.
func (a Attribute) Uint16BE() (uint16, error) {
	if len(a.Data) != 2 {
		return 0, a.mismatch("2")
	}
	return binary.BigEndian.Uint16(a.Data), nil
}

// Uint32BE reads a big-endian 32-bit number.
func (a Attribute) Uint32BE() (uint32, error) {
	if len(a.Data) != 4 {
		return 0, a.mismatch("4")
	}
	return binary.BigEndian.Uint32(a.Data), nil
}

// Uint64BE reads a big-endian 64-bit number.
func (a Attribute) Uint64BE() (uint64, error) {
	if len(a.Data) != 8 {
		return 0, a.mismatch("8")
	}
	return binary.BigEndian.Uint64(a.Data), nil
}

// Uint reads a number of variable length, the kernel's type uint: 4 or 8 bytes, in host byte order.
func (a Attribute) Uint() (uint64, error) {
	switch len(a.Data) {
	case 4:
		return uint64(binary.NativeEndian.Uint32(a.Data)), nil
	case 8:
		return binary.NativeEndian.Uint64(a.Data), nil
	}
	return 0, a.mismatch("4 or 8")
}

// Int reads a number with a sign and of variable length, the kernel's type sint: 4 or 8 bytes, in host byte order.
func (a Attribute) Int() (int64, error) {
	switch len(a.Data) {
	case 4:
		return int64(int32(binary.NativeEndian.Uint32(a.Data))), nil
	case 8:
		return int64(binary.NativeEndian.Uint64(a.Data)), nil
	}
	return 0, a.mismatch("4 or 8")
}

// Bitfield32 reads the bits of a bitfield32, and which of them count.
func (a Attribute) Bitfield32() (value, selector uint32, err error) {
	if len(a.Data) != 8 {
		return 0, 0, a.mismatch("8")
	}
	return binary.NativeEndian.Uint32(a.Data), binary.NativeEndian.Uint32(a.Data[4:]), nil
}

// Flag is true, for an attribute that is there. It is an error if it has a payload.
func (a Attribute) Flag() (bool, error) {
	if len(a.Data) != 0 {
		return false, a.mismatch("none")
	}
	return true, nil
}

// String reads a string: with a NUL at its end, with several, as an array of chars is padded, or without. It is an error
// if something else follows a NUL.
func (a Attribute) String() (string, error) {
	b, err := a.StringBytes()
	return string(b), err
}

// StringBytes is [Attribute.String] without an allocation: the result is borrowed, as Data is.
func (a Attribute) StringBytes() ([]byte, error) {
	i := bytes.IndexByte(a.Data, 0)
	if i < 0 {
		return a.Data, nil
	}
	for j, c := range a.Data[i:] {
		if c != 0 {
			return nil, &AttributeError{Type: a.Type, Len: len(a.Data), Problem: fmt.Sprintf("is no string, with a NUL at byte %d and more at byte %d", i, i+j)}
		}
	}
	return a.Data[:i:i], nil
}

// Bytes returns a copy of the payload, which stays valid.
func (a Attribute) Bytes() []byte { return append([]byte{}, a.Data...) }

// Addr reads an IP address: 4 bytes for IPv4, 16 for IPv6.
func (a Attribute) Addr() (netip.Addr, error) {
	if len(a.Data) != 4 && len(a.Data) != 16 {
		return netip.Addr{}, a.mismatch("4 or 16")
	}
	addr, _ := netip.AddrFromSlice(a.Data)
	return addr, nil
}
