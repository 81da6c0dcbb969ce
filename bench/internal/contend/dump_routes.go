package contend

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strings"

	mdlayher "github.com/mdlayher/netlink"
	vishvananda "github.com/vishvananda/netlink"
	vnl "github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/bench/internal/wire"
	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/nl"
)

var native = binary.NativeEndian

// rtmsg asks for all IPv4 routes.
var rtmsg = append([]byte{unix.AF_INET}, make([]byte, unix.SizeofRtMsg-1)...)

// dumpRoutes: all IPv4 routes, of each the destination and the link.
var dumpRoutes = Group{
	"bare": func(int) (Run, error) {
		fd, err := wire.Open(unix.NETLINK_ROUTE, 0)
		if err != nil {
			return nil, err
		}
		buf, request := make([]byte, 32<<10), wire.RouteDump(1)
		return func(ops int) (sum uint64, err error) {
			for range ops {
				if err := wire.Dump(fd, request, buf, func(payload []byte) { sum += wire.ScoreRoute(payload) }); err != nil {
					return 0, err
				}
			}
			return sum, nil
		}, nil
	},
	"nl": func(int) (Run, error) {
		c, err := nl.Dial(unix.NETLINK_ROUTE)
		if err != nil {
			return nil, err
		}
		return func(ops int) (sum uint64, err error) {
			for range ops {
				for m, err := range c.Dump(context.Background(), nl.Request{Type: unix.RTM_GETROUTE, Payload: rtmsg}) {
					if err != nil {
						return 0, err
					}
					sum += wire.Score()
					for a, err := range m.Attributes(unix.SizeofRtMsg) {
						if err != nil {
							return 0, err
						}
						switch a.Type {
						case unix.RTA_DST, unix.RTA_OIF:
							v, err := a.Uint32()
							if err != nil {
								return 0, err
							}
							sum += uint64(v)
						}
					}
				}
			}
			return sum, nil
		}, nil
	},
	"libnl": func(int) (Run, error) {
		var sum uint64
		return libnlDump(&sum, unix.RTM_GETROUTE, rtmsg, func(msg *libnl.Msg) (libnl.CbAction, error) {
			sum += wire.Score()
			for a := range msg.Hdr().ForEachAttr(unix.SizeofRtMsg) {
				switch a.Type() {
				case unix.RTA_DST, unix.RTA_OIF:
					sum += uint64(a.GetU32())
				}
			}
			return libnl.NL_OK, nil
		})
	},
	"mdlayher": func(int) (Run, error) {
		c, err := mdlayher.Dial(unix.NETLINK_ROUTE, nil)
		if err != nil {
			return nil, err
		}
		return func(ops int) (sum uint64, err error) {
			for range ops {
				all, err := c.Execute(mdlayherDump(unix.RTM_GETROUTE, rtmsg))
				if err != nil {
					return 0, err
				}
				for _, m := range all {
					s, err := mdlayherRoute(m.Data)
					if err != nil {
						return 0, err
					}
					sum += s
				}
			}
			return sum, nil
		}, nil
	},
	"mdlayher-iter": func(int) (Run, error) {
		c, err := mdlayher.Dial(unix.NETLINK_ROUTE, &mdlayher.Config{MessageBufferSize: 32 << 10})
		if err != nil {
			return nil, err
		}
		return func(ops int) (sum uint64, err error) {
			for range ops {
				if _, err := c.Send(mdlayherDump(unix.RTM_GETROUTE, rtmsg)); err != nil {
					return 0, err
				}
				for m, err := range c.ReceiveIter() {
					if err != nil {
						return 0, err
					}
					s, err := mdlayherRoute(m.Data)
					if err != nil {
						return 0, err
					}
					sum += s
				}
			}
			return sum, nil
		}, nil
	},
	"vishvananda": func(int) (Run, error) {
		h, err := vishvananda.NewHandle(unix.NETLINK_ROUTE)
		if err != nil {
			return nil, err
		}
		all := &vishvananda.Route{Table: unix.RT_TABLE_UNSPEC}
		return func(ops int) (sum uint64, err error) {
			for range ops {
				routes, err := h.RouteListFiltered(vishvananda.FAMILY_V4, all, vishvananda.RT_FILTER_TABLE)
				if err != nil {
					return 0, err
				}
				for i := range routes {
					sum += scoreIP(routes[i].Dst.IP, routes[i].LinkIndex)
				}
			}
			return sum, nil
		}, nil
	},
	"vishvananda-iter": func(int) (Run, error) {
		sockets, err := vishvanandaSocket(unix.NETLINK_ROUTE)
		if err != nil {
			return nil, err
		}
		return func(ops int) (sum uint64, err error) {
			for range ops {
				req := vnl.NewNetlinkRequest(unix.RTM_GETROUTE, unix.NLM_F_DUMP)
				req.Sockets = sockets
				req.AddRawData(rtmsg)
				err := req.ExecuteIter(unix.NETLINK_ROUTE, unix.RTM_NEWROUTE, func(m []byte) bool {
					attrs, err := vnl.ParseRouteAttr(m[unix.SizeofRtMsg:])
					if err != nil {
						return false
					}
					sum += wire.Score()
					for _, a := range attrs {
						switch a.Attr.Type {
						case unix.RTA_DST, unix.RTA_OIF:
							sum += uint64(native.Uint32(a.Value))
						}
					}
					return true
				})
				if err != nil {
					return 0, err
				}
			}
			return sum, nil
		}, nil
	},
	// What ip prints is checked once; then it prints to nowhere.
	"ip": func(int) (Run, error) {
		text, err := exec.Command("ip", "-4", "-o", "route", "show", "table", "all").Output()
		if err != nil {
			return nil, err
		}
		answer, err := scoreText(text)
		if err != nil {
			return nil, err
		}
		return func(ops int) (sum uint64, err error) {
			for range ops {
				if err := exec.Command("ip", "-4", "-o", "route", "show", "table", "all").Run(); err != nil {
					return 0, err
				}
				sum += answer
			}
			return sum, nil
		}, nil
	},
}

// libnlDump is a dump by libnl/, with a Go callback for each message, which sums to *sum.
func libnlDump(sum *uint64, typ int, header []byte, each libnl.MsgCb) (Run, error) {
	sk, err := libnl.SocketAlloc()
	if err != nil {
		return nil, err
	}
	if err := sk.Connect(unix.NETLINK_ROUTE); err != nil {
		return nil, err
	}
	if err := sk.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, each); err != nil {
		return nil, err
	}
	return func(ops int) (uint64, error) {
		*sum = 0
		for range ops {
			if _, err := sk.SendSimple(typ, unix.NLM_F_DUMP, header); err != nil {
				return 0, err
			}
			if err := sk.RecvmsgsDefault(); err != nil {
				return 0, err
			}
		}
		return *sum, nil
	}, nil
}

func mdlayherDump(typ uint16, payload []byte) mdlayher.Message {
	return mdlayher.Message{Header: mdlayher.Header{Type: mdlayher.HeaderType(typ), Flags: mdlayher.Request | mdlayher.Dump}, Data: payload}
}

func mdlayherRoute(payload []byte) (uint64, error) {
	d, err := mdlayher.NewAttributeDecoder(payload[unix.SizeofRtMsg:])
	if err != nil {
		return 0, err
	}
	s := wire.Score()
	for d.Next() {
		switch d.Type() {
		case unix.RTA_DST, unix.RTA_OIF:
			s += uint64(d.Uint32())
		}
	}
	return s, d.Err()
}

// vishvanandaSocket is a socket that its requests share, as its Handle keeps them.
func vishvanandaSocket(family int) (map[int]*vnl.SocketHandle, error) {
	s, err := vnl.GetNetlinkSocketAt(-1, -1, family)
	if err != nil {
		return nil, err
	}
	return map[int]*vnl.SocketHandle{family: {Socket: s}}, nil
}

func scoreIP(dst net.IP, link int) uint64 {
	return wire.Score(native.Uint32(dst.To4()), uint32(link))
}

// scoreText reads what ip prints: the first word that is an address is the destination, and what follows "dev" the link.
func scoreText(text []byte) (sum uint64, err error) {
	links := map[string]int{}
	for line := range bytes.Lines(text) {
		words := strings.Fields(string(line))
		dst := words[0]
		if dst == "local" || dst == "broadcast" {
			dst = words[1]
		}
		ip, _, _ := strings.Cut(dst, "/")
		addr, err := netip.ParseAddr(ip)
		if err != nil {
			return 0, fmt.Errorf("ip printed %q: %w", line, err)
		}
		for i, w := range words[:len(words)-1] {
			if w != "dev" {
				continue
			}
			name := words[i+1]
			if links[name] == 0 {
				link, err := net.InterfaceByName(name)
				if err != nil {
					return 0, err
				}
				links[name] = link.Index
			}
			sum += scoreIP(addr.AsSlice(), links[name])
		}
	}
	return sum, nil
}
