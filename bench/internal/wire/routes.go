package wire

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// RouteFlags are what adding a route asks for.
const RouteFlags = unix.NLM_F_REQUEST | unix.NLM_F_CREATE | unix.NLM_F_EXCL

// Dst is the destination of the n-th route of a workload, in network byte order: an address of 10.0.0.0/8.
func Dst(n int) [4]byte { return [4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)} }

// Route is the payload of a request about the n-th route, over a link: what RTM_NEWROUTE and RTM_DELROUTE take.
func Route(b []byte, n, link int) []byte {
	b = append(b, unix.AF_INET, 32, 0, 0, unix.RT_TABLE_MAIN, unix.RTPROT_STATIC, unix.RT_SCOPE_LINK, unix.RTN_UNICAST, 0, 0, 0, 0)
	dst := Dst(n)
	b = Attr(b, unix.RTA_DST, dst[:])
	return AttrU32(b, unix.RTA_OIF, uint32(link))
}

// Score makes one number of what a contender read of a message, so that all can be compared: it sums one for each message.
func Score(values ...uint32) uint64 {
	s := uint64(1) << 40
	for _, v := range values {
		s += uint64(v)
	}
	return s
}

// window is how many requests go out at once: their acknowledgements fit the buffer below.
const (
	window       = 1000
	windowBuffer = 8 << 20
)

// Pipe adds or deletes many routes, a window of requests in one datagram.
type Pipe struct {
	fd   int
	link int
	buf  []byte
	in   []byte
}

// NewPipe opens a pipe for routes over a link.
func NewPipe(link int) (*Pipe, error) {
	fd, err := Open(unix.NETLINK_ROUTE, windowBuffer)
	if err != nil {
		return nil, err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_CAP_ACK, 1); err != nil {
		_ = unix.Close(fd)
		return nil, os.NewSyscallError("setsockopt", err)
	}
	return &Pipe{fd: fd, link: link, in: make([]byte, 64<<10)}, nil
}

// Close closes it.
func (p *Pipe) Close() { _ = unix.Close(p.fd) }

// Do sends a request of a type about each route from..to. With each set every request has an acknowledgement, else the
// last one of a window: the kernel reports failures in any case. It returns how many succeeded.
func (p *Pipe) Do(typ, flags uint16, from, to int, each bool) (int, error) {
	ok := 0
	for from < to {
		end := min(from+window, to)
		p.buf = p.buf[:0]
		for n := from; n < end; n++ {
			f := flags
			if each || n == end-1 {
				f |= unix.NLM_F_ACK
			}
			start := len(p.buf)
			p.buf = append(p.buf, make([]byte, unix.NLMSG_HDRLEN)...)
			p.buf = Route(p.buf, n, p.link)
			native.PutUint32(p.buf[start:], uint32(len(p.buf)-start))
			native.PutUint16(p.buf[start+4:], typ)
			native.PutUint16(p.buf[start+6:], f)
			native.PutUint32(p.buf[start+8:], uint32(n-from+1))
		}
		if err := unix.Sendto(p.fd, p.buf, 0, Kernel); err != nil {
			return ok, os.NewSyscallError("sendto", err)
		}
		failed, err := p.acks(uint32(end - from))
		if err != nil {
			return ok, err
		}
		ok += end - from - failed
		from = end
	}
	return ok, nil
}

// acks reads up to the acknowledgement of the last request, and returns how many failed.
func (p *Pipe) acks(last uint32) (failed int, err error) {
	for {
		n, _, err := unix.Recvfrom(p.fd, p.in, 0)
		if err != nil {
			return failed, os.NewSyscallError("recvfrom", err)
		}
		b := p.in[:n]
		if n < unix.NLMSG_HDRLEN+4 || native.Uint16(b[4:]) != unix.NLMSG_ERROR {
			return failed, fmt.Errorf("%d bytes of type %d in the place of an acknowledgement", n, native.Uint16(b[4:]))
		}
		if AckError(b[unix.NLMSG_HDRLEN:]) != nil {
			failed++
		}
		if native.Uint32(b[8:]) == last {
			return failed, nil
		}
	}
}

// SetUp sets a link up, or down, which takes its routes away.
func SetUp(link int, up bool) error {
	fd, err := Open(unix.NETLINK_ROUTE, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	flags := uint32(0)
	if up {
		flags = unix.IFF_UP
	}
	req := Message(nil, unix.RTM_NEWLINK, unix.NLM_F_REQUEST|unix.NLM_F_ACK, 1, Link(link, flags, unix.IFF_UP))
	return Ask(fd, req)
}

// Link is the header of a request about a link, struct ifinfomsg.
func Link(index int, flags, change uint32) []byte {
	b := append([]byte(nil), unix.AF_UNSPEC, 0, 0, 0)
	b = native.AppendUint32(b, uint32(index))
	b = native.AppendUint32(b, flags)
	return native.AppendUint32(b, change)
}

// RouteDump is the request for all IPv4 routes.
func RouteDump(seq uint32) []byte {
	return Message(nil, unix.RTM_GETROUTE, unix.NLM_F_REQUEST|unix.NLM_F_DUMP, seq, append([]byte{unix.AF_INET}, make([]byte, unix.SizeofRtMsg-1)...))
}

// Dump sends the request for a dump and calls f with the payload of each message.
func Dump(fd int, request, buf []byte, f func(payload []byte)) error {
	if err := unix.Sendto(fd, request, 0, Kernel); err != nil {
		return os.NewSyscallError("sendto", err)
	}
	for {
		n, _, err := unix.Recvfrom(fd, buf, 0)
		if err != nil {
			return os.NewSyscallError("recvfrom", err)
		}
		done := false
		Messages(buf[:n], func(typ uint16, payload []byte) bool {
			switch typ {
			case unix.NLMSG_DONE, unix.NLMSG_ERROR:
				done = true
				err = AckError(payload)
			default:
				f(payload)
			}
			return !done
		})
		if done {
			return err
		}
	}
}

// ScoreRoute is the score of a route's message.
func ScoreRoute(payload []byte) uint64 {
	s := Score()
	for b := payload[unix.SizeofRtMsg:]; len(b) >= unix.SizeofNlAttr; {
		n := int(native.Uint16(b))
		if n < unix.SizeofNlAttr || n > len(b) {
			break
		}
		switch native.Uint16(b[2:]) {
		case unix.RTA_DST, unix.RTA_OIF:
			s += uint64(native.Uint32(b[4:]))
		}
		b = b[min(align(n), len(b)):]
	}
	return s
}
