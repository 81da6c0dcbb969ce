//go:build linux

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/libnl"
)

const vethInfoPeer = 1 // VETH_INFO_PEER of linux/veth.h

// notifications makes a pair of links with an address, and watches the kernel tell everybody.
func notifications() error {
	seen := map[string]bool{}
	watcher, err := watch(seen)
	if err != nil {
		return err
	}
	defer watcher.Free()

	sk, err := routeSocket()
	if err != nil {
		return err
	}
	defer sk.Free()

	fmt.Println("   making the veth pair tour0 and tour1")
	msg, err := vethRequest("tour0", "tour1")
	if err != nil {
		return err
	}
	switch err := sk.SendSync(msg); { // waits for the ACK, and frees the message
	case errors.Is(err, libnl.NLE_OPNOTSUPP):
		return fmt.Errorf("%w: it has no veth links (%w)", errNotHere, err)
	case err != nil:
		return fmt.Errorf("making the pair: %w", err)
	}
	if err := await(watcher, seen, "link tour0 is down", "link tour1 is down"); err != nil {
		return err
	}

	index, err := indexOf("tour0")
	if err != nil {
		return err
	}
	fmt.Println("   setting tour0 up, and giving it 192.0.2.1/24")
	if msg, err = linkRequest(unix.RTM_NEWLINK, 0, index, unix.IFF_UP); err != nil {
		return err
	}
	if err := sk.SendSync(msg); err != nil {
		return fmt.Errorf("setting tour0 up: %w", err)
	}
	if msg, err = addrRequest(index, netip.MustParsePrefix("192.0.2.1/24")); err != nil {
		return err
	}
	if err := sk.SendSync(msg); err != nil {
		return fmt.Errorf("adding the address: %w", err)
	}
	return await(watcher, seen, "link tour0 is up", "address 192.0.2.1/24 is there")
}

// watch joins the groups of links and IPv4 addresses, and prints what is told. What it saw it notes in seen.
func watch(seen map[string]bool) (*libnl.Socket, error) {
	sk, err := libnl.SocketAlloc()
	if err != nil {
		return nil, err
	}
	tell := func(format string, args ...any) {
		what := fmt.Sprintf(format, args...)
		seen[what] = true
		fmt.Println("   told:", what)
	}
	err = errors.Join(
		sk.DisableSeqCheck(), // notifications answer no request
		sk.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, func(msg *libnl.Msg) (libnl.CbAction, error) {
			switch h := msg.Hdr(); h.NlmsgType {
			case unix.RTM_NEWLINK:
				l, err := linkOf(h)
				tell("link %s is %s", l.name, l.state())
				return libnl.NL_OK, err
			case unix.RTM_NEWADDR:
				a, err := addrOf(h)
				tell("address %s is there", a.prefix)
				return libnl.NL_OK, err
			}
			return libnl.NL_OK, nil
		}),
		sk.Connect(libnl.NETLINK_ROUTE),
		sk.SetNonblocking(),
		sk.AddMemberships(unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR),
	)
	if err != nil {
		_ = sk.Free()
		return nil, err
	}
	return sk, nil
}

// await receives on a non-blocking socket until all that is expected was seen.
func await(sk *libnl.Socket, seen map[string]bool, expected ...string) error {
	deadline := time.Now().Add(5 * time.Second)
	for _, what := range expected {
		for !seen[what] {
			if time.Now().After(deadline) {
				return fmt.Errorf("the kernel did not tell of %q", what)
			}
			fds := []unix.PollFd{{Fd: int32(sk.GetFd()), Events: unix.POLLIN}}
			if _, err := unix.Poll(fds, 1000); err != nil && !errors.Is(err, unix.EINTR) {
				return err
			}
			if err := sk.RecvmsgsDefault(); err != nil && !errors.Is(err, libnl.NLE_AGAIN) {
				return err
			}
		}
	}
	return nil
}

// linkRequest makes a request about one link, by its index.
func linkRequest(typ, flags int, index, up uint32) (*libnl.Msg, error) {
	msg, err := libnl.NlmsgAllocSimple(typ, flags)
	if err != nil {
		return nil, err
	}
	info := make([]byte, unix.SizeofIfInfomsg)
	binary.NativeEndian.PutUint32(info[4:], index)
	binary.NativeEndian.PutUint32(info[8:], up)  // flags to set
	binary.NativeEndian.PutUint32(info[12:], up) // which flags are meant
	return built(msg, msg.Append(info, libnl.NLMSG_ALIGNTO))
}

// vethRequest makes the request for a pair of links: the second is described by a link message inside the first.
func vethRequest(name, peer string) (*libnl.Msg, error) {
	msg, err := linkRequest(unix.RTM_NEWLINK, libnl.NLM_F_CREATE|libnl.NLM_F_EXCL, 0, 0)
	if err != nil {
		return nil, err
	}
	return built(msg, func() error {
		if err := msg.NlaPutString(unix.IFLA_IFNAME, name); err != nil {
			return err
		}
		return nest(msg, unix.IFLA_LINKINFO, func() error {
			if err := msg.NlaPutString(unix.IFLA_INFO_KIND, "veth"); err != nil {
				return err
			}
			return nest(msg, unix.IFLA_INFO_DATA, func() error {
				return nest(msg, vethInfoPeer, func() error {
					if err := msg.Append(make([]byte, unix.SizeofIfInfomsg), libnl.NLMSG_ALIGNTO); err != nil {
						return err
					}
					return msg.NlaPutString(unix.IFLA_IFNAME, peer)
				})
			})
		})
	}())
}

// addrRequest makes the request for an IPv4 address on a link.
func addrRequest(index uint32, p netip.Prefix) (*libnl.Msg, error) {
	msg, err := libnl.NlmsgAllocSimple(unix.RTM_NEWADDR, libnl.NLM_F_CREATE|libnl.NLM_F_EXCL)
	if err != nil {
		return nil, err
	}
	info := make([]byte, unix.SizeofIfAddrmsg)
	info[0], info[1] = unix.AF_INET, byte(p.Bits())
	binary.NativeEndian.PutUint32(info[4:], index)
	return built(msg, errors.Join(
		msg.Append(info, libnl.NLMSG_ALIGNTO),
		msg.NlaPut(unix.IFA_LOCAL, p.Addr().AsSlice()),
		msg.NlaPut(unix.IFA_ADDRESS, p.Addr().AsSlice()),
	))
}

// nest puts what f puts into an attribute.
func nest(msg *libnl.Msg, attrtype int, f func() error) error {
	start, err := msg.NlaNestStart(attrtype)
	if err != nil {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	return msg.NlaNestEnd(start)
}

// built returns the message, or frees it if it could not be built.
func built(msg *libnl.Msg, err error) (*libnl.Msg, error) {
	if err != nil {
		_ = msg.Free()
		return nil, err
	}
	return msg, nil
}

// indexOf finds the index of a link.
func indexOf(name string) (index uint32, err error) {
	err = dump(unix.RTM_GETLINK, func(h *libnl.Nlmsghdr) error {
		l, err := linkOf(h)
		if l.name == name {
			index = l.index
		}
		return err
	})
	if err == nil && index == 0 {
		err = fmt.Errorf("there is no link %s", name)
	}
	return index, err
}
