package libnl_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/libnl"
)

func TestMsgPut(t *testing.T) {
	m := newMsg(t)
	h, err := m.Put(7, 8, 0x1234, 5, libnl.NLM_F_REQUEST|libnl.NLM_F_ACK)
	require.NoError(t, err)
	require.EqualValues(t, 24, h.NlmsgLen, "the payload is padded, and the padding counts")
	require.EqualValues(t, 0x1234, h.NlmsgType)
	require.EqualValues(t, libnl.NLM_F_REQUEST|libnl.NLM_F_ACK, h.NlmsgFlags)
	require.EqualValues(t, 8, h.NlmsgSeq)
	require.EqualValues(t, 7, h.NlmsgPid)
	require.Equal(t, make([]byte, 8), h.Data())
	require.Equal(t, message(header{Type: 0x1234, Flags: 5, Seq: 8, Pid: 7}, make([]byte, 8)...), h.Bytes())
}

func TestMsgPutTwice(t *testing.T) {
	m := newMsg(t)
	h, err := m.Put(1, 1, 1, 4, 1)
	require.NoError(t, err)
	require.EqualValues(t, 20, h.NlmsgLen)
	h2, err := m.Put(2, 2, 2, 4, 2)
	require.NoError(t, err)
	require.EqualValues(t, 24, h2.NlmsgLen, "the room is made again")
	require.EqualValues(t, 2, h2.NlmsgType, "and the header written again")
	require.EqualValues(t, 20, h.NlmsgLen, "a header is a snapshot")
}

func TestMsgPutRefused(t *testing.T) {
	m := sizedMsg(t, 20)
	for _, c := range []struct{ typ, flags int }{{-1, 0}, {1 << 16, 0}, {0, -1}, {0, 1 << 16}, {math.MinInt, math.MaxInt}} {
		_, err := m.Put(9, 9, c.typ, 0, c.flags)
		require.ErrorIs(t, err, libnl.NLE_RANGE)
	}
	require.Equal(t, message(header{}), m.Hdr().Bytes())

	for _, payload := range []int{5, 8, math.MaxInt32, 1 << 32, math.MaxInt} {
		_, err := m.Put(9, 9, 9, payload, 9)
		require.ErrorIs(t, err, libnl.NLE_NOMEM, "%d bytes", payload)
	}
	require.Equal(t, message(header{Type: 9, Flags: 9, Seq: 9, Pid: 9}), m.Hdr().Bytes(), "the header is written even so")

	h, err := m.Put(9, 9, math.MaxUint16, -1, math.MaxUint16)
	require.NoError(t, err)
	require.Equal(t, message(header{Type: math.MaxUint16, Flags: math.MaxUint16, Seq: 9, Pid: 9}), h.Bytes())
}

func TestMsgAppend(t *testing.T) {
	m := newMsg(t)
	require.NoError(t, m.Append([]byte{1, 2, 3}, libnl.NL_DONTPAD))
	requirePayload(t, m, []byte{1, 2, 3})
	require.NoError(t, m.Append([]byte{4, 5}, libnl.NLMSG_ALIGNTO))
	requirePayload(t, m, []byte{1, 2, 3, 4, 5, 0, 0}, nil)
	require.NoError(t, m.Append(nil, libnl.NLMSG_ALIGNTO))
	require.NoError(t, m.Append([]byte{}, 1))
	require.NoError(t, m.Append([]byte{6}, 8))
	requirePayload(t, m, []byte{1, 2, 3, 4, 5, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0})
	require.NoError(t, m.NlaPutU8(1, 1), "attributes begin aligned")
	requirePayload(t, m, []byte{1, 2, 3, 4, 5, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0}, []byte{0}, rawAttr(1, 1))
}

// With a pad that is no power of two libnl would count less than it needs.
func TestMsgBadPads(t *testing.T) {
	m := newMsg(t)
	for _, pad := range []int{-1, 3, 5, 6, 7, 12, 1 << 31, 1 << 32, math.MinInt, math.MaxInt} {
		require.ErrorIs(t, m.Append([]byte{1}, pad), libnl.NLE_INVAL, "pad %d", pad)
		_, err := m.Reserve(1, pad)
		require.ErrorIs(t, err, libnl.NLE_INVAL, "pad %d", pad)
	}
	for _, pad := range []int{8192, 1 << 30} {
		require.ErrorIs(t, m.Append([]byte{1}, pad), libnl.NLE_NOMEM, "pad %d", pad)
		_, err := m.Reserve(1, pad)
		require.ErrorIs(t, err, libnl.NLE_NOMEM, "pad %d", pad)
	}
	requirePayload(t, m)
}

func TestMsgAppendFull(t *testing.T) {
	m := sizedMsg(t, 22)
	require.ErrorIs(t, m.Append(make([]byte, 7), 0), libnl.NLE_NOMEM)
	require.ErrorIs(t, m.Append(make([]byte, 5), 4), libnl.NLE_NOMEM, "the padding needs room, too")
	require.ErrorIs(t, m.Append(make([]byte, 1<<20), 0), libnl.NLE_NOMEM)
	requirePayload(t, m)
	require.NoError(t, m.Append([]byte{1, 2, 3, 4, 5, 6}, 2))
	requirePayload(t, m, []byte{1, 2, 3, 4, 5, 6})
	require.NoError(t, m.Append(nil, 4))
	require.ErrorIs(t, m.Append([]byte{1}, 0), libnl.NLE_NOMEM)
	_, err := m.Reserve(1, 0)
	require.ErrorIs(t, err, libnl.NLE_NOMEM)
}

func TestMsgReserve(t *testing.T) {
	m := newMsg(t)
	r, err := m.Reserve(5, 4)
	require.NoError(t, err)
	require.Equal(t, 5, r.Len(), "what was asked for, padding not counted")
	s, err := m.Reserve(2, 0)
	require.NoError(t, err)
	requirePayload(t, m, make([]byte, 10))

	require.NoError(t, s.Write([]byte{8, 9}))
	require.NoError(t, r.Write([]byte{1, 2, 3, 4, 5}))
	require.NoError(t, r.Write([]byte{7}))
	require.NoError(t, r.Write(nil))
	requirePayload(t, m, []byte{7, 2, 3, 4, 5, 0, 0, 0, 8, 9})
	require.ErrorIs(t, r.Write(make([]byte, 6)), libnl.NLE_RANGE, "the padding is not part of it")
	require.ErrorIs(t, s.Write(make([]byte, 3)), libnl.NLE_RANGE)

	for _, n := range []int{-1, math.MinInt} {
		_, err = m.Reserve(n, 4)
		require.ErrorIs(t, err, libnl.NLE_RANGE)
	}
	for _, n := range []int{1 << 20, 1 << 32, math.MaxInt} {
		_, err = m.Reserve(n, 4)
		require.ErrorIs(t, err, libnl.NLE_NOMEM)
	}
	requirePayload(t, m, []byte{7, 2, 3, 4, 5, 0, 0, 0, 8, 9})
}

func TestReservedThatIsGone(t *testing.T) {
	expectMisuse(t, 1, func() {
		require.ErrorIs(t, libnl.Reserved{}.Write(nil), libnl.ErrFreed)
	})

	m, err := libnl.NlmsgAlloc()
	require.NoError(t, err)
	start := nest(t, m, 1)
	r, err := m.Reserve(8, 4)
	require.NoError(t, err)
	require.NoError(t, m.NlaNestCancel(start))
	require.ErrorIs(t, r.Write([]byte{1}), libnl.NLE_RANGE)
	requirePayload(t, m)

	r, err = m.Reserve(8, 4)
	require.NoError(t, err)
	require.NoError(t, m.Free())
	expectMisuse(t, 1, func() { require.ErrorIs(t, r.Write([]byte{1}), libnl.ErrFreed) })
}

func TestMsgExpand(t *testing.T) {
	m := sizedMsg(t, 64)
	require.NoError(t, m.NlaPutU32(1, 0xffffffff))
	for _, size := range []int{math.MinInt, -1, 0, 16, 63, 64} {
		require.ErrorIs(t, m.Expand(size), libnl.NLE_INVAL, "size %d", size)
	}
	for _, size := range []int{1<<30 + 1, 1<<32 + 128, math.MaxInt} {
		require.ErrorIs(t, m.Expand(size), libnl.NLE_RANGE, "size %d", size)
	}
	require.Equal(t, 64, m.GetMaxSize())

	a, err := m.NlaReserve(2, 4)
	require.NoError(t, err)
	r, err := m.Reserve(4, 0)
	require.NoError(t, err)
	start := nest(t, m, 3)
	h := m.Hdr()
	require.NoError(t, m.Expand(1<<20))
	require.Equal(t, 1<<20, m.GetMaxSize())
	require.Equal(t, h.Bytes(), m.Hdr().Bytes())

	// In C, these would be pointers into memory that was given back.
	require.NoError(t, a.WriteData([]byte{1, 1, 1, 1}))
	require.NoError(t, r.Write([]byte{2, 2, 2, 2}))
	require.NoError(t, m.NlaPutU8(4, 4))
	require.NoError(t, m.NlaNestEnd(start))
	requirePayload(t, m, rawAttr(1, 0xff, 0xff, 0xff, 0xff), rawAttr(2, 1, 1, 1, 1), []byte{2, 2, 2, 2}, rawNest(3, rawAttr(4, 4)))

	_, err = m.Reserve(1<<20-int(m.Hdr().NlmsgLen), 0)
	require.NoError(t, err)
	for _, b := range m.Hdr().Data()[36:] {
		if b != 0 {
			require.Fail(t, "the new room is not zero")
		}
	}
}

func TestMsgSetHdr(t *testing.T) {
	m := newMsg(t)
	require.NoError(t, m.NlaPutU8(1, 1))
	require.NoError(t, m.SetHdr(&libnl.Nlmsghdr{NlmsgLen: 1, NlmsgType: 2, NlmsgFlags: 3, NlmsgSeq: 4, NlmsgPid: 5}))
	require.Equal(t, message(header{Type: 2, Flags: 3, Seq: 4, Pid: 5}, rawAttr(1, 1)...), m.Hdr().Bytes(),
		"the length is the message's own affair")
	require.ErrorIs(t, m.SetHdr(nil), libnl.NLE_INVAL)

	h := m.Hdr()
	h.NlmsgType++
	h.Bytes()[20] = 0xff
	require.EqualValues(t, 2, m.Hdr().NlmsgType, "a header is a snapshot")
	require.EqualValues(t, 1, m.Hdr().FindAttr(0, 1).GetU8())
	require.NoError(t, m.SetHdr(h))
	require.EqualValues(t, 3, m.Hdr().NlmsgType, "until it is written back")
	require.EqualValues(t, 1, m.Hdr().FindAttr(0, 1).GetU8(), "the header, that is")
}
