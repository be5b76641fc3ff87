// Command mutate tells what the tests of a package would not notice. It makes
// many small mistakes in the package, one at a time, and runs for each the
// tests that come by the place: a mistake that no test fails for is a survivor.
//
//	go run ./bench/mutate [-files regexp] [-sample n -seed n] [-v] ./internal/oauth
//
// All mistakes are compiled into one test binary and switched on by an
// environment variable, so that a run of hundreds takes minutes. Its exit
// status is 1 where fewer than -kill percent were noticed.
package main

import (
	"cmp"
	"crypto/sha256"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("mutate: ")
	files := flag.String("files", "", "mutate only the files whose name matches this regular `expression`")
	sample := flag.Int("sample", 0, "mutate only so many places, chosen by -seed; 0 is all")
	seed := flag.Uint64("seed", 1, "of -sample")
	kill := flag.Float64("kill", 80, "the least `percent` that must be noticed")
	workers := flag.Int("workers", runtime.NumCPU(), "test processes at a time")
	verbose := flag.Bool("v", false, "print every mistake, not survivors alone")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	ok, err := run(config{
		pattern: flag.Arg(0), files: *files, sample: *sample, seed: *seed,
		kill: *kill, workers: *workers, verbose: *verbose,
	})
	if err != nil {
		log.Fatal(err)
	}
	if !ok {
		os.Exit(1)
	}
}

type config struct {
	pattern string
	files   string
	sample  int
	seed    uint64
	kill    float64
	workers int
	verbose bool
}

// run makes the mistakes, prints the survivors and tells whether enough were noticed.
func run(c config) (bool, error) {
	only, err := regexp.Compile(c.files)
	if err != nil {
		return false, err
	}
	pkg, err := load(c.pattern)
	if err != nil {
		return false, err
	}
	m := &mutator{pkg: pkg}
	overlay := map[string]string{}
	for i, file := range pkg.files {
		if only.MatchString(filepath.Base(pkg.names[i])) {
			overlay[pkg.names[i]] = m.file(i, file)
		}
	}
	bin, err := build(pkg, overlay)
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(filepath.Dir(bin))
	r := &runner{dir: pkg.dir, bin: bin, workers: c.workers}
	if err := r.trace(); err != nil {
		return false, err
	}
	chosen := m.mutants
	if c.sample > 0 && c.sample < len(chosen) {
		slices.SortFunc(chosen, func(a, b mutant) int { return cmp.Compare(a.lot(c.seed), b.lot(c.seed)) })
		chosen = chosen[:c.sample]
	}
	results := r.all(chosen)
	return report(c, pkg, chosen, results), nil
}

// lot decides which mistakes a sample has: the same ones for a seed.
func (m mutant) lot(seed uint64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s:%d %d", seed, filepath.Base(m.file), m.line, m.id))
	return string(sum[:])
}

// report prints survivors and a summary.
func report(c config, pkg *loaded, mutants []mutant, results map[int]outcome) bool {
	slices.SortFunc(mutants, func(a, b mutant) int { return a.id - b.id })
	count := map[outcome]int{}
	for _, m := range mutants {
		o := results[m.id]
		count[o]++
		if c.verbose || o == lived || o == unreached {
			fmt.Printf("%-9s %s:%d: %s\n", o, filepath.Base(m.file), m.line, m.what)
		}
	}
	noticed := count[killed] + count[timedOut]
	percent := 100 * float64(noticed) / float64(max(len(mutants), 1))
	fmt.Printf("%s: %d mistakes, %d noticed (%d of them by their time), %d survived, %d reached by no test: %.1f %%\n",
		pkg.path, len(mutants), noticed, count[timedOut], count[lived], count[unreached], percent)
	return percent >= c.kill
}
