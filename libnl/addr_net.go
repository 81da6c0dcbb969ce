package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"net"
	"net/netip"
)

// AddrFromNetip makes an address of AF_INET or AF_INET6. The prefix is as long as the address.
//
// Ownership: the result is ref'd, Put it. Goroutines: any. Errors: NLE_INVAL for the zero netip.Addr, and for one with a
// zone, which libnl has no place for; NLE_NOMEM.
func AddrFromNetip(ip netip.Addr) (*Addr, error) {
	if !ip.IsValid() || ip.Zone() != "" {
		return nil, refusal("nl_addr_build", NLE_INVAL, "%q is no address without a zone", ip)
	}
	family := C.AF_INET6
	if ip.Is4() {
		family = C.AF_INET
	}
	return AddrBuild(family, ip.AsSlice())
}

// AddrFromPrefix makes an address of AF_INET or AF_INET6 with its prefix length. The bits behind the prefix stay.
//
// Ownership: the result is ref'd, Put it. Goroutines: any. Errors: NLE_INVAL for the zero netip.Prefix, NLE_NOMEM.
func AddrFromPrefix(p netip.Prefix) (*Addr, error) {
	if !p.IsValid() {
		return nil, refusal("nl_addr_build", NLE_INVAL, "no prefix")
	}
	a, err := AddrFromNetip(p.Addr())
	if err != nil {
		return nil, err
	}
	return a, a.SetPrefixlen(p.Bits())
}

// AddrFromHardware makes an address of AF_LLC if it has six bytes, of AF_UNSPEC if it has another number.
//
// Ownership: hw is copied; the result is ref'd, Put it. Goroutines: any. Errors: NLE_NOADDR if there are no bytes,
// NLE_NOMEM, NLE_RANGE.
func AddrFromHardware(hw net.HardwareAddr) (*Addr, error) {
	switch len(hw) {
	case 0:
		return nil, refusal("nl_addr_build", NLE_NOADDR, "no bytes")
	case 6:
		return AddrBuild(C.AF_LLC, hw)
	}
	return AddrBuild(C.AF_UNSPEC, hw)
}

// ip returns the address; one without bytes is that of zeros, as nl_addr_fill_sockaddr has it.
func (s addrParts) ip() (netip.Addr, error) {
	switch {
	case s.family != C.AF_INET && s.family != C.AF_INET6:
		return netip.Addr{}, refusal("netip.Addr", NLE_AF_NOSUPPORT, "family %s", Af2str(s.family))
	case s.family == C.AF_INET && len(s.bytes) == 0:
		return netip.IPv4Unspecified(), nil
	case s.family == C.AF_INET6 && len(s.bytes) == 0:
		return netip.IPv6Unspecified(), nil
	case s.family == C.AF_INET && len(s.bytes) != 4, s.family == C.AF_INET6 && len(s.bytes) != 16:
		return netip.Addr{}, refusal("netip.Addr", NLE_INVAL, "%d bytes in family %s", len(s.bytes), Af2str(s.family))
	}
	ip, _ := netip.AddrFromSlice(s.bytes)
	return ip, nil
}

// Netip returns the address without its prefix length. One without bytes ("none", and before libnl 3.8 "any") is that of
// zeros, as in [Addr.FillSockaddr].
//
// Goroutines: any. Errors: NLE_AF_NOSUPPORT for a family other than AF_INET and AF_INET6, NLE_INVAL for an address that has
// not as many bytes as the family wants, ErrFreed.
func (a *Addr) Netip() (netip.Addr, error) {
	s, err := a.parts()
	if err != nil {
		return netip.Addr{}, err
	}
	return s.ip()
}

// Prefix returns the address with its prefix length.
//
// Goroutines: any. Errors: as [Addr.Netip]; NLE_RANGE for a prefix that is longer than the address.
func (a *Addr) Prefix() (netip.Prefix, error) {
	s, err := a.parts()
	if err != nil {
		return netip.Prefix{}, err
	}
	ip, err := s.ip()
	if err != nil {
		return netip.Prefix{}, err
	}
	if s.prefixlen > ip.BitLen() {
		return netip.Prefix{}, refusal("netip.Prefix", NLE_RANGE, "%d bits of %d", s.prefixlen, ip.BitLen())
	}
	return netip.PrefixFrom(ip, s.prefixlen), nil
}

// Hardware returns a link-layer address.
//
// Ownership: the result is yours. Goroutines: any. Errors: NLE_AF_NOSUPPORT for a family other than AF_LLC and AF_UNSPEC,
// NLE_NOADDR if there are no bytes, ErrFreed.
func (a *Addr) Hardware() (net.HardwareAddr, error) {
	s, err := a.parts()
	switch {
	case err != nil:
		return nil, err
	case s.family != C.AF_LLC && s.family != C.AF_UNSPEC:
		return nil, refusal("net.HardwareAddr", NLE_AF_NOSUPPORT, "family %s", Af2str(s.family))
	case len(s.bytes) == 0:
		return nil, refusal("net.HardwareAddr", NLE_NOADDR, "no bytes")
	}
	return s.bytes, nil
}
