package nl

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/golibnl/golibnl/internal/pump"
)

// inbox keeps messages that were received while something else was waited for, until somebody asks for them. What it has
// no room for is lost, and it says so, like a socket. It belongs to an exchange, and is used with that locked.
type inbox struct {
	queue  []Message
	size   int  // bytes, of all payloads and a share of the rest
	missed bool // messages were lost after those in the queue
	waiter *waiter
	taken  atomic.Bool // somebody goes through it; used without the lock
}

// inboxRoom is how many bytes an inbox holds.
const inboxRoom = 1 << 20

// messageCost is what a message costs besides its payload.
const messageCost = 128

func (i *inbox) add(in *conn, m *pump.Message) {
	cost := len(m.Payload) + messageCost
	switch {
	case i.missed:
	case i.size+cost > inboxRoom:
		i.missed = true
		in.overrun("inbox")
	default:
		i.size += cost
		i.queue = append(i.queue, in.message(m).Clone())
	}
	i.tell()
}

// putBack puts messages that were not asked for any more before those that came since.
func (i *inbox) putBack(queue []Message, missed bool) {
	for _, m := range queue {
		i.size += len(m.Payload) + messageCost
	}
	i.queue = slices.Concat(queue, i.queue)
	i.missed = i.missed || missed
}

// overrun says that messages were lost before they got here.
func (i *inbox) overrun() {
	i.missed = true
	i.tell()
}

func (i *inbox) tell() {
	if i.waiter != nil {
		i.waiter.finish()
	}
}

// each yields what is in the inbox, and waits for more, until ctx ends or the loop does.
func (i *inbox) each(ctx context.Context, e *endpoint, op string, yield func(Message, error) bool) {
	in := e.owner
	if i.taken.Swap(true) {
		yield(Message{}, in.error(op, nil, ErrBusy))
		return
	}
	w := newWaiter()
	var queue []Message
	seen, missed := 0, false // of the queue, and after it
	defer func() {
		e.mu.Lock()
		i.waiter = nil
		i.putBack(queue[seen:], missed) // however the loop was left
		e.mu.Unlock()
		i.taken.Store(false)
	}()
	for {
		if ctx.Err() != nil {
			yield(Message{}, in.error(op, nil, ended(ctx)))
			return
		}
		e.mu.Lock()
		clear(queue)
		queue, i.queue = i.queue, queue[:0]
		seen, missed = 0, i.missed
		i.missed, i.size, i.waiter = false, 0, nil
		wait := len(queue) == 0 && !missed
		var err error
		if wait {
			err = in.turns.check()
		}
		if wait && err == nil {
			i.waiter = &w
			e.enqueue(&w)
		}
		e.mu.Unlock()
		if wait {
			if err == nil {
				err = e.await(ctx, &w, nil)
			}
			if err != nil {
				yield(Message{}, in.error(op, nil, err))
				return
			}
			continue
		}
		for _, m := range queue {
			seen++
			if !yield(m, nil) {
				return
			}
		}
		if missed {
			missed = false
			if !yield(Message{}, in.error(op, nil, ErrOverrun)) {
				return
			}
		}
	}
}
