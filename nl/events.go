package nl

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/pump"
)

// Join has the notifications of multicast groups sent to the connection, for [Conn.Events]; what is joined already stays
// so. If one of the groups cannot be joined, those before it are.
//
// It fails with EINVAL for a group that the family does not have (0 is none), and with EPERM for one that takes a right.
func (c *Conn) Join(groups ...uint32) error {
	return c.membership("join group", unix.NETLINK_ADD_MEMBERSHIP, groups)
}

// Leave ends what [Conn.Join] began. Notifications that are on the way still come.
func (c *Conn) Leave(groups ...uint32) error {
	return c.membership("leave group", unix.NETLINK_DROP_MEMBERSHIP, groups)
}

func (c *Conn) membership(op string, option int, groups []uint32) error {
	in, err := c.live(op)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(c)
	e, err := in.notificationEndpoint()
	if err != nil {
		return in.error(op, nil, err)
	}
	defer e.leave()
	for _, g := range groups {
		err := unix.SetsockoptInt(e.pump.FD(), unix.SOL_NETLINK, option, int(g))
		if errors.Is(err, unix.EINVAL) {
			err = fmt.Errorf("the family has no such group: %w", err)
		}
		if err != nil {
			return in.error(fmt.Sprintf("%s %d", op, g), nil, err)
		}
	}
	return nil
}

// Groups returns the groups that the connection has joined, in order.
func (c *Conn) Groups() ([]uint32, error) {
	const op = "list groups"
	in, err := c.live(op)
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(c)
	e := in.notifications.Load()
	if e == nil {
		return nil, nil
	}
	if err := e.enter(); err != nil {
		return nil, in.error(op, nil, err)
	}
	defer e.leave()
	var groups []uint32
	mask, err := memberships(e.pump.FD())
	if err != nil {
		return nil, in.error(op, nil, err)
	}
	for i, word := range mask {
		for bit := range 32 {
			if word>>bit&1 != 0 {
				groups = append(groups, uint32(32*i+bit+1))
			}
		}
	}
	return groups, nil
}

// memberships is the bit mask of groups that a socket has joined, bit 0 for group 1.
func memberships(fd int) ([]uint32, error) {
	mask := make([]uint32, 8)
	for {
		size := uint32(len(mask) * 4)
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_NETLINK, unix.NETLINK_LIST_MEMBERSHIPS,
			uintptr(unsafe.Pointer(&mask[0])), uintptr(unsafe.Pointer(&size)), 0)
		if errno != 0 {
			return nil, os.NewSyscallError("getsockopt", errno)
		}
		if int(size) <= len(mask)*4 {
			return mask[:size/4], nil
		}
		mask = make([]uint32, size/4)
	}
}

// notificationEndpoint is the socket for notifications, entered.
func (in *conn) notificationEndpoint() (*endpoint, error) {
	if e := in.notifications.Load(); e != nil {
		return e, e.enter()
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if e := in.notifications.Load(); e != nil {
		return e, e.enter()
	}
	e := in.first
	if e == nil {
		var err error
		if e, err = in.openLocked(); err != nil {
			return nil, err
		}
	}
	if err := e.listen(); err != nil {
		if e != in.first {
			delete(in.all, e)
			e.close()
		}
		return nil, err
	}
	in.first = nil
	in.notifications.Store(e)
	return e, e.enter()
}

// Events yields the notifications of the groups that are joined, in the order in which they come, while requests may be
// made on the same connection. It ends with an error, an [*Error], when ctx does or when the connection is closed. A
// message is valid until the next iteration. A loop that is left goes on in the next one, with the event after the last.
//
// An error that is [ErrOverrun] is an event: notifications were lost, since the loop was too slow or the buffer too small.
// Those before it may have come before the loss or after it; those after it are newer than all that was lost. So read the
// state anew, in the loop, and go on. One loop can run at a time; another fails with [ErrBusy].
func (c *Conn) Events(ctx context.Context) iter.Seq2[Message, error] {
	const op = "events"
	return func(yield func(Message, error) bool) {
		in, err := c.live(op)
		if err != nil {
			yield(Message{}, err)
			return
		}
		defer runtime.KeepAlive(c)
		e, err := in.notificationEndpoint()
		if err != nil {
			yield(Message{}, in.error(op, nil, err))
			return
		}
		defer e.leave()
		ctx := orBackground(ctx)
		if in.turns != nil {
			e.notices.each(ctx, e, op, yield)
			return
		}
		if e.notices.taken.Swap(true) {
			yield(Message{}, in.error(op, nil, ErrBusy))
			return
		}
		defer e.notices.taken.Store(false)
		if err := e.events(ctx, yield); err != nil {
			yield(Message{}, in.error(op, nil, err))
		}
	}
}

// feed is where the loop over a socket for notifications is. It belongs to whoever has taken the notices.
type feed struct {
	batch *pump.Batch // what has not been seen of it is next; nil for nothing
	gap   int         // see exchange
}

// events reads notifications from a socket that is for them alone. Nil is the end of the loop.
func (e *endpoint) events(ctx context.Context, yield func(Message, error) bool) error {
	in := e.owner
	stop := e.interruptedBy(ctx)
	defer stop()
	f := &e.feed
	want := pump.Want{Any: e.wanted().Any}
	for {
		if ctx.Err() != nil {
			return ended(ctx)
		}
		if f.batch == nil {
			b, err := e.read(nil, want, f.gap > 0)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				continue
			}
			if err != nil {
				return err
			}
			in.received(b)
			f.batch = b
		}
		if !e.eachEvent(f.batch, yield) {
			return nil
		}
		errno, missed := e.endOfBatch()
		if missed && !yield(Message{}, in.error("events", nil, ErrOverrun)) {
			return nil
		}
		if errno != 0 {
			return errno
		}
	}
}

// endOfBatch goes on from a batch that has been seen. It reports whether messages were lost after those in it, and what
// else went wrong.
func (e *endpoint) endOfBatch() (errno syscall.Errno, missed bool) {
	f := &e.feed
	b := f.batch
	f.batch = nil
	defer putBatch(b)
	e.owner.malformed(b.Malformed())
	errno = b.Err()
	if f.gap > 0 {
		f.gap -= b.Bytes()
		missed = f.gap <= 0 || errno == unix.ENOBUFS || b.Why() == pump.Empty
	}
	if missed {
		f.gap = 0
	}
	if errno == unix.ENOBUFS {
		e.owner.overrun("notifications")
		f.gap = e.queued()
		errno = 0
	}
	return errno, missed
}

func (e *endpoint) eachEvent(b *pump.Batch, yield func(Message, error) bool) bool {
	in := e.owner
	var m pump.Message
	for b.Next(&m) {
		switch d := m.Datagram; {
		case !in.trusts(d.Port):
			in.refuse(1)
			continue
		case d.Flags&pump.Truncated != 0:
			in.truncated(d)
			if !yield(Message{}, in.error("events", nil, fmt.Errorf("%w; a datagram of %d bytes is more than is received at once", ErrOverrun, d.Real))) {
				return false
			}
			continue
		case d.Group == 0:
			in.late(1) // nobody is told this port ID
			continue
		case m.Verdict == pump.Overrun:
			in.overrun("notifications")
			if !yield(Message{}, in.error("events", nil, ErrOverrun)) {
				return false
			}
			continue
		case m.Verdict == pump.Noop:
			continue
		}
		ok := yield(in.message(&m), nil)
		if poison.Load() {
			clear(m.Payload)
		}
		if !ok {
			return false
		}
	}
	return true
}

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
	const op = "messages"
	return func(yield func(Message, error) bool) {
		in, err := c.live(op)
		if err != nil {
			yield(Message{}, err)
			return
		}
		defer runtime.KeepAlive(c)
		e, err := in.requestEndpoint()
		if err != nil {
			yield(Message{}, in.error(op, nil, err))
			return
		}
		defer e.leave()
		e.strangers.each(orBackground(ctx), e, op, yield)
	}
}
