package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/scheme"
)

// json2Scene creates, changes and deletes contacts, with errors on the way,
// and returns what was answered, with ID1, ID2 and so on for new ids.
func json2Scene(t *testing.T, ask func(call, body string) (int, string)) []string {
	t.Helper()
	var out []string
	ids := []string{}
	for _, step := range []struct{ call, body string }{
		{"res.partner/create", `{"vals_list":{"name":"One","email":"one@example.com"}}`},
		{"res.partner/create", `{"vals_list":[{"name":"Two"},{"name":"Three","is_company":true}]}`},
		{"res.partner/create", `{}`},
		{"res.partner/create", `{"vals_list":[]}`},
		{"res.partner/create", `{"vals_list":[{"name":"x"}],"ids":[1]}`},
		{"res.partner/read", `{"ids":[ID1,ID2],"fields":["name","email","is_company"]}`},
		{"res.partner/read", `{}`},
		{"res.partner/read", `{"ids":[]}`},
		{"res.partner/read", `{"ids":null}`},
		{"res.partner/read", `null`},
		{"res.partner/search_count", `{"ids":[],"context":[],"domain":[["zip","=","1000"]]}`},
		{"res.partner/read", `{"ids":[ID3],"fields":["name"],"context":{"lang":"en_US"}}`},
		{"res.partner/write", `{"ids":[ID1,ID2],"vals":{"zip":"1000"}}`},
		{"res.partner/write", `{"vals":{"zip":"1000"}}`},
		{"res.partner/write", `{"ids":[ID1]}`},
		{"res.partner/write", `{"ids":[99999999],"vals":{"zip":"1000"}}`},
		{"res.partner/search", `{"domain":[["zip","=","1000"]],"order":"id"}`},
		{"res.partner/search", `{}`},
		{"res.partner/search_count", `{"domain":[["zip","=","1000"]]}`},
		{"res.partner/search_read", `{"domain":[["zip","=","1000"]],"fields":["name"],"offset":1,"order":"id"}`},
		{"res.partner/name_search", `{"name":"Three","limit":5}`},
		{"res.partner/has_access", `{"operation":"write"}`},
		{"res.partner/has_access", `{"ids":[ID1],"operation":"unlink"}`},
		{"res.partner/default_get", `{"fields":["is_company"]}`},
		{"res.partner/action_archive", `{"ids":[ID3]}`},
		{"res.partner/search_count", `{"domain":[["id","=",ID3]]}`},
		{"res.partner/unlink", `{"ids":[ID1,ID3]}`},
		{"res.partner/unlink", `{}`},
		{"res.partner/read", `{"ids":[ID1,ID2],"fields":["name"]}`},
		{"res.partner/unlink", `{"ids":[ID1]}`},
		{"res.partner/unlink", `{"ids":[ID2]}`},
		{"res.partner/search_read", `{"domains":[]}`},
		{"res.partner/nope", `{}`},
	} {
		body := step.body
		for i, id := range ids {
			body = strings.ReplaceAll(body, fmt.Sprintf("ID%d", i+1), id)
		}
		status, answer := ask(step.call, body)
		if step.call == "res.partner/create" && status == http.StatusOK {
			var made []json.Number
			if err := json.Unmarshal([]byte(answer), &made); err != nil {
				t.Fatalf("%s answers %s", step.body, answer)
			}
			for _, id := range made {
				ids = append(ids, id.String())
			}
		}
		if status != http.StatusOK {
			var e struct{ Name string }
			if err := json.Unmarshal([]byte(answer), &e); err != nil || strings.Contains(answer, "debug") && strings.Contains(answer, `"code"`) {
				t.Errorf("%s answers %s", step.body, answer)
			}
			answer = e.Name
		}
		out = append(out, fmt.Sprintf("%s %s: %d %s", step.call, step.body, status, answer))
	}
	for i := range out {
		for n, id := range ids {
			out[i] = regexp.MustCompile(`\b`+id+`\b`).ReplaceAllString(out[i], fmt.Sprintf("ID%d", n+1))
		}
		out[i] = strings.NewReplacer(": ", ":", ", ", ",").Replace(out[i]) // Python's blanks
	}
	return out
}

// TestJSON2WritesAsOdoo19 writes on every version through the gateway and in
// an Odoo 19 by itself.
func TestJSON2WritesAsOdoo19(t *testing.T) {
	reference := newWorld(t, 19)
	key := reference.odoo.NewAPIKey("admin", "rpc", time.Time{})
	want := json2Scene(t, func(call, body string) (int, string) {
		return reference.json2(reference.odoo.URL, call, "bearer "+key, body)
	})
	// What the rules do not open is closed, whether Odoo has it or not.
	// An argument that does not exist is the client's error; Odoo's
	// search_read takes it and fails. A method's own answer is its version's.
	differs := map[string]string{
		"res.partner/nope {}:404 werkzeug.exceptions.NotFound":          "res.partner/nope {}:403 odoo.exceptions.AccessError",
		`res.partner/search_read {"domains":[]}:500 builtins.TypeError`: `res.partner/search_read {"domains":[]}:422 werkzeug.exceptions.UnprocessableEntity`,
	}
	versions(t, func(t *testing.T, version int) {
		w := newWorld(t, version)
		writable(w)
		bearer, _ := w.connect("wiki", "admin")
		bearer = w.granted(bearer, scheme.ScopeRead, scheme.ScopeWrite, scheme.ScopeCall)
		got := json2Scene(t, func(call, body string) (int, string) {
			return w.json2(w.url, call, "Bearer "+bearer, body)
		})
		for i, line := range want {
			if d, ok := differs[line]; ok {
				line = d
			}
			if strings.HasPrefix(line, "res.partner/action_archive") && version < 19 {
				line = strings.Replace(line, "null", "true", 1)
			}
			if got[i] != line {
				t.Errorf("got  %s\nwant %s", got[i], line)
			}
		}
		for _, refused := range []string{"copy", "name_create", "sudo", "_write", "export_data"} {
			if status, body := w.json2(w.url, "res.partner/"+refused, "Bearer "+bearer, `{"ids":[1]}`); status != http.StatusForbidden {
				t.Errorf("%s: %d %s", refused, status, body)
			}
		}
	})
}

// The database that a client names is never the one that Odoo is asked for.
func TestJSON2Database(t *testing.T) {
	w := newWorld(t, 19)
	bearer, _ := w.connect("wiki", "demo")
	for name, want := range map[string]int{w.odoo.Database(): http.StatusOK, "other": http.StatusNotFound} {
		w.odoo.ForgetRequests()
		status, body := w.json2(w.url, "res.partner/search_count", "Bearer "+bearer, `{"domain":[]}`, func(r *http.Request) {
			r.Header.Set("X-Odoo-Database", name)
		})
		if status != want {
			t.Errorf("%s: %d %s", name, status, body)
		}
		if asked := w.odoo.Requests(); (len(asked) > 0) != (want == http.StatusOK) {
			t.Errorf("%s: %d requests", name, len(asked))
		} else {
			for _, r := range asked {
				if r.Header.Get("X-Odoo-Database") != "" {
					t.Errorf("%s went on", name)
				}
			}
		}
	}
}

// Rights are told alike by every version: those on a model, and those on
// records, which rules of Odoo's and of the scheme may close.
func TestRights(t *testing.T) {
	versions(t, func(t *testing.T, version int) {
		w := newWorld(t, version)
		w.model = scheme.Configuration{Name: "currencies", Model: "res.currency", Operations: []scheme.Operation{scheme.Read, scheme.Write}, Filter: `[["name", "=", "EUR"]]`}
		w.reload()
		for login, may := range map[string]string{"admin": "true", "demo": "false"} {
			bearer, _ := w.connect("wiki", login)
			_, found := w.json2(w.url, "res.currency/search", "Bearer "+bearer, `{"domain":[]}`)
			for body, want := range map[string]string{
				`{"operation":"read"}`: "true", `{"operation":"write"}`: may, `{"operation":"unlink"}`: "false",
				`{"operation":"read","ids":` + found + `}`: "true", `{"operation":"write","ids":` + found + `}`: may,
			} {
				if status, got := w.json2(w.url, "res.currency/has_access", "Bearer "+bearer, body); status != http.StatusOK || got != want {
					t.Errorf("%s, %s: %d %s", login, body, status, got)
				}
			}
			if status, got := w.json2(w.url, "res.currency/has_access", "Bearer "+bearer, `{"operation":"read","ids":[99999]}`); status != http.StatusNotFound {
				t.Errorf("%s, outside of the filter: %d %s", login, status, got)
			}
			for raise, status := range map[string]int{"true": map[string]int{"true": 200, "false": 403}[may], "false": 200} {
				body := `{"operation":"write","raise_exception":` + raise + `}`
				if got, answer := w.json2(w.url, "res.currency/check_access_rights", "Bearer "+bearer, body); got != status || status == 200 && answer != may {
					t.Errorf("%s, %s: %d %s", login, body, got, answer)
				}
			}
		}
	})
}
