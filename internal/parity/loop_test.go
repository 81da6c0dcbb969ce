//go:build linux && cgo

package parity

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/internal/testns"
)

// ownLoopScenarios are those that the own loop can run without privilege.
func ownLoopScenarios(t *testing.T) []*Scenario {
	t.Helper()
	all, _ := parted(scenarios(t), func(sc *Scenario) bool { return sc.OwnLoop() && !sc.Privileged() })
	return all
}

// TestOwnLoop: the own loop is a fair model of libnl's, since it does the same in every scenario that it can run.
func TestOwnLoop(t *testing.T) {
	skipIfKindIsSet(t)
	check := func(t *testing.T, all []*Scenario, flags ...string) {
		t.Helper()
		libnls, owns := runC(t, all, flags...), runC(t, all, append(flags, "-o")...)
		for _, sc := range all {
			require.Equal(t, libnls[sc.String()], owns[sc.String()], "%s %v", sc, flags)
		}
	}
	all := ownLoopScenarios(t)
	sendable, _ := parted(all, (*Scenario).Deliverable)
	check(t, all)
	check(t, sendable, "-u")
	privileged, _ := parted(scenarios(t), func(sc *Scenario) bool { return sc.OwnLoop() && sc.Privileged() })
	testns.Run(t, func(t *testing.T) { check(t, privileged) })
}

// TestMutations gets one thing wrong at a time in the own loop; each time, a scenario must notice.
func TestMutations(t *testing.T) {
	skipIfKindIsSet(t)
	all := ownLoopScenarios(t)
	want := runC(t, all)
	mutations := strings.Split(strings.TrimSpace(outputOfC(t, "-M")), "\n")
	require.GreaterOrEqual(t, len(mutations), 10)
	for i, what := range mutations {
		got := runC(t, all, "-o", "-m", strconv.Itoa(i+1))
		var caught []string
		for _, sc := range all {
			if !slices.Equal(want[sc.String()], got[sc.String()]) {
				caught = append(caught, sc.String())
			}
		}
		if len(caught) == 0 {
			t.Errorf("nothing notices that %s", what)
			continue
		}
		fmt.Fprintf(t.Output(), "%s: noticed by %d, first %s\n", what, len(caught), caught[0])
	}
}

// branch is a row of coverage.txt.
type branch struct {
	name, what string
	scenarios  []string
}

// TestCoverage: every branch of the receive loop has a scenario that goes through it. The own loop says so.
func TestCoverage(t *testing.T) {
	skipIfKindIsSet(t)
	text, err := os.ReadFile("coverage.txt")
	require.NoError(t, err)
	rows, err := parseCoverage(string(text))
	require.NoError(t, err)

	known := map[string]bool{}
	for _, line := range strings.Split(strings.TrimSpace(outputOfC(t, "-B")), "\n") {
		known[strings.TrimPrefix(line, "branch ")] = true
	}
	exists, hits := map[string]bool{}, map[string]map[string]bool{}
	for _, sc := range scenarios(t) {
		exists[sc.String()] = true
	}
	for name, lines := range runC(t, ownLoopScenarios(t), "-o", "-b") {
		hits[name] = map[string]bool{}
		for _, line := range lines {
			if b, ok := strings.CutPrefix(line, "branch "); ok {
				hits[name][b] = true
			}
		}
	}
	require.Empty(t, checkCoverage(rows, known, exists, hits))
	fmt.Fprintf(t.Output(), "%d branches of the loop and %d cases are covered\n", len(known), len(rows)-len(known))
}

// parseCoverage reads lines of a name, scenarios, and what it is: NAME: GROUP/NAME... # TEXT.
func parseCoverage(text string) ([]branch, error) {
	var rows []branch
	for i, line := range strings.Split(text, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		rest, what, ok := strings.Cut(line, "#")
		name, names, ok2 := strings.Cut(rest, ":")
		if !ok || !ok2 {
			return nil, fmt.Errorf("coverage.txt:%d: not NAME: SCENARIO... # TEXT", i+1)
		}
		rows = append(rows, branch{name, strings.TrimSpace(what), strings.Fields(names)})
	}
	return rows, nil
}

// checkCoverage returns what is wrong with the rows. Those that begin with "case." are no branches of the loop: nobody
// can say whether a scenario is one, only that it exists.
func checkCoverage(rows []branch, known, exists map[string]bool, hits map[string]map[string]bool) (wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	have := map[string]bool{}
	for _, b := range rows {
		isCase := strings.HasPrefix(b.name, "case.")
		if have[b.name] {
			say("%s is there twice", b.name)
		}
		have[b.name] = true
		if !isCase && !known[b.name] {
			say("%s is no branch of the loop", b.name)
		}
		if len(b.scenarios) == 0 {
			say("%s has no scenario", b.name)
		}
		if b.what == "" {
			say("%s: what is it?", b.name)
		}
		for _, sc := range b.scenarios {
			switch {
			case !exists[sc]:
				say("%s: there is no scenario %s", b.name, sc)
			case !isCase && !hits[sc][b.name]:
				say("%s: the scenario %s does not go there", b.name, sc)
			}
		}
	}
	for name := range known {
		if !have[name] {
			say("%s is missing", name)
		}
	}
	return wrong
}

// TestCoverageNotices shows that the check of the table can fail: in every way that it is meant to.
func TestCoverageNotices(t *testing.T) {
	known := map[string]bool{"multi": true}
	exists := map[string]bool{"dump/one": true, "dump/two": true}
	hits := map[string]map[string]bool{"dump/one": {"multi": true}}
	for text, wrong := range map[string]string{
		"multi: dump/one # it":                       "",
		"multi: dump/one # it\ncase.x: dump/two # x": "",
		"":                       "multi is missing",
		"multi: # it":            "multi has no scenario",
		"multi: dump/one #":      "multi: what is it?",
		"multi: dump/three # it": "there is no scenario dump/three",
		"multi: dump/two # it":   "the scenario dump/two does not go there",
		"multi: dump/one # it\nmulti: dump/one # it":           "multi is there twice",
		"multi: dump/one # it\nmultiple: dump/one # it":        "multiple is no branch of the loop",
		"multi: dump/one # it\ncase.x: # x":                    "case.x has no scenario",
		"multi: dump/one # it\ncase.x: dump/one dump/none # x": "there is no scenario dump/none",
	} {
		rows, err := parseCoverage(text)
		require.NoError(t, err)
		got := strings.Join(checkCoverage(rows, known, exists, hits), "; ")
		if wrong == "" {
			require.Empty(t, got, text)
		} else {
			require.Contains(t, got, wrong, text)
		}
	}
	_, err := parseCoverage("multi dump/one")
	require.ErrorContains(t, err, "coverage.txt:1")
}
