//go:build linux

package main

import (
	"errors"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/libnl"
)

// acksAndErrors asks for a link that is there, with an ACK, and for one that is not.
func acksAndErrors() error {
	sk, err := routeSocket()
	if err != nil {
		return err
	}
	defer sk.Free()

	var replies, acks int
	var errno syscall.Errno
	err = errors.Join(
		sk.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, func(msg *libnl.Msg) (libnl.CbAction, error) {
			replies++
			l, err := linkOf(msg.Hdr())
			fmt.Printf("   reply: link %d is %q\n", l.index, l.name)
			return libnl.NL_OK, err
		}),
		sk.ModifyCb(libnl.NL_CB_ACK, libnl.NL_CB_CUSTOM, func(msg *libnl.Msg) (libnl.CbAction, error) {
			acks++
			fmt.Printf("   ACK:   for sequence number %d\n", msg.Hdr().NlmsgSeq)
			return libnl.NL_STOP, nil
		}),
		// In libnl the errno of a kernel error is seen here only; what nl_recvmsgs returns is libnl's word for it.
		sk.ModifyErrCb(libnl.NL_CB_CUSTOM, func(_ libnl.SockaddrNl, e *libnl.Nlmsgerr) (libnl.CbAction, error) {
			errno = syscall.Errno(-e.Error)
			return libnl.NL_STOP, nil
		}),
	)
	if err != nil {
		return err
	}

	fmt.Println("   asking for link 1, with NLM_F_ACK")
	if err := askForLink(sk, 1); err != nil {
		return err
	}
	for acks == 0 { // the reply is one datagram, the ACK another
		if err := sk.RecvmsgsDefault(); err != nil {
			return err
		}
	}
	if replies != 1 || acks != 1 {
		return fmt.Errorf("%d replies and %d ACKs, not one each", replies, acks)
	}

	fmt.Println("   asking for link 1000000, which is not there")
	if err := askForLink(sk, 1_000_000); err != nil {
		return err
	}
	err = sk.RecvmsgsDefault()
	fmt.Printf("   error: the kernel says errno %d (%v); libnl says %v\n", int(errno), errno, err)
	if errno != unix.ENODEV || !errors.Is(err, libnl.NLE_NODEV) {
		return fmt.Errorf("expected ENODEV and NLE_NODEV, got errno %d and %w", int(errno), err)
	}
	return nil
}

// askForLink sends RTM_GETLINK for an index. nl_send_auto fills in the port ID and the sequence number, and asks for an
// ACK.
func askForLink(sk *libnl.Socket, index uint32) error {
	msg, err := linkRequest(unix.RTM_GETLINK, 0, index, 0)
	if err != nil {
		return err
	}
	defer msg.Free()
	_, err = sk.SendAuto(msg)
	return err
}
