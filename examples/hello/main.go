//go:build linux

// Hello says hello to the kernel module nl_hello, which answers several times.
//
//	insmod nl_hello.ko              (kmod/README.md says how)
//	go run ./examples/hello         binds port 100 and sends with nl_send_auto, receives with nl_recvmsgs
//	go run ./examples/hello -raw    the same with nl_sendto and nl_recv
//	go run ./examples/hello -port 0             libnl chooses the port; with -kernel-chooses the kernel does
//	go run ./examples/hello -listen             waits for a message that the kernel starts (to_port=100)
//	go run ./examples/hello -port 200 -to 100   speaks to another process, a hello -listen
//	go run ./examples/hello -standin            where the module is not loaded
//
// It needs no privilege, but for -to, which the module's protocol keeps for CAP_NET_ADMIN.
package main

import (
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/golibnl/golibnl/examples/internal/kernelside"
	"github.com/golibnl/golibnl/kmod/uapi"
	"github.com/golibnl/golibnl/libnl"
)

var (
	kernel = kernelside.New("nl_hello", uapi.NL_HELLO_PROTOCOL)
	port   = kernelside.PortFlag("port", 100, "bind this port (default 100); 0: any")
	free   = flag.Bool("kernel-chooses", false, "with -port 0: the kernel chooses the port, not libnl")
	raw    = flag.Bool("raw", false, "send with nl_sendto and receive with nl_recv")
	timed  = flag.Bool("time", false, "print how long sending took: all of the answers, if the module has sync=1")
	text   = flag.String("text", "Hello you!", "what to say")
	n      = flag.Int("n", uapi.NL_HELLO_COUNT, "end after so many messages; 0: never")
	to     = kernelside.PortFlag("to", 0, "say it to this port, of another process, and end")
	listen = flag.Bool("listen", false, "say nothing, and wait for one message")
)

func main() {
	flag.Parse()
	if *listen {
		kernel.Default("to_port", *port)
		*n = 1
	}
	kernelside.Check(kernel.Start())
	sk, err := connect(*port)
	kernelside.Check(err)
	defer sk.Free() // nl_socket_free
	kernelside.Check(errors.Join(kernel.Limit(sk), kernelside.WantReasons(sk)))

	switch {
	case *to != 0:
		sk.DisableAutoAck() // nl_socket_disable_auto_ack: no process sends an ACK by itself
		sk.SetPeerPort(*to) // nl_socket_set_peer_port
		kernelside.Check(kernel.Explain(fmt.Sprintf("sending to port %d", *to), send(sk)))
		return
	case *listen:
		fmt.Printf("Waiting for a message to port %d\n", sk.GetLocalPort())
	default:
		sk.SetPeerPort(kernel.Port)
		kernelside.Check(kernel.Explain("sending", send(sk)))
	}
	kernelside.Check(kernel.Explain("receiving", receive(sk)))
}

// send says the text to the socket's peer.
func send(sk *libnl.Socket) error {
	msg, err := libnl.NlmsgAllocSimple(uapi.NL_HELLO_MSG, 0) // nlmsg_alloc_simple
	if err != nil {
		return err
	}
	defer msg.Free()                                                              // nlmsg_free
	if err := msg.Append([]byte(*text+"\x00"), libnl.NLMSG_ALIGNTO); err != nil { // nlmsg_append
		return err
	}
	fmt.Printf("Sending from port %d: %s\n", sk.GetLocalPort(), *text)
	if *raw {
		if err := sk.CompleteMsg(msg); err != nil { // nl_complete_msg: port, sequence number, flags
			return err
		}
		_, err = sk.Sendto(msg.Hdr().Bytes()) // nl_sendto
		return err
	}
	begin := time.Now()
	_, err = sk.SendAuto(msg) // nl_send_auto: returns when the module's receive function has
	if *timed {
		fmt.Printf("Sending took %v\n", time.Since(begin).Round(time.Millisecond))
	}
	return err
}

// receive prints n messages.
func receive(sk *libnl.Socket) error {
	if *raw {
		return receiveRaw(sk)
	}
	seen := 0
	err := sk.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, func(msg *libnl.Msg) (libnl.CbAction, error) {
		show(msg.GetSrc(), msg.Hdr())
		seen++
		return libnl.NL_OK, nil
	})
	for err == nil && (*n == 0 || seen < *n) {
		err = sk.RecvmsgsDefault() // nl_recvmsgs_default
	}
	return err
}

// show prints a message, and who sent it if that was not the kernel.
func show(from libnl.SockaddrNl, h *libnl.Nlmsghdr) {
	who := ""
	if from.NlPid != kernel.Port {
		who = fmt.Sprintf(" (from port %d)", from.NlPid)
	}
	fmt.Printf("Received message: %s%s\n", kernelside.Text(h.Data()), who)
}
