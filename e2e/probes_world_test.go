//go:build realodoo

package e2e

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// envAdminLogin and envAdminPassword name an administrator of the real Odoo;
// where they are not set, it is admin with the password admin.
const (
	envAdminLogin    = "ODOO_GATEWAY_E2E_ADMIN_LOGIN"
	envAdminPassword = "ODOO_GATEWAY_E2E_ADMIN_PASSWORD"
)

// straight is an administrator who asks Odoo itself, without the gateway.
type straight struct {
	*person
	version int
}

// goStraight logs in as the administrator. Odoo takes the address of an
// administrator's login for its own: as all logins through a gateway have
// ended by then, the last word is that of this one.
func goStraight(t *testing.T, o odoo) straight {
	t.Helper()
	s := straight{person: newPerson(t, strings.TrimSuffix(o.url.String(), "/"))}
	var info struct {
		UID     int64 `json:"uid"`
		Version []any `json:"server_version_info"`
	}
	s.rpc("/web/session/authenticate", map[string]any{"db": o.database, "login": o.login, "password": o.password}, &info)
	if len(info.Version) == 0 || info.UID == 0 {
		t.Fatalf("%s can not log in at %s", o.login, s.base)
	}
	major, _ := info.Version[0].(float64)
	s.version = int(major)
	t.Cleanup(func() {
		again := straight{person: newPerson(t, s.base)}
		again.rpc("/web/session/authenticate", map[string]any{"db": o.database, "login": o.login, "password": o.password}, nil)
	})
	return s
}

// rpc asks a JSON-RPC path of Odoo's, which must answer.
func (s straight) rpc(path string, params map[string]any, into any) {
	s.t.Helper()
	raw := s.raw(path, params)
	var a struct {
		Result json.RawMessage
		Error  *struct {
			Data struct{ Name, Message string }
		}
	}
	if err := json.Unmarshal([]byte(raw), &a); err != nil || a.Error != nil {
		s.t.Fatalf("Odoo itself, %s %v: %v %+v", path, params, err, a.Error)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(a.Result, into); err != nil {
		s.t.Fatalf("Odoo itself, %s: %v\n%.1500s", path, err, raw)
	}
}

// raw asks a JSON-RPC path of Odoo's and gives whatever it answers.
func (s straight) raw(path string, params map[string]any) string {
	s.t.Helper()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "method": "call", "id": 1, "params": params})
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, s.base+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := s.http.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(resp.Body); err != nil {
		s.t.Fatal(err)
	}
	return text.String()
}

// do calls a method of a model, which must work.
func (s straight) model(model, method string, into any, kwargs map[string]any, args ...any) {
	s.t.Helper()
	if args == nil {
		args = []any{}
	}
	if kwargs == nil {
		kwargs = map[string]any{}
	}
	s.rpc("/web/dataset/call_kw/"+model+"/"+method, map[string]any{"model": model, "method": method, "args": args, "kwargs": kwargs}, into)
}

// create makes a record, which the test's end deletes.
func (s straight) create(model string, vals map[string]any) int64 {
	s.t.Helper()
	var id int64
	s.model(model, "create", &id, map[string]any{"context": quietly}, vals)
	s.t.Cleanup(func() { s.remove(model, id) })
	return id
}

// remove deletes a record that may be gone already.
func (s straight) remove(model string, ids ...int64) {
	s.t.Helper()
	var there []int64
	s.model(model, "search", &there, map[string]any{"context": map[string]any{"active_test": false}}, []any{[]any{"id", "in", ids}})
	if len(there) > 0 {
		s.model(model, "unlink", nil, nil, there)
	}
}

func (s straight) write(model string, id int64, vals map[string]any) {
	s.t.Helper()
	s.model(model, "write", nil, map[string]any{"context": quietly}, []int64{id}, vals)
}

// quietly keeps Odoo from sending mail about, and from looking up, what is made
// for the probes.
var quietly = map[string]any{"tracking_disable": true, "no_vat_validation": true, "mail_create_nolog": true, "no_reset_password": true}

// planted is what the probes try to find out: two contacts of one name, that
// differ in nothing but what is hidden.
type planted struct {
	odoo straight
	// name is the one that both contacts have, and nobody else.
	name string
	// a and b are the contacts; word stands in all hidden texts of a in one
	// state of the world and nowhere in the other. other stands in those of b,
	// in the other state alone.
	a, b        int64
	word, other string
	// records that belong to them
	tagWord, tagOther  int64
	country, elsewhere int64
	company, company2  int64
	outside            int64
	order, order2      int64
	attachment         int64
	// leads are those of a and b, once probeA74Lead has made them.
	leads []int64
	token string
}

// plant makes the contacts and what belongs to them.
func plant(t *testing.T, o straight) *planted {
	t.Helper()
	token := strings.ToLower(rand.Text()[:8])
	w := &planted{odoo: o, name: "Probe " + token, word: "zq" + token + "x", other: "zq" + token + "y", token: token}
	var countries []int64
	o.model("res.country", "search", &countries, map[string]any{"limit": 2, "order": "code desc"}, []any{})
	w.country, w.elsewhere = countries[0], countries[1]
	w.tagWord = o.create("res.partner.category", map[string]any{"name": w.word})
	w.tagOther = o.create("res.partner.category", map[string]any{"name": w.other})
	w.company = o.create("res.partner", map[string]any{"name": "Company " + w.word, "is_company": true})
	w.company2 = o.create("res.partner", map[string]any{"name": "Company " + w.other, "is_company": true})
	w.a = o.create("res.partner", map[string]any{"name": w.name})
	w.b = o.create("res.partner", map[string]any{"name": w.name})
	w.attachment = o.create("ir.attachment", map[string]any{"name": w.word, "res_model": "res.partner", "res_id": w.a, "raw": w.word})
	w.order = o.create("sale.order", map[string]any{"partner_id": w.a, "client_order_ref": w.word})
	w.order2 = o.create("sale.order", map[string]any{"partner_id": w.b})
	w.outside = o.create("res.partner", map[string]any{"name": "Outside " + w.word, "ref": "outside-" + token})
	return w
}

// hide sets all that is hidden of a contact to values with a word in them, or
// to nothing.
func (w *planted) hide(id int64, word string, tag, country, company int64) {
	w.odoo.t.Helper()
	vals := map[string]any{
		"email": false, "phone": false, "street": false, "street2": false, "city": false, "zip": false, "ref": "open-" + w.token, "vat": false,
		"comment": false, "function": false, "website": false, "company_name": false, "barcode": false, "color": 0, "credit_limit": 0,
		"country_id": false, "parent_id": false, "category_id": []any{[]any{6, 0, []int64{}}}, "lang": "en_US", "is_company": false, "partner_latitude": 0,
		"date": false,
	}
	if w.odoo.version >= 19 || w.odoo.version == 18 {
		delete(vals, "date")
	}
	if word != "" {
		for _, name := range []string{"street", "street2", "city", "zip", "function", "company_name"} {
			vals[name] = word + " " + name
		}
		vals["email"] = word + "@secret.example"
		vals["website"] = "http://" + word + ".example"
		vals["comment"] = "<p>" + word + "</p>"
		vals["barcode"] = word
		vals["vat"] = word
		vals["phone"] = phoneOf(word)
		vals["color"], vals["partner_latitude"] = 7, 7.5
		vals["country_id"], vals["parent_id"] = country, company
		vals["category_id"] = []any{[]any{6, 0, []int64{tag}}}
	}
	fields := w.odoo.fieldsOf("res.partner")
	for name := range vals {
		if !fields[name] {
			delete(vals, name)
		}
	}
	w.odoo.write("res.partner", id, vals)
}

// phoneOf makes a number of a word, which no other has.
func phoneOf(word string) string {
	n := 0
	for _, c := range word {
		n = (n*31 + int(c)) % 100_000_000
	}
	return fmt.Sprintf("+32 9%08d", n)
}

func (s straight) fieldsOf(model string) map[string]bool {
	var described map[string]any
	s.model(model, "fields_get", &described, map[string]any{"attributes": []string{"type"}})
	out := map[string]bool{}
	for name := range described {
		out[name] = true
	}
	return out
}

// state brings the world into one of its two states.
func (w *planted) state(n int) {
	w.odoo.t.Helper()
	if len(w.leads) > 0 {
		w.odoo.model("crm.lead", "write", nil, map[string]any{"context": quietly}, w.leads, w.emptyLead())
	}
	if n == 0 {
		w.hide(w.b, "", 0, 0, 0)
		w.hide(w.a, w.word, w.tagWord, w.country, w.company)
	} else {
		w.hide(w.a, "", 0, 0, 0)
		w.hide(w.b, w.other, w.tagOther, w.elsewhere, w.company2)
	}
	for i, lead := range w.leads {
		w.odoo.write("crm.lead", lead, map[string]any{"partner_id": []int64{w.a, w.b}[i]})
	}
}
