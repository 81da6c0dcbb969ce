package nl

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/testns"
)

// What answers a message that was sent without waiting says how that went.
func TestMessageErr(t *testing.T) {
	testns.Run(t, func(t *testing.T) {
		c := dial(t)
		answer := func(typ uint16, payload []byte) Message {
			require.NoError(t, c.Send(within(t), Message{
				Header: Header{Type: typ, Flags: unix.NLM_F_REQUEST | unix.NLM_F_ACK, Seq: 77}, Payload: payload,
			}, To(0, 0)))
			for m, err := range c.Messages(within(t)) {
				require.NoError(t, err)
				return m.Clone()
			}
			return Message{}
		}
		ack := answer(unix.RTM_NEWLINK, linkInfo(loopback, unix.IFF_UP, unix.IFF_UP))
		require.EqualValues(t, unix.NLMSG_ERROR, ack.Header.Type)
		require.NoError(t, ack.Err())

		refusal := answer(unix.RTM_NEWLINK, linkInfo(4711, unix.IFF_UP, unix.IFF_UP))
		require.ErrorIs(t, refusal.Err(), unix.ENODEV)
		var e *Error
		require.ErrorAs(t, refusal.Err(), &e)
		require.EqualValues(t, unix.RTM_NEWLINK, e.Type)
		require.EqualValues(t, 77, e.Seq)
		require.Equal(t, unix.NETLINK_ROUTE, e.Family)

		refusal.Payload = refusal.Payload[:10]
		require.ErrorIs(t, refusal.Err(), ErrMalformed)
		require.NoError(t, answer(unix.RTM_GETLINK, linkInfo(loopback, 0, 0)).Err())
		require.NoError(t, Message{}.Err())
	})
}
