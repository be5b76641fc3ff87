package page

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/administration"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/connect"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// everyAdminPage is all that the console can say, with 7 for every value.
func everyAdminPage() map[string]any {
	const x = "7"
	at := time.Date(2026, 3, 7, 7, 7, 7, 0, time.UTC)
	base := Admin{Name: x, Login: x, Database: x, Base: x, Section: "audit"}
	history := &administration.History{FirstSeen: at, LastChanged: at}
	for _, what := range []string{"added", "changed", "removed", "restored"} {
		history.Changes = append(history.Changes, administration.Change{At: at, What: what, By: x, Fields: []string{x}}, administration.Change{At: at, What: what, By: x, ByProcess: true})
	}
	may := []scheme.Statement{{Act: scheme.ActRead, Model: x, Fields: scheme.ExtentAll}}
	full := administration.Application{
		Name: x, Title: x, Description: x, ClientID: x, ClientSecrets: 7, OwnID: x, OwnSecret: true, ModelScheme: x, Scopes: []string{x},
		Allow: "group", AllowGroup: x, Consent: "remember", Connection: "ask", ServiceLogin: x, PKCE: "optional", ValidityFormat: "date",
		CodeExpiry: 7, CodeRetain: 7 * 60, AccessExpiry: 7 * 3600, RefreshExpiry: 7 * 86400, RefreshMaxAge: 7, Rotation: true, Compat: []string{x},
		CORSOrigins: []string{x}, History: history,
		RedirectURIs: []administration.RedirectURI{{URI: x, Description: x, Individually: true, Insecure: true}},
	}
	for _, of := range []string{"api", "person", "token"} {
		full.RateLimits = append(full.RateLimits, administration.RateLimit{Of: of, Requests: 7, Per: 7})
	}
	bare := administration.Application{
		Name: x, Title: x, Active: true, Public: true, ModelScheme: x, Allow: "internal", Consent: "every_time", Connection: "session", PKCE: "required", ValidityFormat: "seconds",
	}
	portal := bare
	portal.Allow, portal.Consent, portal.Connection = "portal", "trusted", "api_key"
	authorization := func(change func(*AdminAuthorization)) AdminAuthorization {
		a := AdminAuthorization{Token: x, Authorization: administration.Authorization{
			ID: x, Application: x, Title: x, RedirectURI: x, Subject: x, Login: x, Name: x, CreatedAt: at, ConsentedAt: at, Scope: []string{x},
			Connection: administration.Connection{Kind: "session", Live: true},
		}}
		change(&a)
		return a
	}
	list := AdminAuthorizations{Admin: base, Applications: []administration.Application{bare}, Application: x, Subject: x, Whose: x, Revoked: true, Done: 7, Action: x, Mass: x, MassTitle: x, Next: x}
	for _, change := range []func(*AdminAuthorization){
		func(a *AdminAuthorization) { a.LastUsedAt, a.Uses = at, 7 },
		func(a *AdminAuthorization) { a.LastUsedAt, a.Scope, a.ConsentedAt = at, nil, time.Time{} },
		func(a *AdminAuthorization) { a.Connection.Kind = "api_key" },
		func(a *AdminAuthorization) { a.Connection.Kind, a.Connection.ExpiresAt = "api_key", at },
		func(a *AdminAuthorization) { a.Connection.Kind = "service" },
		func(a *AdminAuthorization) { a.Connection.Live = false },
		func(a *AdminAuthorization) { a.Connection.Live, a.Connection.EndReason = false, x },
		func(a *AdminAuthorization) { a.RevokedAt, a.Token = at, "" },
	} {
		list.Items = append(list.Items, authorization(change))
	}
	person, one, everything := list, list, list
	person.MassTitle = ""
	one.Subject = ""
	everything.Subject, everything.MassTitle, everything.Items = "", "", nil
	conf := administration.Configuration{
		Name: x, Model: x, DisplayName: x, Description: x, Sensitive: true, Filter: x, Forced: map[string]json.RawMessage{x: json.RawMessage(x)},
		Preset: map[string]json.RawMessage{x: json.RawMessage(x)}, SearchFields: []string{x}, RowLimit: 7, RelatedNames: true, Schemes: []string{x}, History: history, May: may,
	}
	all := map[string]any{
		"admin_applications.html":          AdminApplications{Admin: base, Items: []administration.Application{full, bare}, Archived: true, Text: x},
		"admin_applications.html empty":    AdminApplications{Admin: base},
		"admin_application.html":           AdminApplication{Admin: base, Item: full, Logo: x, May: may},
		"admin_application.html bare":      AdminApplication{Admin: base, Item: bare},
		"admin_application.html portal":    AdminApplication{Admin: base, Item: portal},
		"admin_connect.html bare":          AdminConnect{Admin: base, Settings: connect.Settings{Active: true, PKCE: "required"}},
		"admin_schemes.html empty":         AdminSchemes{Admin: base},
		"admin_configuration.html":         AdminConfiguration{Admin: base, Item: conf},
		"admin_configuration.html bare":    AdminConfiguration{Admin: base, Item: administration.Configuration{DisplayName: x, Active: true}},
		"admin_authorizations.html":        list,
		"admin_authorizations.html person": person,
		"admin_authorizations.html one":    one,
		"admin_authorizations.html all":    everything,
		"admin_codes.html empty":           AdminCodes{Admin: base},
		"admin_codes.html": AdminCodes{Admin: base, Next: x, Items: []administration.Code{
			{Fingerprint: x, Application: x, Title: x, RedirectURI: x, PKCE: true, IssuedAt: at, ExpiresAt: at, ConsumedAt: at, RetainUntil: at},
			{Fingerprint: x, Application: x, Title: x, IssuedAt: at, ExpiresAt: at, RetainUntil: at},
		}},
		"admin_audit.html": AdminAudit{Admin: base, Kinds: allKinds(x), Kind: x, Subject: x, Whose: x, Next: x, Items: []administration.Event{
			{Time: at, Kind: x, Application: x, Title: x, Subject: x, Login: x, Address: x, RequestID: x, Detail: map[string]string{x: x}}, {Time: at, Kind: x, Subject: x},
		}},
		"admin_audit.html empty": AdminAudit{Admin: base},
		"admin_audit.html on":    AdminAudit{Admin: base, Next: x, Whom: x, LeftOut: 7, AllURL: x},
		"admin_settings.html":    AdminSettings{Admin: base, Gateway: x, Issuer: x, History: history},
		"admin_settings.html no": AdminSettings{Admin: base},
	}
	guide := AdminConnect{Admin: base, Texts: []ConnectText{{x, x}}, Settings: connect.Settings{
		Application: x, Title: x, Issuer: x, Metadata: x, Authorization: x, Token: x, Revocation: x, Introspection: x, Userinfo: x, JWKS: x, ClientID: x,
		ClientSecret: x, RedirectURIs: []string{x}, Scopes: []string{x}, Grants: []string{x}, AuthMethods: []string{x}, PKCE: "optional",
		Interfaces: []connect.Interface{{Name: x, URL: x}},
	}}
	for _, f := range connect.All() {
		guide.Files = append(guide.Files, ConnectFile{f.Name, x, x})
	}
	all["admin_connect.html"] = guide
	schemes := AdminSchemes{Admin: base, Configurations: []administration.Configuration{conf}}
	for _, limit := range []string{"whitelist", "blacklist", "none"} {
		s := administration.Scheme{Name: x, Title: x, Description: x, Limit: limit, Blacklist: []string{x}, Configurations: []string{x}, Applications: []string{x}, May: may}
		schemes.Schemes = append(schemes.Schemes, s)
		all["admin_scheme.html "+limit] = AdminScheme{Admin: base, Item: s}
	}
	all["admin_schemes.html"] = schemes
	all["admin_scheme.html bare"] = AdminScheme{Admin: base, Item: administration.Scheme{Limit: "none", Active: true}}
	return all
}

// What strangers and administrators have written is text on the page, and the
// policy of the other pages holds.
func TestConsoleEscapes(t *testing.T) {
	const evil = `"><script>alert(1)</script>`
	base := Admin{Name: evil, Login: evil, Database: evil, Base: "/restapi/1.0/admin", Section: "audit"}
	for _, p := range []AdminPage{
		AdminApplications{Admin: base, Text: evil, Items: []administration.Application{{Name: evil, Title: evil, Description: evil, RedirectURIs: []administration.RedirectURI{{URI: evil}}}}},
		AdminConnect{Admin: base, Settings: connect.Settings{Application: evil, Title: evil, ClientID: evil}, Texts: []ConnectText{{evil, evil}}, Files: []ConnectFile{{evil, evil, evil}}},
		AdminAudit{Admin: base, Kind: evil, Subject: evil, Whose: evil, Whom: evil, Kinds: []string{evil}, Items: []administration.Event{{Kind: evil, Detail: map[string]string{evil: evil}, Address: evil}}},
		AdminAuthorizations{Admin: base, Person: evil, Items: []AdminAuthorization{{Authorization: administration.Authorization{Name: evil, Login: evil, Subject: evil}}}},
	} {
		got := render(func(w http.ResponseWriter, r *http.Request) { WriteAdmin(w, r, p) })
		if strings.Contains(got.Body.String(), "<script") || !strings.Contains(got.Body.String(), "&lt;script&gt;") {
			t.Errorf("%s is not escaped", p.file())
		}
		const policy = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
		if got.Header().Get("Content-Security-Policy") != policy || got.Header().Get("Cache-Control") != "no-store" || got.Header().Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: %v", p.file(), got.Header())
		}
	}
	logo := httptest.NewRecorder()
	WriteAdmin(logo, httptest.NewRequest(http.MethodGet, "/", nil), AdminApplication{Admin: base, Logo: "/logo", Item: administration.Application{Allow: "internal", Consent: "remember", Connection: "ask", PKCE: "optional", ValidityFormat: "date"}})
	if !strings.Contains(logo.Header().Get("Content-Security-Policy"), "img-src 'self'; ") {
		t.Errorf("policy %s", logo.Header().Get("Content-Security-Policy"))
	}
}

func TestSpans(t *testing.T) {
	v := voiceFor(reading(Reader{Language: "en_US"}))
	for s, want := range map[administration.Seconds]string{1: "1 second", 90: "90 seconds", 60: "1 minute", 600: "10 minutes", 3600: "1 hour", 5400: "90 minutes", 86400: "1 day", 30 * 86400: "30 days"} {
		if got := v.Span(s); got != want {
			t.Errorf("%d: %q, want %q", s, got, want)
		}
	}
}

// allKinds are those of all events, and one that there is not.
func allKinds(other string) []string {
	all := []string{other}
	for _, k := range audit.Kinds {
		all = append(all, string(k))
	}
	return all
}
