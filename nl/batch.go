package nl

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"runtime"
	"unsafe"

	"golang.org/x/sys/cpu"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/pump"
)

// BatchOption says how [Conn.Batch] goes about it.
type BatchOption func(*batch)

// StopOnError sends no more requests once one has failed. Those that are on the way by then, which may be a few hundred,
// are carried out.
func StopOnError() BatchOption { return func(b *batch) { b.stop = true } }

// BatchError says that not all requests of a batch succeeded. [errors.Is] and [errors.As] look at the first failure.
type BatchError struct {
	Requests int   // how many there were
	Failed   int   // how many the kernel refused, or could not be sent as they were
	Unknown  int   // how many have an unknown outcome
	NotSent  int   // how many were not sent since the batch was stopped
	First    int   // the index of the first failure
	Err      error // the first failure
}

// Error returns one line.
func (e *BatchError) Error() string {
	s := fmt.Sprintf("nl: batch: of %d requests %d failed", e.Requests, e.Failed)
	if e.Unknown > 0 {
		s += fmt.Sprintf(", %d have an unknown outcome", e.Unknown)
	}
	if e.NotSent > 0 {
		s += fmt.Sprintf(", %d were not sent", e.NotSent)
	}
	return fmt.Sprintf("%s; first request %d: %v", s, e.First, e.Err)
}

// Unwrap returns the first failure.
func (e *BatchError) Unwrap() error { return e.Err }

// batch is a batch that is running.
type batch struct {
	stop bool

	in   *conn
	e    *endpoint
	reqs []Request

	results  []error
	answered []bool // those whose result is known
	first    int    // the first request of the window
	next     int    // the first that is not in it
	missing  int    // answers, of the window
	acks     int    // acknowledgements that were asked for and are missing
	settled  int    // the first request of which no later one has told
	seq      uint32 // of request 0
	failed   bool

	room   int // bytes of the receive buffer that answers may fill
	chunk  int // bytes that the kernel takes at once
	buf    []byte
	starts []int  // where in buf the window's requests are
	port   uint32 // that the window goes to
	batch  *pump.Batch
	msg    pump.Message
	lost   bool // answers of the window were lost
	order  bool // answers come in the order of the requests, and none is missing before one that came
}

// ackEvery is how many requests to rtnetlink share an acknowledgement. It carries requests out in order, and answers each
// that fails, whether or not it was asked to; so an answer tells that those before it, if nothing was said of them, have
// succeeded, as long as no answer was lost. Others do not promise as much: a handler that is interrupted by a signal is not
// answered at all.
const ackEvery = 16

// Batch sends requests, many at a time, and waits until the outcome of each is known. The kernel carries the requests out one after
// the other, in order. It returns an error for each, nil for those that succeeded; and a [*BatchError] if one did not.
//
// Of requests to NETLINK_ROUTE, some alone are acknowledged: it answers each that fails without being asked, in order.
//
// There are never more requests on the way than there is room in the receive buffer, for their outcomes and for what a dump
// brings at once; [WithReadBuffer] makes batches faster. Should answers be lost even so, the requests that they belong to
// fail with [ErrOverrun] and [ErrUnknownOutcome], and the batch goes on. When ctx ends, those on the way have an unknown
// outcome, and the rest fail with [ErrNotSent]. What else requests are answered with is dropped: use [Conn.Execute] for
// those.
func (c *Conn) Batch(ctx context.Context, requests []Request, options ...BatchOption) ([]error, error) {
	const op = "batch"
	in, err := c.live(op)
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(c)
	if len(requests) == 0 {
		return nil, nil
	}
	b := &batch{in: in, reqs: requests, results: make([]error, len(requests)), answered: make([]bool, len(requests))}
	for _, o := range options {
		if o != nil {
			o(b)
		}
	}
	if err := b.run(orBackground(ctx)); err != nil {
		for i := b.first; i < len(requests); i++ {
			switch {
			case i < b.next && !b.answered[i]:
				b.results[i] = b.failure(i, unknown(err))
			case i >= b.next:
				b.results[i] = b.failure(i, fmt.Errorf("%w: %w", ErrNotSent, err))
			}
		}
	}
	return b.results, b.summary()
}

var errBatchStopped = errors.New("a request before it failed")

func (b *batch) run(ctx context.Context) (err error) {
	if ctx.Err() != nil {
		return ended(ctx)
	}
	if b.in.turns != nil {
		if err := b.in.turns.begin(ctx, true); err != nil {
			return err
		}
		defer b.in.turns.end(true)
		b.e, err = b.in.requestEndpoint()
	} else {
		b.e, err = b.in.dumpEndpoint()
	}
	if err != nil {
		return err
	}
	w := newWaiter()
	if b.in.turns != nil {
		defer b.e.leave()
		if err := b.e.takeOver(ctx, &w); err != nil {
			return err
		}
		defer b.e.giveBack()
	} else {
		defer func() { b.in.dumped(b.e, b.missing == 0) }()
	}
	if err := b.measure(); err != nil {
		return err
	}
	b.batch = getBatch()
	defer func() {
		if b.batch != nil {
			putBatch(b.batch)
		}
	}()
	stop := b.e.interruptedBy(ctx)
	defer stop()
	for b.next < len(b.reqs) {
		switch {
		case ctx.Err() != nil:
			b.first = b.next
			return ended(ctx)
		case b.failed && b.stop:
			b.first = b.next
			return errBatchStopped
		}
		if err := b.window(ctx); err != nil {
			return err
		}
	}
	return nil
}

// measure looks up what fits the buffers that the socket really has.
func (b *batch) measure() error {
	receive, err := unix.GetsockoptInt(b.e.pump.FD(), unix.SOL_SOCKET, unix.SO_RCVBUF)
	if err != nil {
		return err
	}
	send, err := unix.GetsockoptInt(b.e.pump.FD(), unix.SOL_SOCKET, unix.SO_SNDBUF)
	if err != nil {
		return err
	}
	b.room = receive
	b.chunk = min(send/2, 64<<10)
	b.e.mu.Lock()
	b.seq = b.e.number()
	if b.seq+uint32(len(b.reqs)) < b.seq {
		b.seq = 1
	}
	b.e.seq = b.seq + uint32(len(b.reqs))
	b.e.mu.Unlock()
	return nil
}

// cost is how many bytes of the receive buffer the answer to a request of n bytes may take at worst: an error with the
// request in it and a sentence, in a buffer of the kernel's with its bookkeeping (struct sk_buff, and struct
// skb_shared_info at the end of the data, each on cache lines of its own), whose allocator rounds up to powers of two.
func cost(n int) int {
	const words, sharedInfo = 256, 320
	data := inLines(unix.NLMSG_HDRLEN+sizeofErrno+n+words) + inLines(sharedInfo)
	return skBuff + 1<<bits.Len(uint(data-1))
}

const (
	skBuff = 256 // bytes of the kernel's struct

	// dumpCost is what a dump takes of the receive buffer, besides its outcome, as soon as it is asked for: what comes next,
	// the kernel makes only when there is room.
	dumpCost = skBuff + 32<<10
)

// inLines is how many bytes n bytes take in whole cache lines: 64 on amd64, 256 on s390x.
func inLines(n int) int {
	const line = int(unsafe.Sizeof(cpu.CacheLinePad{}))
	return (n + line - 1) / line * line
}

// window sends as many requests as their answers have room, and waits for the answers.
func (b *batch) window(ctx context.Context) error {
	b.fill()
	if b.missing == 0 {
		return nil
	}
	want := pump.Want{Terminators: b.acks, Any: b.e.wanted().Any}
	to := pump.Address{Port: b.port}
	err := b.e.pump.Exchange(b.buf, to, b.batch, want)
	switch {
	case err == nil:
		b.in.stats.sent(len(b.buf))
	case tryAgain(err):
		if err = b.e.send(ctx, b.buf, to); err == nil {
			b.e.pump.Read(b.batch, want)
		} else if ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", ErrNotSent, err)
		}
	}
	if err != nil {
		b.loseAll(err)
		return nil
	}
	for {
		b.take()
		if b.missing == 0 && !b.lost {
			return nil
		}
		want.Terminators = max(b.acks, 1)
		if b.lost {
			// The kernel has answered all by now: what is not in the queue does not come. Until the queue is empty, it
			// takes nothing more.
			b.e.pump.Read(b.batch, want)
			if b.batch.Why() == pump.Empty && b.batch.Datagrams() == 0 {
				b.giveUp()
				b.loseAll(unknown(ErrOverrun))
				return nil
			}
			continue
		}
		if b.batch, err = b.e.read(b.batch, want, false); err != nil {
			b.giveUp()
			if ctx.Err() != nil {
				return ended(ctx)
			}
			return err
		}
	}
}

// fill puts the next requests into the buffer. Those that cannot be sent at all have failed.
func (b *batch) fill() {
	b.first, b.buf, b.starts, b.missing, b.acks, b.lost = b.next, b.buf[:0], b.starts[:0], 0, 0, false
	b.settled = b.first
	room := b.room
	last := -1 // where the last request is in buf that a later answer would tell of
	for ; b.next < len(b.reqs); b.next++ {
		req := b.reqs[b.next]
		n := align(pump.HeaderLen + len(req.Payload))
		dump := b.in.mayDump(req)
		room -= cost(n)
		// Where it is not known which types dump, one flag alone mostly means something else, such as NLM_F_EXCL.
		if dump && (b.in.family == unix.NETLINK_ROUTE || req.Flags&unix.NLM_F_DUMP == unix.NLM_F_DUMP) {
			room -= dumpCost
		}
		if b.missing > 0 && (room < 0 || len(b.buf)+n > b.chunk || req.Port != b.port) {
			break
		}
		start := len(b.buf)
		b.starts = append(b.starts, start)
		b.order = b.ordered(req)
		buf, err := appendRequest(b.buf, req, 0)
		if err == nil {
			err = b.in.answerable(req.Port)
		}
		if err != nil {
			b.fail(b.next, b.failure(b.next, err))
			continue
		}
		b.buf, b.port = buf, req.Port
		setSeq(b.buf[start:], b.seq+uint32(b.next), b.e.port)
		b.missing++
		if req.Flags&unix.NLM_F_ACK != 0 {
			b.acks++
		}
		if !b.order || dump || b.missing%ackEvery == 0 {
			b.askForAck(start)
		}
		if !dump {
			last = start
		}
	}
	if last >= 0 {
		b.askForAck(last)
	}
}

// ordered reports whether the answer to another request tells of the outcome of this one. Some options lose answers
// without a word.
func (b *batch) ordered(req Request) bool {
	cfg := &b.in.cfg
	return b.in.family == unix.NETLINK_ROUTE && req.Port == 0 && cfg.filter == nil && !cfg.noENOBUFS
}

// askForAck has the request at a place in the buffer acknowledged.
func (b *batch) askForAck(start int) {
	flags := binary.NativeEndian.Uint16(b.buf[start+6:])
	if flags&unix.NLM_F_ACK == 0 {
		binary.NativeEndian.PutUint16(b.buf[start+6:], flags|unix.NLM_F_ACK)
		b.acks++
	}
}

// take reads the answers that were received.
func (b *batch) take() {
	b.in.received(b.batch)
	m := &b.msg
	for b.batch.Next(m) {
		i := int(m.Seq - b.seq)
		if m.Datagram.Port != b.port || m.Datagram.Group != 0 && b.e.listens {
			b.e.notMine(m)
			continue
		}
		if m.Datagram.Flags&pump.Truncated != 0 {
			b.in.truncated(m.Datagram)
			b.lost, b.order = true, false
			continue
		}
		if i < b.first || i >= b.next {
			b.e.notMine(m)
			continue
		}
		if b.answered[i] {
			continue
		}
		switch m.Verdict {
		case pump.Ack, pump.Error, pump.Invalid:
			if _, err := parseAck(b.in.family, "batch", b.request(i), m.Flags, m.Payload); err != nil {
				b.fail(i, err)
			}
		case pump.Done:
			if _, err := parseDone(b.in.family, "batch", b.request(i), m.Flags, m.Payload); err != nil {
				b.fail(i, err)
			} else if !b.in.mayDump(b.reqs[i]) {
				continue // the acknowledgement follows
			}
		case pump.Unseen:
			if isControl(m.Type) {
				b.lost, b.order = true, false // libnl could not judge it
			}
			continue
		default:
			continue
		}
		b.tell(i)
	}
	b.in.malformed(b.batch.Malformed())
	if b.batch.Err() != 0 {
		b.in.overrun("batch")
		b.e.lost()
		b.lost, b.order = true, false
	}
}

// tell notes that a request was answered, and that those before it have succeeded of which nothing was said.
func (b *batch) tell(i int) {
	b.answered[i] = true
	b.missing--
	if binary.NativeEndian.Uint16(b.request(i)[6:])&unix.NLM_F_ACK != 0 {
		b.acks--
	}
	if !b.order || b.in.mayDump(b.reqs[i]) {
		return
	}
	for ; b.settled < i; b.settled++ {
		if j := b.settled; !b.answered[j] && !b.in.mayDump(b.reqs[j]) {
			b.answered[j] = true
			b.missing--
		}
	}
}

// giveUp has the answers that are missing dropped when they come, if they come where others look.
func (b *batch) giveUp() {
	if b.in.turns == nil {
		return
	}
	b.e.mu.Lock()
	defer b.e.mu.Unlock()
	for i := b.first; i < b.next; i++ {
		if !b.answered[i] {
			b.e.giveUp(b.seq+uint32(i), late{port: b.port, dump: b.in.mayDump(b.reqs[i])})
		}
	}
}

// request is the message of a request in the window; nil if it could not be made.
func (b *batch) request(i int) []byte {
	if i < b.first || i >= b.first+len(b.starts) {
		return nil
	}
	buf := b.buf[b.starts[i-b.first]:]
	if len(buf) < pump.HeaderLen || binary.NativeEndian.Uint32(buf[8:]) != b.seq+uint32(i) {
		return nil
	}
	return buf[:binary.NativeEndian.Uint32(buf)]
}

// loseAll ends the window: for the requests without an answer, err is why.
func (b *batch) loseAll(err error) {
	for i := b.first; i < b.next; i++ {
		if !b.answered[i] {
			b.fail(i, b.failure(i, err))
		}
	}
	b.missing = 0
}

func (b *batch) fail(i int, err *Error) {
	b.results[i], b.failed = err, true
	b.answered[i] = true
}

// failure is the error of a request that the kernel did not answer.
func (b *batch) failure(i int, err error) *Error {
	e := b.in.error("batch", b.request(i), err)
	e.Type, e.Flags = b.reqs[i].Type, b.reqs[i].Flags
	return e
}

func (b *batch) summary() error {
	s := BatchError{Requests: len(b.results)}
	for i, err := range b.results {
		switch {
		case err == nil:
			continue
		case errors.Is(err, ErrUnknownOutcome):
			s.Unknown++
		case errors.Is(err, ErrNotSent):
			s.NotSent++
		default:
			s.Failed++
		}
		if s.Err == nil || errors.Is(s.Err, ErrNotSent) {
			s.First, s.Err = i, err
		}
	}
	if s.Err == nil {
		return nil
	}
	return &s
}
