//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/nl"
)

// route is a route, with more hops than one if it has several paths.
type route struct {
	family, typ uint8
	bits        uint8
	to          netip.Addr // not valid: all
	table       uint32
	hops        []hop
}

type hop struct {
	gateway netip.Addr // not valid: none
	index   uint32     // of the device; 0: none
	device  string
}

// parse reads an RTM_NEWROUTE.
func parse(m nl.Message) (route, error) {
	var header unix.RtMsg
	if _, err := binary.Decode(m.Payload, binary.NativeEndian, &header); err != nil {
		return route{}, fmt.Errorf("a message about a route is too short: %w", err)
	}
	r := route{family: header.Family, typ: header.Type, bits: header.Dst_len, table: uint32(header.Table)}
	var single hop
	for a, err := range m.Attributes(unix.SizeofRtMsg) {
		switch {
		case err != nil:
		case a.Type == unix.RTA_DST:
			r.to, err = a.Addr()
		case a.Type == unix.RTA_TABLE: // the header's has 8 bits
			r.table, err = a.Uint32()
		case a.Type == unix.RTA_MULTIPATH:
			r.hops, err = parseHops(a.Data)
		default:
			err = single.take(a)
		}
		if err != nil {
			return r, err
		}
	}
	if r.hops == nil {
		r.hops = []hop{single}
	}
	return r, nil
}

// take reads an attribute, if it says where a hop leads.
func (h *hop) take(a nl.Attribute) (err error) {
	switch a.Type {
	case unix.RTA_OIF:
		h.index, err = a.Uint32()
	case unix.RTA_GATEWAY:
		h.gateway, err = a.Addr()
	case unix.RTA_VIA: // a gateway of another address family, which 16 bits say
		if len(a.Data) >= 2 {
			h.gateway, _ = netip.AddrFromSlice(a.Data[2:])
		}
	}
	return err
}

// parseHops reads the hops of a route with several: each is a struct rtnexthop and its attributes.
func parseHops(b []byte) ([]hop, error) {
	var hops []hop
	for len(b) > 0 {
		var next unix.RtNexthop
		if _, err := binary.Decode(b, binary.NativeEndian, &next); err != nil || int(next.Len) < unix.SizeofRtNexthop || int(next.Len) > len(b) {
			return nil, fmt.Errorf("the hops of a route end in %d bytes that are none", len(b))
		}
		h := hop{index: uint32(next.Ifindex)}
		for a, err := range nl.Attributes(b[unix.SizeofRtNexthop:next.Len]) {
			if err == nil {
				err = h.take(a)
			}
			if err != nil {
				return nil, err
			}
		}
		hops = append(hops, h)
		b = b[min((int(next.Len)+3)&^3, len(b)):]
	}
	return hops, nil
}

// types are the names of routes that lead elsewhere than to a host.
var types = map[uint8]string{
	unix.RTN_LOCAL: "local ", unix.RTN_BROADCAST: "broadcast ", unix.RTN_ANYCAST: "anycast ", unix.RTN_MULTICAST: "multicast ",
	unix.RTN_BLACKHOLE: "blackhole ", unix.RTN_UNREACHABLE: "unreachable ", unix.RTN_PROHIBIT: "prohibit ", unix.RTN_THROW: "throw ",
}

// destination is what the route leads to, after what it does with it if that is not forwarding.
func (r route) destination() string {
	switch {
	case !r.to.IsValid() || r.bits == 0:
		return types[r.typ] + "default"
	case int(r.bits) == r.to.BitLen():
		return types[r.typ] + r.to.String()
	}
	return types[r.typ] + netip.PrefixFrom(r.to, int(r.bits)).String()
}

func (h hop) gatewayText() string {
	if !h.gateway.IsValid() {
		return "-"
	}
	return h.gateway.String()
}

func tableName(table uint32) string {
	switch table {
	case unix.RT_TABLE_DEFAULT:
		return "default"
	case unix.RT_TABLE_MAIN:
		return "main"
	case unix.RT_TABLE_LOCAL:
		return "local"
	}
	return strconv.FormatUint(uint64(table), 10)
}
