package nl

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/pump"
)

// exchange is the part of an endpoint that tells which message belongs to whom.
type exchange struct {
	mu      sync.Mutex
	seq     uint32
	pending map[uint32]claimant // by sequence number
	givenUp map[uint32]struct{} // numbers of requests whose answer nobody waits for any more
	dead    error               // why nothing comes any more

	// What came with the answers to requests: what no request claimed, and, on a connection's only socket, notifications.
	strangers, notices inbox

	msg         pump.Message // that is being handed out
	leader      *waiter      // reads for all
	exclusive   *waiter      // reads for itself alone, or will when the leader has made room
	first, last *waiter      // who wait, in the order in which they came
}

// claimant is a request, or many, that waits for messages with its sequence number. Its methods are called with the
// exchange locked; the messages are valid for the call.
type claimant interface {
	// from is the port ID that answers.
	from() uint32
	// take takes a message, and reports whether it was the last one.
	take(m *pump.Message) (last bool)
	// fail ends the request with the number without an answer.
	fail(seq uint32, err error)
}

// maxGivenUp is how many numbers are remembered at most; who gives up more, gets the answers to the others as unclaimed.
const maxGivenUp = 1 << 16

// waiter is somebody who waits for something that a message brings.
type waiter struct {
	ready      bool          // it has come
	wake       chan struct{} // it has come, or it is this one's turn to read
	queued     bool
	prev, next *waiter
}

func newWaiter() waiter { return waiter{wake: make(chan struct{}, 1)} }

func (x *exchange) init() {
	x.seq = rand.Uint32()
	x.pending = make(map[uint32]claimant)
	x.givenUp = make(map[uint32]struct{})
}

// number returns a sequence number that is not in use.
func (x *exchange) number() uint32 {
	for {
		x.seq++
		_, used := x.pending[x.seq]
		_, late := x.givenUp[x.seq]
		if x.seq != 0 && !used && !late {
			return x.seq
		}
	}
}

// giveUp forgets a request whose answer may still come.
func (x *exchange) giveUp(seq uint32) {
	delete(x.pending, seq)
	if len(x.givenUp) < maxGivenUp {
		x.givenUp[seq] = struct{}{}
	}
}

func (x *exchange) enqueue(w *waiter) {
	w.ready, w.queued = false, true
	w.prev, w.next = x.last, nil
	if x.last != nil {
		x.last.next = w
	} else {
		x.first = w
	}
	x.last = w
}

// dequeue ends the wait of w, and lets somebody else read if w did.
func (x *exchange) dequeue(w *waiter) {
	if !w.queued {
		return
	}
	w.queued = false
	if w.prev != nil {
		w.prev.next = w.next
	} else {
		x.first = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	} else {
		x.last = w.prev
	}
	if x.leader == w {
		x.leader = nil
		x.appoint()
	}
}

// appoint has somebody read, now that nobody does.
func (x *exchange) appoint() {
	if x.exclusive != nil {
		x.exclusive.signal()
		return
	}
	for n := x.first; n != nil; n = n.next {
		if !n.ready {
			x.leader = n
			n.signal()
			return
		}
	}
}

func (w *waiter) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// finish says that what w waits for has come.
func (w *waiter) finish() {
	if !w.ready {
		w.ready = true
		w.signal()
	}
}

// end ends all that wait, and all that would.
func (x *exchange) end(err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.failLocked(unknown(err))
	x.dead = err
	for w := x.first; w != nil; w = w.next {
		w.signal()
	}
}

func (x *exchange) failLocked(err error) {
	for seq, c := range x.pending {
		delete(x.pending, seq)
		c.fail(seq, err)
	}
}

// unknown is the error of a request that was sent and not answered, for the reason err.
func unknown(err error) error { return fmt.Errorf("%w; %w", err, ErrUnknownOutcome) }

// orBackground is what nil is taken for.
func orBackground(ctx context.Context) context.Context {
	if ctx == nil {
		return context.Background()
	}
	return ctx
}

// ended is why a context ended.
func ended(ctx context.Context) error {
	err := ctx.Err()
	cause := context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}

// await returns when w, which is queued, is ready, when ctx has ended, or when the endpoint is closed; with nil in the
// first case. Meanwhile it reads for all, if nobody else does. b is the caller's, for reading; nil if it has none.
func (e *endpoint) await(ctx context.Context, w *waiter, b *pump.Batch) error {
	var stop func() bool
	own := b == nil
	e.mu.Lock()
	defer func() {
		if stop != nil {
			stop()
			e.endTurn()
		}
		e.dequeue(w)
		e.mu.Unlock()
		if own && b != nil {
			putBatch(b)
		}
	}()
	for {
		switch {
		case w.ready:
			return nil
		case e.dead != nil:
			return e.dead
		case e.exclusive == nil && (e.leader == nil || e.leader == w):
			e.leader = w
			want := e.wanted()
			e.mu.Unlock()
			if b == nil {
				b = getBatch()
			}
			if stop == nil && ctx.Done() != nil {
				turn := e.turn()
				stop = context.AfterFunc(ctx, func() { e.interrupt(turn) })
			}
			err := e.read(b, want)
			e.mu.Lock()
			if err == nil {
				e.deliver(b)
			} else if ctx.Err() != nil && !w.ready {
				return ended(ctx)
			}
			if err != nil || e.exclusive != nil {
				// What interrupted the read was for this turn.
				if stop != nil {
					stop()
					stop = nil
				}
				e.endTurn()
			}
			if e.exclusive != nil {
				e.leader = nil
				e.appoint()
			}
		default:
			e.mu.Unlock()
			select {
			case <-w.wake:
			case <-ctx.Done():
			}
			e.mu.Lock()
			if ctx.Err() != nil && !w.ready && e.dead == nil {
				return ended(ctx)
			}
		}
	}
}

// takeOver makes w the only one who reads, until giveBack.
func (e *endpoint) takeOver(ctx context.Context, w *waiter) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.exclusive = w
	for e.leader != nil && e.dead == nil {
		e.interrupt(e.turn())
		e.mu.Unlock()
		select {
		case <-w.wake:
		case <-ctx.Done():
		}
		e.mu.Lock()
		if ctx.Err() != nil {
			e.exclusive = nil
			return ended(ctx)
		}
	}
	return e.dead
}

func (e *endpoint) giveBack() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.exclusive = nil
	if e.leader == nil {
		e.appoint()
	}
}

// wanted says what to read for: the answers to all requests that are waiting for one.
func (e *endpoint) wanted() pump.Want {
	return pump.Want{Terminators: len(e.pending), Any: e.owner.cfg.anySender || len(e.owner.cfg.senders) > 0}
}

// deliver hands out what was received.
func (e *endpoint) deliver(b *pump.Batch) {
	e.owner.stats.received(b)
	for b.Next(&e.msg) {
		e.hand(&e.msg)
	}
	e.msg = pump.Message{}
	e.owner.stats.malformed.Add(uint64(b.Malformed()))
	switch errno := b.Err(); errno {
	case 0:
	case unix.ENOBUFS:
		e.overrun()
	default:
		e.failLocked(unknown(errno))
	}
}

// overrun is called when messages were lost, it is not known which.
func (e *endpoint) overrun() {
	e.owner.overrun("requests")
	e.failLocked(unknown(ErrOverrun))
	clear(e.givenUp)
	e.notices.overrun()
	e.strangers.overrun()
}

func (e *endpoint) hand(m *pump.Message) {
	d := m.Datagram
	if !e.owner.trusts(d.Port) {
		e.owner.refuse(1)
		return
	}
	if d.Flags&pump.Truncated != 0 {
		e.owner.truncated(d)
		e.failLocked(unknown(fmt.Errorf("%w: a datagram of %d bytes is more than is received at once", unix.EMSGSIZE, d.Real)))
		return
	}
	if d.Group != 0 {
		e.notices.add(e.owner, m)
		return
	}
	c, ok := e.pending[m.Seq]
	if ok && c.from() == d.Port {
		if c.take(m) {
			delete(e.pending, m.Seq)
		}
		return
	}
	if _, late := e.givenUp[m.Seq]; late {
		e.owner.stats.late.Add(1)
		if m.Type == unix.NLMSG_DONE || m.Type == unix.NLMSG_ERROR {
			delete(e.givenUp, m.Seq)
		}
		return
	}
	if m.Verdict == pump.Overrun {
		e.overrun()
		return
	}
	e.strangers.add(e.owner, m)
}

// send sends a datagram, and waits while the peer, if it is a process, has no room for it.
func (e *endpoint) send(ctx context.Context, b []byte, to pump.Address) error {
	for pause := time.Millisecond; ; pause = min(2*pause, 64*time.Millisecond) {
		err := e.pump.Send(b, to)
		if !tryAgain(err) {
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

func tryAgain(err error) bool {
	return err != nil && (errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR))
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ended(ctx)
	}
}

// error makes an *Error of why a request got no answer, or, without one, of why there was none.
func (in *conn) error(op string, req []byte, err error) *Error {
	e := newError(in.family, op, req)
	errno, ok := err.(syscall.Errno) //nolint:errorlint // an errno that is wrapped has words around it, which stay
	if ok {
		e.Errno = errno
	} else {
		e.Err = err
	}
	return e
}
