package e2e

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// checklist are the rows of docs/conformance.md, by the letter of their checklist.
var checklist = map[string][][2]int{
	"M": {{1, 34}},
	"V": {{1, 4}},
	"A": {{1, 15}, {20, 28}, {30, 38}, {40, 47}, {50, 64}, {70, 89}},
}

var testName = regexp.MustCompile("`((?:Test|Benchmark|Fuzz)[A-Z0-9]\\w*)`")

// TestConformanceNamesItsTests: every row of the page has a test that is named
// after it, and every test that the page names exists.
func TestConformanceNamesItsTests(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "conformance.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, complaint := range nonconformity(string(page), testsOf(t, "..")) {
		t.Error(complaint)
	}
}

// nonconformity says what is wrong with the page.
func nonconformity(page string, tests map[string]bool) []string {
	var wrong []string
	rows := map[string]string{}
	for line := range strings.Lines(page) {
		for _, name := range testName.FindAllStringSubmatch(line, -1) {
			if !tests[name[1]] {
				wrong = append(wrong, fmt.Sprintf("there is no %s: %.60s…", name[1], line))
			}
		}
		cells := strings.Split(line, "|")
		if row := regexp.MustCompile(`^\| ([MVA]\d+) \|.*\x60\w+\x60`).FindStringSubmatch(line); row != nil && rows[row[1]] == "" {
			rows[row[1]] = cells[len(cells)-2] // the deviations repeat rows further down
		}
	}
	for letter, spans := range checklist {
		for _, span := range spans {
			for n := span[0]; n <= span[1]; n++ {
				row := fmt.Sprint(letter, n)
				named := testName.FindAllStringSubmatch(rows[row], -1)
				if len(named) == 0 {
					wrong = append(wrong, row+" has no test")
					continue
				}
				if letter == "V" { // a checklist of this page's own
					continue
				}
				own := regexp.MustCompile("`(Test|Benchmark)" + row + "_")
				if !own.MatchString(rows[row]) {
					wrong = append(wrong, row+" has no test that is named after it")
				}
			}
		}
	}
	return wrong
}

// testsOf are the names of all tests, benchmarks and fuzz targets below a
// folder, alone and with their packages' folders.
func testsOf(t *testing.T, root string) map[string]bool {
	t.Helper()
	tests := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, declared := range file.Decls {
			if f, ok := declared.(*ast.FuncDecl); ok && f.Recv == nil && testName.MatchString("`"+f.Name.Name+"`") {
				tests[f.Name.Name] = true
				tests[filepath.Base(filepath.Dir(path))+"."+f.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests
}

// TestNonconformityIsFound: the check sees what is missing.
func TestNonconformityIsFound(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "conformance.md"))
	if err != nil {
		t.Fatal(err)
	}
	tests := testsOf(t, "..")
	for what, c := range map[string]struct{ page, want string }{
		"a row that is not there":         {regexp.MustCompile(`(?m)^\| A38 \|.*\n`).ReplaceAllString(string(page), ""), "A38 has no test"},
		"a test that does not exist":      {strings.ReplaceAll(string(page), "`TestA38_", "`TestA38_Not"), "there is no TestA38_Not"},
		"a row without a test of its own": {strings.ReplaceAll(string(page), "`TestM28_", "`TestA25_"), "M28 has no test that is named after it"},
		"a row with a test of another":    {regexp.MustCompile("`TestA38_\\w+`").ReplaceAllString(string(page), "`TestIntrospect`"), "A38 has no test that is named after it"},
		"an empty page":                   {"", "M1 has no test"},
	} {
		if found := strings.Join(nonconformity(c.page, tests), "\n"); !strings.Contains(found, c.want) {
			t.Errorf("%s: found %q", what, found)
		}
	}
	if len(tests) < 600 {
		t.Errorf("only %d tests in the tree: this one sees nothing", len(tests))
	}
}
