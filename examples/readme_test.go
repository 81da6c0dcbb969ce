package examples_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The program that the README shows is the one that is compiled here.
func TestReadmeShowsTheProgram(t *testing.T) {
	program, err := os.ReadFile("links/main.go")
	require.NoError(t, err)
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	_, body, ok := strings.Cut(string(program), "func main() {")
	require.True(t, ok)
	body, _, ok = strings.Cut(body, "\n}\n")
	require.True(t, ok)
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	require.Contains(t, squeeze(string(readme)), squeeze(body))
}
