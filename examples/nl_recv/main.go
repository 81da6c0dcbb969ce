//go:build linux

// Nl_recv waits for the greeting that the kernel module nl_greeting sends to multicast group 1, and prints it. Run two:
// both receive it.
//
//	insmod nl_greeting.ko period_ms=1000   (kmod/README.md says how)
//	go run ./examples/nl_recv              -n N for more than one greeting, 0 for all
//	go run ./examples/nl_recv -standin     where the module is not loaded
//
// It needs no privilege if the module's parameter lets others listen; -standin needs CAP_NET_ADMIN.
package main

import (
	"flag"
	"fmt"

	"github.com/golibnl/golibnl/examples/internal/kernelside"
	"github.com/golibnl/golibnl/kmod/uapi"
	"github.com/golibnl/golibnl/libnl"
)

func main() {
	kernel := kernelside.New("nl_greeting", uapi.NL_GREETING_PROTOCOL)
	n := flag.Int("n", 1, "end after so many greetings; 0: never")
	flag.Parse()
	kernelside.Check(kernel.Start())

	sk, err := libnl.SocketAlloc() // nl_socket_alloc
	kernelside.Check(err)
	defer sk.Free()                        // nl_socket_free
	kernelside.Check(sk.DisableSeqCheck()) // nl_socket_disable_seq_check: a multicast answers no request
	err = sk.Connect(kernel.Protocol)      // nl_connect
	kernelside.Check(kernel.Explain("connecting", err))
	err = sk.AddMembership(uapi.NL_GREETING_GROUP) // nl_socket_add_membership
	kernelside.Check(kernel.Explain("joining group 1", err))
	kernelside.Check(kernel.Limit(sk))

	seen := 0
	kernelside.Check(sk.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, func(msg *libnl.Msg) (libnl.CbAction, error) {
		if src := msg.GetSrc(); src.NlPid != kernel.Port {
			fmt.Printf("Ignored a message that is not from the kernel, but from port %d\n", src.NlPid)
			return libnl.NL_OK, nil
		}
		fmt.Println("Received message payload:", kernelside.Text(msg.Hdr().Data()))
		seen++
		return libnl.NL_OK, nil
	}))
	fmt.Println("Waiting for message from kernel")
	for *n == 0 || seen < *n {
		kernelside.Check(kernel.Explain("receiving", sk.RecvmsgsDefault())) // nl_recvmsgs_default
	}
}
