package nl

import (
	"context"
	"encoding/binary"
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// Err returns what an NLMSG_ERROR says, such as the answer to what [Conn.Send] sent, which comes with [Conn.Messages]: nil
// if it is an acknowledgement, an [*Error] if not. For any other message it is nil.
func (m Message) Err() error {
	if m.Header.Type != unix.NLMSG_ERROR {
		return nil
	}
	family := -1
	if m.in != nil {
		family = m.in.family
	}
	if _, err := parseAck(family, "send", nil, m.Header.Flags, m.Payload); err != nil {
		return err
	}
	return nil
}

// Ack acknowledges a request that was received from a process, as the kernel would: an NLMSG_ERROR with an errno of 0.
// Whether the sender asked for it is in the flags, NLM_F_ACK.
func (m Message) Ack(ctx context.Context) error {
	return m.answer(ctx, "acknowledge", 0, "", nil)
}

// ReplyError refuses a request that was received from a process, with an errno and words of one's own (an extended
// acknowledgement; "" for none).
func (m Message) ReplyError(ctx context.Context, errno syscall.Errno, text string) error {
	if errno == 0 {
		return m.notReceived("refuse", errors.New("an errno of 0 is an acknowledgement; use Ack"))
	}
	return m.answer(ctx, "refuse", errno, text, m.Payload)
}

// Reply sends a message to the sender of m, with m's sequence number.
func (m Message) Reply(ctx context.Context, reply Message) error {
	if m.in == nil {
		return m.notReceived("reply", nil)
	}
	reply.Header.Seq = m.Header.Seq
	return m.in.send(ctx, "reply", reply, To(m.Sender(), 0))
}

func (m Message) answer(ctx context.Context, op string, errno syscall.Errno, text string, echo []byte) error {
	if m.in == nil {
		return m.notReceived(op, nil)
	}
	var flags uint16
	b := binary.NativeEndian.AppendUint32(nil, uint32(-int32(errno)))
	h := m.Header
	h.Len = uint32(unix.NLMSG_HDRLEN + len(m.Payload))
	b = binary.NativeEndian.AppendUint32(b, h.Len)
	b = binary.NativeEndian.AppendUint16(b, h.Type)
	b = binary.NativeEndian.AppendUint16(b, h.Flags)
	b = binary.NativeEndian.AppendUint32(b, h.Seq)
	b = binary.NativeEndian.AppendUint32(b, h.Port)
	if errno == 0 {
		flags |= unix.NLM_F_CAPPED
	}
	b = append(b, echo...)
	b = append(b, zeros[:align(len(b))-len(b)]...)
	if text != "" {
		flags |= unix.NLM_F_ACK_TLVS
		e := NewEncoder(b)
		e.String(unix.NLMSGERR_ATTR_MSG, text)
		var err error
		if b, err = e.Result(); err != nil {
			return m.in.error(op, nil, err)
		}
	}
	reply := Message{Header: Header{Type: unix.NLMSG_ERROR, Flags: flags, Seq: m.Header.Seq}, Payload: b}
	return m.in.send(ctx, op, reply, To(m.Sender(), 0))
}

func (m Message) notReceived(op string, err error) error {
	if err == nil {
		err = errors.New("the message was not received by a connection, and has no sender")
	}
	return &Error{Op: op, Type: m.Header.Type, Err: err}
}
