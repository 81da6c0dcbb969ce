package contend

import (
	mdlayher "github.com/mdlayher/netlink"
	vnl "github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/bench/internal/wire"
	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/nl"
)

// BenchLink is the name of the link, one of a veth pair, that workloads set up who need one.
const BenchLink = "bench0"

// linkMessage is the kernel's message about that link, less the netlink header.
func linkMessage() ([]byte, error) {
	fd, err := wire.Open(unix.NETLINK_ROUTE, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(fd) }()
	payload := wire.Attr(wire.Link(0, 0, 0), unix.IFLA_IFNAME, []byte(BenchLink+"\x00"))
	return wire.Reply(fd, wire.Message(nil, unix.RTM_GETLINK, unix.NLM_F_REQUEST, 1, payload))
}

func ofLink(f func(attrs []byte) (uint64, error)) Open {
	return func(int) (Run, error) {
		m, err := linkMessage()
		if err != nil {
			return nil, err
		}
		return each(func() (uint64, error) { return f(m[unix.SizeofIfInfomsg:]) }), nil
	}
}

// iflaMax is IFLA_MAX, as of Linux 6.1.
const iflaMax = 61

// decode: eight attributes of a link, one of them in a nest, among all that the kernel tells.
var decode = Group{
	"bare": ofLink(func(attrs []byte) (uint64, error) {
		s := wire.Score()
		wire.Attrs(attrs, func(typ uint16, b []byte) {
			switch typ {
			case unix.IFLA_MTU, unix.IFLA_TXQLEN, unix.IFLA_GROUP:
				s += uint64(native.Uint32(b))
			case unix.IFLA_OPERSTATE:
				s += uint64(b[0])
			case unix.IFLA_IFNAME, unix.IFLA_QDISC:
				s += letters(b[:len(b)-1])
			case unix.IFLA_ADDRESS:
				s += letters(b)
			case unix.IFLA_LINKINFO:
				wire.Attrs(b, func(typ uint16, b []byte) {
					if typ == unix.IFLA_INFO_KIND {
						s += letters(b[:len(b)-1])
					}
				})
			}
		})
		return s, nil
	}),
	"nl": ofLink(func(attrs []byte) (uint64, error) {
		s := wire.Score()
		for a, err := range nl.Attributes(attrs) {
			if err != nil {
				return 0, err
			}
			v, err := nlLinkAttr(a)
			if err != nil {
				return 0, err
			}
			s += v
		}
		return s, nil
	}),
	"libnl": ofLink(func(attrs []byte) (uint64, error) {
		tb, err := libnl.NlaParse(iflaMax, attrs, nil)
		if err != nil {
			return 0, err
		}
		info, err := tb[unix.IFLA_LINKINFO].ParseNested(unix.IFLA_INFO_KIND, nil)
		if err != nil {
			return 0, err
		}
		return wire.Score(tb[unix.IFLA_MTU].GetU32(), tb[unix.IFLA_TXQLEN].GetU32(), tb[unix.IFLA_GROUP].GetU32(),
				uint32(tb[unix.IFLA_OPERSTATE].GetU8())) + letters([]byte(tb[unix.IFLA_IFNAME].GetString())) +
				letters([]byte(tb[unix.IFLA_QDISC].GetString())) + letters(tb[unix.IFLA_ADDRESS].Data()) +
				letters([]byte(info[unix.IFLA_INFO_KIND].GetString())),
			nil
	}),
	"mdlayher": ofLink(func(attrs []byte) (uint64, error) {
		d, err := mdlayher.NewAttributeDecoder(attrs)
		if err != nil {
			return 0, err
		}
		s := wire.Score()
		for d.Next() {
			switch d.Type() {
			case unix.IFLA_MTU, unix.IFLA_TXQLEN, unix.IFLA_GROUP:
				s += uint64(d.Uint32())
			case unix.IFLA_OPERSTATE:
				s += uint64(d.Uint8())
			case unix.IFLA_IFNAME, unix.IFLA_QDISC:
				s += letters([]byte(d.String()))
			case unix.IFLA_ADDRESS:
				s += letters(d.Bytes())
			case unix.IFLA_LINKINFO:
				d.Nested(func(d *mdlayher.AttributeDecoder) error {
					for d.Next() {
						if d.Type() == unix.IFLA_INFO_KIND {
							s += letters([]byte(d.String()))
						}
					}
					return nil
				})
			}
		}
		return s, d.Err()
	}),
	"vishvananda": ofLink(func(attrs []byte) (uint64, error) {
		all, err := vnl.ParseRouteAttr(attrs)
		if err != nil {
			return 0, err
		}
		s := wire.Score()
		for _, a := range all {
			switch a.Attr.Type {
			case unix.IFLA_MTU, unix.IFLA_TXQLEN, unix.IFLA_GROUP:
				s += uint64(native.Uint32(a.Value))
			case unix.IFLA_OPERSTATE:
				s += uint64(a.Value[0])
			case unix.IFLA_IFNAME, unix.IFLA_QDISC:
				s += letters(a.Value[:len(a.Value)-1])
			case unix.IFLA_ADDRESS:
				s += letters(a.Value)
			case unix.IFLA_LINKINFO:
				infos, err := vnl.ParseRouteAttr(a.Value)
				if err != nil {
					return 0, err
				}
				for _, info := range infos {
					if info.Attr.Type == unix.IFLA_INFO_KIND {
						s += letters(info.Value[:len(info.Value)-1])
					}
				}
			}
		}
		return s, nil
	}),
}

func nlLinkAttr(a nl.Attribute) (s uint64, err error) {
	var (
		n32  uint32
		n8   uint8
		name []byte
	)
	switch a.Type {
	case unix.IFLA_MTU, unix.IFLA_TXQLEN, unix.IFLA_GROUP:
		n32, err = a.Uint32()
	case unix.IFLA_OPERSTATE:
		n8, err = a.Uint8()
	case unix.IFLA_IFNAME, unix.IFLA_QDISC:
		name, err = a.StringBytes()
	case unix.IFLA_ADDRESS:
		name = a.Data
	case unix.IFLA_LINKINFO:
		for info, err := range a.Attributes() {
			if err != nil {
				return 0, err
			}
			if info.Type == unix.IFLA_INFO_KIND {
				kind, err := info.StringBytes()
				return letters(kind), err
			}
		}
	}
	return uint64(n32) + uint64(n8) + letters(name), err
}
