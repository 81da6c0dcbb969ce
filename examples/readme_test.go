package examples_test

import (
	"os"
	"regexp"
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

// Each program is listed, and each that is listed is there.
func TestIndexListsThePrograms(t *testing.T) {
	index, err := os.ReadFile("README.md")
	require.NoError(t, err)
	var listed, there []string
	for _, m := range regexp.MustCompile(`(?m)^\| \[(.+?)\]\((.+?)\) \|`).FindAllStringSubmatch(string(index), -1) {
		require.Equal(t, m[1], m[2])
		listed = append(listed, m[1])
	}
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, e := range entries {
		if e.IsDir() {
			there = append(there, e.Name())
			program, err := os.ReadFile(e.Name() + "/main.go")
			require.NoError(t, err)
			require.LessOrEqual(t, strings.Count(string(program), "\n"), 120, e.Name())
		}
	}
	require.ElementsMatch(t, there, listed)
}
