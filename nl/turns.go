package nl

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"strconv"
	"sync"
)

// turns lets the requests and the dumps of a connection with one socket take turns: while a dump runs, the kernel puts
// other answers between its messages, and refuses another dump.
type turns struct {
	mu       sync.Mutex
	requests int    // in flight
	dumper   uint64 // the goroutine whose dump is running, 0 for none
	changed  chan struct{}
}

func newTurns() *turns { return &turns{changed: make(chan struct{})} }

// begin waits until a request, or a dump, may begin. A request from the loop of the running dump would wait for itself.
func (t *turns) begin(ctx context.Context, dump bool) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.dumper != 0 || dump && t.requests != 0 {
		if t.dumper == goroutine() {
			return fmt.Errorf("%w: the connection has one socket, and this is the loop of a dump on it; end the loop first, or dial without WithPort and WithFD", ErrBusy)
		}
		changed := t.changed
		t.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
		t.mu.Lock()
		if ctx.Err() != nil {
			return ended(ctx)
		}
	}
	if dump {
		t.dumper = goroutine()
	} else {
		t.requests++
	}
	return nil
}

func (t *turns) end(dump bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if dump {
		t.dumper = 0
	} else {
		t.requests--
	}
	if dump || t.requests == 0 {
		close(t.changed)
		t.changed = make(chan struct{})
	}
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
