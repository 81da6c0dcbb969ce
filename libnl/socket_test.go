package libnl_test

import (
	"math"
	"os"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/ctest"
	"github.com/golibnl/golibnl/internal/testns"
	"github.com/golibnl/golibnl/libnl"
)

func TestSocketBeginsUnconnected(t *testing.T) {
	s := newSocket(t)
	require.Equal(t, -1, s.GetFd())
	for name, err := range map[string]error{
		"nl_socket_add_membership":  s.AddMembership(1),
		"add_memberships, no group": s.AddMemberships(),
		"nl_socket_drop_membership": s.DropMembership(1),
		"nl_socket_set_nonblocking": s.SetNonblocking(),
		"nl_socket_set_buffer_size": s.SetBufferSize(0, 0),
		"nl_socket_set_passcred":    s.SetPasscred(true),
		"nl_socket_recv_pktinfo":    s.RecvPktinfo(true),
		"nl_recvmsgs_default":       s.RecvmsgsDefault(),
	} {
		require.ErrorIs(t, err, libnl.NLE_BAD_SOCK, name)
	}
	_, err := s.Sendto([]byte{1})
	require.ErrorIs(t, err, libnl.NLE_BAD_SOCK)
	_, _, _, err = s.Recv()
	require.ErrorIs(t, err, libnl.NLE_BAD_SOCK)
	require.ErrorIs(t, err, syscall.EBADF)
}

func TestConnectAndClose(t *testing.T) {
	s := connected(t, libnl.NETLINK_ROUTE)
	require.GreaterOrEqual(t, s.GetFd(), 0)
	require.ErrorIs(t, s.Connect(libnl.NETLINK_ROUTE), libnl.NLE_BAD_SOCK, "already connected")
	port := s.GetLocalPort()
	require.NotZero(t, port)
	require.NoError(t, s.Close())
	require.Equal(t, -1, s.GetFd())
	require.NoError(t, s.Close(), "closing again is nothing, as in C")
	require.NoError(t, s.Connect(libnl.NETLINK_ROUTE))
	require.Equal(t, port, s.GetLocalPort(), "the port ID outlives the descriptor")
}

func TestConnectToProtocolThatNobodyServes(t *testing.T) {
	s := newSocket(t)
	const unserved = 31
	err := s.Connect(unserved)
	if err == nil {
		t.Skip("a module on this machine has registered netlink protocol 31")
	}
	require.ErrorIs(t, err, libnl.NLE_PROTO_MISMATCH)
	require.ErrorIs(t, err, syscall.EPROTONOSUPPORT)
	require.ErrorContains(t, err, "protocol 31")
	require.ErrorContains(t, err, "no kernel module")
	require.NoError(t, s.Connect(libnl.NETLINK_ROUTE), "the socket is as it was")
}

func TestPortTaken(t *testing.T) {
	a := connected(t, libnl.NETLINK_ROUTE)
	b := newSocket(t)
	require.NoError(t, b.SetLocalPort(a.GetLocalPort()))
	err := b.Connect(libnl.NETLINK_ROUTE)
	require.ErrorIs(t, err, libnl.NLE_EXIST)
	require.ErrorIs(t, err, syscall.EADDRINUSE)
	require.NoError(t, b.SetLocalPort(0))
	require.NoError(t, b.Connect(libnl.NETLINK_ROUTE))
	require.NotEqual(t, a.GetLocalPort(), b.GetLocalPort())
}

// libnl's test-socket-creation: a port ID is used again once it is free, and the process can run out of them.
func TestPortsRunOut(t *testing.T) {
	first := newSocket(t)
	require.NotZero(t, first.GetLocalPort())
	require.NoError(t, first.SetLocalPort(0))

	var all []*libnl.Socket
	defer func() {
		for _, s := range all {
			require.NoError(t, s.Free())
		}
	}()
	seen := map[uint32]bool{}
	for range 1025 {
		s, err := libnl.SocketAlloc()
		require.NoError(t, err)
		all = append(all, s)
		port := s.GetLocalPort()
		if port == math.MaxUint32 {
			continue
		}
		require.False(t, seen[port], "port %#x twice", port)
		seen[port] = true
	}
	last := all[len(all)-1]
	require.EqualValues(t, uint32(math.MaxUint32), last.GetLocalPort(), "libnl has no more than 1024")

	fresh := newSocket(t)
	require.NoError(t, fresh.Connect(libnl.NETLINK_ROUTE), "the kernel makes a port ID where libnl cannot")
	require.NotZero(t, fresh.GetLocalPort())
	require.NoError(t, last.SetLocalPort(0))
	require.NoError(t, all[0].Free())
	all = all[1:]
	require.NotEqual(t, uint32(math.MaxUint32), last.GetLocalPort(), "a port ID that was freed is there again")
}

// A process ID that changes, as it does after a fork, must not make libnl release ports that it does not hold.
func TestPidChanges(t *testing.T) {
	old := connected(t, libnl.NETLINK_USERSOCK)
	ctest.PretendPid(os.Getpid() + 1)
	defer ctest.PretendPid(0)
	young, err := libnl.SocketAlloc()
	require.NoError(t, err)
	require.EqualValues(t, os.Getpid()+1, young.GetLocalPort()&0x3fffff)
	require.NoError(t, young.Connect(libnl.NETLINK_USERSOCK))
	require.NoError(t, old.Close())
	require.NoError(t, old.SetLocalPort(0))
	ctest.PretendPid(0)
	require.NoError(t, young.Free())
}

func TestMemberships(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		s := connected(t, libnl.NETLINK_ROUTE)
		require.NoError(t, s.AddMembership(unix.RTNLGRP_LINK))
		require.NoError(t, s.AddMembership(unix.RTNLGRP_LINK), "twice is once")
		require.NoError(t, s.AddMembership(0), "no group at all, as in C")
		require.ErrorIs(t, s.AddMembership(-1), libnl.NLE_INVAL)
		err := s.AddMembership(1 << 20)
		require.ErrorIs(t, err, libnl.NLE_INVAL)
		require.ErrorIs(t, err, syscall.EINVAL)
		require.ErrorIs(t, s.AddMembership(1<<32+1), libnl.NLE_INVAL, "not cut to 32 bits")
		require.ErrorIs(t, s.AddMemberships(unix.RTNLGRP_NEIGH, 1<<20, unix.RTNLGRP_TC), libnl.NLE_INVAL)
		require.Equal(t, []int{unix.RTNLGRP_LINK, unix.RTNLGRP_NEIGH}, groups(t, s), "joined before the error, not after")
		require.NoError(t, s.AddMemberships(unix.RTNLGRP_TC, 0, unix.RTNLGRP_NOTIFY), "0 ends the list")
		require.NoError(t, s.AddMembership(unix.RTNLGRP_NEXTHOP), "no group is beyond bit 31: %d", unix.RTNLGRP_NEXTHOP)
		require.NoError(t, s.DropMemberships(unix.RTNLGRP_LINK, unix.RTNLGRP_NEIGH))
		require.NoError(t, s.DropMembership(unix.RTNLGRP_LINK), "leaving what was left is nothing")
		require.Equal(t, []int{unix.RTNLGRP_TC, unix.RTNLGRP_NEXTHOP}, groups(t, s))
	})
}

func TestJoinGroupsBeforeConnect(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		s := newSocket(t)
		require.NoError(t, s.JoinGroups(unix.RTMGRP_LINK|unix.RTMGRP_NEIGH))
		for range 2 {
			require.NoError(t, s.Connect(libnl.NETLINK_ROUTE))
			require.Equal(t, []int{unix.RTNLGRP_LINK, unix.RTNLGRP_NEIGH}, groups(t, s), "at each Connect")
			require.NoError(t, s.Close())
		}
	})
}

// groups are the groups that the kernel says the socket is in.
func groups(t *testing.T, s *libnl.Socket) (all []int) {
	t.Helper()
	var mask [8]uint32
	size := uint32(len(mask) * 4)
	_, _, errno := syscall.Syscall6(syscall.SYS_GETSOCKOPT, uintptr(s.GetFd()), libnl.SOL_NETLINK,
		libnl.NETLINK_LIST_MEMBERSHIPS, uintptr(unsafe.Pointer(&mask)), uintptr(unsafe.Pointer(&size)), 0)
	require.Zero(t, errno)
	for i := range len(mask) * 32 {
		if mask[i/32]&(1<<(i%32)) != 0 {
			all = append(all, i+1)
		}
	}
	return all
}

func TestSetFd(t *testing.T) {
	s := newSocket(t)
	require.ErrorIs(t, s.SetFd(libnl.NETLINK_ROUTE, -1), libnl.NLE_INVAL)

	file, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	require.ErrorIs(t, s.SetFd(-1, int(file.Fd())), libnl.NLE_BAD_SOCK, "no socket")

	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	require.NoError(t, err)
	require.NoError(t, unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}))
	require.ErrorIs(t, s.SetFd(libnl.NETLINK_GENERIC, fd), libnl.NLE_INVAL, "another protocol")
	require.NoError(t, s.SetFd(libnl.NETLINK_ROUTE, fd))
	require.Equal(t, fd, s.GetFd())
	require.NotZero(t, s.GetLocalPort())
	require.ErrorIs(t, s.SetFd(-1, fd), libnl.NLE_BAD_SOCK, "it has one already")
	require.NoError(t, s.Close())
	_, err = unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	require.ErrorIs(t, err, unix.EBADF, "the descriptor was consumed")
}

func TestPeerAndSizes(t *testing.T) {
	s := connected(t, libnl.NETLINK_ROUTE)
	s.SetPeerPort(7)
	s.SetPeerGroups(0x80000001)
	require.EqualValues(t, 7, s.GetPeerPort())
	require.EqualValues(t, 0x80000001, s.GetPeerGroups())
	require.NoError(t, s.SetMsgBufSize(1234))
	require.Equal(t, 1234, s.GetMsgBufSize())
	require.ErrorIs(t, s.SetMsgBufSize(-1), libnl.NLE_RANGE)

	rcvbuf := func() int {
		n, err := unix.GetsockoptInt(s.GetFd(), unix.SOL_SOCKET, unix.SO_RCVBUF)
		require.NoError(t, err)
		return n
	}
	require.NoError(t, s.SetBufferSize(20_000, 0))
	require.Equal(t, 40_000, rcvbuf(), "the kernel doubles it")
	require.NoError(t, s.SetBufferSize(-1, math.MaxInt))
	require.Equal(t, 65_536, rcvbuf())

	first := s.UseSeq()
	require.Equal(t, first+1, s.UseSeq())
}

func TestCallbackSetsAreShared(t *testing.T) {
	cb, err := libnl.CbAlloc(libnl.NL_CB_DEFAULT)
	require.NoError(t, err)
	a, err := libnl.SocketAllocCb(cb)
	require.NoError(t, err)
	b := newSocket(t)
	require.NoError(t, b.SetCb(cb))
	require.NoError(t, cb.Put())

	again, err := a.GetCb()
	require.NoError(t, err)
	require.Same(t, cb, again)
	other, err := b.GetCb()
	require.NoError(t, err)
	require.Same(t, cb, other)
	require.NoError(t, again.Put())
	require.NoError(t, other.Put())

	// Set through one socket, called through the other.
	seq := b.UseSeq()
	hook(t, a, func(s *libnl.Socket) ([]byte, libnl.SockaddrNl, *libnl.Ucred, error) {
		require.Same(t, b, s)
		return data(seq, 0, 1), libnl.SockaddrNl{}, nil, nil
	})
	n := 0
	onValid(t, a, func(*libnl.Msg) (libnl.CbAction, error) { n++; return libnl.NL_OK, nil })
	require.NoError(t, a.Free())
	require.NoError(t, b.RecvmsgsDefault(), "the set outlives the socket that it came with")
	require.Equal(t, 1, n)
}

func TestSocketAllocCbWithoutSet(t *testing.T) {
	expectMisuse(t, 1, func() {
		_, err := libnl.SocketAllocCb(nil)
		require.ErrorIs(t, err, libnl.ErrFreed, "C aborts the process")
	})
	s := newSocket(t)
	expectMisuse(t, 1, func() { require.ErrorIs(t, s.SetCb(nil), libnl.ErrFreed) })
}
