package gateway

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/administration"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// desk is that of an administrator who has come over the admin API.
func (w *world) desk() *administration.Desk {
	w.t.Helper()
	d, err := w.gw.Administration(w.t.Context(), administration.Actor{Via: administration.ViaAPI, Address: "192.0.2.9"})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func ids(all []administration.Authorization) []string {
	var out []string
	for _, a := range all {
		out = append(out, a.ID)
	}
	return out
}

func TestAuthorizationsAreListed(t *testing.T) {
	w := newWorld(t, 19)
	_, demo := w.connect("wiki", "demo")
	_, admin := w.connect("wiki", "admin")
	_, other := w.connect("other", "demo")
	list := func(f administration.Filter, revoked bool, after string, limit int) []string {
		t.Helper()
		all, err := w.desk().Authorizations(t.Context(), f, revoked, administration.Page{After: after, Limit: limit})
		if err != nil {
			t.Fatal(err)
		}
		return ids(all.Authorizations)
	}
	sorted := func(all ...string) []string { return slices.Sorted(slices.Values(all)) }
	for _, test := range []struct {
		name   string
		filter administration.Filter
		want   []string
	}{
		{"all", administration.Filter{}, sorted(demo.ID, admin.ID, other.ID)},
		{"application", administration.Filter{Application: "wiki"}, sorted(demo.ID, admin.ID)},
		{"login", administration.Filter{Login: "demo"}, sorted(demo.ID, other.ID)},
		{"subject", administration.Filter{Subject: admin.Subject}, sorted(admin.ID)},
		{"login and application", administration.Filter{Login: "demo", Application: "other"}, sorted(other.ID)},
		{"subject and login of two", administration.Filter{Login: "demo", Subject: admin.Subject}, nil},
		{"login in capitals", administration.Filter{Login: "Demo"}, nil},
	} {
		if got := list(test.filter, false, "", 0); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
	if _, err := w.desk().Authorizations(t.Context(), administration.Filter{Application: "wik"}, false, administration.Page{}); err == nil {
		t.Error("an application that there is not has a list")
	}
	both := sorted(demo.ID, other.ID)
	if got := list(administration.Filter{Login: "demo"}, false, "", 1); !slices.Equal(got, both[:1]) {
		t.Errorf("the first: %v", got)
	}
	if got := list(administration.Filter{Login: "demo"}, false, both[0], 1); !slices.Equal(got, both[1:]) {
		t.Errorf("the second: %v", got)
	}
	if _, err := w.desk().RevokeIDs(t.Context(), []string{demo.ID}); err != nil {
		t.Fatal(err)
	}
	if got := list(administration.Filter{Login: "demo"}, false, "", 0); !slices.Equal(got, []string{other.ID}) {
		t.Errorf("live: %v", got)
	}
	if got := list(administration.Filter{Login: "demo"}, true, "", 0); !slices.Equal(got, both) {
		t.Errorf("with revoked: %v", got)
	}
}

// What an administrator revokes ends at the next request, and is in the audit
// trail once.
func TestAdministratorRevokes(t *testing.T) {
	w := newWorld(t, 19)
	demoToken, demo := w.connect("wiki", "demo")
	adminToken, admin := w.connect("wiki", "admin")
	otherToken, other := w.connect("other", "demo")
	serves := func(token string, want bool) {
		t.Helper()
		if status, _, _ := w.get("/restapi/1.0/object/res.partner/1?fields=['name']", token); (status == http.StatusOK) != want {
			t.Errorf("reading: status %d, want success: %v", status, want)
		}
	}
	for _, token := range []string{demoToken, adminToken, otherToken} {
		serves(token, true)
	}
	events := func() (out []map[string]any) {
		for _, e := range w.logs.FilterMessage("authorization_revoked").All() {
			out = append(out, e.ContextMap())
		}
		return out
	}

	revoked, err := w.desk().Revoke(t.Context(), administration.Filter{Application: "wiki", Login: "demo"})
	if err != nil || !slices.Equal(ids(revoked.Revoked), []string{demo.ID}) {
		t.Fatalf("revoked %v, %v", ids(revoked.Revoked), err)
	}
	serves(demoToken, false)
	serves(adminToken, true)
	serves(otherToken, true)
	got := events()
	if len(got) != 1 || got[0]["authorization"] != demo.ID || got[0]["application"] != "wiki" || got[0]["subject"] != demo.Subject ||
		got[0]["gateway"] != "erp" || got[0]["address"] != "192.0.2.9" ||
		!maps.Equal(got[0]["detail"].(map[string]any), map[string]any{"actor": "admin", "via": "admin_api"}) {
		t.Errorf("audit trail: %v", got)
	}

	// Again: nothing is left of it, and nothing is recorded.
	if revoked, err = w.desk().Revoke(t.Context(), administration.Filter{Application: "wiki", Login: "demo"}); err != nil || revoked.Count != 0 {
		t.Errorf("revoked %v, %v", ids(revoked.Revoked), err)
	}
	if again, err := w.desk().RevokeIDs(t.Context(), []string{demo.ID}); err != nil || again.Count != 0 || len(events()) != 1 {
		t.Errorf("again %+v, %v, %d events", again, err, len(events()))
	}
	unknown, err := w.desk().RevokeIDs(t.Context(), []string{admin.ID, "nonsense", other.ID})
	if none := (administration.ErrNoAuthorization{}); !errors.As(err, &none) || none.ID != "nonsense" || !slices.Equal(ids(unknown.Revoked), []string{admin.ID}) {
		t.Errorf("unknown: %+v, %v", unknown, err)
	}
	serves(otherToken, true)
	serves(adminToken, false)
	if revoked, err = w.desk().Revoke(t.Context(), administration.Filter{}); err != nil || !slices.Equal(ids(revoked.Revoked), []string{other.ID}) {
		t.Errorf("revoked %v, %v", ids(revoked.Revoked), err)
	}
	serves(otherToken, false)
	if len(events()) != 3 {
		t.Errorf("%d events", len(events()))
	}
}

// manyStore has more authorizations than fit a page.
type manyStore struct {
	grant.Store
	revoked map[string]bool
	fail    string // the id that can not be revoked
}

const many = 2*grant.MaxPage + 500

func (m *manyStore) Authorizations(_ context.Context, q grant.AuthorizationQuery) (page []grant.Authorization, _ error) {
	for i := range many {
		if id := fmt.Sprintf("%05d", i); id > q.After && len(page) < grant.Page(q.Limit) {
			page = append(page, grant.Authorization{ID: id, Login: []string{"demo", "admin"}[i%2]})
		}
	}
	return page, nil
}

func (m *manyStore) RevokeAuthorization(ctx context.Context, id string, _ time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if id == m.fail {
		return grant.ErrUnavailable
	}
	m.revoked[id] = true
	return nil
}

// Pages are sifted to the end, and whoever asked may have left meanwhile.
func TestAdministratorRevokesMoreThanAPage(t *testing.T) {
	w := newWorld(t, 19)
	store := &manyStore{revoked: map[string]bool{}}
	w.gw.service.Load().store, w.gw.service.Load().observed = store, true
	list, err := w.desk().Authorizations(t.Context(), administration.Filter{Login: "admin"}, false, administration.Page{After: "00999", Limit: 600})
	if all := list.Authorizations; err != nil || len(all) != 600 || all[0].ID != "01001" || all[599].ID != "02199" || list.Next != "02199" {
		t.Errorf("%d from %v, %v", len(all), all[0].ID, err)
	}
	list, err = w.desk().Authorizations(t.Context(), administration.Filter{Login: "admin"}, false, administration.Page{After: "02199", Limit: 600})
	if err != nil || len(list.Authorizations) != 150 || list.Next != "" {
		t.Errorf("the rest: %d, next %q, %v", len(list.Authorizations), list.Next, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	desk := w.desk()
	report, err := desk.Revoke(ctx, administration.Filter{Login: "demo"})
	if err != nil || report.Count != many/2 || len(report.Revoked) != grant.MaxPage || len(store.revoked) != many/2 {
		t.Errorf("revoked %d, told %d, %v", len(store.revoked), report.Count, err)
	}
	store.revoked, store.fail = map[string]bool{}, "00004"
	report, err = desk.Revoke(t.Context(), administration.Filter{})
	if !errors.Is(err, grant.ErrUnavailable) || report.Count != 4 || len(store.revoked) != 4 {
		t.Errorf("revoked %d, told %d, %v", len(store.revoked), report.Count, err)
	}
}

func TestKeptCodesAreListed(t *testing.T) {
	w := newWorld(t, 19)
	_, a := w.connect("wiki", "demo")
	code := grant.Code{
		Hash: grant.HashToken("code"), Authorization: a.ID, Application: "wiki", RedirectURI: callback,
		IssuedAt: w.clock.Now(), ExpiresAt: w.clock.Now(), RetainUntil: w.clock.Now().AddDate(0, 1, 0),
	}
	if err := w.store.IssueCode(t.Context(), code); err != nil {
		t.Fatal(err)
	}
	for app, want := range map[string]int{"wiki": 1, "other": 0, "": 1} {
		if got, err := w.desk().Codes(t.Context(), app, "", administration.Page{}); err != nil || len(got.Codes) != want {
			t.Errorf("%q: got %+v, %v", app, got, err)
		}
	}
}
