package nl

import (
	"bytes"
	"fmt"
	"iter"

	"github.com/golibnl/golibnl/internal/pump"
)

// Header is the header of a message, struct nlmsghdr of linux/netlink.h.
type Header struct {
	Len   uint32 // in bytes, with the header
	Type  uint16
	Flags uint16 // NLM_F_*
	Seq   uint32 // sequence number
	Port  uint32 // nlmsg_pid, which anybody can forge: see Message.Sender
}

// Message is a message that was received.
//
// One that an iterator yields refers to a buffer that is used again: it is valid until the next iteration, or the end of
// the loop. It may be read by any goroutine meanwhile.
type Message struct {
	Header  Header
	Payload []byte // after the netlink header: the family's own header, and attributes

	from *pump.Datagram
	in   *conn // that received it
}

// Sender is the port ID that the message came from, as the kernel says, not the sender; 0 is the kernel.
func (m Message) Sender() uint32 { return m.datagram().Port }

// Group is the multicast group that the message was sent to, 0 if it was sent to this socket.
func (m Message) Group() uint32 { return m.datagram().Group }

// NSID is the ID, in the namespace of the connection, of the network namespace that the message comes from; false if it
// comes from the connection's own, or the connection listens to no other ([WithListenAllNSID]).
func (m Message) NSID() (int, bool) {
	d := m.datagram()
	return int(d.NSID), d.Flags&pump.HasNSID != 0
}

// Credentials are those of a sender.
type Credentials struct {
	PID, UID, GID uint32
}

// Credentials returns the sender's, as the kernel says; false if they were not asked for ([WithCredentials]).
func (m Message) Credentials() (Credentials, bool) {
	d := m.datagram()
	return Credentials{PID: d.PID, UID: d.UID, GID: d.GID}, d.Flags&pump.HasCreds != 0
}

// Attributes returns the attributes after the family's own header, whose size is given, as [Attributes] does.
func (m Message) Attributes(header int) iter.Seq2[Attribute, error] {
	return func(yield func(Attribute, error) bool) {
		b, err := m.after(header)
		if err != nil {
			yield(Attribute{}, err)
			return
		}
		Attributes(b)(yield)
	}
}

func (m Message) after(header int) ([]byte, error) {
	if header < 0 || len(m.Payload) < header {
		return nil, fmt.Errorf("%w message: type %d has %d bytes, and its family's header takes %d", ErrMalformed, m.Header.Type, len(m.Payload), header)
	}
	return m.Payload[min(align(header), len(m.Payload)):], nil
}

// Clone returns a copy that stays.
func (m Message) Clone() Message {
	m.Payload = bytes.Clone(m.Payload)
	d := *m.datagram()
	m.from = &d
	return m
}

var nowhere pump.Datagram

func (m Message) datagram() *pump.Datagram {
	if m.from == nil {
		return &nowhere
	}
	return m.from
}

// message is what a batch holds, and as short-lived.
func (in *conn) message(m *pump.Message) Message {
	return Message{Header: Header(m.Header), Payload: m.Payload, from: m.Datagram, in: in}
}
