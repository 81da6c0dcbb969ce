package main

import (
	"fmt"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/bench/internal/contend"
	"github.com/golibnl/golibnl/bench/internal/wire"
)

// toggled adds routes and takes them away again, in turn, so that there are events.
var toggled struct {
	pipe  *wire.Pipe
	there int
}

// openToggle makes the links, and the connection, for toggle.
func openToggle() error {
	if err := addPair(); err != nil {
		return err
	}
	link, err := net.InterfaceByName(contend.BenchLink)
	if err != nil {
		return err
	}
	if toggled.pipe != nil {
		toggled.pipe.Close()
	}
	toggled.there = 0
	toggled.pipe, err = wire.NewPipe(link.Index)
	return err
}

// beyond is after the routes that a workload may have.
const beyond = 1 << 21

// toggle makes so many events: each time it adds routes, or takes away those that it added.
func toggle(events int) error {
	typ, flags := uint16(unix.RTM_NEWROUTE), uint16(wire.RouteFlags)
	if toggled.there > 0 {
		typ, flags = unix.RTM_DELROUTE, unix.NLM_F_REQUEST
		if toggled.there != events {
			return fmt.Errorf("%d routes are there, and %d events are wanted", toggled.there, events)
		}
	}
	n, err := toggled.pipe.Do(typ, flags, beyond, beyond+events, false)
	if err == nil && n != events {
		err = fmt.Errorf("%d of %d routes could be changed", n, events)
	}
	toggled.there = events - toggled.there
	return err
}

// overrun makes more events than a usual receive buffer holds, and leaves the routes as they were.
func overrun() error {
	const enough = 2000
	if err := toggle(enough); err != nil {
		return err
	}
	return toggle(enough)
}

// pace makes events at a rate, fifty at a time.
func pace(rate, events int) (time.Duration, error) {
	const atOnce = 50
	start := time.Now()
	for made := 0; made < events; made += atOnce {
		time.Sleep(time.Until(start.Add(time.Duration(made) * time.Second / time.Duration(rate))))
		if err := toggle(atOnce); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}
