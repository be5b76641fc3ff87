package gateway

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
)

// json2 sends one call with that Authorization header, to the gateway or to
// Odoo itself.
func (w *world) json2(base, call, authorization, body string, edit ...func(*http.Request)) (int, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, base+"/json/2/"+call, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	for _, e := range edit {
		e(r)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, string(raw)
}

// TestJSON2AsOdoo19 asks every version through the gateway what an Odoo 19
// answers by itself.
func TestJSON2AsOdoo19(t *testing.T) {
	reference := newWorld(t, 19)
	key := reference.odoo.NewAPIKey("demo", "rpc", time.Time{})
	for _, version := range []int{16, 17, 18, 19, 20} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			w := newWorld(t, version)
			bearer, _ := w.connect("wiki", "demo")
			for _, test := range []struct{ call, body string }{
				{"res.partner/search_read", `{"domain":[["name","=","Azure Interior"]],"fields":["name","email","country_id"],"limit":3,"order":"name"}`},
				{"res.partner/search_count", `{"domain":[["name","ilike","Azure"]]}`},
				{"res.partner/read", `{"ids":[1],"fields":["name","country_id"]}`},
				{"res.partner/read", `{"ids":[999999],"fields":["name"]}`},
				{"res.partner/fields_get", `{"allfields":["name"],"attributes":["type"]}`},
			} {
				status, want := reference.json2(reference.odoo.URL, test.call, "bearer "+key, test.body)
				if status != http.StatusOK {
					t.Fatalf("%s: Odoo 19 answers %d %s", test.call, status, want)
				}
				status, got := w.json2(w.url, test.call, "Bearer "+bearer, test.body)
				if status != http.StatusOK || !sameJSON(t, got, want) {
					t.Errorf("%s answers %d %s, Odoo 19 %s", test.call, status, got, want)
				}
			}
			if status, got := w.json2(w.url, "res.partner/read", "Bearer "+bearer, `{"ids":[1],"fields":["vat"]}`); status != http.StatusForbidden || strings.Contains(got, "debug") {
				t.Errorf("a hidden field answers %d %s", status, got)
			}
			if status, got := w.json2(w.url, "res.users/read", "Bearer "+bearer, `{"ids":[2]}`); status != http.StatusForbidden {
				t.Errorf("a closed model answers %d %s", status, got)
			}
		})
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	for _, answer := range []any{x, y} {
		records, _ := answer.([]any)
		for _, r := range records {
			delete(r.(map[string]any), "id") // demo data differ in it
		}
	}
	return fmt.Sprint(x) == fmt.Sprint(y)
}

// TestJSON2OfOdoo: what is not for us reaches Odoo, unless the door is ours alone.
func TestJSON2OfOdoo(t *testing.T) {
	w := newWorld(t, 19)
	key := "bearer " + w.odoo.NewAPIKey("admin", "rpc", time.Time{})
	bearer, _ := w.connect("wiki", "demo")
	foreign := func(want int) {
		t.Helper()
		for _, authorization := range []string{key, ""} {
			expect := want
			if authorization == "" {
				expect = http.StatusUnauthorized
			}
			if status, got := w.json2(w.url, "res.partner/search_count", authorization, `{"domain":[]}`); status != expect {
				t.Errorf("%.6q answers %d %s, want %d", authorization, status, got, expect)
			}
		}
	}
	foreign(http.StatusOK)
	// A token of ours is never for Odoo: also not where its time is over.
	w.clock.Advance(2 * 3600e9)
	status, got := w.json2(w.url, "res.partner/search_count", "Bearer "+bearer, `{"domain":[]}`)
	if status != http.StatusUnauthorized || !strings.Contains(got, `"code":"invalid_token"`) {
		t.Errorf("an expired token answers %d %s", status, got)
	}
	w.onlyOurs = true
	w.reload()
	foreign(http.StatusUnauthorized)
	// Odoo's server and router take some of these for the same.
	for _, at := range []string{"/json/..", "/", "//", "/en", "/fr_BE", "//en", "/en/", "/x"} {
		if status, got := w.json2(w.url+at, "res.partner/search_count", key, `{"domain":[]}`); status != http.StatusBadRequest && status != http.StatusNotFound {
			t.Errorf("a path in disguise, below %s, answers %d %s", at, status, got)
		}
	}
}

// TestJSON2ForScripts: a browser's question is answered for listed origins
// alone, all others are Odoo's.
func TestJSON2ForScripts(t *testing.T) {
	w := newWorld(t, 19)
	w.apps = []application.Application{testApplication("wiki")}
	w.apps[0].CORSOrigins = []string{"https://app.example.com"}
	w.reload()
	for origin, want := range map[string]string{"https://app.example.com": "https://app.example.com", "https://evil.example": ""} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, w.url+"/json/2/res.partner/read", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", origin)
		r.Header.Set("Access-Control-Request-Method", "POST")
		r.Header.Set("Access-Control-Request-Headers", "authorization,content-type")
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Access-Control-Allow-Origin"); got != want || resp.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %v", origin, resp.Header)
		}
		if want != "" && resp.Header.Get("Access-Control-Allow-Methods") != http.MethodPost {
			t.Errorf("%s: %v", origin, resp.Header)
		}
	}
	bearer, _ := w.connect("wiki", "demo")
	for _, origin := range []string{"https://app.example.com", "https://evil.example"} {
		for _, status := range []int{http.StatusOK, http.StatusUnauthorized} {
			token := bearer
			if status != http.StatusOK {
				token += "x"
			}
			resp := w.script(http.MethodPost, "/json/2/res.partner/search_count", []string{origin}, `{"domain":[]}`,
				"Authorization", "Bearer "+token, "Content-Type", "application/json")
			if resp.StatusCode != status {
				t.Errorf("status %d, want %d", resp.StatusCode, status)
			}
			if got := allowedFor(resp); (got == origin) != (origin == "https://app.example.com") {
				t.Errorf("%d for %s allows %q", resp.StatusCode, origin, got)
			}
		}
	}
}
