package result

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Table is the whole report as Markdown.
func (r *Report) Table(targets []Target) string {
	var b strings.Builder
	b.WriteString("# Results\n\nWritten by `make bench`; [README.md](README.md) says how to read it.\n\n")
	b.WriteString("| | |\n|---|---|\n")
	for _, k := range slices.Sorted(maps.Keys(r.Machine)) {
		fmt.Fprintf(&b, "| %s | %s |\n", k, r.Machine[k])
	}
	fmt.Fprintf(&b, "| load average (1, 5, 15 minutes), before and after | %s |\n", strings.Join(r.Loads, "; "))
	if calm := r.Calm(); !math.IsNaN(calm) {
		fmt.Fprintf(&b, "| rounds in which nobody else had use of the processors | %s |\n", percent(calm))
	}
	b.WriteString("\n")
	r.targets(&b, targets)
	for i, s := range r.Measured {
		if i == 0 || r.Measured[i-1].Workload != s.Workload {
			fmt.Fprintf(&b, "\n## %s\n\n%s.", s.Workload, s.Title)
			if s.Note != "" {
				fmt.Fprintf(&b, " %s", s.Note)
			}
			b.WriteString("\n")
		}
		s.table(&b)
	}
	return b.String()
}

func (r *Report) targets(b *strings.Builder, targets []Target) {
	b.WriteString("## What was wanted\n\n| what | wanted | measured | by CPU | |\n|---|---|---:|---:|---|\n")
	for _, t := range targets {
		v := t.Value(r)
		cpu := v
		text := ""
		if t.CPU != nil && !math.IsNaN(v) {
			cpu = t.CPU(r)
			text = ratio(cpu)
		}
		var verdict string
		switch byTime, byCPU := t.Met(v), math.IsNaN(cpu) || t.Met(cpu); {
		case math.IsNaN(v):
			verdict = "not measured"
		case byTime && byCPU:
			verdict = "yes"
		case byTime:
			verdict = "**not by CPU**"
		case byCPU && t.CPU != nil && !math.IsNaN(cpu):
			verdict = "**by CPU alone**"
		default:
			verdict = "**no**"
		}
		fmt.Fprintf(b, "| %s | %s %s | %s | %s | %s |\n", t.What, t.sign(), number(t.Limit), number(v), text, verdict)
	}
}

func (s Series) table(b *strings.Builder) {
	fmt.Fprintf(b, "\n### %s\n\n", s.heading())
	if s.Memory {
		s.memory(b)
		return
	}
	head := []string{"contender", "best, ns", "median, ns", "spread", "CPU, ns", "of C", "CPU of C", "of the floor", "±", "Go allocations", "Go bytes", "peak, MiB", "threads", "system calls"}
	fmt.Fprintf(b, "| %s |\n|---|%s\n", strings.Join(head, " | "), strings.Repeat("---:|", len(head)-2)+"---|")
	rows := slices.Clone(s.Rows)
	slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(a.order(), b.order()) })
	for _, row := range rows {
		if row.Error != "" {
			fmt.Fprintf(b, "| %s | %s |%s\n", row.Contender, row.Error, strings.Repeat(" |", len(head)-2))
			continue
		}
		cells := []string{
			row.Contender, number(row.Best()), number(row.Median()), percent(row.Spread()), number(least(row.CPU)),
			ratio(s.Ratio(row.Contender, "c")), ratio(s.CPURatio(row.Contender, "c")), ratio(s.Ratio(row.Contender, s.Floor)),
			percent(s.Uncertain(row.Contender)), "", "", mib(row.Peak), whole(row.Threads), row.Calls.text(),
		}
		if row.Mallocs >= 0 {
			cells[9], cells[10] = number(row.Mallocs), number(row.Bytes)
		}
		fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | "))
	}
}

func (s Series) memory(b *strings.Builder) {
	b.WriteString("| contender | KiB each | threads |\n|---|---:|---:|\n")
	rows := slices.Clone(s.Rows)
	slices.SortStableFunc(rows, func(x, y Row) int { return cmp.Compare(EachKiB(s, x), EachKiB(s, y)) })
	for _, row := range rows {
		if row.Error != "" {
			fmt.Fprintf(b, "| %s | %s | |\n", row.Contender, row.Error)
			continue
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", row.Contender, number(EachKiB(s, row)), whole(row.Threads))
	}
}

func (s Series) heading() string {
	if s.Memory {
		return thousands(s.Size) + " " + s.Unit + "s"
	}
	rounds := 0
	for _, row := range s.Rows {
		rounds = max(rounds, len(row.Ns))
	}
	if s.Size <= 1 {
		return fmt.Sprintf("each %s, %d rounds", s.Unit, rounds)
	}
	return fmt.Sprintf("%s, each %s, %d rounds", thousands(s.Size), s.Unit, rounds)
}

func (r Row) order() float64 {
	if len(r.Ns) == 0 {
		return math.Inf(1)
	}
	return r.Median()
}

// text names the system calls, the most frequent first.
func (c Calls) text() string {
	if c == nil {
		return ""
	}
	names := slices.SortedFunc(maps.Keys(c), func(a, b string) int {
		return cmp.Or(cmp.Compare(c[b], c[a]), strings.Compare(a, b))
	})
	var parts []string
	for _, name := range names {
		if n := c[name]; n >= 0.05 {
			parts = append(parts, fmt.Sprintf("%s %s", name, number(n)))
		}
	}
	const most = 4
	if len(parts) > most {
		parts = append(parts[:most], "…")
	}
	return fmt.Sprintf("%s: %s", number(c.Total()), strings.Join(parts, ", "))
}

func least(all []float64) float64 {
	if len(all) == 0 {
		return math.NaN()
	}
	return slices.Min(all)
}

func percent(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return fmt.Sprintf("%.0f %%", 100*v)
}

func ratio(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return fmt.Sprintf("%.2f", v)
}

func number(v float64) string {
	switch {
	case math.IsNaN(v):
		return ""
	case v >= 1000:
		return thousands(int(math.Round(v)))
	case v >= 100 || v == math.Trunc(v):
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func mib(kib int) string {
	if kib == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f", float64(kib)/1024)
}

func whole(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}
