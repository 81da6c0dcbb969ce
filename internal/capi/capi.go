// Package capi reads from the source of a package which C functions its functions implement: their doc comments end with
// a block that begins with "Implements:" and holds the C prototypes.
package capi

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
)

// Function is an exported function, or an exported method of an exported type.
type Function struct {
	Name string // Type.Method, or Function
	Decl *ast.FuncDecl
	Doc  string
}

// Exported parses the package in dir, less its tests, and returns its functions, by name.
func Exported(dir string) ([]Function, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("no Go files in %s: %w", dir, err)
	}
	var all []Function
	fset := token.NewFileSet()
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Name.IsExported() {
				if name, ok := nameOf(f); ok {
					all = append(all, Function{Name: name, Decl: f, Doc: f.Doc.Text()})
				}
			}
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Name < all[j].Name })
	return all, nil
}

func nameOf(f *ast.FuncDecl) (name string, exported bool) {
	if f.Recv == nil {
		return f.Name.Name, true
	}
	recv := f.Recv.List[0].Type
	if p, ok := recv.(*ast.StarExpr); ok {
		recv = p.X
	}
	id, ok := recv.(*ast.Ident)
	if !ok || !id.IsExported() {
		return "", false
	}
	return id.Name + "." + f.Name.Name, true
}

var (
	blockRE     = regexp.MustCompile(`(?s)\nImplements:\n\n(\t.*)$`)
	symbolRE    = regexp.MustCompile(`(\w+)\s*(?:\(|;)`)
	ownershipRE = regexp.MustCompile(`\b(owned|borrowed|consumed|consumes|ref'd)\b`)
)

// Prototypes returns the lines of the block, in order; ok is false if the comment does not end with one.
func (f Function) Prototypes() (lines []string, ok bool) {
	m := blockRE.FindStringSubmatch(f.Doc)
	if m == nil {
		return nil, false
	}
	for line := range strings.Lines(m[1]) {
		line, ok = strings.CutPrefix(strings.TrimRight(line, "\n"), "\t")
		if !ok {
			return nil, false
		}
		lines = append(lines, line)
	}
	return lines, true
}

// Implements returns the C names of the block, in order; ok is false if the comment does not end with one.
func (f Function) Implements() (symbols []string, ok bool) {
	lines, ok := f.Prototypes()
	if !ok {
		return nil, false
	}
	for _, line := range lines {
		s := symbolRE.FindStringSubmatch(strings.TrimPrefix(line, "#define "))
		if s == nil {
			return nil, false
		}
		symbols = append(symbols, s[1])
	}
	return symbols, true
}

// Ownership returns the words that the comment has for who owns what, each once, in order.
func (f Function) Ownership() []string {
	_, text, ok := strings.Cut(f.Doc, "Ownership:")
	if !ok {
		return nil
	}
	text, _, _ = strings.Cut(text, "Goroutines:")
	var words []string
	seen := map[string]bool{}
	for _, w := range ownershipRE.FindAllString(text, -1) {
		if w = strings.Replace(w, "consumes", "consumed", 1); !seen[w] {
			seen[w] = true
			words = append(words, w)
		}
	}
	return words
}
