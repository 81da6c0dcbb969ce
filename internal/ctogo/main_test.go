package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// The page in docs is what the code says.
func TestPageIsUpToDate(t *testing.T) {
	t.Chdir("../..")
	want, err := Table("libnl", "libnl/genl")
	require.NoError(t, err)
	require.Contains(t, want, "| `nl_socket_add_membership` | `(libnl.Socket).AddMembership` |")
	got, err := os.ReadFile("docs/c-to-go.md")
	require.NoError(t, err)
	require.Equal(t, want, string(got), "run make docs")
}
