//go:build linux

package main

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/libnl"
)

// option is a socket option of the level SOL_NETLINK, and a function that sets it and reads it back.
type option struct {
	name, since string
	try         func(fd int) (string, error)
}

var options = []option{
	{"PKTINFO", "2.6.14", flip(libnl.NETLINK_PKTINFO)},
	{"ADD_MEMBERSHIP", "2.6.14", member(libnl.NETLINK_ADD_MEMBERSHIP, 1<<(unix.RTNLGRP_LINK-1))},
	{"LIST_MEMBERSHIPS", "4.2", list},
	{"DROP_MEMBERSHIP", "2.6.14", member(libnl.NETLINK_DROP_MEMBERSHIP, 0)},
	{"BROADCAST_ERROR", "2.6.30", flip(libnl.NETLINK_BROADCAST_ERROR)},
	{"NO_ENOBUFS", "2.6.30", flip(libnl.NETLINK_NO_ENOBUFS)},
	{"LISTEN_ALL_NSID", "4.2", flip(libnl.NETLINK_LISTEN_ALL_NSID)},
	{"CAP_ACK", "4.3", flip(libnl.NETLINK_CAP_ACK)},
	{"EXT_ACK", "4.12", flip(libnl.NETLINK_EXT_ACK)},
	{"GET_STRICT_CHK", "4.20", flip(libnl.NETLINK_GET_STRICT_CHK)},
}

var errReadsOtherwise = errors.New("reads otherwise than it was set")

// flip sets an option to 1 and back to 0.
func flip(opt int) func(int) (string, error) {
	return func(fd int) (string, error) {
		for _, value := range []int{1, 0} {
			if err := unix.SetsockoptInt(fd, unix.SOL_NETLINK, opt, value); err != nil {
				return "", err
			}
			got, err := unix.GetsockoptInt(fd, unix.SOL_NETLINK, opt)
			if errors.Is(err, unix.ENOPROTOOPT) {
				return "set to 1; cannot be read back", unix.SetsockoptInt(fd, unix.SOL_NETLINK, opt, 0)
			}
			if err != nil {
				return "", err
			}
			if got != value {
				return "", fmt.Errorf("%w: %d, not %d", errReadsOtherwise, got, value)
			}
		}
		return "set to 1: reads 1; set to 0: reads 0", nil
	}
}

// member joins or leaves the group of links; the socket is then in the groups of the mask.
func member(opt, mask int) func(int) (string, error) {
	return func(fd int) (string, error) {
		if err := unix.SetsockoptInt(fd, unix.SOL_NETLINK, opt, unix.RTNLGRP_LINK); err != nil {
			return "", err
		}
		got, err := memberships(fd)
		if err == nil && got != mask {
			err = fmt.Errorf("%w: groups %#x, not %#x", errReadsOtherwise, got, mask)
		}
		return fmt.Sprintf("set to group %d: LIST_MEMBERSHIPS reads %#x", unix.RTNLGRP_LINK, got), err
	}
}

func list(fd int) (string, error) {
	got, err := memberships(fd)
	return fmt.Sprintf("reads %#x", got), err
}

// memberships are the groups 1 to 32 that the socket is in, as a mask. A longer buffer would have more groups.
func memberships(fd int) (int, error) {
	return unix.GetsockoptInt(fd, unix.SOL_NETLINK, libnl.NETLINK_LIST_MEMBERSHIPS)
}
