package oauth

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/seal"
)

func (w *world) status(h ...string) reply {
	w.t.Helper()
	return w.orest(http.MethodGet, OrestStatusPath, nil, h...)
}

func TestOrestStatus(t *testing.T) {
	w := newWorld(t)
	ids := map[float64]bool{}
	for name, active := range map[string]bool{"wiki": true, "rival": true, "archived": false} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			got := w.orest(method, OrestStatusPath, nil, "Authorization", basic(name, "secret of "+name))
			var list []map[string]any
			if err := json.Unmarshal([]byte(got.text), &list); err != nil || got.StatusCode != 200 || len(list) != 1 {
				t.Fatalf("%d %s", got.StatusCode, got.text)
			}
			id, _ := list[0]["id"].(float64)
			if want := map[string]any{"id": id, "active": active, "display_name": "Team " + name, "company": false}; id <= 0 || !reflect.DeepEqual(list[0], want) {
				t.Errorf("%v", list)
			}
			ids[id] = true
		}
	}
	if len(ids) != 3 {
		t.Errorf("ids %v", ids)
	}
}

func TestOrestStatusRefuses(t *testing.T) {
	w := newWorld(t)
	const none = "No application found for provided basic access authentication"
	for name, h := range map[string][]string{
		"nothing":      nil,
		"wrong secret": {"Authorization", basic("wiki", "x")},
		"no secret":    {"Authorization", basic("wiki", "")},
		"unknown":      {"Authorization", basic("nobody", "secret of wiki")},
		"archived":     {"Authorization", basic("archived", "x")},
		"public":       {"Authorization", basic("native", "")},
		"public, with": {"Authorization", basic("native", "x")},
		"bearer":       {"Authorization", "Bearer x"},
		"header form":  {"Authorization", "OAuth client_id='wiki', client_secret='secret%20of%20wiki'"},
		"malformed":    {"Authorization", "Basic %"},
		"twice":        {"Authorization", basic("wiki", "secret of wiki"), "Authorization", basic("wiki", "secret of wiki")},
	} {
		w.clock.Advance(time.Minute)
		t.Run(name, func(t *testing.T) {
			w.status(h...).literal(t, 401, "OrestapiApplicationData-0010", none, "invalid_client")
		})
	}
	form := url.Values{"client_id": {"wiki"}, "client_secret": {"secret of wiki"}}
	w.orest(http.MethodPost, OrestStatusPath, form).literal(t, 401, "OrestapiApplicationData-0010", none, "invalid_client")
	w.change("wiki", func(a *application.Application) { a.Scheme = "missing" })
	w.status("Authorization", basic("wiki", "secret of wiki")).
		literal(t, 401, "OrestapiApplicationData-0020", "Application configuration error in Odoo! Contact Odoo administrator!", "server_error")
	for range 10 {
		w.status("Authorization", basic("archived", "x"))
	}
	w.status("Authorization", basic("archived", "secret of archived")).literal(t, 429, "OrestapiGateway-0429", "too many failed attempts", "invalid_client")
}

// userForm is a request of wiki for a person's id and secret.
func userForm(changes ...string) url.Values {
	return with(url.Values{"client_id": {"wiki"}, "client_secret": {"secret of wiki"}, "redirect_uri": {wikiURI}}, changes...)
}

func (w *world) user(session string, form url.Values, h ...string) reply {
	w.t.Helper()
	if session != "" {
		h = append(h, "Cookie", "session_id="+session)
	}
	return w.orest(http.MethodPost, OrestUserPath, form, h...)
}

// pair reads what OrestUser gives.
func (r reply) pair(t *testing.T) (id, secret string) {
	t.Helper()
	var a map[string]string
	if err := json.Unmarshal([]byte(r.text), &a); err != nil || r.StatusCode != 200 || len(a) != 2 || a["user_id"] == "" || len(a["user_secret"]) != 43 {
		t.Fatalf("%d %s", r.StatusCode, r.text)
	}
	if r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("X-Content-Type-Options") != "nosniff" || r.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%v", r.Header)
	}
	return a["user_id"], a["user_secret"]
}

func TestOrestUser(t *testing.T) {
	w := newWorld(t)
	w.browser("demo-session").code(query())
	w.browser("demo-session").code(query("client_id", "rival"))
	w.browser("other-session").code(query())
	id, secret := w.user("demo-session", userForm()).pair(t)
	if id != Subject(issuer, "prod", 6) {
		t.Errorf("user_id %s", id)
	}
	if again, same := w.user("demo-session", userForm("redirect_uri", otherURI)).pair(t); again != id || same != secret {
		t.Error("it changes")
	}
	if _, other := w.user("other-session", userForm()).pair(t); other == secret {
		t.Error("two people have one secret")
	}
	if same, other := w.user("demo-session", userForm("client_id", "rival", "client_secret", "secret of rival")).pair(t); same != id || other == secret {
		t.Error("two applications have one secret")
	}
	basicForm := userForm("client_id", "", "client_secret", "")
	if _, same := w.user("demo-session", basicForm, "Authorization", basic("wiki", "secret of wiki")).pair(t); same != secret {
		t.Error("it depends on how the client authenticates")
	}
	w.revokeAll(6)
	w.browser("demo-session").code(query())
	if _, other := w.user("demo-session", userForm()).pair(t); other == secret {
		t.Error("it outlives the authorization")
	}
	_, secret = w.user("demo-session", userForm()).pair(t)
	w.config.Seal, _ = seal.NewRing(seal.NewKey())
	w.reload(applications())
	if _, other := w.user("demo-session", userForm()).pair(t); other == secret {
		t.Error("it needs no key")
	}
}

func TestOrestUserRefuses(t *testing.T) {
	w := newWorld(t)
	w.odoo.errs["down-session"] = &odoo.Error{Kind: odoo.Unavailable}
	w.odoo.errs["locked-session"] = &odoo.Error{Kind: odoo.CheckIdentity}
	w.odoo.sessions["staging-session"] = Person{UID: 6, Login: "demo", Database: "staging", Internal: true}
	w.browser("demo-session").code(query())
	w.browser("demo-session").code(query("client_id", "native", "redirect_uri", appURI, "code_challenge", challenge, "code_challenge_method", "S256"))
	const none, noApp = "No authorization found", "No application found"
	script := "a script of a page may not ask this"
	for _, tt := range []struct {
		name, session string
		form          url.Values
		header        []string
		status        int
		code, message string
		word          string
	}{
		{"nothing", "demo-session", nil, nil, 401, "0001", "No parameter found in request", "invalid_client"},
		{"no client", "demo-session", userForm("client_id", ""), nil, 401, "0002", "No client_id found in request", "invalid_client"},
		{"no secret", "demo-session", userForm("client_secret", ""), nil, 401, "0002", "No client_secret found in request", "invalid_client"},
		{"no URI", "demo-session", userForm("redirect_uri", ""), nil, 401, "0003", "Missing redirect URI", "invalid_request"},
		{"other URI", "demo-session", userForm("redirect_uri", wikiURI+"/"), nil, 401, "0004", "Application redirect URI not found", "invalid_request"},
		{"archived URI", "demo-session", userForm("redirect_uri", archivedURI), nil, 401, "0004", "Application redirect URI not found", "invalid_request"},
		{"wrong secret", "demo-session", userForm("client_secret", "x"), nil, 401, "0005", noApp, "invalid_client"},
		{"archived", "demo-session", userForm("client_id", "archived", "client_secret", "secret of archived"), nil, 401, "0005", noApp, "invalid_client"},
		{"public", "demo-session", url.Values{"client_id": {"native"}, "redirect_uri": {appURI}}, []string{"Authorization", basic("native", "")}, 401, "0005", noApp, "invalid_client"},
		{"nobody", "", userForm(), nil, 401, "0007", none, "login_required"},
		{"unknown session", "no-session", userForm(), nil, 401, "0007", none, "login_required"},
		{"locked", "locked-session", userForm(), nil, 401, "0007", none, "login_required"},
		{"other database", "staging-session", userForm(), nil, 401, "0007", none, "access_denied"},
		{"no consent", "other-session", userForm(), nil, 401, "0007", none, "consent_required"},
		{"no consent for this URI", "demo-session", userForm("redirect_uri", aloneURI), nil, 401, "0007", none, "consent_required"},
		{"no consent for this application", "demo-session", userForm("client_id", "rival", "client_secret", "secret of rival"), nil, 401, "0007", none, "consent_required"},
		{"Odoo down", "down-session", userForm(), nil, 503, "0503", "Odoo does not answer: try again later", "temporarily_unavailable"},
		{"fetch", "demo-session", userForm(), []string{"Sec-Fetch-Mode", "cors"}, 403, "0403", script, "unauthorized_client"},
		{"another site", "demo-session", userForm(), []string{"Sec-Fetch-Site", "cross-site"}, 403, "0403", script, "unauthorized_client"},
		{"two sessions", "demo-session", userForm(), []string{"Cookie", "session_id=other-session"}, 401, "0007", none, "login_required"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.clock.Advance(time.Minute)
			prefix := "OrestapiApplicationUserClient-"
			if tt.status != 401 {
				prefix = "OrestapiGateway-"
			}
			got := w.user(tt.session, tt.form, tt.header...)
			got.literal(t, tt.status, prefix+tt.code, tt.message, tt.word)
			if strings.Contains(got.text, "user_") {
				t.Error(got.text)
			}
		})
	}
	// The secret may stand in the URL for those alone that keep the habit.
	got := w.orest(http.MethodGet, OrestUserPath+"?"+userForm().Encode(), nil, "Cookie", "session_id=demo-session")
	got.literal(t, 400, "OrestapiGateway-0400", "parameters belong into the body, not into the URL", "invalid_request")
	w.scheme.digest = "two" // more is allowed now than was consented to
	w.user("demo-session", userForm()).literal(t, 401, "OrestapiApplicationUserClient-0007", none, "consent_required")
	w.scheme.digest = "one"
	w.change("wiki", func(a *application.Application) { a.Allow.Group = "sales_team.nobody" })
	w.user("demo-session", userForm()).literal(t, 401, "OrestapiApplicationUserClient-0007", none, "access_denied")
	w.reload(applications())
	for range 10 {
		w.user("demo-session", userForm("client_secret", "x"))
	}
	w.user("demo-session", userForm()).literal(t, 429, "OrestapiGateway-0429", "too many failed attempts", "invalid_client")
}

func TestOrestLink(t *testing.T) {
	w := newWorld(t)
	w.odoo.sessions["portal-session"] = Person{UID: 8, Login: "portal", Database: "prod"}
	link := func(session string, form url.Values, h ...string) reply {
		t.Helper()
		return w.orest(http.MethodPost, OrestLinkPath, form, append(h, "Cookie", "session_id="+session)...)
	}
	const missing = "own_id and own_secret are not configured for this application"
	link("demo-session", userForm()).literal(t, 404, "OrestapiGateway-0404", missing, "invalid_request")
	w.change("wiki", func(a *application.Application) { a.OwnID = "odoo" })
	link("demo-session", userForm()).literal(t, 404, "OrestapiGateway-0404", missing, "invalid_request")
	w.change("wiki", func(a *application.Application) { a.OwnID, a.OwnSecret = "odoo", application.Hide("battery staple") })
	for _, form := range []url.Values{userForm(), userForm("redirect_uri", "", "state", "x")} {
		if got := link("demo-session", form); got.StatusCode != 200 || got.text != `{"odoo_id":"odoo","odoo_secret":"battery staple"}` || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%d %s", got.StatusCode, got.text)
		}
	}
	link("", userForm()).literal(t, 401, "OrestapiApplicationConfluenceLink-0007", "No authorization found", "login_required")
	link("portal-session", userForm()).literal(t, 401, "OrestapiApplicationConfluenceLink-0007", "No authorization found", "access_denied")
	link("demo-session", userForm("client_secret", "x")).literal(t, 401, "OrestapiApplicationConfluenceLink-0005", "No application found", "invalid_client")
	link("demo-session", userForm("redirect_uri", wikiURI+"/")).literal(t, 401, "OrestapiApplicationConfluenceLink-0004", "Application redirect URI not found", "invalid_request")
	link("demo-session", userForm(), "Sec-Fetch-Mode", "cors").literal(t, 403, "OrestapiGateway-0403", "a script of a page may not ask this", "unauthorized_client")
	link("demo-session", userForm("client_id", "rival", "client_secret", "secret of rival")).literal(t, 404, "OrestapiGateway-0404", missing, "invalid_request")
}
