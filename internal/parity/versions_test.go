//go:build linux && cgo

package parity

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/internal/testns"
	"github.com/golibnl/golibnl/libnl"
)

// versionTraces are what the C side did with a version of libnl.
type versionTraces struct {
	Version string
	Traces  map[string][]string
}

// TestVersions writes what the C side does on this libnl to the file PARITY_TRACES, or says in what it does otherwise than
// what is in the file PARITY_AGAINST. scripts/parity-latest asks for both.
func TestVersions(t *testing.T) {
	skipIfKindIsSet(t)
	write, read := os.Getenv("PARITY_TRACES"), os.Getenv("PARITY_AGAINST")
	if write == "" && read == "" {
		write = t.TempDir() + "/traces"
	}
	_, running := libnl.Version()
	here := versionTraces{Version: running}
	testns.Run(t, func(t *testing.T) { here.Traces = runC(t, scenarios(t)) })
	if here.Traces == nil {
		t.Skip("there is no network namespace to run all scenarios in")
	}
	if write != "" {
		text, err := json.Marshal(here)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(write, text, 0o600))
	}
	if read == "" {
		return
	}
	text, err := os.ReadFile(read)
	require.NoError(t, err)
	var there versionTraces
	require.NoError(t, json.Unmarshal(text, &there))
	n := 0
	for _, sc := range scenarios(t) {
		// What the kernel answers is not libnl's, and what a version has not cannot differ from it.
		if sc.Over == Route || there.Traces[sc.String()] == nil {
			continue
		}
		was, is := diff(there.Traces[sc.String()], here.Traces[sc.String()])
		if len(was)+len(is) == 0 {
			continue
		}
		n++
		fmt.Fprintf(t.Output(), "%s: C itself differs\n", sc)
		for _, line := range was {
			fmt.Fprintf(t.Output(), "  %s: %s\n", there.Version, line)
		}
		for _, line := range is {
			fmt.Fprintf(t.Output(), "  %s: %s\n", here.Version, line)
		}
	}
	fmt.Fprintf(t.Output(), "between libnl %s and %s, C differs in %d of %d scenarios\n", there.Version, here.Version, n,
		len(here.Traces))
}
