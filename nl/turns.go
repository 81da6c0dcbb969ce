package nl

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"sync"
)

// turns lets the requests and the dumps of a connection with one socket take turns, in the order in which they ask: while
// a dump runs, the kernel puts other answers between its messages, and refuses another dump.
type turns struct {
	mu       sync.Mutex
	requests int    // in flight
	dumper   uint64 // the goroutine whose dump is running, 0 for none
	waiting  []*turn
}

// turn is what somebody waits for.
type turn struct {
	dump bool
	who  uint64        // the goroutine that waits
	mine chan struct{} // closed when it may begin
}

func newTurns() *turns { return &turns{} }

// begin waits until a request, or a dump, may begin. A request from the loop of the running dump would wait for itself.
func (t *turns) begin(ctx context.Context, dump bool) error {
	t.mu.Lock()
	if !dump && t.dumper == 0 && len(t.waiting) == 0 {
		t.requests++
		t.mu.Unlock()
		return nil
	}
	n := &turn{dump: dump, who: goroutine(), mine: make(chan struct{})}
	if t.dumper == n.who {
		t.mu.Unlock()
		return fmt.Errorf("%w: the connection has one socket, and this is the loop of a dump on it; end the loop first, or dial without WithPort and WithFD", ErrBusy)
	}
	t.waiting = append(t.waiting, n)
	t.admit()
	t.mu.Unlock()
	select {
	case <-n.mine:
		return nil
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.Index(t.waiting, n); i >= 0 {
		t.waiting = slices.Delete(t.waiting, i, i+1)
		t.admit()
	} else {
		t.endLocked(dump)
	}
	return ended(ctx)
}

// admit lets begin whoever may.
func (t *turns) admit() {
	for len(t.waiting) > 0 {
		n := t.waiting[0]
		if t.dumper != 0 || n.dump && t.requests != 0 {
			return
		}
		t.waiting = slices.Delete(t.waiting, 0, 1)
		if n.dump {
			t.dumper = n.who
		} else {
			t.requests++
		}
		close(n.mine)
	}
}

func (t *turns) end(dump bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.endLocked(dump)
}

func (t *turns) endLocked(dump bool) {
	if dump {
		t.dumper = 0
	} else {
		t.requests--
	}
	t.admit()
}

// goroutine is the calling goroutine's number. Go tells it only in the text of a stack; this is for the rare case alone
// that somebody has to wait for a turn.
func goroutine() uint64 {
	var buf [64]byte
	text := bytes.TrimPrefix(buf[:runtime.Stack(buf[:], false)], []byte("goroutine "))
	digits, _, _ := bytes.Cut(text, []byte(" "))
	n, _ := strconv.ParseUint(string(digits), 10, 64)
	return n
}

// check fails for the goroutine whose dump is running: what it would wait for is received when the dump has ended.
func (t *turns) check() error {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dumper == 0 || t.dumper != goroutine() {
		return nil
	}
	return fmt.Errorf("%w: the connection has one socket, and this is the loop of a dump on it, which nothing else is received during; end the loop first", ErrBusy)
}
