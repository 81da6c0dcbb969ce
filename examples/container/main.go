// A project of its own, built upon golibnl's images by the Dockerfile beside it. It prints which libnl it was compiled with
// and which one it runs with, and the links that it sees.
package main

import (
	"fmt"
	"log"
	"syscall"

	"github.com/golibnl/golibnl/libnl"
)

func main() {
	compiled, running := libnl.Version()
	fmt.Printf("compiled with libnl %s, on libnl %s\n", compiled, running)

	sk, err := libnl.SocketAlloc()
	check(err)
	defer sk.Free()
	check(sk.Connect(libnl.NETLINK_ROUTE))
	show := func(msg *libnl.Msg) (libnl.CbAction, error) {
		name := msg.Hdr().FindAttr(syscall.SizeofIfInfomsg, syscall.IFLA_IFNAME)
		fmt.Println("link", name.GetString())
		return libnl.NL_OK, nil
	}
	check(sk.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, show))
	_, err = sk.SendSimple(syscall.RTM_GETLINK, libnl.NLM_F_DUMP, []byte{syscall.AF_UNSPEC})
	check(err)
	check(sk.RecvmsgsDefault())
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
