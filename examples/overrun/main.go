//go:build linux

// Overrun makes the kernel drop notifications, notices it, and catches up.
//
//	go run ./examples/overrun
//
// A socket's receive buffer is finite. A program that keeps a table by notifications, and falls behind, misses some, and its
// table is wrong from then on. The kernel says so once, by ENOBUFS; what to do then is in table.go. It needs no privilege:
// all happens in a network namespace of its own, as root or in a user namespace.
package main

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/examples/internal/kernelside"
	"github.com/golibnl/golibnl/examples/internal/ownns"
	"github.com/golibnl/golibnl/libnl"
)

const (
	added   = 1000
	removed = 500
)

func main() {
	if inside, why := ownns.Enter(); !inside {
		kernelside.Check(fmt.Errorf("this adds addresses, and a network namespace to do so in was refused (%w)", why))
	}
	t, err := watch()
	kernelside.Check(err)
	defer t.sk.Free()
	fmt.Printf("Watching addresses; there are %d\n", len(t.addrs))

	changer, err := connect()
	kernelside.Check(err)
	defer changer.Free()
	fmt.Printf("Adding %d addresses and removing %d of them, without reading what the kernel tells\n", added, removed)
	for i := range added {
		kernelside.Check(change(changer, unix.RTM_NEWADDR, i))
	}
	for i := range removed {
		kernelside.Check(change(changer, unix.RTM_DELADDR, i))
	}

	err = t.read()
	if !errors.Is(err, unix.ENOBUFS) {
		kernelside.Check(fmt.Errorf("no overrun: %w", errors.Join(err, errors.New("the buffer was large enough"))))
	}
	// libnl's own code for it is NLE_NOMEM, which ENOMEM has, too: the errno tells them apart.
	fmt.Printf("Overrun: %v\n", err)
	kernelside.Check(t.read())
	right, err := t.isRight()
	kernelside.Check(err)
	fmt.Printf("Told of %d changes of %d; the table has %d addresses, and is %s\n", t.told, added+removed, len(t.addrs), word(right))
	if right {
		kernelside.Check(errors.New("nothing was lost, though the kernel said so"))
	}

	kernelside.Check(t.resync())
	right, err = t.isRight()
	kernelside.Check(err)
	fmt.Printf("Resynchronised: the table has %d addresses, and is %s\n", len(t.addrs), word(right))

	kernelside.Check(change(changer, unix.RTM_NEWADDR, added))
	kernelside.Check(t.read())
	rightAgain, err := t.isRight()
	kernelside.Check(err)
	fmt.Printf("Told of one more: the table has %d addresses, and is %s\n", len(t.addrs), word(rightAgain))
	if !right || !rightAgain {
		kernelside.Check(errors.New("the table should be right"))
	}
}

func word(right bool) string {
	if right {
		return "right"
	}
	return "wrong"
}

// connect makes a socket for NETLINK_ROUTE.
func connect() (*libnl.Socket, error) {
	sk, err := libnl.SocketAlloc() // nl_socket_alloc
	if err != nil {
		return nil, err
	}
	if err := sk.Connect(libnl.NETLINK_ROUTE); err != nil { // nl_connect
		_ = sk.Free()
		return nil, err
	}
	return sk, nil
}
