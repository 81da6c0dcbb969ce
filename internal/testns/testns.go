//go:build linux

// Package testns gives a test a network namespace of its own.
package testns

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"testing"
)

// Run runs f on a thread that is in a fresh network namespace, and skips the test, with the reason, where the process may
// not make one. Sockets that f opens stay in the namespace, whoever uses them. f must not call t.FailNow or the functions
// of require on another goroutine than its own.
func Run(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	t.Run("netns", func(t *testing.T) {
		// The thread is never unlocked: it ends with the goroutine, and its namespace with it.
		runtime.LockOSThread()
		if err := syscall.Unshare(syscall.CLONE_NEWNET); err != nil {
			why := fmt.Sprintf("cannot make a network namespace (CAP_SYS_ADMIN needed): %v", err)
			if os.Getenv("CI") != "" && os.Geteuid() == 0 {
				t.Fatal(why)
			}
			t.Skip(why)
		}
		f(t)
	})
}
