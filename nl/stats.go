package nl

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"

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

func (s *counters) received(b *pump.Batch) {
	s.datagrams.Add(uint64(b.Datagrams()))
	s.bytesReceived.Add(uint64(b.Bytes()))
	if n := b.Refused(); n > 0 {
		s.refused.Add(uint64(n))
	}
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

func (in *conn) overrun(what string) {
	in.stats.overruns.Add(1)
	in.log(slog.LevelWarn, "messages were lost since the receive buffer was full", "socket", what)
}

func (in *conn) truncated(d *pump.Datagram) {
	in.stats.truncations.Add(1)
	in.log(slog.LevelWarn, "a datagram was too large, and is lost", "bytes", d.Real)
}

func (in *conn) log(level slog.Level, text string, args ...any) {
	if in.cfg.logger != nil {
		in.cfg.logger.Log(context.Background(), level, "netlink: "+text, append(args, "family", in.family)...)
	}
}
