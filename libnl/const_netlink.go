package libnl

// #include "cgo_helpers.h"
import "C"

// The protocols of linux/netlink.h.
const (
	NETLINK_ROUTE          = C.NETLINK_ROUTE
	NETLINK_UNUSED         = C.NETLINK_UNUSED
	NETLINK_USERSOCK       = C.NETLINK_USERSOCK
	NETLINK_FIREWALL       = C.NETLINK_FIREWALL
	NETLINK_SOCK_DIAG      = C.NETLINK_SOCK_DIAG
	NETLINK_NFLOG          = C.NETLINK_NFLOG
	NETLINK_XFRM           = C.NETLINK_XFRM
	NETLINK_SELINUX        = C.NETLINK_SELINUX
	NETLINK_ISCSI          = C.NETLINK_ISCSI
	NETLINK_AUDIT          = C.NETLINK_AUDIT
	NETLINK_FIB_LOOKUP     = C.NETLINK_FIB_LOOKUP
	NETLINK_CONNECTOR      = C.NETLINK_CONNECTOR
	NETLINK_NETFILTER      = C.NETLINK_NETFILTER
	NETLINK_IP6_FW         = C.NETLINK_IP6_FW
	NETLINK_DNRTMSG        = C.NETLINK_DNRTMSG
	NETLINK_KOBJECT_UEVENT = C.NETLINK_KOBJECT_UEVENT
	NETLINK_GENERIC        = C.NETLINK_GENERIC
	NETLINK_SCSITRANSPORT  = C.NETLINK_SCSITRANSPORT
	NETLINK_ECRYPTFS       = C.NETLINK_ECRYPTFS
	NETLINK_RDMA           = C.NETLINK_RDMA
	NETLINK_CRYPTO         = C.NETLINK_CRYPTO
	NETLINK_SMC            = 22
	NETLINK_INET_DIAG      = C.NETLINK_INET_DIAG
)

// Flags of a message (nlmsg_flags): of any, of requests that get, that make, that delete, and of ACKs.
const (
	NLM_F_REQUEST       = C.NLM_F_REQUEST
	NLM_F_MULTI         = C.NLM_F_MULTI
	NLM_F_ACK           = C.NLM_F_ACK
	NLM_F_ECHO          = C.NLM_F_ECHO
	NLM_F_DUMP_INTR     = C.NLM_F_DUMP_INTR
	NLM_F_DUMP_FILTERED = C.NLM_F_DUMP_FILTERED
	NLM_F_ROOT          = C.NLM_F_ROOT
	NLM_F_MATCH         = C.NLM_F_MATCH
	NLM_F_ATOMIC        = C.NLM_F_ATOMIC
	NLM_F_DUMP          = C.NLM_F_DUMP
	NLM_F_REPLACE       = C.NLM_F_REPLACE
	NLM_F_EXCL          = C.NLM_F_EXCL
	NLM_F_CREATE        = C.NLM_F_CREATE
	NLM_F_APPEND        = C.NLM_F_APPEND
	NLM_F_NONREC        = C.NLM_F_NONREC
	NLM_F_BULK          = 0x200
	NLM_F_CAPPED        = C.NLM_F_CAPPED
	NLM_F_ACK_TLVS      = C.NLM_F_ACK_TLVS
)

// Control message types, and sizes.
const (
	NLMSG_ALIGNTO  = 4
	NLMSG_HDRLEN   = 16
	NLMSG_NOOP     = C.NLMSG_NOOP
	NLMSG_ERROR    = C.NLMSG_ERROR
	NLMSG_DONE     = C.NLMSG_DONE
	NLMSG_OVERRUN  = C.NLMSG_OVERRUN
	NLMSG_MIN_TYPE = C.NLMSG_MIN_TYPE
)

// Options of a netlink socket, for setsockopt at level SOL_NETLINK.
const (
	NETLINK_ADD_MEMBERSHIP   = C.NETLINK_ADD_MEMBERSHIP
	NETLINK_DROP_MEMBERSHIP  = C.NETLINK_DROP_MEMBERSHIP
	NETLINK_PKTINFO          = C.NETLINK_PKTINFO
	NETLINK_BROADCAST_ERROR  = C.NETLINK_BROADCAST_ERROR
	NETLINK_NO_ENOBUFS       = C.NETLINK_NO_ENOBUFS
	NETLINK_RX_RING          = C.NETLINK_RX_RING
	NETLINK_TX_RING          = C.NETLINK_TX_RING
	NETLINK_LISTEN_ALL_NSID  = C.NETLINK_LISTEN_ALL_NSID
	NETLINK_LIST_MEMBERSHIPS = C.NETLINK_LIST_MEMBERSHIPS
	NETLINK_CAP_ACK          = C.NETLINK_CAP_ACK
	NETLINK_EXT_ACK          = C.NETLINK_EXT_ACK
	NETLINK_GET_STRICT_CHK   = 12
	SOL_NETLINK              = C.SOL_NETLINK
)

// Bits of an attribute type (nla_type), and sizes.
const (
	NLA_F_NESTED        = C.NLA_F_NESTED
	NLA_F_NET_BYTEORDER = C.NLA_F_NET_BYTEORDER
	NLA_TYPE_MASK       = 0x3fff
	NLA_ALIGNTO         = C.NLA_ALIGNTO
	NLA_HDRLEN          = 4
)

// Attributes of an extended ACK, which follow the request that an NLMSG_ERROR message quotes. The numbers are written out
// since the headers of older kernels lack the last ones.
const (
	NLMSGERR_ATTR_UNUSED    = 0
	NLMSGERR_ATTR_MSG       = 1 // string: what the kernel has to say
	NLMSGERR_ATTR_OFFS      = 2 // u32: offset in the request of the attribute it is about
	NLMSGERR_ATTR_COOKIE    = 3 // binary: for the caller to match
	NLMSGERR_ATTR_POLICY    = 4 // nested: the policy that the attribute broke
	NLMSGERR_ATTR_MISS_TYPE = 5 // u32: type of an attribute that is missing
	NLMSGERR_ATTR_MISS_NEST = 6 // u32: offset of the nest in which it is missing
	NLMSGERR_ATTR_MAX       = 6
)

// What a policy that the kernel sends says of an attribute: its type, and the attributes of the description.
const (
	NL_ATTR_TYPE_INVALID      = 0
	NL_ATTR_TYPE_FLAG         = 1
	NL_ATTR_TYPE_U8           = 2
	NL_ATTR_TYPE_U16          = 3
	NL_ATTR_TYPE_U32          = 4
	NL_ATTR_TYPE_U64          = 5
	NL_ATTR_TYPE_S8           = 6
	NL_ATTR_TYPE_S16          = 7
	NL_ATTR_TYPE_S32          = 8
	NL_ATTR_TYPE_S64          = 9
	NL_ATTR_TYPE_BINARY       = 10
	NL_ATTR_TYPE_STRING       = 11
	NL_ATTR_TYPE_NUL_STRING   = 12
	NL_ATTR_TYPE_NESTED       = 13
	NL_ATTR_TYPE_NESTED_ARRAY = 14
	NL_ATTR_TYPE_BITFIELD32   = 15
	NL_ATTR_TYPE_SINT         = 16
	NL_ATTR_TYPE_UINT         = 17

	NL_POLICY_TYPE_ATTR_UNSPEC          = 0
	NL_POLICY_TYPE_ATTR_TYPE            = 1
	NL_POLICY_TYPE_ATTR_MIN_VALUE_S     = 2
	NL_POLICY_TYPE_ATTR_MAX_VALUE_S     = 3
	NL_POLICY_TYPE_ATTR_MIN_VALUE_U     = 4
	NL_POLICY_TYPE_ATTR_MAX_VALUE_U     = 5
	NL_POLICY_TYPE_ATTR_MIN_LENGTH      = 6
	NL_POLICY_TYPE_ATTR_MAX_LENGTH      = 7
	NL_POLICY_TYPE_ATTR_POLICY_IDX      = 8
	NL_POLICY_TYPE_ATTR_POLICY_MAXTYPE  = 9
	NL_POLICY_TYPE_ATTR_BITFIELD32_MASK = 10
	NL_POLICY_TYPE_ATTR_PAD             = 11
	NL_POLICY_TYPE_ATTR_MASK            = 12
	NL_POLICY_TYPE_ATTR_MAX             = 12
)

// The rest of linux/netlink.h: states of a socket, and numbers that nothing uses any more.
const (
	NETLINK_UNCONNECTED = C.NETLINK_UNCONNECTED
	NETLINK_CONNECTED   = C.NETLINK_CONNECTED

	MAX_LINKS = C.MAX_LINKS
	NET_MAJOR = C.NET_MAJOR
)
