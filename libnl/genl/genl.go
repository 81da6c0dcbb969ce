package genl

// #cgo pkg-config: libnl-3.0 libnl-genl-3.0
// #cgo CFLAGS: -D_GNU_SOURCE
// #include "cgo_helpers.h"
import "C"

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/libnl/internal/core"
)

// Connect connects the socket to generic netlink.
//
// Ownership: sk is borrowed. Goroutines: alone. Errors: those of [libnl.Socket.Connect].
//
// Implements:
//
//	int genl_connect(struct nl_sock *);
func Connect(sk *libnl.Socket) error {
	return core.Libnl.Alone(sk, func(p unsafe.Pointer) error {
		ret, cerr := C.genl_connect((*C.struct_nl_sock)(p))
		return core.Libnl.Failure("genl_connect", int(ret), cerr)
	})
}

// SendSimple sends a message that is a generic netlink header and nothing else, completed as by
// [libnl.Socket.SendAuto]. It returns the number of bytes.
//
// Ownership: sk is borrowed. Goroutines: sender. Errors: NLE_RANGE for a family or flags that are no 16-bit number; those
// of [libnl.Socket.Send].
//
// Implements:
//
//	int genl_send_simple(struct nl_sock *, int, int, int, int);
func SendSimple(sk *libnl.Socket, family int, cmd, version uint8, flags int) (int, error) {
	if err := checkHeader("genl_send_simple", family, flags); err != nil {
		return 0, err
	}
	arg := C.struct_golibnl_genl_simple{
		family: C.int(family), cmd: C.int(cmd), version: C.int(version), flags: C.int(flags),
	}
	return core.Libnl.Exchange("genl_send_simple", sk, false, C.golibnl_genl_send_simple, unsafe.Pointer(&arg))
}

// Put writes the netlink header and the generic netlink header of a message, and makes room for the family's own header of
// hdrlen bytes, which is the result. Use libnl.NL_AUTO_PORT and NL_AUTO_SEQ to leave port ID and sequence number to the
// send.
//
// Ownership: msg is borrowed; the result is borrowed until it is freed. Goroutines: any. Errors: NLE_NOMEM if there is no
// room; NLE_RANGE for a family or flags that are no 16-bit number and a negative hdrlen; ErrBusy, ErrFreed.
//
// Implements:
//
//	void *genlmsg_put(struct nl_msg *, uint32_t, uint32_t, int, int, int, uint8_t, uint8_t);
func Put(msg *libnl.Msg, port, seq uint32, family, hdrlen, flags int, cmd, version uint8) (room libnl.Reserved, err error) {
	if err = checkHeader("genlmsg_put", family, flags); err != nil {
		return room, err
	}
	if hdrlen < 0 || hdrlen > math.MaxUint16 {
		return room, refusal("genlmsg_put", libnl.NLE_RANGE, "a family header of %d bytes", hdrlen)
	}
	err = core.Libnl.With(msg, func(p unsafe.Pointer) error {
		off := C.golibnl_genl_put((*C.struct_nl_msg)(p), C.uint32_t(port), C.uint32_t(seq), C.int(family), C.int(hdrlen),
			C.int(flags), C.uint8_t(cmd), C.uint8_t(version))
		if off < 0 {
			return core.Libnl.Failure("genlmsg_put", -int(libnl.NLE_NOMEM), nil)
		}
		room = core.Libnl.Room(msg, int(off), hdrlen).(libnl.Reserved)
		return nil
	})
	return room, err
}

func checkHeader(fn string, family, flags int) error {
	if family < 0 || family > math.MaxUint16 || flags < 0 || flags > math.MaxUint16 {
		return refusal(fn, libnl.NLE_RANGE, "family %d or flags %#x are no 16-bit number", family, flags)
	}
	return nil
}

// refusal is the error of an argument that libnl would overrun on, or silently change.
func refusal(fn string, code libnl.Error, why string, args ...any) error {
	return core.Libnl.Refusal(fn, int(code), fmt.Sprintf(why, args...))
}
