package examples_test

import (
	"os"
	"path/filepath"
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

// The Dockerfile that the README shows is the one that make docker builds.
func TestReadmeShowsTheDockerfile(t *testing.T) {
	file, err := os.ReadFile("container/Dockerfile")
	require.NoError(t, err)
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	require.Contains(t, string(readme), "```dockerfile\n"+string(file)+"```\n")
}

// Each program is listed, and each that is listed is there.
func TestIndexListsThePrograms(t *testing.T) {
	index, err := os.ReadFile("README.md")
	require.NoError(t, err)
	var listed, there []string
	for _, m := range regexp.MustCompile(`(?m)^\| \[.+?\]\((.+?)\) \|`).FindAllStringSubmatch(string(index), -1) {
		listed = append(listed, m[1])
	}
	programs, err := filepath.Glob("*/main.go")
	require.NoError(t, err)
	for _, name := range programs {
		there = append(there, filepath.Dir(name))
		program, err := os.ReadFile(name)
		require.NoError(t, err)
		require.LessOrEqual(t, strings.Count(string(program), "\n"), 120, name)
	}
	require.ElementsMatch(t, there, listed)
}
