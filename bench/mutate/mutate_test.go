package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// mistakes are all that are made in testdata/sums, and what becomes of each.
// What is constant there, has a type of its own or joins texts is left alone.
var mistakes = map[string]outcome{
	"over > 10 becomes over >= 10":            killed,
	"over > 10 becomes over <= 10":            killed,
	"weak > 10 becomes weak >= 10":            lived,
	"weak > 10 becomes weak <= 10":            killed,
	"never == 1 becomes never != 1":           unreached,
	"a && b becomes a || b":                   lived,
	"a && b becomes a":                        lived,
	"a && b becomes b":                        lived,
	"!not becomes not":                        killed,
	"i != n becomes i == n":                   killed,
	"count++ becomes --":                      killed,
	"d + time.Hour/2 becomes d - time.Hour/2": killed,
	"1<<n - 1 becomes 1<<n + 1":               killed,
	"without note()":                          lived,
}

func TestMistakesOfTheFixture(t *testing.T) {
	pkg, err := load("./testdata/sums")
	if err != nil {
		t.Fatal(err)
	}
	m := &mutator{pkg: pkg}
	overlay := map[string]string{}
	for i, file := range pkg.files {
		overlay[pkg.names[i]] = m.file(i, file)
	}
	bin, err := build(pkg, overlay) // which fails where a constant stays none
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(filepath.Dir(bin))
	r := &runner{dir: pkg.dir, bin: bin, workers: 2}
	if err := r.trace(); err != nil {
		t.Fatal(err)
	}
	got, results := map[string]outcome{}, r.all(m.mutants)
	for _, mistake := range m.mutants {
		got[mistake.what] = results[mistake.id]
	}
	if !maps.Equal(got, mistakes) {
		for _, what := range slices.Sorted(maps.Keys(got)) {
			if got[what] != mistakes[what] {
				t.Errorf("%s: %s, want %q", what, got[what], mistakes[what])
			}
			delete(mistakes, what)
		}
		for what := range mistakes {
			t.Errorf("not made: %s", what)
		}
	}
}

// TestExitOfTheFixture: of 14 mistakes 8 are noticed, 57.1 %.
func TestExitOfTheFixture(t *testing.T) {
	for _, test := range []struct {
		kill float64
		want bool
	}{{57.1, true}, {57.2, false}} {
		ok, err := run(config{pattern: "./testdata/sums", kill: test.kill, workers: 2, verbose: true})
		if err != nil || ok != test.want {
			t.Errorf("at least %v %%: %v, %v", test.kill, ok, err)
		}
	}
}

// TestSampleIsTheSameForASeed, and another one for another.
func TestSampleIsTheSameForASeed(t *testing.T) {
	mistake := mutant{id: 7, file: "/a/b.go", line: 3}
	if mistake.lot(1) == mistake.lot(2) || mistake.lot(1) == (mutant{id: 8, file: "/a/b.go", line: 3}).lot(1) {
		t.Error("lots depend on something else, or on nothing")
	}
	if mistake.lot(1) != (mutant{id: 7, file: "/elsewhere/b.go", line: 3}).lot(1) {
		t.Error("lots depend on where the repository is")
	}
}
