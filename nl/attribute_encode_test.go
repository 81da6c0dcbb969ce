package nl_test

import (
	"bytes"
	"math"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/nl"
)

// everything encodes one attribute with each method.
func everything(e *nl.Encoder) {
	e.Uint8(1, 0xfe)
	e.Uint16(2, 0xfedc)
	e.Uint32(3, 0xfedcba98)
	e.Uint64(4, 0xfedcba9876543210)
	e.Int8(5, -2)
	e.Int16(6, -3)
	e.Int32(7, -4)
	e.Int64(8, -5)
	e.Uint16BE(9, 0xfedc)
	e.Uint32BE(10, 0xfedcba98)
	e.Uint64BE(11, 0xfedcba9876543210)
	e.Flag(12)
	e.Bytes(13, []byte{1, 2, 3})
	e.String(14, "lo")
	e.RawString(15, "lo")
	e.Bitfield32(16, 5, 7)
	e.Addr(17, netip.AddrFrom4([4]byte{127, 0, 0, 1}))
	e.Addr(18, netip.IPv6Loopback())
	e.Uint(19, math.MaxUint32)
	e.Uint(20, math.MaxUint32+1)
	e.Int(21, math.MinInt32)
	e.Int(22, math.MinInt32-1)
	e.Int(23, math.MaxInt32)
	e.Int(24, math.MaxInt32+1)
	e.Nest(25, func() {
		e.Flag(1)
		n := e.Begin(2)
		e.Uint8(3, 4)
		e.End(n)
		e.Nest(5, func() {})
	})
}

func TestEncoderRoundTrip(t *testing.T) {
	attrs, err := walked(encoded(t, everything))
	require.NoError(t, err)
	require.Len(t, attrs, 25)
	for i, want := range []func(a nl.Attribute) (any, any, error){
		func(a nl.Attribute) (any, any, error) { v, err := a.Uint8(); return uint8(0xfe), v, err },
		func(a nl.Attribute) (any, any, error) { v, err := a.Uint16(); return uint16(0xfedc), v, err },
		func(a nl.Attribute) (any, any, error) { v, err := a.Uint32(); return uint32(0xfedcba98), v, err },
		func(a nl.Attribute) (any, any, error) {
			v, err := a.Uint64()
			return uint64(0xfedcba9876543210), v, err
		},
		func(a nl.Attribute) (any, any, error) { v, err := a.Int8(); return int8(-2), v, err },
		func(a nl.Attribute) (any, any, error) { v, err := a.Int16(); return int16(-3), v, err },
		func(a nl.Attribute) (any, any, error) { v, err := a.Int32(); return int32(-4), v, err },
		func(a nl.Attribute) (any, any, error) { v, err := a.Int64(); return int64(-5), v, err },
		func(a nl.Attribute) (any, any, error) { v, err := a.Uint16BE(); return uint16(0xfedc), v, err },
		func(a nl.Attribute) (any, any, error) { v, err := a.Uint32BE(); return uint32(0xfedcba98), v, err },
		func(a nl.Attribute) (any, any, error) {
			v, err := a.Uint64BE()
			return uint64(0xfedcba9876543210), v, err
		},
		func(a nl.Attribute) (any, any, error) { v, err := a.Flag(); return true, v, err },
		func(a nl.Attribute) (any, any, error) { return []byte{1, 2, 3}, a.Bytes(), nil },
		func(a nl.Attribute) (any, any, error) { return []byte("lo\x00"), a.Bytes(), nil },
		func(a nl.Attribute) (any, any, error) { return []byte("lo"), a.Bytes(), nil },
		func(a nl.Attribute) (any, any, error) {
			v, s, err := a.Bitfield32()
			return [2]uint32{5, 7}, [2]uint32{v, s}, err
		},
		func(a nl.Attribute) (any, any, error) {
			v, err := a.Addr()
			return netip.MustParseAddr("127.0.0.1"), v, err
		},
		func(a nl.Attribute) (any, any, error) { v, err := a.Addr(); return netip.IPv6Loopback(), v, err },
		func(a nl.Attribute) (any, any, error) { v, err := a.Uint32(); return uint32(math.MaxUint32), v, err },
		func(a nl.Attribute) (any, any, error) {
			v, err := a.Uint64()
			return uint64(math.MaxUint32 + 1), v, err
		},
		func(a nl.Attribute) (any, any, error) { v, err := a.Int32(); return int32(math.MinInt32), v, err },
		func(a nl.Attribute) (any, any, error) { v, err := a.Int64(); return int64(math.MinInt32 - 1), v, err },
		func(a nl.Attribute) (any, any, error) { v, err := a.Int32(); return int32(math.MaxInt32), v, err },
		func(a nl.Attribute) (any, any, error) { v, err := a.Int64(); return int64(math.MaxInt32 + 1), v, err },
	} {
		require.EqualValues(t, i+1, attrs[i].Type)
		want, got, err := want(attrs[i])
		require.NoError(t, err, "attribute %d", i+1)
		require.Equal(t, want, got, "attribute %d", i+1)
	}
	nest := attrs[24]
	require.True(t, nest.Nested)
	inner, err := walked(nest.Data)
	require.NoError(t, err)
	require.Equal(t, []nl.Attribute{
		{Type: 1, Data: []byte{}}, {Type: 2, Nested: true, Data: encoded(t, func(e *nl.Encoder) { e.Uint8(3, 4) })},
		{Type: 5, Nested: true, Data: []byte{}},
	}, inner)
}

func TestEncoderAppends(t *testing.T) {
	for n := range 9 {
		buf := bytes.Repeat([]byte{0xff}, 64)
		e := nl.NewEncoder(buf[:n])
		e.Uint8(1, 7)
		b, err := e.Result()
		require.NoError(t, err)
		padded := (n + 3) &^ 3
		require.Len(t, b, padded+8)
		require.Equal(t, e.Len(), len(b))
		require.Equal(t, bytes.Repeat([]byte{0xff}, n), b[:n])
		require.Equal(t, make([]byte, padded-n), b[n:padded])
		require.Equal(t, encoded(t, func(e *nl.Encoder) { e.Uint8(1, 7) }), b[padded:], "padding is zeros, whatever was in the buffer")
		require.Same(t, &buf[0], &b[0])
	}
}

func TestEncoderTooLong(t *testing.T) {
	const most = math.MaxUint16 - 4
	b := encoded(t, func(e *nl.Encoder) { e.Bytes(1, make([]byte, most)) })
	require.Len(t, b, 1<<16)
	for name, f := range map[string]func(e *nl.Encoder){
		"bytes":      func(e *nl.Encoder) { e.Bytes(0x8007, make([]byte, most+1)) },
		"string":     func(e *nl.Encoder) { e.String(7, strings.Repeat("x", most)) },
		"raw string": func(e *nl.Encoder) { e.RawString(7, strings.Repeat("x", most+1)) },
		"nest":       func(e *nl.Encoder) { e.Nest(7, func() { e.Bytes(1, make([]byte, most-3)) }) },
		"pair": func(e *nl.Encoder) {
			n := e.Begin(7)
			e.Bytes(1, make([]byte, most-4))
			e.Flag(2)
			e.End(n)
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := nl.NewEncoder(nil)
			f(e)
			want := e.Err()
			require.ErrorIs(t, want, nl.ErrMalformed)
			require.ErrorContains(t, want, "attribute 7 of ")
			require.ErrorContains(t, want, "the most is 65531")
			n := e.Len()
			everything(e)
			e.Bytes(9, make([]byte, most+1))
			require.Equal(t, want, e.Err(), "the first error stays")
			require.Equal(t, n, e.Len(), "nothing is appended after it")
			_, err := e.Result()
			require.Equal(t, want, err)
			e.Reset(nil)
			b, err := e.Result()
			require.NoError(t, err)
			require.Empty(t, b)
		})
	}
	fits := encoded(t, func(e *nl.Encoder) { e.Nest(7, func() { e.Bytes(1, make([]byte, most-11)); e.Flag(2) }) })
	require.Len(t, fits, 65532)
}

func TestEncoderRefuses(t *testing.T) {
	for want, f := range map[string]func(e *nl.Encoder){
		"attribute 3 of 5 bytes: the string has a NUL at byte 2, where it would end": func(e *nl.Encoder) { e.String(3, "ab\x00cd") },
		"attribute 3 of 0 bytes: the address is not valid":                           func(e *nl.Encoder) { e.Addr(3, netip.Addr{}) },
		"malformed attributes: a nest was begun and not ended":                       func(e *nl.Encoder) { e.Begin(3) },
		"malformed attributes: a nest was ended that is not the one begun last": func(e *nl.Encoder) {
			a := e.Begin(3)
			e.Begin(4)
			e.End(a)
		},
	} {
		e := nl.NewEncoder(nil)
		f(e)
		_, err := e.Result()
		require.EqualError(t, err, want)
		require.ErrorIs(t, err, nl.ErrMalformed)
	}
	for name, f := range map[string]func(e *nl.Encoder){
		"none begun": func(e *nl.Encoder) { e.End(nl.Nesting{}) },
		"twice":      func(e *nl.Encoder) { n := e.Begin(1); e.End(n); e.End(n) },
		"another's": func(e *nl.Encoder) {
			other := nl.NewEncoder(make([]byte, 100))
			n := other.Begin(1)
			e.Begin(1)
			e.End(n)
		},
	} {
		e := nl.NewEncoder(nil)
		f(e)
		_, err := e.Result()
		require.ErrorContains(t, err, "not the one begun last", name)
	}
}

func TestEncodeAllocates(t *testing.T) {
	buf := make([]byte, 0, 1024)
	raw := []byte{1, 2, 3}
	require.Zero(t, testing.AllocsPerRun(100, func() {
		e := nl.NewEncoder(buf[:0])
		everything(e)
		e.Bytes(unix.IFLA_ADDRESS, raw)
		if _, err := e.Result(); err != nil {
			panic(err)
		}
	}))
}
