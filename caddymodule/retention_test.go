package caddymodule

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/badgerstore"
)

func TestRetention(t *testing.T) {
	const day = 24 * time.Hour
	for d, want := range map[time.Duration]string{
		0: "", day: "", 3650 * day: "",
		day - 1: "less than a day", -day: "less than a day", 3650*day + 1: "more than 10 years",
	} {
		s := &BadgerStore{Retention: caddy.Duration(d)}
		err := s.Provision(caddy.Context{})
		switch {
		case want != "" && (err == nil || !strings.Contains(err.Error(), "retention: is "+want)):
			t.Errorf("%v: %v, want %q", d, err, want)
		case want == "" && err != nil:
			t.Errorf("%v: %v", d, err)
		case want == "" && d == 0 && s.Kept() != badgerstore.DefaultRetention, want == "" && d != 0 && s.Kept() != d:
			t.Errorf("%v is kept for %v", d, s.Kept())
		}
	}
}

// TestRetentionIsTakenOver: the configuration that is in force says how long what
// has ended is kept, in a store that is open as well. One that was refused, as
// another app failed, has said nothing.
func TestRetentionIsTakenOver(t *testing.T) {
	const day = 24 * time.Hour
	dir := t.TempDir()
	begin := time.Now().Add(-15 * day).Truncate(time.Second)
	configured := func(retention string) string {
		config := strings.ReplaceAll(valid, "STORE", dir)
		if retention != "" {
			config = strings.Replace(config, `"path":`, `"retention": "`+retention+`", "path":`, 1)
		}
		return config
	}
	db := loadApp(t, configured("35d"), "").store.database()
	a, err := db.Store("erp").Consent(t.Context(), grant.Authorization{Application: "wiki", Subject: "sub-1", ConsentedAt: begin})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Store("erp").RevokeAuthorization(t.Context(), a.ID, begin); err != nil {
		t.Fatal(err)
	}
	if n, err := db.Purge(t.Context(), begin.Add(35*day)); n != 0 || err != nil {
		t.Errorf("%d were deleted by the configuration that has opened the store, error %v", n, err)
	}
	for _, step := range []struct {
		retention, failAt string
		age               time.Duration
		gone              bool
	}{
		{"1d", "provision", 35 * day, false},
		{"1d", "start", 35 * day, false},
		{"", "", 30 * day, false}, // by default
		{"25d", "", 25 * day, false},
		{"25d", "", 25*day + time.Second, true},
	} {
		if loadApp(t, configured(step.retention), step.failAt).store.database() != db {
			t.Fatal("another store was opened: the test proves nothing")
		}
		if _, err := db.Purge(t.Context(), begin.Add(step.age)); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Store("erp").Authorization(t.Context(), a.ID); errors.Is(err, grant.ErrNotFound) != step.gone {
			t.Errorf("%q, after %v: %v", step.retention, step.age, err)
		}
	}
}

// loadApp has Caddy run the app in this process until the test ends, and returns the
// one that is in force then: where another app fails, that of before. Apps start in
// any order, and so a failure is tried until ours has started before it.
func loadApp(t *testing.T, config, failAt string) *App {
	t.Helper()
	t.Cleanup(func() {
		if err := caddy.Stop(); err != nil {
			t.Error(err)
		}
	})
	tries := 1
	apps := `"odoo_gateway": ` + config
	if failAt != "" {
		tries, apps = 10, apps+`, "failing": {"at": "`+failAt+`"}`
	}
	for range tries {
		file := `{"admin": {"disabled": true, "config": {"persist": false}}, "logging": {"logs": {"default": {"writer": {"output": "discard"}}}}, "apps": {` + apps + `}}`
		if err := caddy.Load([]byte(file), true); (err != nil) != (failAt != "") {
			t.Fatal(err)
		}
	}
	app, err := activeApp()
	if err != nil {
		t.Fatal(err)
	}
	return app
}
