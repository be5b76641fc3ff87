package caddymodule

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestAdaptErrors: for each sentence in which the Caddyfile parser complains
// there is a Caddyfile in testdata that it is said of.
func TestAdaptErrors(t *testing.T) {
	unreachable := map[string]string{
		"reading the odoo_gateway option before this one: %v": "the option before was written by the same parser",
	}
	files, err := filepath.Glob("testdata/error_*.caddyfiletest")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var said []string
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		input, _, _ := strings.Cut(string(text), "\n----------\n")
		if _, err := adapt(input + "\n"); err != nil {
			said = append(said, err.Error())
		}
	}
	sentences := complaints(t)
	if len(sentences) < 30 {
		t.Fatalf("only %d sentences are found", len(sentences))
	}
	verb := regexp.MustCompile(`%[a-z]`)
	for where, sentence := range sentences {
		parts := verb.Split(sentence, -1)
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		if _, ok := unreachable[sentence]; !ok && !regexp.MustCompile("(?s)"+strings.Join(parts, ".*")).MatchString(strings.Join(said, "\n")) {
			t.Errorf("%s: no error_*.caddyfiletest makes it say %q", where, sentence)
		}
	}
}

// complaints are the texts of the parser's own errors, by where they are.
func complaints(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("caddyfile*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			method, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || method.Sel.Name != "Err" && method.Sel.Name != "Errf" {
				return true
			}
			sentence := call.Args[0]
			if sum, ok := sentence.(*ast.BinaryExpr); ok {
				sentence = sum.X
			}
			if _, ok := sentence.(*ast.BasicLit); ok {
				found[set.Position(call.Pos()).String()] = text(t, sentence)
			}
			return true
		})
	}
	return found
}
