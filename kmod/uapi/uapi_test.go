package uapi_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// The constants here are those of the headers, no more and no fewer.
func TestConstantsAreTheHeaders(t *testing.T) {
	headers, err := filepath.Glob("*.h")
	require.NoError(t, err)
	require.Len(t, headers, 4)
	define := regexp.MustCompile(`(?m)^(?:#define |\t)(\w+)(?: = | )(0x[0-9a-f]+|\d+|".*")`)
	want := map[string]string{}
	for _, h := range headers {
		text, err := os.ReadFile(h)
		require.NoError(t, err)
		for _, m := range define.FindAllStringSubmatch(string(text), -1) {
			want[m[1]] = m[2]
		}
	}

	file, err := parser.ParseFile(token.NewFileSet(), "uapi.go", nil, 0)
	require.NoError(t, err)
	have := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			have[spec.Names[0].Name] = spec.Values[0].(*ast.BasicLit).Value
		}
		return true
	})
	require.Equal(t, want, have)
	require.Greater(t, len(have), 30)
}
