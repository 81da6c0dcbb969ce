package libnl_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/libnl"
)

// rawAttr makes the bytes of an attribute, padded.
func rawAttr(typ uint16, payload ...byte) []byte {
	b := make([]byte, libnl.NlaTotalSize(len(payload)))
	binary.NativeEndian.PutUint16(b, uint16(libnl.NLA_HDRLEN+len(payload)))
	binary.NativeEndian.PutUint16(b[2:], typ)
	copy(b[libnl.NLA_HDRLEN:], payload)
	return b
}

// attrWith makes an attribute of type 1 with a payload; nil makes an empty one.
func attrWith(t *testing.T, payload []byte) *libnl.Nlattr {
	t.Helper()
	a, err := libnl.NlattrFrom(rawAttr(1, payload...))
	require.NoError(t, err)
	return a
}

func TestNlaSizes(t *testing.T) {
	for payload, want := range []struct{ size, total, pad int }{
		{4, 4, 0}, {5, 8, 3}, {6, 8, 2}, {7, 8, 1}, {8, 8, 0}, {9, 12, 3},
	} {
		require.Equal(t, want.size, libnl.NlaAttrSize(payload), payload)
		require.Equal(t, want.total, libnl.NlaTotalSize(payload), payload)
		require.Equal(t, want.pad, libnl.NlaPadlen(payload), payload)
	}
}

// As many attributes as libnl's own suite puts into one message of the default size.
func TestManyAttributes(t *testing.T) {
	m := newMsg(t)
	for i := 1; i < 256; i++ {
		require.NoError(t, m.NlaPutU32(i, uint32(i+1)))
	}
	i := 1
	for a := range m.Hdr().ForEachAttr(0) {
		require.Equal(t, i, a.Type())
		require.Equal(t, 4, a.Len())
		require.EqualValues(t, i+1, a.GetU32())
		i++
	}
	require.Equal(t, 256, i)
}

func TestNlattrFields(t *testing.T) {
	a, err := libnl.NlattrFrom(rawAttr(5|libnl.NLA_F_NESTED|libnl.NLA_F_NET_BYTEORDER, 1, 2, 3))
	require.NoError(t, err)
	require.EqualValues(t, 7, a.NlaLen, "header and payload")
	require.EqualValues(t, 5|libnl.NLA_F_NESTED|libnl.NLA_F_NET_BYTEORDER, a.NlaType)
	require.Equal(t, 5, a.Type(), "without the bits beside it")
	require.Equal(t, 3, a.Len(), "payload alone")
	require.Equal(t, []byte{1, 2, 3}, a.Data())
	require.Equal(t, 3, cap(a.Data()), "appending to the payload does not write into what follows")
	require.True(t, a.IsNested())
	require.True(t, a.GetFlag())

	a, err = libnl.NlattrFrom(rawAttr(5|libnl.NLA_F_NET_BYTEORDER, 1))
	require.NoError(t, err)
	require.False(t, a.IsNested())
}

func TestNlattrFromHostileBytes(t *testing.T) {
	for name, b := range map[string][]byte{
		"nothing":             nil,
		"half a header":       {4, 0},
		"shorter than itself": rawAttr(1)[:3],
		"length 0":            {0, 0, 1, 0, 0, 0, 0, 0},
		"length 3":            binary.NativeEndian.AppendUint16(nil, 3),
		"longer than there is": append(binary.NativeEndian.AppendUint16(nil, 9),
			1, 0, 0, 0, 0, 0),
		"as long as can be": append(binary.NativeEndian.AppendUint16(nil, 65535), 1, 0, 0, 0, 0, 0),
	} {
		t.Run(name, func(t *testing.T) {
			require.False(t, libnl.NlaOk(b))
			require.Nil(t, libnl.NlaNext(b))
			_, err := libnl.NlattrFrom(b)
			require.ErrorIs(t, err, libnl.NLE_MSG_TRUNC)
			for range libnl.NlaForEachAttr(b) {
				require.Fail(t, "there is no whole attribute")
			}
		})
	}
}

func TestNlaNext(t *testing.T) {
	one, two := rawAttr(1, 1, 2, 3), rawAttr(2)
	b := slices.Concat(one, two)
	require.True(t, libnl.NlaOk(b))
	require.Equal(t, two, libnl.NlaNext(b), "the padding is skipped")
	require.Nil(t, libnl.NlaNext(two))
	require.True(t, libnl.NlaOk(one[:7]), "the last attribute needs no padding")
	require.Nil(t, libnl.NlaNext(one[:7]))
	require.Equal(t, []byte{9}, libnl.NlaNext(append(one[:8:8], 9)), "what follows may be no attribute")
}

func TestNlaForEachAttr(t *testing.T) {
	b := slices.Concat(rawAttr(1, 1), rawAttr(2, 2), rawAttr(3, 3), []byte{1, 2, 3})
	var types []int
	for a := range libnl.NlaForEachAttr(b) {
		types = append(types, a.Type())
	}
	require.Equal(t, []int{1, 2, 3}, types, "and the bytes at the end are left out")

	types = nil
	for a := range libnl.NlaForEachAttr(b) {
		types = append(types, a.Type())
		if a.Type() == 2 {
			break
		}
	}
	require.Equal(t, []int{1, 2}, types)
}

func TestForEachNested(t *testing.T) {
	a := attrWith(t, slices.Concat(rawAttr(7, 7), rawAttr(8, 8)))
	var types []int
	for n := range a.ForEachNested() {
		types = append(types, n.Type())
	}
	require.Equal(t, []int{7, 8}, types)
	for n := range a.ForEachNested() {
		require.Equal(t, 7, n.Type())
		break
	}
	for range (*libnl.Nlattr)(nil).ForEachNested() {
		require.Fail(t, "an absent attribute holds none")
	}
}

// C would read beyond attributes that are too short, for all but the 64-bit numbers.
func TestGettersOnShortAttributes(t *testing.T) {
	ff := []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	get := map[string]struct {
		need int
		get  func(*libnl.Nlattr) any
		zero any
	}{
		"u8":    {1, func(a *libnl.Nlattr) any { return a.GetU8() }, uint8(0)},
		"s8":    {1, func(a *libnl.Nlattr) any { return a.GetS8() }, int8(0)},
		"u16":   {2, func(a *libnl.Nlattr) any { return a.GetU16() }, uint16(0)},
		"s16":   {2, func(a *libnl.Nlattr) any { return a.GetS16() }, int16(0)},
		"u32":   {4, func(a *libnl.Nlattr) any { return a.GetU32() }, uint32(0)},
		"s32":   {4, func(a *libnl.Nlattr) any { return a.GetS32() }, int32(0)},
		"u64":   {8, func(a *libnl.Nlattr) any { return a.GetU64() }, uint64(0)},
		"s64":   {8, func(a *libnl.Nlattr) any { return a.GetS64() }, int64(0)},
		"msecs": {8, func(a *libnl.Nlattr) any { return a.GetMsecs() }, uint64(0)},
	}
	for name, g := range get {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, g.zero, g.get(nil))
			require.Equal(t, g.zero, g.get(&libnl.Nlattr{NlaLen: 12, NlaType: 1}), "made by hand")
			for n := range ff {
				v := g.get(attrWith(t, ff[:n]))
				if n < g.need {
					require.Equal(t, g.zero, v, "%d bytes", n)
				} else {
					require.NotEqual(t, g.zero, v, "%d bytes", n)
				}
			}
		})
	}
}

func TestGetString(t *testing.T) {
	for payload, want := range map[string]string{
		"":           "",
		"lo\x00":     "lo",
		"lo":         "lo", // C reads on
		"\x00":       "",
		"a\x00b\x00": "a",
	} {
		a := attrWith(t, []byte(payload))
		require.Equal(t, want, a.GetString(), "%q", payload)
		require.Equal(t, want, a.Strdup(), "%q", payload)
	}
	require.Empty(t, (*libnl.Nlattr)(nil).GetString())
}

func TestNlaMemcpy(t *testing.T) {
	a := attrWith(t, []byte{1, 2, 3})
	dst := []byte{9, 9, 9, 9, 9}
	require.Equal(t, 3, a.Memcpy(dst))
	require.Equal(t, []byte{1, 2, 3, 9, 9}, dst)
	require.Equal(t, 2, a.Memcpy(dst[:2]))
	require.Equal(t, 0, a.Memcpy(nil))
	require.Equal(t, 0, (*libnl.Nlattr)(nil).Memcpy(dst))
}

func TestNlaStrlcpy(t *testing.T) {
	for _, c := range []struct {
		payload string
		room    int
		want    string
		n       int
	}{
		{"eth0\x00", 8, "eth0\x00\x00\x00\x00", 4},
		{"eth0", 8, "eth0\x00\x00\x00\x00", 4},
		{"eth0\x00", 5, "eth0\x00", 4},
		{"eth0\x00", 4, "eth\x00", 4}, // cut; the result says what was needed
		{"eth0\x00", 1, "\x00", 4},
		{"eth0\x00", 0, "", 4},
		{"a\x00b\x00\x00", 8, "a\x00b\x00\x00\x00\x00\x00", 4}, // one NUL at the end does not count
		{"", 2, "\x00\x00", 0},
		{"\x00", 2, "\x00\x00", 0},
	} {
		dst := []byte("????????")[:c.room]
		require.Equal(t, c.n, attrWith(t, []byte(c.payload)).Strlcpy(dst), "%q", c.payload)
		require.Equal(t, c.want, string(dst), "%q", c.payload)
	}
	require.Equal(t, 0, (*libnl.Nlattr)(nil).Strlcpy(make([]byte, 2)))
}

func TestNlaMemcmp(t *testing.T) {
	a := attrWith(t, []byte{1, 2, 3})
	require.Zero(t, a.Memcmp([]byte{1, 2, 3}))
	require.Equal(t, 1, a.Memcmp([]byte{1, 2}), "the difference of the lengths, whatever the bytes")
	require.Equal(t, -2, a.Memcmp([]byte{1, 2, 3, 4, 5}))
	require.Positive(t, a.Memcmp([]byte{1, 2, 2}))
	require.Negative(t, a.Memcmp([]byte{1, 0xff, 3}), "bytes have no sign")
	require.Zero(t, attrWith(t, nil).Memcmp(nil))
	require.Equal(t, -3, (*libnl.Nlattr)(nil).Memcmp([]byte{1, 2, 3}))
}

func TestNlaStrcmp(t *testing.T) {
	a := attrWith(t, []byte("eth0\x00"))
	require.Zero(t, a.Strcmp("eth0"))
	require.Negative(t, a.Strcmp("eth1"))
	require.Equal(t, 1, a.Strcmp("eth"))
	require.Equal(t, -1, a.Strcmp("eth00"))
	require.Equal(t, -1, attrWith(t, []byte("eth0")).Strcmp("eth0"), "the NUL counts")
	require.NotZero(t, (*libnl.Nlattr)(nil).Strcmp(""))
}

func TestParseNested(t *testing.T) {
	a := attrWith(t, slices.Concat(rawAttr(1, 1), rawAttr(2, 2), rawAttr(2, 3), rawAttr(9, 9)))
	tb, err := a.ParseNested(3, nil)
	require.NoError(t, err)
	require.Len(t, tb, 4)
	require.Equal(t, []byte{1}, tb[1].Data())
	require.Equal(t, []byte{3}, tb[2].Data())
	require.Nil(t, tb[3])

	_, err = a.ParseNested(3, []libnl.NlaPolicy{1: {Type: libnl.NLA_U32}})
	require.ErrorIs(t, err, libnl.NLE_RANGE)
	require.ErrorContains(t, err, "nla_parse_nested")

	tb, err = (*libnl.Nlattr)(nil).ParseNested(1, nil)
	require.NoError(t, err)
	require.Equal(t, []*libnl.Nlattr{nil, nil}, tb)
}
