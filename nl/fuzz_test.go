package nl_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/nl"
)

// sameBytes reports whether a and b are the same memory, with nothing behind a to write into.
func sameBytes(a, b []byte) bool {
	return len(a) == len(b) && cap(a) == len(a) && (len(a) == 0 || &a[0] == &b[0])
}

// FuzzAttributes compares the decoder with libnl's loop, nla_parse and nla_validate.
func FuzzAttributes(f *testing.F) {
	f.Add([]byte{}, uint16(0))
	f.Add(encoded(f, everything), uint16(30))
	f.Add(append(encoded(f, everything), 1, 2, 3), uint16(3))
	f.Add(linkAttributes(f), uint16(libnl.NLA_TYPE_MASK))
	f.Add([]byte{5, 0, 1, 0, 9}, uint16(1))
	f.Add([]byte{4, 0, 0xff, 0xff, 3, 0, 1, 0}, uint16(0xffff))
	f.Add([]byte{255, 255, 1, 0, 0, 0, 0, 0}, uint16(1))
	f.Add(slices.Concat([]byte{8, 0, 2, 0x80}, []byte{4, 0, 1, 0}, []byte{7, 0, 2, 0, 'l', 'o', 0, 0}), uint16(2))
	f.Fuzz(func(t *testing.T, b []byte, maxtype uint16) {
		original := bytes.Clone(b)
		last := map[int]nl.Attribute{}
		rest := b // what libnl's loop has not seen
		sawErr := false
		for a, err := range nl.Attributes(b) {
			require.False(t, sawErr, "the error is the last thing")
			if err != nil {
				require.ErrorIs(t, err, nl.ErrMalformed)
				require.Zero(t, a)
				sawErr = true
				continue
			}
			require.True(t, libnl.NlaOk(rest))
			c, err := libnl.NlattrFrom(rest)
			require.NoError(t, err)
			require.EqualValues(t, c.Type(), a.Type)
			require.Equal(t, c.IsNested(), a.Nested)
			require.Equal(t, c.NlaType&libnl.NLA_F_NET_BYTEORDER != 0, a.NetByteOrder)
			require.True(t, sameBytes(a.Data, c.Data()))
			checkGetters(t, a, c, rest[:c.NlaLen])
			if a.Type <= maxtype {
				last[int(a.Type)] = a
			}
			rest = libnl.NlaNext(rest)
		}
		require.False(t, libnl.NlaOk(rest), "libnl ends there too")
		require.Equal(t, len(rest) > 0, sawErr, "the error is about the bytes that libnl leaves")

		tb, err := libnl.NlaParse(int(maxtype), b, nil)
		require.NoError(t, err)
		for i, c := range tb {
			a, ok := last[i]
			require.Equal(t, c != nil, ok, "type %d", i)
			require.True(t, c == nil || sameBytes(a.Data, c.Data()))
		}
		require.Equal(t, original, b, "decoding does not write")
	})
}

// checkGetters compares the getters with libnl's, on the attribute that raw is.
func checkGetters(t *testing.T, a nl.Attribute, c *libnl.Nlattr, raw []byte) {
	one := bytes.Clone(raw) // as type 1, for a short policy
	binary.NativeEndian.PutUint16(one[2:], 1)
	valid := func(typ, maxlen uint16) bool {
		return libnl.NlaValidate(one, 1, []libnl.NlaPolicy{1: {Type: typ, Maxlen: maxlen}}) == nil
	}
	// The kernel reads a longer payload as a number too, for the sake of old programs; here it is an error.
	u8, err := a.Uint8()
	require.Equal(t, valid(libnl.NLA_U8, 1), err == nil)
	require.True(t, err != nil || u8 == c.GetU8())
	u16, err := a.Uint16()
	require.Equal(t, valid(libnl.NLA_U16, 2), err == nil)
	require.True(t, err != nil || u16 == c.GetU16())
	u32, err := a.Uint32()
	require.Equal(t, valid(libnl.NLA_U32, 4), err == nil)
	require.True(t, err != nil || u32 == c.GetU32())
	u64, err := a.Uint64()
	require.Equal(t, valid(libnl.NLA_U64, 8), err == nil)
	require.True(t, err != nil || u64 == c.GetU64())
	i16, err := a.Int16()
	require.True(t, err != nil || i16 == c.GetS16())
	i32, err := a.Int32()
	require.True(t, err != nil || i32 == c.GetS32())
	i64, err := a.Int64()
	require.True(t, err != nil || i64 == c.GetS64())
	flag, err := a.Flag()
	require.Equal(t, len(a.Data) == 0, err == nil)
	require.True(t, err != nil || flag == c.GetFlag())

	s, err := a.String()
	switch {
	case valid(libnl.NLA_STRING, 0): // it ends in a NUL
		require.Equal(t, err == nil, len(bytes.TrimRight(a.Data, "\x00")) <= bytes.IndexByte(a.Data, 0))
		require.True(t, err != nil || s == c.GetString())
	case bytes.IndexByte(a.Data, 0) < 0:
		require.NoError(t, err)
		require.Equal(t, string(a.Data), s)
	default:
		require.ErrorIs(t, err, nl.ErrMalformed)
	}

	var inner [][]byte
	for n := range c.ForEachNested() {
		inner = append(inner, n.Data())
	}
	for n, err := range a.Attributes() {
		if err == nil {
			require.NotEmpty(t, inner)
			require.True(t, sameBytes(n.Data, inner[0]))
			inner = inner[1:]
		}
	}
	require.Empty(t, inner)
}

// FuzzEncoder encodes the same attributes with the encoder and with libnl: the bytes are the same, and so is the first
// step that is refused.
func FuzzEncoder(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 1, 7, 0, 1, 2, 7, 0, 2, 3, 7, 0, 3, 4, 7, 0, 4, 5, 3, 0, 5, 6, 2, 0, 6, 7, 0, 0})
	f.Add([]byte{7, 1, 0, 0, 7, 2, 0, 0, 0, 3, 9, 0, 8, 0, 0, 0, 5, 3, 9, 0, 8, 0, 0, 0, 4, 200, 9, 255})
	f.Add([]byte{5, 1, 251, 255, 6, 1, 1, 0})                         // the longest payload
	f.Add([]byte{5, 1, 252, 255, 6, 1, 1, 0})                         // one that is too long
	f.Add([]byte{7, 1, 0, 0, 5, 1, 251, 255, 6, 1, 1, 0, 8, 0, 0, 0}) // in a nest, that is too long
	f.Add([]byte{7, 1, 0, 0, 5, 1, 240, 255, 6, 1, 1, 0, 8, 0, 0, 0}) // in a nest that is not
	f.Add([]byte{9, 1, 3, 0, 10, 1, 1, 0, 11, 255, 77, 255, 12, 1, 1, 1})
	fill := bytes.Repeat([]byte("netlink!"), 1<<13)
	f.Fuzz(func(t *testing.T, steps []byte) {
		m, err := libnl.NlmsgAllocSize(1 << 20)
		require.NoError(t, err)
		defer func() { require.NoError(t, m.Free()) }()
		e := nl.NewEncoder([]byte{})
		var begun []nl.Nesting
		var nests []*libnl.Nlattr
		for ; len(steps) >= 4 && e.Len() < 1<<18; steps = steps[4:] {
			typ, v := uint16(steps[1])<<8|uint16(steps[1]), binary.LittleEndian.Uint16(steps[2:])
			wide := uint64(v) * 0x1000100010001
			var err error
			switch steps[0] % 13 {
			case 0:
				e.Uint8(typ, uint8(v))
				err = m.NlaPutU8(int(typ), uint8(v))
			case 1:
				e.Uint16(typ, v)
				err = m.NlaPutU16(int(typ), v)
			case 2:
				e.Uint32(typ, uint32(wide))
				err = m.NlaPutU32(int(typ), uint32(wide))
			case 3:
				e.Uint64(typ, wide)
				err = m.NlaPutU64(int(typ), wide)
			case 4:
				s := string(fill[:v%512])
				e.String(typ, s)
				err = m.NlaPutString(int(typ), s)
			case 5:
				e.Bytes(typ, fill[:v])
				err = m.NlaPut(int(typ), fill[:v])
			case 6:
				e.Flag(typ)
				err = m.NlaPutFlag(int(typ))
			case 7:
				begun = append(begun, e.Begin(typ))
				var n *libnl.Nlattr
				n, err = m.NlaNestStart(int(typ))
				nests = append(nests, n)
			case 8:
				if n := len(nests) - 1; n >= 0 {
					e.End(begun[n])
					err = m.NlaNestEndKeepEmpty(nests[n])
					begun, nests = begun[:n], nests[:n]
				}
			case 9:
				s := string([]byte{'a', byte(v), 'b'})
				e.String(typ, s)
				err = m.NlaPutString(int(typ), s)
			case 10:
				e.Int16(typ, int16(v))
				err = m.NlaPutS16(int(typ), int16(v))
			case 11:
				e.Int64(typ, -int64(wide))
				err = m.NlaPutS64(int(typ), -int64(wide))
			case 12:
				e.Uint32BE(typ, uint32(v))
				err = m.NlaPut(int(typ), binary.BigEndian.AppendUint32(nil, uint32(v)))
			}
			require.Equal(t, err != nil, e.Err() != nil, "libnl: %v; encoder: %v", err, e.Err())
			if err != nil {
				return
			}
			got, _ := e.Result()
			// The lengths of open nests differ: libnl has the one of the header there.
			require.Len(t, got, len(m.Hdr().Bytes())-libnl.NLMSG_HDRLEN)
		}
		for n := len(nests) - 1; n >= 0; n-- {
			e.End(begun[n])
			err := m.NlaNestEndKeepEmpty(nests[n])
			require.Equal(t, err != nil, e.Err() != nil, "libnl: %v; encoder: %v", err, e.Err())
			if err != nil {
				return
			}
		}
		got, err := e.Result()
		require.NoError(t, err)
		require.Equal(t, m.Hdr().Bytes()[libnl.NLMSG_HDRLEN:], got)
		_, err = walked(got)
		require.NoError(t, err)
	})
}
