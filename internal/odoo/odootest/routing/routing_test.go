package routing

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"regexp"
	"slices"
	"testing"
)

var count = flag.Int("targets", 0, "print so many generated targets, as testdata/read.py takes them")

// forwarded is a target as net/http reads and sends it on.
func forwarded(target string) (string, bool) {
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewBufferString("POST " + target + " HTTP/1.1\r\nHost: x\r\n\r\n")))
	if err != nil {
		return "", false
	}
	return r.URL.RequestURI(), true
}

// TestTargets prints what the table is made from.
func TestTargets(t *testing.T) {
	seen := map[string]bool{}
	for r := rand.New(rand.NewPCG(1, 2)); len(seen) < *count; {
		target, ok := forwarded(Generate(r))
		if !ok || seen[target] {
			continue
		}
		seen[target] = true
		line, err := json.Marshal(target)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(string(line))
	}
}

// TestReadIsAsWerkzeug compares with what werkzeug answered, of versions 2.2
// and 3.1: what is no UTF-8 may become more or fewer U+FFFD.
func TestReadIsAsWerkzeug(t *testing.T) {
	file, err := os.Open("testdata/werkzeug.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reached := map[string]int{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var want []string
		if err := json.Unmarshal(lines.Bytes(), &want); err != nil || len(want) < 2 {
			t.Fatalf("%s: %v", lines.Bytes(), err)
		}
		got, err := Read(want[0])
		if err != nil {
			t.Error(err)
			continue
		}
		reached[got.Name]++
		if !slices.EqualFunc(append([]string{got.Name}, got.Args...), want[1:], same) {
			t.Errorf("%s reaches %q, with werkzeug %q", want[0], got, want[1:])
		}
	}
	if len(reached) < 15 || reached["json2"] < 100 || reached[""] < 100 {
		t.Errorf("the table is thin: %v", reached)
	}
}

var replaced = regexp.MustCompile("\uFFFD+")

func same(got, want string) bool {
	if regexp.MustCompile(`\A0*[0-9]+\z`).MatchString(got) { // werkzeug gives the number
		got = regexp.MustCompile(`\A0+([0-9])`).ReplaceAllString(got, "$1")
	}
	return replaced.ReplaceAllString(got, "?") == replaced.ReplaceAllString(want, "?")
}
