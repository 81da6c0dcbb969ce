package libnl_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/libnl"
)

// sizedMsg makes a message with a buffer of size bytes that ends with the test.
func sizedMsg(t *testing.T, size int) *libnl.Msg {
	t.Helper()
	m, err := libnl.NlmsgAllocSize(size)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Free()) })
	return m
}

// requirePayload checks the bytes of a message behind its header, and the length in it.
func requirePayload(t *testing.T, m *libnl.Msg, want ...[]byte) {
	t.Helper()
	h := m.Hdr()
	require.Equal(t, hexOf(slices.Concat(want...)), hexOf(h.Data()))
	require.EqualValues(t, len(h.Bytes()), h.NlmsgLen)
}

// hexOf makes a difference readable, and equal what differs in nil and empty only.
func hexOf(b []byte) string {
	var s strings.Builder
	for i, c := range b {
		if i%4 == 0 {
			s.WriteByte(' ')
		}
		s.WriteString(string("0123456789abcdef"[c>>4]) + string("0123456789abcdef"[c&15]))
	}
	return s.String()
}

// putter is a function that puts one attribute, what it should put, and what reads it again.
type putter struct {
	put     func(m *libnl.Msg, typ int) error
	payload []byte
	get     func(a *libnl.Nlattr) any
	value   any
}

func putters(t *testing.T) map[string]putter {
	e := binary.NativeEndian
	d, err := libnl.DataAlloc([]byte("data!"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Free()) })
	addr, err := libnl.AddrParse("192.0.2.1/24", 0)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, addr.Put()) })
	nested := newMsg(t)
	require.NoError(t, nested.NlaPutU8(9, 9))

	data := func(a *libnl.Nlattr) any { return string(a.Data()) }
	return map[string]putter{
		"u8": {func(m *libnl.Msg, typ int) error { return m.NlaPutU8(typ, 0xfe) }, []byte{0xfe},
			func(a *libnl.Nlattr) any { return a.GetU8() }, uint8(0xfe)},
		"s8": {func(m *libnl.Msg, typ int) error { return m.NlaPutS8(typ, -2) }, []byte{0xfe},
			func(a *libnl.Nlattr) any { return a.GetS8() }, int8(-2)},
		"u16": {func(m *libnl.Msg, typ int) error { return m.NlaPutU16(typ, 0xfedc) }, e.AppendUint16(nil, 0xfedc),
			func(a *libnl.Nlattr) any { return a.GetU16() }, uint16(0xfedc)},
		"s16": {func(m *libnl.Msg, typ int) error { return m.NlaPutS16(typ, -0x1234) }, e.AppendUint16(nil, 0xedcc),
			func(a *libnl.Nlattr) any { return a.GetS16() }, int16(-0x1234)},
		"u32": {func(m *libnl.Msg, typ int) error { return m.NlaPutU32(typ, 0xfedcba98) }, e.AppendUint32(nil, 0xfedcba98),
			func(a *libnl.Nlattr) any { return a.GetU32() }, uint32(0xfedcba98)},
		"s32": {func(m *libnl.Msg, typ int) error { return m.NlaPutS32(typ, math.MinInt32) }, e.AppendUint32(nil, 1<<31),
			func(a *libnl.Nlattr) any { return a.GetS32() }, int32(math.MinInt32)},
		"u64": {func(m *libnl.Msg, typ int) error { return m.NlaPutU64(typ, 0xfedcba9876543210) },
			e.AppendUint64(nil, 0xfedcba9876543210), func(a *libnl.Nlattr) any { return a.GetU64() }, uint64(0xfedcba9876543210)},
		"s64": {func(m *libnl.Msg, typ int) error { return m.NlaPutS64(typ, math.MinInt64) }, e.AppendUint64(nil, 1<<63),
			func(a *libnl.Nlattr) any { return a.GetS64() }, int64(math.MinInt64)},
		"msecs": {func(m *libnl.Msg, typ int) error { return m.NlaPutMsecs(typ, 1500) }, e.AppendUint64(nil, 1500),
			func(a *libnl.Nlattr) any { return a.GetMsecs() }, uint64(1500)},
		"flag": {(*libnl.Msg).NlaPutFlag, nil, func(a *libnl.Nlattr) any { return a.GetFlag() }, true},
		"string": {func(m *libnl.Msg, typ int) error { return m.NlaPutString(typ, "lo") }, []byte("lo\x00"),
			func(a *libnl.Nlattr) any { return a.GetString() }, "lo"},
		"empty string": {func(m *libnl.Msg, typ int) error { return m.NlaPutString(typ, "") }, []byte{0},
			func(a *libnl.Nlattr) any { return a.GetString() }, ""},
		"bytes":    {func(m *libnl.Msg, typ int) error { return m.NlaPut(typ, []byte{1, 2, 3, 4, 5}) }, []byte{1, 2, 3, 4, 5}, data, "\x01\x02\x03\x04\x05"},
		"no bytes": {func(m *libnl.Msg, typ int) error { return m.NlaPut(typ, nil) }, nil, data, ""},
		"data":     {func(m *libnl.Msg, typ int) error { return m.NlaPutData(typ, d) }, []byte("data!"), data, "data!"},
		"addr":     {func(m *libnl.Msg, typ int) error { return m.NlaPutAddr(typ, addr) }, []byte{192, 0, 2, 1}, data, "\xc0\x00\x02\x01"},
		"nested": {func(m *libnl.Msg, typ int) error { return m.NlaPutNested(typ, nested) }, rawAttr(9, 9),
			func(a *libnl.Nlattr) any { return libnl.NlaFind(a.Data(), 9).GetU8() }, uint8(9)},
		"reserve": {func(m *libnl.Msg, typ int) error {
			a, err := m.NlaReserve(typ, 3)
			if err != nil {
				return err
			}
			return a.WriteData([]byte{7, 8})
		}, []byte{7, 8, 0}, data, "\x07\x08\x00"},
	}
}

func TestNlaPut(t *testing.T) {
	for name, p := range putters(t) {
		t.Run(name, func(t *testing.T) {
			m := newMsg(t)
			for _, typ := range []int{5, 0, math.MaxUint16} {
				require.NoError(t, p.put(m, typ))
			}
			requirePayload(t, m, rawAttr(5, p.payload...), rawAttr(0, p.payload...), rawAttr(math.MaxUint16, p.payload...))
			a := m.Hdr().FindAttr(0, 5)
			require.NotNil(t, a)
			require.Equal(t, p.value, p.get(a))
			require.False(t, a.IsNested(), "no flag is set that was not asked for")
		})
	}
}

func TestNlaPutTypeOutOfRange(t *testing.T) {
	for name, p := range putters(t) {
		m := newMsg(t)
		for _, typ := range []int{-1, 1 << 16, 1 << 32, math.MinInt, math.MaxInt} {
			require.ErrorIs(t, p.put(m, typ), libnl.NLE_RANGE, "%s, type %d", name, typ)
		}
		requirePayload(t, m)
	}
}

func TestNlaPutFullMessage(t *testing.T) {
	for name, p := range putters(t) {
		t.Run(name, func(t *testing.T) {
			need := libnl.NLMSG_HDRLEN + libnl.NlaTotalSize(len(p.payload))
			m := sizedMsg(t, need)
			require.NoError(t, p.put(m, 1), "it fits to the byte")
			before := m.Hdr().Bytes()
			require.ErrorIs(t, p.put(m, 1), libnl.NLE_NOMEM)
			require.Equal(t, before, m.Hdr().Bytes(), "the message stays as it was")

			m = sizedMsg(t, need-1)
			require.ErrorIs(t, p.put(m, 1), libnl.NLE_NOMEM)
			requirePayload(t, m)
		})
	}
}

// libnl lets a length that is over 16 bits wrap around.
func TestNlaPutLongest(t *testing.T) {
	big := bytes.Repeat([]byte{'x'}, 65531)
	m := sizedMsg(t, 1<<18)
	require.NoError(t, m.NlaPut(1, big))
	a := m.Hdr().FindAttr(0, 1)
	require.EqualValues(t, math.MaxUint16, a.NlaLen)
	require.Equal(t, big, a.Data())
	require.NoError(t, m.NlaPutString(2, string(big[:65530])))
	n := m.Hdr().NlmsgLen

	d, err := libnl.DataAlloc(append(big, 'y'))
	require.NoError(t, err)
	defer func() { require.NoError(t, d.Free()) }()
	addr, err := libnl.AddrBuild(0, append(big, 'y'))
	require.NoError(t, err)
	defer func() { require.NoError(t, addr.Put()) }()

	require.ErrorIs(t, m.NlaPut(1, append(big, 'y')), libnl.NLE_ATTRSIZE)
	require.ErrorIs(t, m.NlaPut(1, make([]byte, 70000)), libnl.NLE_ATTRSIZE)
	require.ErrorIs(t, m.NlaPutString(1, string(big)), libnl.NLE_ATTRSIZE)
	require.ErrorIs(t, m.NlaPutData(1, d), libnl.NLE_ATTRSIZE)
	require.ErrorIs(t, m.NlaPutAddr(1, addr), libnl.NLE_ATTRSIZE)
	require.ErrorIs(t, m.NlaPutNested(1, m2(t, m)), libnl.NLE_ATTRSIZE)
	_, err = m.NlaReserve(1, 65532)
	require.ErrorIs(t, err, libnl.NLE_ATTRSIZE)
	_, err = m.NlaReserve(1, -1)
	require.ErrorIs(t, err, libnl.NLE_RANGE)
	require.Equal(t, n, m.Hdr().NlmsgLen, "nothing was put")
}

// m2 is a copy of a message.
func m2(t *testing.T, m *libnl.Msg) *libnl.Msg {
	t.Helper()
	c, err := libnl.NlmsgConvert(m.Hdr())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Free()) })
	return c
}

func TestNlaPutStringWithNUL(t *testing.T) {
	m := newMsg(t)
	require.ErrorIs(t, m.NlaPutString(1, "a\x00b"), libnl.NLE_INVAL)
	require.ErrorIs(t, m.NlaPutString(1, "a\x00"), libnl.NLE_INVAL)
	requirePayload(t, m)
}

func TestNlaPutNested(t *testing.T) {
	m, n := newMsg(t), newMsg(t)
	require.NoError(t, m.NlaPutNested(1|libnl.NLA_F_NESTED, n), "an empty message")
	_, err := n.Put(1, 2, 3, 2, 4)
	require.NoError(t, err)
	require.NoError(t, m.NlaPutNested(2, n))
	requirePayload(t, m, rawAttr(1|libnl.NLA_F_NESTED), rawAttr(2, 0, 0, 0, 0))
	require.ErrorIs(t, m.NlaPutNested(3, m), libnl.NLE_INVAL)
	expectMisuse(t, 2, func() {
		require.ErrorIs(t, m.NlaPutNested(3, nil), libnl.ErrFreed)
		require.ErrorIs(t, m.NlaPutNested(3, new(libnl.Msg)), libnl.ErrFreed)
	})
	requirePayload(t, m, rawAttr(1|libnl.NLA_F_NESTED), rawAttr(2, 0, 0, 0, 0))
}

func TestNlaPutFreedArguments(t *testing.T) {
	m := newMsg(t)
	expectMisuse(t, 4, func() {
		require.ErrorIs(t, m.NlaPutData(1, nil), libnl.ErrFreed)
		require.ErrorIs(t, m.NlaPutData(1, new(libnl.Data)), libnl.ErrFreed)
		require.ErrorIs(t, m.NlaPutAddr(1, nil), libnl.ErrFreed)
		require.ErrorIs(t, m.NlaPutAddr(1, new(libnl.Addr)), libnl.ErrFreed)
	})
	requirePayload(t, m)
}

func TestNlaReserve(t *testing.T) {
	m := newMsg(t)
	a, err := m.NlaReserve(3, 5)
	require.NoError(t, err)
	require.Equal(t, 3, a.Type())
	require.Equal(t, 5, a.Len())
	requirePayload(t, m, rawAttr(3, 0, 0, 0, 0, 0))
	require.NoError(t, a.WriteData([]byte{1, 2, 3, 4, 5}))
	require.Equal(t, []byte{1, 2, 3, 4, 5}, a.Data(), "in the snapshot, too")
	require.NoError(t, a.WriteData([]byte{9}), "at the beginning")
	require.ErrorIs(t, a.WriteData(make([]byte, 6)), libnl.NLE_RANGE)
	requirePayload(t, m, rawAttr(3, 9, 2, 3, 4, 5))

	require.ErrorIs(t, m.Hdr().FindAttr(0, 3).WriteData([]byte{1}), libnl.NLE_INVAL, "a snapshot is in no message")
	require.ErrorIs(t, (*libnl.Nlattr)(nil).WriteData(nil), libnl.NLE_INVAL)
}

// TestPutAsC puts the same attributes by Go, and, since libnl is asked to talk about each, by C.
func TestPutAsC(t *testing.T) {
	defer libnl.SetNlDebug(libnl.NlDebug())
	var built [2][]byte
	for i, level := range []int{0, 2} {
		libnl.SetNlDebug(level)
		m, err := libnl.NlmsgAllocSize(100)
		require.NoError(t, err)
		require.NoError(t, m.Append([]byte{1, 2, 3}, libnl.NL_DONTPAD), "what follows is aligned")
		require.NoError(t, m.NlaPutU8(1, 200))
		require.NoError(t, m.NlaPutS16(2|libnl.NLA_F_NET_BYTEORDER, -2))
		require.NoError(t, m.NlaPutU32(3, 1<<31))
		require.NoError(t, m.NlaPutS64(4, -4))
		require.NoError(t, m.NlaPutFlag(5))
		require.NoError(t, m.NlaPut(6, []byte{1, 2, 3, 4, 5}))
		require.NoError(t, m.NlaPutString(7, ""))
		require.NoError(t, m.NlaPutString(8, "abcd"))
		require.ErrorIs(t, m.NlaPutU64(9, 9), libnl.NLE_NOMEM, "no room")
		require.NoError(t, m.NlaPutU32(9, 9), "as much as there is")
		require.ErrorIs(t, m.NlaPutFlag(10), libnl.NLE_NOMEM)
		built[i] = m.Hdr().Bytes()
		require.NoError(t, m.Free())
	}
	require.Equal(t, built[1], built[0])
}
