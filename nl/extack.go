package nl

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"syscall"

	"golang.org/x/sys/unix"
)

// The attributes of an extended acknowledgement that package unix lacks.
const (
	nlmsgerrAttrPolicy   = 4
	nlmsgerrAttrMissType = 5
	nlmsgerrAttrMissNest = 6
)

const sizeofErrno = 4

// ackInfo is what the kernel adds to a success.
type ackInfo struct {
	warning string // its words; "" for none
	cookie  []byte // what the request was answered with; nil for none
}

// parseAck reads the payload of an NLMSG_ERROR message whose header has these flags: the answer to req, which starts with
// the netlink header. req may be nil: the kernel mostly sends it back. A nil error is success. Neither result refers to
// payload or req; a success without words does not allocate.
func parseAck(family int, op string, req []byte, flags uint16, payload []byte) (ackInfo, *Error) {
	if len(payload) < sizeofErrno+unix.NLMSG_HDRLEN {
		return ackInfo{}, badAnswer(family, op, req, fmt.Errorf("%w answer: NLMSG_ERROR with %d bytes", ErrMalformed, len(payload)))
	}
	code := int32(binary.NativeEndian.Uint32(payload))
	echo := payload[sizeofErrno:]
	tlvs := echo[unix.NLMSG_HDRLEN:]
	echoed := unix.NLMSG_HDRLEN
	if flags&unix.NLM_F_CAPPED == 0 {
		n := binary.NativeEndian.Uint32(echo)
		if n < unix.NLMSG_HDRLEN || uint64(n) > uint64(len(echo)) {
			tlvs = nil // the length lies, and nobody knows where they start
		} else {
			echoed = int(n)
			tlvs = echo[min(align(echoed), len(echo)):]
		}
	}
	if len(req) < unix.NLMSG_HDRLEN {
		req = echo[:echoed]
	}
	return answer(family, op, req, flags, code, tlvs)
}

// parseDone reads the payload of an NLMSG_DONE message, as parseAck does that of an NLMSG_ERROR. A dump that ends well
// may end with any number that is not negative, or without one.
func parseDone(family int, op string, req []byte, flags uint16, payload []byte) (ackInfo, *Error) {
	if len(payload) < sizeofErrno {
		if len(payload) == 0 {
			return ackInfo{}, nil
		}
		return ackInfo{}, badAnswer(family, op, req, fmt.Errorf("%w answer: NLMSG_DONE with %d bytes", ErrMalformed, len(payload)))
	}
	code := min(int32(binary.NativeEndian.Uint32(payload)), 0)
	return answer(family, op, req, flags, code, payload[sizeofErrno:])
}

// answer makes the results of an answer from its errno, negated or not, and the attributes after it.
func answer(family int, op string, req []byte, flags uint16, code int32, tlvs []byte) (ackInfo, *Error) {
	if flags&unix.NLM_F_ACK_TLVS == 0 {
		tlvs = nil
	}
	if code == 0 {
		var info ackInfo
		for a, err := range Attributes(tlvs) {
			if err != nil {
				break
			}
			switch a.Type {
			case unix.NLMSGERR_ATTR_MSG:
				info.warning = text(a.Data)
			case unix.NLMSGERR_ATTR_COOKIE:
				info.cookie = bytes.Clone(a.Data)
			}
		}
		return info, nil
	}

	e := newError(family, op, req)
	e.Errno = syscall.Errno(code)
	if code < 0 {
		e.Errno = syscall.Errno(-int64(code))
	}
	e.addExtack(req, tlvs)
	return ackInfo{}, e
}

// newError returns an Error about a request, which may be nil.
func newError(family int, op string, req []byte) *Error {
	e := &Error{Op: op, Family: family}
	if len(req) >= unix.NLMSG_HDRLEN {
		e.Type = binary.NativeEndian.Uint16(req[4:])
		e.Flags = binary.NativeEndian.Uint16(req[6:])
		e.Seq = binary.NativeEndian.Uint32(req[8:])
	}
	return e
}

func badAnswer(family int, op string, req []byte, err error) *Error {
	e := newError(family, op, req)
	e.Err = unknown(err)
	return e
}

// addExtack reads the attributes of an extended acknowledgement, as far as they are well formed.
func (e *Error) addExtack(req, tlvs []byte) {
	for a, err := range Attributes(tlvs) {
		if err != nil {
			return
		}
		switch a.Type {
		case unix.NLMSGERR_ATTR_MSG:
			e.Message = text(a.Data)
		case unix.NLMSGERR_ATTR_OFFS:
			e.Offset, e.Path = locate(e.Family, req, a)
		case unix.NLMSGERR_ATTR_COOKIE:
			e.Cookie = bytes.Clone(a.Data)
		case nlmsgerrAttrPolicy:
			e.Policy = parsePolicy(a.Data)
		case nlmsgerrAttrMissType:
			if typ, err := a.Uint32(); err == nil && typ <= math.MaxUint16 {
				e.MissingType = uint16(typ)
			}
		case nlmsgerrAttrMissNest:
			e.MissingIn, e.MissingPath = locate(e.Family, req, a)
		}
	}
}

// locate returns the offset that a has, and the path of what is there in req.
func locate(family int, req []byte, a Attribute) (int, Path) {
	offset, err := a.Uint32()
	if err != nil || offset > math.MaxInt32 {
		return 0, nil
	}
	return int(offset), attributePath(family, req, int(offset))
}

// text is the kernel's words, up to a NUL if there is one.
func text(b []byte) string {
	b, _, _ = bytes.Cut(b, []byte{0})
	return string(b)
}
