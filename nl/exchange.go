package nl

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
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
	pending inFlight
	room    int             // for the answers of the kernel to so many more requests
	outside []chan struct{} // who waits for room; closed when there is some
	givenUp map[uint32]late // requests whose answer nobody waits for any more
	before  map[uint32]late // those that were given up before these
	dead    error           // why nothing comes any more
	listens bool            // it may have joined groups, and is told where a message comes from
	gap     int             // how many bytes of messages may still come from before a loss that the inboxes are to be told of

	// What came with the answers to requests: what no request claimed, and, on a connection's only socket, notifications.
	strangers, notices inbox

	msg         pump.Message // that is being handed out
	leader      *waiter      // reads for all
	exclusive   *waiter      // reads for itself alone, or will when the leader has made room
	first, last *waiter      // who wait, in the order in which they came
}

// late is what is known of an answer that nobody waits for.
type late struct {
	port uint32 // that it comes from
	dump bool   // it ends with a DONE; the answers to other requests with an acknowledgement
}

// maxGivenUp is how many of the requests that were given up are remembered, at most twice: the answer to an older one
// would be taken for a message that no request claims.
const maxGivenUp = 1 << 15

// waiter is somebody who waits for something that a message brings.
type waiter struct {
	ready      bool          // it has come
	awake      bool          // whoever waits has yet to begin to, and looks before that whether it has
	wake       chan struct{} // it has come, or it is this one's turn to read
	queued     bool
	prev, next *waiter
}

func newWaiter() waiter { return waiter{wake: make(chan struct{}, 1)} }

func (x *exchange) init() {
	x.seq = rand.Uint32()
}

// number returns a sequence number that is not in use.
func (x *exchange) number() uint32 {
	for {
		x.seq++
		used := x.pending.get(x.seq) != nil
		_, late := x.givenUp[x.seq]
		_, later := x.before[x.seq]
		if x.seq != 0 && !used && !late && !later {
			return x.seq
		}
	}
}

// giveUp forgets a request whose answer may still come.
func (x *exchange) giveUp(seq uint32, l late) {
	x.pending.remove(seq)
	if len(x.givenUp) >= maxGivenUp {
		x.givenUp, x.before = nil, x.givenUp
	}
	if x.givenUp == nil {
		x.givenUp = make(map[uint32]late)
	}
	x.givenUp[seq] = l
}

// isLate reports whether a message answers a request that was given up.
func (x *exchange) isLate(m *pump.Message) bool {
	for _, all := range []map[uint32]late{x.givenUp, x.before} {
		l, ok := all[m.Seq]
		if !ok || l.port != m.Datagram.Port {
			continue
		}
		if m.Type == unix.NLMSG_ERROR || m.Type == unix.NLMSG_DONE && l.dump {
			delete(all, m.Seq)
		}
		return true
	}
	return false
}

func (x *exchange) enqueue(w *waiter) {
	w.ready, w.awake, w.queued = false, true, true
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
	if !w.ready && !w.awake {
		w.signal()
	}
	w.ready = true
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

// failLocked fails all requests in flight, whose answers may come even so.
func (x *exchange) failLocked(err error) {
	for seq, k := range x.pending.all() {
		x.giveUp(seq, k.late())
		k.fail(err)
	}
}

// failFrom is failLocked for those that a port answers.
func (x *exchange) failFrom(port uint32, err error) {
	for seq, k := range x.pending.all() {
		if k.port == port {
			x.giveUp(seq, k.late())
			k.fail(err)
		}
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
// first case. Meanwhile it reads for all, if nobody else does. It takes over b, which is for reading; nil if there is none.
func (e *endpoint) await(ctx context.Context, w *waiter, b *pump.Batch) error {
	var stop func() bool
	e.mu.Lock()
	w.awake = false
	defer func() {
		if stop != nil {
			stop()
			e.endTurn()
		}
		e.dequeue(w)
		e.mu.Unlock()
		if b != nil {
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
			want, now := e.wanted(), e.gap > 0
			e.mu.Unlock()
			if stop == nil && ctx.Done() != nil {
				turn := e.turn()
				stop = context.AfterFunc(ctx, func() { e.interrupt(turn) })
			}
			var err error
			b, err = e.read(b, want, now)
			e.mu.Lock()
			if err == nil {
				e.deliver(b)
			} else if ctx.Err() != nil && !w.ready {
				return ended(ctx)
			} else if !errors.Is(err, os.ErrDeadlineExceeded) && !w.ready {
				return err
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
		case e.leader == w: // it was to read next, and somebody took over
			e.leader = nil
			e.appoint()
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
	defer func() {
		if e.leader == nil {
			e.endTurn() // the leader may not have come to the read that was to be interrupted
		}
	}()
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
			if e.leader == nil {
				e.appoint()
			}
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
	return pump.Want{Terminators: e.pending.len(), Any: e.owner.cfg.anySender || len(e.owner.cfg.senders) > 0}
}

// catchUp takes what was queued before a loss, lest the answers to requests that are yet to be sent are lost too. Nobody
// reads.
func (e *endpoint) catchUp() {
	b := getBatch()
	defer putBatch(b)
	for e.gap > 0 {
		e.pump.Read(b, e.wanted())
		e.deliver(b)
	}
}

// deliver hands out what was received.
func (e *endpoint) deliver(b *pump.Batch) {
	e.owner.received(b)
	for b.Next(&e.msg) {
		e.hand(&e.msg)
	}
	e.msg = pump.Message{}
	e.owner.malformed(b.Malformed())
	errno := b.Err()
	if e.gap > 0 {
		if e.gap -= b.Bytes() + messageCost*b.Refused(); e.gap <= 0 || errno == unix.ENOBUFS || b.Why() == pump.Empty {
			e.missed()
		}
	}
	switch errno {
	case 0:
	case unix.ENOBUFS:
		e.overrun()
	default:
		e.failLocked(unknown(errno))
	}
}

// overrun is called when messages were lost, it is not known which. The kernel says so before it hands out what it had
// queued before. Until all that has been taken, it drops whatever else comes, and does not say so again: what has no answer
// by then has lost it.
func (e *endpoint) overrun() {
	e.owner.overrun("requests")
	e.gap = e.queued()
}

// missed is called when all has been taken that was queued before a loss.
func (e *endpoint) missed() {
	e.gap = 0
	e.failLocked(unknown(ErrOverrun))
	e.notices.overrun()
	e.strangers.overrun()
}

func (e *endpoint) hand(m *pump.Message) {
	d := m.Datagram
	if !e.owner.trusts(d.Port) {
		e.owner.refuse(1)
		return
	}
	notice := e.listens && d.Group != 0
	if d.Flags&pump.Truncated != 0 {
		e.owner.truncated(d)
		if notice {
			e.notices.overrun()
		} else {
			e.failFrom(d.Port, unknown(tooLarge(d)))
		}
		return
	}
	k := e.pending.get(m.Seq)
	ok := k != nil && k.port == d.Port
	echo := ok && k.echo && m.Port == e.port
	if notice && !echo {
		e.notices.add(e.owner, m)
		return
	}
	if ok {
		if k.take(m) {
			e.pending.remove(m.Seq)
		}
		return
	}
	if e.isLate(m) {
		e.owner.late(1)
		return
	}
	if m.Verdict == pump.Overrun {
		e.overrun()
		return
	}
	e.strangers.add(e.owner, m)
}

// isControl reports whether libnl judges messages of a type.
func isControl(typ uint16) bool { return typ >= unix.NLMSG_NOOP && typ <= unix.NLMSG_OVERRUN }

func tooLarge(d *pump.Datagram) error {
	return fmt.Errorf("%w: a datagram of %d bytes is more than is received at once", unix.EMSGSIZE, d.Real)
}

// send sends a datagram, and waits while the peer, if it is a process, has no room for it.
func (e *endpoint) send(ctx context.Context, b []byte, to pump.Address) error {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		err := e.pump.Send(b, to)
		if errors.Is(err, unix.ECONNREFUSED) && to.Groups != 0 && to.Port == 0 {
			err = nil // the family has no kernel side; the group's members have their copies
		}
		if err == nil {
			e.owner.stats.sent(len(b))
		}
		if !tryAgain(err) {
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// Between two attempts to send to a process that has no room.
const firstPause, lastPause = time.Millisecond, 64 * time.Millisecond

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
