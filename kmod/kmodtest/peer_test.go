//go:build vm

package kmodtest_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/libnl"
)

// peer is a socket that speaks to a module, and keeps what it receives.
type peer struct {
	*libnl.Socket
	t    *testing.T
	msgs []*libnl.Nlmsghdr
	acks int
	done *libnl.Nlmsghdr // a dump is over
	intr bool            // a message carried NLM_F_DUMP_INTR
	err  *libnl.Nlmsgerr
}

// dial connects a peer, at a port of its own choice, until the test ends.
func dial(t *testing.T, protocol int) *peer { return dialAt(t, protocol, 0) }

// dialAt is dial at a port.
func dialAt(t *testing.T, protocol int, port uint32) *peer {
	t.Helper()
	sk, err := libnl.SocketAlloc()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sk.Free()) })
	if port != 0 {
		require.NoError(t, sk.SetLocalPort(port))
	}
	require.NoError(t, sk.Connect(protocol))
	// What a module says by itself follows no sequence.
	require.NoError(t, sk.DisableSeqCheck())
	fd := sk.GetFd()
	for _, option := range []int{libnl.NETLINK_EXT_ACK, libnl.NETLINK_CAP_ACK} {
		require.NoError(t, unix.SetsockoptInt(fd, libnl.SOL_NETLINK, option, 1))
	}
	tv := unix.NsecToTimeval(int64(patience))
	require.NoError(t, unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv))

	p := &peer{Socket: sk, t: t}
	on := func(typ libnl.CbType, f func(h *libnl.Nlmsghdr)) {
		require.NoError(t, sk.ModifyCb(typ, libnl.NL_CB_CUSTOM, func(m *libnl.Msg) (libnl.CbAction, error) {
			require.Zero(t, m.GetSrc().NlPid, "who sent it is the kernel")
			f(m.Hdr())
			return libnl.NL_OK, nil
		}))
	}
	on(libnl.NL_CB_VALID, func(h *libnl.Nlmsghdr) {
		p.msgs = append(p.msgs, h)
		p.intr = p.intr || h.NlmsgFlags&libnl.NLM_F_DUMP_INTR != 0
	})
	on(libnl.NL_CB_DUMP_INTR, func(*libnl.Nlmsghdr) { p.intr = true })
	on(libnl.NL_CB_ACK, func(*libnl.Nlmsghdr) { p.acks++ })
	on(libnl.NL_CB_FINISH, func(h *libnl.Nlmsghdr) { p.done = h })
	require.NoError(t, sk.ModifyErrCb(libnl.NL_CB_CUSTOM, func(_ libnl.SockaddrNl, e *libnl.Nlmsgerr) (libnl.CbAction, error) {
		p.err = e
		return libnl.NL_SKIP, nil
	}))
	return p
}

// next returns the next message that is neither an ACK nor an error.
func (p *peer) next() *libnl.Nlmsghdr {
	p.t.Helper()
	for len(p.msgs) == 0 {
		require.NoError(p.t, p.RecvmsgsDefault())
	}
	h := p.msgs[0]
	p.msgs = p.msgs[1:]
	return h
}

// drain receives what is in the socket's buffer, and waits for nothing.
func (p *peer) drain() {
	p.t.Helper()
	require.NoError(p.t, p.SetNonblocking())
	var err error
	for err == nil {
		err = p.RecvmsgsDefault()
	}
	require.ErrorIs(p.t, err, libnl.NLE_AGAIN)
	require.NoError(p.t, unix.SetNonblock(p.GetFd(), false))
}

// post sends a message and waits for nothing. It asks for an ACK, unless the socket is told not to.
func (p *peer) post(typ int, payload []byte) {
	p.t.Helper()
	_, err := p.SendSimple(typ, 0, payload)
	require.NoError(p.t, err)
}

// answered receives until an ACK, an error or the end of a dump comes, and returns the error, which is nil for the others. (How
// a dump ended is in its NLMSG_DONE.)
func (p *peer) answered() *libnl.Nlmsgerr {
	p.t.Helper()
	for p.acks == 0 && p.err == nil && p.done == nil {
		require.NoError(p.t, p.RecvmsgsDefault())
	}
	err := p.err
	p.acks, p.err = 0, nil
	return err
}

// ask sends a message and returns the answer, as answered does.
func (p *peer) ask(typ int, payload []byte) *libnl.Nlmsgerr {
	p.t.Helper()
	p.post(typ, payload)
	return p.answered()
}

// ext returns an attribute of an extended ACK, nil if it is not there. The sockets ask for NETLINK_CAP_ACK, so the
// attributes are right behind the header of the request.
func ext(e *libnl.Nlmsgerr, attr int) *libnl.Nlattr {
	return e.Hdr().FindAttr(4+libnl.NLMSG_HDRLEN, attr)
}

// refused checks that an answer is this errno and that text.
func refused(t *testing.T, e *libnl.Nlmsgerr, errno syscall.Errno, text string) {
	t.Helper()
	require.NotNil(t, e, "an ACK, not %v", errno)
	require.Equal(t, errno, syscall.Errno(-e.Error))
	said := ext(e, libnl.NLMSGERR_ATTR_MSG)
	require.NotNil(t, said, "it says no word")
	require.Equal(t, text, said.GetString())
}

// textOf is the text of a message, which is a string with a NUL.
func textOf(t *testing.T, h *libnl.Nlmsghdr) string {
	t.Helper()
	data := h.Data()
	require.NotEmpty(t, data)
	require.Zero(t, data[len(data)-1])
	return string(data[:len(data)-1])
}

// dumped receives until the end of a dump comes, and checks that it ended with this errno and that text.
func (p *peer) dumped(errno syscall.Errno, text string) {
	p.t.Helper()
	p.done = nil
	require.Nil(p.t, p.answered())
	require.Equal(p.t, errno, syscall.Errno(-int32(binary.NativeEndian.Uint32(p.done.Data()))))
	said := p.done.FindAttr(4, libnl.NLMSGERR_ATTR_MSG)
	if text == "" {
		require.Nil(p.t, said)
		return
	}
	require.NotNil(p.t, said, "it says no word")
	require.Equal(p.t, text, said.GetString())
}

// asNobody runs the named test again, as a user without any capability. isNobody tells the test so.
func asNobody(t *testing.T) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "KMOD_NOBODY=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "\nnobody: done\n")
}

// isNobody says whether the test was started by asNobody.
func isNobody() bool { return os.Getenv("KMOD_NOBODY") != "" }

// nobodyIsDone is what a test says at the end of its part as nobody.
func nobodyIsDone() { fmt.Println("\nnobody: done") }

// quiet waits as long as a message that should not come would need to come.
func quiet() { time.Sleep(200 * time.Millisecond) }
