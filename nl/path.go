package nl

import (
	"encoding/binary"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// Path is an attribute's place in a message: its type, after those of the nests that it is in, outermost first.
type Path []uint16

// String returns the types with slashes between them, "18/2/5".
func (p Path) String() string {
	var b []byte
	for i, typ := range p {
		if i > 0 {
			b = append(b, '/')
		}
		b = strconv.AppendUint(b, uint64(typ), 10)
	}
	return string(b)
}

// attributePath returns the path of the attribute whose header is at offset in msg, which starts with the netlink header;
// nil if there is none, or if msg can be read in more than one way. The kernel's offset always is that of a header.
func attributePath(family int, msg []byte, offset int) Path {
	if offset < unix.NLMSG_HDRLEN || offset > len(msg)-unix.NLA_HDRLEN {
		return nil
	}
	header, ok := requestHeader(family, binary.NativeEndian.Uint16(msg[4:]))
	start := unix.NLMSG_HDRLEN + header
	if !ok || family == unix.NETLINK_GENERIC && !tiles(msg[start:]) { // a generic family may have a header of its own
		return guessPath(msg, offset)
	}
	return pathFrom(msg, start, offset)
}

// maxHeader is more than the header of any family has.
const maxHeader = 512

// guessPath is attributePath for a family whose header is not known. The attributes may start wherever they can be
// followed from to the end of the message. One such start is the right one; those that lie in a nest of another, which
// is marked as one, are not. The rest have to agree.
func guessPath(msg []byte, offset int) Path {
	var path Path
	last := min(offset, unix.NLMSG_HDRLEN+maxHeader)
	for start := unix.NLMSG_HDRLEN; start <= last; {
		if !tiles(msg[start:]) {
			start += unix.NLA_ALIGNTO
			continue
		}
		p := pathFrom(msg, start, offset)
		if p == nil || path != nil && !slices.Equal(p, path) {
			return nil
		}
		path = p
		// The next attribute is a start that says the same. What lies within this one is another reading, unless it
		// is known to be a nest.
		length, typ := attrHeader(msg[start:])
		if typ&unix.NLA_F_NESTED != 0 {
			start += align(length)
		} else {
			start += unix.NLA_ALIGNTO
		}
	}
	return path
}

// pathFrom follows the attributes of msg from start on to the one at offset, into those that it lies in.
func pathFrom(msg []byte, start, offset int) Path {
	var path Path
	end := len(msg)
	for start <= offset {
		if end-start < unix.NLA_HDRLEN {
			return nil
		}
		length, typ := attrHeader(msg[start:])
		if length < unix.NLA_HDRLEN || length > end-start {
			return nil
		}
		typ &= typeMask
		switch {
		case start == offset:
			return append(path, typ)
		case offset < start+length:
			path = append(path, typ)
			end = start + length
			start += unix.NLA_HDRLEN
		default:
			start += align(length)
		}
	}
	return nil
}

// tiles reports whether b is attributes from its start to its end. The type 0 is none: what looks like it is most likely
// a small number in a header or a payload.
func tiles(b []byte) bool {
	for len(b) >= unix.NLA_HDRLEN {
		length, typ := attrHeader(b)
		if length < unix.NLA_HDRLEN || length > len(b) || typ&typeMask == 0 {
			return false
		}
		b = b[min(align(length), len(b)):]
	}
	return len(b) == 0
}

// attrHeader returns the length and the type, with its flags, of the attribute that b starts with.
func attrHeader(b []byte) (length int, typ uint16) {
	return int(binary.NativeEndian.Uint16(b)), binary.NativeEndian.Uint16(b[2:])
}

// align rounds up to where the next attribute starts.
func align(n int) int { return (n + unix.NLA_ALIGNTO - 1) &^ (unix.NLA_ALIGNTO - 1) }
