package main

import (
	"math"

	"github.com/golibnl/golibnl/bench/internal/result"
)

// targets are the numbers that golibnl wants to keep.
var targets = []result.Target{
	atMost("nl: dump of 10,000 routes, of C", 0.7, "dump-routes", 10_000, "nl", "c"),
	atMost("nl: dump of 10,000 routes, of bare recvfrom", 1.25, "dump-routes", 10_000, "nl", "bare"),
	atMost("nl: dump of 10,000 routes, of mdlayher", 0.3, "dump-routes", 10_000, "nl", "mdlayher"),
	{What: "nl: dump of 10,000 routes, Go allocations", Limit: 10, Value: result.Of("dump-routes", 10_000, "nl", result.Mallocs)},
	{What: "nl: dump of 1,000,000 routes, peak memory of that at 10,000", Limit: 1.25, Value: growth},
	atMost("nl: acknowledged request, of C", 1.3, "ack", 1, "nl", "c"),
	atMost("nl: acknowledged request, of mdlayher", 0.35, "ack", 1, "nl", "mdlayher"),
	{What: "nl: acknowledged request, Go allocations", Limit: 0, Value: result.Of("ack", 1, "nl", result.Mallocs)},
	{What: "nl: acknowledged request with a context that can end, Go allocations", Limit: 4, Value: result.Of("ack", 1, "nl-cancellable", result.Mallocs)},
	atMost("nl: decoding, of mdlayher", 0.3, "decode", 1, "nl", "mdlayher"),
	{What: "nl: decoding, Go allocations", Limit: 0, Value: result.Of("decode", 1, "nl", result.Mallocs)},
	{What: "nl: notifications a second before a loss, of vishvananda", Limit: 2, AtLeast: true, Value: result.RatioOf("keep-up", 1, "vishvananda", "nl")},
	{What: "nl: notifications a second out of a full buffer, of vishvananda", Limit: 2, AtLeast: true, Value: result.RatioOf("events", 20_000, "vishvananda", "nl"), CPU: result.CPURatioOf("events", 20_000, "vishvananda", "nl")},
	{What: "nl: Go allocations for 20,000 notifications", Limit: 20, Value: result.Of("events", 20_000, "nl", result.Mallocs)},
	atMost("nl: batch of 50,000 new routes, of vishvananda's loop", 0.35, "add-routes", 50_000, "nl-batch", "vishvananda-loop"),
	atMost("nl: batch of 50,000 new routes, of ip -batch", 0.7, "add-routes", 50_000, "nl-batch", "ip-batch"),
	{What: "nl: 9,000 connections that wait, threads", Limit: 12, Value: result.Of("idle", 9000, "nl", result.Threads)},
	{What: "nl: 9,000 connections that wait, KiB each", Limit: 8, Value: result.Of("idle", 9000, "nl", result.EachKiB)},
	atMost("libnl/: dump with one Go callback a message, of C", 1.4, "dump-routes", 10_000, "libnl", "c"),
	atMost("libnl/: nl_send_auto and nl_wait_for_ack, of C", 1.15, "ack", 1, "libnl-reuse", "c-reuse"),
	atMost("libnl/: a message with ten attributes, of C", 2.5, "encode", 1, "libnl", "c"),
}

// atMost wants the time of one contender to be at most so much of that of another.
func atMost(what string, limit float64, workload string, size int, contender, other string) result.Target {
	return result.Target{
		What: what, Limit: limit,
		Value: result.RatioOf(workload, size, contender, other), CPU: result.CPURatioOf(workload, size, contender, other),
	}
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
