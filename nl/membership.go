package nl

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Join has the notifications of multicast groups sent to the connection, for [Conn.Events]; what is joined already stays
// so. If one of the groups cannot be joined, those before it are.
//
// It fails with EINVAL for a group that the family does not have (0 is none), and with EPERM for one that takes a right.
func (c *Conn) Join(groups ...uint32) error {
	return c.membership("join group", unix.NETLINK_ADD_MEMBERSHIP, groups)
}

// Leave ends what [Conn.Join] began. Notifications that are on the way still come.
func (c *Conn) Leave(groups ...uint32) error {
	return c.membership("leave group", unix.NETLINK_DROP_MEMBERSHIP, groups)
}

func (c *Conn) membership(op string, option int, groups []uint32) error {
	in, err := c.live(op)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(c)
	e, err := in.notificationEndpoint()
	if err != nil {
		return in.error(op, nil, err)
	}
	defer e.leave()
	for _, g := range groups {
		err := unix.SetsockoptInt(e.pump.FD(), unix.SOL_NETLINK, option, int(g))
		if errors.Is(err, unix.EINVAL) {
			err = fmt.Errorf("the family has no such group: %w", err)
		}
		if err != nil {
			return in.error(fmt.Sprintf("%s %d", op, g), nil, err)
		}
	}
	return nil
}

// Groups returns the groups that the connection has joined, in order.
func (c *Conn) Groups() ([]uint32, error) {
	const op = "list groups"
	in, err := c.live(op)
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(c)
	e := in.notifications.Load()
	if e == nil {
		return nil, nil
	}
	if err := e.enter(); err != nil {
		return nil, in.error(op, nil, err)
	}
	defer e.leave()
	var groups []uint32
	mask, err := memberships(e.pump.FD())
	if err != nil {
		return nil, in.error(op, nil, err)
	}
	for i, word := range mask {
		for bit := range 32 {
			if word>>bit&1 != 0 {
				groups = append(groups, uint32(32*i+bit+1))
			}
		}
	}
	return groups, nil
}

// memberships is the bit mask of groups that a socket has joined, bit 0 for group 1.
func memberships(fd int) ([]uint32, error) {
	mask := make([]uint32, 8)
	for {
		size := uint32(len(mask) * 4)
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_NETLINK, unix.NETLINK_LIST_MEMBERSHIPS,
			uintptr(unsafe.Pointer(&mask[0])), uintptr(unsafe.Pointer(&size)), 0)
		if errno != 0 {
			return nil, os.NewSyscallError("getsockopt", errno)
		}
		if int(size) <= len(mask)*4 {
			return mask[:size/4], nil
		}
		mask = make([]uint32, size/4)
	}
}
