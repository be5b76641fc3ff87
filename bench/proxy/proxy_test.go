//go:build linux && !race

package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestMain plays the roles of the processes that the bench starts: they are
// this program.
func TestMain(m *testing.M) {
	if serveRole() {
		return
	}
	os.Exit(m.Run())
}

// Every contender answers what it must, rules are enforced, and the tables are
// printed. It measures nothing worth reading.
func TestShort(t *testing.T) {
	var out strings.Builder
	err := run(t.Context(), options{
		rounds: 1, requests: 160, connections: 8, tokens: 80, perRound: 40, redemptions: 32, settings: []setting{{true, 100}}, dir: t.TempDir(), nginx: "nginx",
	}, &out)
	if err != nil {
		t.Fatal(err)
	}
	nginx := `\d`
	if _, err := exec.LookPath("nginx"); err != nil {
		nginx = "not found"
	}
	for _, want := range []string{
		"Caddy `reverse_proxy` \\| \\d", "nginx `proxy_pass` \\| " + nginx, "Caddy `forward_auth` .* \\| \\d", "gateway `json2` search_read \\| \\d",
		"every token new \\| \\d", "gateway `restapi` read \\| \\d", "gateway `orestapi` name_search \\| \\d",
		"rs256 \\| refresh_token grant \\| \\d", "eddsa \\| client_credentials grant \\| \\d", "\n\\| 1 at once \\| \\d", "\n\\| 16 at once \\| \\d",
	} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("%s is missing in\n%s", want, &out)
		}
	}
}

// What is not the answer that was looked at is an error, and never counted.
func TestWrongAnswersEndTheRun(t *testing.T) {
	b := &bench{options: options{rounds: 1, connections: 2}, dir: t.TempDir()}
	defer b.stop()
	if err := b.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.beside(t.Context(), setting{}); err != nil {
		t.Fatal(err)
	}
	request := fmt.Appendf(nil, "POST /json/2/res.partner/search_read HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
	right := job{Address: b.upstreamAt, Connections: 2, Count: 10, Requests: [][]byte{request}, Want: []byte(contactRecords())}
	r, err := b.do(right)
	if err != nil || r.P99 <= 0 || r.P50 > r.P99 {
		t.Fatalf("%+v, %v", r, err)
	}
	another, refused := right, right
	another.Want = []byte("[]")
	refused.Address = b.plainAt // nobody listens
	for _, j := range []job{another, refused} {
		if _, err := b.do(j); err == nil {
			t.Errorf("%+v has no error", j)
		}
	}
	if err := wantContacts([]byte("[]")); err == nil {
		t.Error("no contacts are the contacts")
	}
}

func TestCPUOfAProcess(t *testing.T) {
	before, err := cpuOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for i := range 10_000_000 {
		sum += i % 7
	}
	after, err := cpuOf(0)
	if err != nil || after <= before {
		t.Errorf("from %v to %v after %d: %v", before, after, sum, err)
	}
	if _, err := cpuOf(1 << 27); err == nil {
		t.Error("a process that is not there has spent time")
	}
}
