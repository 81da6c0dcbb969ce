package nl

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/pump"
)

// Events yields the notifications of the groups that are joined, in the order in which they come, while requests may be
// made on the same connection. It ends with an error, an [*Error], when ctx does or when the connection is closed. A
// message is valid until the next iteration. A loop that is left goes on in the next one, with the event after the last.
//
// An error that is [ErrOverrun] is an event: notifications were lost, since the loop was too slow or the buffer too small.
// Those before it may have come before the loss or after it; those after it are newer than all that was lost. So read the
// state anew, in the loop, and go on. One loop can run at a time; another fails with [ErrBusy].
func (c *Conn) Events(ctx context.Context) iter.Seq2[Message, error] {
	return c.loop(ctx, "events", (*conn).notificationEndpoint, func(ctx context.Context, e *endpoint, op string, yield func(Message, error) bool) {
		in := e.owner
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
	})
}

// loop is an iterator over what comes to one of the sockets.
func (c *Conn) loop(ctx context.Context, op string, open func(*conn) (*endpoint, error),
	each func(ctx context.Context, e *endpoint, op string, yield func(Message, error) bool),
) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		in, err := c.live(op)
		if err != nil {
			yield(Message{}, err)
			return
		}
		defer runtime.KeepAlive(c)
		e, err := open(in)
		if err != nil {
			yield(Message{}, in.error(op, nil, err))
			return
		}
		defer e.leave()
		each(orBackground(ctx), e, op, yield)
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
