package libnl_test

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/libnl"
)

// payloads is what an NlaParse found: by type, the payload.
func payloads(tb []*libnl.Nlattr) map[int]string {
	m := map[int]string{}
	for i, a := range tb {
		if a != nil {
			m[i] = string(a.Data())
		}
	}
	return m
}

func TestNlaParse(t *testing.T) {
	b := slices.Concat(rawAttr(2, 'a'), rawAttr(0, 'z'), rawAttr(2|libnl.NLA_F_NESTED, 'b'), rawAttr(4, 'd'), rawAttr(1), []byte{8, 0})
	tb, err := libnl.NlaParse(3, b, nil)
	require.NoError(t, err)
	require.Len(t, tb, 4)
	require.Equal(t, map[int]string{0: "z", 1: "", 2: "b"}, payloads(tb),
		"the last of each type, type 0 too, without its flags; higher types and the bytes at the end are left out")
	require.True(t, tb[2].IsNested())

	b[5] = 'A'
	require.EqualValues(t, libnl.NLA_HDRLEN+1, tb[2].NlaLen)
	tb[2].Data()[0] = '!'
	require.Contains(t, string(b), "!", "the results refer to the bytes that were parsed")
}

func TestNlaParseNothing(t *testing.T) {
	for _, b := range [][]byte{nil, {}, {0}, {0, 0, 0}, {0, 0, 0, 0}, {0xff, 0xff, 1, 0}} {
		tb, err := libnl.NlaParse(2, b, []libnl.NlaPolicy{{Type: libnl.NLA_U64}})
		require.NoError(t, err)
		require.Equal(t, make([]*libnl.Nlattr, 3), tb)
		require.Nil(t, libnl.NlaFind(b, 0))
	}
}

func TestNlaValidateNothing(t *testing.T) {
	for _, b := range [][]byte{nil, {}, {0, 0, 0, 0}, {0xff, 0xff, 1, 0}} {
		require.NoError(t, libnl.NlaValidate(b, 2, []libnl.NlaPolicy{{Type: libnl.NLA_U64}}))
	}
}

// An attribute that is not whole ends the walk: what follows it cannot be found.
func TestNlaParseHostileLengths(t *testing.T) {
	for _, n := range []uint16{0, 1, 3, 13, 255, 32767, 32768, 65535} {
		bad := rawAttr(2, 1, 2, 3, 4)
		binary.NativeEndian.PutUint16(bad, n)
		b := slices.Concat(rawAttr(1, 9), bad, rawAttr(3, 8))[:20]
		tb, err := libnl.NlaParse(3, b, nil)
		require.NoError(t, err)
		require.Equal(t, map[int]string{1: "\x09"}, payloads(tb), "length %d", n)
		require.Nil(t, libnl.NlaFind(b, 3), "length %d", n)
	}
}

func TestNlaParseMaxtype(t *testing.T) {
	b := slices.Concat(rawAttr(1, 1), rawAttr(libnl.NLA_TYPE_MASK, 2))
	for _, maxtype := range []int{-1, math.MinInt, math.MaxUint16 + 1, math.MaxInt} {
		_, err := libnl.NlaParse(maxtype, b, nil)
		require.ErrorIs(t, err, libnl.NLE_RANGE, "maxtype %d", maxtype)
	}
	require.ErrorIs(t, libnl.NlaValidate(b, -1, []libnl.NlaPolicy{}), libnl.NLE_RANGE)
	require.NoError(t, libnl.NlaValidate(b, math.MaxInt, []libnl.NlaPolicy{}))

	tb, err := libnl.NlaParse(0, b, nil)
	require.NoError(t, err)
	require.Len(t, tb, 1)

	tb, err = libnl.NlaParse(libnl.NLA_TYPE_MASK, b, nil)
	require.NoError(t, err)
	require.Len(t, tb, libnl.NLA_TYPE_MASK+1)
	require.Equal(t, map[int]string{1: "\x01", libnl.NLA_TYPE_MASK: "\x02"}, payloads(tb), "the highest type there is")

	tb, err = libnl.NlaParse(math.MaxUint16, b, nil)
	require.NoError(t, err)
	require.Len(t, tb, math.MaxUint16+1, "maxtype is always an index")
	require.Equal(t, map[int]string{1: "\x01", libnl.NLA_TYPE_MASK: "\x02"}, payloads(tb))
}

func TestNlaPolicy(t *testing.T) {
	n := func(n int) []byte { return make([]byte, n) }
	for name, c := range map[string]struct {
		policy  libnl.NlaPolicy
		payload []byte
		want    error
	}{
		"nothing asked":        {libnl.NlaPolicy{}, nil, nil},
		"u8":                   {libnl.NlaPolicy{Type: libnl.NLA_U8}, n(1), nil},
		"u8 empty":             {libnl.NlaPolicy{Type: libnl.NLA_U8}, nil, libnl.NLE_RANGE},
		"u16 short":            {libnl.NlaPolicy{Type: libnl.NLA_U16}, n(1), libnl.NLE_RANGE},
		"u32 short":            {libnl.NlaPolicy{Type: libnl.NLA_U32}, n(3), libnl.NLE_RANGE},
		"u32":                  {libnl.NlaPolicy{Type: libnl.NLA_U32}, n(4), nil},
		"u32 longer":           {libnl.NlaPolicy{Type: libnl.NLA_U32}, n(5), nil}, // no upper bound of its own
		"u64 short":            {libnl.NlaPolicy{Type: libnl.NLA_U64}, n(7), libnl.NLE_RANGE},
		"u64":                  {libnl.NlaPolicy{Type: libnl.NLA_U64}, n(8), nil},
		"string":               {libnl.NlaPolicy{Type: libnl.NLA_STRING}, []byte("lo\x00"), nil},
		"string without NUL":   {libnl.NlaPolicy{Type: libnl.NLA_STRING}, []byte("lo"), libnl.NLE_INVAL},
		"string empty":         {libnl.NlaPolicy{Type: libnl.NLA_STRING}, nil, libnl.NLE_RANGE},
		"string too long":      {libnl.NlaPolicy{Type: libnl.NLA_STRING, Maxlen: 2}, []byte("lo\x00"), libnl.NLE_RANGE},
		"flag":                 {libnl.NlaPolicy{Type: libnl.NLA_FLAG}, nil, nil},
		"minlen":               {libnl.NlaPolicy{Minlen: 2}, n(2), nil},
		"below minlen":         {libnl.NlaPolicy{Minlen: 2}, n(1), libnl.NLE_RANGE},
		"minlen, not the type": {libnl.NlaPolicy{Type: libnl.NLA_U32, Minlen: 2}, n(2), nil},
		"maxlen":               {libnl.NlaPolicy{Maxlen: 2}, n(2), nil},
		"above maxlen":         {libnl.NlaPolicy{Maxlen: 2}, n(3), libnl.NLE_RANGE},
		"highest type":         {libnl.NlaPolicy{Type: libnl.NLA_S64}, n(8), nil},
	} {
		t.Run(name, func(t *testing.T) {
			b := slices.Concat(rawAttr(7), rawAttr(2, c.payload...))
			policy := []libnl.NlaPolicy{2: c.policy}
			tb, err := libnl.NlaParse(5, b, policy)
			verr := libnl.NlaValidate(b, 5, policy)
			// Beyond maxtype, the policy does not count.
			_, low := libnl.NlaParse(1, b, policy)
			require.NoError(t, low)
			require.NoError(t, libnl.NlaValidate(b, 1, policy))
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
				require.ErrorIs(t, verr, c.want)
				require.Nil(t, tb)
				return
			}
			require.NoError(t, err)
			require.NoError(t, verr)
			require.Equal(t, map[int]string{2: string(c.payload)}, payloads(tb))
		})
	}
}

// libnl aborts on a type of policy that it does not know, reads beyond a policy that is short, and does not look whether
// there is one.
func TestNlaPolicyHostile(t *testing.T) {
	b := slices.Concat(rawAttr(1, 1), rawAttr(300, 2))
	for _, typ := range []uint16{libnl.NLA_UINT + 1, 255, 65535} {
		policy := []libnl.NlaPolicy{1: {Type: typ}}
		_, err := libnl.NlaParse(1, b, policy)
		require.ErrorIs(t, err, libnl.NLE_RANGE, "type %d", typ)
		require.ErrorIs(t, libnl.NlaValidate(b, 1, policy), libnl.NLE_RANGE, "type %d", typ)
	}
	for _, short := range [][]libnl.NlaPolicy{{}, {{}}, {{}, {Type: libnl.NLA_U8}}} {
		tb, err := libnl.NlaParse(300, b, short)
		require.NoError(t, err)
		require.Equal(t, map[int]string{1: "\x01", 300: "\x02"}, payloads(tb))
		require.NoError(t, libnl.NlaValidate(b, 300, short))
	}
	full := []libnl.NlaPolicy{{}, {Type: libnl.NLA_U8}, {Type: libnl.NLA_U8}}
	_, err := libnl.NlaParse(2, b, full[:1])
	require.NoError(t, err)
	require.Equal(t, libnl.NlaPolicy{Type: libnl.NLA_U8}, full[1], "the caller's array is not written to")

	require.ErrorIs(t, libnl.NlaValidate(b, 1, nil), libnl.NLE_INVAL)
	require.ErrorIs(t, libnl.NlaValidate(nil, 1, nil), libnl.NLE_INVAL)
}

func TestNlaFind(t *testing.T) {
	b := slices.Concat(rawAttr(2, 'a'), rawAttr(2, 'b'), rawAttr(3|libnl.NLA_F_NESTED, 'c'), rawAttr(0, 'z'))
	require.Equal(t, "a", string(libnl.NlaFind(b, 2).Data()), "the first, where NlaParse takes the last")
	require.Equal(t, "c", string(libnl.NlaFind(b, 3).Data()))
	require.Equal(t, "z", string(libnl.NlaFind(b, 0).Data()))
	for _, typ := range []int{1, -1, 3 | libnl.NLA_F_NESTED, 1 << 16, 1<<32 + 2, math.MinInt, math.MaxInt} {
		require.Nil(t, libnl.NlaFind(b, typ), "type %d", typ)
	}
	require.Nil(t, libnl.NlaFind(nil, 0))
}
