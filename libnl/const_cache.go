package libnl

// #include "cgo_helpers.h"
import "C"

// What happened to an object of a cache (netlink/cache.h).
const (
	NL_ACT_UNSPEC = C.NL_ACT_UNSPEC
	NL_ACT_NEW    = C.NL_ACT_NEW
	NL_ACT_DEL    = C.NL_ACT_DEL
	NL_ACT_GET    = C.NL_ACT_GET
	NL_ACT_SET    = C.NL_ACT_SET
	NL_ACT_CHANGE = C.NL_ACT_CHANGE
	NL_ACT_MAX    = C.NL_ACT_MAX
)

// Flags of a cache, and of a manager (netlink/cache.h).
const (
	NL_CACHE_AF_ITER = C.NL_CACHE_AF_ITER // dump each address family by itself
	NL_AUTO_PROVIDE  = C.NL_AUTO_PROVIDE  // provide each cache that is added to the manager
)
