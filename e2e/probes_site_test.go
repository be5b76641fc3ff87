//go:build realodoo

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"sort"
	"strings"
	"testing"
)

// The applications of the probes. All but the last six may read the names of
// contacts, and nothing else.
var (
	narrow   = app{id: "narrow-0123456789abcdef", secret: "secret-of-the-narrow-one", redirect: "http://localhost:9/narrow"}
	writer   = app{id: "writer-0123456789abcdef", secret: "secret-of-the-writer", redirect: "http://localhost:9/writer"}
	selected = app{id: "selected-0123456789abcdef", secret: "secret-of-the-selected", redirect: "http://localhost:9/selected"}
	shut     = app{id: "shut-0123456789abcdef", secret: "secret-of-the-shut-one", redirect: "http://localhost:9/shut"}
	// rest may read all of contacts but what the probes hide.
	rest = app{id: "rest-0123456789abcdef", secret: "secret-of-the-rest", redirect: "http://localhost:9/rest"}
	// around may read much that leads to contacts, and of them the names.
	around = app{id: "around-0123456789abcdef", secret: "secret-of-what-is-around", redirect: "http://localhost:9/around"}
	// worded may read the tags that are not called what one of them is.
	worded = app{id: "worded-0123456789abcdef", secret: "secret-of-the-worded", redirect: "http://localhost:9/worded"}
	// tagged may read the contacts that have not a tag that is called so, and listed
	// read and change those that have one of some.
	tagged = app{id: "tagged-0123456789abcdef", secret: "secret-of-the-tagged", redirect: "http://localhost:9/tagged"}
	listed = app{id: "listed-0123456789abcdef", secret: "secret-of-the-listed", redirect: "http://localhost:9/listed"}
	// registered may change contacts that are registered so.
	registered = app{id: "registered-0123456789abcdef", secret: "secret-of-the-registered", redirect: "http://localhost:9/registered"}
	// probed are all of them.
	probed = []app{narrow, writer, selected, shut, rest, around, worded, tagged, listed, registered}
)

// hiddenFromProbes are the fields that plant fills with words.
var hiddenFromProbes = []string{
	"email", "phone", "street", "street2", "city", "zip", "vat", "comment", "function", "website", "company_name", "barcode", "color", "credit_limit",
	"country_id", "parent_id", "category_id", "is_company", "partner_latitude", "ref", "write_date",
}

func (w *planted) caddyfile() string {
	var apps, schemes strings.Builder
	for _, a := range probed {
		name, _, _ := strings.Cut(a.id, "-")
		fmt.Fprintf(&apps, `
			application %[1]s {
				client_id %[2]s
				client_secret %[3]s
				redirect_uri %[4]s
				model_scheme %[1]s
			}`, name, a.id, a.secret, a.redirect)
	}
	schemes.WriteString(strings.NewReplacer("{FILTER}", "`[[\"ref\", \"=\", \"open-"+w.token+"\"]]`", "{WORDED}", "`[[\"name\", \"!=\", \"left out "+w.token+"\"]]`", "{TAGGED}", "`[[\"category_id\", \"!=\", \"left out "+w.token+"\"]]`",
		"{LISTED}", "`[[\"category_id.name\", \"like\", \"in "+w.token+"\"]]`", "{REGISTERED}", "`[[\"company_registry\", \"in\", [\"in "+w.token+"\", \"also in "+w.token+"\"]]]`", "{UNSEARCHABLE}", "`[[\"contact_address\", \"=\", \"zzz\"]]`", "{HIDDEN}", strings.Join(hiddenFromProbes, " ")).Replace(`
			model_scheme narrow {
				whitelist names
			}
			model_configuration names {
				model res.partner
				fields whitelist name
			}
			model_scheme writer {
				whitelist names_to_write
			}
			model_configuration names_to_write {
				model res.partner
				fields whitelist name
				operations read create write unlink
			}
			model_scheme selected {
				whitelist names_of_some
			}
			model_configuration names_of_some {
				model res.partner
				fields whitelist name
				operations read write unlink
				filter {FILTER}
			}
			model_scheme shut {
				whitelist names_of_nobody
			}
			model_configuration names_of_nobody {
				model res.partner
				fields whitelist name
				filter {UNSEARCHABLE}
			}
			model_scheme rest {
				whitelist all_but
			}
			model_configuration all_but {
				model res.partner
				fields blacklist {HIDDEN}
			}
			model_scheme around {
				whitelist names orders lines users tags leads
			}
			model_configuration orders {
				model sale.order
				fields blacklist client_order_ref note
			}
			model_configuration lines {
				model sale.order.line
				fields blacklist name
			}
			model_configuration users {
				model res.users
				sensitive true
				fields whitelist partner_id create_date
			}
			model_configuration leads {
				model crm.lead
				fields blacklist write_date duration_tracking
			}
			model_scheme worded {
				whitelist some_tags
			}
			model_configuration some_tags {
				model res.partner.category
				fields whitelist color
				filter {WORDED}
			}
			model_scheme tagged {
				whitelist contacts_by_tag
			}
			model_configuration contacts_by_tag {
				model res.partner
				fields whitelist color
				filter {TAGGED}
			}
			model_scheme registered {
				whitelist contacts_by_registry
			}
			model_configuration contacts_by_registry {
				model res.partner
				fields whitelist name company_registry
				operations read write
				filter {REGISTERED}
			}
			model_scheme listed {
				whitelist contacts_by_list
			}
			model_configuration contacts_by_list {
				model res.partner
				fields whitelist name
				operations read write unlink
				filter {LISTED}
			}
			model_configuration tags {
				model res.partner.category
				fields blacklist name
			}`))
	return `{
	admin off
	persist_config off
	auto_https off
	odoo_gateway {
		store badger {DIR}/grants
		gateway erp {
			issuer {BASE}
			database {DATABASE}` + apps.String() + schemes.String() + `
		}
	}
}

{BASE} {
	bind 127.0.0.1
	odoo_gateway erp
	{PROXY}
}
`
}

// probing is a site with an application's token for each.
type probing struct {
	*planted
	t      *testing.T
	site   *site
	tokens map[string]string // by client id
}

func startProbing(t *testing.T) *probing {
	t.Helper()
	o := realOdoo(t)
	o.login, o.password = setting(envAdminLogin, "admin"), setting(envAdminPassword, "admin")
	w := plant(t, goStraight(t, o))
	p := &probing{planted: w, t: t, site: startSiteWith(t, o, w.caddyfile()), tokens: map[string]string{}}
	browser := newPerson(t, p.site.base)
	browser.logIn(o, "/web/login")
	for _, a := range probed {
		p.tokens[a.id] = browser.redeem(a, browser.consent(a)).Access
	}
	return p
}

// attempt is one call that must tell nothing of what is hidden.
type attempt struct {
	as      *app   // nil: narrow
	model   string // "": res.partner
	method  string
	ids     []int64
	args    map[string]any
	context map[string]any
	// short attempts are made in one interface alone.
	short bool
}

func (a attempt) String() string {
	text, _ := json.Marshal([]any{a.modelName(), a.method, a.ids, a.args, a.context})
	return string(text)
}

func (a attempt) modelName() string {
	if a.model == "" {
		return "res.partner"
	}
	return a.model
}

func (a attempt) application() app {
	if a.as == nil {
		return narrow
	}
	return *a.as
}

// heard is all that an application receives.
type heard struct {
	status int
	text   string // status line, headers and body
	body   string
}

// ofMenus are numbers of Odoo's in an answer that are none of records: they may be
// the same as those.
var ofMenus = regexp.MustCompile(`"(action_id|menu_id)": ?[0-9]+`)

// send asks through the gateway.
func (p *probing) send(as app, method, path string, query url.Values, body any) heard {
	p.t.Helper()
	var r *http.Request
	var err error
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	if body != nil {
		text, failed := json.Marshal(body)
		if failed != nil {
			p.t.Fatal(failed)
		}
		r, err = http.NewRequest(method, p.site.base+path, bytes.NewReader(text))
	} else {
		r, err = http.NewRequest(method, p.site.base+path, nil)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+p.tokens[as.id])
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	content = ofMenus.ReplaceAll(content, []byte(`"$1":0`))
	resp.Header.Del("Date")
	resp.Header.Del("Content-Length") // told by the body
	var headers []string
	for name, values := range resp.Header {
		headers = append(headers, name+": "+strings.Join(values, ", "))
	}
	sort.Strings(headers)
	return heard{resp.StatusCode, resp.Status + "\n" + strings.Join(headers, "\n") + "\n\n" + string(content), string(content)}
}

// dialects are the ways to say a call; nil where an interface has no word for it.
func (p *probing) dialects(a attempt) map[string]func() heard {
	as, model := a.application(), a.modelName()
	out := map[string]func() heard{}
	named := map[string]any{}
	query := url.Values{}
	for name, v := range a.args {
		named[name] = v
		text, err := json.Marshal(v)
		if err != nil {
			p.t.Fatal(err)
		}
		if s, isText := v.(string); isText {
			text = []byte(s)
		}
		query.Set(name, string(text))
	}
	if a.context != nil {
		named["context"] = a.context
		text, err := json.Marshal(a.context)
		if err != nil {
			p.t.Fatal(err)
		}
		query.Set("context", string(text))
	}
	ids := strings.Trim(strings.ReplaceAll(fmt.Sprint(a.ids), " ", ","), "[]")
	if a.ids != nil {
		named["ids"] = a.ids
		query.Set("ids", ids)
	}
	out["json2"] = func() heard { return p.send(as, http.MethodPost, "/json/2/"+model+"/"+a.method, nil, named) }
	if a.short {
		return out
	}
	object := "/restapi/1.0/object/" + model
	switch a.method {
	case "create":
		out["restapi"] = func() heard {
			return p.send(as, http.MethodPost, object, nil, map[string]any{"vals": a.args["vals_list"], "context": a.context})
		}
	case "write":
		out["restapi"] = func() heard {
			return p.send(as, http.MethodPut, object, url.Values{"ids": {ids}}, map[string]any{"vals": a.args["vals"]})
		}
	case "unlink":
		out["restapi"] = func() heard { return p.send(as, http.MethodDelete, object, query, nil) }
	case "read", "search_read":
		out["restapi"] = func() heard { return p.send(as, http.MethodGet, object, query, nil) }
	case "search", "search_count", "name_search", "read_group", "fields_get", "default_get", "check_access_rights":
		out["restapi"] = func() heard { return p.send(as, http.MethodGet, object+"/"+a.method, query, nil) }
	default:
		free := map[string]any{"kwargs": a.args}
		if a.ids != nil {
			free["ids"] = a.ids
		}
		if a.args == nil {
			free["kwargs"] = map[string]any{}
		}
		out["restapi"] = func() heard { return p.send(as, http.MethodPost, object+"/"+a.method, nil, free) }
	}
	orest := url.Values{"model": {model}}
	switch a.method {
	case "read":
		orest.Set("ids", ids)
		orest.Set("fields", query.Get("fields"))
		out["orestapi"] = func() heard { return p.send(as, http.MethodGet, "/orestapi/record/read", orest, nil) }
	case "name_search":
		for _, name := range []string{"name", "order", "limit"} {
			if v := query.Get(name); v != "" {
				orest.Set(name, v)
			}
		}
		if len(orest) > 1 {
			out["orestapi"] = func() heard { return p.send(as, http.MethodGet, "/orestapi/record/name_search", orest, nil) }
		}
	case "fields_get":
		orest.Set("names", `["id","name","email","country_id","user_ids","parent_id"]`)
		out["orestapi"] = func() heard { return p.send(as, http.MethodGet, "/orestapi/model/field", orest, nil) }
	}
	return out
}

// ask asks Odoo itself the same.
func (s straight) ask(a attempt) string {
	s.t.Helper()
	kwargs := map[string]any{}
	for name, v := range a.args {
		kwargs[name] = v
	}
	if a.context != nil {
		kwargs["context"] = a.context
	}
	args := []any{}
	if a.ids != nil {
		args = append(args, a.ids)
	}
	return s.raw("/web/dataset/call_kw/"+a.modelName()+"/"+a.method, map[string]any{"model": a.modelName(), "method": a.method, "args": args, "kwargs": kwargs})
}

// silent makes attempts in both states of the world. Whatever is answered must
// be the same, byte for byte, and have no word of what is hidden in it that the
// attempt has not itself. Asked straight, Odoo tells the difference for at
// least one of them, or the attempts would prove nothing.
func (p *probing) silent(t *testing.T, attempts ...attempt) {
	t.Helper()
	type seen struct {
		straight string
		replies  map[string]heard
	}
	var worlds [2][]seen
	for n := range worlds {
		p.state(n)
		for _, a := range attempts {
			one := seen{straight: p.odoo.ask(a), replies: map[string]heard{}}
			for dialect, send := range p.dialects(a) {
				one.replies[dialect] = send()
			}
			worlds[n] = append(worlds[n], one)
		}
	}
	telling := 0
	for i, a := range attempts {
		one, two := worlds[0][i], worlds[1][i]
		if p.betrays(a, one.straight) || p.betrays(a, two.straight) || one.straight != two.straight {
			telling++
		}
		for dialect, got := range one.replies {
			other := two.replies[dialect]
			if got.text != other.text {
				t.Errorf("%s %s\n tells the states of the world apart:\n%.700s\n----\n%.700s", dialect, a, got.body, other.body)
			}
			if p.betrays(a, got.text) || p.betrays(a, other.text) {
				t.Errorf("%s %s\n tells what is hidden:\n%.700s", dialect, a, got.body)
			}
		}
	}
	if telling == 0 {
		t.Errorf("asked straight, Odoo tells nothing either: these attempts prove nothing")
	}
}

// betrays tells whether a text has a word of what is hidden in it that the
// attempt does not say itself.
func (p *probing) betrays(a attempt, text string) bool {
	own := a.String()
	for _, word := range []string{p.word, p.other, phoneOf(p.word), phoneOf(p.other)} {
		if strings.Contains(text, word) && !strings.Contains(own, word) {
			return true
		}
	}
	return false
}
