//go:build linux

package kernelside

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/libnl"
)

// nlmsgerrMsg is NLMSGERR_ATTR_MSG, the text of an extended ACK.
const nlmsgerrMsg = 1

// WantReasons makes the kernel add a text to errors, and the receive loop return it. The socket must be connected.
func WantReasons(sk *libnl.Socket) error {
	refused := func(_ libnl.SockaddrNl, e *libnl.Nlmsgerr) (libnl.CbAction, error) {
		return libnl.NL_STOP, Refusal(e.Hdr())
	}
	return errors.Join(
		unix.SetsockoptInt(sk.GetFd(), unix.SOL_NETLINK, libnl.NETLINK_EXT_ACK, 1),
		sk.ModifyErrCb(libnl.NL_CB_CUSTOM, refused), // nl_socket_modify_err_cb
	)
}

// Refusal is the error that an NLMSG_ERROR message carries, nil for an ACK.
func Refusal(h *libnl.Nlmsghdr) error {
	b := h.Data()
	if len(b) < 4+libnl.NLMSG_HDRLEN {
		return libnl.NLE_MSG_TRUNC
	}
	errno := syscall.Errno(-int32(binary.NativeEndian.Uint32(b)))
	if errno == 0 {
		return nil
	}
	if h.NlmsgFlags&libnl.NLM_F_ACK_TLVS == 0 {
		return fmt.Errorf("the kernel refuses it: %w", errno)
	}
	// Behind the errno is the request, or only its header, and then the attributes.
	skip := 4 + libnl.NLMSG_HDRLEN
	if h.NlmsgFlags&libnl.NLM_F_CAPPED == 0 {
		skip = 4 + int(binary.NativeEndian.Uint32(b[4:])+3)&^3
	}
	text := libnl.NlaFind(b[min(skip, len(b)):], nlmsgerrMsg).GetString() // nla_find, nla_get_string
	return fmt.Errorf("the kernel refuses it: %s (%w)", text, errno)
}
