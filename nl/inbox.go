package nl

import (
	"sync"

	"github.com/golibnl/golibnl/internal/pump"
)

// inbox keeps messages that were received while another was waited for, until somebody asks for them. What it has no room
// for is lost, and it says so, like a socket.
type inbox struct {
	mu     sync.Mutex
	queue  []Message
	size   int  // bytes, of all payloads and a share of the rest
	missed bool // messages were lost after those in the queue
	waiter *waiter
}

// inboxRoom is how many bytes an inbox holds.
const inboxRoom = 1 << 20

// messageCost is what a message costs besides its payload.
const messageCost = 128

func (i *inbox) add(m *pump.Message) {
	i.mu.Lock()
	defer i.mu.Unlock()
	cost := len(m.Payload) + messageCost
	switch {
	case i.missed:
	case i.size+cost > inboxRoom:
		i.missed = true
	default:
		i.size += cost
		i.queue = append(i.queue, messageOf(m).Clone())
	}
	i.tell()
}

// overrun says that messages were lost before they got here.
func (i *inbox) overrun() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.missed = true
	i.tell()
}

func (i *inbox) tell() {
	if i.waiter != nil {
		i.waiter.finish()
	}
}

// take returns what is there, and whether something was lost after it. If nothing is, w will be told when it changes.
// queue is an earlier result, to be used again.
func (i *inbox) take(queue []Message, w *waiter) (_ []Message, missed bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	clear(queue)
	queue, i.queue = i.queue, queue[:0]
	missed = i.missed
	i.missed, i.size = false, 0
	if len(queue) == 0 && !missed {
		i.waiter = w
	} else {
		i.waiter = nil
	}
	return queue, missed
}
