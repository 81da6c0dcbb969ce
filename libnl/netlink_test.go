package libnl_test

import (
	"encoding/binary"
	"errors"
	"net"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/testns"
	"github.com/golibnl/golibnl/libnl"
)

// pair makes two connected sockets that send to each other.
func pair(t *testing.T) (a, b *libnl.Socket) {
	t.Helper()
	a, b = connected(t, libnl.NETLINK_USERSOCK), connected(t, libnl.NETLINK_USERSOCK)
	a.SetPeerPort(b.GetLocalPort())
	b.SetPeerPort(a.GetLocalPort())
	for _, s := range []*libnl.Socket{a, b} {
		s.DisableAutoAck()
		require.NoError(t, s.SetNonblocking())
	}
	return a, b
}

// next receives one datagram and returns its messages.
func next(t *testing.T, s *libnl.Socket) (all []*libnl.Nlmsghdr) {
	t.Helper()
	b, _, _, err := s.Recv()
	require.NoError(t, err)
	for h := range libnl.NlmsgForEach(b) {
		all = append(all, h)
	}
	return all
}

func TestDumpMatchesNet(t *testing.T) {
	s := connected(t, libnl.NETLINK_ROUTE)
	names := map[int]string{}
	finished := 0
	onValid(t, s, func(m *libnl.Msg) (libnl.CbAction, error) {
		h := m.Hdr()
		require.EqualValues(t, unix.RTM_NEWLINK, h.NlmsgType)
		tb, err := h.Parse(unix.SizeofIfInfomsg, unix.IFLA_IFNAME, []libnl.NlaPolicy{
			unix.IFLA_IFNAME: {Type: libnl.NLA_STRING, Maxlen: unix.IFNAMSIZ},
		})
		require.NoError(t, err)
		names[int(binary.NativeEndian.Uint32(h.Data()[4:]))] = tb[unix.IFLA_IFNAME].GetString()
		return libnl.NL_OK, nil
	})
	require.NoError(t, s.ModifyCb(libnl.NL_CB_FINISH, libnl.NL_CB_CUSTOM, func(*libnl.Msg) (libnl.CbAction, error) {
		finished++
		return libnl.NL_OK, nil
	}))
	n, err := s.SendSimple(unix.RTM_GETLINK, libnl.NLM_F_DUMP, []byte{unix.AF_UNSPEC})
	require.NoError(t, err)
	require.Equal(t, 20, n, "header, family, padding")
	require.NoError(t, s.RecvmsgsDefault())
	require.Equal(t, 1, finished)

	links, err := net.Interfaces()
	require.NoError(t, err)
	for _, l := range links {
		require.Equal(t, l.Name, names[l.Index])
	}
}

func TestAckAndKernelError(t *testing.T) {
	s := connected(t, libnl.NETLINK_ROUTE)
	acks := 0
	require.NoError(t, s.ModifyCb(libnl.NL_CB_ACK, libnl.NL_CB_CUSTOM, func(*libnl.Msg) (libnl.CbAction, error) {
		acks++
		return libnl.NL_STOP, nil
	}))
	m := getLink(t, 1)
	n, err := s.SendAuto(m)
	require.NoError(t, err)
	require.Equal(t, 32, n)
	h := m.Hdr()
	require.Equal(t, s.GetLocalPort(), h.NlmsgPid)
	require.EqualValues(t, libnl.NLM_F_REQUEST|libnl.NLM_F_ACK, h.NlmsgFlags)
	require.NoError(t, s.RecvmsgsDefault(), "the reply")
	require.Zero(t, acks)
	require.NoError(t, s.RecvmsgsDefault(), "the ACK")
	require.Equal(t, 1, acks)

	// The same message again has the same sequence number, which nobody expects any more.
	_, err = s.SendAuto(m)
	require.NoError(t, err)
	require.ErrorIs(t, s.RecvmsgsDefault(), libnl.NLE_SEQ_MISMATCH)
}

func TestErrorCallbackSeesTheRequest(t *testing.T) {
	s := connected(t, libnl.NETLINK_ROUTE)
	require.NoError(t, unix.SetsockoptInt(s.GetFd(), libnl.SOL_NETLINK, libnl.NETLINK_EXT_ACK, 1))
	var got *libnl.Nlmsgerr
	require.NoError(t, s.ModifyErrCb(libnl.NL_CB_CUSTOM, func(nla libnl.SockaddrNl, e *libnl.Nlmsgerr) (libnl.CbAction, error) {
		require.Zero(t, nla.NlPid, "from the kernel")
		got = e
		return libnl.NL_STOP, nil
	}))
	m := getLink(t, 1<<30)
	_, err := s.SendAuto(m)
	require.NoError(t, err)
	err = s.RecvmsgsDefault()
	require.ErrorIs(t, err, libnl.NLE_NODEV)
	require.EqualError(t, err, "nl_recvmsgs_default: "+libnl.NLE_NODEV.Error())
	require.EqualValues(t, -int(unix.ENODEV), got.Error)
	require.Equal(t, m.Hdr().NlmsgSeq, got.Msg.NlmsgSeq)
	require.EqualValues(t, unix.RTM_GETLINK, got.Msg.NlmsgType)
	require.EqualValues(t, libnl.NLMSG_ERROR, got.Hdr().NlmsgType)
	require.Len(t, got.Hdr().Bytes(), int(got.Hdr().NlmsgLen))

	// NL_OK and NL_SKIP go on, and the error is over; an error of the callback's own comes back.
	mine := errors.New("mine")
	for _, c := range []struct {
		act  libnl.CbAction
		err  error
		want error
	}{{libnl.NL_OK, nil, nil}, {libnl.NL_SKIP, nil, nil}, {libnl.NL_OK, mine, mine}} {
		require.NoError(t, s.ModifyErrCb(libnl.NL_CB_CUSTOM, func(libnl.SockaddrNl, *libnl.Nlmsgerr) (libnl.CbAction, error) {
			return c.act, c.err
		}))
		_, err = s.SendAuto(getLink(t, 1<<30))
		require.NoError(t, err)
		require.Equal(t, c.want, s.RecvmsgsDefault())
	}
}

func TestSendSyncAndWaitForAck(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		s := connected(t, libnl.NETLINK_ROUTE)
		request := func(index uint32) *libnl.Msg {
			m, err := libnl.NlmsgAllocSimple(unix.RTM_SETLINK, 0)
			require.NoError(t, err)
			info := make([]byte, unix.SizeofIfInfomsg)
			binary.NativeEndian.PutUint32(info[4:], index)
			binary.NativeEndian.PutUint32(info[8:], unix.IFF_UP)
			binary.NativeEndian.PutUint32(info[12:], unix.IFF_UP)
			require.NoError(t, m.Append(info, libnl.NLMSG_ALIGNTO))
			return m
		}
		m := request(1)
		require.NoError(t, s.SendSync(m))
		require.NoError(t, m.Free(), "consumed: there is nothing to free")
		expectMisuse(t, 1, func() { require.Nil(t, m.Hdr()) })
		require.ErrorIs(t, s.SendSync(request(200)), libnl.NLE_NODEV)

		m = request(1)
		_, err := s.SendAuto(m)
		require.NoError(t, err)
		require.NoError(t, s.WaitForAck())
		require.NoError(t, m.Free())

		m = request(1)
		again, err := m.Get()
		require.NoError(t, err)
		require.ErrorIs(t, s.SendSync(m), libnl.ErrBusy, "it would free what somebody else holds")
		require.NoError(t, again.Free())
		require.NoError(t, m.Free())

		// Without auto-ACK there is nothing to wait for.
		s.DisableAutoAck()
		require.NoError(t, s.SendSync(request(1)))
		require.NoError(t, s.SetNonblocking())
		require.ErrorIs(t, s.RecvmsgsDefault(), libnl.NLE_AGAIN, "no ACK came")

		s = connected(t, libnl.NETLINK_ROUTE)
		s.DisableAutoAck()
		s.EnableAutoAck()
		m = request(1)
		require.NoError(t, m.SetHdr(&libnl.Nlmsghdr{NlmsgType: unix.RTM_SETLINK, NlmsgFlags: libnl.NLM_F_ACK}))
		require.NoError(t, s.SendSync(m), "asking for the ACK oneself changes nothing")
	})
}

func TestSendVariants(t *testing.T) {
	a, b := pair(t)
	m := newMsg(t)
	require.NoError(t, m.SetHdr(&libnl.Nlmsghdr{NlmsgType: 0x20, NlmsgSeq: 7, NlmsgPid: 9}))
	require.NoError(t, m.Append([]byte("text"), libnl.NLMSG_ALIGNTO))

	n, err := a.Send(m)
	require.NoError(t, err)
	require.Equal(t, 20, n)
	got := next(t, b)[0]
	require.Equal(t, "text", string(got.Data()))
	require.Equal(t, []uint32{7, 9, 0}, []uint32{got.NlmsgSeq, got.NlmsgPid, uint32(got.NlmsgFlags)}, "as it was")

	n, err = a.Sendto(append(message(header{Type: 0x21}), message(header{Type: 0x22}, 1)...))
	require.NoError(t, err)
	require.Equal(t, 36, n)
	require.Len(t, next(t, b), 2)

	n, err = a.SendIovec(m, [][]byte{message(header{Type: 0x23}), nil, message(header{Type: 0x24}), message(header{Type: 0x25})})
	require.NoError(t, err)
	require.Equal(t, 48, n)
	require.Len(t, next(t, b), 3)

	dst := libnl.SockaddrNl{NlFamily: unix.AF_NETLINK, NlPid: a.GetLocalPort()}
	_, err = a.Sendmsg(m, &libnl.Msghdr{Name: &dst, Iov: [][]byte{message(header{Type: 0x26})}})
	require.NoError(t, err)
	require.EqualValues(t, 0x26, next(t, a)[0].NlmsgType, "to itself")
	require.Equal(t, a.GetLocalPort(), m.GetSrc().NlPid, "the source was set")

	m.SetDst(dst)
	_, err = a.SendAuto(m)
	require.NoError(t, err)
	require.Equal(t, "text", string(next(t, a)[0].Data()), "the message's destination wins")
}

func TestMsgOut(t *testing.T) {
	a, b := pair(t)
	var seen []*libnl.Nlmsghdr
	act := libnl.NL_OK
	require.NoError(t, a.ModifyCb(libnl.NL_CB_MSG_OUT, libnl.NL_CB_CUSTOM, func(m *libnl.Msg) (libnl.CbAction, error) {
		seen = append(seen, m.Hdr())
		require.ErrorIs(t, m.Expand(1<<20), libnl.ErrBorrowed, "C would send memory that is gone")
		return act, nil
	}))
	n, err := a.SendSimple(0x20, 0, []byte("text"))
	require.NoError(t, err)
	require.Equal(t, 20, n)
	require.Equal(t, seen[0].Bytes(), next(t, b)[0].Bytes())
	for act = range map[libnl.CbAction]bool{libnl.NL_SKIP: true, libnl.NL_STOP: true} {
		n, err = a.SendSimple(0x20, 0, []byte("text"))
		require.NoError(t, err)
		require.EqualValues(t, act, n, "as in C, where it looks like a number of bytes")
		_, _, _, err = b.Recv()
		require.ErrorIs(t, err, libnl.NLE_AGAIN, "nothing was sent")
	}
	mine := errors.New("mine")
	require.NoError(t, a.ModifyCb(libnl.NL_CB_MSG_OUT, libnl.NL_CB_CUSTOM, func(*libnl.Msg) (libnl.CbAction, error) {
		return libnl.NL_OK, mine
	}))
	_, err = a.SendSimple(0x20, 0, nil)
	require.Same(t, mine, err)
	_, err = a.Sendto(message(header{Type: 0x20}))
	require.NoError(t, err, "nl_sendto calls no callback")
}

// A callback of a send may send in turn; the message that is being sent is not free meanwhile.
func TestSendInCallback(t *testing.T) {
	a, b := pair(t)
	m := newMsg(t)
	require.NoError(t, m.SetHdr(&libnl.Nlmsghdr{NlmsgType: 0x20}))
	depth := 0
	require.NoError(t, a.ModifyCb(libnl.NL_CB_MSG_OUT, libnl.NL_CB_CUSTOM, func(*libnl.Msg) (libnl.CbAction, error) {
		require.ErrorIs(t, m.NlaPutFlag(1), libnl.ErrBusy)
		require.ErrorIs(t, m.Free(), libnl.ErrBusy)
		if depth++; depth > 1 {
			return libnl.NL_OK, nil
		}
		_, err := a.SendSimple(0x21, 0, nil)
		return libnl.NL_OK, err
	}))
	_, err := a.SendAuto(m)
	require.NoError(t, err)
	require.EqualValues(t, 0x21, next(t, b)[0].NlmsgType)
	require.EqualValues(t, 0x20, next(t, b)[0].NlmsgType)
}

func TestOverwriteSendAndRecvmsgs(t *testing.T) {
	a, b := pair(t)
	cb, err := a.GetCb()
	require.NoError(t, err)
	defer func() { require.NoError(t, cb.Put()) }()

	require.NoError(t, cb.OverwriteSend(func(s *libnl.Socket, m *libnl.Msg) (int, error) {
		require.Same(t, a, s)
		return s.Sendto(append(m.Hdr().Bytes(), message(header{Type: 0x99})...))
	}))
	n, err := a.SendSimple(0x20, 0, nil)
	require.NoError(t, err)
	require.Equal(t, 32, n)
	require.Len(t, next(t, b), 2)
	require.NoError(t, cb.OverwriteSend(nil))
	n, err = a.SendSimple(0x20, 0, nil)
	require.NoError(t, err)
	require.Equal(t, 16, n)

	var lent *libnl.Cb
	require.NoError(t, cb.OverwriteRecvmsgs(func(s *libnl.Socket, c *libnl.Cb) (int, error) {
		require.Same(t, a, s)
		if c != cb {
			lent = c
			_, err := c.Clone()
			require.ErrorIs(t, err, libnl.ErrBorrowed)
			require.ErrorIs(t, c.Put(), libnl.ErrBorrowed)
			require.ErrorIs(t, c.OverwriteRecv(nil), libnl.ErrBorrowed)
			require.NoError(t, c.Set(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, func(*libnl.Msg) (libnl.CbAction, error) { return 0, nil }))
		}
		return 42, nil
	}))
	n, err = a.RecvmsgsReport(cb)
	require.NoError(t, err)
	require.Equal(t, 42, n)
	require.NoError(t, a.Recvmsgs(cb))
	require.Nil(t, lent)
	require.NoError(t, a.WaitForAck())
	require.NotNil(t, lent, "libnl's clone")
	expectMisuse(t, 1, func() { require.ErrorIs(t, lent.Err(libnl.NL_CB_DEFAULT, nil), libnl.ErrFreed) })
	require.NoError(t, cb.OverwriteRecvmsgs(func(*libnl.Socket, *libnl.Cb) (int, error) { return 0, libnl.NLE_BUSY }))
	require.Equal(t, libnl.NLE_BUSY, a.RecvmsgsDefault())
}

func TestCredentialsAndPeek(t *testing.T) {
	a, b := pair(t)
	require.NoError(t, b.SetPasscred(true))
	require.NoError(t, b.DisableSeqCheck())
	send := func(n int) {
		_, err := a.SendSimple(0x20, 0, make([]byte, n))
		require.NoError(t, err)
	}
	var creds *libnl.Ucred
	onValid(t, b, func(m *libnl.Msg) (libnl.CbAction, error) { creds = m.GetCreds(); return libnl.NL_OK, nil })
	send(1)
	require.NoError(t, b.RecvmsgsDefault())
	require.Equal(t, &libnl.Ucred{Pid: int32(os.Getpid()), Uid: uint32(os.Getuid()), Gid: uint32(os.Getgid())}, creds)
	send(1)
	_, from, who, err := b.Recv()
	require.NoError(t, err)
	require.Equal(t, creds, who)
	require.Equal(t, a.GetLocalPort(), from.NlPid)

	// A buffer that is too small loses the message without a peek, and grows with one.
	require.NoError(t, b.SetMsgBufSize(32))
	send(100)
	require.ErrorIs(t, b.RecvmsgsDefault(), libnl.NLE_MSG_TRUNC)
	b.EnableMsgPeek()
	send(100)
	require.NoError(t, b.RecvmsgsDefault())
	b.DisableMsgPeek()
	send(100)
	require.ErrorIs(t, b.RecvmsgsDefault(), libnl.NLE_MSG_TRUNC)
	require.NoError(t, b.SetPasscred(false))
	require.NoError(t, b.SetMsgBufSize(0))
	require.NoError(t, b.RecvPktinfo(true))
	b.EnableMsgPeek()
	send(1)
	require.ErrorIs(t, b.RecvmsgsDefault(), libnl.NLE_MSG_TRUNC, "no room for the group, as in C")
}

func TestNames(t *testing.T) {
	require.Equal(t, "route", libnl.Nlfamily2str(libnl.NETLINK_ROUTE))
	require.Equal(t, "0x63", libnl.Nlfamily2str(99))
	p, err := libnl.Str2nlfamily("generic")
	require.NoError(t, err)
	require.Equal(t, libnl.NETLINK_GENERIC, p)
	_, err = libnl.Str2nlfamily("no such protocol")
	require.ErrorIs(t, err, libnl.NLE_OBJ_NOTFOUND)
	require.Equal(t, "DONE", libnl.Nlmsgtype2str(libnl.NLMSG_DONE))
	typ, err := libnl.Str2nlmsgtype("ERROR")
	require.NoError(t, err)
	require.Equal(t, libnl.NLMSG_ERROR, typ)
	require.Equal(t, "REQUEST,ACK", libnl.NlmsgFlags2str(libnl.NLM_F_REQUEST|libnl.NLM_F_ACK))
	require.Equal(t, "NL_CB_MSG_IN", libnl.NL_CB_MSG_IN.String())
	require.Equal(t, "CbType(99)", libnl.CbType(99).String())

	level := libnl.NlDebug()
	libnl.SetNlDebug(0)
	require.Zero(t, libnl.NlDebug())
	libnl.SetNlDebug(level)

	compiled, running := libnl.Version()
	require.Regexp(t, `^3\.\d+\.\d+$`, compiled)
	require.Regexp(t, `^3\.\d+\.\d+$`, running)
	require.Equal(t, libnl.Ver(libnl.VerMaj(), libnl.VerMin()), libnl.VerNum())
	require.GreaterOrEqual(t, libnl.VerNum(), libnl.Ver(3, 7))
	require.GreaterOrEqual(t, libnl.LIBNL_VER_NUM, libnl.Ver(3, 7))
}
