//go:build linux

// Ww_nlk writes to multicast groups, to the kernel module dummy_netlink, or by way of the module to a port.
//
//	insmod dummy_netlink.ko r_grps=3 b_grp=2   (kmod/README.md says how)
//	go run ./examples/ww_nlk -g 1              to the kernel, which listens to groups 1 and 2
//	go run ./examples/ww_nlk -g 9              to groups 1 and 4: to the kernel, and to an rr_nlk -g 10
//	go run ./examples/ww_nlk -i PORT           has the kernel send it to an rr_nlk
//	go run ./examples/ww_nlk -g 1 -standin     where the module is not loaded, and an rr_nlk -standin runs
//
// It needs CAP_NET_ADMIN.
package main

import (
	"encoding/binary"
	"errors"
	"flag"
	"fmt"

	"github.com/golibnl/golibnl/examples/internal/kernelside"
	"github.com/golibnl/golibnl/kmod/uapi"
	"github.com/golibnl/golibnl/libnl"
)

var kernel = kernelside.New("dummy_netlink", uapi.DUMMY_NETLINK_PROTOCOL)

func main() {
	g := flag.String("g", "", "write to the groups of this mask; bit 0 is group 1")
	port := kernelside.PortFlag("i", 0, "write to the kernel, which sends it to this port")
	text := flag.String("text", "Hello from user space!", "what to write")
	flag.Parse()
	if (*g == "") == (*port == 0) {
		kernelside.Check(errors.New("either -g MASK or -i PORT is needed"))
	}
	var mask uint32
	var err error
	if *g != "" {
		mask, err = kernelside.Mask(*g)
		kernelside.Check(err)
	}
	kernelside.Check(kernel.Find())

	sk, err := libnl.SocketAlloc() // nl_socket_alloc
	kernelside.Check(err)
	defer sk.Free()                   // nl_socket_free
	err = sk.Connect(kernel.Protocol) // nl_connect
	kernelside.Check(kernel.Explain("connecting", err))
	kernelside.Check(errors.Join(kernel.Limit(sk), kernelside.WantReasons(sk)))
	sk.SetPeerPort(kernel.Port) // nl_socket_set_peer_port

	payload := []byte(*text + "\x00")
	if *port != 0 {
		kernelside.Check(sendOn(sk, *port, payload))
		fmt.Printf("Sent to port %d by the kernel\n", *port)
		return
	}
	kernelside.Check(sk.DisableSeqCheck()) // nl_socket_disable_seq_check: not every message is acknowledged
	for group := range kernelside.Groups(mask) {
		taken, err := multicast(sk, group, payload)
		kernelside.Check(kernel.Explain(fmt.Sprintf("sending to group %d", group), err))
		if taken {
			fmt.Printf("Sent to group %d; the kernel took it\n", group)
		} else {
			fmt.Printf("Sent to group %d; the kernel does not listen to it\n", group)
		}
	}
}

// sendOn has the kernel send the payload to a port, and waits for the ACK.
func sendOn(sk *libnl.Socket, port uint32, payload []byte) error {
	msg, err := libnl.NlmsgAllocSimple(uapi.DUMMY_NETLINK_SEND, 0) // nlmsg_alloc_simple
	if err != nil {
		return err
	}
	request := append(binary.NativeEndian.AppendUint32(nil, port), payload...)
	if err := msg.Append(request, libnl.NLMSG_ALIGNTO); err != nil { // nlmsg_append
		return errors.Join(err, msg.Free())
	}
	return kernel.Explain(fmt.Sprintf("sending to port %d", port), sk.SendSync(msg)) // nl_send_sync
}

// multicast sends to one group, and reports whether the kernel took it, too. The kernel serves the lowest group of a mask
// and no other, so a mask is one send for each bit.
func multicast(sk *libnl.Socket, group int, payload []byte) (taken bool, err error) {
	acks := 0
	var last uint32
	count := func(msg *libnl.Msg) (libnl.CbAction, error) {
		acks++
		last = msg.Hdr().NlmsgSeq
		return libnl.NL_OK, nil
	}
	if err := sk.ModifyCb(libnl.NL_CB_ACK, libnl.NL_CB_CUSTOM, count); err != nil {
		return false, err
	}
	sk.SetPeerGroups(1 << (group - 1))                                            // nl_socket_set_peer_groups
	if _, err := sk.SendSimple(uapi.DUMMY_NETLINK_TEXT, 0, payload); err != nil { // nl_send_simple
		return false, err
	}
	// The kernel acknowledges what it takes, and a message of type NLMSG_NOOP in any case: when that ACK is here, another
	// would be, too.
	sk.SetPeerGroups(0)
	msg, err := libnl.NlmsgAllocSimple(libnl.NLMSG_NOOP, 0)
	if err != nil {
		return false, err
	}
	defer msg.Free()
	if _, err := sk.SendAuto(msg); err != nil {
		return false, err
	}
	for last != msg.Hdr().NlmsgSeq {
		if err := sk.RecvmsgsDefault(); err != nil { // nl_recvmsgs_default
			return false, err
		}
	}
	return acks == 2, nil
}
