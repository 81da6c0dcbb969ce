package result

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func sample() *Report {
	return &Report{Measured: []Series{{
		Workload: "ack", Title: "Title", Unit: "request", Size: 1, Units: 1, Floor: "bare", Laps: []int{4},
		Rows: []Row{
			{Contender: "nl", Ns: []float64{1500, 900, 1000, 900}, CPU: []float64{800, 810}, Fixed: []float64{120, 100, 200, 116}, Mallocs: 2, Bytes: 1234567, Peak: 2048, Threads: 5, Calls: Calls{"recvmsg": 2, "sendto": 1, "futex": 0.01}},
			{Contender: "bare", Ns: []float64{500, 450, 500, 500}, Mallocs: 0},
			{Contender: "c", Ns: []float64{1000, 600, 500, 600}, CPU: []float64{500, 500}, Mallocs: -1},
			{Contender: "broken", Error: "it has no such thing"},
		},
	}}}
}

func TestRow(t *testing.T) {
	s := sample().Measured[0]
	nl, _ := s.Row("nl")
	require.InDelta(t, 900, nl.Best(), 0)
	require.InDelta(t, 950, nl.Median(), 0)
	require.InDelta(t, 0.056, nl.Spread(), 0.001)
	bare, _ := s.Row("bare")
	require.InDelta(t, 500, bare.Median(), 0)
	require.InDelta(t, 1.5, s.Ratio("nl", "c"), 0, "the middle two of the rounds, which are 1.5, 1.5, 2 and 1.5")
	require.True(t, math.IsNaN(s.Ratio("nl", "broken")))
	require.True(t, math.IsNaN(s.Ratio("nobody", "c")))
}

// Another lap adds its rounds, and what is counted and not timed stays the least, or the most.
func TestAdd(t *testing.T) {
	r, lap := sample(), sample().Measured[0]
	lap.Laps = []int{1}
	lap.Rows[0].Ns, lap.Rows[0].Mallocs, lap.Rows[0].Bytes, lap.Rows[0].Peak, lap.Rows[0].Calls = []float64{700}, 1, 16, 4096, nil
	r.Add(lap)
	nl, _ := r.Measured[0].Row("nl")
	require.Equal(t, []float64{1500, 900, 1000, 900, 700}, nl.Ns)
	require.Len(t, nl.Fixed, 8)
	require.InDelta(t, 1, nl.Mallocs, 0)
	require.InDelta(t, 16, nl.Bytes, 0)
	require.Equal(t, 4096, nl.Peak)
	require.Contains(t, nl.Calls, "recvmsg")
	require.Equal(t, []int{4, 1}, r.Measured[0].Laps)
	r.Add(Series{Workload: "get", Size: 1})
	require.Len(t, r.Measured, 2)
}

// How sure a ratio is shows in how far the laps differ, and not the rounds of one lap.
func TestSettled(t *testing.T) {
	s := Series{
		Floor: "bare", Laps: []int{2, 2, 2, 2},
		Rows: []Row{
			{Contender: "steady", Ns: []float64{2, 4, 4, 2, 2, 4, 4, 2}},
			{Contender: "differs", Ns: []float64{2, 2, 2, 2, 4, 4, 4, 4}},
			{Contender: "bare", Ns: []float64{1, 1, 1, 1, 1, 1, 1, 1}},
			{Contender: "broken", Error: "it has no such thing"},
		},
	}
	require.InDelta(t, 0, s.Uncertain("steady"), 0)
	require.InDelta(t, 0.192, s.Uncertain("differs"), 0.001, "the deviation of 2, 2, 4 and 4 is 1.155, half of it over their mean")
	require.True(t, math.IsNaN(s.Uncertain("broken")))
	require.False(t, s.Settled(0.19))
	require.True(t, s.Settled(0.2))
	s.Laps = []int{8}
	require.False(t, s.Settled(0.2), "one lap shows nothing")
	s.Floor = "c"
	require.True(t, s.Settled(0.2), "there is nothing to compare with")
}

func TestTable(t *testing.T) {
	text := sample().Table([]Target{
		{What: "kept", Limit: 2, Value: RatioOf("ack", 1, "nl", "bare")},
		{What: "missed", Limit: 1.4, Value: RatioOf("ack", 1, "nl", "c"), CPU: CPURatioOf("ack", 1, "nl", "c")},
		{What: "more", Limit: 2, AtLeast: true, Value: Of("ack", 1, "nl", Mallocs)},
		{What: "elsewhere", Limit: 1, Value: RatioOf("ack", 2, "nl", "c")},
	})
	require.Contains(t, text, "| rounds in which nobody else had use of the processors | 25 % |")
	require.Contains(t, text, "| kept | at most 2 | 2 |  | yes |")
	require.Contains(t, text, "| missed | at most 1.40 | 1.50 | 1.61 | **no** |")
	require.Contains(t, text, "| more | at least 2 | 2 |  | yes |")
	require.Contains(t, text, "| elsewhere | at most 1 |  |  | not measured |")
	require.Contains(t, text, "| nl | 900 | 950 | 6 % | 800 | 1.50 | 1.61 | 2.00 |  | 2 | 1,234,567 | 2.0 | 5 | 3.01: recvmsg 2, sendto 1 |")
	require.Contains(t, text, "| c | 500 | 600 | 20 % | 500 | 1.00 | 1.00 | 1.27 |  |  |  |")
	require.Contains(t, text, "| broken | it has no such thing |")
	require.NotContains(t, (&Report{}).Table(nil), "NaN", "nothing was measured")
}

func TestCompare(t *testing.T) {
	a, b := sample(), sample()
	require.Contains(t, Compare([]*Report{a, b}), "0 of 2 ratios differ")
	b.Measured[0].Rows[0].Ns = []float64{2000, 1200, 1000, 1200}
	text := Compare([]*Report{a, b})
	require.Contains(t, text, "ack/1 nl: 1.50 to 2.00 of c, 33 % apart")
	require.Contains(t, text, "1 of 2 ratios differ")
}
