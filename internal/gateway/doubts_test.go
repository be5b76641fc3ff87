package gateway

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/doctor"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// doubts has the doctor ask about models.
func (w *world) doubts() doctor.Models {
	w.t.Helper()
	found, err := w.gw.Asking(w.upstream()).Models(w.t.Context(), w.upstream())
	if err != nil {
		w.t.Fatal(err)
	}
	return found
}

// What the configuration names and Odoo does not have is found by asking it in
// the name of somebody who is connected.
func TestDoubts(t *testing.T) {
	versions(t, func(t *testing.T, version int) {
		w := newWorld(t, version)
		if got := w.doubts(); got.Looked != 0 || !slices.Equal(got.Untold, []string{"sales"}) || got.Doubts != nil {
			t.Errorf("before anybody has connected: %+v", got)
		}
		w.connect("wiki", "demo")
		for name, tt := range map[string]struct {
			change func(c *scheme.Configuration)
			want   doctor.Doubt
		}{
			"right": {func(*scheme.Configuration) {}, doctor.Doubt{}},
			"model": {func(c *scheme.Configuration) { c.Model = "res.partnr" }, doctor.Doubt{Model: "res.partnr", Missing: true}},
			"field": {func(c *scheme.Configuration) { c.Fields = append(c.Fields, "emial", "nmae") }, doctor.Doubt{
				Model: "res.partner", Fields: []string{"emial", "nmae"},
			}},
			"hidden field": {func(c *scheme.Configuration) { c.Limit, c.Fields = scheme.LimitBlacklist, []string{"emial"} }, doctor.Doubt{
				Model: "res.partner", Fields: []string{"emial"},
			}},
			"search field": {func(c *scheme.Configuration) {
				c.Limit, c.Fields, c.SearchFields = scheme.LimitBlacklist, []string{"vat"}, []string{"name", "nickname"}
			}, doctor.Doubt{Model: "res.partner", Fields: []string{"nickname"}}},
			"filter": {func(c *scheme.Configuration) { c.Filter = `[["cuntry_id.code", "=", "BE"]]` }, doctor.Doubt{
				Model: "res.partner", Filter: "cuntry_id.code",
			}},
			"end of a filter": {func(c *scheme.Configuration) { c.Filter = `[["country_id.cod", "=", "BE"]]` }, doctor.Doubt{
				Model: "res.partner", Filter: "country_id.cod",
			}},
		} {
			before := w.model
			tt.change(&w.model)
			w.reload()
			w.model = before
			if tt.want.Model != "" {
				tt.want.Where = "model_configuration customer"
			}
			if tt.want.Model != "" && !tt.want.Missing {
				tt.want.Asked = []string{"demo"}
			}
			got := w.doubts()
			if got.Looked != 1 || got.Untold != nil || got.Repeated != nil {
				t.Errorf("%s: %+v", name, got)
			}
			if got, want := fmt.Sprintf("%+v", append(got.Doubts, doctor.Doubt{})[0]), fmt.Sprintf("%+v", tt.want); got != want {
				t.Errorf("%s: got  %s\nwant %s", name, got, want)
			}
		}
	})
}

// A slip in a blacklist opens what it was to close.
func TestDoubtsOfABlacklist(t *testing.T) {
	w := newWorld(t, 18)
	w.connect("wiki", "demo")
	rules, err := scheme.Compile(scheme.Definition{Name: "sales", Limit: scheme.LimitBlacklist, Blacklist: []string{"res.country", "crm.*", "res.bnak"}})
	if err != nil {
		t.Fatal(err)
	}
	w.gw.config.Schemes["sales"] = rules
	if err := w.gw.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.gw.service.Load().schemes["sales"] = rules
	got := w.doubts()
	if len(got.Doubts) != 1 || got.Doubts[0].Model != "res.bnak" || !got.Doubts[0].Missing || got.Doubts[0].Where != "model_scheme sales: blacklist" || got.Looked != 2 {
		t.Errorf("found %+v", got)
	}
}

// A service account is asked before anybody has connected; nobody is asked for
// an application that is archived, or whose connection has ended.
func TestWhoIsAsked(t *testing.T) {
	w := newWorld(t, 19)
	w.apps[0].Service = &application.Service{Login: "demo", APIKey: application.Hide(w.odoo.NewAPIKey("demo", "nightly", w.clock.Now().AddDate(0, 1, 0)))}
	w.model.Fields = []string{"name", "emial"}
	w.reload()
	got := w.doubts()
	if len(got.Doubts) != 1 || strings.Join(got.Doubts[0].Asked, " ") != "demo" {
		t.Errorf("by the service account: %+v", got)
	}
	// Whoever sees more is asked, too, and nobody twice.
	w.connect("wiki", "admin")
	w.connect("wiki", "demo")
	if got = w.doubts(); len(got.Doubts) != 1 || strings.Join(got.Doubts[0].Asked, " ") != "demo admin" {
		t.Errorf("with people: %+v", got)
	}
	w.odoo.SetDown(true)
	if got = w.doubts(); got.Looked != 0 || got.Untold == nil {
		t.Errorf("down: %+v", got)
	}
	w.odoo.SetDown(false)

	w.apps[0].Service = nil
	w.reload()
	w.odoo.ExpireSessions()
	if got = w.doubts(); got.Looked != 0 || got.Untold == nil {
		t.Errorf("after everybody has logged out: %+v", got)
	}
	w.connect("wiki", "admin")
	w.apps[0].Active = false
	w.reload()
	if got = w.doubts(); got.Looked != 0 {
		t.Errorf("archived: %+v", got)
	}
}

// Where nobody can be asked any more, what the log has told is repeated.
func TestDoubtsRepeatTheLog(t *testing.T) {
	w := newWorld(t, 17)
	w.model.Fields = []string{"name", "emial"}
	w.reload()
	bearer, a := w.connect("wiki", "demo")
	w.get(recordPath, bearer)
	w.revoke(a)
	got := w.doubts()
	want := "model_configuration customer: fields are named that do not exist, or that are hidden from this person: res.partner, emial"
	if len(got.Repeated) != 1 || got.Repeated[0] != want {
		t.Errorf("repeated %+v", got)
	}

	// A model that Odoo does not have is told of at its first use.
	w.model.Model = "res.partnr"
	w.reload()
	bearer, a = w.connect("wiki", "demo")
	w.get("/restapi/1.0/object/res.partnr/1", bearer)
	if w.logs.FilterMessage("model configuration customer: Odoo has no such model").Len() != 1 {
		t.Errorf("the log has %v", w.logs.All())
	}
	w.revoke(a)
	if got = w.doubts(); len(got.Repeated) != 1 || got.Repeated[0] != "model_configuration customer: Odoo has no such model: res.partnr" {
		t.Errorf("repeated %+v", got)
	}
}

// What was described is a fresh answer, and none that somebody got before.
func TestDescribeIsFresh(t *testing.T) {
	w := newWorld(t, 18)
	w.connect("wiki", "demo")
	d, err := w.gw.Describe(t.Context(), w.upstream(), "sales")
	if err != nil {
		t.Fatal(err)
	}
	fields, err := d.Fields(t.Context(), "res.partner")
	if err != nil || len(fields) == 0 || d.Missing("res.partner") {
		t.Errorf("%d fields, %v", len(fields), err)
	}
	var of odoo.FieldSource = d
	if none, err := of.Fields(t.Context(), "res.partnr"); err != nil || len(none) > 0 || !d.Missing("res.partnr") {
		t.Errorf("%v %v", none, err)
	}
	w.odoo.ForgetRequests()
	w.clock.Advance(time.Second)
	if d, err = w.gw.Describe(t.Context(), w.upstream(), "sales"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Wider(t.Context(), "res.partner"); err != nil || len(w.odoo.Requests()) == 0 {
		t.Errorf("%v, %d requests", err, len(w.odoo.Requests()))
	}
}
