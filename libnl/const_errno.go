package libnl

// #include "cgo_helpers.h"
import "C"

// The codes of netlink/errno.h. [NLE_MAX] is the highest that the headers know; a newer library may have more.
const (
	NLE_SUCCESS           Error = C.NLE_SUCCESS
	NLE_FAILURE           Error = C.NLE_FAILURE
	NLE_INTR              Error = C.NLE_INTR
	NLE_BAD_SOCK          Error = C.NLE_BAD_SOCK
	NLE_AGAIN             Error = C.NLE_AGAIN
	NLE_NOMEM             Error = C.NLE_NOMEM
	NLE_EXIST             Error = C.NLE_EXIST
	NLE_INVAL             Error = C.NLE_INVAL
	NLE_RANGE             Error = C.NLE_RANGE
	NLE_MSGSIZE           Error = C.NLE_MSGSIZE
	NLE_OPNOTSUPP         Error = C.NLE_OPNOTSUPP
	NLE_AF_NOSUPPORT      Error = C.NLE_AF_NOSUPPORT
	NLE_OBJ_NOTFOUND      Error = C.NLE_OBJ_NOTFOUND
	NLE_NOATTR            Error = C.NLE_NOATTR
	NLE_MISSING_ATTR      Error = C.NLE_MISSING_ATTR
	NLE_AF_MISMATCH       Error = C.NLE_AF_MISMATCH
	NLE_SEQ_MISMATCH      Error = C.NLE_SEQ_MISMATCH
	NLE_MSG_OVERFLOW      Error = C.NLE_MSG_OVERFLOW
	NLE_MSG_TRUNC         Error = C.NLE_MSG_TRUNC
	NLE_NOADDR            Error = C.NLE_NOADDR
	NLE_SRCRT_NOSUPPORT   Error = C.NLE_SRCRT_NOSUPPORT
	NLE_MSG_TOOSHORT      Error = C.NLE_MSG_TOOSHORT
	NLE_MSGTYPE_NOSUPPORT Error = C.NLE_MSGTYPE_NOSUPPORT
	NLE_OBJ_MISMATCH      Error = C.NLE_OBJ_MISMATCH
	NLE_NOCACHE           Error = C.NLE_NOCACHE
	NLE_BUSY              Error = C.NLE_BUSY
	NLE_PROTO_MISMATCH    Error = C.NLE_PROTO_MISMATCH
	NLE_NOACCESS          Error = C.NLE_NOACCESS
	NLE_PERM              Error = C.NLE_PERM
	NLE_PKTLOC_FILE       Error = C.NLE_PKTLOC_FILE
	NLE_PARSE_ERR         Error = C.NLE_PARSE_ERR
	NLE_NODEV             Error = C.NLE_NODEV
	NLE_IMMUTABLE         Error = C.NLE_IMMUTABLE
	NLE_DUMP_INTR         Error = C.NLE_DUMP_INTR
	NLE_ATTRSIZE          Error = C.NLE_ATTRSIZE
	NLE_HOSTUNREACH       Error = 35 // since libnl 3.12
	NLE_NETDOWN           Error = 36 // since libnl 3.12
	NLE_MAX               Error = C.NLE_MAX
)
