package libnl_test

import (
	"bufio"
	"debug/elf"
	"fmt"
	"go/ast"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/internal/capi"
	"github.com/golibnl/golibnl/libnl"
)

// packages are the folders of the packages that bind libnl, and what names of theirs begin with in goOnly.
var packages = map[string]string{".": "", "genl": "genl."}

func exported(t *testing.T, dir string) []capi.Function {
	t.Helper()
	all, err := capi.Exported(dir)
	require.NoError(t, err)
	return all
}

// bound maps the C names that the packages implement to the Go names.
func bound(t *testing.T) map[string]string {
	all := map[string]string{}
	for dir, prefix := range packages {
		for _, f := range exported(t, dir) {
			symbols, _ := f.Implements()
			for _, s := range symbols {
				if other, twice := all[s]; twice {
					require.Failf(t, "bound twice", "%s by %s and by %s", s, other, prefix+f.Name)
				}
				all[s] = prefix + f.Name
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

// What a public header has besides functions: macros with arguments, and functions that are inline.
var (
	macroRE  = regexp.MustCompile(`(?m)^[ \t]*#[ \t]*define[ \t]+(\w+)\(`)
	inlineRE = regexp.MustCompile(`(?m)^[ \t]*static[ \t]+inline[ \t][^(;{]*?\b(\w+)\(`)
)

// installed returns what the installed libraries offer: the symbols that they export, and the macros and inline functions of
// all their public headers.
func installed(t *testing.T) (exports, macros, inlines map[string]bool) {
	t.Helper()
	exports, macros, inlines = map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, lib := range []string{"libnl-3.0", "libnl-genl-3.0"} {
		path := filepath.Join(pkgConfig(t, "--variable=libdir", lib), strings.TrimSuffix(lib, ".0")+".so")
		f, err := elf.Open(path)
		require.NoError(t, err)
		symbols, err := f.DynamicSymbols()
		require.NoError(t, err)
		require.NoError(t, f.Close())
		for _, s := range symbols {
			kind := elf.ST_TYPE(s.Info)
			if s.Section != elf.SHN_UNDEF && s.Section != elf.SHN_ABS && (kind == elf.STT_FUNC || kind == elf.STT_OBJECT) {
				exports[s.Name] = true
			}
		}
	}
	include := strings.TrimPrefix(strings.Fields(pkgConfig(t, "--cflags-only-I", "libnl-3.0") + " -I/usr/include")[0], "-I")
	for _, dir := range []string{"netlink", "netlink/genl"} {
		headers, err := filepath.Glob(filepath.Join(include, dir, "*.h"))
		require.NoError(t, err)
		require.NotEmpty(t, headers)
		for _, h := range headers {
			text, err := os.ReadFile(h)
			require.NoError(t, err)
			for _, m := range macroRE.FindAllStringSubmatch(string(text), -1) {
				macros[m[1]] = true
			}
			for _, m := range inlineRE.FindAllStringSubmatch(string(text), -1) {
				inlines[m[1]] = true
			}
		}
	}
	return exports, macros, inlines
}

// Every function of the installed libraries, and every macro and inline function of their headers, is bound, or on the list
// of those that stay out, with the reason.
func TestCoverage(t *testing.T) {
	exports, macros, inlines := installed(t)
	require.Greater(t, len(exports), 350, "the libraries cannot have been read")
	require.Greater(t, len(macros), 30, "the headers cannot have been read")
	require.Greater(t, len(inlines), 6, "the headers cannot have been read")

	have := map[string]bool{}
	for _, from := range []map[string]bool{exports, macros, inlines} {
		maps.Copy(have, from)
	}
	bound, skip := bound(t), list(t, "skip.tsv")
	for s := range have {
		switch {
		case bound[s] == "" && skip[s] == "":
			t.Errorf("%s is neither bound nor on the list in testdata", s)
		case bound[s] != "" && skip[s] != "":
			t.Errorf("%s is bound by %s, and skipped for %q", s, bound[s], skip[s])
		}
	}
	newer := list(t, "newer.tsv")
	for s, name := range bound {
		var maj, min int
		if v := newer[s]; v != "" {
			_, err := fmt.Sscanf(v, "%d.%d", &maj, &min)
			require.NoError(t, err, s)
		}
		if !have[s] && libnl.Ver(maj, min) <= libnl.LIBNL_VER_NUM {
			t.Errorf("%s says that it implements %s, which libnl does not have", name, s)
		}
	}
	for s := range newer {
		require.NotEmpty(t, bound[s], "%s is in newer.tsv, but not bound", s)
	}
	t.Logf("%d functions and variables, %d macros, %d inline functions: %d bound, %d skipped", len(exports), len(macros),
		len(inlines), len(bound), len(skip))
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
	"AddrFromNetip":    "Go's type for such an address",
	"AddrFromPrefix":   "Go's type for such an address",
	"AddrFromHardware": "Go's type for such an address",
	"Addr.Netip":       "Go's type for such an address",
	"Addr.Prefix":      "Go's type for such an address",
	"Addr.Hardware":    "Go's type for such an address",
}

// interop are the functions that share objects with C, which has no names for that.
var interop = regexp.MustCompile(`\.(Pointer|Release)$|FromPointer$`)

// Every exported function says which C function it is, what goroutines may do, who owns what, and how it fails.
func TestDocComments(t *testing.T) {
	object := regexp.MustCompile(`^\*?(Socket|Cb|Msg|Object|Data|Addr|Cache|CacheMngr|CacheOps)$`)
	mentions := func(list *ast.FieldList) bool {
		if list == nil {
			return false
		}
		for _, f := range list.List {
			p, ok := f.Type.(*ast.StarExpr)
			if !ok {
				continue
			}
			x := p.X
			if sel, ok := x.(*ast.SelectorExpr); ok {
				x = sel.Sel
			}
			if id, ok := x.(*ast.Ident); ok && object.MatchString(id.Name) {
				return true
			}
		}
		return false
	}
	for dir, prefix := range packages {
		for _, f := range exported(t, dir) {
			name := prefix + f.Name
			if _, ok := f.Implements(); !ok && goOnly[name] == "" && !interop.MatchString(name) {
				t.Errorf("%s: no Implements: block at the end", name)
			}
			method := name[strings.LastIndexByte(name, '.')+1:]
			if !strings.HasPrefix(f.Doc, method+" ") {
				t.Errorf("%s: the comment does not begin with the name", name)
			}
			if method == "Error" || method == "String" {
				continue
			}
			if !strings.Contains(f.Doc, "Goroutines:") {
				t.Errorf("%s: does not say what goroutines may do", name)
			}
			if (mentions(f.Decl.Type.Params) || mentions(f.Decl.Type.Results)) && !strings.Contains(f.Doc, "Ownership:") {
				t.Errorf("%s: does not say who owns what", name)
			}
			if res := f.Decl.Type.Results; res != nil {
				last, ok := res.List[len(res.List)-1].Type.(*ast.Ident)
				if ok && last.Name == "error" && !strings.Contains(f.Doc, "Errors:") {
					t.Errorf("%s: does not say how it fails", name)
				}
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
	more, err := filepath.Glob("genl/*_test.go")
	require.NoError(t, err)
	var src strings.Builder
	for _, path := range append(paths, more...) {
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		src.Write(b)
	}
	names := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(string(text), -1)
	require.Greater(t, len(names), 15)
	for _, m := range names {
		require.True(t, strings.Contains(src.String(), "func "+m[1]+"("), "docs/semantics.md names %s", m[1])
	}
}
