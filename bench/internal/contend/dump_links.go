package contend

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	mdlayher "github.com/mdlayher/netlink"
	vishvananda "github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/bench/internal/wire"
	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/nl"
)

// ifinfomsg asks for all links.
var ifinfomsg = make([]byte, unix.SizeofIfInfomsg)

// dumpLinks: all links, of each the index, the name and the MTU.
var dumpLinks = Group{
	"bare": func(int) (Run, error) {
		fd, err := wire.Open(unix.NETLINK_ROUTE, 0)
		if err != nil {
			return nil, err
		}
		buf := make([]byte, 32<<10)
		request := wire.Message(nil, unix.RTM_GETLINK, unix.NLM_F_REQUEST|unix.NLM_F_DUMP, 1, ifinfomsg)
		return func(ops int) (sum uint64, err error) {
			for range ops {
				err := wire.Dump(fd, request, buf, func(payload []byte) {
					sum += wire.Score(native.Uint32(payload[4:]))
					wire.Attrs(payload[unix.SizeofIfInfomsg:], func(typ uint16, b []byte) {
						switch typ {
						case unix.IFLA_MTU:
							sum += uint64(native.Uint32(b))
						case unix.IFLA_IFNAME:
							sum += letters(b[:len(b)-1])
						}
					})
				})
				if err != nil {
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
				for m, err := range c.Dump(context.Background(), nl.Request{Type: unix.RTM_GETLINK, Payload: ifinfomsg}) {
					if err != nil {
						return 0, err
					}
					sum += wire.Score(native.Uint32(m.Payload[4:]))
					for a, err := range m.Attributes(unix.SizeofIfInfomsg) {
						if err != nil {
							return 0, err
						}
						switch a.Type {
						case unix.IFLA_MTU:
							mtu, err := a.Uint32()
							if err != nil {
								return 0, err
							}
							sum += uint64(mtu)
						case unix.IFLA_IFNAME:
							name, err := a.StringBytes()
							if err != nil {
								return 0, err
							}
							sum += letters(name)
						}
					}
				}
			}
			return sum, nil
		}, nil
	},
	"libnl": func(int) (Run, error) {
		var sum uint64
		return libnlDump(&sum, unix.RTM_GETLINK, ifinfomsg, func(msg *libnl.Msg) (libnl.CbAction, error) {
			hdr := msg.Hdr()
			tb, err := hdr.Parse(unix.SizeofIfInfomsg, unix.IFLA_MTU, nil)
			if err != nil {
				return libnl.NL_STOP, err
			}
			sum += wire.Score(native.Uint32(hdr.Data()[4:])) + letters([]byte(tb[unix.IFLA_IFNAME].GetString())) +
				uint64(tb[unix.IFLA_MTU].GetU32())
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
				all, err := c.Execute(mdlayherDump(unix.RTM_GETLINK, ifinfomsg))
				if err != nil {
					return 0, err
				}
				for _, m := range all {
					sum += wire.Score(native.Uint32(m.Data[4:]))
					d, err := mdlayher.NewAttributeDecoder(m.Data[unix.SizeofIfInfomsg:])
					if err != nil {
						return 0, err
					}
					for d.Next() {
						switch d.Type() {
						case unix.IFLA_MTU:
							sum += uint64(d.Uint32())
						case unix.IFLA_IFNAME:
							sum += letters([]byte(d.String()))
						}
					}
					if err := d.Err(); err != nil {
						return 0, err
					}
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
		return func(ops int) (sum uint64, err error) {
			for range ops {
				links, err := h.LinkList()
				if err != nil {
					return 0, err
				}
				for _, l := range links {
					a := l.Attrs()
					sum += wire.Score(uint32(a.Index), uint32(a.MTU)) + letters([]byte(a.Name))
				}
			}
			return sum, nil
		}, nil
	},
	// What ip prints is checked once; then it prints to nowhere.
	"ip": func(int) (Run, error) {
		text, err := exec.Command("ip", "-o", "link", "show").Output()
		if err != nil {
			return nil, err
		}
		answer, err := scoreLinks(string(text))
		if err != nil {
			return nil, err
		}
		return func(ops int) (sum uint64, err error) {
			for range ops {
				if err := exec.Command("ip", "-o", "link", "show").Run(); err != nil {
					return 0, err
				}
				sum += answer
			}
			return sum, nil
		}, nil
	},
}

func letters(name []byte) (sum uint64) {
	for _, c := range name {
		sum += uint64(c)
	}
	return sum
}

// scoreLinks reads lines like: 2: a1@b1: <BROADCAST> mtu 1500 ...
func scoreLinks(text string) (sum uint64, err error) {
	for line := range strings.Lines(text) {
		var index, mtu uint32
		var name, flags, word string
		if _, err := fmt.Sscan(strings.Replace(line, ":", " ", 1), &index, &name, &flags, &word, &mtu); err != nil {
			return 0, fmt.Errorf("ip printed %q: %w", line, err)
		}
		name, _, _ = strings.Cut(strings.TrimSuffix(name, ":"), "@")
		sum += wire.Score(index, mtu) + letters([]byte(name))
	}
	return sum, nil
}
