// Package coretest is what the tests of the binding's packages watch for: objects that are left behind, and uses of freed
// ones that no test asked for.
package coretest

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/golibnl/golibnl/libnl/internal/core"
)

var unexpected atomic.Pointer[string]

// Main runs the tests of a package, and fails the run when one leaves an object behind, or uses a freed one without saying
// so. It is all of a TestMain.
func Main(m *testing.M) {
	core.StartTrace()
	core.OnMisuse(NoMisuse)
	code := m.Run()
	for _, t := range core.Alive() {
		fmt.Fprintf(os.Stderr, "leaked: a %s that was made here:\n%s\n", t.Kind, t.Stack)
		code = 1
	}
	if p := unexpected.Load(); p != nil {
		fmt.Fprintf(os.Stderr, "misuse that no test asked for: %s\n", *p)
		code = 1
	}
	os.Exit(code)
}

// NoMisuse is what Main sets as OnMisuse. A test that misuses on purpose sets something else, and sets this again.
func NoMisuse(err error) {
	s := err.Error()
	unexpected.CompareAndSwap(nil, &s)
}
