//go:build linux

package kernelside

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Taken is the error of a port that another socket is bound to. It tries that again with SO_REUSEADDR.
func Taken(protocol int, port uint32) error {
	return fmt.Errorf("port %d is taken: address already in use. Another socket in this network namespace is bound to it; "+
		"SO_REUSEADDR does not help (tried: %w). -port 0 takes a port that is free", port, bindAgain(protocol, port))
}

// bindAgain returns how binding a port ends that is taken, with SO_REUSEADDR.
func bindAgain(protocol int, port uint32) error {
	fd, err := Bind(protocol, port, true)
	if err == nil {
		_ = unix.Close(fd)
		return errors.New("the port has become free meanwhile")
	}
	return err
}

// Bind opens and binds a socket without libnl.
func Bind(protocol int, port uint32, reuse bool) (int, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, protocol)
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
