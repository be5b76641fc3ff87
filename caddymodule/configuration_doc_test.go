package caddymodule

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// docs/configuration.md, and docs/model-schemes.md for the rules, list the
// settings that the Caddyfile parser knows, no more and no less.
func TestConfigurationIsDocumented(t *testing.T) {
	var documented []string
	for _, name := range []string{"configuration.md", "model-schemes.md"} {
		documented = append(documented, checkSettings(t, name)...)
	}
	slices.Sort(documented)
	parsed := parsedSettings(t)
	delete(parsed, "method") // both of its settings stand in its line of model_configuration
	if blocks := slices.Sorted(maps.Keys(parsed)); !slices.Equal(documented, blocks) {
		t.Errorf("the pages have the blocks\n%v, the parser knows\n%v", documented, blocks)
	}
}

// checkSettings compares the tables of a page, below a title for each block,
// with the parser, and returns the names of the blocks.
func checkSettings(t *testing.T, name string) (documented []string) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	parsed := parsedSettings(t)
	row := regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)[ `]")
	for _, section := range strings.Split(string(page), "\n## `")[1:] {
		block, text, _ := strings.Cut(section, "`")
		text, _, _ = strings.Cut(text, "\n## ")
		var names []string
		for _, m := range row.FindAllStringSubmatch(text, -1) {
			names = append(names, m[1])
		}
		slices.Sort(names)
		if want := parsed[block]; len(want) == 0 || !slices.Equal(names, want) {
			t.Errorf("%s: the page lists\n%v, the parser knows\n%v", block, names, want)
		}
		documented = append(documented, block)
	}
	return documented
}

// parsedSettings reads the names of settings, by block, from the calls of
// parseBlock in this package.
func parsedSettings(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob("caddyfile_*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]map[string]bool{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 3 {
				return true
			}
			lines, ok := call.Args[2].(*ast.CompositeLit)
			if f, named := call.Fun.(*ast.Ident); !ok || !named || f.Name != "parseBlock" {
				return true
			}
			block := text(t, call.Args[1])
			if found[block] == nil {
				found[block] = map[string]bool{}
			}
			for _, e := range lines.Elts {
				found[block][text(t, e.(*ast.KeyValueExpr).Key)] = true
			}
			return true
		})
	}
	sorted := map[string][]string{}
	for block, names := range found {
		sorted[block] = slices.Sorted(maps.Keys(names))
	}
	return sorted
}

func text(t *testing.T, e ast.Expr) string {
	t.Helper()
	literal, ok := e.(*ast.BasicLit)
	if !ok {
		t.Fatalf("%T is no text", e)
	}
	s, err := strconv.Unquote(literal.Value)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
