// Package wire speaks netlink with bare system calls: for setting up what the workloads measure, and as the floor that the
// contenders are compared with.
package wire

import (
	"encoding/binary"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

var native = binary.NativeEndian

// Kernel is where requests go.
var Kernel = &unix.SockaddrNetlink{Family: unix.AF_NETLINK}

// Open opens and binds a blocking netlink socket, with a receive buffer of so many bytes; 0 for the system's default.
func Open(family, receiveBuffer int) (int, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, family)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if receiveBuffer > 0 {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBuffer); err != nil {
			_ = unix.Close(fd)
			return -1, os.NewSyscallError("setsockopt", err)
		}
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		_ = unix.Close(fd)
		return -1, os.NewSyscallError("bind", err)
	}
	return fd, nil
}

// Message appends a message to b, with its length set.
func Message(b []byte, typ, flags uint16, seq uint32, payload []byte) []byte {
	b = native.AppendUint32(b, uint32(unix.NLMSG_HDRLEN+len(payload)))
	b = native.AppendUint16(b, typ)
	b = native.AppendUint16(b, flags)
	b = native.AppendUint32(b, seq)
	b = native.AppendUint32(b, 0)
	b = append(b, payload...)
	return append(b, make([]byte, pad(len(payload)))...)
}

// Attr appends an attribute to b.
func Attr(b []byte, typ uint16, payload []byte) []byte {
	b = native.AppendUint16(b, uint16(unix.SizeofNlAttr+len(payload)))
	b = native.AppendUint16(b, typ)
	b = append(b, payload...)
	return append(b, make([]byte, pad(len(payload)))...)
}

// AttrU32 appends an attribute with a 32-bit number to b.
func AttrU32(b []byte, typ uint16, v uint32) []byte {
	return native.AppendUint32(native.AppendUint16(native.AppendUint16(b, 8), typ), v)
}

func pad(n int) int { return (n+3)&^3 - n }

func align(n int) int { return (n + 3) &^ 3 }

// Messages calls f with the type and the payload of each message of a datagram, until it returns false.
func Messages(b []byte, f func(typ uint16, payload []byte) bool) {
	for len(b) >= unix.NLMSG_HDRLEN {
		n := int(native.Uint32(b))
		if n < unix.NLMSG_HDRLEN || n > len(b) || !f(native.Uint16(b[4:]), b[unix.NLMSG_HDRLEN:n]) {
			return
		}
		b = b[min(align(n), len(b)):]
	}
}

// Attrs calls f with each attribute of b.
func Attrs(b []byte, f func(typ uint16, payload []byte)) {
	for len(b) >= unix.SizeofNlAttr {
		n := int(native.Uint16(b))
		if n < unix.SizeofNlAttr || n > len(b) {
			return
		}
		f(native.Uint16(b[2:])&^(unix.NLA_F_NESTED|unix.NLA_F_NET_BYTEORDER), b[unix.SizeofNlAttr:n])
		b = b[min(align(n), len(b)):]
	}
}

// AckError is the error of an acknowledgement's payload, nil for success.
func AckError(payload []byte) error {
	if errno := -int32(native.Uint32(payload)); errno != 0 {
		return unix.Errno(errno)
	}
	return nil
}

// Ask sends one request and waits for its acknowledgement; what else comes is dropped.
func Ask(fd int, request []byte) error {
	if err := unix.Sendto(fd, request, 0, Kernel); err != nil {
		return os.NewSyscallError("sendto", err)
	}
	buf := make([]byte, 64<<10)
	for {
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if err != nil {
			return os.NewSyscallError("recvfrom", err)
		}
		acked := false
		Messages(buf[:n], func(typ uint16, payload []byte) bool {
			if acked = typ == unix.NLMSG_ERROR; acked {
				err = AckError(payload)
			}
			return !acked
		})
		if acked {
			return err
		}
	}
}

// Reply sends a request and returns the payload of the first message that answers it.
func Reply(fd int, request []byte) ([]byte, error) {
	if err := unix.Sendto(fd, request, 0, Kernel); err != nil {
		return nil, os.NewSyscallError("sendto", err)
	}
	buf := make([]byte, 64<<10)
	n, _, err := unix.Recvfrom(fd, buf, 0)
	if err != nil {
		return nil, os.NewSyscallError("recvfrom", err)
	}
	var reply []byte
	Messages(buf[:n], func(typ uint16, payload []byte) bool {
		if typ == unix.NLMSG_ERROR {
			err = fmt.Errorf("the kernel refused: %w", AckError(payload))
		}
		reply = payload
		return false
	})
	return reply, err
}
