package nl

import (
	"context"
	"log/slog"
	"runtime"
	"sync"
	"time"
)

// journal is what a connection has to log. A goroutine that is there only as long as there is something writes it, so that
// a handler may be slow, and may use the connection, whatever is locked where the record was made.
type journal struct {
	mu      sync.Mutex
	records []slog.Record
	writing bool
	missed  int // records that there was no room for
}

// maxRecords is how many records wait at most for a handler.
const maxRecords = 256

func (in *conn) log(level slog.Level, text string, args ...any) {
	ctx := context.Background()
	if in.cfg.logger == nil || !in.cfg.logger.Enabled(ctx, level) {
		return
	}
	var pc [1]uintptr
	runtime.Callers(2, pc[:])
	r := slog.NewRecord(time.Now(), level, "netlink: "+text, pc[0])
	r.Add(args...)
	r.Add("family", in.family)
	j := &in.journal
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.records) == maxRecords {
		j.missed++
		return
	}
	j.records = append(j.records, r)
	if !j.writing {
		j.writing = true
		go j.write(in.cfg.logger.Handler())
	}
}

func (j *journal) write(h slog.Handler) {
	for {
		j.mu.Lock()
		records, missed := j.records, j.missed
		j.records, j.missed = nil, 0
		if len(records) == 0 {
			j.writing = false
			j.mu.Unlock()
			return
		}
		j.mu.Unlock()
		for i, r := range records {
			if missed > 0 && i == len(records)-1 {
				r.Add("not logged since the handler is slow", missed)
			}
			handle(h, r)
		}
	}
}

// handle survives a handler that panics: there is nobody here to tell.
func handle(h slog.Handler, r slog.Record) {
	defer func() { _ = recover() }()
	_ = h.Handle(context.Background(), r)
}
