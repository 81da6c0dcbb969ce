//go:build linux && cgo

package parity

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"github.com/golibnl/golibnl/libnl"
)

// made is a message of the language: what to put into it, and how to spoil it.
type made struct {
	typ, flags uint16
	seq, pid   *uint32
	payload    []byte
	said       int // what nlmsg_len says, -1 for the truth
	cut        int // bytes to leave out at the end
	raw        bool
}

var codes = map[string]int{
	"NLE_FAILURE": int(libnl.NLE_FAILURE), "NLE_INTR": int(libnl.NLE_INTR), "NLE_AGAIN": int(libnl.NLE_AGAIN),
	"NLE_NOMEM": int(libnl.NLE_NOMEM), "NLE_INVAL": int(libnl.NLE_INVAL), "NLE_PERM": int(libnl.NLE_PERM),
	"NLE_BUSY": int(libnl.NLE_BUSY), "NLE_RANGE": int(libnl.NLE_RANGE), "NLE_MSG_TRUNC": int(libnl.NLE_MSG_TRUNC),
	"NLE_DUMP_INTR": int(libnl.NLE_DUMP_INTR),
}

var errnos = map[string]int{
	"EPERM": int(syscall.EPERM), "ENOENT": int(syscall.ENOENT), "EINTR": int(syscall.EINTR),
	"EAGAIN": int(syscall.EAGAIN), "ENOMEM": int(syscall.ENOMEM), "EBUSY": int(syscall.EBUSY),
	"EEXIST": int(syscall.EEXIST), "ENODEV": int(syscall.ENODEV), "EINVAL": int(syscall.EINVAL),
	"ENOSPC": int(syscall.ENOSPC), "EOPNOTSUPP": int(syscall.EOPNOTSUPP), "ENOBUFS": int(syscall.ENOBUFS),
}

// lookUp is for a word that is a name or a number.
func lookUp(names map[string]int, word string) int {
	if n, ok := names[word]; ok {
		return n
	}
	return number(word)
}

func number(word string) int {
	n, err := strconv.ParseInt(word, 0, 64)
	if err != nil {
		fail("neither a known name nor a number: %s", word)
	}
	return int(n)
}

func unhex(word string) []byte {
	b, err := hex.DecodeString(word)
	if err != nil {
		fail("%v", err)
	}
	return b
}

func (t *twin) seqOf(word string) *uint32 {
	n := uint32(number(word))
	if word[0] == '+' || word[0] == '-' {
		n += t.base
	}
	return &n
}

func (t *twin) portOf(word string) *uint32 {
	if t.api != nil {
		n := t.api.namedPort(word)
		return &n
	}
	var n uint32
	switch word {
	case "self":
		n = t.self
	case "peer":
		n = t.peer
	default:
		n = uint32(number(word))
	}
	return &n
}

func (t *twin) fill(n int) []byte { return bytes.Repeat([]byte{byte(t.ordinal)}, n) }

func errorPayload(errno int) []byte {
	b := binary.NativeEndian.AppendUint32(nil, uint32(-errno))
	b = binary.NativeEndian.AppendUint32(b, uint32(libnl.NLMSG_HDRLEN))
	b = binary.NativeEndian.AppendUint16(b, 0x10)
	b = binary.NativeEndian.AppendUint16(b, libnl.NLM_F_REQUEST|libnl.NLM_F_ACK)
	return append(b, make([]byte, 8)...)
}

func donePayload(errno int) []byte { return binary.NativeEndian.AppendUint32(nil, uint32(-errno)) }

func (t *twin) make(word string) *made {
	t.ordinal++
	words := strings.Split(word, ",")
	m := &made{said: -1}
	m.kind(t, words[0])
	for _, w := range words[1:] {
		m.attribute(t, w)
	}
	return m
}

func (m *made) kind(t *twin, word string) {
	name, value, _ := strings.Cut(word, ":")
	switch name {
	case "data":
		m.typ, m.payload = 0x20, t.fill(4)
	case "type":
		m.typ, m.payload = uint16(number(value)), t.fill(4)
	case "done":
		m.typ, m.payload = libnl.NLMSG_DONE, donePayload(0)
		if value != "" {
			m.payload = donePayload(lookUp(errnos, value))
		}
	case "ack":
		m.typ, m.payload = libnl.NLMSG_ERROR, errorPayload(0)
	case "err":
		m.typ, m.payload = libnl.NLMSG_ERROR, errorPayload(lookUp(errnos, value))
	case "noop":
		m.typ = libnl.NLMSG_NOOP
	case "overrun":
		m.typ = libnl.NLMSG_OVERRUN
	case "raw":
		m.raw, m.payload = true, unhex(value)
	default:
		fail("no such message: %s", word)
	}
}

func (m *made) attribute(t *twin, word string) {
	name, value, _ := strings.Cut(word, "=")
	switch name {
	case "multi":
		m.flags |= libnl.NLM_F_MULTI
	case "intr":
		m.flags |= libnl.NLM_F_DUMP_INTR
	case "wantack":
		m.flags |= libnl.NLM_F_ACK
	case "dump":
		m.flags |= libnl.NLM_F_DUMP
	case "flags":
		m.flags |= uint16(number(value))
	case "seq":
		m.seq = t.seqOf(value)
	case "pid":
		m.pid = t.portOf(value)
	case "p":
		m.payload = unhex(value)
	case "fill":
		m.payload = t.fill(number(value))
	case "short":
		m.payload = m.payload[:number(value)]
	case "len":
		m.said = number(value)
	case "cut":
		m.cut = number(value)
	default:
		fail("no such attribute: %s", word)
	}
}

// or is what p points to, or else n.
func or(p *uint32, n uint32) uint32 {
	if p != nil {
		return *p
	}
	return n
}

// flatten is what a peer sends: the sequence number is the one that the socket expected at first, the port the socket's.
func (m *made) flatten(t *twin) []byte {
	if m.raw {
		return m.payload[:len(m.payload)-m.cut]
	}
	seq, pid := or(m.seq, t.base), or(m.pid, t.self)
	said := libnl.NLMSG_HDRLEN + len(m.payload)
	if m.said >= 0 {
		said = m.said
	}
	b := binary.NativeEndian.AppendUint32(nil, uint32(said))
	b = binary.NativeEndian.AppendUint16(b, m.typ)
	b = binary.NativeEndian.AppendUint16(b, m.flags)
	b = binary.NativeEndian.AppendUint32(b, seq)
	b = binary.NativeEndian.AppendUint32(b, pid)
	b = append(b, m.payload...)
	if m.typ == libnl.NLMSG_ERROR && len(m.payload) >= nlmsgerrLen {
		quoted := b[libnl.NLMSG_HDRLEN+4:]
		binary.NativeEndian.PutUint32(quoted[8:], seq)
		binary.NativeEndian.PutUint32(quoted[12:], pid)
	}
	for len(b)%libnl.NLMSG_ALIGNTO != 0 {
		b = append(b, 0)
	}
	return b[:len(b)-m.cut]
}

// failed is a mistake in a scenario, or a socket that cannot be set up.
type failed struct{ error }

func fail(format string, args ...any) { panic(failed{fmt.Errorf(format, args...)}) }

func must(err error) {
	if err != nil {
		panic(failed{err})
	}
}
