package main

import (
	"math"

	"github.com/golibnl/golibnl/bench/internal/result"
)

// targets are the numbers that golibnl wants to keep. Of two contenders, a ratio is that of their best times.
var targets = []result.Target{
	{What: "nl: dump of 10,000 routes, of C", Limit: 0.7, Value: result.RatioOf("dump-routes", 10_000, "nl", "c")},
	{What: "nl: dump of 10,000 routes, of bare recvfrom", Limit: 1.25, Value: result.RatioOf("dump-routes", 10_000, "nl", "bare")},
	{What: "nl: dump of 10,000 routes, of mdlayher", Limit: 0.3, Value: result.RatioOf("dump-routes", 10_000, "nl", "mdlayher")},
	{What: "nl: dump of 10,000 routes, Go allocations", Limit: 10, Value: result.Of("dump-routes", 10_000, "nl", result.Mallocs)},
	{What: "nl: dump of 1,000,000 routes, peak memory of that at 10,000", Limit: 1.25, Value: growth},
	{What: "nl: acknowledged request, of C", Limit: 1.3, Value: result.RatioOf("ack", 1, "nl", "c")},
	{What: "nl: acknowledged request, of mdlayher", Limit: 0.35, Value: result.RatioOf("ack", 1, "nl", "mdlayher")},
	{What: "nl: acknowledged request, Go allocations", Limit: 0, Value: result.Of("ack", 1, "nl", result.Mallocs)},
	{What: "nl: acknowledged request with a context that can end, Go allocations", Limit: 4, Value: result.Of("ack", 1, "nl-cancellable", result.Mallocs)},
	{What: "nl: decoding, of mdlayher", Limit: 0.3, Value: result.RatioOf("decode", 1, "nl", "mdlayher")},
	{What: "nl: decoding, Go allocations", Limit: 0, Value: result.Of("decode", 1, "nl", result.Mallocs)},
	{What: "nl: notifications a second before a loss, of vishvananda", Limit: 2, AtLeast: true, Value: result.RatioOf("keep-up", 1, "vishvananda", "nl")},
	{What: "nl: Go allocations for 20,000 notifications", Limit: 20, Value: result.Of("events", 20_000, "nl", result.Mallocs)},
	{What: "nl: batch of 50,000 new routes, of vishvananda's loop", Limit: 0.35, Value: result.RatioOf("add-routes", 50_000, "nl-batch", "vishvananda-loop")},
	{What: "nl: batch of 50,000 new routes, of ip -batch", Limit: 0.7, Value: result.RatioOf("add-routes", 50_000, "nl-batch", "ip-batch")},
	{What: "nl: 9,000 connections that wait, threads", Limit: 12, Value: result.Of("idle", 9000, "nl", result.Threads)},
	{What: "nl: 9,000 connections that wait, KiB each", Limit: 8, Value: result.Of("idle", 9000, "nl", result.EachKiB)},
	{What: "libnl/: dump with one Go callback a message, of C", Limit: 1.4, Value: result.RatioOf("dump-routes", 10_000, "libnl", "c")},
	{What: "libnl/: nl_send_auto and nl_wait_for_ack, of C", Limit: 1.15, Value: result.RatioOf("ack", 1, "libnl-reuse", "c-reuse")},
	{What: "libnl/: a message with ten attributes, of C", Limit: 2.5, Value: result.RatioOf("encode", 1, "libnl", "c")},
}

// growth is how much more memory a dump of a million routes takes than one of ten thousand.
func growth(r *result.Report) float64 {
	small, ok := r.Find("dump-routes", 10_000)
	large, found := r.Find("dump-routes", 1_000_000)
	a, had := small.Row("nl")
	b, has := large.Row("nl")
	if !ok || !found || !had || !has {
		return math.NaN()
	}
	return float64(b.Peak) / float64(a.Peak)
}
