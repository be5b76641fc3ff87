package crash

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/badgerstore"
	"github.com/caddy-odoo/gateway/internal/grant/history"
	"github.com/caddy-odoo/gateway/internal/seal"
)

// asStore makes this test binary a process that has the store in that directory
// open.
const asStore = "ODOO_GATEWAY_TEST_AS_STORE"

// freeIn names a file that says how many bytes are free, for where no disk can be
// made that is full.
const freeIn = "ODOO_GATEWAY_TEST_FREE_IN"

// question is a line that a child reads: a call about a person, or something to
// do with the store.
type question struct {
	N       int           `json:"n"`
	Subject string        `json:"subject,omitempty"`
	Call    *history.Call `json:"call,omitempty"`
	Do      string        `json:"do,omitempty"`
}

// answer is a line that it writes. The first, with N 0, says that it is open.
type answer struct {
	N     int             `json:"n"`
	Out   history.Outcome `json:"out"`
	Error string          `json:"error,omitempty"`
}

func TestMain(m *testing.M) {
	if dir := os.Getenv(asStore); dir != "" {
		if err := serve(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// key seals the store: the same for all children.
var key = []byte(strings.Repeat("k", seal.KeySize))

// long is what makes events so large that tables are written and merged in every
// few lives, and not once in an hour.
var long = strings.Repeat("long ", 3000)

// serve answers questions until it is asked to close the store, or nobody is
// there to ask.
func serve(dir string) error {
	ring, err := seal.NewRing(key)
	if err != nil {
		return err
	}
	var free func(string) (uint64, error)
	if name := os.Getenv(freeIn); name != "" {
		free = func(string) (n uint64, err error) {
			text, err := os.ReadFile(name)
			if err == nil {
				n, err = strconv.ParseUint(string(text), 10, 64)
			}
			return n, err
		}
	}
	db, err := badgerstore.Open(badgerstore.Options{
		FreeSpace: free, Dir: dir, Seal: ring, Now: func() time.Time { return history.Start }, FlushEvery: 5 * time.Millisecond, SweepEvery: 50 * time.Millisecond, AttestEvery: 3 * time.Millisecond,
	})
	if err != nil {
		return err
	}
	s := db.Store("erp")
	var writing sync.Mutex
	out := json.NewEncoder(os.Stdout)
	write := func(a answer) {
		writing.Lock()
		defer writing.Unlock()
		if out.Encode(a) != nil {
			os.Exit(1)
		}
	}
	write(answer{})
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var q question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			return err
		}
		if q.Do == "close" {
			err := db.Close()
			write(answer{N: q.N, Error: text(err)})
			return err
		}
		go func() { write(reply(s, q)) }()
	}
	return lines.Err()
}

func reply(s grant.Store, q question) answer {
	ctx := context.Background()
	if q.Do == "verify" {
		verdict, err := s.VerifyAudit(ctx, time.Now())
		if err == nil && verdict.Broken != 0 {
			err = fmt.Errorf("audit trail: %+v", verdict)
		}
		return answer{N: q.N, Error: text(err)}
	}
	o, err := q.Call.Perform(ctx, s, q.Subject)
	if err == nil && q.Call.Method == history.ReadAuthorization {
		s.Used(q.Call.Name, time.Now())
	}
	e := audit.Event{Time: time.Now(), Kind: audit.Consent, Gateway: "erp", Application: q.Subject, Detail: map[string]string{"text": long}}
	s.Audit(e, e.Time.Add(5*time.Second))
	return answer{N: q.N, Out: o, Error: text(err)}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
