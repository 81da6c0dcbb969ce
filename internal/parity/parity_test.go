//go:build linux && cgo

package parity

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/internal/testns"
)

// tally counts runs: a scenario over one kind of socket.
type tally struct{ equal, purpose, unequal int }

func (a *tally) add(b tally) {
	a.equal += b.equal
	a.purpose += b.purpose
	a.unequal += b.unequal
}

func (a tally) String() string {
	return fmt.Sprintf("equal %d, different on purpose %d, unequal %d", a.equal, a.purpose, a.unequal)
}

// TestParity runs each scenario in C on libnl and in Go on package libnl, and compares the traces. What is injected is
// sent through a real socket as well, where a peer can send it.
func TestParity(t *testing.T) {
	skipIfKindIsSet(t)
	all := scenarios(t)
	total := map[string]*tally{}
	var groups []string
	for _, sc := range all {
		if total[sc.Group] == nil {
			total[sc.Group] = &tally{}
			groups = append(groups, sc.Group)
		}
	}
	notRun := map[string]int{}
	plain, privileged := parted(all, func(sc *Scenario) bool { return !sc.Privileged() })
	compareAll(t, plain, total)
	ran := false
	testns.Run(t, func(t *testing.T) {
		ran = true
		compareAll(t, privileged, total)
	})
	if !ran {
		for _, sc := range privileged {
			notRun[sc.Group]++
		}
	}

	var sum tally
	for _, g := range groups {
		fmt.Fprintf(t.Output(), "%-10s %s%s\n", g, total[g], missing(notRun[g]))
		sum.add(*total[g])
	}
	for _, sc := range all {
		if d := sc.Expected(); d != nil {
			fmt.Fprintf(t.Output(), "on purpose: %s: %s\n", sc, d.Reason)
		}
	}
	fmt.Fprintf(t.Output(), "%s\n", sum)
	require.Zero(t, sum.unequal)
}

func missing(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", not run %d (they need a network namespace)", n)
}

// compareAll runs the scenarios each in the way that it is written for, and those that can be sent over a socket, too.
func compareAll(t *testing.T, all []*Scenario, total map[string]*tally) {
	t.Helper()
	sendable, _ := parted(all, (*Scenario).Deliverable)
	compareWay(t, all, false, total)
	compareWay(t, sendable, true, total)
}

func compareWay(t *testing.T, all []*Scenario, usersock bool, total map[string]*tally) {
	t.Helper()
	var flags []string
	if usersock {
		flags = append(flags, "-u")
	}
	c := runC(t, all, flags...)
	for _, sc := range all {
		over := sc.Over
		if usersock {
			over = Usersock
		}
		goTrace := runGo(t, sc, over)
		switch verdict, why := compare(sc, c[sc.String()], goTrace); {
		case why != "":
			total[sc.Group].unequal++
			t.Errorf("%s over %s: %s", sc, over, why)
		case verdict == onPurpose:
			total[sc.Group].purpose++
		default:
			total[sc.Group].equal++
		}
	}
}

// runGo runs the scenario with the output of libnl's built-in callbacks, which goes to standard error, out of the way.
func runGo(t *testing.T, sc *Scenario, over Over) []string {
	t.Helper()
	if !sc.OwnLoop() {
		defer silence(t)()
	}
	trace, err := sc.Run(over)
	require.NoError(t, err)
	return trace
}

type verdict int

const (
	equal verdict = iota
	onPurpose
)

// compare says what the traces are to each other, and why that is wrong, if it is.
func compare(sc *Scenario, c, goTrace []string) (verdict, string) {
	onlyC, onlyGo := diff(c, goTrace)
	differs := sc.Expected()
	if differs == nil {
		if len(onlyC)+len(onlyGo) == 0 {
			return equal, ""
		}
		return equal, fmt.Sprintf("the traces differ:\n%s", sideBySide(onlyC, onlyGo))
	}
	if !matches(onlyC, differs.C) || !matches(onlyGo, differs.Go) {
		return onPurpose, fmt.Sprintf("the traces do not differ as they are said to:\n%s", sideBySide(onlyC, onlyGo))
	}
	return onPurpose, ""
}

// matches reports whether each line has its text.
func matches(lines, texts []string) bool {
	return slices.EqualFunc(lines, texts, strings.Contains)
}

func sideBySide(onlyC, onlyGo []string) string {
	return "  C:  " + strings.Join(onlyC, "\n  C:  ") + "\n  Go: " + strings.Join(onlyGo, "\n  Go: ")
}

// diff returns the lines that only a has, and those that only b has, less a longest common subsequence.
func diff(a, b []string) (onlyA, onlyB []string) {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	n := make([][]int, len(a)+1)
	for i := range n {
		n[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			n[i][j] = max(n[i+1][j], n[i][j+1])
			if a[i] == b[j] {
				n[i][j] = n[i+1][j+1] + 1
			}
		}
	}
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			i, j = i+1, j+1
		case n[i+1][j] >= n[i][j+1]:
			onlyA = append(onlyA, a[i])
			i++
		default:
			onlyB = append(onlyB, b[j])
			j++
		}
	}
	return append(onlyA, a[i:]...), append(onlyB, b[j:]...)
}

// TestCompare shows that the comparison can fail: in every way that it is meant to.
func TestCompare(t *testing.T) {
	differs := &Difference{Reason: "so it is", C: []string{"-33"}, Go: []string{"-4&-33"}}
	for name, c := range map[string]struct {
		differs *Difference
		c, goes []string
		good    bool
	}{
		"equal":                    {nil, []string{"a", "b"}, []string{"a", "b"}, true},
		"a line changed":           {nil, []string{"a", "b"}, []string{"a", "c"}, false},
		"a line missing in Go":     {nil, []string{"a", "b"}, []string{"a"}, false},
		"a line missing in C":      {nil, []string{"b"}, []string{"a", "b"}, false},
		"nothing in C":             {nil, nil, []string{"a"}, false},
		"another order":            {nil, []string{"a", "b"}, []string{"b", "a"}, false},
		"different as said":        {differs, []string{"a", "x = -33"}, []string{"a", "x = -4&-33"}, true},
		"said to differ but equal": {differs, []string{"a"}, []string{"a"}, false},
		"different and more":       {differs, []string{"a", "x = -33"}, []string{"b", "x = -4&-33"}, false},
	} {
		_, why := compare(&Scenario{Differs: c.differs}, c.c, c.goes)
		require.Equal(t, c.good, why == "", "%s: %s", name, why)
	}
}

func TestDifferencesHaveReasons(t *testing.T) {
	for _, sc := range scenarios(t) {
		if sc.Differs != nil {
			require.Greater(t, len(sc.Differs.Reason), 20, "%s: why does it differ?", sc)
			require.NotEmpty(t, append(sc.Differs.C, sc.Differs.Go...), "%s: in what?", sc)
		}
	}
}

func skipIfKindIsSet(t *testing.T) {
	t.Helper()
	if kind := os.Getenv("NLCB"); kind != "" {
		t.Skipf("NLCB=%s gives every socket callbacks that print what scenarios do not expect", kind)
	}
}
