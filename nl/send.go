package nl

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"runtime"

	"github.com/golibnl/golibnl/internal/pump"
)

// Address is where a message goes.
type Address struct {
	Port  uint32 // the port ID of a socket; 0 is the kernel
	Group uint32 // a multicast group from 1 to 32, whose members get a copy besides; 0 for none
}

// To is an [Address].
func To(port, group uint32) Address { return Address{Port: port, Group: group} }

// Send sends a message as it is: of the header, type, flags and sequence number are the caller's; length and port ID are
// filled in. Nothing is waited for, but for room with a process that does not read; the kernel has handled what it was
// sent when Send returns.
//
// It fails with ECONNREFUSED if nobody has the port ID, and with EPERM if sending to processes or to groups of the family
// takes a right that the caller does not have.
func (c *Conn) Send(ctx context.Context, m Message, to Address) error {
	in, err := c.live("send")
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(c)
	return in.send(ctx, "send", m, to)
}

func (in *conn) send(ctx context.Context, op string, m Message, to Address) error {
	if to.Group > 32 {
		return in.error(op, nil, fmt.Errorf("a message cannot be sent to group %d: an address has room for groups 1 to 32", to.Group))
	}
	ctx = orBackground(ctx)
	k := calls.Get().(*call)
	defer k.put()
	buf, err := appendRequest(k.buf[:0], Request{Type: m.Header.Type, Payload: m.Payload}, 0)
	if err != nil {
		return in.error(op, nil, err)
	}
	k.buf = buf
	if ctx.Err() != nil {
		return in.error(op, buf, ended(ctx))
	}
	e, err := in.requestEndpoint()
	if err != nil {
		return in.error(op, buf, err)
	}
	defer e.leave()
	binary.NativeEndian.PutUint16(buf[6:], m.Header.Flags)
	setSeq(buf, m.Header.Seq, e.port)
	a := pump.Address{Port: to.Port}
	if to.Group != 0 {
		a.Groups = 1 << (to.Group - 1)
	}
	if err := e.send(ctx, buf, a); err != nil {
		return in.error(op, buf, err)
	}
	return nil
}

// Messages yields what is sent to the connection's port ID and answers no request: messages of kernel modules, and of
// processes that [WithSenders] or [WithAnySender] allow. Answers to requests that were given up are left out. It ends as
// [Conn.Events] does; [ErrOverrun] is an event here too, and one loop can run at a time.
//
// Messages that come while no loop runs are kept, up to a megabyte, once the connection has made a request or sent
// something; in the end the kernel keeps them up to the size of the receive buffer.
func (c *Conn) Messages(ctx context.Context) iter.Seq2[Message, error] {
	return c.loop(ctx, "messages", (*conn).requestEndpoint, func(ctx context.Context, e *endpoint, op string, yield func(Message, error) bool) {
		e.strangers.each(ctx, e, op, yield)
	})
}
