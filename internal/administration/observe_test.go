package administration

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/badgerstore"
	"github.com/caddy-odoo/gateway/internal/scheme"
	"github.com/caddy-odoo/gateway/internal/seal"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// world is a store with what is configured at the moment.
type world struct {
	t     *testing.T
	dir   string
	ring  *seal.Ring
	db    *badgerstore.DB
	store grant.Store
	audit audit.Memory
	clock *clock.Fake

	applications   []application.Application
	schemes        []scheme.Definition
	configurations []scheme.Configuration
}

func newWorld(t *testing.T) *world {
	t.Helper()
	ring, err := seal.NewRing(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, dir: t.TempDir(), ring: ring, clock: clock.NewFake(start)}
	w.open()
	t.Cleanup(func() { _ = w.db.Close() })
	return w
}

func (w *world) open() {
	w.t.Helper()
	var err error
	if w.db, err = badgerstore.Open(badgerstore.Options{Dir: w.dir, Seal: w.ring}); err != nil {
		w.t.Fatal(err)
	}
	w.store = w.db.Store("erp")
}

func (w *world) desk() *Desk {
	w.t.Helper()
	registry, err := application.NewRegistry(w.applications)
	if err != nil {
		w.t.Fatal(err)
	}
	return New(Config{
		Gateway: "erp", Applications: registry, Schemes: w.schemes, Configurations: w.configurations,
		Store: w.store, Audit: &w.audit, Now: w.clock.Now,
	}, Actor{Via: ViaConsole, Subject: "sub-admin", Login: "admin", RequestID: "req-1", Address: "192.0.2.1"})
}

func (w *world) observe(by string, objects ...Object) {
	w.t.Helper()
	w.clock.Advance(time.Hour)
	err := Observe(w.t.Context(), Observation{
		Gateway: "erp", Objects: objects, By: by, ByProcess: strings.Contains(by, "@"), Store: w.store, Seal: w.ring, Audit: &w.audit, Now: w.clock.Now(),
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func wiki(settings ...string) Object {
	fields := map[string]string{}
	for i := 0; i < len(settings); i += 2 {
		fields[settings[i]] = settings[i+1]
	}
	return NewObject(grant.ObjectApplication, "wiki", fields)
}

// A history tells when an object came, which settings have changed, when and
// by whom, and survives reloads and restarts.
func TestHistory(t *testing.T) {
	w := newWorld(t)
	const secret = "hunter2 of the wiki"
	own := NewObject(grant.ObjectGateway, "erp", map[string]string{"issuer": "https://erp.example.com"})
	w.observe("root@erp", own, wiki("name", "Wiki", "client_secret", secret))
	w.observe("Jane", own, wiki("name", "Wiki", "client_secret", secret)) // a reload of the same
	w.observe("Jane", own, wiki("name", "Team wiki", "client_secret", "another "+secret, "logo", "x"))
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	w.open()
	w.observe("root@erp", own, wiki("name", "Team wiki", "client_secret", "another "+secret, "logo", "x"))
	w.observe("root@erp", own)
	w.observe("root@erp", own)
	w.observe("Joe", own, wiki("name", "Team wiki", "client_secret", "another "+secret))

	list, err := w.desk().Histories(t.Context(), "", Page{})
	if err != nil {
		t.Fatal(err)
	}
	at := func(hours int) time.Time { return start.Add(time.Duration(hours) * time.Hour) }
	want := []History{
		{Kind: "application", Name: "wiki", FirstSeen: at(1), LastChanged: at(7), Changes: []Change{
			{At: at(7), What: "restored", By: "Joe", Fields: []string{"logo"}},
			{At: at(5), What: "removed", By: "root@erp", ByProcess: true},
			{At: at(3), What: "changed", By: "Jane", Fields: []string{"client_secret", "logo", "name"}},
			{At: at(1), What: "added", By: "root@erp", ByProcess: true},
		}},
		{Kind: "gateway", Name: "erp", FirstSeen: at(1), LastChanged: at(1), Changes: []Change{
			{At: at(1), What: "added", By: "root@erp", ByProcess: true},
		}},
	}
	if !reflect.DeepEqual(list.History, want) || list.Next != "" {
		t.Errorf("got\n%+v\nwant\n%+v", list.History, want)
	}
	var told []string
	for _, e := range w.audit.Events() {
		if e.Kind == audit.ConfigurationChanged {
			told = append(told, e.Application+" "+e.Detail["object"]+" "+e.Detail["name"]+" "+e.Detail["what"]+" "+e.Detail["by"]+" "+e.Detail["fields"])
		}
		for _, value := range e.Detail {
			if strings.Contains(value, "hunter2") {
				t.Errorf("a secret is in the audit trail: %+v", e)
			}
		}
	}
	if !reflect.DeepEqual(told, []string{
		" gateway erp added root@erp ", "wiki application wiki added root@erp ", "wiki application wiki changed Jane client_secret logo name",
		"wiki application wiki removed root@erp ", "wiki application wiki restored Joe logo",
	}) {
		t.Errorf("audit trail: %q", told)
	}

	// Neither a secret nor what it could be guessed by lies in the store.
	if err := w.db.Close(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(secret))
	looked := 0
	err = filepath.WalkDir(w.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		looked += len(data)
		for _, trace := range [][]byte{[]byte("hunter2"), sum[:8], []byte(hex.EncodeToString(sum[:8]))} {
			if bytes.Contains(data, trace) {
				t.Errorf("%s holds a trace of a secret", path)
			}
		}
		return err
	})
	if err != nil || looked == 0 {
		t.Errorf("looked at %d bytes, %v", looked, err)
	}
}

// A history grows to its bound only.
func TestHistoryIsBounded(t *testing.T) {
	w := newWorld(t)
	for i := range grant.MaxObjectChanges + 3 {
		w.observe("x", wiki("name", strings.Repeat("x", i)))
	}
	list, err := w.desk().Histories(t.Context(), "application", Page{})
	if err != nil || len(list.History) != 1 || len(list.History[0].Changes) != grant.MaxObjectChanges || !list.History[0].FirstSeen.Equal(start.Add(time.Hour)) {
		t.Errorf("%v: %d changes", err, len(list.History[0].Changes))
	}
}
