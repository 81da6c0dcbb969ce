package nl

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/pump"
)

// Request is what is asked of the kernel, or of a process.
type Request struct {
	Type    uint16 // such as unix.RTM_NEWADDR
	Flags   uint16 // such as unix.NLM_F_CREATE; NLM_F_REQUEST, and what else a method needs, is added
	Payload []byte // the family's own header and attributes, in the kernel's byte order
	Port    uint32 // the port ID of who is asked; 0 is the kernel
}

// Reply is the answer to a request that was carried out.
type Reply struct {
	Messages []Message // what it was answered with; they are the caller's
	Warning  string    // the kernel's words about a success; mostly ""
	Cookie   []byte    // what some families answer a success with
}

// Execute sends a request, and waits for its replies and its acknowledgement.
//
// As many requests of a connection are with the kernel at a time as the receive buffer has 16 KiB; others wait for their
// turn. If answers are larger than that, or notifications come on the same socket, enlarge it with [WithReadBuffer].
//
// The error is an [*Error]. If the kernel refused the request, it says why. If ctx ended, or messages were lost, while the
// answer was waited for, it is [ErrUnknownOutcome] besides: the kernel may have carried the request out. Requests of
// others are not affected either way.
func (c *Conn) Execute(ctx context.Context, req Request) (Reply, error) {
	in, err := c.live("execute")
	if err != nil {
		return Reply{}, err
	}
	k := calls.Get().(*call)
	err = in.execute(orBackground(ctx), k, req)
	reply := k.reply
	k.put()
	runtime.KeepAlive(c)
	if err != nil {
		return Reply{}, err
	}
	return reply, nil
}

func (in *conn) execute(ctx context.Context, k *call, req Request) error {
	if err := k.prepare(in, req); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return in.error(k.op, k.buf, ended(ctx))
	}
	if in.turns != nil {
		if err := in.turns.begin(ctx, false); err != nil {
			return in.error(k.op, k.buf, err)
		}
		defer in.turns.end(false)
	}
	e, err := in.requestEndpoint()
	if err != nil {
		return in.error(k.op, k.buf, err)
	}
	defer e.leave()
	return e.execute(ctx, k)
}

// call is a request in flight.
type call struct {
	waiter
	in   *conn
	op   string
	buf  []byte // as it is sent
	port uint32
	dump bool // it may end without an acknowledgement
	echo bool // it is answered with the notification that it causes

	reply Reply
	err   *Error
}

var calls = sync.Pool{New: func() any { return &call{waiter: newWaiter()} }}

func (k *call) put() {
	if cap(k.buf) > 1<<16 {
		k.buf = nil
	}
	select {
	case <-k.wake:
	default:
	}
	*k = call{waiter: waiter{wake: k.wake}, buf: k.buf[:0]}
	calls.Put(k)
}

func (k *call) prepare(in *conn, req Request) *Error {
	k.in, k.op, k.port = in, "execute", req.Port
	k.dump, k.echo = in.mayDump(req), req.Flags&unix.NLM_F_ECHO != 0
	if err := in.answerable(req.Port); err != nil {
		return in.error(k.op, nil, err)
	}
	buf, err := appendRequest(k.buf[:0], req, unix.NLM_F_ACK)
	if err != nil {
		return in.error(k.op, nil, err)
	}
	k.buf = buf
	return nil
}

// appendRequest appends the message of a request, with a sequence number of 0.
func appendRequest(b []byte, req Request, flags uint16) ([]byte, error) {
	n := pump.HeaderLen + len(req.Payload)
	if int64(n) > math.MaxInt32-4 {
		return b, fmt.Errorf("%w: a payload of %d bytes", unix.EMSGSIZE, len(req.Payload))
	}
	b = binary.NativeEndian.AppendUint32(b, uint32(n))
	b = binary.NativeEndian.AppendUint16(b, req.Type)
	b = binary.NativeEndian.AppendUint16(b, req.Flags|flags|unix.NLM_F_REQUEST)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0)
	b = append(b, req.Payload...)
	return append(b, zeros[:align(n)-n]...), nil
}

var zeros [unix.NLMSG_ALIGNTO]byte

// setSeq sets the sequence number and the port ID of the message at the beginning of b.
func setSeq(b []byte, seq, port uint32) {
	binary.NativeEndian.PutUint32(b[8:], seq)
	binary.NativeEndian.PutUint32(b[12:], port)
}

// late is what is known of its answer once nobody waits for it.
func (k *call) late() late { return late{port: k.port, dump: k.dump} }

// take takes a message, which is valid for the call, and reports whether it was the last one. The exchange is locked.
func (k *call) take(m *pump.Message) bool {
	switch m.Verdict {
	case pump.Noop:
		return false
	case pump.Ack, pump.Error, pump.Invalid:
		info, err := parseAck(k.in.family, k.op, k.buf, m.Flags, m.Payload)
		k.reply.Warning, k.reply.Cookie, k.err = info.warning, info.cookie, err
	case pump.Done:
		info, err := parseDone(k.in.family, k.op, k.buf, m.Flags, m.Payload)
		k.reply.Warning, k.reply.Cookie, k.err = info.warning, info.cookie, err
		if !k.dump && err == nil {
			return false // the end of a reply of several messages; the acknowledgement follows
		}
	case pump.Overrun:
		k.err = k.in.error(k.op, k.buf, unknown(ErrOverrun))
	default:
		if isControl(m.Type) {
			k.err = k.in.error(k.op, k.buf, unknown(unix.ENOMEM)) // an answer that libnl could not judge
			break
		}
		k.reply.Messages = append(k.reply.Messages, k.in.message(m).Clone())
		return false
	}
	k.finish()
	return true
}

// fail ends the call without an answer. The exchange is locked.
func (k *call) fail(err error) {
	k.err = k.in.error(k.op, k.buf, err)
	k.finish()
}

// execute sends the call and waits for its end. While a process that is asked has no room for it, it is in nobody's way.
func (e *endpoint) execute(ctx context.Context, k *call) error {
	err := e.ask(ctx, k)
	for pause := firstPause; tryAgain(err); pause = min(2*pause, lastPause) {
		if err = sleep(ctx, pause); err == nil {
			err = e.ask(ctx, k)
		}
	}
	if err != nil {
		return k.in.error(k.op, k.buf, err)
	}
	return k.result()
}

// perAnswer is how many bytes of the receive buffer each request that the kernel is asked may have for its answer.
const perAnswer = 16 << 10

// slots is the room for requests to the kernel: it puts the answer into the queue before the request is sent, whether or
// not somebody has come to read the answers before.
func slots(readBuffer int) int { return min(max(readBuffer/perAnswer, 1), 1<<10) }

// admit waits until there is room for an answer of the kernel's, until dismiss. The exchange is locked, but for the wait.
func (e *endpoint) admit(ctx context.Context) error {
	if e.room > 0 {
		e.room--
		return nil
	}
	admitted := make(chan struct{})
	e.outside = append(e.outside, admitted)
	e.mu.Unlock()
	var err error
	select {
	case <-admitted:
	case <-e.ended:
		err = net.ErrClosed
	case <-ctx.Done():
		err = ended(ctx)
	}
	e.mu.Lock()
	if err == nil {
		return nil
	}
	if i := slices.Index(e.outside, admitted); i >= 0 {
		e.outside = slices.Delete(e.outside, i, i+1)
	} else {
		e.dismiss()
	}
	return err
}

// dismiss lets in whoever has waited longest, in place of a request that has its answer. The exchange is locked.
func (e *endpoint) dismiss() {
	if len(e.outside) == 0 {
		e.room++
		return
	}
	close(e.outside[0])
	e.outside[0] = nil
	e.outside = e.outside[1:]
}

// ask fails if the call could not be sent. Whoever finds nobody reading sends and receives in one go: the kernel has
// mostly answered by then.
func (e *endpoint) ask(ctx context.Context, k *call) error {
	e.mu.Lock()
	if k.port == 0 {
		if err := e.admit(ctx); err != nil {
			e.mu.Unlock()
			return err
		}
	}
	if e.dead != nil {
		e.release(k)
		e.mu.Unlock()
		return e.dead
	}
	if e.gap > 0 && e.leader == nil && e.exclusive == nil {
		e.catchUp()
	}
	seq := e.number()
	e.pending.add(seq, k)
	setSeq(k.buf, seq, e.port)
	k.err = nil
	e.enqueue(&k.waiter)
	lead := e.leader == nil && e.exclusive == nil
	if lead {
		e.leader = &k.waiter
	}
	want := e.wanted()
	e.mu.Unlock()

	var err error
	var b *pump.Batch
	to := pump.Address{Port: k.port}
	if lead {
		b = getBatch()
		err = e.pump.Exchange(k.buf, to, b, want)
	} else {
		err = e.pump.Send(k.buf, to)
	}
	if err != nil {
		e.mu.Lock()
		e.pending.remove(seq)
		e.release(k)
		e.mu.Unlock()
		if b != nil {
			putBatch(b)
		}
		return err
	}
	e.owner.stats.sent(len(k.buf))
	if lead {
		e.mu.Lock()
		e.deliver(b)
		through := k.ready
		if through {
			e.release(k)
		}
		e.mu.Unlock()
		if through {
			putBatch(b)
			return nil
		}
	}
	err = e.await(ctx, &k.waiter, b)
	e.mu.Lock()
	if err != nil && k.err == nil && !k.ready {
		e.giveUp(seq, k.late())
		k.err = k.in.error(k.op, k.buf, unknown(err))
	}
	e.release(k)
	e.mu.Unlock()
	return nil
}

// release is for a call that is through, or given up. The exchange is locked.
func (e *endpoint) release(k *call) {
	e.dequeue(&k.waiter)
	if k.port == 0 {
		e.dismiss()
	}
}

func (k *call) result() error {
	if k.err != nil {
		return k.err
	}
	return nil
}
