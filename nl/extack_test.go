package nl

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// rawMessage returns a netlink message with a payload that is the parts, in order.
func rawMessage(typ, flags uint16, seq uint32, parts ...[]byte) []byte {
	b := make([]byte, unix.NLMSG_HDRLEN)
	for _, p := range parts {
		b = append(b, p...)
	}
	binary.NativeEndian.PutUint32(b, uint32(len(b)))
	binary.NativeEndian.PutUint16(b[4:], typ)
	binary.NativeEndian.PutUint16(b[6:], flags)
	binary.NativeEndian.PutUint32(b[8:], seq)
	return b
}

// encode returns the attributes that f appends.
func encode(t testing.TB, f func(e *Encoder)) []byte {
	t.Helper()
	e := NewEncoder(nil)
	f(e)
	b, err := e.Result()
	require.NoError(t, err)
	return b
}

// ack returns the payload of an NLMSG_ERROR: an errno, what it sends back of the request, and attributes.
func ack(code int32, echo []byte, tlvs []byte) []byte {
	b := binary.NativeEndian.AppendUint32(nil, uint32(code))
	b = append(b, echo...)
	b = append(b, make([]byte, align(len(b))-len(b))...)
	return append(b, tlvs...)
}

// addrRequest is a request with a nest, and the offsets of what is in it.
func addrRequest(t testing.TB) (req []byte, local, nest, inner int) {
	e := NewEncoder(rawMessage(unix.RTM_NEWADDR, unix.NLM_F_REQUEST|unix.NLM_F_ACK, 7, make([]byte, 8)))
	local = e.Len()
	e.Uint32(unix.IFA_LOCAL, 1)
	nest = e.Len()
	e.Nest(18, func() {
		e.Nest(2, func() {
			e.Uint8(1, 1)
			inner = e.Len()
			e.Uint8(5, 1)
		})
	})
	req, err := e.Result()
	require.NoError(t, err)
	binary.NativeEndian.PutUint32(req, uint32(len(req)))
	return req, local, nest, inner
}

func TestAckSuccess(t *testing.T) {
	req, _, _, _ := addrRequest(t)
	for name, flags := range map[string]uint16{"capped": unix.NLM_F_CAPPED, "not capped": 0} {
		t.Run(name, func(t *testing.T) {
			payload := ack(0, req[:unix.NLMSG_HDRLEN], nil)
			info, err := parseAck(unix.NETLINK_ROUTE, "execute", req, flags, payload)
			require.Nil(t, err)
			require.Zero(t, info)
			require.Zero(t, testing.AllocsPerRun(100, func() {
				info, err = parseAck(unix.NETLINK_ROUTE, "execute", req, flags, payload)
			}))
		})
	}
}

func TestAckWarning(t *testing.T) {
	req, _, _, _ := addrRequest(t)
	tlvs := encode(t, func(e *Encoder) {
		e.String(unix.NLMSGERR_ATTR_MSG, "this will go away")
		e.Bytes(unix.NLMSGERR_ATTR_COOKIE, []byte{1, 2, 3})
	})
	want := ackInfo{warning: "this will go away", cookie: []byte{1, 2, 3}}

	info, err := parseAck(unix.NETLINK_ROUTE, "execute", req, unix.NLM_F_CAPPED|unix.NLM_F_ACK_TLVS, ack(0, req[:unix.NLMSG_HDRLEN], tlvs))
	require.Nil(t, err)
	require.Equal(t, want, info)

	info, err = parseAck(unix.NETLINK_ROUTE, "execute", req, unix.NLM_F_ACK_TLVS, ack(0, req, tlvs))
	require.Nil(t, err)
	require.Equal(t, want, info)

	info, err = parseDone(unix.NETLINK_ROUTE, "dump", req, unix.NLM_F_ACK_TLVS, ack(0, nil, tlvs))
	require.Nil(t, err)
	require.Equal(t, want, info)

	info, err = parseAck(unix.NETLINK_ROUTE, "execute", req, unix.NLM_F_CAPPED, ack(0, req[:unix.NLMSG_HDRLEN], tlvs))
	require.Nil(t, err)
	require.Zero(t, info, "no NLM_F_ACK_TLVS, no attributes")
}

func TestAckError(t *testing.T) {
	req, local, nest, inner := addrRequest(t)
	tlvs := encode(t, func(e *Encoder) {
		e.String(unix.NLMSGERR_ATTR_MSG, "no good\n")
		e.Uint32(unix.NLMSGERR_ATTR_OFFS, uint32(inner))
		e.Bytes(unix.NLMSGERR_ATTR_COOKIE, []byte{9})
		e.Nest(nlmsgerrAttrPolicy, func() {
			e.Uint32(unix.NL_POLICY_TYPE_ATTR_TYPE, unix.NL_ATTR_TYPE_U8)
			e.Uint64(unix.NL_POLICY_TYPE_ATTR_MIN_VALUE_U, 2)
			e.Uint64(unix.NL_POLICY_TYPE_ATTR_MAX_VALUE_U, 3)
		})
		e.Uint32(nlmsgerrAttrMissType, 4)
		e.Uint32(nlmsgerrAttrMissNest, uint32(nest))
	})
	want := &Error{
		Op: "execute", Type: unix.RTM_NEWADDR, Flags: unix.NLM_F_REQUEST | unix.NLM_F_ACK, Seq: 7,
		Errno: unix.ERANGE, Message: "no good\n", Offset: inner, Path: Path{18, 2, 5},
		MissingType: 4, MissingIn: nest, MissingPath: Path{18},
		Policy: &Policy{Type: unix.NL_ATTR_TYPE_U8, MinU: 2, MaxU: 3}, Cookie: []byte{9},
	}
	const sentence = "nl: execute RTM_NEWADDR: numerical result out of range, ERANGE: no good; attribute 18/2/5 at byte 48; " +
		"the kernel wants u8 from 2 to 3; attribute 4 is missing in attribute 18 at byte 32"
	require.Equal(t, 24, local)

	capped := uint16(unix.NLM_F_CAPPED | unix.NLM_F_ACK_TLVS)
	for name, c := range map[string]struct {
		req, payload []byte
		flags        uint16
	}{
		"capped":           {req, ack(-34, req[:unix.NLMSG_HDRLEN], tlvs), capped},
		"not capped":       {req, ack(-34, req, tlvs), unix.NLM_F_ACK_TLVS},
		"from what it is":  {nil, ack(-34, req, tlvs), unix.NLM_F_ACK_TLVS},
		"positive errno":   {req, ack(34, req, tlvs), unix.NLM_F_ACK_TLVS},
		"unknown and torn": {req, ack(-34, req, append(encode(t, func(e *Encoder) { e.Flag(99) }), append(tlvs, 1, 2, 3, 4, 5)...)), unix.NLM_F_ACK_TLVS},
	} {
		t.Run(name, func(t *testing.T) {
			info, err := parseAck(unix.NETLINK_ROUTE, "execute", c.req, c.flags, c.payload)
			require.Zero(t, info)
			require.Equal(t, want, err)
			require.EqualError(t, err, sentence)
		})
	}

	t.Run("not a multiple of four", func(t *testing.T) {
		odd := rawMessage(unix.RTM_GETLINK, 0, 7, []byte{1})
		_, err := parseAck(unix.NETLINK_ROUTE, "execute", odd, unix.NLM_F_ACK_TLVS, ack(-34, odd, tlvs))
		require.Equal(t, want.Message, err.Message)
	})
	t.Run("without NLM_F_ACK_TLVS", func(t *testing.T) {
		_, err := parseAck(unix.NETLINK_ROUTE, "execute", req, unix.NLM_F_CAPPED, ack(-34, req[:unix.NLMSG_HDRLEN], tlvs))
		require.ErrorIs(t, err, unix.ERANGE)
		require.Empty(t, err.Message)
	})
	t.Run("done", func(t *testing.T) {
		_, err := parseDone(unix.NETLINK_ROUTE, "execute", req, unix.NLM_F_ACK_TLVS, ack(-34, nil, tlvs))
		require.Equal(t, want, err)
	})
	t.Run("no path without the request", func(t *testing.T) {
		_, err := parseAck(unix.NETLINK_ROUTE, "execute", nil, capped, ack(-34, req[:unix.NLMSG_HDRLEN], tlvs))
		require.Nil(t, err.Path)
		require.Equal(t, inner, err.Offset)
		require.ErrorContains(t, err, "; attribute at byte 48; ")
	})
}

func TestAckMalformed(t *testing.T) {
	req, _, _, _ := addrRequest(t)
	tlvs := encode(t, func(e *Encoder) { e.String(unix.NLMSGERR_ATTR_MSG, "m") })
	for n := range 20 {
		_, err := parseAck(unix.NETLINK_ROUTE, "execute", req, 0, make([]byte, n))
		require.ErrorIs(t, err, ErrMalformed)
		require.ErrorIs(t, err, ErrUnknownOutcome)
		require.EqualValues(t, unix.RTM_NEWADDR, err.Type)
	}
	for n := range 4 {
		_, err := parseDone(unix.NETLINK_ROUTE, "dump", nil, 0, make([]byte, n))
		if n == 0 {
			require.Nil(t, err)
		} else {
			require.ErrorIs(t, err, ErrMalformed)
			require.ErrorIs(t, err, ErrUnknownOutcome)
		}
	}
	for _, length := range []uint32{0, 15, uint32(len(req)) + 100, 1 << 31, 0xfffffffe} {
		payload := ack(-22, req, tlvs)
		binary.NativeEndian.PutUint32(payload[4:], length)
		_, err := parseAck(unix.NETLINK_ROUTE, "execute", req, unix.NLM_F_ACK_TLVS, payload)
		require.ErrorIs(t, err, unix.EINVAL, "the errno counts, whatever comes after it")
		require.Empty(t, err.Message)
	}
	short := rawMessage(0, 0, 0)
	binary.NativeEndian.PutUint32(short, 8)
	copy(short[8:], encode(t, func(e *Encoder) { e.String(unix.NLMSGERR_ATTR_MSG, "no") }))
	for _, req := range [][]byte{req, nil} {
		_, err := parseAck(unix.NETLINK_ROUTE, "execute", req, unix.NLM_F_ACK_TLVS, ack(-22, short, tlvs))
		require.ErrorIs(t, err, unix.EINVAL)
		require.Empty(t, err.Message, "a header is no attribute")
	}
	_, err := parseAck(unix.NETLINK_ROUTE, "execute", req, unix.NLM_F_CAPPED, ack(-1<<31, req[:16], nil))
	require.NotNil(t, err)
	require.NotPanics(t, func() { _ = err.Error() })

	for _, code := range []int32{1, 1 << 30} {
		_, err := parseDone(unix.NETLINK_ROUTE, "dump", req, 0, ack(code, nil, nil))
		require.Nil(t, err, "a dump may end with any number that is not negative")
	}
}

// FuzzAck gives the parsers of answers whatever comes.
func FuzzAck(f *testing.F) {
	req, _, _, inner := addrRequest(f)
	tlvs := encode(f, func(e *Encoder) {
		e.String(unix.NLMSGERR_ATTR_MSG, "no\ngood")
		e.Uint32(unix.NLMSGERR_ATTR_OFFS, uint32(inner))
		e.Bytes(unix.NLMSGERR_ATTR_COOKIE, []byte{9})
		e.Nest(nlmsgerrAttrPolicy, func() {
			e.Uint32(unix.NL_POLICY_TYPE_ATTR_TYPE, unix.NL_ATTR_TYPE_S8)
			e.Int64(unix.NL_POLICY_TYPE_ATTR_MIN_VALUE_S, -1)
		})
		e.Uint32(nlmsgerrAttrMissType, 4)
		e.Uint32(nlmsgerrAttrMissNest, uint32(inner))
	})
	f.Add(uint8(0), uint16(0x300), req, ack(-34, req[:16], tlvs))
	f.Add(uint8(0), uint16(0x200), req, ack(-34, req, tlvs))
	f.Add(uint8(4), uint16(0x200), []byte{}, ack(-34, req, tlvs))
	f.Add(uint8(16), uint16(0x300), req, ack(0, req[:16], tlvs))
	f.Add(uint8(12), uint16(0x202), req, ack(-22, nil, tlvs))
	f.Add(uint8(0), uint16(0), req[:8], []byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, family uint8, flags uint16, req, payload []byte) {
		infoA, a := parseAck(int(family), "execute", req, flags, payload)
		infoD, d := parseDone(int(family), "dump", req, flags, payload)
		if len(payload) >= 20 {
			require.Equal(t, binary.NativeEndian.Uint32(payload) == 0, a == nil)
		}
		for _, e := range []*Error{a, d} {
			if e == nil {
				continue
			}
			line := e.Error()
			require.Equal(t, -1, strings.IndexFunc(line, func(r rune) bool { return r < ' ' }), "%q", line)
			require.True(t, e.Errno != 0 || e.Err != nil)
			whole := req
			if len(req) < unix.NLMSG_HDRLEN {
				whole = nil // the kernel's copy
			}
			for offset, path := range map[int]Path{e.Offset: e.Path, e.MissingIn: e.MissingPath} {
				if path != nil && whole != nil {
					_, typ := attrHeader(whole[offset:])
					require.Equal(t, typ&typeMask, path[len(path)-1])
				}
			}
		}
		// Nothing is borrowed.
		text := func() string { return fmt.Sprintf("%+v %+v %v %v", infoA, infoD, a, d) }
		before := text()
		clear(req)
		clear(payload)
		require.Equal(t, before, text())
	})
}
