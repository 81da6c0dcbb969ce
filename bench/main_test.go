package main

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/bench/internal/host"
	"github.com/golibnl/golibnl/bench/internal/result"
)

// A workload is gone through until it is settled, but at least and at most so many times; one that says how much memory
// there is, once; and none that was not asked for.
func TestWants(t *testing.T) {
	series := func(workload string, times ...float64) result.Series {
		base := make([]float64, len(times))
		laps := make([]int, len(times))
		for i := range times {
			base[i], laps[i] = 1, 1
		}
		return result.Series{
			Workload: workload, Size: 1, Floor: "bare", Laps: laps,
			Rows: []result.Row{{Contender: "nl", Ns: times}, {Contender: "bare", Ns: base}},
		}
	}
	s := &session{only: regexp.MustCompile(`^[a-z]+/1$`), laps: 3, most: 5, settle: 0.03, report: &result.Report{Measured: []result.Series{
		series("begun", 2, 2), series("settled", 2, 2, 2), series("unsettled", 2, 3, 4), series("hopeless", 2, 3, 4, 5, 6), series("memory", 2),
	}}}
	for name, want := range map[string]bool{"begun": true, "settled": false, "unsettled": true, "hopeless": false, "new": true} {
		require.Equal(t, want, s.wants(&host.Workload{Name: name}, 1), name)
	}
	require.False(t, s.wants(&host.Workload{Name: "memory", Once: true}, 1))
	require.True(t, s.wants(&host.Workload{Name: "idle", Once: true}, 1))
	require.False(t, s.wants(&host.Workload{Name: "new"}, 10), "it was not asked for")
}
