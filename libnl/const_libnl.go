package libnl

// #include "cgo_helpers.h"
import "C"

import "strconv"

// CbAction is what a callback says should come next (enum nl_cb_action).
type CbAction int

// The actions of netlink/handlers.h.
const (
	NL_OK   CbAction = C.NL_OK   // go on with this message
	NL_SKIP CbAction = C.NL_SKIP // leave this message, go on with the next
	NL_STOP CbAction = C.NL_STOP // return at once; the rest of the datagram is dropped
)

// CbKind is where a callback comes from (enum nl_cb_kind).
type CbKind int

// The kinds of netlink/handlers.h. The built-in callbacks of VERBOSE and DEBUG print to standard error.
const (
	NL_CB_DEFAULT  CbKind = C.NL_CB_DEFAULT  // none: libnl's own behaviour
	NL_CB_VERBOSE  CbKind = C.NL_CB_VERBOSE  // libnl's callbacks that report errors and invalid messages
	NL_CB_DEBUG    CbKind = C.NL_CB_DEBUG    // libnl's callbacks that print every message; FINISH and ACK stop
	NL_CB_CUSTOM   CbKind = C.NL_CB_CUSTOM   // the caller's function
	NL_CB_KIND_MAX CbKind = C.NL_CB_KIND_MAX // the highest kind
)

// CbType is when a message callback is called (enum nl_cb_type).
type CbType int

// The types of netlink/handlers.h.
const (
	NL_CB_VALID     CbType = C.NL_CB_VALID     // a message that is none of those below
	NL_CB_FINISH    CbType = C.NL_CB_FINISH    // NLMSG_DONE
	NL_CB_OVERRUN   CbType = C.NL_CB_OVERRUN   // NLMSG_OVERRUN
	NL_CB_SKIPPED   CbType = C.NL_CB_SKIPPED   // NLMSG_NOOP
	NL_CB_ACK       CbType = C.NL_CB_ACK       // NLMSG_ERROR with error 0
	NL_CB_MSG_IN    CbType = C.NL_CB_MSG_IN    // every message received, first of all
	NL_CB_MSG_OUT   CbType = C.NL_CB_MSG_OUT   // every message sent, but by Sendto
	NL_CB_INVALID   CbType = C.NL_CB_INVALID   // wrong sequence number, or too short
	NL_CB_SEQ_CHECK CbType = C.NL_CB_SEQ_CHECK // in the place of libnl's sequence check
	NL_CB_SEND_ACK  CbType = C.NL_CB_SEND_ACK  // a message that asks for an ACK
	NL_CB_DUMP_INTR CbType = C.NL_CB_DUMP_INTR // a message with NLM_F_DUMP_INTR
	NL_CB_TYPE_MAX  CbType = C.NL_CB_TYPE_MAX  // the highest type; one above it says that none is active
)

var cbTypeNames = [...]string{
	NL_CB_VALID: "NL_CB_VALID", NL_CB_FINISH: "NL_CB_FINISH", NL_CB_OVERRUN: "NL_CB_OVERRUN",
	NL_CB_SKIPPED: "NL_CB_SKIPPED", NL_CB_ACK: "NL_CB_ACK", NL_CB_MSG_IN: "NL_CB_MSG_IN",
	NL_CB_MSG_OUT: "NL_CB_MSG_OUT", NL_CB_INVALID: "NL_CB_INVALID", NL_CB_SEQ_CHECK: "NL_CB_SEQ_CHECK",
	NL_CB_SEND_ACK: "NL_CB_SEND_ACK", NL_CB_DUMP_INTR: "NL_CB_DUMP_INTR",
}

// String returns the C name.
func (t CbType) String() string {
	if t < 0 || int(t) >= len(cbTypeNames) {
		return "CbType(" + strconv.Itoa(int(t)) + ")"
	}
	return cbTypeNames[t]
}

// What stands for a number that libnl fills in, and for no padding (netlink/msg.h).
const (
	NL_AUTO_PORT = C.NL_AUTO_PORT
	NL_AUTO_PID  = C.NL_AUTO_PID
	NL_AUTO_SEQ  = C.NL_AUTO_SEQ
	NL_DONTPAD   = C.NL_DONTPAD
)

// The attribute types of a [NlaPolicy] (netlink/attr.h).
const (
	NLA_UNSPEC        = C.NLA_UNSPEC
	NLA_U8            = C.NLA_U8
	NLA_U16           = C.NLA_U16
	NLA_U32           = C.NLA_U32
	NLA_U64           = C.NLA_U64
	NLA_STRING        = C.NLA_STRING
	NLA_FLAG          = C.NLA_FLAG
	NLA_MSECS         = C.NLA_MSECS
	NLA_NESTED        = C.NLA_NESTED
	NLA_NESTED_COMPAT = C.NLA_NESTED_COMPAT
	NLA_NUL_STRING    = C.NLA_NUL_STRING
	NLA_BINARY        = C.NLA_BINARY
	NLA_S8            = C.NLA_S8
	NLA_S16           = C.NLA_S16
	NLA_S32           = C.NLA_S32
	NLA_S64           = C.NLA_S64
	NLA_SINT          = 20 // since libnl 3.11
	NLA_UINT          = 21 // since libnl 3.11
	NLA_TYPE_MAX      = C.NLA_TYPE_MAX
)
