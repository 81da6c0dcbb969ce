package nl

import (
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/pump"
)

// counters are what a connection has counted, over all its sockets.
type counters struct {
	requests, bytesSent                   atomic.Uint64
	datagrams, bytesReceived              atomic.Uint64
	refused, overruns, truncations        atomic.Uint64
	interrupted, retries, late, malformed atomic.Uint64
}

func (s *counters) sent(bytes int) {
	s.requests.Add(1)
	s.bytesSent.Add(uint64(bytes))
}

// Stats are numbers about a connection, over all its sockets. Counters begin at Dial.
type Stats struct {
	Sent          uint64 // datagrams
	SentBytes     uint64
	Received      uint64 // datagrams
	ReceivedBytes uint64

	Refused     uint64 // messages, or datagrams, dropped since their sender is not allowed
	Late        uint64 // messages dropped since nobody waited for them any more
	Malformed   uint64 // datagrams with something in them that is no message
	Overruns    uint64 // times that messages were lost since a receive buffer was full
	Truncations uint64 // datagrams lost since they were too large

	InterruptedDumps uint64
	Retries          uint64 // of interrupted dumps

	Sockets     int    // that are open
	InFlight    int    // requests that wait for their answer
	QueuedBytes uint64 // in the kernel, waiting to be received, with its bookkeeping
	QueueBytes  uint64 // that there is room for
	KernelDrops uint64 // messages that the kernel dropped, on the sockets that are open
}

// Stats returns the numbers as they are. To publish them:
//
//	expvar.Publish("netlink", expvar.Func(func() any { return conn.Stats() }))
//
// On a closed connection the counters stay.
func (c *Conn) Stats() Stats {
	in, err := c.live("stats")
	if err != nil {
		return Stats{}
	}
	defer runtime.KeepAlive(c)
	n := &in.stats
	s := Stats{
		Sent: n.requests.Load(), SentBytes: n.bytesSent.Load(), Received: n.datagrams.Load(), ReceivedBytes: n.bytesReceived.Load(),
		Refused: n.refused.Load(), Late: n.late.Load(), Malformed: n.malformed.Load(), Overruns: n.overruns.Load(),
		Truncations: n.truncations.Load(), InterruptedDumps: n.interrupted.Load(), Retries: n.retries.Load(),
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	for e := range in.all {
		if e.enter() != nil {
			continue
		}
		s.Sockets++
		e.mu.Lock()
		s.InFlight += e.pending.len()
		e.mu.Unlock()
		if info, err := memInfo(e.pump.FD()); err == nil {
			s.QueuedBytes += uint64(info[unix.SK_MEMINFO_RMEM_ALLOC])
			s.QueueBytes += uint64(info[unix.SK_MEMINFO_RCVBUF])
			s.KernelDrops += uint64(info[unix.SK_MEMINFO_DROPS])
		}
		e.leave()
	}
	return s
}

// memInfo is SO_MEMINFO.
func memInfo(fd int) (info [unix.SK_MEMINFO_VARS]uint32, err error) {
	size := uint32(unsafe.Sizeof(info))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&info[0])), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		err = errno
	}
	return info, err
}

// trusts reports whether messages of a port are taken.
func (in *conn) trusts(port uint32) bool {
	return port == 0 || in.cfg.anySender || slices.Contains(in.cfg.senders, port)
}

// refuse counts messages of senders that are not trusted.
func (in *conn) refuse(n int) {
	in.stats.refused.Add(uint64(n))
	in.log(slog.LevelWarn, "dropped messages that neither the kernel nor another sender that is allowed sent", "messages", n)
}

// answerable says why the answer of a port would not get here; nil if it would.
func (in *conn) answerable(port uint32) error {
	if in.trusts(port) {
		return nil
	}
	return fmt.Errorf("the answer of port ID %d would be dropped: let it send to the connection with WithSenders or WithAnySender", port)
}

func (in *conn) received(b *pump.Batch) {
	in.stats.datagrams.Add(uint64(b.Datagrams()))
	in.stats.bytesReceived.Add(uint64(b.Bytes()))
	if n := b.Refused(); n > 0 {
		in.refuse(n)
	}
}

// late counts messages that came too late, or for nobody.
func (in *conn) late(n int) {
	in.stats.late.Add(uint64(n))
	in.log(slog.LevelDebug, "dropped messages that nobody waits for any more", "messages", n)
}

// malformed counts datagrams with something in them that is no message.
func (in *conn) malformed(n int) {
	if n > 0 {
		in.stats.malformed.Add(uint64(n))
		in.log(slog.LevelWarn, "dropped what is no message, to the end of its datagram", "datagrams", n)
	}
}

func (in *conn) overrun(what string) {
	in.stats.overruns.Add(1)
	in.log(slog.LevelWarn, "messages were lost since the receive buffer was full", "socket", what)
}

func (in *conn) truncated(d *pump.Datagram) {
	in.stats.truncations.Add(1)
	in.log(slog.LevelWarn, "a datagram was too large, and is lost", "bytes", d.Real)
}
