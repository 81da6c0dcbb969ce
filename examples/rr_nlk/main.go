//go:build linux

// Rr_nlk reads what is sent to multicast groups, by the kernel module dummy_netlink and by ww_nlk.
//
//	insmod dummy_netlink.ko r_grps=3 b_grp=2     (kmod/README.md says how)
//	go run ./examples/rr_nlk -g 10               joins groups 2 and 4: 10 is a mask, bit 0 is group 1
//	go run ./examples/rr_nlk -g 10 -standin      where the module is not loaded; plays r_grps=3 b_grp=2
//
// A message comes once for each time that it is sent to one of the groups. It needs CAP_NET_ADMIN.
package main

import (
	"errors"
	"flag"
	"fmt"
	"slices"

	"github.com/golibnl/golibnl/examples/internal/kernelside"
	"github.com/golibnl/golibnl/kmod/uapi"
	"github.com/golibnl/golibnl/libnl"
)

func main() {
	kernel := kernelside.New("dummy_netlink", uapi.DUMMY_NETLINK_PROTOCOL)
	g := flag.String("g", "", "join the groups of this mask")
	port := kernelside.PortFlag("port", 0, "bind this port; 0, the default: any")
	n := flag.Int("n", 0, "end after so many messages; 0: never")
	flag.Parse()
	mask, err := kernelside.Mask(*g)
	kernelside.Check(err)
	kernel.Default("r_grps", 3)
	kernel.Default("b_grp", 2)
	kernelside.Check(kernel.Start())

	sk, err := libnl.SocketAlloc() // nl_socket_alloc
	kernelside.Check(err)
	defer sk.Free() // nl_socket_free
	kernelside.Check(errors.Join(
		sk.DisableSeqCheck(),   // nl_socket_disable_seq_check: a multicast answers no request
		sk.SetLocalPort(*port), // nl_socket_set_local_port
		sk.JoinGroups(mask),    // nl_join_groups: bind will ask for them
	))
	err = sk.Connect(kernel.Protocol) // nl_connect
	kernelside.Check(kernel.Explain("connecting", err))
	kernelside.Check(kernel.Limit(sk))

	seen := 0
	kernelside.Check(sk.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, func(msg *libnl.Msg) (libnl.CbAction, error) {
		// The sender's address has the group that the message was sent to.
		src, to := msg.GetSrc(), fmt.Sprintf("port %d", sk.GetLocalPort())
		for group := range kernelside.Groups(src.NlGroups) {
			to = fmt.Sprintf("group %d", group)
		}
		fmt.Printf("Received message: %s (from %s, to %s)\n", kernelside.Text(msg.Hdr().Data()), kernel.From(src.NlPid), to)
		seen++
		return libnl.NL_OK, nil
	}))
	fmt.Printf("Waiting on port %d, in the groups %v\n", sk.GetLocalPort(), slices.Collect(kernelside.Groups(mask)))
	for *n == 0 || seen < *n {
		kernelside.Check(kernel.Explain("receiving", sk.RecvmsgsDefault())) // nl_recvmsgs_default
	}
}
