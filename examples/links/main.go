//go:build linux

// Links prints the names of the links: the program of the README. It needs no privilege.
//
//	go run ./examples/links
package main

import (
	"fmt"
	"log"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/libnl"
)

func main() {
	sk, err := libnl.SocketAlloc() // nl_socket_alloc
	if err != nil {
		log.Fatal(err)
	}
	defer sk.Free()                                         // nl_socket_free
	if err := sk.Connect(libnl.NETLINK_ROUTE); err != nil { // nl_connect
		log.Fatal(err)
	}
	print := func(msg *libnl.Msg) (libnl.CbAction, error) {
		name := msg.Hdr().FindAttr(unix.SizeofIfInfomsg, unix.IFLA_IFNAME) // nlmsg_find_attr
		fmt.Println(name.GetString())                                      // nla_get_string
		return libnl.NL_OK, nil
	}
	if err := sk.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, print); err != nil { // nl_socket_modify_cb
		log.Fatal(err)
	}
	if _, err := sk.SendSimple(unix.RTM_GETLINK, libnl.NLM_F_DUMP, []byte{unix.AF_UNSPEC}); err != nil { // nl_send_simple
		log.Fatal(err)
	}
	if err := sk.RecvmsgsDefault(); err != nil { // nl_recvmsgs_default
		log.Fatal(err)
	}
}
