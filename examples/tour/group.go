//go:build linux

package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/libnl"
)

const (
	group    = 5
	greeting = "Greeting from user space!"
)

// multicast has two receivers join a group, and a sender send to it. The sender stands in for a kernel module: what the
// receivers do is the same for one.
func multicast() error {
	fmt.Println("   two receivers and a sender, all in this process; the sender is a stand-in for a kernel module")
	got := make(chan error, 2)
	for _, name := range []string{"A", "B"} {
		sk, err := receiver(name)
		if err != nil {
			return err
		}
		go func() {
			err := sk.RecvmsgsDefault() // waits in C, as a C program would
			got <- errors.Join(err, sk.Free())
		}()
	}

	sk, err := libnl.SocketAlloc()
	if err != nil {
		return err
	}
	defer sk.Free()
	if err := sk.Connect(libnl.NETLINK_USERSOCK); err != nil {
		return err
	}
	sk.DisableAutoAck() // receivers in user space send no ACK
	sk.SetPeerGroups(1 << (group - 1))
	_, err = sk.SendSimple(libnl.NLMSG_MIN_TYPE, 0, []byte(greeting+"\x00"))
	// After the group the kernel serves the port ID of the destination, 0: the kernel's, where nobody listens.
	if err != nil && !errors.Is(err, unix.ECONNREFUSED) {
		return err
	}

	for range 2 {
		select {
		case err := <-got:
			if err != nil {
				return err
			}
		case <-time.After(5 * time.Second):
			return errors.New("a receiver got nothing")
		}
	}
	return nil
}

// receiver makes a socket in the group that prints what it receives.
func receiver(name string) (*libnl.Socket, error) {
	sk, err := libnl.SocketAlloc()
	if err != nil {
		return nil, err
	}
	err = errors.Join(
		sk.DisableSeqCheck(),
		sk.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, func(msg *libnl.Msg) (libnl.CbAction, error) {
			text, _, _ := strings.Cut(string(msg.Hdr().Data()), "\x00") // a C string, padded
			fmt.Printf("   receiver %s: Received message payload: %s\n", name, text)
			if text != greeting {
				return libnl.NL_STOP, fmt.Errorf("receiver %s should have got %q", name, greeting)
			}
			return libnl.NL_OK, nil
		}),
		sk.Connect(libnl.NETLINK_USERSOCK),
		sk.AddMembership(group),
	)
	if err != nil {
		_ = sk.Free()
		return nil, err
	}
	return sk, nil
}
