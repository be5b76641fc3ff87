package gateway

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/scheme"
)

// Writing needs its own scope, and acts on records within the filter alone:
// others are absent, whatever is done to them. A80.
func TestA80_WritesStayWithinTheFilter(t *testing.T) {
	for version := 16; version <= 20; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			w := newWorld(t, version)
			w.model.Operations = []scheme.Operation{scheme.Read, scheme.Create, scheme.Write, scheme.Unlink}
			w.model.Filter = `[["ref", "=", "wiki"]]`
			w.model.Forced = map[string]any{"ref": "wiki"}
			w.model.Methods = []scheme.Method{{Name: "action_archive"}}
			w.reload()
			reader, _ := w.connect("wiki", "admin")
			with := func(scopes ...string) string {
				claims := w.claims[reader]
				claims.ID, claims.Scope = "", scopes
				return "Bearer " + w.sign(claims)
			}
			all := with("odoo.read", "odoo.write", "odoo.call")
			expect := func(bearer, call, body string, status int, want string) string {
				t.Helper()
				got, answer := w.json2(w.url, "res.partner/"+call, bearer, body)
				if got != status || !strings.Contains(answer, want) {
					t.Errorf("%s %s: %d %s", call, body, got, answer)
				}
				return answer
			}

			// 1 is outside of the filter, and 999999 does not exist.
			id := strings.Trim(expect(all, "create", `{"vals_list":{"name":"Mine"}}`, http.StatusOK, ""), "[]")
			expect(all, "read", `{"ids":[`+id+`,1],"fields":["name"]}`, http.StatusOK, `[{"id":`+id+`,"name":"Mine"}]`)
			expect(all, "write", `{"ids":[`+id+`],"vals":{"name":"Still mine"}}`, http.StatusOK, "true")
			expect(all, "search_read", `{"fields":["name"]}`, http.StatusOK, `[{"id":`+id+`,"name":"Still mine"}]`)
			expect(all, "write", `{"ids":[`+id+`],"vals":{"ref":"other"}}`, http.StatusForbidden, "")
			for _, call := range []string{"write", "unlink", "action_archive"} {
				var answers []string
				for _, other := range []string{"1", "999999", id + ",1", id + ",999999"} {
					body := `{"ids":[` + other + `]}`
					if call == "write" {
						body = `{"ids":[` + other + `],"vals":{"name":"Taken"}}`
					}
					answers = append(answers, expect(all, call, body, http.StatusNotFound, ""))
				}
				for _, a := range answers {
					if a != answers[0] {
						t.Errorf("%s tells what exists: %q", call, answers)
					}
				}
			}
			// Each needs its scope, and nothing is asked of Odoo without it.
			w.odoo.ForgetRequests()
			for call, scope := range map[string]string{"write": "odoo.write", "create": "odoo.write", "unlink": "odoo.write", "action_archive": "odoo.call", "read": "odoo.read"} {
				others := []string{}
				for _, s := range []string{"odoo.read", "odoo.write", "odoo.call"} {
					if s != scope {
						others = append(others, s)
					}
				}
				expect(with(others...), call, `{"ids":[`+id+`],"vals":{},"vals_list":{}}`, http.StatusForbidden, "")
			}
			if asked := w.odoo.Requests(); len(asked) > 0 {
				t.Errorf("Odoo was asked: %v", asked)
			}
			expect(all, "action_archive", `{"ids":[`+id+`]}`, http.StatusOK, "")
			expect(all, "unlink", `{"ids":[`+id+`]}`, http.StatusOK, "true")
			expect(all, "read", `{"ids":[`+id+`],"fields":["name"]}`, http.StatusOK, "[]")
		})
	}
}

// Odoo's own words name records, fields and people: no answer has them.
func TestA82_OdoosWordsStayHere(t *testing.T) {
	for version := 16; version <= 20; version++ {
		w := newWorld(t, version)
		w.model.Operations = []scheme.Operation{scheme.Read, scheme.Create, scheme.Write, scheme.Unlink}
		w.reload()
		bearer, _ := w.connect("wiki", "admin")
		claims := w.claims[bearer]
		claims.ID, claims.Scope = "", []string{"odoo.read", "odoo.write"}
		all := "Bearer " + w.sign(claims)
		for call, body := range map[string]string{
			"unlink": `{"ids":[999999]}`, "write": `{"ids":[999999],"vals":{"name":"x"}}`, "create": `{"vals_list":{"name":false}}`,
		} {
			_, answer := w.json2(w.url, "res.partner/"+call, all, body)
			for _, word := range []string{"User: ", "Traceback", "/odoo/", "res.partner(", "line "} {
				if strings.Contains(answer, word) {
					t.Errorf("%d: %s says %q: %s", version, call, word, answer)
				}
			}
		}
	}
}
