package nl

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/pump"
)

// waiting is how an endpoint waits on Go's poller. The kernel has answered most requests when the sending of them returns, so
// the poller is told of a socket for requests when somebody has to wait for the first time: from then on each message wakes it.
type waiting struct {
	mu     sync.Mutex
	file   *os.File // a duplicate of the socket's descriptor, since libnl closes its own; nil before the first wait
	raw    syscall.RawConn
	turn   uint64 // counts the readers that could be interrupted
	past   bool   // the reader of this turn is interrupted
	closed bool
}

// start returns what to wait with, for a socket.
func (w *waiting) start(fd int) (syscall.RawConn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		return nil, net.ErrClosed
	case w.raw != nil:
		return w.raw, nil
	}
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	file := os.NewFile(uintptr(dup), "netlink")
	raw, err := file.SyscallConn()
	if err == nil {
		err = file.SetReadDeadline(w.deadline())
	}
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("the socket cannot be waited for (is fs.epoll.max_user_watches used up?): %w", err)
	}
	w.file, w.raw = file, raw
	return raw, nil
}

// started returns what to wait with if somebody has waited before, nil otherwise. It fails for a reader that must not
// read at all.
func (w *waiting) started() (syscall.RawConn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		return nil, net.ErrClosed
	case w.past:
		return nil, os.ErrDeadlineExceeded
	}
	return w.raw, nil
}

func (w *waiting) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	if w.file != nil {
		_ = w.file.Close()
	}
}

// interrupt sets whether reads fail, in place of waiting. The caller holds mu.
func (w *waiting) interrupt(on bool) {
	w.past = on
	if w.file != nil {
		_ = w.file.SetReadDeadline(w.deadline())
	}
}

// deadline is that of reads: one that has passed interrupts them, none does not.
func (w *waiting) deadline() time.Time {
	if w.past {
		return time.Unix(1, 0)
	}
	return time.Time{}
}

func (e *endpoint) readNow(uintptr) bool {
	if e.batch == nil {
		e.batch = getBatch()
	}
	e.pump.Read(e.batch, e.want)
	if e.now || e.batch.Why() != pump.Empty || e.batch.Datagrams() > 0 || e.batch.Refused() > 0 {
		return true
	}
	putBatch(e.batch)
	e.batch = nil
	return false
}

// read waits until there is something to receive, with now for nothing, or until what interrupts is set in motion. It
// takes over b, which may be nil, and returns what it read into, which is nil if it failed: whoever waits holds no batch.
// It is for one goroutine at a time.
func (e *endpoint) read(b *pump.Batch, w pump.Want, now bool) (*pump.Batch, error) {
	e.batch, e.want, e.now = b, w, now
	err := e.receive()
	b, e.batch = e.batch, nil
	if err == nil {
		return b, nil
	}
	if b != nil {
		putBatch(b)
	}
	return nil, err
}

func (e *endpoint) receive() error {
	raw, err := e.waiting.started()
	if err == nil && raw == nil {
		if e.readNow(0) {
			return nil
		}
		raw, err = e.waiting.start(e.pump.FD())
	}
	if err != nil {
		return err
	}
	if err = raw.Read(e.poll); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return net.ErrClosed
	}
	return err
}

// interrupt ends the read that is waiting, if that of the turn still is.
func (e *endpoint) interrupt(turn uint64) {
	e.waiting.mu.Lock()
	defer e.waiting.mu.Unlock()
	if e.waiting.turn == turn {
		e.waiting.interrupt(true)
	}
}

// turn is what interrupt has to know of the reader that it is for.
func (e *endpoint) turn() uint64 {
	e.waiting.mu.Lock()
	defer e.waiting.mu.Unlock()
	return e.waiting.turn
}

// endTurn is for a reader that is through: what would have interrupted it does not interrupt the next one.
func (e *endpoint) endTurn() {
	e.waiting.mu.Lock()
	defer e.waiting.mu.Unlock()
	e.waiting.turn++
	if e.waiting.past {
		e.waiting.interrupt(false)
	}
}

// interruptedBy has the end of ctx interrupt the reads from now on until stop is called.
func (e *endpoint) interruptedBy(ctx context.Context) (stop func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	turn := e.turn()
	cancel := context.AfterFunc(ctx, func() { e.interrupt(turn) })
	return func() {
		cancel()
		e.endTurn()
	}
}
