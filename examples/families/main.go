//go:build linux

// Families shows the netlink families that netlink(7) names, and what the running kernel answers when libnl opens them; and
// it sets each socket option of netlink, and reads it back.
//
//	go run ./examples/families
//
// It needs no privilege, but for the option LISTEN_ALL_NSID, which takes CAP_NET_BROADCAST. The kernel loads modules for
// families that it does not have yet, where it can. The exit status is 0 unless an option reads otherwise than it was set.
package main

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/examples/internal/kernelside"
	"github.com/golibnl/golibnl/libnl"
)

func main() {
	var uts unix.Utsname
	kernelside.Check(unix.Uname(&uts))
	fmt.Printf("Linux %s\n\n", unix.ByteSliceToString(uts.Release[:]))

	fmt.Printf("%-15s %2s  %-16s %s\n", "FAMILY", "NO", "IN LINUX", "THIS KERNEL")
	for _, f := range families {
		fmt.Printf("%-15s %2d  %-16s %s\n", f.name, f.protocol, f.since+" - "+f.until, ask(f.protocol))
	}

	fmt.Printf("\n%-17s %-7s %s\n", "OPTION", "SINCE", "THIS KERNEL")
	sk, err := open(libnl.NETLINK_ROUTE)
	kernelside.Check(err)
	defer sk.Free()
	wrong := false
	for _, o := range options {
		answer, err := o.try(sk.GetFd())
		if err != nil {
			answer = "refuses: " + err.Error()
		}
		wrong = wrong || errors.Is(err, errReadsOtherwise)
		fmt.Printf("%-17s %-7s %s\n", o.name, o.since, answer)
	}
	if wrong {
		os.Exit(1)
	}
}

func open(protocol int) (*libnl.Socket, error) {
	sk, err := libnl.SocketAlloc() // nl_socket_alloc
	if err != nil {
		return nil, err
	}
	if err := sk.Connect(protocol); err != nil { // nl_connect
		_ = sk.Free()
		return nil, err
	}
	return sk, nil
}

// ask opens a family, sends a message that means nothing, NLMSG_NOOP, and asks for an ACK.
func ask(protocol int) string {
	sk, err := open(protocol)
	if errors.Is(err, unix.EPROTONOSUPPORT) {
		return "does not have it"
	}
	if err != nil {
		return "does not open it: " + reason(err)
	}
	defer sk.Free()

	acknowledged := false
	err = errors.Join(
		sk.SetNonblocking(), // nl_socket_set_nonblocking
		sk.ModifyCb(libnl.NL_CB_ACK, libnl.NL_CB_CUSTOM, func(*libnl.Msg) (libnl.CbAction, error) {
			acknowledged = true
			return libnl.NL_STOP, nil
		}),
		// kernelside.Refusal is the kernel's errno, of which libnl's codes tell less.
		sk.ModifyErrCb(libnl.NL_CB_CUSTOM, func(_ libnl.SockaddrNl, e *libnl.Nlmsgerr) (libnl.CbAction, error) {
			return libnl.NL_STOP, kernelside.Refusal(e.Hdr())
		}),
	)
	if err != nil {
		return reason(err)
	}
	switch _, err = sk.SendSimple(libnl.NLMSG_NOOP, 0, nil); { // nl_send_simple
	case errors.Is(err, unix.ECONNREFUSED):
		return "opens it; no one in the kernel receives here"
	case err != nil:
		return "opens it; does not take a message: " + reason(err)
	}
	// The kernel has dealt with the message when the send returns, so its answer is there, or there is none.
	switch err = sk.RecvmsgsDefault(); { // nl_recvmsgs_default
	case acknowledged:
		return "opens it; acknowledges"
	case errors.Is(err, libnl.NLE_AGAIN):
		return "opens it; takes a message, and says nothing"
	default:
		return "opens it; answers: " + reason(err)
	}
}

// reason is the errno in an error, which says most here, or the error.
func reason(err error) string {
	if errno := unix.Errno(0); errors.As(err, &errno) {
		return errno.Error()
	}
	return err.Error()
}
