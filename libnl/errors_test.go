package libnl_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/testns"
	"github.com/golibnl/golibnl/libnl"
)

func TestErrorTexts(t *testing.T) {
	require.Equal(t, "Success", libnl.Geterror(0))
	require.Equal(t, libnl.Geterror(libnl.NLE_AGAIN), libnl.Geterror(-libnl.NLE_AGAIN), "of either sign")
	require.Equal(t, "Unspecific failure", libnl.Error(9999).Error())
	seen := map[string]libnl.Error{}
	for e := libnl.NLE_SUCCESS; e <= libnl.NLE_MAX; e++ {
		require.NotContains(t, seen, e.Error(), "%d", e)
		seen[e.Error()] = e
	}

	var b bytes.Buffer
	require.NoError(t, libnl.Perror(&b, libnl.NLE_PERM, "joining"))
	require.NoError(t, libnl.Perror(&b, libnl.NLE_PERM, ""))
	require.Equal(t, "joining: "+libnl.NLE_PERM.Error()+"\n"+libnl.NLE_PERM.Error()+"\n", b.String())
	require.Error(t, libnl.Perror(closedFile(t), libnl.NLE_PERM, ""))
}

func closedFile(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Open(os.DevNull)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	return f
}

func TestErrnoToCode(t *testing.T) {
	for errno, code := range map[syscall.Errno]libnl.Error{
		syscall.ENOBUFS: libnl.NLE_NOMEM, syscall.ENOMEM: libnl.NLE_NOMEM, syscall.EADDRINUSE: libnl.NLE_EXIST,
		syscall.EAGAIN: libnl.NLE_AGAIN, syscall.EPERM: libnl.NLE_PERM, syscall.EMSGSIZE: libnl.NLE_FAILURE,
	} {
		require.Equal(t, code, libnl.Syserr2nlerr(errno), errno.Error())
		require.Equal(t, code, libnl.Syserr2nlerr(-errno), errno.Error())
	}
}

// overrun makes a socket whose receive buffer is full, and that has lost messages.
func overrun(t *testing.T) *libnl.Socket {
	t.Helper()
	s, sender := connected(t, libnl.NETLINK_USERSOCK), connected(t, libnl.NETLINK_USERSOCK)
	require.NoError(t, s.DisableSeqCheck())
	require.NoError(t, s.SetNonblocking())
	require.NoError(t, s.SetBufferSize(4096, 0))
	require.NoError(t, s.AddMembership(7))
	sender.SetPeerGroups(1 << 6)
	sender.DisableAutoAck()
	for range 100 {
		_, err := sender.SendSimple(0x10, 0, make([]byte, 1000))
		if !errors.Is(err, syscall.ECONNREFUSED) {
			require.NoError(t, err)
		}
	}
	return s
}

// ENOBUFS is tellable from ENOMEM, though libnl has one code for both.
func TestOverrunIsTold(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		s := overrun(t)
		err := s.RecvmsgsDefault()
		require.ErrorIs(t, err, libnl.NLE_NOMEM)
		require.ErrorIs(t, err, syscall.ENOBUFS)
		require.NotErrorIs(t, err, syscall.ENOMEM)
		require.ErrorContains(t, err, "messages were lost")
		require.NoError(t, s.RecvmsgsDefault(), "the next call goes on")

		s = overrun(t)
		_, _, _, err = s.Recv()
		require.ErrorIs(t, err, syscall.ENOBUFS)

		m := newMsg(t)
		err = m.NlaPut(1, make([]byte, 65_000))
		require.ErrorIs(t, err, libnl.NLE_NOMEM)
		require.NotErrorIs(t, err, syscall.ENOBUFS)
		require.NotErrorIs(t, err, syscall.ENOMEM, "no system call failed")
	})
}

// An errno is attached to an error only if it belongs to the call that failed.
func TestErrnoOfThisCallOnly(t *testing.T) {
	var errno syscall.Errno

	t.Run("a kernel error carries none", func(t *testing.T) {
		s := connected(t, libnl.NETLINK_ROUTE)
		require.NoError(t, s.SetNonblocking())
		require.ErrorIs(t, s.RecvmsgsDefault(), syscall.EAGAIN) // leaves an errno in the thread
		m := getLink(t, 1<<30)
		_, err := s.SendAuto(m)
		require.NoError(t, err)
		err = s.RecvmsgsDefault()
		require.ErrorIs(t, err, libnl.NLE_NODEV)
		require.False(t, errors.As(err, &errno), "%v", err)
	})
	t.Run("even if the errno would fit", func(t *testing.T) {
		// A receive that fails with EAGAIN, and then an ERROR message with EAGAIN.
		s := injected(t, func(seq uint32) [][]byte { return [][]byte{errorMessage(seq, int32(syscall.EAGAIN))} })
		other := connected(t, libnl.NETLINK_USERSOCK)
		require.NoError(t, other.SetNonblocking())
		require.ErrorIs(t, other.RecvmsgsDefault(), syscall.EAGAIN)
		err := s.RecvmsgsDefault()
		require.ErrorIs(t, err, libnl.NLE_AGAIN)
		require.False(t, errors.As(err, &errno), "%v", err)
	})
	t.Run("what a callback did is not this call's", func(t *testing.T) {
		s := injected(t, func(seq uint32) [][]byte {
			return [][]byte{append(data(seq, 0, 1), errorMessage(seq, int32(syscall.EAGAIN))...)}
		})
		other := connected(t, libnl.NETLINK_USERSOCK)
		require.NoError(t, other.SetNonblocking())
		onValid(t, s, func(*libnl.Msg) (libnl.CbAction, error) {
			require.ErrorIs(t, other.RecvmsgsDefault(), syscall.EAGAIN)
			return libnl.NL_OK, nil
		})
		err := s.RecvmsgsDefault()
		require.ErrorIs(t, err, libnl.NLE_AGAIN)
		require.False(t, errors.As(err, &errno), "%v", err)
	})
	t.Run("nor is it in a send", func(t *testing.T) {
		s := connected(t, libnl.NETLINK_USERSOCK)
		other := connected(t, libnl.NETLINK_USERSOCK)
		require.NoError(t, other.SetNonblocking())
		err := s.ModifyCb(libnl.NL_CB_MSG_OUT, libnl.NL_CB_CUSTOM, func(*libnl.Msg) (libnl.CbAction, error) {
			require.ErrorIs(t, other.RecvmsgsDefault(), syscall.EAGAIN)
			return libnl.NL_OK, nil
		})
		require.NoError(t, err)
		s.SetPeerPort(1) // nobody
		_, err = s.SendSimple(0x10, 0, nil)
		require.ErrorIs(t, err, libnl.NLE_FAILURE)
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
		require.NotErrorIs(t, err, syscall.EAGAIN)
	})
	t.Run("libnl's own verdict carries none", func(t *testing.T) {
		s := injected(t, func(seq uint32) [][]byte { return [][]byte{data(seq+1, 0, 1)} })
		err := s.RecvmsgsDefault()
		require.ErrorIs(t, err, libnl.NLE_SEQ_MISMATCH)
		require.False(t, errors.As(err, &errno))
	})
	t.Run("a hook's error comes back with its own", func(t *testing.T) {
		a, b := newSocket(t), connected(t, libnl.NETLINK_USERSOCK)
		require.NoError(t, b.SetNonblocking())
		hook(t, a, func(*libnl.Socket) ([]byte, libnl.SockaddrNl, *libnl.Ucred, error) { return b.Recv() })
		require.ErrorIs(t, a.RecvmsgsDefault(), syscall.EAGAIN)
	})
	t.Run("a failing nl_send_sync tells which half failed", func(t *testing.T) {
		s := connected(t, libnl.NETLINK_USERSOCK)
		s.SetPeerPort(1)
		m, err := libnl.NlmsgAllocSimple(0x10, 0)
		require.NoError(t, err)
		require.ErrorIs(t, s.SendSync(m), syscall.ECONNREFUSED)

		s.SetPeerPort(s.GetLocalPort())
		require.NoError(t, s.SetNonblocking())
		hook(t, s, func(*libnl.Socket) ([]byte, libnl.SockaddrNl, *libnl.Ucred, error) {
			return nil, libnl.SockaddrNl{}, nil, libnl.NLE_AGAIN
		})
		m, err = libnl.NlmsgAllocSimple(0x10, 0)
		require.NoError(t, err)
		err = s.SendSync(m)
		require.ErrorIs(t, err, libnl.NLE_AGAIN)
		require.False(t, errors.As(err, &errno))
	})
}

// getLink makes a request for a link, which ends with the test.
func getLink(t *testing.T, index uint32) *libnl.Msg {
	t.Helper()
	m := newMsg(t)
	require.NoError(t, m.SetHdr(&libnl.Nlmsghdr{NlmsgType: unix.RTM_GETLINK}))
	info := make([]byte, unix.SizeofIfInfomsg)
	binary.NativeEndian.PutUint32(info[4:], index)
	require.NoError(t, m.Append(info, libnl.NLMSG_ALIGNTO))
	return m
}
