package libnl_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/libnl"
)

// isWithin reports whether sub is a part of b, with nothing behind it to write into.
func isWithin(b, sub []byte) bool {
	if cap(sub) != len(sub) || len(sub) > len(b) {
		return false
	}
	for i := 0; len(sub) > 0 && i+len(sub) <= len(b); i++ {
		if &b[i] == &sub[0] {
			return true
		}
	}
	return len(sub) == 0
}

// FuzzNlaParse compares libnl's parser with a walk in Go.
func FuzzNlaParse(f *testing.F) {
	f.Add([]byte{}, uint16(0))
	f.Add(slices.Concat(rawAttr(1, 1), rawAttr(2, 1, 2, 3, 4, 5), rawAttr(1, 3), []byte{1, 2, 3}), uint16(2))
	f.Add(slices.Concat(rawNest(1, rawAttr(2, 'a', 0), rawNest(3)), rawAttr(0), rawAttr(libnl.NLA_TYPE_MASK)), uint16(libnl.NLA_TYPE_MASK))
	f.Add(slices.Concat(rawAttr(2, []byte("lo\x00")...), []byte{3, 0, 1, 0}, rawAttr(1)), uint16(9))
	f.Add([]byte{255, 255, 1, 0, 0, 0, 0, 0}, uint16(1))
	f.Add([]byte{5, 0, 1, 0, 9}, uint16(1)) // no padding at the end
	policy := []libnl.NlaPolicy{1: {Type: libnl.NLA_U32}, {Type: libnl.NLA_STRING, Maxlen: 8}, {Minlen: 3}, {Type: libnl.NLA_U64}, {Maxlen: 2}}

	f.Fuzz(func(t *testing.T, b []byte, maxtype uint16) {
		original := bytes.Clone(b)
		last, first := map[int]*libnl.Nlattr{}, map[int]*libnl.Nlattr{}
		for a := range libnl.NlaForEachAttr(b) {
			require.True(t, isWithin(b, a.Data()))
			require.Equal(t, int(a.NlaLen), libnl.NLA_HDRLEN+a.Len())
			if first[a.Type()] == nil {
				first[a.Type()] = a
			}
			if a.Type() <= int(maxtype) {
				last[a.Type()] = a
			}
			// Whatever the payload is, reading it is safe.
			_, _, _, _, _, _ = a.GetU8(), a.GetU16(), a.GetU32(), a.GetU64(), a.GetMsecs(), a.GetString()
			for n := range a.ForEachNested() {
				require.True(t, isWithin(a.Data(), n.Data()))
			}
		}

		tb, err := libnl.NlaParse(int(maxtype), b, nil)
		require.NoError(t, err)
		for i, a := range tb {
			require.Equal(t, last[i], a, "type %d", i)
			delete(last, i)
		}
		require.Empty(t, last)
		for typ, a := range first {
			require.Equal(t, a, libnl.NlaFind(b, typ))
		}

		tb, err = libnl.NlaParse(int(maxtype), b, policy)
		verr := libnl.NlaValidate(b, int(maxtype), policy)
		if err == nil {
			require.NoError(t, verr)
			for i, a := range tb {
				if a != nil {
					require.True(t, i >= len(policy) || conforms(a, policy[i]), "type %d", i)
				}
			}
		} else {
			require.EqualError(t, verr, "nla_validate"+err.Error()[len("nla_parse"):])
		}
		require.Equal(t, original, b, "parsing does not write")
	})
}

// conforms is what libnl checks, for the types that the policy of the fuzz test has.
func conforms(a *libnl.Nlattr, p libnl.NlaPolicy) bool {
	least := map[uint16]int{libnl.NLA_U32: 4, libnl.NLA_U64: 8, libnl.NLA_STRING: 1}[p.Type]
	if p.Minlen != 0 {
		least = int(p.Minlen)
	}
	return a.Len() >= least && (p.Maxlen == 0 || a.Len() <= int(p.Maxlen)) &&
		(p.Type != libnl.NLA_STRING || bytes.HasSuffix(a.Data(), []byte{0}))
}

// FuzzWalk checks that walking a datagram stays within it, and agrees with arithmetic.
func FuzzWalk(f *testing.F) {
	f.Add([]byte{})
	f.Add(slices.Concat(message(header{Type: 1}, 1), message(header{}, rawAttr(1, 1)...), []byte{1, 2, 3}))
	f.Add(message(header{Type: 1}, 1)[:17])
	f.Add(slices.Concat(message(header{}), make([]byte, 16)))
	f.Add(append(binary.NativeEndian.AppendUint32(nil, 1<<31), make([]byte, 16)...))
	f.Add(append(binary.NativeEndian.AppendUint32(nil, 0xfffffffd), make([]byte, 16)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		off := 0
		for h := range libnl.NlmsgForEach(b) {
			require.Equal(t, binary.NativeEndian.Uint32(b[off:]), h.NlmsgLen)
			require.Equal(t, b[off:off+int(h.NlmsgLen)], h.Bytes())
			require.True(t, isWithin(b, h.Bytes()))
			for _, hdrlen := range []int{-1, 0, 1, 4, 16, 1 << 30} {
				for a := range h.ForEachAttr(hdrlen) {
					require.True(t, isWithin(h.Bytes(), a.Data()))
				}
				_, err := h.Parse(hdrlen, 8, nil)
				require.Equal(t, h.ValidHdr(hdrlen), err == nil)
			}
			m, err := libnl.NlmsgConvert(h)
			require.NoError(t, err)
			require.Equal(t, h.Bytes(), m.Hdr().Bytes())
			require.NoError(t, m.Free())
			off = min(off+h.Tail(), len(b))
		}
		rest := b[off:]
		require.True(t, len(rest) < libnl.NLMSG_HDRLEN || binary.NativeEndian.Uint32(rest) < libnl.NLMSG_HDRLEN ||
			int64(binary.NativeEndian.Uint32(rest)) > int64(len(rest)), "the walk ends at the first message that is not whole")

		for rest = b; rest != nil; {
			ok := len(rest) >= libnl.NLA_HDRLEN && binary.NativeEndian.Uint16(rest) >= libnl.NLA_HDRLEN &&
				int(binary.NativeEndian.Uint16(rest)) <= len(rest)
			require.Equal(t, ok, libnl.NlaOk(rest))
			next := libnl.NlaNext(rest)
			require.True(t, ok || next == nil)
			require.Less(t, len(next), max(len(rest), 1))
			rest = next
		}
	})
}

// FuzzBuild puts a message together in any order of steps, and takes it apart again: it stays within its buffer.
func FuzzBuild(f *testing.F) {
	f.Add(uint16(64), []byte{0, 4, 1, 2, 3, 1, 2, 4, 4, 9, 3, 0})
	f.Add(uint16(25), []byte{2, 1, 1, 5, 3, 0, 4, 0})             // a nest that cannot be padded
	f.Add(uint16(0), []byte{0, 0, 1, 1, 2, 2, 6, 200, 0, 8})      // no room, then room
	f.Add(uint16(300), bytes.Repeat([]byte{2, 7, 1, 3, 5, 0}, 9)) // nests taken away
	f.Fuzz(func(t *testing.T, size uint16, steps []byte) {
		m, err := libnl.NlmsgAllocSize(int(size))
		require.NoError(t, err)
		defer func() { require.NoError(t, m.Free()) }()
		var nests []*libnl.Nlattr
		var rooms []libnl.Reserved
		pick := func(n byte) *libnl.Nlattr {
			if len(nests) == 0 {
				return nil
			}
			return nests[int(n)%len(nests)]
		}
		fill := bytes.Repeat([]byte{0xff}, 256)
		for ; len(steps) >= 2; steps = steps[2:] {
			before, n := m.Hdr().Bytes(), steps[1]
			shrinks := false
			err = nil
			switch steps[0] % 10 {
			case 0:
				err = m.NlaPut(int(n), fill[:n])
			case 1:
				err = m.Append(fill[:n], int(n)&4)
			case 2:
				var a *libnl.Nlattr
				if a, err = m.NlaNestStart(int(n)); err == nil {
					nests = append(nests, a)
				}
			case 3:
				shrinks, err = true, m.NlaNestEnd(pick(n))
			case 4:
				shrinks, err = true, m.NlaNestEndKeepEmpty(pick(n))
			case 5:
				shrinks, err = true, m.NlaNestCancel(pick(n))
			case 6:
				err = m.Expand(m.GetMaxSize() + int(n))
			case 7:
				var r libnl.Reserved
				if r, err = m.Reserve(int(n), int(n)&8); err == nil {
					rooms = append(rooms, r)
				}
			case 8:
				_, err = m.Put(1, 2, 3, int(n), 4)
			case 9:
				for _, r := range rooms {
					_ = r.Write(fill[:r.Len()])
				}
				for _, a := range nests {
					_ = a.WriteData(fill[:a.Len()])
				}
			}
			after := m.Hdr().Bytes()
			require.GreaterOrEqual(t, len(after), libnl.NLMSG_HDRLEN)
			require.LessOrEqual(t, len(after), m.GetMaxSize())
			require.True(t, shrinks || len(after) >= len(before))
			if err != nil && !shrinks {
				require.Equal(t, before[libnl.NLMSG_HDRLEN:], after[libnl.NLMSG_HDRLEN:])
			}
		}
	})
}
