//go:build realodoo

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// straightCaddyfile opens contacts for all that /json/2 knows, and every other
// model for reading, so that what differs is the interface and not the rules.
var straightCaddyfile = strings.NewReplacer(
	"whitelist customer order", "none\n\t\t\t\tconfigurations customer order",
	"fields whitelist name email phone city is_company country_id", "fields all\n\t\t\t\toperations read create write unlink\n\t\t\t\tmethod action_archive",
).Replace(usualCaddyfile)

// straightRow is one request, and what Odoo 19 answers: the status, and the
// JSON or the name of the error. Where the gateway differs, ours says so;
// docs/compatibility.md says why.
type straightRow struct {
	request string // "GET res.partner/read", or without a method: POST
	headers string // "Name: value" in lines; the Content-Type is JSON unless it is here
	body    string
	odoo    string
	ours    string
}

// TestRealJSON2 sends the same requests to an Odoo 19 itself and to the
// gateway, over a session and over an API key. Before 16 to 18 the gateway
// alone is asked: a client that was written for 19 sees no other answers.
func TestRealJSON2(t *testing.T) {
	s := startSiteWith(t, realOdoo(t), straightCaddyfile)
	p, overSession := connect(t, s, wiki)
	overKey, key := p.straightKeys(s)
	set := p.straightRecords()
	for _, row := range straightRows {
		row.headers = strings.ReplaceAll(row.headers, "{DB}", s.database)
		ask := func(base, authorization string) string {
			t.Helper()
			set.again(p, row)
			return set.shown(p.straight(base, authorization, set.fill(row)))
		}
		want := set.fill(row)
		if p.major() >= 19 {
			if got := ask(s.url.String(), "bearer "+key); got != canonical(t, want.odoo) {
				t.Errorf("%s %s %s\nOdoo itself: %s\n       want: %s", row.request, row.headers, row.body, got, want.odoo)
			}
		}
		if early, differs := beforeEighteen[row.body]; differs && p.major() < 18 {
			want.ours = early
		}
		if want.ours == "" {
			want.ours = want.odoo
		}
		for _, token := range []string{overSession.Access, overKey.Access} {
			if got := ask(s.base, "Bearer "+token); got != canonical(t, want.ours) {
				t.Errorf("%s %s %s\nthe gateway: %s\n       want: %s", row.request, row.headers, row.body, got, want.ours)
			}
		}
	}
}

// beforeEighteen is what 16 and 17 make otherwise of a body: they do not look
// at languages, and say of a link to nowhere that it breaks a constraint.
var beforeEighteen = map[string]string{
	`{"domain":[["name","like","Gateway J2 "]],"context":{"lang":"xx"}}`: "200 3",
	`{"ids":[{A}],"vals":{"parent_id":99999999}}`:                        "422 odoo.exceptions.ValidationError",
}

// straight sends one request and says what came: the status, and the JSON of a
// result or the name of an error.
func (p *person) straight(base, authorization string, row straightRow) string {
	p.t.Helper()
	method, path, named := strings.Cut(row.request, " ")
	if !named {
		method, path = "POST", row.request
	}
	r, err := http.NewRequest(method, base+"/json/2/"+path, strings.NewReader(row.body))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", authorization)
	for line := range strings.Lines(row.headers) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return fmt.Sprint(resp.StatusCode, " no JSON")
	}
	if resp.StatusCode == http.StatusOK {
		out, err := json.Marshal(value)
		if err != nil {
			p.t.Fatal(err)
		}
		return "200 " + string(out)
	}
	object, _ := value.(map[string]any)
	members := slices.Sorted(maps.Keys(object))
	expected := []string{"arguments", "context", "debug", "message", "name"}
	if base == p.base {
		expected = []string{"arguments", "code", "context", "message", "name"}
		members = slices.Compact(slices.Sorted(slices.Values(append(members, "code")))) // not all have one
	}
	if !slices.Equal(members, expected) {
		p.t.Errorf("%s %s: the error has %v", row.request, row.body, members)
	}
	return fmt.Sprint(resp.StatusCode, " ", object["name"])
}

// major is Odoo's version.
func (p *person) major() int {
	p.t.Helper()
	r := p.request("POST", "/web/webclient/version_info", nil)
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader("{}")), 2
	r.Header.Set("Content-Type", "application/json")
	var info struct {
		Result struct {
			Info []any `json:"server_version_info"`
		}
	}
	if err := json.Unmarshal([]byte(p.do(r).text), &info); err != nil || len(info.Result.Info) == 0 {
		p.t.Fatalf("no version: %v", err)
	}
	major, _ := info.Result.Info[0].(float64)
	return int(major)
}

// straightKeys connects an application by an API key, and has Odoo make one for
// requests to Odoo itself. Both keys are deleted at the end.
func (p *person) straightKeys(s *site) (tokens, string) {
	p.t.Helper()
	a := p.decide(p.get(steady.authorizeURL(s.base, "stay")), "allow")
	form := p.get(a.location()).hidden()
	form.Set("decision", "stay")
	form.Set("password", s.password)
	tok := p.redeem(steady, p.code(p.post(stayPath, form), steady, "stay"))
	p.t.Cleanup(func() {
		var ids []int64
		p.call("res.users.apikeys", "search", []any{[]any{[]any{"name", "in", []any{"steady (Odoo gateway)", "straight"}}}}, map[string]any{}, &ids)
		for _, id := range ids {
			p.confirmed(s, "res.users.apikeys", "remove", id)
		}
	})
	vals := map[string]any{"name": "straight"}
	if p.major() >= 18 {
		vals["duration"] = "1"
	}
	var wizard int64
	p.call("res.users.apikeys.description", "create", []any{vals}, map[string]any{}, &wizard)
	action := p.confirmed(s, "res.users.apikeys.description", "make_key", wizard)
	shown, _ := action["context"].(map[string]any)
	key, _ := shown["default_key"].(string)
	if key == "" {
		p.t.Fatalf("no key: %v", action)
	}
	return tok, key
}

// confirmed calls a method that may ask for the password first.
func (p *person) confirmed(s *site, model, method string, id int64) map[string]any {
	p.t.Helper()
	var action, done map[string]any
	p.call(model, method, []any{[]int64{id}}, map[string]any{}, &action)
	if action["res_model"] != "res.users.identitycheck" {
		return action
	}
	check, _ := action["res_id"].(float64)
	var ignored any
	p.call("res.users.identitycheck", "write", []any{[]int64{int64(check)}, map[string]any{"password": s.password}}, map[string]any{}, &ignored)
	p.call("res.users.identitycheck", "run_check", []any{[]int64{int64(check)}}, map[string]any{"context": map[string]any{"password": s.password}}, &done)
	return done
}

// straightSet are the records that the requests are about, by the letters that
// stand for their ids.
type straightSet struct {
	ids  map[string]int64
	vals map[string]map[string]any
}

const straightPrefix = "Gateway J2 "

// straightRecords makes the records; they are deleted at the end, with those
// that requests made.
func (p *person) straightRecords() *straightSet {
	p.t.Helper()
	set := &straightSet{ids: map[string]int64{}}
	var belgium []int64
	p.call("res.country", "search", []any{[]any{[]any{"code", "=", "BE"}}}, map[string]any{}, &belgium)
	set.ids["BE"] = belgium[0]
	set.vals = map[string]map[string]any{
		"A": {"name": straightPrefix + "A", "is_company": true, "zip": "1000", "country_id": belgium[0], "color": 1, "email": false, "parent_id": false, "active": true},
		"B": {"name": straightPrefix + "B", "is_company": false, "zip": "2000", "country_id": belgium[0], "color": 2, "email": "b@example.com", "parent_id": false, "active": true},
		"C": {"name": straightPrefix + "C", "is_company": false, "zip": "3000", "country_id": false, "color": 4, "email": "c@example.com", "parent_id": false, "active": true},
	}
	for _, name := range []string{"A", "B", "C"} {
		var id int64
		p.call("res.partner", "create", []any{set.vals[name]}, map[string]any{}, &id)
		set.ids[name] = id
	}
	p.t.Cleanup(func() {
		var ids []int64
		var done any
		p.call("res.partner", "search", []any{[]any{[]any{"name", "like", straightPrefix}}}, map[string]any{"context": map[string]any{"active_test": false}}, &ids)
		p.call("res.partner", "unlink", []any{ids}, map[string]any{}, &done)
	})
	return set
}

// again gives the records their first values, and deletes what was made, before
// a request that may change them. D is a new one then.
func (set *straightSet) again(p *person, row straightRow) {
	p.t.Helper()
	if !straightChanges.MatchString(row.request) {
		return
	}
	var done any
	keep := []any{}
	for name, vals := range set.vals {
		keep = append(keep, set.ids[name])
		p.call("res.partner", "write", []any{[]int64{set.ids[name]}, vals}, map[string]any{}, &done)
	}
	var made []int64
	p.call("res.partner", "search", []any{[]any{[]any{"name", "like", straightPrefix}, []any{"id", "not in", keep}}}, map[string]any{"context": map[string]any{"active_test": false}}, &made)
	if len(made) > 0 {
		p.call("res.partner", "unlink", []any{made}, map[string]any{}, &done)
	}
	if strings.Contains(row.body, "{D}") {
		var id int64
		p.call("res.partner", "create", []any{map[string]any{"name": straightPrefix + "D"}}, map[string]any{}, &id)
		set.ids["D"] = id
	}
}

var straightChanges = regexp.MustCompile(`/(create|write|unlink|copy|name_create|action_archive)$`)

// fill puts ids in the place of their letters.
func (set *straightSet) fill(row straightRow) straightRow {
	for name, id := range set.ids {
		row.request = strings.ReplaceAll(row.request, "{"+name+"}", fmt.Sprint(id))
		row.body = strings.ReplaceAll(row.body, "{"+name+"}", fmt.Sprint(id))
		row.odoo = strings.ReplaceAll(row.odoo, "{"+name+"}", fmt.Sprint(id))
		row.ours = strings.ReplaceAll(row.ours, "{"+name+"}", fmt.Sprint(id))
	}
	return row
}

// shown writes "NEW" for the ids of records that a request has made.
func (set *straightSet) shown(answer string) string {
	var ids []int64
	text, good := strings.CutPrefix(answer, "200 ")
	if !good || json.Unmarshal([]byte(text), &ids) != nil {
		return answer
	}
	known := slices.Collect(maps.Values(set.ids))
	for _, id := range ids {
		if !slices.Contains(known, id) {
			text = strings.Replace(text, fmt.Sprint(id), `"NEW"`, 1)
		}
	}
	return "200 " + text
}

// canonical writes the JSON of a good answer as straight does.
func canonical(t *testing.T, want string) string {
	t.Helper()
	text, good := strings.CutPrefix(want, "200 ")
	if !good {
		return want
	}
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%s: %v", want, err)
	}
	out, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return "200 " + string(out)
}
