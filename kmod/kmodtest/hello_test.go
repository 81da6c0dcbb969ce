//go:build vm

package kmodtest_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/kmod/uapi"
	"github.com/golibnl/golibnl/libnl"
)

const helloProtocol = uapi.NL_HELLO_PROTOCOL

// requireHello checks that the next message is an answer to the request with this sequence number.
func requireHello(t *testing.T, p *peer, seq uint32) {
	t.Helper()
	h := p.next()
	require.EqualValues(t, uapi.NL_HELLO_MSG, h.NlmsgType)
	require.Equal(t, uapi.NL_HELLO_TEXT, textOf(t, h))
	require.Equal(t, seq, h.NlmsgSeq)
	require.Equal(t, p.GetLocalPort(), h.NlmsgPid)
}

// sendText makes a message with a text, sends it, and returns its sequence number.
func sendText(t *testing.T, p *peer, typ int, text string) (seq uint32) {
	t.Helper()
	m, err := libnl.NlmsgAllocSimple(typ, 0)
	require.NoError(t, err)
	defer m.Free()
	require.NoError(t, m.Append([]byte(text+"\x00"), libnl.NLMSG_ALIGNTO))
	_, err = p.SendAuto(m)
	require.NoError(t, err)
	return m.Hdr().NlmsgSeq
}

func TestHelloAnswers(t *testing.T) {
	load(t, "nl_hello", "count=3", "period_ms=20")
	log := kernelLog(t, "nl_hello")
	p, other := dialAt(t, helloProtocol, 100), dial(t, helloProtocol)
	seq := sendText(t, p, uapi.NL_HELLO_MSG, "Hello you!")
	otherSeq := sendText(t, other, uapi.NL_HELLO_MSG, "And me?")
	require.Nil(t, p.answered(), "the ACK")
	for range 3 {
		requireHello(t, p, seq)
		requireHello(t, other, otherSeq)
	}
	require.Contains(t, log(), `port 100 says: Hello you!`)
	quiet()
	p.drain()
	require.Empty(t, p.msgs, "three answers and no more")
}

// The sender is not held up: the second answer is far away, and yet sending is over, and the module can be unloaded.
func TestHelloIsDelayedWork(t *testing.T) {
	load(t, "nl_hello", "count=2", "period_ms=60000")
	p := dial(t, helloProtocol)
	seq := sendText(t, p, uapi.NL_HELLO_MSG, "hello")
	requireHello(t, p, seq)
	require.Nil(t, p.answered())
	p.drain()
	require.Empty(t, p.msgs)
}

// With sync=1 sending is over when the handler is: all is there then, and time has passed.
func TestHelloInsideSendmsg(t *testing.T) {
	load(t, "nl_hello", "count=3", "period_ms=50", "sync=1")
	p := dial(t, helloProtocol)
	began := time.Now()
	seq := sendText(t, p, uapi.NL_HELLO_MSG, "hello")
	require.GreaterOrEqual(t, time.Since(began), 2*50*time.Millisecond)
	require.NoError(t, p.SetNonblocking())
	for range 3 {
		require.Zero(t, p.acks, "the ACK is last")
		requireHello(t, p, seq)
	}
	require.Nil(t, p.answered())
}

// The answer goes where the message came from, whatever its header says.
func TestHelloDoesNotBelieveTheHeader(t *testing.T) {
	load(t, "nl_hello", "count=1", "period_ms=0")
	p, other := dial(t, helloProtocol), dial(t, helloProtocol)
	for _, pid := range []uint32{0, other.GetLocalPort()} {
		m, err := libnl.NlmsgAlloc()
		require.NoError(t, err)
		_, err = m.Put(pid, 7, uapi.NL_HELLO_MSG, 0, libnl.NLM_F_REQUEST)
		require.NoError(t, err)
		require.NoError(t, m.Append([]byte("hello"), libnl.NLMSG_ALIGNTO))
		_, err = p.Sendto(m.Hdr().Bytes())
		require.NoError(t, err)
		require.NoError(t, m.Free())
		requireHello(t, p, 7)
	}
	quiet()
	other.drain()
	require.Empty(t, other.msgs)
}

func TestHelloRefuses(t *testing.T) {
	load(t, "nl_hello", "count=1")
	p := dial(t, helloProtocol)
	text := func(n int) []byte { return []byte(strings.Repeat("x", n)) }
	refused(t, p.ask(uapi.NL_HELLO_MSG+1, text(5)), unix.EOPNOTSUPP, "nl_hello: the message type is not NL_HELLO_MSG")
	refused(t, p.ask(uapi.NL_HELLO_MSG, nil), unix.EINVAL, "nl_hello: the message has no text")
	refused(t, p.ask(uapi.NL_HELLO_MSG, make([]byte, 1000)), unix.EINVAL, "nl_hello: the message has no text")
	refused(t, p.ask(uapi.NL_HELLO_MSG, text(uapi.NL_HELLO_TEXT_MAX+1)), unix.EMSGSIZE, "nl_hello: the text is too long")
	require.Nil(t, p.ask(uapi.NL_HELLO_MSG, text(uapi.NL_HELLO_TEXT_MAX)))
	p.next() // the answer to this one

	// What is no request, and what is a control message, the core drops, or acknowledges, and the module never sees.
	for _, typ := range []uint16{0, libnl.NLMSG_DONE} {
		_, err := p.Sendto(header(20, typ, libnl.NLM_F_REQUEST|libnl.NLM_F_ACK))
		require.NoError(t, err)
		require.Nil(t, p.answered())
	}
	_, err := p.Sendto(header(20, uapi.NL_HELLO_MSG, 0))
	require.NoError(t, err)
	quiet()
	p.drain()
	require.Empty(t, p.msgs)
}

// header is a message of this length, as its header says, with a payload of x.
func header(n uint32, typ, flags uint16) []byte {
	b := []byte(strings.Repeat("x", max(int(n), libnl.NLMSG_HDRLEN)))
	binary.NativeEndian.PutUint32(b, n)
	binary.NativeEndian.PutUint16(b[4:], typ)
	binary.NativeEndian.PutUint16(b[6:], flags)
	binary.NativeEndian.PutUint32(b[8:], 1)
	binary.NativeEndian.PutUint32(b[12:], 0)
	return b
}

// What others say goes into the kernel's log as text, not as control characters or lines of its own.
func TestHelloEscapesItsLog(t *testing.T) {
	load(t, "nl_hello", "count=1")
	log := kernelLog(t, "nl_hello")
	p := dialAt(t, helloProtocol, 100)
	require.Nil(t, p.ask(uapi.NL_HELLO_MSG, []byte("a\x1b[31m\nnl_hello: b")))
	require.Equal(t, []string{`port 100 says: a\e[31m\nnl_hello: b`}, log())
}

func TestHelloHasALimit(t *testing.T) {
	load(t, "nl_hello", "count=2", "period_ms=60000")
	p := dial(t, helloProtocol)
	for range uapi.NL_HELLO_JOBS_MAX {
		require.Nil(t, p.ask(uapi.NL_HELLO_MSG, []byte("hello")))
	}
	refused(t, p.ask(uapi.NL_HELLO_MSG, []byte("hello")), unix.EBUSY,
		"nl_hello: too many senders are being answered; try again later")
}

// Who closes its socket is forgotten, and makes room for others.
func TestHelloForgetsDeadPorts(t *testing.T) {
	load(t, "nl_hello", "count=10000", "period_ms=1")
	for range 4 * uapi.NL_HELLO_JOBS_MAX {
		p := dial(t, helloProtocol)
		for e := p.ask(uapi.NL_HELLO_MSG, []byte("hello")); e != nil; e = p.ask(uapi.NL_HELLO_MSG, []byte("hello")) {
			require.EqualValues(t, -int(unix.EBUSY), e.Error)
			time.Sleep(time.Millisecond)
		}
		require.NoError(t, p.Free())
	}
}

func TestHelloStartsByItself(t *testing.T) {
	load(t, "nl_hello", "to_port=4242", "count=2", "period_ms=20")
	quiet()
	p := dialAt(t, helloProtocol, 4242)
	requireHello(t, p, 0)
	requireHello(t, p, 0)
}

func TestHelloIsBusyWhileInUse(t *testing.T) {
	load(t, "nl_hello")
	p := dial(t, helloProtocol)
	require.ErrorIs(t, unix.DeleteModule("nl_hello", unix.O_NONBLOCK), unix.EAGAIN)
	require.NoError(t, p.Close())
}
