package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
)

func ids(all []grant.Authorization) []string {
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
	list := func(f AuthorizationFilter, revoked bool, after string, limit int) []string {
		t.Helper()
		all, err := w.gw.Authorizations(t.Context(), f, revoked, after, limit)
		if err != nil {
			t.Fatal(err)
		}
		return ids(all)
	}
	sorted := func(all ...string) []string { return slices.Sorted(slices.Values(all)) }
	for _, test := range []struct {
		name   string
		filter AuthorizationFilter
		want   []string
	}{
		{"all", AuthorizationFilter{}, sorted(demo.ID, admin.ID, other.ID)},
		{"application", AuthorizationFilter{Application: "wiki"}, sorted(demo.ID, admin.ID)},
		{"login", AuthorizationFilter{Login: "demo"}, sorted(demo.ID, other.ID)},
		{"subject", AuthorizationFilter{Subject: admin.Subject}, sorted(admin.ID)},
		{"login and application", AuthorizationFilter{Login: "demo", Application: "other"}, sorted(other.ID)},
		{"subject and login of two", AuthorizationFilter{Login: "demo", Subject: admin.Subject}, nil},
		{"login in capitals", AuthorizationFilter{Login: "Demo"}, nil},
		{"unknown application", AuthorizationFilter{Application: "wik"}, nil},
	} {
		if got := list(test.filter, false, "", 0); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
	both := sorted(demo.ID, other.ID)
	if got := list(AuthorizationFilter{Login: "demo"}, false, "", 1); !slices.Equal(got, both[:1]) {
		t.Errorf("the first: %v", got)
	}
	if got := list(AuthorizationFilter{Login: "demo"}, false, both[0], 1); !slices.Equal(got, both[1:]) {
		t.Errorf("the second: %v", got)
	}
	if _, err := w.gw.RevokeAuthorization(t.Context(), demo.ID); err != nil {
		t.Fatal(err)
	}
	if got := list(AuthorizationFilter{Login: "demo"}, false, "", 0); !slices.Equal(got, []string{other.ID}) {
		t.Errorf("live: %v", got)
	}
	if got := list(AuthorizationFilter{Login: "demo"}, true, "", 0); !slices.Equal(got, both) {
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

	revoked, err := w.gw.RevokeAuthorizations(t.Context(), AuthorizationFilter{Application: "wiki", Login: "demo"})
	if err != nil || !slices.Equal(ids(revoked), []string{demo.ID}) {
		t.Fatalf("revoked %v, %v", ids(revoked), err)
	}
	serves(demoToken, false)
	serves(adminToken, true)
	serves(otherToken, true)
	got := events()
	if len(got) != 1 || got[0]["authorization"] != demo.ID || got[0]["application"] != "wiki" || got[0]["subject"] != demo.Subject ||
		got[0]["gateway"] != "erp" || got[0]["detail"].(map[string]any)["actor"] != "admin" {
		t.Errorf("audit trail: %v", got)
	}

	// Again: nothing is left of it, and nothing is recorded.
	if revoked, err = w.gw.RevokeAuthorizations(t.Context(), AuthorizationFilter{Application: "wiki", Login: "demo"}); err != nil || len(revoked) != 0 {
		t.Errorf("revoked %v, %v", ids(revoked), err)
	}
	if a, err := w.gw.RevokeAuthorization(t.Context(), demo.ID); err != nil || a.Live() || len(events()) != 1 {
		t.Errorf("live %v, %v, %d events", a.Live(), err, len(events()))
	}
	if _, err := w.gw.RevokeAuthorization(t.Context(), "nonsense"); !errors.Is(err, grant.ErrNotFound) {
		t.Errorf("unknown: %v", err)
	}

	if a, err := w.gw.RevokeAuthorization(t.Context(), admin.ID); err != nil || !a.Live() || a.ID != admin.ID {
		t.Errorf("was live %v, %v", a.Live(), err)
	}
	serves(adminToken, false)
	if revoked, err = w.gw.RevokeAuthorizations(t.Context(), AuthorizationFilter{}); err != nil || !slices.Equal(ids(revoked), []string{other.ID}) {
		t.Errorf("revoked %v, %v", ids(revoked), err)
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
	w.gw.service.Load().store = store
	all, err := w.gw.Authorizations(t.Context(), AuthorizationFilter{Login: "admin"}, false, "00999", 600)
	if err != nil || len(all) != 600 || all[0].ID != "01001" || all[599].ID != "02199" {
		t.Errorf("%d from %v, %v", len(all), all[0].ID, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if all, err = w.gw.RevokeAuthorizations(ctx, AuthorizationFilter{Login: "demo"}); err != nil || len(all) != many/2 || len(store.revoked) != many/2 {
		t.Errorf("revoked %d, told %d, %v", len(store.revoked), len(all), err)
	}
	store.revoked, store.fail = map[string]bool{}, "00004"
	all, err = w.gw.RevokeAuthorizations(t.Context(), AuthorizationFilter{})
	if !errors.Is(err, grant.ErrUnavailable) || len(all) != 4 || len(store.revoked) != 4 {
		t.Errorf("revoked %d, told %d, %v", len(store.revoked), len(all), err)
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
		if got, err := w.gw.Codes(t.Context(), grant.CodeQuery{Application: app}); err != nil || len(got) != want {
			t.Errorf("%q: got %+v, %v", app, got, err)
		}
	}
}
