package demo

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
)

// fakeGateway answers as the gateway does, to one client, and can be told to
// misbehave.
type fakeGateway struct {
	*httptest.Server
	t *testing.T

	mu       sync.Mutex
	redirect string // the registered redirect URI
	code     string // the one live code
	access   string // the one good access token
	refresh  string // the one good refresh token
	serial   int
	requests map[string]int // by path
	revoked  []string
	away     bool // the API and the token endpoint answer 503
	refuse   bool // the API refuses every token
	noModel  bool // the rules refuse sale.order
}

func newFakeGateway(t *testing.T) *fakeGateway {
	g := &fakeGateway{t: t, requests: make(map[string]int)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+tokenPath, g.token)
	mux.HandleFunc("POST "+revokePath, g.revoke)
	mux.HandleFunc("GET /orestapi/application/model", g.api(func(url.Values) (int, string) {
		return 200, `[{"model":"res.partner","name":"Customer"},{"model":"sale.order","name":"Sales Order"}]`
	}))
	mux.HandleFunc("GET /orestapi/record/name_search", g.api(func(q url.Values) (int, string) {
		if g.noModel && q.Get("model") == "sale.order" {
			return 401, `{"orestapi_code":"OrestapiNameSearch-0022","orestapi_message":"Model not allowed"}`
		}
		return 200, `[{"header":{"model":"x","action_id":52,"menu_id":71,"count":2,"offset":0,"limit":5}},{"data":[{"id":12,"display_name":"b"},{"id":7,"display_name":"a"}]}]`
	}))
	mux.HandleFunc("GET /orestapi/record/read", g.api(func(q url.Values) (int, string) {
		if q.Get("ids") != "[12,7]" {
			t.Errorf("read asks for ids %s", q.Get("ids"))
		}
		if q.Get("model") == "res.partner" {
			return 200, `[{"header":{"model":"res.partner","action_id":52,"menu_id":71}},{"data":[{"id":7,"name":"Second","email":false,"phone":"1","city":"<b>Rome</b>","country_id":[3,"Italy"]},{"id":12,"name":"First","email":"a@example.com","phone":"2","city":"Rome","country_id":[3,"Italy"]}]}]`
		}
		return 200, `[{"header":{"model":"sale.order","action_id":false,"menu_id":false}},{"data":[{"id":7,"name":"S007","partner_id":[7,"Second"],"date_order":"2026-03-04 10:00:00","state":"sale","amount_total":1234567.5},{"id":12,"name":"S012","partner_id":[7,"Second"],"date_order":false,"state":"draft","amount_total":0}]}]`
	}))
	mux.HandleFunc("GET /restapi/1.0/object/{model}/fields_get", g.api(func(url.Values) (int, string) {
		return 200, `{"res.partner":{"name":{"string":"Name","type":"char"},"country_id":{"string":"Country","type":"many2one"},"email":{"string":"Email","type":"char"}},
			"sale.order":{"name":{"string":"Order","type":"char"},"partner_id":{"string":"Customer","type":"many2one"},"date_order":{"string":"Date","type":"datetime"},"amount_total":{"string":"Total","type":"monetary"},"state":{"string":"Status","type":"selection","selection":[["sale","Sales Order"],["draft","Quotation"]]}}}`
	}))
	g.Server = httptest.NewServer(mux)
	t.Cleanup(g.Close)
	return g
}

// api wraps an endpoint of the API: the bearer check, and being away.
func (g *fakeGateway) api(answer func(url.Values) (int, string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.requests[r.URL.Path]++
		status, body := 0, ""
		switch {
		case g.away:
			w.Header().Set("Retry-After", "5")
			status, body = 503, `{"orestapi_message":"Odoo is not available"}`
		case g.refuse || r.Header.Get("Authorization") != "Bearer "+g.access:
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			status, body = 401, `{"orestapi_code":"OrestapiNameSearch-0010","orestapi_message":"Not authorized"}`
		default:
			status, body = answer(r.URL.Query())
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

func (g *fakeGateway) token(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.requests[r.URL.Path]++
	id, secret, _ := r.BasicAuth()
	good := id == "wiki" && secret == "s3cret%2F%2B" // form-encoded inside Basic
	switch r.PostFormValue("grant_type") {
	case "authorization_code":
		good = good && g.code != "" && r.PostFormValue("code") == g.code && r.PostFormValue("redirect_uri") == g.redirect
		g.code = ""
	case "refresh_token":
		good = good && g.refresh != "" && r.PostFormValue("refresh_token") == g.refresh
	default:
		good = false
	}
	switch {
	case g.away:
		w.WriteHeader(503)
	case !good:
		w.WriteHeader(400)
		fmt.Fprint(w, `{"error":"invalid_grant"}`)
	default:
		g.serial++
		g.access, g.refresh = fmt.Sprint("access", g.serial), fmt.Sprint("refresh", g.serial)
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": g.access, "refresh_token": g.refresh, "expires_in": 3600, "token_type": "Bearer"})
	}
}

func (g *fakeGateway) revoke(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if id, _, _ := r.BasicAuth(); id != "wiki" {
		w.WriteHeader(401)
		return
	}
	g.revoked = append(g.revoked, r.PostFormValue("token"))
}

// set changes the gateway's behaviour between requests.
func (g *fakeGateway) set(change func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change()
}

func (g *fakeGateway) count(path string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.requests[path]
}
