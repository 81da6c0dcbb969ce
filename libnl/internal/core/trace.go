package core

import (
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// The leak tracer: while it is on, each owned object remembers where it was made, until it is freed.
var tracer struct {
	on atomic.Bool
	sync.Mutex
	made map[*Guard]Trace
}

// Trace tells where an object that nobody freed was made.
type Trace struct {
	Kind  string
	Stack string
}

// StartTrace turns the tracer on, for the objects made from now on. Tests call it first of all.
func StartTrace() {
	tracer.Lock()
	defer tracer.Unlock()
	tracer.made = make(map[*Guard]Trace)
	tracer.on.Store(true)
}

// Alive returns a trace for each owned object that was made since StartTrace and not freed.
func Alive() []Trace {
	tracer.Lock()
	defer tracer.Unlock()
	all := make([]Trace, 0, len(tracer.made))
	for _, t := range tracer.made {
		all = append(all, t)
	}
	return all
}

// Own records that g now guards an owned object.
func (g *Guard) Own(kind string) {
	if !tracer.on.Load() {
		return
	}
	t := Trace{Kind: kind, Stack: string(debug.Stack())}
	tracer.Lock()
	defer tracer.Unlock()
	tracer.made[g] = t
}

// Disown records that the object of g was freed.
func (g *Guard) Disown() {
	if !tracer.on.Load() {
		return
	}
	tracer.Lock()
	defer tracer.Unlock()
	delete(tracer.made, g)
}
