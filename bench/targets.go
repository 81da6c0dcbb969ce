package main

import "github.com/golibnl/golibnl/bench/internal/result"

// targets are the numbers that golibnl wants to keep, all but one of them ratios.
var targets = []result.Target{
	{What: "nl: dump of 10,000 routes, of C", Limit: 0.7, Value: result.RatioOf("dump-routes", 10_000, "nl", "c")},
	{What: "nl: dump of 10,000 routes, of bare recvfrom", Limit: 1.25, Value: result.RatioOf("dump-routes", 10_000, "nl", "bare")},
	{What: "nl: dump of 10,000 routes, of mdlayher", Limit: 0.3, Value: result.RatioOf("dump-routes", 10_000, "nl", "mdlayher")},
	{What: "nl: dump of 10,000 routes, Go allocations", Limit: 10, Value: result.Of("dump-routes", 10_000, "nl", result.Mallocs)},
	{What: "libnl/: dump with one Go callback a message, of C", Limit: 1.4, Value: result.RatioOf("dump-routes", 10_000, "libnl", "c")},
}
