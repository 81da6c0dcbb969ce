//go:build linux

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/libnl"
)

// table is the IPv4 addresses of the network namespace, kept by notifications.
type table struct {
	sk    *libnl.Socket // in the group of addresses, non-blocking
	addrs map[netip.Addr]bool
	told  int // notifications
}

// watch begins a table. It joins first and dumps then, so that no change falls in between.
func watch() (*table, error) {
	sk, err := connect()
	if err != nil {
		return nil, err
	}
	t := &table{sk: sk}
	err = errors.Join(
		sk.DisableSeqCheck(), // nl_socket_disable_seq_check: notifications answer no request
		sk.SetNonblocking(),  // nl_socket_set_nonblocking
		sk.AddMembership(unix.RTNLGRP_IPV4_IFADDR),
		sk.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, func(msg *libnl.Msg) (libnl.CbAction, error) {
			t.told++
			return libnl.NL_OK, apply(t.addrs, msg.Hdr())
		}),
	)
	if err == nil {
		t.addrs, err = dump()
	}
	if err != nil {
		_ = sk.Free()
		return nil, err
	}
	return t, nil
}

// read takes all notifications that are there. ENOBUFS says that some are not.
func (t *table) read() error {
	for {
		err := t.sk.RecvmsgsDefault() // nl_recvmsgs_default
		if errors.Is(err, libnl.NLE_AGAIN) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// resync makes the table right after an overrun. First it empties the buffer: what is there is older than what was lost, and
// the kernel drops all until it is empty. Then it asks for everything. What changes meanwhile is told, too, so the next read
// may apply a change that the dump has already: that does no harm, since the changes come in their order.
func (t *table) resync() error {
	err := t.read()
	for errors.Is(err, unix.ENOBUFS) {
		err = t.read()
	}
	if err == nil {
		t.addrs, err = dump()
	}
	return err
}

// isRight compares the table with what Go's own library finds.
func (t *table) isRight() (bool, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return false, err
	}
	there := map[netip.Addr]bool{}
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() {
			there[p.Addr()] = true
		}
	}
	return maps.Equal(there, t.addrs), nil
}

// dump asks for all addresses, on a socket of its own: on the watching one, notifications would come in between.
func dump() (map[netip.Addr]bool, error) {
	sk, err := connect()
	if err != nil {
		return nil, err
	}
	defer sk.Free()
	for {
		addrs := map[netip.Addr]bool{}
		err := sk.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, func(msg *libnl.Msg) (libnl.CbAction, error) {
			return libnl.NL_OK, apply(addrs, msg.Hdr())
		})
		if err != nil {
			return nil, err
		}
		request := make([]byte, unix.SizeofIfAddrmsg)
		request[0] = unix.AF_INET
		if _, err := sk.SendSimple(unix.RTM_GETADDR, libnl.NLM_F_DUMP, request); err != nil { // nl_send_simple
			return nil, err
		}
		// A dump that something changed under may lack what was always there: once more.
		if err := sk.RecvmsgsDefault(); !errors.Is(err, libnl.NLE_DUMP_INTR) {
			return addrs, err
		}
	}
}

// apply makes the change to a table that a message tells.
func apply(addrs map[netip.Addr]bool, h *libnl.Nlmsghdr) error {
	local := h.FindAttr(unix.SizeofIfAddrmsg, unix.IFA_LOCAL) // nlmsg_find_attr
	addr, ok := netip.AddrFromSlice(local.Data())
	if !ok {
		return fmt.Errorf("a message of type %d has no address", h.NlmsgType)
	}
	switch h.NlmsgType {
	case unix.RTM_NEWADDR:
		addrs[addr] = true
	case unix.RTM_DELADDR:
		delete(addrs, addr)
	}
	return nil
}

// change adds the address number n to the loopback link, or removes it, and waits for the ACK.
func change(sk *libnl.Socket, typ, n int) error {
	flags := 0
	if typ == unix.RTM_NEWADDR {
		flags = libnl.NLM_F_CREATE | libnl.NLM_F_EXCL
	}
	msg, err := libnl.NlmsgAllocSimple(typ, flags) // nlmsg_alloc_simple
	if err != nil {
		return err
	}
	const loopback = 1 // its index is the same in every namespace
	info := binary.NativeEndian.AppendUint32([]byte{unix.AF_INET, 32, 0, 0}, loopback)
	addr := []byte{10, 0, byte(n >> 8), byte(n)}
	err = errors.Join(
		msg.Append(info, libnl.NLMSG_ALIGNTO), // nlmsg_append
		msg.NlaPut(unix.IFA_LOCAL, addr),      // nla_put
		msg.NlaPut(unix.IFA_ADDRESS, addr),
	)
	if err != nil {
		return errors.Join(err, msg.Free())
	}
	return sk.SendSync(msg) // nl_send_sync
}
