package contend

import (
	"context"
	"fmt"
	"os/exec"

	mdlayher "github.com/mdlayher/netlink"
	vishvananda "github.com/vishvananda/netlink"
	vnl "github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/bench/internal/wire"
	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/nl"
)

// each makes a Run of one that does a single op.
func each(op func() (uint64, error)) Run {
	return func(ops int) (sum uint64, err error) {
		for range ops {
			answer, err := op()
			if err != nil {
				return 0, err
			}
			sum += answer
		}
		return sum, nil
	}
}

// did is an op whose answer is that it was done.
func did(op func() error) Run {
	return each(func() (uint64, error) { return 1, op() })
}

func connected(family int) (*libnl.Socket, error) {
	sk, err := libnl.SocketAlloc()
	if err != nil {
		return nil, err
	}
	return sk, sk.Connect(family)
}

// ack: a request that does nothing, and its acknowledgement.
var ack = Group{
	"bare": func(int) (Run, error) {
		fd, err := wire.Open(unix.NETLINK_ROUTE, 0)
		if err != nil {
			return nil, err
		}
		request := wire.Message(nil, unix.NLMSG_NOOP, unix.NLM_F_REQUEST|unix.NLM_F_ACK, 1, nil)
		buf := make([]byte, 4096)
		return did(func() error {
			if err := unix.Sendto(fd, request, 0, wire.Kernel); err != nil {
				return err
			}
			n, _, err := unix.Recvfrom(fd, buf, 0)
			if err != nil || n < unix.NLMSG_HDRLEN+4 {
				return fmt.Errorf("%d bytes: %w", n, err)
			}
			return wire.AckError(buf[unix.NLMSG_HDRLEN:n])
		}), nil
	},
	"nl": func(int) (Run, error) { return nlAck(context.Background()) },
	"nl-cancellable": func(int) (Run, error) {
		ctx, cancel := context.WithCancel(context.Background())
		_ = cancel // nobody does
		return nlAck(ctx)
	},
	"libnl": func(int) (Run, error) {
		sk, err := connected(unix.NETLINK_ROUTE)
		if err != nil {
			return nil, err
		}
		return did(func() error {
			msg, err := libnl.NlmsgAllocSimple(unix.NLMSG_NOOP, 0)
			if err != nil {
				return err
			}
			if _, err := sk.SendAuto(msg); err != nil {
				return err
			}
			if err := msg.Free(); err != nil {
				return err
			}
			return sk.WaitForAck()
		}), nil
	},
	"libnl-reuse": func(int) (Run, error) {
		sk, err := connected(unix.NETLINK_ROUTE)
		if err != nil {
			return nil, err
		}
		if err := sk.DisableSeqCheck(); err != nil {
			return nil, err
		}
		msg, err := libnl.NlmsgAllocSimple(unix.NLMSG_NOOP, 0)
		if err != nil {
			return nil, err
		}
		return did(func() error {
			if _, err := sk.SendAuto(msg); err != nil {
				return err
			}
			return sk.WaitForAck()
		}), nil
	},
	"mdlayher": func(int) (Run, error) { return mdlayherAck(nil) },
	"mdlayher-buf": func(int) (Run, error) {
		return mdlayherAck(&mdlayher.Config{MessageBufferSize: 32 << 10})
	},
	"vishvananda": func(int) (Run, error) {
		sockets, err := vishvanandaSocket(unix.NETLINK_ROUTE)
		if err != nil {
			return nil, err
		}
		return did(func() error {
			req := vnl.NewNetlinkRequest(unix.NLMSG_NOOP, unix.NLM_F_ACK)
			req.Sockets = sockets
			_, err := req.Execute(unix.NETLINK_ROUTE, 0)
			return err
		}), nil
	},
}

func nlAck(ctx context.Context) (Run, error) {
	c, err := nl.Dial(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	return did(func() error {
		_, err := c.Execute(ctx, nl.Request{Type: unix.NLMSG_NOOP})
		return err
	}), nil
}

func mdlayherAck(config *mdlayher.Config) (Run, error) {
	c, err := mdlayher.Dial(unix.NETLINK_ROUTE, config)
	if err != nil {
		return nil, err
	}
	return did(func() error {
		_, err := c.Execute(mdlayher.Message{Header: mdlayher.Header{Type: unix.NLMSG_NOOP, Flags: mdlayher.Request | mdlayher.Acknowledge}})
		return err
	}), nil
}

// getLoopback asks for the loopback link.
var getLoopback = wire.Link(1, 0, 0)

func scoreLink(payload []byte) uint64 {
	s := wire.Score(native.Uint32(payload[4:]))
	wire.Attrs(payload[unix.SizeofIfInfomsg:], func(typ uint16, b []byte) {
		if typ == unix.IFLA_MTU {
			s += uint64(native.Uint32(b))
		}
	})
	return s
}

// get: the loopback link, of it the index and the MTU.
var get = Group{
	"bare": func(int) (Run, error) {
		fd, err := wire.Open(unix.NETLINK_ROUTE, 0)
		if err != nil {
			return nil, err
		}
		request, buf := wire.Message(nil, unix.RTM_GETLINK, unix.NLM_F_REQUEST, 1, getLoopback), make([]byte, 32<<10)
		return each(func() (uint64, error) {
			if err := unix.Sendto(fd, request, 0, wire.Kernel); err != nil {
				return 0, err
			}
			n, _, err := unix.Recvfrom(fd, buf, 0)
			if err != nil {
				return 0, err
			}
			return scoreLink(buf[unix.NLMSG_HDRLEN:n]), nil
		}), nil
	},
	"nl": func(int) (Run, error) {
		c, err := nl.Dial(unix.NETLINK_ROUTE)
		if err != nil {
			return nil, err
		}
		return each(func() (uint64, error) {
			reply, err := c.Execute(context.Background(), nl.Request{Type: unix.RTM_GETLINK, Payload: getLoopback})
			if err != nil {
				return 0, err
			}
			s := wire.Score(native.Uint32(reply.Messages[0].Payload[4:]))
			for a, err := range reply.Messages[0].Attributes(unix.SizeofIfInfomsg) {
				if err != nil {
					return 0, err
				}
				if a.Type == unix.IFLA_MTU {
					mtu, err := a.Uint32()
					if err != nil {
						return 0, err
					}
					s += uint64(mtu)
				}
			}
			return s, nil
		}), nil
	},
	"libnl": func(int) (Run, error) {
		sk, err := connected(unix.NETLINK_ROUTE)
		if err != nil {
			return nil, err
		}
		sk.DisableAutoAck()
		var answer uint64
		err = sk.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, func(msg *libnl.Msg) (libnl.CbAction, error) {
			hdr := msg.Hdr()
			answer = wire.Score(native.Uint32(hdr.Data()[4:]), hdr.FindAttr(unix.SizeofIfInfomsg, unix.IFLA_MTU).GetU32())
			return libnl.NL_OK, nil
		})
		if err != nil {
			return nil, err
		}
		return each(func() (uint64, error) {
			if _, err := sk.SendSimple(unix.RTM_GETLINK, 0, getLoopback); err != nil {
				return 0, err
			}
			err := sk.RecvmsgsDefault()
			return answer, err
		}), nil
	},
	"mdlayher": func(int) (Run, error) {
		c, err := mdlayher.Dial(unix.NETLINK_ROUTE, nil)
		if err != nil {
			return nil, err
		}
		return each(func() (uint64, error) {
			all, err := c.Execute(mdlayher.Message{Header: mdlayher.Header{Type: unix.RTM_GETLINK, Flags: mdlayher.Request}, Data: getLoopback})
			if err != nil {
				return 0, err
			}
			s := wire.Score(native.Uint32(all[0].Data[4:]))
			d, err := mdlayher.NewAttributeDecoder(all[0].Data[unix.SizeofIfInfomsg:])
			if err != nil {
				return 0, err
			}
			for d.Next() {
				if d.Type() == unix.IFLA_MTU {
					s += uint64(d.Uint32())
				}
			}
			return s, d.Err()
		}), nil
	},
	"vishvananda": func(int) (Run, error) {
		h, err := vishvananda.NewHandle(unix.NETLINK_ROUTE)
		if err != nil {
			return nil, err
		}
		return each(func() (uint64, error) {
			l, err := h.LinkByIndex(1)
			if err != nil {
				return 0, err
			}
			return wire.Score(uint32(l.Attrs().Index), uint32(l.Attrs().MTU)), nil
		}), nil
	},
	"ip": func(int) (Run, error) {
		text, err := exec.Command("ip", "-o", "link", "show", "dev", "lo").Output()
		if err != nil {
			return nil, err
		}
		answer, err := scoreLinks(string(text))
		if err != nil {
			return nil, err
		}
		return each(func() (uint64, error) {
			return answer - letters([]byte("lo")), exec.Command("ip", "-o", "link", "show", "dev", "lo").Run()
		}), nil
	},
}
