//go:build vm

package kmodtest_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/kmod/uapi"
	"github.com/golibnl/golibnl/libnl"
)

const dummyProtocol = uapi.DUMMY_NETLINK_PROTOCOL

// dialGroups is dial, and joins groups.
func dialGroups(t *testing.T, groups ...int) *peer {
	t.Helper()
	p := dial(t, dummyProtocol)
	require.NoError(t, p.AddMemberships(groups...))
	return p
}

// tick reads a periodic message of the module's.
func tick(t *testing.T, p *peer) (n, group int) {
	t.Helper()
	h := p.next()
	require.EqualValues(t, uapi.DUMMY_NETLINK_TEXT, h.NlmsgType)
	require.Zero(t, h.NlmsgSeq)
	_, err := fmt.Sscanf(textOf(t, h), "message %d from kernel to group %d", &n, &group)
	require.NoError(t, err, "%q", textOf(t, h))
	return n, group
}

// The kernel sends to group 2; who listens to groups 2 and 4 gets each message once.
func TestDummyBroadcasts(t *testing.T) {
	load(t, "dummy_netlink", "r_grps=3", "b_grp=2", "period_ms=20")
	p, outsider := dialGroups(t, 2, 4), dialGroups(t, 1)
	first, group := tick(t, p)
	require.Equal(t, 2, group)
	for i := 1; i < 5; i++ {
		n, group := tick(t, p)
		require.Equal(t, first+i, n)
		require.Equal(t, 2, group)
	}
	outsider.drain()
	require.Empty(t, outsider.msgs)
}

// A mask of several groups is a send for each: who listens to all of them gets as many messages.
func TestDummyBroadcastsToEachGroup(t *testing.T) {
	load(t, "dummy_netlink", "b_grp=2147483658", "period_ms=20") // groups 2, 4 and 32
	all, one := dialGroups(t, 2, 4, 32), dialGroups(t, 4)
	last := 0
	for i := 0; i < 9; i++ {
		n, group := tick(t, all)
		if i == 0 {
			// The sockets may have joined between two sends.
			for more := 5; group != 32; more-- {
				require.Positive(t, more, "the groups take turns")
				n, group = tick(t, all)
			}
			last = n
			continue
		}
		require.Equal(t, []int{2, 4, 32}[(i-1)%3], group)
		require.Equal(t, last+1+(i-1)/3, n)
	}
	for range 3 {
		_, group := tick(t, one)
		require.Equal(t, 4, group)
	}
}

// What a user sends to a group reaches the kernel if the group is in r_grps, and the users who joined it.
func TestDummyTakesItsGroups(t *testing.T) {
	load(t, "dummy_netlink", "r_grps=3")
	log := kernelLog(t, "dummy_netlink")
	writer, reader := dial(t, dummyProtocol), dial(t, dummyProtocol)
	require.NoError(t, reader.AddMemberships(2, 4))
	// Others than the kernel send here.
	var got []string
	require.NoError(t, reader.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, func(m *libnl.Msg) (libnl.CbAction, error) {
		require.Equal(t, writer.GetLocalPort(), m.GetSrc().NlPid)
		text, _, _ := strings.Cut(string(m.Hdr().Data()), "\x00") // as the writer padded it
		got = append(got, text)
		return libnl.NL_OK, nil
	}))
	send := func(mask uint32, text string) {
		writer.SetPeerGroups(mask)
		sendText(t, writer, uapi.DUMMY_NETLINK_TEXT, text)
	}
	line := func(group int, text string) string {
		return fmt.Sprintf("port %d to group %d: %s", writer.GetLocalPort(), group, text)
	}

	send(1, "one")
	require.Nil(t, writer.answered())
	require.Equal(t, []string{line(1, "one")}, log())

	send(8, "four")
	reader.drain()
	require.Equal(t, []string{"four"}, got)

	// A mask names its lowest group only: a mask of several is a send for each.
	send(9, "one and four")
	require.Nil(t, writer.answered())
	reader.drain()
	require.Equal(t, []string{"four"}, got)

	send(2, "two")
	require.Nil(t, writer.answered())
	reader.drain()
	require.Equal(t, []string{"four", "two"}, got)

	send(0, "none")
	require.Nil(t, writer.answered())
	require.Equal(t, []string{line(1, "one and four"), line(2, "two"), line(0, "none")}, log(), "not what went to group 4")
	writer.drain()
	require.Zero(t, writer.acks)
}

// sendOn is the payload of a message that the kernel sends on to a port.
func sendOn(port uint32, text string) []byte {
	return append(binary.NativeEndian.AppendUint32(nil, port), text...)
}

func TestDummySendsOn(t *testing.T) {
	load(t, "dummy_netlink")
	writer, reader := dial(t, dummyProtocol), dialAt(t, dummyProtocol, 4711)
	require.Nil(t, writer.ask(uapi.DUMMY_NETLINK_SEND, sendOn(4711, "hello")))
	h := reader.next()
	require.EqualValues(t, uapi.DUMMY_NETLINK_TEXT, h.NlmsgType)
	require.Equal(t, "hello", textOf(t, h))

	ask := func(b []byte) *libnl.Nlmsgerr { return writer.ask(uapi.DUMMY_NETLINK_SEND, b) }
	refused(t, ask(sendOn(4712, "hello")), unix.ECONNREFUSED, "dummy_netlink: that port does not take the message")
	refused(t, ask(sendOn(0, "hello")), unix.EINVAL, "dummy_netlink: port 0 is the kernel's own")
	refused(t, ask(nil), unix.EINVAL, "dummy_netlink: the message is too short to name a port")
	refused(t, ask(sendOn(4711, "")), unix.EINVAL, "dummy_netlink: the message has no text")
	refused(t, ask(sendOn(4711, string(make([]byte, 255))+"xx")), unix.EMSGSIZE, "dummy_netlink: the text is too long")
	refused(t, writer.ask(0x12, nil), unix.EOPNOTSUPP,
		"dummy_netlink: the message type is neither DUMMY_NETLINK_TEXT nor DUMMY_NETLINK_SEND")
}

// To speak as the kernel wants a capability, which a mere text does not.
func TestDummyToUnprivileged(t *testing.T) {
	if isNobody() {
		p := dial(t, dummyProtocol)
		require.Nil(t, p.ask(uapi.DUMMY_NETLINK_TEXT, []byte("hello")))
		refused(t, p.ask(uapi.DUMMY_NETLINK_SEND, sendOn(4711, "hello")), unix.EPERM,
			"dummy_netlink: speaking as the kernel wants CAP_NET_ADMIN")
		nobodyIsDone()
		return
	}
	load(t, "dummy_netlink")
	dialAt(t, dummyProtocol, 4711)
	asNobody(t)
}
