//go:build linux

package main

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/libnl"
)

// connect makes a socket that is bound to a port.
func connect(port uint32) (*libnl.Socket, error) {
	sk, err := libnl.SocketAlloc() // nl_socket_alloc
	if err != nil {
		return nil, err
	}
	// nl_socket_disable_seq_check: several answers have the sequence number of one request, and a message that the
	// kernel starts has 0.
	err = sk.DisableSeqCheck()
	if err == nil && port == 0 && *free {
		err = adopt(sk)
	} else if err == nil {
		// nl_socket_set_local_port: with 0, libnl makes a port out of the process ID, or leaves it to the kernel when it
		// has none left.
		err = sk.SetLocalPort(port)
		if err == nil {
			err = sk.Connect(kernel.Protocol) // nl_connect
		}
	}
	if errors.Is(err, libnl.NLE_EXIST) {
		err = fmt.Errorf("port %d is taken: address already in use. Another socket in this network namespace is bound to it; "+
			"SO_REUSEADDR does not help (tried: %w). -port 0 takes a port that is free", port, bindAgain(port))
	}
	if err != nil {
		_ = sk.Free()
		return nil, kernel.Explain("connecting", err)
	}
	return sk, nil
}

// adopt gives the socket a descriptor whose port the kernel chose.
func adopt(sk *libnl.Socket) error {
	fd, err := bind(0, false)
	if err != nil {
		return err
	}
	if err := sk.SetFd(kernel.Protocol, fd); err != nil { // nl_socket_set_fd
		_ = unix.Close(fd)
		return err
	}
	return nil
}

// bindAgain returns how binding a port ends that is taken, with SO_REUSEADDR.
func bindAgain(port uint32) error {
	fd, err := bind(port, true)
	if err == nil {
		_ = unix.Close(fd)
		return errors.New("the port has become free meanwhile")
	}
	return err
}

// bind opens and binds a socket without libnl.
func bind(port uint32, reuse bool) (int, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, kernel.Protocol)
	if err != nil {
		return -1, err
	}
	if reuse {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	}
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Pid: port})
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}
