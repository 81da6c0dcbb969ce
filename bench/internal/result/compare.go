package result

import (
	"fmt"
	"math"
	"strings"
)

// Compare says, for each contender, how far its ratio to C (to the floor, where there is no C) differs between runs.
func Compare(reports []*Report) string {
	var b strings.Builder
	if len(reports) == 0 {
		return ""
	}
	all, far := 0, 0
	for _, s := range reports[0].Measured {
		if s.Memory {
			continue // how long it took to open and to wait is beside the point
		}
		base := s.Base()
		for _, row := range s.Rows {
			low, high := math.Inf(1), math.Inf(-1)
			for _, r := range reports {
				if other, ok := r.Find(s.Workload, s.Size); ok {
					v := other.Ratio(row.Contender, base)
					low, high = math.Min(low, v), math.Max(high, v)
				}
			}
			if row.Contender == base || math.IsNaN(high) || math.IsInf(high, 0) {
				continue
			}
			all++
			if off := high/low - 1; off > 0.15 {
				far++
				fmt.Fprintf(&b, "%s/%d %s: %.2f to %.2f of %s, %.0f %% apart\n", s.Workload, s.Size, row.Contender, low, high, base, 100*off)
			}
		}
	}
	fmt.Fprintf(&b, "%d of %d ratios differ by more than 15 %% between %d runs\n", far, all, len(reports))
	return b.String()
}
