package gateway

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/dialect/restapi"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/page"
	"github.com/caddy-odoo/gateway/internal/token"
)

// quiet are the endpoints that refuse nobody who comes with nothing: what
// everybody may read, and what sends a browser to Odoo's login.
var quiet = map[string]bool{
	oauth.AuthorizationsPath: true, oauth.JWKSPath: true, oauth.MetadataPath: true, oauth.OpenIDPath: true, page.StylesheetPath: true,
	oauth.ProtectedResourcePath + oauth.Resources[0]: true, oauth.ProtectedResourcePath + oauth.Resources[1]: true,
	oauth.ProtectedResourcePath + oauth.Resources[2]: true, oauth.ProtectedResourcePath + oauth.Resources[3]: true,
	versionPath: true,
}

// events are those recorded since the last call.
func (w *world) events() []audit.Event {
	all := w.audit.Events()
	fresh := all[w.seen:]
	w.seen = len(all)
	return fresh
}

// raw sends a request and returns the status of its answer.
func (w *world) raw(method, path, body string, header ...string) int {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// Every endpoint that refuses leaves exactly one event, by every method; more
// outcomes are in audit_once_test.go.
func TestEveryRefusalIsRecordedOnce(t *testing.T) {
	w := newWorld(t, 19)
	w.events()
	trees := map[string]string{
		recordPath: http.MethodGet, restapi.ReportPrefix + "x?model=res.partner": http.MethodGet,
		restapi.BinaryPrefix + "res.partner/1/image_128": http.MethodGet,
		"/orestapi/application/model":                    http.MethodGet, "/json/2/res.partner/search_read": http.MethodPost,
	}
	refused := 0
	for _, path := range slices.Concat(slices.Sorted(maps.Keys(endpoints)), slices.Sorted(maps.Keys(trees))) {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut} {
			header := []string{"Authorization", "Bearer " + w.sign(w.claimsOfNobody())}
			if _, exact := endpoints[path]; exact {
				header = nil
			} else if trees[path] != method {
				continue
			}
			status := w.raw(method, path, "", header...)
			got := w.events()
			want := 1
			if e, exact := endpoints[path]; exact && quiet[path] && allows(e.methods, method) {
				want = 0
			}
			if len(got) != want {
				t.Errorf("%s %s: status %d leaves %d events: %+v", method, path, status, len(got), got)
				continue
			}
			if want == 0 {
				continue
			}
			refused++
			if e := got[0]; e.Kind != audit.RequestRefused || e.Gateway != "erp" || e.RequestID == "" || e.Address != "127.0.0.1" || e.Detail["status"] != fmt.Sprint(status) || !strings.HasPrefix(path, e.Detail["path"]) {
				t.Errorf("%s %s: %d %+v", method, path, status, e)
			}
		}
	}
	if refused < 2*len(endpoints) {
		t.Errorf("only %d were refused", refused)
	}
}

// What the flows record themselves is not recorded again.
func TestFlowsAreRecordedOnce(t *testing.T) {
	w := newWorld(t, 19)
	bearer, a := w.connect("wiki", "demo")
	w.events()
	code := func() string {
		code := grant.NewToken()
		err := w.store.IssueCode(t.Context(), grant.Code{
			Hash: grant.HashToken(code), Authorization: a.ID, Application: "wiki", RedirectURI: callback,
			Scope: []string{scopeRead}, IssuedAt: w.clock.Now(), ExpiresAt: w.clock.Now().Add(time.Minute),
		})
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	expect := func(what string, want ...audit.Kind) {
		t.Helper()
		var got []audit.Kind
		for _, e := range w.events() {
			got = append(got, e.Kind)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	redeem := func(code string) url.Values {
		return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}}
	}
	used := code()
	w.post(oauth.AccessTokenPath, redeem(used))
	expect("redeeming", audit.CodeRedeemed)
	w.post(oauth.AccessTokenPath, redeem(used))
	expect("a replay", audit.CodeReplay)
	late := code()
	w.clock.Advance(time.Hour)
	w.post(oauth.AccessTokenPath, redeem(late))
	if got := w.audit.Events(); got[len(got)-1].Detail["reason"] != "invalid_grant" || got[len(got)-1].Detail["path"] != oauth.AccessTokenPath {
		t.Errorf("a late code: %+v", got[len(got)-1])
	}
	expect("a late code", audit.RequestRefused)
	_, tokens := w.post(oauth.AccessTokenPath, redeem(code()))
	expect("redeeming", audit.CodeRedeemed)
	refresh, _ := tokens["refresh_token"].(string)
	_, tokens = w.post(oauth.AccessTokenPath, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
	expect("refreshing", audit.TokenRefreshed)
	w.raw(http.MethodPost, oauth.RevokePath, url.Values{"client_id": {"wiki-id"}, "client_secret": {"wrong"}, "token": {refresh}}.Encode())
	expect("a wrong secret", audit.ClientAuthFailed)
	access, _ := tokens["access_token"].(string)
	w.raw(http.MethodPost, oauth.RevokePath, url.Values{"client_id": {"wiki-id"}, "client_secret": {"wiki-secret"}, "token": {access}}.Encode())
	expect("revoking", audit.TokenSetEnded)
	bearer = w.renew(bearer)
	w.get(recordPath, bearer)
	expect("reading")
	w.get("/restapi/1.0/object/res.users/1", bearer)
	expect("a closed model", audit.SchemeDenied)
	w.get(recordPath, access)
	expect("a dead token", audit.RequestRefused)
}

// The trail in the store is that of the recorder, less what strangers flood it
// with.
func TestAuditTrailIsKept(t *testing.T) {
	w := newWorld(t, 19)
	w.raw(http.MethodPut, oauth.JWKSPath, "")
	if got := w.kept(); len(got) != 0 {
		t.Errorf("without audit_retention %+v is kept", got)
	}
	w.auditRetention = 1000 * 24 * time.Hour
	w.reload()
	w.raw(http.MethodPut, oauth.JWKSPath, "")
	got := w.kept()
	if len(got) != 1 || got[0].Kind != audit.RequestRefused || !got[0].Time.Equal(w.clock.Now()) {
		t.Fatalf("kept %+v", got)
	}
	s := w.gw.service.Load()
	flood := func(address string) audit.Event {
		return audit.Event{Kind: audit.ClientAuthFailed, Gateway: "erp", Address: address}
	}
	for range 2 * keptOfNetwork {
		s.audit.Record(t.Context(), flood("192.0.2.7"))
	}
	s.audit.Record(t.Context(), audit.Event{Kind: audit.AuthorizationRevoked, Gateway: "erp"})
	got = w.kept()
	if len(got) != keptOfNetwork+3 || got[0].Kind != audit.AuthorizationRevoked || got[1].Kind != audit.EventsDropped || got[1].Detail["count"] != fmt.Sprint(keptOfNetwork) {
		t.Errorf("of a flood %d are kept: %+v", len(got), got[:2])
	}
	s.audit.Record(t.Context(), flood("192.0.2.8")) // the same network
	s.audit.Record(t.Context(), flood("198.51.100.1"))
	if after := w.kept(); len(after) != len(got)+2 || after[0].Address != "198.51.100.1" {
		t.Errorf("of another network %d are kept, before %d", len(after), len(got))
	}
	w.clock.Advance(keptOfNetworkEvery)
	s.audit.Record(t.Context(), flood("192.0.2.7"))
	if after := w.kept(); len(after) != len(got)+3 {
		t.Errorf("later %d are kept, before %d", len(after), len(got))
	}
	for i := range 2 * keptRefusals { // from everywhere
		s.audit.Record(t.Context(), flood(fmt.Sprintf("10.%d.%d.1", i/256, i%256)))
	}
	if all := len(w.kept()); all > keptRefusals+20 { // some are earned meanwhile
		t.Errorf("of a flood from everywhere %d are kept", all)
	}
}

// An application that asks again and again for what its rules deny fills no disk,
// and takes no room from others.
func TestDenialsDoNotFloodTheTrail(t *testing.T) {
	w := newWorld(t, 19)
	w.auditRetention = 1000 * 24 * time.Hour
	w.reload()
	bearer, _ := w.connect("wiki", "demo")
	w.get("/restapi/1.0/object/res.users/1", bearer)
	s := w.gw.service.Load()
	denied := func(application string) audit.Event {
		return audit.Event{Kind: audit.SchemeDenied, Gateway: "erp", Application: application}
	}
	for range 2 * keptRefusals {
		s.audit.Record(t.Context(), denied("wiki"))
	}
	s.audit.Record(t.Context(), denied("shop"))
	got, wiki := w.kept(), 0
	for _, e := range got {
		if e.Kind == audit.SchemeDenied && e.Application == "wiki" {
			wiki++
		}
	}
	if wiki != keptRefusals || got[0].Application != "shop" || got[1].Kind != audit.EventsDropped || got[1].Detail["count"] != fmt.Sprint(keptRefusals+1) {
		t.Errorf("%d of %d are kept, the newest are %+v", wiki, len(got), got[:2])
	}
}

func (w *world) kept() []grant.AuditEntry {
	w.t.Helper()
	var all []grant.AuditEntry
	for q := (grant.AuditQuery{Limit: grant.MaxPage}); ; {
		page, err := w.store.AuditTrail(w.t.Context(), q)
		if err != nil {
			w.t.Fatal(err)
		}
		all = append(all, page.Entries...)
		if q.After = page.Next; q.After == "" {
			return all
		}
	}
}

// claimsOfNobody are those of a token whose authorization does not exist.
func (w *world) claimsOfNobody() token.Claims {
	return token.Claims{
		Subject: "nobody", ClientID: "wiki-id", TokenSet: grant.NewID(), Authorization: grant.NewID(), Scope: []string{scopeRead},
		IssuedAt: w.clock.Now(), ExpiresAt: w.clock.Now().Add(time.Hour),
	}
}
