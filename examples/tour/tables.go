//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"text/tabwriter"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/libnl"
)

// routeSocket makes a socket that is connected to the kernel's networking.
func routeSocket() (*libnl.Socket, error) {
	sk, err := libnl.SocketAlloc()
	if err != nil {
		return nil, err
	}
	if err := sk.Connect(libnl.NETLINK_ROUTE); err != nil {
		_ = sk.Free()
		return nil, err
	}
	return sk, nil
}

// dump asks for all objects of a kind and calls f for each answer: nl_send_simple and nl_recvmsgs_default, as in C.
func dump(request int, f func(h *libnl.Nlmsghdr) error) error {
	sk, err := routeSocket()
	if err != nil {
		return err
	}
	defer sk.Free()
	err = sk.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, func(msg *libnl.Msg) (libnl.CbAction, error) {
		return libnl.NL_OK, f(msg.Hdr())
	})
	if err != nil {
		return err
	}
	family := []byte{unix.AF_UNSPEC}
	if _, err := sk.SendSimple(request, libnl.NLM_F_DUMP, family); err != nil {
		return err
	}
	return sk.RecvmsgsDefault()
}

// showTables prints the links and their addresses.
func showTables() error {
	names := map[uint32]string{}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "   INDEX\tLINK\tSTATE\tMTU\tHARDWARE ADDRESS")
	err := dump(unix.RTM_GETLINK, func(h *libnl.Nlmsghdr) error {
		l, err := linkOf(h)
		if err != nil {
			return err
		}
		names[l.index] = l.name
		_, err = fmt.Fprintf(w, "   %d\t%s\t%s\t%d\t%s\n", l.index, l.name, l.state(), l.mtu, l.hw)
		return err
	})
	if err != nil {
		return fmt.Errorf("dumping links: %w", err)
	}
	if len(names) == 0 {
		return fmt.Errorf("the kernel lists no links: every namespace has at least lo")
	}

	addrs := 0
	err = dump(unix.RTM_GETADDR, func(h *libnl.Nlmsghdr) error {
		a, err := addrOf(h)
		if err != nil {
			return err
		}
		if addrs++; addrs == 1 {
			fmt.Fprintln(w, "\n   LINK\tADDRESS\t\t\t")
		}
		_, err = fmt.Fprintf(w, "   %s\t%s\t\t\t\n", names[a.index], a.prefix)
		return err
	})
	if err != nil {
		return fmt.Errorf("dumping addresses: %w", err)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if addrs == 0 {
		fmt.Println("   (no addresses)")
	}
	return nil
}

// link is what the tour shows of a message RTM_NEWLINK or RTM_DELLINK.
type link struct {
	index, flags, mtu uint32
	name              string
	hw                net.HardwareAddr
}

func (l link) state() string {
	if l.flags&unix.IFF_UP != 0 {
		return "up"
	}
	return "down"
}

func linkOf(h *libnl.Nlmsghdr) (l link, err error) {
	tb, err := h.Parse(unix.SizeofIfInfomsg, unix.IFLA_MTU, []libnl.NlaPolicy{
		unix.IFLA_IFNAME: {Type: libnl.NLA_STRING, Maxlen: unix.IFNAMSIZ},
		unix.IFLA_MTU:    {Type: libnl.NLA_U32},
	})
	if err != nil {
		return l, err
	}
	info := h.Data() // struct ifinfomsg
	l.index = binary.NativeEndian.Uint32(info[4:])
	l.flags = binary.NativeEndian.Uint32(info[8:])
	l.name = tb[unix.IFLA_IFNAME].GetString()
	l.mtu = tb[unix.IFLA_MTU].GetU32()
	l.hw = tb[unix.IFLA_ADDRESS].Data()
	return l, nil
}

// addr is what the tour shows of a message RTM_NEWADDR or RTM_DELADDR.
type addr struct {
	index  uint32
	prefix netip.Prefix
}

func addrOf(h *libnl.Nlmsghdr) (a addr, err error) {
	tb, err := h.Parse(unix.SizeofIfAddrmsg, unix.IFA_LOCAL, nil)
	if err != nil {
		return a, err
	}
	info := h.Data() // struct ifaddrmsg
	a.index = binary.NativeEndian.Uint32(info[4:])
	b := tb[unix.IFA_LOCAL] // the own end of a point-to-point link
	if b == nil {
		b = tb[unix.IFA_ADDRESS]
	}
	ip, ok := netip.AddrFromSlice(b.Data())
	if !ok {
		return a, fmt.Errorf("an address of %d bytes", b.Len())
	}
	a.prefix = netip.PrefixFrom(ip, int(info[1]))
	return a, nil
}
