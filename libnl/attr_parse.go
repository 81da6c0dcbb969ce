package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"math"
	"unsafe"
)

// NlaPolicy says what an attribute must be like (struct nla_policy): its type, NLA_U32 and so on, and the bounds of its
// payload in bytes, 0 for that of the type. Entry n of a policy is about attributes of type n; entries that are missing
// at the end ask for nothing. [NLA_STRING] asks for a NUL at the end.
//
// Goroutines: plain.
type NlaPolicy struct {
	Type   uint16
	Minlen uint16
	Maxlen uint16
}

// The layout is C's, so that a policy goes to C as it is.
var _ [C.sizeof_struct_nla_policy]byte = [unsafe.Sizeof(NlaPolicy{})]byte{}

// maxAttrType is the highest type that the header of an attribute has room for.
const maxAttrType = NLA_TYPE_MASK

// policyFor returns a policy with an entry for each type up to maxtype, for C, which would read beyond a shorter one, and
// abort on a type that it does not know.
func policyFor(fn string, maxtype int, policy []NlaPolicy) ([]NlaPolicy, error) {
	highest := NLA_UINT
	if VerNum() < Ver(3, 11) {
		highest = NLA_S64
	}
	for i, p := range policy {
		if int(p.Type) > highest {
			return nil, refusal(fn, NLE_RANGE, "policy entry %d has type %d; the highest is %d", i, p.Type, highest)
		}
	}
	if len(policy) > maxtype {
		return policy, nil
	}
	return append(policy[:len(policy):len(policy)], make([]NlaPolicy, maxtype+1-len(policy))...), nil
}

// NlaParse sorts the attributes of b by type: entry n of the result, which has maxtype+1, is the last attribute of type
// n, or nil. Attributes of higher types are left out, and bytes after the last whole attribute. It checks the attributes
// against policy, unless that is nil. The results refer to the bytes of b.
//
// Goroutines: plain. Errors: NLE_RANGE for an attribute that is too short or too long, a maxtype that is no 16-bit number, and a policy of
// a type that does not exist; NLE_INVAL for an [NLA_STRING] without a NUL at its end.
//
// Implements:
//
//	int nla_parse(struct nlattr **, int, struct nlattr *, int, const struct nla_policy *);
func NlaParse(maxtype int, b []byte, policy []NlaPolicy) ([]*Nlattr, error) {
	return nlaParse("nla_parse", maxtype, b, policy)
}

func nlaParse(fn string, maxtype int, b []byte, policy []NlaPolicy) ([]*Nlattr, error) {
	if maxtype < 0 || maxtype > math.MaxUint16 || len(b) > maxSize {
		return nil, refusal(fn, NLE_RANGE, "maxtype %d, %d bytes", maxtype, len(b))
	}
	tb := make([]*Nlattr, maxtype+1)
	maxtype = min(maxtype, maxAttrType)
	pol, err := policyArg(fn, maxtype, policy)
	if err != nil {
		return nil, err
	}
	offs := make([]C.int32_t, maxtype+1)
	ret := C.golibnl_parse(&offs[0], C.int(maxtype), unsafe.Pointer(unsafe.SliceData(b)), C.int(len(b)), pol)
	if ret < 0 {
		return nil, failure(fn, ret, 0)
	}
	there := 0
	for _, off := range offs {
		if off >= 0 {
			there++
		}
	}
	all := make([]Nlattr, 0, there)
	for i, off := range offs {
		if off >= 0 {
			all = append(all, *nlattrAt(b[off:]))
			tb[i] = &all[len(all)-1]
		}
	}
	return tb, nil
}

// policyArg is policyFor, as the argument of a C function; nil stays nil.
func policyArg(fn string, maxtype int, policy []NlaPolicy) (*C.struct_nla_policy, error) {
	if policy == nil {
		return nil, nil
	}
	full, err := policyFor(fn, maxtype, policy)
	if err != nil {
		return nil, err
	}
	return (*C.struct_nla_policy)(unsafe.Pointer(&full[0])), nil
}

// NlaValidate checks the attributes of b, up to the type maxtype, against policy.
//
// Goroutines: plain. Errors: those of [NlaParse]; NLE_INVAL for a nil policy.
//
// Implements:
//
//	int nla_validate(const struct nlattr *, int, int, const struct nla_policy *);
func NlaValidate(b []byte, maxtype int, policy []NlaPolicy) error {
	return nlaValidate("nla_validate", b, maxtype, policy)
}

func nlaValidate(fn string, b []byte, maxtype int, policy []NlaPolicy) error {
	if policy == nil {
		return refusal(fn, NLE_INVAL, "no policy")
	}
	if maxtype < 0 || len(b) > maxSize {
		return refusal(fn, NLE_RANGE, "maxtype %d, %d bytes", maxtype, len(b))
	}
	maxtype = min(maxtype, maxAttrType)
	pol, err := policyArg(fn, maxtype, policy)
	if err != nil {
		return err
	}
	ret := C.golibnl_validate(unsafe.Pointer(unsafe.SliceData(b)), C.int(len(b)), C.int(maxtype), pol)
	if ret < 0 {
		return failure(fn, ret, 0)
	}
	return nil
}

// NlaFind returns the first attribute of a type in b, nil if there is none.
//
// Goroutines: plain. Errors: none.
//
// Implements:
//
//	struct nlattr *nla_find(const struct nlattr *, int, int);
func NlaFind(b []byte, attrtype int) *Nlattr {
	if len(b) == 0 || len(b) > maxSize || attrtype < 0 || attrtype > maxAttrType {
		return nil
	}
	off := C.golibnl_find(unsafe.Pointer(&b[0]), C.int(len(b)), C.int(attrtype))
	if off < 0 {
		return nil
	}
	return nlattrAt(b[off:])
}
