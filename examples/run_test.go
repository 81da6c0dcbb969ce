//go:build linux

package examples_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/golibnl/golibnl/internal/progtest"
)

// bin is where TestMain puts the programs.
var bin string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if bin, err = os.MkdirTemp("", "examples"); err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(bin) }()
		out, err := exec.Command("go", "build", "-o", bin+string(filepath.Separator), "./...").CombinedOutput()
		if err != nil {
			fmt.Fprintf(os.Stderr, "building the examples: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// start runs a program of this folder, in the network namespace of the calling thread.
func start(t *testing.T, name string, args ...string) *progtest.Program {
	t.Helper()
	return progtest.Start(t, filepath.Join(bin, name), args...)
}

// standin is the line that a program says first with -standin.
func standin(module string) string {
	return "-standin: a process in user space, on NETLINK_USERSOCK, plays the module " + module
}
