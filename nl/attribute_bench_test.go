package nl_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/nl"
)

// routeAttributes are those of a route in a dump.
func routeAttributes(t testing.TB) []byte {
	return encoded(t, func(e *nl.Encoder) {
		e.Uint32(unix.RTA_TABLE, 254)
		e.Uint32BE(unix.RTA_DST, 0x0a010203)
		e.Uint32(unix.RTA_PRIORITY, 100)
		e.Uint32BE(unix.RTA_GATEWAY, 0x0a000001)
		e.Uint32(unix.RTA_OIF, 3)
		e.Bytes(unix.RTA_CACHEINFO, make([]byte, 32))
	})
}

// BenchmarkDecodeRoute reads two attributes of six.
func BenchmarkDecodeRoute(b *testing.B) {
	attrs := routeAttributes(b)
	b.ReportAllocs()
	for b.Loop() {
		var dst, oif uint32
		for a, err := range nl.Attributes(attrs) {
			if err != nil {
				b.Fatal(err)
			}
			switch a.Type {
			case unix.RTA_DST:
				dst, err = a.Uint32BE()
			case unix.RTA_OIF:
				oif, err = a.Uint32()
			}
			if err != nil {
				b.Fatal(err)
			}
		}
		if dst != 0x0a010203 || oif != 3 {
			b.Fatal(dst, oif)
		}
	}
}

// BenchmarkDecodeLink reads three attributes of a link, one of them from a nest in a nest.
func BenchmarkDecodeLink(b *testing.B) {
	attrs := linkAttributes(b)
	b.ReportAllocs()
	for b.Loop() {
		var name []byte
		var mtu, delay uint32
		for a, err := range nl.Attributes(attrs) {
			if err != nil {
				b.Fatal(err)
			}
			switch a.Type {
			case unix.IFLA_IFNAME:
				name, err = a.StringBytes()
			case unix.IFLA_MTU:
				mtu, err = a.Uint32()
			case unix.IFLA_LINKINFO:
				delay, err = forwardDelay(a)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
		if string(name) != "br0" || mtu != 1500 || delay != 1499 {
			b.Fatal(name, mtu, delay)
		}
	}
}

func forwardDelay(info nl.Attribute) (delay uint32, err error) {
	for a, err := range info.Attributes() {
		if err != nil {
			return 0, err
		}
		if a.Type != unix.IFLA_INFO_DATA {
			continue
		}
		for a, err := range a.Attributes() {
			if err != nil {
				return 0, err
			}
			if a.Type == unix.IFLA_BR_FORWARD_DELAY {
				if delay, err = a.Uint32(); err != nil {
					return 0, err
				}
			}
		}
	}
	return delay, nil
}

// BenchmarkEncodeLink encodes the request that makes a bridge.
func BenchmarkEncodeLink(b *testing.B) {
	buf := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		e := nl.NewEncoder(buf)
		e.String(unix.IFLA_IFNAME, "br0")
		e.Uint32(unix.IFLA_MTU, 1500)
		e.Nest(unix.IFLA_LINKINFO, func() {
			e.String(unix.IFLA_INFO_KIND, "bridge")
			e.Nest(unix.IFLA_INFO_DATA, func() {
				e.Uint32(unix.IFLA_BR_FORWARD_DELAY, 1500)
				e.Uint32(unix.IFLA_BR_STP_STATE, 1)
			})
		})
		if _, err := e.Result(); err != nil {
			b.Fatal(err)
		}
	}
}
