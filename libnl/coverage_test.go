package libnl_test

import (
	"bufio"
	"debug/elf"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// An exported function of the package, as its source has it.
type function struct {
	name string // Type.Method, or Function
	decl *ast.FuncDecl
	doc  string
}

// exported parses the package in dir and returns its exported functions, and the methods of exported types.
func exported(t *testing.T, dir string) (all []function) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	fset := token.NewFileSet()
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		require.NoError(t, err)
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !f.Name.IsExported() {
				continue
			}
			name := f.Name.Name
			if f.Recv != nil {
				recv := f.Recv.List[0].Type
				if p, ok := recv.(*ast.StarExpr); ok {
					recv = p.X
				}
				id, ok := recv.(*ast.Ident)
				if !ok || !id.IsExported() {
					continue
				}
				name = id.Name + "." + name
			}
			all = append(all, function{name: name, decl: f, doc: f.Doc.Text()})
		}
	}
	return all
}

var (
	blockRE  = regexp.MustCompile(`(?s)\nImplements:\n\n(\t.*)$`)
	symbolRE = regexp.MustCompile(`(\w+)\s*(?:\(|;)`)
)

// implements returns the C names of the Implements block, and whether there is one at the end, as it should be.
func (f function) implements() (symbols []string, ok bool) {
	m := blockRE.FindStringSubmatch(f.doc)
	if m == nil {
		return nil, false
	}
	for line := range strings.Lines(m[1]) {
		line, ok = strings.CutPrefix(strings.TrimRight(line, "\n"), "\t")
		if !ok {
			return nil, false
		}
		line = strings.TrimPrefix(line, "#define ")
		s := symbolRE.FindStringSubmatch(line)
		if s == nil {
			return nil, false
		}
		symbols = append(symbols, s[1])
	}
	return symbols, true
}

// bound maps the C names that the packages implement to the Go names.
func bound(t *testing.T) map[string]string {
	all := map[string]string{}
	for _, dir := range []string{".", "genl"} {
		for _, f := range exported(t, dir) {
			symbols, _ := f.implements()
			for _, s := range symbols {
				if other, twice := all[s]; twice {
					require.Failf(t, "bound twice", "%s by %s and by %s", s, other, f.name)
				}
				all[s] = f.name
			}
		}
	}
	return all
}

// list reads a file of testdata: a symbol, a tab, and the reason or the header.
func list(t *testing.T, name string) map[string]string {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", name))
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	all := map[string]string{}
	for sc := bufio.NewScanner(file); sc.Scan(); {
		line := sc.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		symbol, why, _ := strings.Cut(line, "\t")
		require.NotEmptyf(t, strings.TrimSpace(why), "%s: %s has no reason", name, symbol)
		require.NotContainsf(t, all, symbol, "%s: %s is there twice", name, symbol)
		all[symbol] = why
	}
	return all
}

func pkgConfig(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("pkg-config", args...).Output()
	require.NoError(t, err, "pkg-config, which built this test, no longer runs")
	return strings.TrimSpace(string(out))
}

// installed returns the symbols that the installed libraries offer, and the function-like macros of the core headers.
func installed(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, lib := range []string{"libnl-3.0", "libnl-genl-3.0"} {
		path := filepath.Join(pkgConfig(t, "--variable=libdir", lib), strings.TrimSuffix(lib, ".0")+".so")
		f, err := elf.Open(path)
		require.NoError(t, err)
		symbols, err := f.DynamicSymbols()
		require.NoError(t, err)
		require.NoError(t, f.Close())
		for _, s := range symbols {
			kind := elf.ST_TYPE(s.Info)
			if s.Section != elf.SHN_UNDEF && (kind == elf.STT_FUNC || kind == elf.STT_OBJECT) {
				all[s.Name] = true
			}
		}
	}
	include := strings.TrimPrefix(strings.Fields(pkgConfig(t, "--cflags-only-I", "libnl-3.0") + " -I/usr/include")[0], "-I")
	macro := regexp.MustCompile(`(?m)^#define\s+(\w+)\(`)
	for _, h := range []string{"attr", "errno", "handlers", "msg", "netlink", "socket", "version"} {
		text, err := os.ReadFile(filepath.Join(include, "netlink", h+".h"))
		require.NoError(t, err)
		for _, m := range macro.FindAllStringSubmatch(string(text), -1) {
			all[m[1]] = true
		}
	}
	return all
}

// Every function of the installed libraries is bound, or stands on a list with the reason why not.
func TestCoverage(t *testing.T) {
	have, bound := installed(t), bound(t)
	skip, unbound := list(t, "skip.tsv"), list(t, "unbound.tsv")
	require.Greater(t, len(have), 300, "the libraries cannot have been read")

	for s := range have {
		n := 0
		for _, in := range []bool{bound[s] != "", skip[s] != "", unbound[s] != ""} {
			if in {
				n++
			}
		}
		switch n {
		case 0:
			t.Errorf("%s is not bound, and on no list in testdata", s)
		case 1:
		default:
			t.Errorf("%s is in more than one place: bound by %q, skipped for %q, not bound yet in %q", s, bound[s], skip[s], unbound[s])
		}
	}
	for s, name := range bound {
		if !have[s] {
			t.Errorf("%s says that it implements %s, which libnl does not have", name, s)
		}
	}
	t.Logf("%d symbols: %d bound, %d skipped, %d not bound yet", len(have), len(bound), len(skip), len(unbound))
}

// The headers of this layer's core are complete.
func TestCoreHeadersAreComplete(t *testing.T) {
	core := regexp.MustCompile(`^netlink/(netlink|socket|msg|attr|handlers|errno|version)\.h$`)
	for s, header := range list(t, "unbound.tsv") {
		require.NotRegexp(t, core, header, s)
	}
}

// goOnly are the exported functions that no C function stands behind, and why they are there.
var goOnly = map[string]string{
	"OnMisuse":         "Go's answer to undefined behaviour",
	"Misuses":          "Go's answer to undefined behaviour",
	"Version":          "the versions in one call",
	"SetNlDebug":       "the variable nl_debug, written",
	"NlmsghdrFrom":     "a cast in C",
	"NlattrFrom":       "a cast in C",
	"Nlmsghdr.Bytes":   "the snapshot itself",
	"Nlmsgerr.Hdr":     "pointer arithmetic in C",
	"Msg.SetHdr":       "a write through a pointer in C",
	"Nlattr.WriteData": "a write through a pointer in C",
	"Reserved.Len":     "the room that nlmsg_reserve returns",
	"Reserved.Write":   "a write through a pointer in C",
	"Error.Error":      "the interface error",
	"CbType.String":    "the interface fmt.Stringer",
}

// Every exported function says which C function it is, what goroutines may do, who owns what, and how it fails.
func TestDocComments(t *testing.T) {
	object := regexp.MustCompile(`^\*?(Socket|Cb|Msg|Object|Data|Addr)$`)
	mentions := func(list *ast.FieldList) bool {
		if list == nil {
			return false
		}
		for _, f := range list.List {
			if p, ok := f.Type.(*ast.StarExpr); ok {
				if id, ok := p.X.(*ast.Ident); ok && object.MatchString(id.Name) {
					return true
				}
			}
		}
		return false
	}
	for _, f := range exported(t, ".") {
		if _, ok := f.implements(); !ok && goOnly[f.name] == "" {
			t.Errorf("%s: no Implements: block at the end", f.name)
		}
		method := f.name[strings.LastIndexByte(f.name, '.')+1:]
		if !strings.HasPrefix(f.doc, method+" ") {
			t.Errorf("%s: the comment does not begin with the name", f.name)
		}
		if method == "Error" || method == "String" {
			continue
		}
		if !strings.Contains(f.doc, "Goroutines:") {
			t.Errorf("%s: does not say what goroutines may do", f.name)
		}
		if (mentions(f.decl.Type.Params) || mentions(f.decl.Type.Results)) && !strings.Contains(f.doc, "Ownership:") {
			t.Errorf("%s: does not say who owns what", f.name)
		}
		if res := f.decl.Type.Results; res != nil {
			last, ok := res.List[len(res.List)-1].Type.(*ast.Ident)
			if ok && last.Name == "error" && !strings.Contains(f.doc, "Errors:") {
				t.Errorf("%s: does not say how it fails", f.name)
			}
		}
	}
}

// Every constant of linux/netlink.h is there.
func TestKernelConstantsAreComplete(t *testing.T) {
	text, err := os.ReadFile("/usr/include/linux/netlink.h")
	require.NoError(t, err)
	var src strings.Builder
	for _, name := range []string{"const_netlink.go"} {
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		src.Write(b)
	}
	names := regexp.MustCompile(`(?m)^#define\s+(\w+)[ \t]+\S|^\t((?:NETLINK|NLMSGERR|NL_ATTR|NL_POLICY)_\w+)`)
	n := 0
	for _, m := range names.FindAllStringSubmatch(string(text), -1) {
		name := m[1] + m[2]
		if strings.HasPrefix(name, "NL_MMAP") { // the memory-mapped interface that Linux 4.6 took away
			continue
		}
		n++
		require.Regexp(t, `\b`+name+`\b`, src.String())
	}
	require.Greater(t, n, 80)
}

// The tests that docs/semantics.md names exist.
func TestSemanticsNamesTests(t *testing.T) {
	text, err := os.ReadFile("../docs/semantics.md")
	require.NoError(t, err)
	paths, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	var src strings.Builder
	for _, path := range paths {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		src.Write(b)
	}
	names := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(string(text), -1)
	require.Greater(t, len(names), 15)
	for _, m := range names {
		require.Contains(t, src.String(), "func "+m[1]+"(", "docs/semantics.md")
	}
}
