package scheme_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest/orm"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// hiddenFields are closed in the schemes of the property test; what is
// written to them differs between the two databases.
var hiddenFields = map[string][]string{
	"res.partner": {"email", "vat", "ref", "street", "city", "zip", "comment", "function", "website"},
	"sale.order":  {"client_order_ref", "note"},
	"res.country": {"code"},
	"crm.lead":    {"email_from"}, // a copy of a contact's email
}

// propertySchemes open the same fields without and with filters on records,
// and without those that tell to which company a contact belongs.
func propertySchemes(t *testing.T) map[string]*scheme.Scheme {
	partner := scheme.Configuration{Model: "res.partner", Limit: scheme.LimitWhitelist,
		Fields: []string{"name", "phone", "country_id", "parent_id", "child_ids", "category_id", "user_id", "image_128", "sale_order_ids"}}
	sale := scheme.Configuration{Model: "sale.order", Limit: scheme.LimitBlacklist, Fields: hiddenFields["sale.order"]}
	land := scheme.Configuration{Model: "res.country", Limit: scheme.LimitWhitelist, Fields: []string{"name", "phone_code", "currency_id"}}
	tag := scheme.Configuration{Model: "res.partner.category"}
	lead := scheme.Configuration{Model: "crm.lead"}
	alone := partner
	alone.Fields = []string{"name", "phone", "country_id", "category_id", "user_id", "sale_order_ids"}
	selected := partner
	selected.Filter = `[["customer_rank", ">", 0]]`
	return map[string]*scheme.Scheme{
		"fields":  compile(t, partner, sale, land, tag, lead),
		"filters": compile(t, selected, sale, land, tag, lead),
		"company": compile(t, alone, sale, land, tag, lead),
	}
}

// world is one simulated database as one person sees it.
type world struct {
	db      *orm.DB
	uid     int64
	version int
}

// call speaks to Odoo 16 of the lowest id of a group as the client does.
func (w world) call(call odoo.Call) (odoo.Result, error) {
	if order, ok := call.Kwargs["orderby"].(string); ok && w.version < 17 {
		call.Kwargs = maps.Clone(call.Kwargs)
		call.Kwargs["orderby"] = strings.ReplaceAll(order, "id:min", "id")
	}
	v, err := w.db.Call(orm.Env{UID: w.uid, Context: call.Context}, call.Model, call.Method, call.Args, call.Kwargs)
	if err != nil {
		return odoo.Result{}, err
	}
	raw, err := odoo.MarshalValue(v)
	return odoo.Result{Value: raw}, err
}

// do runs a checked call, ids first.
func (w world) do(checked scheme.Checked) (odoo.Result, error) {
	if checked.Answer != nil {
		return odoo.Result{Value: checked.Answer}, nil
	}
	call := checked.Call
	if call.IDs != nil {
		call.Args = append([]any{odoo.IDList(call.IDs)}, call.Args...)
	}
	return w.call(call)
}

func (w world) Run(_ context.Context, call odoo.Call) (odoo.Result, error) { return w.call(call) }

func (w world) Fields(_ context.Context, model string) (odoo.Fields, error) {
	res, err := w.call(odoo.FieldsCall(model))
	if err != nil {
		return nil, err
	}
	return odoo.ParseFields(res.Value)
}

const sentinel = "SENTINEL"

// newWorld fills every hidden field with values that name the world, and
// with filters the open fields of records outside of them, too. Without
// companies, each contact belongs to another one in each world.
func newWorld(t *testing.T, version int, name, kind string) world {
	t.Helper()
	// One time for both, or their write_date would differ.
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	db := orm.New(orm.Options{Version: version, Now: func() time.Time { return now }})
	user, ok := db.UserByLogin("admin")
	if !ok {
		t.Fatal("no admin")
	}
	w := world{db: db, uid: user.ID, version: version}
	root := orm.Env{UID: user.ID, Superuser: true, Context: map[string]any{"active_test": false}}
	for model, hidden := range hiddenFields {
		ids, err := db.Call(root, model, "search", []any{[]any{}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, id := range ids.([]any) {
			vals := map[string]any{}
			for _, f := range hidden {
				vals[f] = fmt.Sprintf("%s-%s-%s-%d@x.example", sentinel, name, f, i)
			}
			if model == "res.country" {
				vals["code"] = name[:1] + string(rune('A'+i%26))
			}
			if _, err := db.Call(root, model, "write", []any{[]any{id}, vals}, nil); err != nil {
				t.Fatalf("%s %v: %v", model, id, err)
			}
		}
	}
	if kind == "company" {
		companies, err := db.Call(root, "res.partner", "search", []any{[]any{[]any{"is_company", "=", true}}}, map[string]any{"order": "id", "limit": int64(2)})
		if err != nil {
			t.Fatal(err)
		}
		company := companies.([]any)[len(name)%2] // alpha, Beta
		contacts, err := db.Call(root, "res.partner", "search", []any{[]any{[]any{"is_company", "=", false}}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Call(root, "res.partner", "write", []any{contacts, map[string]any{"parent_id": company}}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if kind == "filters" {
		d := []any{[]any{"customer_rank", "<=", int64(0)}}
		found, err := db.Call(root, "res.partner", "search", []any{d}, nil)
		if err != nil {
			t.Fatal(err)
		}
		ids := found.([]any)
		stranger, err := db.Call(root, "res.partner", "create", []any{map[string]any{"name": sentinel + name}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, write := range []struct {
			model string
			ids   []any
			vals  map[string]any
		}{
			{"res.partner", ids, map[string]any{"phone": sentinel + name}},
			{"sale.order", []any{int64(1), int64(2)}, map[string]any{"partner_id": stranger}},
		} {
			if _, err := db.Call(root, write.model, "write", []any{write.ids, write.vals}, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	return w
}

var (
	propertyTotal = flag.Int("cases", 0, "random calls for each version and scheme of the property tests; 0 is few")
	propertySeed  = flag.Uint64("seed", 7, "what the random calls of the property tests are made from")
)

// propertyCases are how many calls to make, and from what.
func propertyCases(t *testing.T, few int) (cases int, seed uint64) {
	t.Logf("seed %d", *propertySeed)
	if *propertyTotal > 0 {
		return *propertyTotal, *propertySeed
	}
	return few, *propertySeed
}

// TestNothingHiddenShows sends random calls through the rules into two
// databases that differ in nothing but hidden values. Whatever is let
// through must be the same in both, byte for byte: neither a value nor a
// count, an order or an error depends on what is hidden. That holds for
// every version.
func TestNothingHiddenShows(t *testing.T) {
	word := hiddenWords()
	cases, seed := propertyCases(t, 1000)
	came := map[string]int{}
	for version := 16; version <= 20; version++ {
		for name, s := range propertySchemes(t) {
			t.Run(fmt.Sprintf("%s %d", name, version), func(t *testing.T) {
				a, b := newWorld(t, version, "alpha", name), newWorld(t, version, "Beta", name)
				g := &generator{rand.New(rand.NewPCG(uint64(version), seed))}
				passed := 0
				for range cases {
					call := g.call()
					checked, err := s.Check(context.Background(), a, call)
					if err != nil {
						continue
					}
					for _, part := range []string{"fields", "order", "domain", "allfields"} {
						if v, ok := checked.Kwargs[part]; ok && word.MatchString(text(t, paths(v))) {
							t.Fatalf("%v became %v", call, checked)
						}
					}
					if same(t, s, a, b, call, checked) {
						passed++
						came[call.Method]++
					}
				}
				if passed < cases/10 {
					t.Errorf("only %d of %d calls came through", passed, cases)
				}
			})
		}
	}
	for _, method := range []string{"search_read", "search", "search_count", "read", "name_search", "fields_get", "read_group", "formatted_read_group", "check_access_rights", "has_access"} {
		if came[method] < 10 {
			t.Errorf("%s came through %d times", method, came[method])
		}
	}
}

// same runs a call in both databases, and tells whether it was answered.
func same(t *testing.T, s *scheme.Scheme, a, b world, call odoo.Call, checked scheme.Checked) bool {
	t.Helper()
	var answers [2]string
	answered := true
	for i, w := range []world{a, b} {
		var res odoo.Result
		err := s.Prove(context.Background(), w, checked)
		if err == nil {
			res, err = w.do(checked)
		}
		if err == nil {
			res, err = s.Filter(context.Background(), w, checked, res)
		}
		answers[i] = string(res.Value)
		if err != nil {
			answers[i], answered = "error: "+err.Error(), false
		}
	}
	// An error repeats what the caller has sent, and so does a group's domain.
	if answers[0] != answers[1] || answered && strings.Contains(withoutDomains(t, answers[0]), sentinel) {
		t.Fatalf("%v\nchecked %v\n%.2000s\n%.2000s", call, checked, answers[0], answers[1])
	}
	return answered
}

// withoutDomains is an answer without what groups repeat of the caller's domain.
func withoutDomains(t *testing.T, answer string) string {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(answer), &value); err != nil {
		t.Fatal(err)
	}
	groups, _ := value.([]any)
	for _, group := range groups {
		if members, ok := group.(map[string]any); ok {
			delete(members, "__domain")
		}
	}
	return text(t, value)
}

// hiddenWords finds the name of a hidden field as a field or a step of a path.
func hiddenWords() *regexp.Regexp {
	var names []string
	for _, list := range hiddenFields {
		names = append(names, list...)
	}
	return regexp.MustCompile(`\b(` + strings.Join(names, "|") + `)\b`)
}

// paths are the names in a list of fields, an order, or the leaves of a domain.
func paths(v any) any {
	list, ok := v.([]any)
	if !ok {
		return v
	}
	out := []any{}
	for _, item := range list {
		switch leaf, ok := item.([]any); {
		case !ok:
			out = append(out, item)
		case len(leaf) == 3 && (leaf[1] == "any" || leaf[1] == "not any"):
			out = append(out, leaf[0], paths(leaf[2]))
		default:
			out = append(out, leaf[0])
		}
	}
	return out
}
