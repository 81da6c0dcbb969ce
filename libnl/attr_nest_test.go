package libnl_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/libnl"
)

// nest begins a nest.
func nest(t *testing.T, m *libnl.Msg, typ int) *libnl.Nlattr {
	t.Helper()
	a, err := m.NlaNestStart(typ)
	require.NoError(t, err)
	return a
}

// rawNest makes the bytes of a nest.
func rawNest(typ uint16, attrs ...[]byte) []byte {
	return rawAttr(typ|libnl.NLA_F_NESTED, slices.Concat(attrs...)...)
}

func TestNestInNest(t *testing.T) {
	m := newMsg(t)
	outer := nest(t, m, 1)
	require.True(t, outer.IsNested())
	require.Equal(t, 1, outer.Type())
	require.Zero(t, outer.Len(), "so far")
	require.NoError(t, m.NlaPutU8(2, 0xaa))
	inner := nest(t, m, 3)
	require.NoError(t, m.NlaPutU16(4, 0xbbbb))
	require.NoError(t, m.NlaNestEnd(inner))
	require.NoError(t, m.NlaPutU8(5, 0xcc))
	require.NoError(t, m.NlaNestEnd(outer))
	require.NoError(t, m.NlaPutU8(6, 0xdd))
	requirePayload(t, m,
		rawNest(1, rawAttr(2, 0xaa), rawNest(3, rawAttr(4, 0xbb, 0xbb)), rawAttr(5, 0xcc)),
		rawAttr(6, 0xdd))

	a := m.Hdr().FindAttr(0, 1)
	require.True(t, a.IsNested())
	tb, err := a.ParseNested(5, nil)
	require.NoError(t, err)
	require.EqualValues(t, 0xbbbb, libnl.NlaFind(tb[3].Data(), 4).GetU16())
}

func TestNestEmpty(t *testing.T) {
	m := newMsg(t)
	require.NoError(t, m.NlaPutU8(1, 1))
	require.NoError(t, m.NlaNestEnd(nest(t, m, 2)), "an empty nest is dropped, and that is no error")
	requirePayload(t, m, rawAttr(1, 1))

	outer := nest(t, m, 2)
	inner := nest(t, m, 3)
	require.NoError(t, m.NlaNestEnd(inner))
	require.NoError(t, m.NlaNestEnd(outer), "which is empty without the inner one")
	requirePayload(t, m, rawAttr(1, 1))

	require.NoError(t, m.NlaNestEndKeepEmpty(nest(t, m, 2)))
	requirePayload(t, m, rawAttr(1, 1), rawNest(2))
	full := nest(t, m, 3)
	require.NoError(t, m.NlaPutU8(4, 4))
	require.NoError(t, m.NlaNestEndKeepEmpty(full))
	requirePayload(t, m, rawAttr(1, 1), rawNest(2), rawNest(3, rawAttr(4, 4)))
}

func TestNestCancel(t *testing.T) {
	m := newMsg(t)
	require.NoError(t, m.NlaPutU8(1, 1))
	outer := nest(t, m, 2)
	require.NoError(t, m.NlaPutU32(3, 0xffffffff))
	inner := nest(t, m, 4)
	require.NoError(t, m.NlaPutU32(5, 0xffffffff))
	require.NoError(t, m.NlaNestCancel(inner))
	requirePayload(t, m, rawAttr(1, 1), rawAttr(2|libnl.NLA_F_NESTED), rawAttr(3, 0xff, 0xff, 0xff, 0xff))
	require.NoError(t, m.NlaNestCancel(outer))
	requirePayload(t, m, rawAttr(1, 1))

	// What was there is not left behind for the next one to send.
	r, err := m.Reserve(24, 0)
	require.NoError(t, err)
	require.Equal(t, 24, r.Len())
	requirePayload(t, m, rawAttr(1, 1), make([]byte, 24))
}

func TestNestEndsThatAreNone(t *testing.T) {
	m, other := newMsg(t), newMsg(t)
	require.NoError(t, m.NlaPutU8(1, 1))
	foreign := nest(t, other, 2) // where m has an attribute
	require.NoError(t, other.NlaPutU8(3, 3))
	cancelled := nest(t, m, 2)
	require.NoError(t, m.NlaNestCancel(cancelled))
	dropped := nest(t, m, 2)
	require.NoError(t, m.NlaNestEnd(dropped))
	snapshot := m.Hdr().FindAttr(0, 1)
	before, otherBefore := m.Hdr().Bytes(), other.Hdr().Bytes()

	for what, start := range map[string]*libnl.Nlattr{
		"nil": nil, "made by hand": {}, "of another message": foreign, "cancelled": cancelled, "dropped": dropped, "a snapshot": snapshot,
	} {
		for how, end := range map[string]func(*libnl.Msg, *libnl.Nlattr) error{
			"end": (*libnl.Msg).NlaNestEnd, "keep": (*libnl.Msg).NlaNestEndKeepEmpty, "cancel": (*libnl.Msg).NlaNestCancel,
		} {
			require.ErrorIs(t, end(m, start), libnl.NLE_INVAL, "%s: %s", how, what)
		}
	}
	require.Equal(t, before, m.Hdr().Bytes())
	require.Equal(t, otherBefore, other.Hdr().Bytes())
}

func TestNestTooLong(t *testing.T) {
	for name, end := range map[string]func(*libnl.Msg, *libnl.Nlattr) error{
		"end": (*libnl.Msg).NlaNestEnd, "keep": (*libnl.Msg).NlaNestEndKeepEmpty,
	} {
		t.Run(name, func(t *testing.T) {
			m := sizedMsg(t, 1<<18)
			require.NoError(t, m.NlaPutU8(1, 1))

			// The longest: 65,532 bytes, since nests end aligned.
			start := nest(t, m, 2)
			require.NoError(t, m.NlaPut(3, make([]byte, 65532-2*libnl.NLA_HDRLEN)))
			require.NoError(t, end(m, start))
			a := m.Hdr().FindAttr(0, 2)
			require.EqualValues(t, 65532, a.NlaLen)
			require.Equal(t, 65532-2*libnl.NLA_HDRLEN, libnl.NlaFind(a.Data(), 3).Len())
			require.NoError(t, m.NlaNestCancel(start), "a nest that was ended can be taken away")

			start = nest(t, m, 2)
			require.NoError(t, m.NlaPut(3, make([]byte, 65532-2*libnl.NLA_HDRLEN)))
			require.NoError(t, m.NlaPutFlag(4))
			require.ErrorIs(t, end(m, start), libnl.NLE_ATTRSIZE)
			requirePayload(t, m, rawAttr(1, 1))
			require.NoError(t, m.NlaPutU8(2, 2), "the message goes on")
			requirePayload(t, m, rawAttr(1, 1), rawAttr(2, 2))
		})
	}
}

// Bytes that were appended without padding: C counts them wrong when a nest is cancelled, and aborts when there is no
// room to pad them.
func TestNestAfterUnalignedAppend(t *testing.T) {
	m := newMsg(t)
	start := nest(t, m, 1)
	require.NoError(t, m.Append([]byte{1, 2, 3, 4, 5}, libnl.NL_DONTPAD))
	require.NoError(t, m.NlaNestEnd(start))
	requirePayload(t, m, rawNest(1, []byte{1, 2, 3, 4, 5, 0, 0, 0}))

	require.NoError(t, m.NlaPutU8(2, 2))
	start = nest(t, m, 3)
	require.NoError(t, m.Append([]byte{0xff, 0xff, 0xff}, libnl.NL_DONTPAD))
	require.NoError(t, m.NlaNestCancel(start))
	requirePayload(t, m, rawNest(1, []byte{1, 2, 3, 4, 5, 0, 0, 0}), rawAttr(2, 2))

	for size := 25; size < 28; size++ {
		m = sizedMsg(t, size)
		start = nest(t, m, 1)
		require.NoError(t, m.Append([]byte{1, 2, 3, 4, 5}, libnl.NL_DONTPAD))
		before := m.Hdr().Bytes()
		require.Error(t, m.NlaNestEnd(start), "size %d", size)
		require.Error(t, m.NlaNestEndKeepEmpty(start), "size %d", size)
		require.Equal(t, before, m.Hdr().Bytes())

		require.NoError(t, m.Expand(28))
		require.NoError(t, m.NlaNestEnd(start), "the start of a nest outlives an expansion")
		requirePayload(t, m, rawNest(1, []byte{1, 2, 3, 4, 5, 0, 0, 0}))
	}
}

func TestNestStartWithoutRoom(t *testing.T) {
	m := sizedMsg(t, 18)
	_, err := m.NlaNestStart(1)
	require.ErrorIs(t, err, libnl.NLE_NOMEM)
	for _, typ := range []int{-1, 1 << 16} {
		_, err = m.NlaNestStart(typ)
		require.ErrorIs(t, err, libnl.NLE_RANGE)
	}
	requirePayload(t, m)
}

func TestNestOfFreedMessage(t *testing.T) {
	m, err := libnl.NlmsgAlloc()
	require.NoError(t, err)
	start := nest(t, m, 1)
	a, err := m.NlaReserve(1, 4)
	require.NoError(t, err)
	require.NoError(t, m.Free())
	expectMisuse(t, 5, func() {
		require.ErrorIs(t, m.NlaNestEnd(start), libnl.ErrFreed)
		require.ErrorIs(t, m.NlaNestEndKeepEmpty(start), libnl.ErrFreed)
		require.ErrorIs(t, m.NlaNestCancel(start), libnl.ErrFreed)
		require.ErrorIs(t, a.WriteData([]byte{1}), libnl.ErrFreed)
		_, err = m.NlaNestStart(1)
		require.ErrorIs(t, err, libnl.ErrFreed)
	})
}
