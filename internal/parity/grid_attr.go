//go:build linux && cgo

package parity

import (
	"bytes"
	"encoding/binary"

	"github.com/golibnl/golibnl/libnl"
)

// attrOf is an attribute of a type with a payload.
func attrOf(typ int, payload []byte) *libnl.Nlattr {
	b := binary.NativeEndian.AppendUint16(nil, uint16(libnl.NLA_HDRLEN+len(payload)))
	b = binary.NativeEndian.AppendUint16(b, uint16(typ))
	at, err := libnl.NlattrFrom(append(b, payload...))
	must(err)
	return at
}

var digits = []byte{
	0x81, 0x12, 0x93, 0x34, 0xa5, 0x56, 0xb7, 0x78, 0xc9, 0x9a, 0xdb, 0xbc, 0xed, 0xde, 0xff, 0x01, 0x42, 0x24,
}

// bytesOf is the attribute with its header.
func bytesOf(typ int, payload []byte) []byte {
	b := binary.NativeEndian.AppendUint16(nil, uint16(libnl.NLA_HDRLEN+len(payload)))
	return append(binary.NativeEndian.AppendUint16(b, uint16(typ)), payload...)
}

func code(err error) string { return resultOf(0, err) }

// gridValidate has a line for each type of policy, bounds, and end; in it, a result for each length of a payload.
func (a *api) gridValidate([]string) {
	bounds := [][2]uint16{{0, 0}, {1, 0}, {4, 0}, {9, 0}, {0, 1}, {0, 4}, {4, 4}, {2, 8}, {8, 2}, {0, 65535}}
	for typ := libnl.NLA_UNSPEC; typ <= libnl.NLA_S64; typ++ {
		for _, b := range bounds {
			for _, end := range []string{"a", "NUL"} {
				policy := []libnl.NlaPolicy{1: {Type: uint16(typ), Minlen: b[0], Maxlen: b[1]}}
				a.trace("policy %d/%d/%d, ends with %s:", typ, b[0], b[1], end)
				for _, n := range []int{0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 40} {
					payload := bytes.Repeat([]byte{'a'}, n)
					if end == "NUL" && n > 0 {
						payload[n-1] = 0
					}
					a.trace(" %d:%s", n, code(libnl.NlaValidate(bytesOf(1, payload), 1, policy)))
				}
				a.trace("\n")
			}
		}
	}
}

// gridParse takes each stream of attributes that a word has, by each maxtype, without a policy and with some.
func (a *api) gridParse(w []string) {
	policies := [][]libnl.NlaPolicy{
		{},
		{1: {Type: libnl.NLA_U32}, 2: {Type: libnl.NLA_U8}},
		{0: {Maxlen: 3}, 1: {Type: libnl.NLA_STRING, Maxlen: 4}, 2: {Type: libnl.NLA_STRING}},
		{1: {Type: libnl.NLA_NESTED, Minlen: 4}, 2: {Type: libnl.NLA_FLAG}, 3: {Type: libnl.NLA_BINARY, Maxlen: 2}},
	}
	for i, word := range w[1:] {
		b := bytesArg(w, 1+i)
		a.trace("stream %s:", word)
		offsets := map[string]int{} // of each attribute, by what it is
		rest := b
		for ; libnl.NlaOk(rest); rest = libnl.NlaNext(rest) {
			at, err := libnl.NlattrFrom(rest)
			must(err)
			a.trace(" %d/%d", at.Type(), at.Len())
			if _, ok := offsets[key(at)]; ok {
				fail("two attributes of %s are the same: which one is found is not seen", word)
			}
			offsets[key(at)] = len(b) - len(rest)
		}
		a.trace(" rest %d\n", len(rest))
		for typ := range 6 {
			if at := libnl.NlaFind(b, typ); at != nil {
				a.trace("  find %d: at %d\n", typ, offsets[key(at)])
			}
		}
		for maxtype := range 5 {
			for p := -1; p < len(policies); p++ {
				var policy []libnl.NlaPolicy
				if p >= 0 {
					policy = append(policies[p], make([]libnl.NlaPolicy, 8)...)
				}
				tb, err := libnl.NlaParse(maxtype, b, policy)
				a.trace("  maxtype %d policy %d: %s", maxtype, p, code(err))
				for i, at := range tb {
					if at != nil {
						a.trace(" %d@%d", i, offsets[key(at)])
					}
				}
				if p >= 0 {
					a.trace(" validate %s", code(libnl.NlaValidate(b, maxtype, policy)))
				}
				a.trace("\n")
			}
		}
	}
}

// key tells attributes apart.
func key(at *libnl.Nlattr) string { return string(bytesOf(int(at.NlaType), at.Data())) }

// puts are the functions that add an attribute, in the order of the C side's.
var puts = []func(m *libnl.Msg, typ int) error{
	func(m *libnl.Msg, typ int) error { return m.NlaPut(typ, digits[:5]) },
	func(m *libnl.Msg, typ int) error { return m.NlaPutU8(typ, 0x81) },
	func(m *libnl.Msg, typ int) error { return m.NlaPutU16(typ, 0x8182) },
	func(m *libnl.Msg, typ int) error { return m.NlaPutU32(typ, 0x81828384) },
	func(m *libnl.Msg, typ int) error { return m.NlaPutU64(typ, 0x8182838485868788) },
	func(m *libnl.Msg, typ int) error { return m.NlaPutS8(typ, -3) },
	func(m *libnl.Msg, typ int) error { return m.NlaPutS16(typ, -300) },
	func(m *libnl.Msg, typ int) error { return m.NlaPutS32(typ, -300000) },
	func(m *libnl.Msg, typ int) error { return m.NlaPutS64(typ, -3000000000000) },
	func(m *libnl.Msg, typ int) error { return m.NlaPutString(typ, "string") },
	func(m *libnl.Msg, typ int) error { return m.NlaPutFlag(typ) },
	func(m *libnl.Msg, typ int) error { return m.NlaPutMsecs(typ, 0x1234567) },
	func(m *libnl.Msg, typ int) error {
		at, err := m.NlaReserve(typ, 6)
		if err != nil {
			return none
		}
		return at.WriteData(bytes.Repeat([]byte{0xa5}, 6))
	},
	func(m *libnl.Msg, typ int) error {
		at, err := m.NlaNestStart(typ)
		if err != nil {
			return none
		}
		return m.NlaNestEndKeepEmpty(at)
	},
}

// none stands for a NULL.
const none libnl.Error = 1000

// gridPut takes each function that adds an attribute, for each room that a message has left, and by types.
func (a *api) gridPut([]string) {
	for what, put := range puts {
		for room := 0; room <= 24; room++ {
			m, err := libnl.NlmsgAllocSize(libnl.NLMSG_HDRLEN + room)
			must(err)
			a.trace("put %d in %d: %s", what, room, code(put(m, 3)))
			a.trace(" hash=%s\n", hashOf(m.Hdr().Data()))
			must(m.Free())
		}
		for _, typ := range []int{0, 1, 2, 0x3fff, 0x4001, 0x8001, 0xffff} {
			m, err := libnl.NlmsgAlloc()
			must(err)
			a.trace("put %d type %s: %s", what, hexOf(typ), code(put(m, typ)))
			a.trace(" hash=%s\n", hashOf(m.Hdr().Data()))
			must(m.Free())
		}
	}
}

func sign(d int) int {
	switch {
	case d > 0:
		return 1
	case d < 0:
		return -1
	}
	return 0
}

// gridGet takes each function that reads an attribute, on payloads that are long enough for it.
func (a *api) gridGet([]string) {
	for _, typ := range []int{0, 1, 2, 0x3fff, 0x4001, 0x8001, 0xc001, 0xffff} {
		at := attrOf(typ, digits[:4])
		a.trace("type %s: %d nested=%d flag=%d\n", hexOf(typ), at.Type(), yes(at.IsNested()), yes(at.GetFlag()))
	}
	for n := 0; n <= 18; n++ {
		at := attrOf(1, digits[:n])
		a.trace("%d bytes: len=%d", n, at.Len())
		if n >= 1 {
			a.trace(" u8=%d s8=%d", at.GetU8(), at.GetS8())
		}
		if n >= 2 {
			a.trace(" u16=%d s16=%d", at.GetU16(), at.GetS16())
		}
		if n >= 4 {
			a.trace(" u32=%d s32=%d", at.GetU32(), at.GetS32())
		}
		a.trace(" u64=%d s64=%d msecs=%d\n", at.GetU64(), at.GetS64(), at.GetMsecs())
		for m := 0; m <= 18; m += 3 {
			to := make([]byte, 32)
			copied := at.Memcpy(to[:m])
			a.trace("  memcpy %d: %d hash=%s memcmp %d\n", m, copied, hashOf(to), sign(at.Memcmp(digits[:m])))
		}
	}
}

// gridShort has numbers from payloads that are too short for them.
func (a *api) gridShort([]string) {
	for n := range 4 {
		at := attrOf(1, digits[:n])
		if n < 1 {
			a.trace("%d bytes: u8=%d\n%d bytes: s8=%d\n", n, at.GetU8(), n, at.GetS8())
		}
		if n < 2 {
			a.trace("%d bytes: u16=%d\n%d bytes: s16=%d\n", n, at.GetU16(), n, at.GetS16())
		}
		a.trace("%d bytes: u32=%d\n%d bytes: s32=%d\n", n, at.GetU32(), n, at.GetS32())
	}
}

// gridText has texts with a NUL at the end, without, and with one inside.
func (a *api) gridText([]string) {
	texts := []string{"", "\x00", "a", "a\x00", "abc", "abc\x00", "abcdefg\x00", "a\x00b\x00", "a\x00b", "\x00\x00\x00"}
	for i, text := range texts {
		at := attrOf(1, []byte(text))
		a.trace("text %d: string=%s strdup=%s strcmp", i, at.GetString(), at.Strdup())
		for _, other := range []string{"", "a", "abc", "abcdefg", "b"} {
			a.trace(" %d", sign(at.Strcmp(other)))
		}
		a.trace(" strlcpy")
		for size := range 10 {
			to := bytes.Repeat([]byte{0xee}, 16)
			a.trace(" %d/%s", at.Strlcpy(to[:size]), hashOf(to))
		}
		a.trace("\n")
	}
}
