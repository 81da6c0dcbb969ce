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
	check(err)
	defer sk.Free()                        // nl_socket_free
	check(sk.Connect(libnl.NETLINK_ROUTE)) // nl_connect
	show := func(msg *libnl.Msg) (libnl.CbAction, error) {
		name := msg.Hdr().FindAttr(unix.SizeofIfInfomsg, unix.IFLA_IFNAME) // nlmsg_find_attr
		fmt.Println(name.GetString())                                      // nla_get_string
		return libnl.NL_OK, nil
	}
	check(sk.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, show)) // nl_socket_modify_cb
	family := []byte{unix.AF_UNSPEC}
	_, err = sk.SendSimple(unix.RTM_GETLINK, libnl.NLM_F_DUMP, family) // nl_send_simple
	check(err)
	check(sk.RecvmsgsDefault()) // nl_recvmsgs_default
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
