package contend

import (
	"context"
	"errors"

	"github.com/mdlayher/genetlink"
	mdlayher "github.com/mdlayher/netlink"
	vishvananda "github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/bench/internal/wire"
	"github.com/golibnl/golibnl/libnl/genl"
	"github.com/golibnl/golibnl/nl"
)

// family is what resolve asks for: every kernel with generic netlink has it.
const family = "nlctrl"

// resolve: the ID of a generic netlink family.
var resolve = Group{
	"bare": func(int) (Run, error) {
		fd, err := wire.Open(unix.NETLINK_GENERIC, 0)
		if err != nil {
			return nil, err
		}
		payload := wire.Attr([]byte{unix.CTRL_CMD_GETFAMILY, 1, 0, 0}, unix.CTRL_ATTR_FAMILY_NAME, []byte(family+"\x00"))
		request, buf := wire.Message(nil, unix.GENL_ID_CTRL, unix.NLM_F_REQUEST, 1, payload), make([]byte, 8<<10)
		return each(func() (id uint64, err error) {
			if err := unix.Sendto(fd, request, 0, wire.Kernel); err != nil {
				return 0, err
			}
			n, _, err := unix.Recvfrom(fd, buf, 0)
			if err != nil {
				return 0, err
			}
			wire.Attrs(buf[unix.NLMSG_HDRLEN+unix.GENL_HDRLEN:n], func(typ uint16, b []byte) {
				if typ == unix.CTRL_ATTR_FAMILY_ID {
					id = uint64(native.Uint16(b))
				}
			})
			return id, nil
		}), nil
	},
	"nl": func(int) (Run, error) {
		c, err := nl.Dial(unix.NETLINK_GENERIC)
		if err != nil {
			return nil, err
		}
		return each(func() (uint64, error) {
			e := nl.NewEncoder([]byte{unix.CTRL_CMD_GETFAMILY, 1, 0, 0})
			e.String(unix.CTRL_ATTR_FAMILY_NAME, family)
			payload, err := e.Result()
			if err != nil {
				return 0, err
			}
			reply, err := c.Execute(context.Background(), nl.Request{Type: unix.GENL_ID_CTRL, Payload: payload})
			if err != nil {
				return 0, err
			}
			for a, err := range reply.Messages[0].Attributes(unix.GENL_HDRLEN) {
				if err != nil {
					return 0, err
				}
				if a.Type == unix.CTRL_ATTR_FAMILY_ID {
					id, err := a.Uint16()
					return uint64(id), err
				}
			}
			return 0, errors.New("no ID")
		}), nil
	},
	"libnl": func(int) (Run, error) {
		sk, err := connected(unix.NETLINK_GENERIC)
		if err != nil {
			return nil, err
		}
		return each(func() (uint64, error) {
			id, err := genl.CtrlResolve(sk, family)
			return uint64(id), err
		}), nil
	},
	"mdlayher": func(int) (Run, error) {
		c, err := genetlink.Dial(nil)
		if err != nil {
			return nil, err
		}
		return each(func() (uint64, error) {
			f, err := c.GetFamily(family)
			return uint64(f.ID), err
		}), nil
	},
	"vishvananda": func(int) (Run, error) {
		h, err := vishvananda.NewHandle(unix.NETLINK_GENERIC)
		if err != nil {
			return nil, err
		}
		return each(func() (uint64, error) {
			f, err := h.GenlFamilyGet(family)
			if err != nil {
				return 0, err
			}
			return uint64(f.ID), nil
		}), nil
	},
}

// openClose: a connection, opened and closed.
var openClose = Group{
	"bare": func(int) (Run, error) {
		return did(func() error {
			fd, err := wire.Open(unix.NETLINK_ROUTE, 0)
			if err != nil {
				return err
			}
			return unix.Close(fd)
		}), nil
	},
	"nl": func(int) (Run, error) {
		return did(func() error {
			c, err := nl.Dial(unix.NETLINK_ROUTE)
			if err != nil {
				return err
			}
			return c.Close()
		}), nil
	},
	"libnl": func(int) (Run, error) {
		return did(func() error {
			sk, err := connected(unix.NETLINK_ROUTE)
			if err != nil {
				return err
			}
			return sk.Free()
		}), nil
	},
	"mdlayher": func(int) (Run, error) {
		return did(func() error {
			c, err := mdlayher.Dial(unix.NETLINK_ROUTE, nil)
			if err != nil {
				return err
			}
			return c.Close()
		}), nil
	},
	"vishvananda": func(int) (Run, error) {
		return did(func() error {
			h, err := vishvananda.NewHandle(unix.NETLINK_ROUTE)
			if err != nil {
				return err
			}
			h.Close()
			return nil
		}), nil
	},
}
