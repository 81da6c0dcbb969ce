//go:build linux

package main

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/examples/internal/kernelside"
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
		err = kernelside.Taken(kernel.Protocol, port)
	}
	if err != nil {
		_ = sk.Free()
		return nil, kernel.Explain("connecting", err)
	}
	return sk, nil
}

// adopt gives the socket a descriptor whose port the kernel chose.
func adopt(sk *libnl.Socket) error {
	fd, err := kernelside.Bind(kernel.Protocol, 0, false)
	if err != nil {
		return err
	}
	if err := sk.SetFd(kernel.Protocol, fd); err != nil { // nl_socket_set_fd
		_ = unix.Close(fd)
		return err
	}
	return nil
}
