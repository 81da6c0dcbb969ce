package libnl_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// build runs go build on the package in another environment, and returns what it prints: it must fail.
func build(t *testing.T, env ...string) string {
	t.Helper()
	cmd := exec.Command("go", "build", "-o", os.DevNull, ".")
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	require.Error(t, err, "%s", out)
	return string(out)
}

// Builds that cannot work say why.
func TestBuildThatCannotWork(t *testing.T) {
	const needs = "golibnl_needs_GOOS_linux_and_CGO_ENABLED_1_and_a_C_compiler"
	for _, env := range [][]string{{"CGO_ENABLED=0"}, {"GOOS=darwin", "CGO_ENABLED=0"}, {"GOOS=windows", "CGO_ENABLED=0"}} {
		out := build(t, env...)
		require.Contains(t, out, needs)
		require.Equal(t, 1, strings.Count(out, "undefined:"), "nothing beside it: %s", out)
	}

	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	// New flags, since the build cache does not see that pkg-config answers differently.
	out := build(t, "PKG_CONFIG_LIBDIR="+t.TempDir(), "PKG_CONFIG_PATH=", "CGO_CFLAGS=-I"+t.TempDir())
	quoted := regexp.MustCompile(`(?s)prints\n\n(.*?)\n\n`).FindSubmatch(readme)
	require.NotNil(t, quoted)
	for line := range strings.Lines(string(quoted[1])) {
		require.Contains(t, out, strings.TrimSpace(line), "README quotes it")
	}
	require.Contains(t, string(readme), needs)
	// Headers that say they are of an older release, before the real ones.
	dir := t.TempDir()
	include := strings.TrimPrefix(strings.Fields(pkgConfig(t, "--cflags-only-I", "libnl-3.0"))[0], "-I")
	version, err := os.ReadFile(filepath.Join(include, "netlink", "version.h"))
	require.NoError(t, err)
	old := regexp.MustCompile(`(?m)^(#define LIBNL_VER_MIN\s+)\d+`).ReplaceAll(version, []byte("${1}6"))
	require.NotEqual(t, string(version), string(old))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "netlink"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "netlink", "version.h"), old, 0o600))
	out = build(t, "CGO_CPPFLAGS=-I"+dir)
	require.Contains(t, out, "golibnl needs libnl 3.7.0 or newer")
}
