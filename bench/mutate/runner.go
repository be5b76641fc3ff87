package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// outcome is what became of a mistake.
type outcome string

const (
	killed    outcome = "killed"
	timedOut  outcome = "timed out"
	lived     outcome = "SURVIVED"
	unreached outcome = "UNREACHED"
)

// patience is how long the tests of one mistake may take.
const patience = 2 * time.Minute

// switches is the file that the package gets: which mistake is on, and with
// tracing which are come by.
const switches = `package %s

import (
	"fmt"
	"os"
	"strconv"
	"sync"
)

var (
	mutation, _   = strconv.Atoi(os.Getenv("MUTATE"))
	mutationTrace = os.Getenv("MUTATE_TRACE")
	mutationSeen  sync.Map
)

func mutated(id int) bool {
	if mutationTrace != "" {
		if _, seen := mutationSeen.LoadOrStore(id, true); !seen {
			if f, err := os.OpenFile(mutationTrace, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err == nil {
				fmt.Fprintln(f, id)
				f.Close()
			}
		}
	}
	return id == mutation
}
`

// build compiles the tests of a package with the files of an overlay.
func build(pkg *loaded, files map[string]string) (string, error) {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return "", err
	}
	files[filepath.Join(pkg.dir, "mutation_switches.go")] = fmt.Sprintf(switches, pkg.name)
	replace := map[string]string{}
	for name, text := range files {
		at := filepath.Join(dir, filepath.Base(name))
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[name] = at
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	at := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(at, overlay, 0o600); err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "tests")
	cmd := exec.Command("go", "test", "-c", "-vet=off", "-overlay", at, "-o", bin, pkg.path)
	cmd.Stderr = os.Stderr
	return bin, cmd.Run()
}

// runner runs the tests.
type runner struct {
	dir     string
	bin     string
	workers int
	tests   map[int][]string // by mistake
}

// trace finds the tests that come by each mistake. All must pass: else no
// mistake could be told from none.
func (r *runner) trace() error {
	list, err := r.command(context.Background(), "-test.list", "^(Test|Fuzz|Example)").Output()
	if err != nil {
		return err
	}
	r.tests = map[int][]string{}
	var mu sync.Mutex
	var failed error
	r.each(strings.Fields(string(list)), func(test string) {
		file := filepath.Join(filepath.Dir(r.bin), test+".trace")
		cmd := r.command(context.Background(), "-test.short", "-test.run", "^"+test+"$")
		cmd.Env = append(os.Environ(), "MUTATE_TRACE="+file)
		out, err := cmd.CombinedOutput()
		seen, _ := os.ReadFile(file) // a test may come by none
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			failed = fmt.Errorf("%s fails without a mistake: %s", test, out)
		}
		for id := range strings.FieldsSeq(string(seen)) {
			if n, err := strconv.Atoi(id); err == nil {
				r.tests[n] = append(r.tests[n], test)
			}
		}
	})
	return failed
}

// all runs the tests of every mistake.
func (r *runner) all(mutants []mutant) map[int]outcome {
	results := map[int]outcome{}
	var mu sync.Mutex
	each(r.workers, mutants, func(m mutant) {
		o := r.one(m.id)
		mu.Lock()
		defer mu.Unlock()
		results[m.id] = o
	})
	return results
}

func (r *runner) one(id int) outcome {
	tests := r.tests[id]
	if len(tests) == 0 {
		return unreached
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := r.command(ctx, "-test.short", "-test.failfast", "-test.run", "^("+strings.Join(tests, "|")+")$")
	cmd.Env = append(os.Environ(), "MUTATE="+strconv.Itoa(id))
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return timedOut
	case errors.As(err, &exit):
		return killed
	default:
		return lived
	}
}

func (r *runner) command(ctx context.Context, arguments ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, r.bin, arguments...)
	cmd.Dir = r.dir
	return cmd
}

func (r *runner) each(tests []string, do func(string)) { each(r.workers, tests, do) }

// each does something for every item, so many at a time.
func each[T any](workers int, items []T, do func(T)) {
	queue := make(chan T)
	var wg sync.WaitGroup
	for range max(workers, 1) {
		wg.Go(func() {
			for item := range queue {
				do(item)
			}
		})
	}
	for _, item := range items {
		queue <- item
	}
	close(queue)
	wg.Wait()
}
