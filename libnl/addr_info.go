package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"encoding/binary"
	"strings"
	"syscall"
	"unsafe"
)

// Addr2str returns the address as text, with the prefix length if that is not the whole address.
//
// Goroutines: any. Errors: none; empty on a freed address, and for fewer bytes than the family has, beyond which C reads.
//
// Implements:
//
//	char *nl_addr2str(const struct nl_addr *, char *, size_t);
func (a *Addr) Addr2str() (text string) {
	_ = a.with(func(p *C.struct_nl_addr) error {
		if n := C.nl_addr_get_len(p); n > 0 && !whole(int(C.nl_addr_get_family(p)), C.GoBytes(C.nl_addr_get_binary_addr(p), C.int(n))) {
			return nil
		}
		text = cstr(func(buf *C.char, n C.size_t) *C.char { return C.nl_addr2str(p, buf, n) })
		return nil
	})
	return text
}

// whole reports whether b is long enough for libnl to print as an address of the family.
func whole(family int, b []byte) bool {
	switch family {
	case C.AF_INET:
		return len(b) >= 4
	case C.AF_INET6:
		return len(b) >= 16
	case C.AF_DECnet:
		return len(b) >= 2
	case C.AF_MPLS: // labels of four bytes, the last one with the bottom-of-stack bit
		for ; len(b) >= 4; b = b[4:] {
			if b[2]&1 != 0 {
				return true
			}
		}
		return false
	}
	return true
}

// AddrValid reports whether text is an address of a family; of a family that libnl has no text for, everything is. Of
// AF_LLC, libnl takes nothing for an address.
//
// Goroutines: any.
//
// Implements:
//
//	int nl_addr_valid(const char *, int);
func AddrValid(text string, family int) bool {
	if strings.IndexByte(text, 0) >= 0 {
		return false
	}
	c := C.CString(text)
	defer C.free(unsafe.Pointer(c))
	return C.nl_addr_valid(c, C.int(family)) != 0
}

// FillSockaddr returns the address as a socket address, with port 0. An address without bytes is that of zeros.
//
// Goroutines: any. Errors: NLE_INVAL for a family other than AF_INET and AF_INET6, and for an address that has not as many
// bytes as the family wants; ErrFreed.
//
// Implements:
//
//	int nl_addr_fill_sockaddr(const struct nl_addr *, struct sockaddr *, socklen_t *);
func (a *Addr) FillSockaddr() (sa syscall.Sockaddr, err error) {
	err = a.with(func(p *C.struct_nl_addr) error {
		var ss C.struct_sockaddr_storage
		n := C.socklen_t(unsafe.Sizeof(ss))
		c := (*C.struct_sockaddr)(unsafe.Pointer(&ss))
		if ret := C.nl_addr_fill_sockaddr(p, c, &n); ret < 0 {
			return failure("nl_addr_fill_sockaddr", ret, 0)
		}
		sa = sockaddrFrom(c)
		return nil
	})
	return sa, err
}

// sockaddrFrom copies a socket address of AF_INET or AF_INET6; it is nil for others.
func sockaddrFrom(c *C.struct_sockaddr) syscall.Sockaddr {
	port := func(p *C.in_port_t) int { return int(binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(p))[:])) }
	if c == nil {
		return nil
	}
	switch c.sa_family {
	case C.AF_INET:
		in := (*C.struct_sockaddr_in)(unsafe.Pointer(c))
		return &syscall.SockaddrInet4{Port: port(&in.sin_port), Addr: *(*[4]byte)(unsafe.Pointer(&in.sin_addr))}
	case C.AF_INET6:
		in := (*C.struct_sockaddr_in6)(unsafe.Pointer(c))
		return &syscall.SockaddrInet6{
			Port: port(&in.sin6_port), ZoneId: uint32(in.sin6_scope_id), Addr: *(*[16]byte)(unsafe.Pointer(&in.sin6_addr)),
		}
	}
	return nil
}

// Addrinfo is what getaddrinfo(3) says of an address (struct addrinfo).
type Addrinfo struct {
	AiFlags     int
	AiFamily    int
	AiSocktype  int
	AiProtocol  int
	AiAddr      syscall.Sockaddr // nil for a family other than AF_INET and AF_INET6
	AiCanonname string
}

// Info returns what getaddrinfo(3) makes of the text of the address: one entry for each type of socket. It asks no server.
//
// Ownership: the result is yours. Goroutines: any. Errors: NLE_OBJ_NOTFOUND for text that is no address to getaddrinfo: one
// with a prefix length, or without bytes; NLE_AF_NOSUPPORT for another family; NLE_INVAL for fewer bytes than the family
// has, beyond which C reads; NLE_NOMEM, ErrFreed.
//
// Implements:
//
//	int nl_addr_info(const struct nl_addr *, struct addrinfo **);
func (a *Addr) Info() (all []Addrinfo, err error) {
	const fn = "nl_addr_info"
	p, err := a.copy(fn)
	if err != nil {
		return nil, err
	}
	defer C.nl_addr_put(p)
	family := int(C.nl_addr_get_family(p))
	if n := C.nl_addr_get_len(p); n > 0 && !whole(family, C.GoBytes(C.nl_addr_get_binary_addr(p), C.int(n))) {
		return nil, refusal(fn, NLE_INVAL, "%d bytes are too few for family %d", n, family)
	}
	if family == C.AF_MPLS || family == C.AF_DECnet { // whose text C may leave unwritten; getaddrinfo takes neither
		return nil, refusal(fn, NLE_AF_NOSUPPORT, "family %d", family)
	}
	var first *C.struct_addrinfo
	if ret := C.nl_addr_info(p, &first); ret < 0 {
		return nil, failure(fn, ret, 0)
	}
	defer C.freeaddrinfo(first)
	for ai := first; ai != nil; ai = ai.ai_next {
		info := Addrinfo{
			AiFlags: int(ai.ai_flags), AiFamily: int(ai.ai_family), AiSocktype: int(ai.ai_socktype),
			AiProtocol: int(ai.ai_protocol), AiAddr: sockaddrFrom(ai.ai_addr),
		}
		if ai.ai_canonname != nil {
			info.AiCanonname = C.GoString(ai.ai_canonname)
		}
		all = append(all, info)
	}
	return all, nil
}

// Resolve returns the name of the host that has the address, as getnameinfo(3) finds it. It may wait for a name server.
//
// Goroutines: any. Errors: NLE_INVAL as [Addr.FillSockaddr]; NLE_OBJ_NOTFOUND if there is no name, or no server that
// answers; others that libnl takes the resolver's number for; ErrFreed, NLE_NOMEM.
//
// Implements:
//
//	int nl_addr_resolve(const struct nl_addr *, char *, size_t);
func (a *Addr) Resolve() (host string, err error) {
	p, err := a.copy("nl_addr_resolve")
	if err != nil {
		return "", err
	}
	defer C.nl_addr_put(p)
	var buf [C.NI_MAXHOST]C.char
	switch ret := C.nl_addr_resolve(p, &buf[0], C.size_t(len(buf))); {
	case ret < 0:
		return "", failure("nl_addr_resolve", ret, 0)
	case ret > 0: // libnl forgets to negate what it makes of the resolver's error
		return "", failure("nl_addr_resolve", -ret, 0)
	}
	return C.GoString(&buf[0]), nil
}

// Af2str returns the name of an address family: "inet", or the number in hex for one that libnl does not know.
//
// Goroutines: any.
//
// Implements:
//
//	char *nl_af2str(int, char *, size_t);
func Af2str(family int) string {
	return cstr(func(buf *C.char, n C.size_t) *C.char { return C.nl_af2str(C.int(family), buf, n) })
}

// Str2af returns the address family of a name, or of a number.
//
// Goroutines: any. Errors: NLE_OBJ_NOTFOUND for a name that libnl does not know.
//
// Implements:
//
//	int nl_str2af(const char *);
func Str2af(name string) (int, error) {
	return byName("nl_str2af", name, func(c *C.char) C.int { return C.nl_str2af(c) })
}
