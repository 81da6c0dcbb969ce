package pump

// #include "pump.h"
import "C"

import (
	"encoding/binary"
	"syscall"
	"unsafe"
)

const (
	// arenaSize is what one read brings at most, short of one datagram that is larger: two of the largest pieces of a
	// dump that the kernel makes.
	arenaSize = 64 << 10

	// reserve is the largest piece of a dump that the kernel makes. A larger datagram is no loss either, but a copy more.
	reserve = 32 << 10
)

// Why says why a read ended.
type Why uint32

// The reasons for which a read ends.
const (
	Empty  Why = C.GOLIBNL_PUMP_EMPTY  // there is no more to receive
	Full   Why = C.GOLIBNL_PUMP_FULL   // the batch is full, or enough was dropped; there may be more
	Enough Why = C.GOLIBNL_PUMP_ENOUGH // all that was wanted has come
	Failed Why = C.GOLIBNL_PUMP_FAILED // the receive failed; see Batch.Err
)

// Verdict is what libnl's loop made of a message.
type Verdict uint8

// The verdicts. Data messages have none: they do not reach libnl.
const (
	Unseen  Verdict = C.GOLIBNL_PUMP_UNSEEN
	Done    Verdict = C.GOLIBNL_PUMP_DONE
	Ack     Verdict = C.GOLIBNL_PUMP_ACK
	Error   Verdict = C.GOLIBNL_PUMP_ERROR
	Noop    Verdict = C.GOLIBNL_PUMP_NOOP
	Overrun Verdict = C.GOLIBNL_PUMP_OVERRUN
	Invalid Verdict = C.GOLIBNL_PUMP_INVALID
)

// Datagram is what is known of the datagram that a message came in. Its layout is that of struct golibnl_datagram.
type Datagram struct {
	Len, Real     uint32 // bytes that are there, bytes that were sent
	Port          uint32 // of the sender
	Group         uint32 // that it was sent to, 0 for unicast
	NSID          int32
	Flags         Flags
	PID, UID, GID uint32
	_             uint32
}

// Flags say what of a Datagram is known.
type Flags uint32

// The flags of a Datagram.
const (
	HasNSID   Flags = C.GOLIBNL_PUMP_HAS_NSID
	HasCreds  Flags = C.GOLIBNL_PUMP_HAS_CREDS
	Truncated Flags = C.GOLIBNL_PUMP_TRUNCATED // it was larger than anything allows for; its messages are lost
	big       Flags = C.GOLIBNL_PUMP_BIG
)

// Header is struct nlmsghdr.
type Header struct {
	Len   uint32
	Type  uint16
	Flags uint16
	Seq   uint32
	Port  uint32
}

// HeaderLen is the size of a Header, and of struct nlmsghdr.
const HeaderLen = 16

// Message is a message in a batch, and as long there as the batch is not read into again.
type Message struct {
	Header
	Payload  []byte
	Datagram *Datagram
	Verdict  Verdict
}

// Batch holds what a read brought. It is one goroutine's at a time.
type Batch struct {
	arena []byte
	r     C.struct_golibnl_read
	errno C.int
	from  *Socket

	big      []byte // the one datagram that was larger than the arena
	verdicts []Verdict

	off      int // of the next datagram in the arena
	datagram *Datagram
	rest     []byte // of the current datagram
	malform  int
}

// NewBatch makes an empty batch.
func NewBatch() *Batch { return &Batch{arena: make([]byte, arenaSize)} }

func (b *Batch) begin(w Want) {
	b.r.cap, b.r.reserve, b.r.enough = arenaSize, reserve, C.uint32_t(w.Terminators)
	b.r.any = 0
	if w.Any {
		b.r.any = 1
	}
	b.big, b.verdicts, b.rest, b.datagram, b.off, b.malform = nil, nil, nil, nil, 0, 0
	b.r.used = 0
}

// took takes what the read left in C. The verdicts stay there until the socket's next read.
func (b *Batch) took(s *Socket) {
	b.verdicts = unsafe.Slice((*Verdict)(s.c.verdicts), b.r.judged)
	if s.c.big != nil {
		off := 0
		for {
			d := b.at(off)
			if d.Flags&big != 0 {
				b.big = C.GoBytes(unsafe.Pointer(s.c.big), C.int(d.Len))
				break
			}
			off += sizeofDatagram + padded(d.Len)
		}
		C.golibnl_pump_drop(s.c)
	}
}

const sizeofDatagram = int(unsafe.Sizeof(Datagram{}))

func padded(n uint32) int { return int(n+7) &^ 7 }

func (b *Batch) at(off int) *Datagram { return (*Datagram)(unsafe.Pointer(&b.arena[off])) }

// Why says why the read ended.
func (b *Batch) Why() Why { return Why(b.r.why) }

// Err is the errno for which the receive failed, 0 if it did not.
func (b *Batch) Err() syscall.Errno {
	if b.Why() != Failed {
		return 0
	}
	return syscall.Errno(b.r.err)
}

// Ret is what nl_recvmsgs returned.
func (b *Batch) Ret() int { return int(b.r.ret) }

// Datagrams is how many datagrams the batch holds.
func (b *Batch) Datagrams() int { return int(b.r.datagrams) }

// Bytes is how many bytes of messages the batch holds.
func (b *Batch) Bytes() int { return int(b.r.bytes) }

// Refused is how many datagrams of other senders than the kernel were dropped.
func (b *Batch) Refused() int { return int(b.r.refused) }

// Malformed is how many datagrams had, so far, a message that lies about its length; the rest of such a datagram is
// not looked at, as in libnl.
func (b *Batch) Malformed() int { return b.malform }

// Next sets m to the next message of the batch, in the order in which they came. A datagram that was cut off counts as
// one message without a header, whose Datagram says so.
func (b *Batch) Next(m *Message) bool {
	for {
		if len(b.rest) >= HeaderLen {
			size := binary.NativeEndian.Uint32(b.rest)
			if size < HeaderLen || int64(size) > int64(len(b.rest)) {
				b.malform++
				b.rest = nil
				continue
			}
			m.Header = Header{
				Len: size, Type: binary.NativeEndian.Uint16(b.rest[4:]), Flags: binary.NativeEndian.Uint16(b.rest[6:]),
				Seq: binary.NativeEndian.Uint32(b.rest[8:]), Port: binary.NativeEndian.Uint32(b.rest[12:]),
			}
			m.Payload = b.rest[HeaderLen:size:size]
			m.Datagram = b.datagram
			m.Verdict = Unseen
			b.rest = b.rest[min(len(b.rest), int(size+3)&^3):]
			if m.Type <= overrunType && m.Type >= noopType && len(b.verdicts) > 0 {
				m.Verdict, b.verdicts = b.verdicts[0], b.verdicts[1:]
			}
			return true
		}
		if len(b.rest) > 0 {
			b.malform++
			b.rest = nil
		}
		if b.off >= int(b.r.used) {
			return false
		}
		d := b.at(b.off)
		b.off += sizeofDatagram
		b.datagram = d
		switch {
		case d.Flags&Truncated != 0:
			*m = Message{Datagram: d}
			if d.Flags&big == 0 {
				b.off += padded(d.Len)
			}
			return true
		case d.Flags&big != 0:
			b.rest = b.big
		default:
			b.rest = b.arena[b.off : b.off+int(d.Len) : b.off+int(d.Len)]
			b.off += padded(d.Len)
		}
	}
}

const (
	noopType    = C.NLMSG_NOOP
	overrunType = C.NLMSG_OVERRUN
)

// Poison overwrites what the batch holds, so that a test sees who still looks at it.
func (b *Batch) Poison() {
	for i := range b.arena[:b.r.used] {
		b.arena[i] = 0xdb
	}
	for i := range b.big {
		b.big[i] = 0xdb
	}
	b.r.used = 0
}
