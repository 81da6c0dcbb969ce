package nl_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/nl"
)

// encoded returns the attributes that f appends.
func encoded(t testing.TB, f func(e *nl.Encoder)) []byte {
	t.Helper()
	e := nl.NewEncoder(nil)
	f(e)
	b, err := e.Result()
	require.NoError(t, err)
	return b
}

// native returns numbers in the machine's byte order, such as the length and type of an attribute's header.
func native(numbers ...uint16) (b []byte) {
	for _, n := range numbers {
		b = binary.NativeEndian.AppendUint16(b, n)
	}
	return b
}

// walked returns what the iterator yields before the error, and the error.
func walked(b []byte) (attrs []nl.Attribute, err error) {
	for a, err := range nl.Attributes(b) {
		if err != nil {
			return attrs, err
		}
		attrs = append(attrs, a)
	}
	return attrs, nil
}

func TestAttributes(t *testing.T) {
	b := encoded(t, func(e *nl.Encoder) {
		e.Uint8(1, 7)
		e.Nest(2, func() { e.Flag(3) })
		e.Uint32BE(4|unix.NLA_F_NET_BYTEORDER, 9)
		e.Bytes(1, nil)
		e.Uint16(0x3fff, 1)
	})
	want := []nl.Attribute{
		{Type: 1, Data: []byte{7}},
		{Type: 2, Nested: true, Data: native(4, 3)},
		{Type: 4, NetByteOrder: true, Data: []byte{0, 0, 0, 9}},
		{Type: 1, Data: []byte{}},
		{Type: 0x3fff, Data: native(1)},
	}
	got, err := walked(b)
	require.NoError(t, err)
	require.Equal(t, want, got)

	got, err = walked(b[:len(b)-2])
	require.NoError(t, err, "the last attribute need not be padded")
	require.Equal(t, want, got)

	inner := []nl.Attribute{}
	for a, err := range want[1].Attributes() {
		require.NoError(t, err)
		inner = append(inner, a)
	}
	require.Equal(t, []nl.Attribute{{Type: 3, Data: []byte{}}}, inner)

	got, err = walked(nil)
	require.NoError(t, err)
	require.Empty(t, got)
}

func TestAttributesAgain(t *testing.T) {
	seq := nl.Attributes(encoded(t, func(e *nl.Encoder) { e.Flag(1); e.Flag(2) }))
	for range 2 {
		for a, err := range seq {
			require.NoError(t, err)
			require.EqualValues(t, 1, a.Type)
			break
		}
	}
}

func TestAttributesBorrow(t *testing.T) {
	b := encoded(t, func(e *nl.Encoder) { e.Uint8(1, 7); e.Uint8(2, 8) })
	attrs, err := walked(b)
	require.NoError(t, err)
	kept := attrs[0].Bytes()
	require.Equal(t, []byte{7, 9}, append(attrs[0].Data, 9))
	b[4] = 77
	require.Equal(t, []byte{77}, attrs[0].Data)
	require.Equal(t, []byte{7}, kept)
	require.Equal(t, []byte{8}, attrs[1].Data, "the payload has no room to append to")
	require.EqualValues(t, 0, b[5])
}

func TestAttributesMalformed(t *testing.T) {
	good := encoded(t, func(e *nl.Encoder) { e.Uint8(1, 7) })
	for name, c := range map[string]struct {
		tail []byte
		want string
	}{
		"one byte":    {[]byte{0}, "malformed attributes: the last 1 bytes are too few for a header"},
		"three bytes": {[]byte{4, 0, 1}, "malformed attributes: the last 3 bytes are too few for a header"},
		"zeros":       {make([]byte, 8), "attribute 0 of 8 bytes: its header says that there are 0"},
		"no header":   {native(3, 1), "attribute 1 of 4 bytes: its header says that there are 3"},
		"too long":    {append(native(9, 1|unix.NLA_F_NESTED), 1, 2, 3, 4), "attribute 1 of 8 bytes: its header says that there are 9"},
		"far too":     {native(65535, 1), "attribute 1 of 4 bytes: its header says that there are 65535"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := walked(slices.Concat(good, c.tail))
			require.EqualError(t, err, c.want)
			require.ErrorIs(t, err, nl.ErrMalformed)
			require.Len(t, got, 1, "what comes before is good")

			n := 0
			for _, err := range nl.Attributes(c.tail) {
				require.Error(t, err)
				n++
			}
			require.Equal(t, 1, n, "the error is the last thing")
		})
	}
}

// getters are the getters of fixed length, or of either of two.
var getters = map[string]struct {
	lengths []int
	get     func(a nl.Attribute) (any, error)
	want    []any // for 1, 2, 3 ...
}{
	"Uint8":    {[]int{1}, func(a nl.Attribute) (any, error) { return a.Uint8() }, []any{uint8(0x81)}},
	"Uint16":   {[]int{2}, func(a nl.Attribute) (any, error) { return a.Uint16() }, []any{uint16(0x8281)}},
	"Uint32":   {[]int{4}, func(a nl.Attribute) (any, error) { return a.Uint32() }, []any{uint32(0x84838281)}},
	"Uint64":   {[]int{8}, func(a nl.Attribute) (any, error) { return a.Uint64() }, []any{uint64(0x8887868584838281)}},
	"Int8":     {[]int{1}, func(a nl.Attribute) (any, error) { return a.Int8() }, []any{int8(-0x7f)}},
	"Int16":    {[]int{2}, func(a nl.Attribute) (any, error) { return a.Int16() }, []any{int16(-0x7d7f)}},
	"Int32":    {[]int{4}, func(a nl.Attribute) (any, error) { return a.Int32() }, []any{int32(-0x7b7c7d7f)}},
	"Int64":    {[]int{8}, func(a nl.Attribute) (any, error) { return a.Int64() }, []any{int64(-0x7778797a7b7c7d7f)}},
	"Uint16BE": {[]int{2}, func(a nl.Attribute) (any, error) { return a.Uint16BE() }, []any{uint16(0x8182)}},
	"Uint32BE": {[]int{4}, func(a nl.Attribute) (any, error) { return a.Uint32BE() }, []any{uint32(0x81828384)}},
	"Uint64BE": {[]int{8}, func(a nl.Attribute) (any, error) { return a.Uint64BE() }, []any{uint64(0x8182838485868788)}},
	"Uint":     {[]int{4, 8}, func(a nl.Attribute) (any, error) { return a.Uint() }, []any{uint64(0x84838281), uint64(0x8887868584838281)}},
	"Int":      {[]int{4, 8}, func(a nl.Attribute) (any, error) { return a.Int() }, []any{int64(-0x7b7c7d7f), int64(-0x7778797a7b7c7d7f)}},
	"Flag":     {[]int{0}, func(a nl.Attribute) (any, error) { return a.Flag() }, []any{true}},
	"Bitfield32": {[]int{8}, func(a nl.Attribute) (any, error) {
		value, selector, err := a.Bitfield32()
		return [2]uint32{value, selector}, err
	}, []any{[2]uint32{0x84838281, 0x88878685}}},
	"Addr": {[]int{4, 16}, func(a nl.Attribute) (any, error) { return a.Addr() },
		[]any{netip.MustParseAddr("129.130.131.132"), netip.MustParseAddr("8182:8384:8586:8788:898a:8b8c:8d8e:8f90")}},
}

func TestGetters(t *testing.T) {
	if unix.NLMSG_HDRLEN != 16 || encoded(t, func(e *nl.Encoder) { e.Uint16(1, 1) })[4] != 1 {
		t.Skip("this machine has no little-endian byte order, which the expected values are in")
	}
	for name, g := range getters {
		t.Run(name, func(t *testing.T) {
			for n := range 20 {
				a := nl.Attribute{Type: 77}
				for i := range n {
					a.Data = append(a.Data, byte(0x81+i))
				}
				v, err := g.get(a)
				if i := slices.Index(g.lengths, n); i >= 0 {
					require.NoError(t, err)
					require.Equal(t, g.want[i], v)
					continue
				}
				require.ErrorIs(t, err, nl.ErrMalformed)
				var e *nl.AttributeError
				require.ErrorAs(t, err, &e)
				require.EqualValues(t, 77, e.Type)
				require.Equal(t, n, e.Len)
				require.Contains(t, err.Error(), fmt.Sprintf("attribute 77 of %d bytes: ", n))
				require.Zero(t, v)
			}
		})
	}
}

func TestGetString(t *testing.T) {
	for data, want := range map[string]string{
		"": "", "\x00": "", "\x00\x00\x00": "", "lo": "lo", "lo\x00": "lo", "lo\x00\x00\x00": "lo", "l\xff\x00": "l\xff",
	} {
		a := nl.Attribute{Data: []byte(data)}
		s, err := a.String()
		require.NoError(t, err)
		require.Equal(t, want, s)
		b, err := a.StringBytes()
		require.NoError(t, err)
		require.Equal(t, want, string(b))
	}
	for _, data := range []string{"lo\x00x", "\x00lo", "a\x00b\x00"} {
		s, err := nl.Attribute{Type: 3, Data: []byte(data)}.String()
		require.ErrorIs(t, err, nl.ErrMalformed, "%q", data)
		require.Empty(t, s)
	}
	_, err := nl.Attribute{Type: 3, Data: []byte("lo\x00\x00x")}.String()
	require.EqualError(t, err, "attribute 3 of 5 bytes: is no string, with a NUL at byte 2 and more at byte 4")
}

func TestDecodeAllocates(t *testing.T) {
	b := linkAttributes(t)
	var name []byte
	var mtu, delay uint32
	var gso uint64
	decode := func() {
		var err error
		for a, e := range nl.Attributes(b) {
			if e != nil {
				err = e
				break
			}
			switch a.Type {
			case unix.IFLA_IFNAME:
				name, err = a.StringBytes()
			case unix.IFLA_MTU:
				mtu, err = a.Uint32()
			case unix.IFLA_LINKINFO:
				for a, e := range a.Attributes() {
					if err = errors.Join(err, e); a.Type == unix.IFLA_INFO_DATA {
						for a, e := range a.Attributes() {
							if err = errors.Join(err, e); a.Type == unix.IFLA_BR_FORWARD_DELAY {
								delay, err = a.Uint32()
							}
						}
					}
				}
			case unix.IFLA_GSO_MAX_SIZE:
				gso, err = a.Uint()
			}
			if err != nil {
				break
			}
		}
		if err != nil {
			panic(err)
		}
	}
	require.Zero(t, testing.AllocsPerRun(100, decode))
	require.Equal(t, "br0", string(name))
	require.EqualValues(t, 1500, mtu)
	require.EqualValues(t, 1499, delay)
	require.EqualValues(t, 65535, gso)

	// Nor where the compiler sees less of it.
	seq := func() int {
		n := 0
		for _, err := range nl.Attributes(b) {
			if err == nil {
				n++
			}
		}
		return n
	}
	require.Zero(t, testing.AllocsPerRun(100, func() { seq() }))
}

// linkAttributes are attributes like those of a bridge in a dump of the links.
func linkAttributes(t testing.TB) []byte {
	return encoded(t, func(e *nl.Encoder) {
		e.String(unix.IFLA_IFNAME, "br0")
		for typ, v := range []uint32{13: 1000, 27: 0, 30: 0, 31: 1, 40: 65536, 41: 65535, 60: 65536} {
			if v != 0 {
				e.Uint32(uint16(typ), v)
			}
		}
		e.Uint32(unix.IFLA_MTU, 1500)
		e.Uint32(unix.IFLA_MIN_MTU, 68)
		e.Uint32(unix.IFLA_GROUP, 0)
		e.Uint8(unix.IFLA_OPERSTATE, 2)
		e.Uint8(unix.IFLA_LINKMODE, 0)
		e.Bytes(unix.IFLA_ADDRESS, make([]byte, 6))
		e.Bytes(unix.IFLA_BROADCAST, make([]byte, 6))
		e.Bytes(unix.IFLA_STATS64, make([]byte, 200))
		e.Bytes(unix.IFLA_STATS, make([]byte, 100))
		e.Nest(unix.IFLA_LINKINFO, func() {
			e.String(unix.IFLA_INFO_KIND, "bridge")
			e.Nest(unix.IFLA_INFO_DATA, func() {
				for typ := uint16(2); typ < 20; typ++ {
					e.Uint64(typ, 1)
				}
				e.Uint32(unix.IFLA_BR_FORWARD_DELAY, 1499)
			})
		})
	})
}
