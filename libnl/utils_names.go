package libnl

// #include "cgo_helpers.h"
import "C"

import "sync"

// Llproto2str returns the name of a link-layer type (ARPHRD_ETHER and so on): "ether", or the number in hex for one that libnl
// does not know.
//
// Goroutines: any.
//
// Implements:
//
//	char *nl_llproto2str(int, char *, size_t);
func Llproto2str(llproto int) string {
	return cstr(func(buf *C.char, n C.size_t) *C.char { return C.nl_llproto2str(C.int(llproto), buf, n) })
}

// Str2llproto returns the link-layer type of a name, or of a number.
//
// Goroutines: any. Errors: NLE_OBJ_NOTFOUND for a name that libnl does not know.
//
// Implements:
//
//	int nl_str2llproto(const char *);
func Str2llproto(name string) (int, error) {
	return byName("nl_str2llproto", name, func(c *C.char) C.int { return C.nl_str2llproto(c) })
}

// EtherProto2str returns the name of an Ethernet protocol (ETH_P_IP and so on): "ip", or the number in hex for one that libnl
// does not know.
//
// Goroutines: any.
//
// Implements:
//
//	char *nl_ether_proto2str(int, char *, size_t);
func EtherProto2str(eproto int) string {
	return cstr(func(buf *C.char, n C.size_t) *C.char { return C.nl_ether_proto2str(C.int(eproto), buf, n) })
}

// Str2etherProto returns the Ethernet protocol of a name, or of a number.
//
// Goroutines: any. Errors: NLE_OBJ_NOTFOUND for a name that libnl does not know.
//
// Implements:
//
//	int nl_str2ether_proto(const char *);
func Str2etherProto(name string) (int, error) {
	return byName("nl_str2ether_proto", name, func(c *C.char) C.int { return C.nl_str2ether_proto(c) })
}

// protocols is held around getprotobyname(3) and getprotobynumber(3), which answer in memory that all callers share.
var protocols sync.Mutex

// IpProto2str returns the name of an IP protocol, as /etc/protocols has it: "tcp", or the number in hex for one that is not
// there.
//
// Goroutines: any; but C that calls getprotobynumber(3) elsewhere in the process shares memory with libnl's call.
//
// Implements:
//
//	char *nl_ip_proto2str(int, char *, size_t);
func IpProto2str(proto int) string {
	protocols.Lock()
	defer protocols.Unlock()
	return cstr(func(buf *C.char, n C.size_t) *C.char { return C.nl_ip_proto2str(C.int(proto), buf, n) })
}

// Str2ipProto returns the IP protocol of a name in /etc/protocols, or of a number.
//
// Goroutines: any; but C that calls getprotobyname(3) elsewhere in the process shares memory with libnl's call. Errors:
// NLE_OBJ_NOTFOUND for a name that is not there, and for none, which libnl before 3.8 takes for 0.
//
// Implements:
//
//	int nl_str2ip_proto(const char *);
func Str2ipProto(name string) (int, error) {
	const fn = "nl_str2ip_proto"
	if name == "" {
		return 0, refusal(fn, NLE_OBJ_NOTFOUND, "no name")
	}
	protocols.Lock()
	defer protocols.Unlock()
	return byName(fn, name, func(c *C.char) C.int { return C.nl_str2ip_proto(c) })
}

// HasCapability reports whether the libnl that is running has a capability (NL_CAPABILITY_*).
//
// Goroutines: any.
//
// Implements:
//
//	int nl_has_capability(int);
func HasCapability(capability int) bool {
	return capability == int(C.int(capability)) && C.nl_has_capability(C.int(capability)) != 0
}

// CapabilityIsUserReserved reports whether the number of a capability is one that libnl leaves to others.
//
// Goroutines: any.
//
// Implements:
//
//	#define NL_CAPABILITY_IS_USER_RESERVED(cap)
func CapabilityIsUserReserved(capability int) bool { return capability&^0x0FFF == 0x7000 }
