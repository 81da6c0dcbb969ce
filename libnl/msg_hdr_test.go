package libnl_test

import (
	"encoding/binary"
	"math"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/libnl"
)

// hdrOf reads the first message of b.
func hdrOf(t *testing.T, b []byte) *libnl.Nlmsghdr {
	t.Helper()
	h, err := libnl.NlmsghdrFrom(b)
	require.NoError(t, err)
	return h
}

func TestNlmsgSizes(t *testing.T) {
	for payload, want := range []struct{ size, total, pad int }{
		{16, 16, 0}, {17, 20, 3}, {18, 20, 2}, {19, 20, 1}, {20, 20, 0}, {21, 24, 3},
	} {
		require.Equal(t, want.size, libnl.NlmsgSize(payload), payload)
		require.Equal(t, want.total, libnl.NlmsgTotalSize(payload), payload)
		require.Equal(t, want.pad, libnl.NlmsgPadlen(payload), payload)
	}
}

func TestNlmsghdrFields(t *testing.T) {
	b := slices.Concat(message(header{Type: 1, Flags: 2, Seq: 3, Pid: 4}, 5, 6, 7), []byte("next"))
	h := hdrOf(t, b)
	require.EqualValues(t, 19, h.NlmsgLen)
	require.EqualValues(t, 1, h.NlmsgType)
	require.EqualValues(t, 2, h.NlmsgFlags)
	require.EqualValues(t, 3, h.NlmsgSeq)
	require.EqualValues(t, 4, h.NlmsgPid)
	require.Equal(t, b[:19], h.Bytes())
	require.Equal(t, []byte{5, 6, 7}, h.Data())
	require.Equal(t, 3, cap(h.Data()), "appending to the payload does not write into what follows")
	require.Equal(t, 3, h.Datalen())
	require.Equal(t, 20, h.Tail())
}

func TestNlmsghdrFromHostileBytes(t *testing.T) {
	whole := message(header{}, 1, 2, 3, 4)
	for name, b := range map[string][]byte{
		"nothing":                nil,
		"shorter than a header":  whole[:15],
		"shorter than itself":    whole[:19],
		"length 0":               make([]byte, 32),
		"length 15":              append(binary.NativeEndian.AppendUint32(nil, 15), make([]byte, 28)...),
		"longer than there is":   append(binary.NativeEndian.AppendUint32(nil, 33), make([]byte, 28)...),
		"negative as an int":     append(binary.NativeEndian.AppendUint32(nil, 1<<31), make([]byte, 28)...),
		"as long as can be":      append(binary.NativeEndian.AppendUint32(nil, math.MaxUint32), make([]byte, 28)...),
		"aligned it would be 0":  append(binary.NativeEndian.AppendUint32(nil, math.MaxUint32-2), make([]byte, 28)...),
		"aligned it would be 16": append(binary.NativeEndian.AppendUint32(nil, 14), make([]byte, 28)...),
	} {
		t.Run(name, func(t *testing.T) {
			require.False(t, libnl.NlmsgOk(b))
			require.Nil(t, libnl.NlmsgNext(b))
			_, err := libnl.NlmsghdrFrom(b)
			require.ErrorIs(t, err, libnl.NLE_MSG_TRUNC)
			for range libnl.NlmsgForEach(b) {
				require.Fail(t, "there is no whole message")
			}
		})
	}
}

func TestNlmsgForEach(t *testing.T) {
	for name, garbage := range map[string][]byte{
		"clean": nil, "padding": {0, 0, 0}, "half a header": {20, 0, 0, 0, 1, 0}, "a header that lies": binary.NativeEndian.AppendUint32(nil, 1000),
		"zeros": make([]byte, 64),
	} {
		t.Run(name, func(t *testing.T) {
			b := slices.Concat(message(header{Type: 20}, 1), message(header{Type: 21}), message(header{Type: 22}, 1, 2, 3, 4, 5), garbage)
			var types []uint16
			for h := range libnl.NlmsgForEach(b) {
				types = append(types, h.NlmsgType)
			}
			require.Equal(t, []uint16{20, 21, 22}, types)
			for h := range libnl.NlmsgForEach(b) {
				require.EqualValues(t, 20, h.NlmsgType)
				break
			}
		})
	}

	b := slices.Concat(message(header{Type: 20}, 1), message(header{Type: 21}, 2))
	require.True(t, libnl.NlmsgOk(b[:37]), "the last message needs no padding")
	n := 0
	for range libnl.NlmsgForEach(b[:37]) {
		n++
	}
	require.Equal(t, 2, n)
	require.Equal(t, b[20:], libnl.NlmsgNext(b), "the padding is skipped")
	require.Nil(t, libnl.NlmsgNext(b[20:]))
	require.Nil(t, libnl.NlmsgNext(b[:17]))
}

func TestNlmsgAttributes(t *testing.T) {
	attrs := slices.Concat(rawAttr(1, 1), rawAttr(2, 2), rawAttr(1, 3))
	h := hdrOf(t, message(header{}, append([]byte{9, 9, 9, 9, 9, 0, 0, 0}, attrs...)...))
	for _, hdrlen := range []int{5, 8} {
		require.Equal(t, attrs, h.Attrdata(hdrlen), "the protocol header is padded")
		require.Equal(t, len(attrs), h.Attrlen(hdrlen))
		require.True(t, h.ValidHdr(hdrlen))
		require.EqualValues(t, 1, h.FindAttr(hdrlen, 1).GetU8(), "the first")
		tb, err := h.Parse(hdrlen, 2, nil)
		require.NoError(t, err)
		require.Equal(t, map[int]string{1: "\x03", 2: "\x02"}, payloads(tb), "the last")
		var types []int
		for a := range h.ForEachAttr(hdrlen) {
			types = append(types, a.Type())
			if len(types) == 2 {
				break
			}
		}
		require.Equal(t, []int{1, 2}, types)
		require.NoError(t, h.Validate(hdrlen, 2, []libnl.NlaPolicy{1: {Type: libnl.NLA_U8}}))
		require.ErrorIs(t, h.Validate(hdrlen, 2, []libnl.NlaPolicy{1: {Type: libnl.NLA_U16}}), libnl.NLE_RANGE)
		_, err = h.Parse(hdrlen, 2, []libnl.NlaPolicy{1: {Type: libnl.NLA_U16}})
		require.ErrorIs(t, err, libnl.NLE_RANGE)
		require.ErrorContains(t, err, "nlmsg_parse")
		require.ErrorIs(t, h.Validate(hdrlen, 2, nil), libnl.NLE_INVAL)
	}
}

func TestNlmsgHdrlenOutOfRange(t *testing.T) {
	h := hdrOf(t, message(header{}, 1, 2, 3, 4, 5))
	for _, hdrlen := range []int{-1, 6, 1 << 31, 1 << 32, math.MinInt, math.MaxInt} {
		require.False(t, h.ValidHdr(hdrlen), "%d", hdrlen)
		require.Nil(t, h.Attrdata(hdrlen), "%d", hdrlen)
		require.Zero(t, h.Attrlen(hdrlen), "%d", hdrlen)
		require.Nil(t, h.FindAttr(hdrlen, 1), "%d", hdrlen)
		_, err := h.Parse(hdrlen, 1, nil)
		require.ErrorIs(t, err, libnl.NLE_MSG_TOOSHORT, "%d", hdrlen)
		require.ErrorIs(t, h.Validate(hdrlen, 1, []libnl.NlaPolicy{}), libnl.NLE_MSG_TOOSHORT, "%d", hdrlen)
	}
	require.True(t, h.ValidHdr(5))
	tb, err := h.Parse(5, 1, nil)
	require.NoError(t, err, "the protocol header is there, though its padding is not")
	require.Equal(t, make([]*libnl.Nlattr, 2), tb)
	_, err = h.Parse(0, -1, nil)
	require.ErrorIs(t, err, libnl.NLE_RANGE)
}

// A header whose fields do not tell the truth does no harm: what counts is what is there.
func TestNlmsghdrThatLies(t *testing.T) {
	for _, n := range []uint32{0, 15, 16, 1 << 31, math.MaxUint32} {
		h := &libnl.Nlmsghdr{NlmsgLen: n}
		require.Nil(t, h.Bytes())
		require.Nil(t, h.Data())
		require.Zero(t, h.Datalen())
		require.Nil(t, h.Attrdata(0))
		require.True(t, h.ValidHdr(0))
		require.False(t, h.ValidHdr(1))
		tb, err := h.Parse(0, 1, nil)
		require.NoError(t, err)
		require.Equal(t, make([]*libnl.Nlattr, 2), tb)
		for range h.ForEachAttr(0) {
			require.Fail(t, "there are no attributes")
		}
	}
}

func TestNlmsgerr(t *testing.T) {
	request := message(header{Type: 0x55, Flags: 5, Seq: 6, Pid: 7})
	ext := rawAttr(libnl.NLMSGERR_ATTR_MSG, []byte("no\x00")...)
	s := injected(t, func(seq uint32) [][]byte {
		errno := -int32(syscall.ENODEV)
		p := binary.NativeEndian.AppendUint32(nil, uint32(errno))
		return [][]byte{message(header{Type: libnl.NLMSG_ERROR, Flags: libnl.NLM_F_ACK_TLVS, Seq: seq}, slices.Concat(p, request, ext)...)}
	})
	var got *libnl.Nlmsgerr
	require.NoError(t, s.ModifyErrCb(libnl.NL_CB_CUSTOM, func(_ libnl.SockaddrNl, e *libnl.Nlmsgerr) (libnl.CbAction, error) {
		got = e
		return libnl.NL_STOP, nil
	}))
	require.ErrorIs(t, s.RecvmsgsDefault(), libnl.NLE_NODEV)

	require.EqualValues(t, -int32(syscall.ENODEV), got.Error)
	require.EqualValues(t, 16, got.Msg.NlmsgLen)
	require.EqualValues(t, 0x55, got.Msg.NlmsgType)
	require.EqualValues(t, 5, got.Msg.NlmsgFlags)
	require.EqualValues(t, 6, got.Msg.NlmsgSeq)
	require.EqualValues(t, 7, got.Msg.NlmsgPid)
	h := got.Hdr()
	require.EqualValues(t, libnl.NLMSG_ERROR, h.NlmsgType, "the snapshot outlives the callback")
	require.EqualValues(t, libnl.NLM_F_ACK_TLVS, h.NlmsgFlags)
	require.Equal(t, "no", h.FindAttr(4+libnl.NLMSG_HDRLEN, libnl.NLMSGERR_ATTR_MSG).GetString())
	require.Nil(t, (*libnl.Nlmsgerr)(nil).Hdr())
}
