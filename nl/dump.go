package nl

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/pump"
)

// DumpOption says how [Conn.Dump] goes about it.
type DumpOption func(*dumping)

// RetryInterrupted repeats a dump during which what is dumped changed, at most max times, after a pause that grows from
// about a millisecond to about a second. Then restart is called, if it is not nil: what the loop has seen so far is void.
// Without the option, or when all was in vain, the last thing that the loop sees is [ErrDumpInterrupted].
func RetryInterrupted(max int, restart func()) DumpOption {
	return func(d *dumping) { d.retries, d.restart = max, restart }
}

// IgnoreInterrupted says that entries may be missing or doubled.
func IgnoreInterrupted() DumpOption {
	return func(d *dumping) { d.ignore = true }
}

// OnWarning has the kernel's words about a dump that succeeded passed to f.
func OnWarning(f func(text string)) DumpOption {
	return func(d *dumping) { d.warning = f }
}

// dumping is a dump that is running.
type dumping struct {
	retries int
	restart func()
	ignore  bool
	warning func(string)

	in          *conn
	e           *endpoint
	req         Request
	buf         []byte
	seq         uint32
	batch       *pump.Batch
	msg         pump.Message
	yield       func(Message, error) bool
	interrupted bool
	clean       bool // nothing more is to come
	malformed   int  // datagrams of the batch that have been counted
}

// errStopped says that the loop has ended the dump.
var errStopped = errors.New("stopped")

// Dump sends a request for a dump, and yields its messages as they come. It holds a fixed amount of memory, however long
// the dump is and however slow the loop. A message is valid until the next iteration.
//
// An error, an [*Error], is the last thing that is yielded. Leaving the loop early ends the dump; the connection remains
// usable. In the loop, any method of the connection may be called, but on one with a single socket a request or another
// dump fails with [ErrBusy]; there, do not pass the iterator to [iter.Pull] and make requests between two messages.
func (c *Conn) Dump(ctx context.Context, req Request, options ...DumpOption) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		in, err := c.live("dump")
		if err != nil {
			yield(Message{}, err)
			return
		}
		defer runtime.KeepAlive(c)
		d := &dumping{in: in, req: req, yield: yield}
		for _, o := range options {
			if o != nil {
				o(d)
			}
		}
		if err := d.run(orBackground(ctx)); err != nil {
			yield(Message{}, err)
		}
	}
}

// DumpAll is [Conn.Dump] into memory: copies of all messages, which are the caller's. With [RetryInterrupted] those of an
// attempt that was interrupted are left out.
func (c *Conn) DumpAll(ctx context.Context, req Request, options ...DumpOption) ([]Message, error) {
	var all []Message
	again := func(d *dumping) {
		user := d.restart
		d.restart = func() {
			all = all[:0]
			if user != nil {
				user()
			}
		}
	}
	for m, err := range c.Dump(ctx, req, append(options[:len(options):len(options)], again)...) {
		if err != nil {
			return all, err
		}
		all = append(all, m.Clone())
	}
	return all, nil
}

// run runs the dump; nil if it came to its end, or if the loop ended it.
func (d *dumping) run(ctx context.Context) error {
	k := calls.Get().(*call)
	defer k.put()
	var err error
	d.buf, err = appendRequest(k.buf[:0], d.req, unix.NLM_F_DUMP)
	if err != nil {
		return d.in.error("dump", nil, err)
	}
	k.buf = d.buf
	if err := d.in.answerable(d.req.Port); err != nil {
		return d.in.error("dump", d.buf, err)
	}
	if ctx.Err() != nil {
		return d.in.error("dump", d.buf, ended(ctx))
	}
	if d.in.turns != nil {
		if err := d.in.turns.begin(ctx, true); err != nil {
			return d.in.error("dump", d.buf, err)
		}
		defer d.in.turns.end(true)
		if d.e, err = d.in.requestEndpoint(); err == nil {
			if err = d.e.takeOver(ctx, &k.waiter); err != nil {
				d.e.leave()
			}
		}
	} else {
		d.e, err = d.in.dumpEndpoint()
	}
	if err != nil {
		return d.in.error("dump", d.buf, err)
	}
	d.clean = true
	d.batch = getBatch()
	stop := d.e.interruptedBy(ctx)
	defer func() {
		stop()
		d.leave()
	}()
	for attempt := 0; ; attempt++ {
		again, err := d.once(ctx, attempt < d.retries)
		if errors.Is(err, errStopped) {
			return nil
		}
		if err != nil || !again {
			return err
		}
		d.in.stats.retries.Add(1)
		if err := sleep(ctx, backOff(attempt)); err != nil {
			return d.in.error("dump", d.buf, err)
		}
		if d.restart != nil {
			d.restart()
		}
	}
}

// backOff is how long to wait after an attempt, by its number from 0 on.
func backOff(attempt int) time.Duration {
	pause := min(time.Millisecond<<min(attempt, 10), time.Second)
	return pause/2 + rand.N(pause)
}

// once runs one attempt, and reports whether there should be another one.
func (d *dumping) once(ctx context.Context, more bool) (again bool, _ error) {
	d.interrupted = false
	d.e.mu.Lock()
	d.seq = d.e.number()
	d.e.mu.Unlock()
	setSeq(d.buf, d.seq, d.e.port)
	want := pump.Want{Terminators: 1, Any: d.e.wanted().Any}
	to := pump.Address{Port: d.req.Port}
	if d.batch == nil {
		d.batch = getBatch()
	}
	err := d.e.pump.Exchange(d.buf, to, d.batch, want)
	switch {
	case err == nil:
		d.clean = false
		d.in.stats.sent(len(d.buf))
		d.received()
	case tryAgain(err):
		if err = d.e.send(ctx, d.buf, to); err == nil {
			d.clean = false
			err = d.read(ctx, want)
		}
	}
	if err != nil {
		return false, d.in.error("dump", d.buf, err)
	}
	for {
		done, err := d.batchDone(more && !d.ignore)
		if done || err != nil {
			return d.end(more, err)
		}
		if err := d.read(ctx, want); err != nil {
			return false, d.in.error("dump", d.buf, err)
		}
	}
}

// end judges a dump that has come to its end.
func (d *dumping) end(more bool, err error) (again bool, _ error) {
	if err != nil || !d.interrupted {
		return false, err
	}
	d.in.stats.interrupted.Add(1)
	switch {
	case d.ignore:
		return false, nil
	case more:
		return true, nil
	}
	return false, d.in.error("dump", d.buf, ErrDumpInterrupted)
}

func (d *dumping) read(ctx context.Context, want pump.Want) error {
	for {
		b := d.batch
		d.batch = nil
		b, err := d.e.read(b, want, false)
		if err == nil {
			d.batch = b
			d.received()
			return nil
		}
		if ctx.Err() != nil {
			return ended(ctx)
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
}

// batchDone goes through what was received, and reports whether that was the end of the dump. With hold, messages of an
// interrupted dump are not yielded any more: it will be repeated.
func (d *dumping) batchDone(hold bool) (bool, error) {
	m := &d.msg
	for d.next() {
		from := m.Datagram
		if from.Flags&pump.Truncated != 0 {
			d.in.truncated(from)
			return false, d.in.error("dump", d.buf, tooLarge(from))
		}
		if m.Flags&unix.NLM_F_DUMP_INTR != 0 {
			d.interrupted = true
		}
		switch m.Verdict {
		case pump.Unseen:
			if isControl(m.Type) {
				return false, d.in.error("dump", d.buf, unix.ENOMEM) // libnl could not judge it
			}
			if hold && d.interrupted {
				continue
			}
			msg := d.in.message(m)
			ok := d.yield(msg, nil)
			if poison.Load() {
				clear(msg.Payload)
			}
			if !ok {
				return false, errStopped
			}
		case pump.Noop:
		case pump.Overrun:
			return false, d.in.error("dump", d.buf, ErrOverrun)
		case pump.Done:
			info, err := parseDone(d.in.family, "dump", d.buf, m.Flags, m.Payload)
			return d.over(info, err)
		default:
			info, err := parseAck(d.in.family, "dump", d.buf, m.Flags, m.Payload)
			return d.over(info, err)
		}
	}
	if errno := d.batch.Err(); errno == unix.ENOBUFS {
		d.lost()
		return false, d.in.error("dump", d.buf, ErrOverrun)
	} else if errno != 0 {
		return false, d.in.error("dump", d.buf, errno)
	}
	return false, nil
}

func (d *dumping) over(info ackInfo, err *Error) (bool, error) {
	d.clean = true
	if err != nil {
		return true, err
	}
	if info.warning != "" && d.warning != nil {
		d.warning(info.warning)
	}
	return true, nil
}

// received counts what was received.
func (d *dumping) received() {
	d.malformed = 0
	d.in.received(d.batch)
}

// next goes to the next message that belongs to the dump, or that was to for all one can know.
func (d *dumping) next() bool {
	for d.batch.Next(&d.msg) {
		from := d.msg.Datagram
		mine := from.Port == d.req.Port && (from.Group == 0 || !d.e.listens)
		if mine && (d.msg.Seq == d.seq || from.Flags&pump.Truncated != 0) {
			return true
		}
		d.e.notMine(&d.msg)
	}
	n := d.batch.Malformed()
	d.in.malformed(n - d.malformed)
	d.malformed = n
	return false
}

// lost is called when messages were lost, which on a connection's only socket may be notifications too.
func (d *dumping) lost() {
	d.in.overrun("dump")
	d.e.lost()
}

// leave gives the socket back, and the batch.
func (d *dumping) leave() {
	if d.in.turns == nil {
		d.in.dumped(d.e, d.clean)
	} else {
		d.drain()
		d.e.giveBack()
		d.e.leave()
	}
	if d.batch != nil {
		putBatch(d.batch)
	}
}

// drain receives the rest of a dump, which on a connection's only socket is in the way of others. The kernel has it ready
// whenever it is asked for; a process may not.
func (d *dumping) drain() {
	if d.batch == nil && !d.clean && d.req.Port == 0 {
		d.batch = getBatch()
		d.readRest()
	}
	for d.batch != nil {
		for d.next() {
			switch d.msg.Type {
			case unix.NLMSG_DONE, unix.NLMSG_ERROR:
				d.clean = true
			}
		}
		if d.clean || d.req.Port != 0 {
			break
		}
		d.readRest()
		if d.batch.Why() == pump.Empty && d.batch.Datagrams() == 0 {
			break
		}
	}
	if !d.clean {
		d.e.mu.Lock()
		d.e.giveUp(d.seq, late{port: d.req.Port, dump: true})
		d.e.mu.Unlock()
	}
}

// readRest receives what there is of the rest, without waiting.
func (d *dumping) readRest() {
	d.e.pump.Read(d.batch, pump.Want{Terminators: 1, Any: d.e.wanted().Any})
	d.received()
	if d.batch.Err() == unix.ENOBUFS {
		d.lost()
	}
}

// notMine is for messages that belong to nobody who reads for itself alone: on a connection's only socket they may be
// somebody else's.
func (e *endpoint) notMine(m *pump.Message) {
	switch {
	case e.owner.turns != nil:
		e.mu.Lock()
		defer e.mu.Unlock()
		e.hand(m)
	case !e.owner.trusts(m.Datagram.Port):
		e.owner.refuse(1)
	case m.Datagram.Flags&pump.Truncated != 0:
		e.owner.truncated(m.Datagram)
	default:
		e.owner.late(1)
	}
}

// lost is called when somebody who reads for itself alone learns that messages were lost.
func (e *endpoint) lost() {
	if e.owner.turns == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.gap = e.queued()
}
