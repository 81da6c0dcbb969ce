//go:build vm

package kmodtest_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/progtest"
)

// patience is how long anything may take before it counts as a hang.
const patience = 30 * time.Second

// insmod loads a module, which is a file in the directory of the tests.
func insmod(name string, params ...string) error {
	file, err := os.Open(name + ".ko")
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if show {
		progtest.Transcript("$ insmod " + name + ".ko " + strings.Join(params, " "))
	}
	for {
		// The runtime's signals come here, too.
		err := unix.FinitModule(int(file.Fd()), strings.Join(params, " "), 0)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// rmmod unloads a module; sockets of its protocol keep it busy, so it waits for those that are about to be closed.
func rmmod(name string) error {
	for end := time.Now().Add(patience); ; {
		err := unix.DeleteModule(name, unix.O_NONBLOCK)
		if !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR) || time.Now().After(end) {
			return err
		}
		time.Sleep(time.Millisecond)
	}
}

// load loads a module until the test ends. Call it before sockets of its protocol are opened, so that they are closed first.
func load(t *testing.T, name string, params ...string) {
	t.Helper()
	require.NoError(t, insmod(name, params...), "insmod %s", name)
	t.Cleanup(func() { require.NoError(t, rmmod(name), "rmmod %s", name) })
}

// kernelLog returns what a module has logged since the last call of the function that it returns.
func kernelLog(t *testing.T, module string) (since func() []string) {
	t.Helper()
	read := func() (lines []string) {
		size, err := unix.Klogctl(unix.SYSLOG_ACTION_SIZE_BUFFER, nil)
		require.NoError(t, err)
		buf := make([]byte, size)
		n, err := unix.Klogctl(unix.SYSLOG_ACTION_READ_ALL, buf)
		require.NoError(t, err)
		for l := range strings.SplitSeq(string(buf[:n]), "\n") {
			if _, text, ok := strings.Cut(l, module+": "); ok {
				lines = append(lines, text)
			}
		}
		return lines
	}
	seen := len(read())
	return func() []string {
		all := read()
		fresh := all[min(seen, len(all)):]
		seen = len(all)
		return fresh
	}
}
