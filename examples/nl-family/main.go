//go:build linux

// Nl-family resolves the name of a generic netlink family, and tells its operations and groups; or resolves one of its
// groups. It needs no privilege.
//
//	go run ./examples/nl-family nlctrl
//	go run ./examples/nl-family nlctrl notify
package main

import (
	"errors"
	"fmt"
	"log"
	"os"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/libnl/genl"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("nl-family: ")
	if len(os.Args) != 2 && len(os.Args) != 3 {
		log.Fatal("usage: nl-family FAMILY [GROUP]")
	}

	sk, err := libnl.SocketAlloc()
	check(err)
	defer sk.Free()
	check(genl.Connect(sk))

	if len(os.Args) == 3 {
		group, err := genl.CtrlResolveGrp(sk, os.Args[1], os.Args[2])
		check(err)
		fmt.Println(group)
		return
	}
	id, err := genl.CtrlResolve(sk, os.Args[1])
	check(err)
	check(show(sk, id))
}

// show asks the controller for a family, and prints its answer as genl-ctrl-list -d does.
func show(sk *libnl.Socket, id int) error {
	msg, err := libnl.NlmsgAlloc()
	if err != nil {
		return err
	}
	defer msg.Free()
	const version = 2 // of the controller
	_, err = genl.Put(msg, libnl.NL_AUTO_PORT, libnl.NL_AUTO_SEQ, genl.GENL_ID_CTRL, 0, 0, unix.CTRL_CMD_GETFAMILY, version)
	err = errors.Join(err,
		msg.NlaPutU16(unix.CTRL_ATTR_FAMILY_ID, uint16(id)),
		sk.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, func(msg *libnl.Msg) (libnl.CbAction, error) {
			return libnl.NL_OK, printFamily(id, msg.Hdr())
		}),
	)
	if err != nil {
		return err
	}
	if _, err := sk.SendAuto(msg); err != nil {
		return err
	}
	if err := sk.RecvmsgsDefault(); err != nil { // the answer is one datagram, its ACK the next
		return err
	}
	return sk.WaitForAck()
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
