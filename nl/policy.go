package nl

import (
	"fmt"
	"math"

	"golang.org/x/sys/unix"
)

// The types of numbers of variable length, which package unix lacks.
const (
	nlAttrTypeSint = 16
	nlAttrTypeUint = 17
)

// Policy is what the kernel wants an attribute to be like. What does not apply to its type is 0.
type Policy struct {
	Type uint32 // unix.NL_ATTR_TYPE_U8 and so on

	MinU, MaxU uint64 // the range of an unsigned number; both 0 if Mask is meant
	MinS, MaxS int64  // the range of a signed number
	Mask       uint64 // the bits that a number may have; 0 for no such rule

	MinLen, MaxLen uint32 // the length of bytes and strings; 0 for no bound

	Bitfield32Mask uint32 // the bits that value and selector may have

	Index, MaxType uint32 // of the policy for the attributes of a nest
}

// policyTypes are the names of the kernel's types.
var policyTypes = [...]string{
	unix.NL_ATTR_TYPE_INVALID: "no such attribute", unix.NL_ATTR_TYPE_FLAG: "a flag",
	unix.NL_ATTR_TYPE_U8: "u8", unix.NL_ATTR_TYPE_U16: "u16", unix.NL_ATTR_TYPE_U32: "u32", unix.NL_ATTR_TYPE_U64: "u64",
	unix.NL_ATTR_TYPE_S8: "s8", unix.NL_ATTR_TYPE_S16: "s16", unix.NL_ATTR_TYPE_S32: "s32", unix.NL_ATTR_TYPE_S64: "s64",
	unix.NL_ATTR_TYPE_BINARY: "bytes", unix.NL_ATTR_TYPE_STRING: "a string", unix.NL_ATTR_TYPE_NUL_STRING: "a string with a NUL",
	unix.NL_ATTR_TYPE_NESTED: "a nest", unix.NL_ATTR_TYPE_NESTED_ARRAY: "an array of nests", unix.NL_ATTR_TYPE_BITFIELD32: "a bitfield32",
	nlAttrTypeSint: "sint", nlAttrTypeUint: "uint",
}

// String says it in a few words: "u8 from 1 to 3".
func (p *Policy) String() string {
	s := fmt.Sprintf("type %d", p.Type)
	if int(p.Type) < len(policyTypes) {
		s = policyTypes[p.Type]
	}
	switch {
	case p.Mask != 0:
		s += fmt.Sprintf(" of the bits %#x", p.Mask)
	case p.Bitfield32Mask != 0:
		s += fmt.Sprintf(" of the bits %#x", p.Bitfield32Mask)
	case p.MinU != 0 || p.MaxU != 0:
		s += numbers(p.MinU, p.MaxU, 0, maxUnsigned[p.Type])
	case p.MinS != 0 || p.MaxS != 0:
		s += numbers(p.MinS, p.MaxS, -maxSigned[p.Type]-1, maxSigned[p.Type])
	case p.MinLen != 0 && p.MinLen == p.MaxLen:
		s += fmt.Sprintf(" of length %d", p.MinLen)
	case p.MinLen != 0 && p.MaxLen != 0:
		s += fmt.Sprintf(" of length %d to %d", p.MinLen, p.MaxLen)
	case p.MinLen != 0:
		s += fmt.Sprintf(" of length %d or more", p.MinLen)
	case p.MaxLen != 0:
		s += fmt.Sprintf(" of length %d or less", p.MaxLen)
	}
	return s
}

// The kernel gives a range for each number; the whole one says nothing.
var (
	maxUnsigned = map[uint32]uint64{
		unix.NL_ATTR_TYPE_U8: math.MaxUint8, unix.NL_ATTR_TYPE_U16: math.MaxUint16, unix.NL_ATTR_TYPE_U32: math.MaxUint32,
		unix.NL_ATTR_TYPE_U64: math.MaxUint64, nlAttrTypeUint: math.MaxUint64,
	}
	maxSigned = map[uint32]int64{
		unix.NL_ATTR_TYPE_S8: math.MaxInt8, unix.NL_ATTR_TYPE_S16: math.MaxInt16, unix.NL_ATTR_TYPE_S32: math.MaxInt32,
		unix.NL_ATTR_TYPE_S64: math.MaxInt64, nlAttrTypeSint: math.MaxInt64,
	}
)

// numbers says which numbers are allowed, of those that there are.
func numbers[T int64 | uint64](low, high, lowest, highest T) string {
	switch {
	case low == lowest && high == highest:
		return ""
	case high == highest:
		return fmt.Sprintf(" of %d or more", low)
	case low == lowest:
		return fmt.Sprintf(" of %d or less", high)
	}
	return fmt.Sprintf(" from %d to %d", low, high)
}

// parsePolicy reads the attributes of a policy, as far as they are well formed.
func parsePolicy(b []byte) *Policy {
	p := &Policy{}
	for a, err := range Attributes(b) {
		if err != nil {
			break
		}
		// A number of another length than it should have stays 0.
		switch a.Type {
		case unix.NL_POLICY_TYPE_ATTR_TYPE:
			p.Type, _ = a.Uint32()
		case unix.NL_POLICY_TYPE_ATTR_MIN_VALUE_S:
			p.MinS, _ = a.Int64()
		case unix.NL_POLICY_TYPE_ATTR_MAX_VALUE_S:
			p.MaxS, _ = a.Int64()
		case unix.NL_POLICY_TYPE_ATTR_MIN_VALUE_U:
			p.MinU, _ = a.Uint64()
		case unix.NL_POLICY_TYPE_ATTR_MAX_VALUE_U:
			p.MaxU, _ = a.Uint64()
		case unix.NL_POLICY_TYPE_ATTR_MIN_LENGTH:
			p.MinLen, _ = a.Uint32()
		case unix.NL_POLICY_TYPE_ATTR_MAX_LENGTH:
			p.MaxLen, _ = a.Uint32()
		case unix.NL_POLICY_TYPE_ATTR_POLICY_IDX:
			p.Index, _ = a.Uint32()
		case unix.NL_POLICY_TYPE_ATTR_POLICY_MAXTYPE:
			p.MaxType, _ = a.Uint32()
		case unix.NL_POLICY_TYPE_ATTR_BITFIELD32_MASK:
			p.Bitfield32Mask, _ = a.Uint32()
		case unix.NL_POLICY_TYPE_ATTR_MASK:
			p.Mask, _ = a.Uint64()
		}
	}
	return p
}
