package contend

import (
	"hash/fnv"

	mdlayher "github.com/mdlayher/netlink"
	vnl "github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/bench/internal/wire"
	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/nl"
)

var hardware = []byte{2, 0, 0, 0, 0, 1}

// encode: the message for a new link with ten attributes, one of them in a nest. The answer is a hash of the attributes,
// made once, and each message must be as long.
var encode = Group{
	"bare": encoder(func() func() ([]byte, error) {
		b := make([]byte, 0, 256)
		return func() ([]byte, error) {
			b = append(b[:0], ifinfomsg...)
			b = wire.Attr(b, unix.IFLA_IFNAME, []byte("bench1\x00"))
			b = wire.AttrU32(b, unix.IFLA_MTU, 1500)
			b = wire.AttrU32(b, unix.IFLA_TXQLEN, 1000)
			b = wire.AttrU32(b, unix.IFLA_GROUP, 7)
			b = wire.Attr(b, unix.IFLA_OPERSTATE, []byte{6})
			b = wire.Attr(b, unix.IFLA_LINKMODE, []byte{1})
			b = wire.Attr(b, unix.IFLA_ADDRESS, hardware)
			b = wire.AttrU32(b, unix.IFLA_NUM_TX_QUEUES, 4)
			start := len(b)
			b = wire.Attr(b, unix.IFLA_LINKINFO|unix.NLA_F_NESTED, nil)
			b = wire.Attr(b, unix.IFLA_INFO_KIND, []byte("veth\x00"))
			native.PutUint16(b[start:], uint16(len(b)-start))
			return b, nil
		}
	}),
	"nl": encoder(func() func() ([]byte, error) {
		buf := make([]byte, 0, 256)
		var e nl.Encoder
		return func() ([]byte, error) {
			e.Reset(append(buf[:0], ifinfomsg...))
			e.String(unix.IFLA_IFNAME, "bench1")
			e.Uint32(unix.IFLA_MTU, 1500)
			e.Uint32(unix.IFLA_TXQLEN, 1000)
			e.Uint32(unix.IFLA_GROUP, 7)
			e.Uint8(unix.IFLA_OPERSTATE, 6)
			e.Uint8(unix.IFLA_LINKMODE, 1)
			e.Bytes(unix.IFLA_ADDRESS, hardware)
			e.Uint32(unix.IFLA_NUM_TX_QUEUES, 4)
			info := e.Begin(unix.IFLA_LINKINFO)
			e.String(unix.IFLA_INFO_KIND, "veth")
			e.End(info)
			return e.Result()
		}
	}),
	"libnl": func(int) (Run, error) {
		msg, err := libnlLink()
		if err != nil {
			return nil, err
		}
		attrs := msg.Hdr().Data()
		answer := hash(attrs)
		return each(func() (uint64, error) {
			msg, err := libnlLink()
			if err != nil {
				return 0, err
			}
			return answer, msg.Free()
		}), msg.Free()
	},
	"mdlayher": encoder(func() func() ([]byte, error) {
		return func() ([]byte, error) {
			e := mdlayher.NewAttributeEncoder()
			e.String(unix.IFLA_IFNAME, "bench1")
			e.Uint32(unix.IFLA_MTU, 1500)
			e.Uint32(unix.IFLA_TXQLEN, 1000)
			e.Uint32(unix.IFLA_GROUP, 7)
			e.Uint8(unix.IFLA_OPERSTATE, 6)
			e.Uint8(unix.IFLA_LINKMODE, 1)
			e.Bytes(unix.IFLA_ADDRESS, hardware)
			e.Uint32(unix.IFLA_NUM_TX_QUEUES, 4)
			e.Nested(unix.IFLA_LINKINFO, func(e *mdlayher.AttributeEncoder) error {
				e.String(unix.IFLA_INFO_KIND, "veth")
				return nil
			})
			attrs, err := e.Encode()
			return append(append(make([]byte, 0, len(ifinfomsg)+len(attrs)), ifinfomsg...), attrs...), err
		}
	}),
	"vishvananda": encoder(func() func() ([]byte, error) {
		return func() ([]byte, error) {
			req := vnl.NewNetlinkRequest(unix.RTM_NEWLINK, 0)
			req.AddData(vnl.NewIfInfomsg(unix.AF_UNSPEC))
			req.AddData(vnl.NewRtAttr(unix.IFLA_IFNAME, vnl.ZeroTerminated("bench1")))
			req.AddData(vnl.NewRtAttr(unix.IFLA_MTU, vnl.Uint32Attr(1500)))
			req.AddData(vnl.NewRtAttr(unix.IFLA_TXQLEN, vnl.Uint32Attr(1000)))
			req.AddData(vnl.NewRtAttr(unix.IFLA_GROUP, vnl.Uint32Attr(7)))
			req.AddData(vnl.NewRtAttr(unix.IFLA_OPERSTATE, vnl.Uint8Attr(6)))
			req.AddData(vnl.NewRtAttr(unix.IFLA_LINKMODE, vnl.Uint8Attr(1)))
			req.AddData(vnl.NewRtAttr(unix.IFLA_ADDRESS, hardware))
			req.AddData(vnl.NewRtAttr(unix.IFLA_NUM_TX_QUEUES, vnl.Uint32Attr(4)))
			info := vnl.NewRtAttr(unix.IFLA_LINKINFO|unix.NLA_F_NESTED, nil)
			info.AddRtAttr(unix.IFLA_INFO_KIND, vnl.ZeroTerminated("veth"))
			req.AddData(info)
			return req.Serialize()[unix.NLMSG_HDRLEN:], nil
		}
	}),
}

// encoder is a contender whose messages are slices: the header of the family, and the attributes.
func encoder(start func() func() ([]byte, error)) Open {
	return func(int) (Run, error) {
		encode := start()
		b, err := encode()
		if err != nil {
			return nil, err
		}
		answer, length := hash(b), len(b)
		return each(func() (uint64, error) {
			b, err := encode()
			if err != nil || len(b) != length {
				return 0, err
			}
			return answer, nil
		}), nil
	}
}

// hash leaves out the family's header.
func hash(message []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(message[unix.SizeofIfInfomsg:])
	return h.Sum64() >> 24
}

func libnlLink() (*libnl.Msg, error) {
	msg, err := libnl.NlmsgAllocSimple(unix.RTM_NEWLINK, 0)
	if err != nil {
		return nil, err
	}
	var nest *libnl.Nlattr
	for _, put := range []func() error{
		func() error { return msg.Append(ifinfomsg, libnl.NLMSG_ALIGNTO) },
		func() error { return msg.NlaPutString(unix.IFLA_IFNAME, "bench1") },
		func() error { return msg.NlaPutU32(unix.IFLA_MTU, 1500) },
		func() error { return msg.NlaPutU32(unix.IFLA_TXQLEN, 1000) },
		func() error { return msg.NlaPutU32(unix.IFLA_GROUP, 7) },
		func() error { return msg.NlaPutU8(unix.IFLA_OPERSTATE, 6) },
		func() error { return msg.NlaPutU8(unix.IFLA_LINKMODE, 1) },
		func() error { return msg.NlaPut(unix.IFLA_ADDRESS, hardware) },
		func() error { return msg.NlaPutU32(unix.IFLA_NUM_TX_QUEUES, 4) },
		func() (err error) { nest, err = msg.NlaNestStart(unix.IFLA_LINKINFO | unix.NLA_F_NESTED); return err },
		func() error { return msg.NlaPutString(unix.IFLA_INFO_KIND, "veth") },
		func() error { return msg.NlaNestEnd(nest) },
	} {
		if err := put(); err != nil {
			return nil, err
		}
	}
	return msg, nil
}
