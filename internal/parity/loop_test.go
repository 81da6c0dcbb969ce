//go:build linux && cgo

package parity

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/internal/testns"
	"github.com/golibnl/golibnl/libnl"
)

// ownScenarios are those that can be run with the own loop and the models.
func ownScenarios(t *testing.T) []*Scenario {
	t.Helper()
	all, _ := parted(scenarios(t), (*Scenario).OwnLoop)
	return all
}

// TestOwnLoop: the own loop and the models are fair models of libnl's functions, since they do the same in every scenario
// that they can run.
func TestOwnLoop(t *testing.T) {
	skipIfKindIsSet(t)
	check := func(t *testing.T, all []*Scenario, flags ...string) {
		t.Helper()
		libnls, owns := runC(t, all, flags...), runC(t, all, append(flags, "-o")...)
		for _, sc := range all {
			require.Equal(t, libnls[sc.String()], owns[sc.String()], "%s %v", sc, flags)
		}
	}
	privileged, all := parted(ownScenarios(t), (*Scenario).Privileged)
	sendable, _ := parted(all, (*Scenario).Deliverable)
	check(t, all)
	check(t, sendable, "-u")
	testns.Run(t, func(t *testing.T) { check(t, privileged) })
}

// TestMutations gets one thing wrong at a time in the own loop or a model; each time, a scenario must notice.
func TestMutations(t *testing.T) {
	skipIfKindIsSet(t)
	testns.Run(t, func(t *testing.T) {
		// Those that have much work for the kernel look for nothing that others don't.
		_, all := parted(ownScenarios(t), func(sc *Scenario) bool { return sc.Group == "live" || sc.Group == "ports" })
		want := runC(t, all)
		mutations := strings.Split(strings.TrimSpace(outputOfC(t, "-M")), "\n")
		require.GreaterOrEqual(t, len(mutations), 38)
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
	})
}

// branch is a row of coverage.txt.
type branch struct {
	name, what string
	scenarios  []string
}

// TestCoverage: every branch of the own loop and the models has a scenario that goes through it.
func TestCoverage(t *testing.T) {
	skipIfKindIsSet(t)
	rows := coverageTable(t, "coverage.txt")
	known := map[string]bool{}
	for _, line := range strings.Split(strings.TrimSpace(outputOfC(t, "-B")), "\n") {
		known[strings.TrimPrefix(line, "branch ")] = true
	}
	testns.Run(t, func(t *testing.T) {
		hits := hitsOf(t, ownScenarios(t), "branch ", "-o", "-b")
		require.Empty(t, checkCoverage(rows, known, existing(t), hits))
		fmt.Fprintf(t.Output(), "%d branches and %d cases are covered\n", len(known), len(rows)-len(known))
	})
}

// TestCoverageOfFunctions: every C function that packages libnl and genl have is called by the scenarios that functions.txt
// names, on both sides, or it says why not.
func TestCoverageOfFunctions(t *testing.T) {
	skipIfKindIsSet(t)
	rows := coverageTable(t, "functions.txt")
	names, err := functions()
	require.NoError(t, err)
	known := map[string]bool{}
	for _, name := range names {
		// Those that the libnl which is running has not, have no row for it.
		known[name] = slices.ContainsFunc(rows, func(b branch) bool { return strings.TrimPrefix(b.name, "none.") == name }) ||
			!newer[name]
	}
	maps.DeleteFunc(known, func(_ string, there bool) bool { return !there })
	testns.Run(t, func(t *testing.T) {
		hits := hitsOf(t, scenarios(t), "function ", "-f")
		require.Empty(t, checkCoverage(rows, known, existing(t), hits))
		without := 0
		for _, row := range rows {
			without += yes(strings.HasPrefix(row.name, "none."))
		}
		fmt.Fprintf(t.Output(), "%d functions are covered, %d are not\n", len(known)-without, without)
	})
}

// newer are functions that libnl has only since some version after 3.7.
var newer = map[string]bool{
	"nl_cache_mngr_alloc_ex": true, "nl_cache_resync_v2": true, "nla_get_sint": true, "nla_get_uint": true,
	"nla_put_sint": true, "nla_put_uint": true,
}

func coverageTable(t *testing.T, path string) []branch {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	rows, err := parseCoverage(path, string(text))
	require.NoError(t, err)
	return slices.DeleteFunc(rows, func(b branch) bool {
		since, _, ok := strings.Cut(strings.TrimPrefix(b.what, "since "), ":")
		if !ok || !strings.HasPrefix(b.what, "since ") {
			return false
		}
		v, err := version(since)
		require.NoError(t, err, b.what)
		return libnl.VerNum() < v
	})
}

func existing(t *testing.T) map[string]bool {
	t.Helper()
	exists := map[string]bool{}
	for _, sc := range scenarios(t) {
		exists[sc.String()] = true
	}
	return exists
}

// hitsOf returns what lines with a prefix say of each scenario.
func hitsOf(t *testing.T, all []*Scenario, prefix string, flags ...string) map[string]map[string]bool {
	t.Helper()
	hits := map[string]map[string]bool{}
	for name, lines := range runC(t, all, flags...) {
		hits[name] = map[string]bool{}
		for _, line := range lines {
			if b, ok := strings.CutPrefix(line, prefix); ok {
				hits[name][b] = true
			}
		}
	}
	return hits
}

// parseCoverage reads lines of a name, scenarios, and what it is: NAME: GROUP/NAME... # TEXT.
func parseCoverage(path, text string) ([]branch, error) {
	var rows []branch
	for i, line := range strings.Split(text, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		rest, what, ok := strings.Cut(line, "#")
		name, names, ok2 := strings.Cut(rest, ":")
		if !ok || !ok2 {
			return nil, fmt.Errorf("%s:%d: not NAME: SCENARIO... # TEXT", path, i+1)
		}
		rows = append(rows, branch{name, strings.TrimSpace(what), strings.Fields(names)})
	}
	return rows, nil
}

// checkCoverage returns what is wrong with the rows. Those that begin with "case." are no branches: nobody can say whether a
// scenario is one, only that it exists. Those that begin with "none." have no scenario, and say why.
func checkCoverage(rows []branch, known, exists map[string]bool, hits map[string]map[string]bool) (wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	have := map[string]bool{}
	for _, b := range rows {
		isCase := strings.HasPrefix(b.name, "case.")
		name, isNone := strings.CutPrefix(b.name, "none.")
		if have[name] {
			say("%s is there twice", name)
		}
		have[name] = true
		if !isCase && !known[name] {
			say("%s is not known", name)
		}
		if isNone != (len(b.scenarios) == 0) {
			say("%s has no scenario, or one for none", name)
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
		"":                             "multi is missing",
		"multi: # it":                  "multi has no scenario, or one for none",
		"none.multi: # since":          "",
		"none.multi: dump/one # since": "multi has no scenario, or one for none",
		"none.more: # since":           "more is not known",
		"multi: dump/one #":            "multi: what is it?",
		"multi: dump/three # it":       "there is no scenario dump/three",
		"multi: dump/two # it":         "the scenario dump/two does not go there",
		"multi: dump/one # it\nmulti: dump/one # it":           "multi is there twice",
		"multi: dump/one # it\nmultiple: dump/one # it":        "multiple is not known",
		"multi: dump/one # it\ncase.x: # x":                    "case.x has no scenario, or one for none",
		"multi: dump/one # it\ncase.x: dump/one dump/none # x": "there is no scenario dump/none",
	} {
		rows, err := parseCoverage("coverage.txt", text)
		require.NoError(t, err)
		got := strings.Join(checkCoverage(rows, known, exists, hits), "; ")
		if wrong == "" {
			require.Empty(t, got, text)
		} else {
			require.Contains(t, got, wrong, text)
		}
	}
	_, err := parseCoverage("coverage.txt", "multi dump/one")
	require.ErrorContains(t, err, "coverage.txt:1")
}
