//go:build linux

package progtest

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// Outcome is what a program does that anybody can see.
type Outcome struct {
	Stdout, Stderr string
	Status         int
}

// Run runs a program to its end, in the network namespace of the calling thread.
func Run(t *testing.T, path string, args ...string) Outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); !errors.As(err, new(*exec.ExitError)) {
		require.NoError(t, err)
	}
	require.True(t, cmd.ProcessState.Exited(), "%v: %s: %s", cmd.Args, cmd.ProcessState, &stderr)
	return Outcome{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}
