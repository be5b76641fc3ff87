package connect_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/dialect/json2"
	"github.com/caddy-odoo/gateway/internal/dialect/orestapi"
	"github.com/caddy-odoo/gateway/internal/dialect/restapi"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// Every request of a document is taken by the interface that it is for, and by
// the model scheme: as short as it may be, and with all that it may have.
func TestEveryDescribedRequestIsAllowed(t *testing.T) {
	for name, definition := range definitions() {
		for _, scopes := range [][]string{nil, {"odoo.read"}, {"odoo.write"}, {"odoo.call"}, {"odoo.read", "odoo.write"}} {
			rules, app := compile(t, definition), wiki()
			app.Scopes = scopes
			doc := readDocument(t, guide(t, app, rules, erp()))
			j := &judging{t: t, rules: rules, may: app.MayHave(rules.Scopes())}
			serve := map[string]http.Handler{
				"/restapi/": restapi.New(restapi.Config{Auth: j}), "/json/2/": json2.New(json2.Config{Auth: j}),
				"/orestapi/": orestapi.New(orestapi.Config{Auth: j}),
			}
			n := 0
			for path, methods := range doc.Paths {
				if path == oauth.MePath {
					continue
				}
				handler := serve[strings.Join(strings.SplitAfter(path, "/")[:2], "")]
				if handler == nil {
					handler = serve["/json/2/"]
				}
				for method, o := range methods {
					if !slices.Equal(o.Security[0]["oauth2"], slices.Compact(slices.Clone(o.Security[0]["oauth2"]))) || len(o.Security[0]["oauth2"]) != 1 {
						t.Errorf("%s: %s %s takes %v", name, method, path, o.Security)
					}
					for _, whole := range []bool{false, true} {
						for _, r := range doc.requests(strings.ToUpper(method), path, o, whole) {
							j.said, j.scopes = "", o.Security[0]["oauth2"]
							w := httptest.NewRecorder()
							handler.ServeHTTP(w, r.Request)
							n++
							if j.said != "" || o.Responses[fmt.Sprint(w.Code)] == nil || w.Code >= 300 {
								t.Errorf("%s %v: %s %s %s: %d %s %s", name, scopes, r.Method, r.URL, r.body, w.Code, w.Body, j.said)
							}
						}
					}
				}
			}
			if closed := len(j.may) == 0; (n == 0) != closed || closed != (len(doc.Paths) == 0) {
				t.Errorf("%s %v: %d requests of %d paths with %v", name, scopes, n, len(doc.Paths), j.may)
			}
		}
	}
}

// universe are models, methods and reports of which schemes open some.
var (
	universe = []string{
		"res.partner", "sale.order", "crm.lead", "res.country", "res.partner.category", "hr.employee", "hr", "hrm.thing", "account.move", "account.move.line",
		"res.users", "res.users_log", "res.users.log", "ir.rule", "irx.rule", "mail.message", "mail", "mailing.list", "auth_totp.device", "base.module.update",
		"base_import.import", "sale.order.wizard", "some.wizard.line", "wizardry", "res.groups", "res.device", "payment.token", "payment.transaction",
		"product.product", "x_custom", "sale", "sale.orders", "sale_order", "bus.bus", "sms.sms", "google.thing", "project.task",
	}
	calls = []string{
		"read", "search_read", "search", "search_count", "fields_get", "name_search", "read_group", "formatted_read_group", "default_get",
		"check_access_rights", "has_access", "create", "write", "unlink", "action_confirm", "compute_all", "action_archive", "copy", "export_data",
		"sudo", "web_read", "name_create", "message_post", "onchange", "load", "_read",
	}
)

// A document names what the scheme opens and nothing else: models, methods,
// reports and fields.
func TestDocumentsAreExact(t *testing.T) {
	for name, definition := range definitions() {
		rules, app := compile(t, definition), wiki()
		doc := readDocument(t, guide(t, app, rules, erp()))
		for _, model := range universe {
			for _, method := range calls {
				want := rules.Closed(odoo.Call{Model: model, Method: method}) == nil && !unenforceable(definition, model)
				if got := doc.Paths["/json/2/"+model+"/"+method]["post"] != nil || doc.others("/json/2/{model}/"+method, "post", model); got != want {
					t.Errorf("%s: /json/2/%s/%s: %v, want %v", name, model, method, got, want)
				}
				path, verb := "/restapi/1.0/object/"+model+"/"+method, "post"
				switch method {
				case "create":
					path = "/restapi/1.0/object/" + model
				case "write":
					path, verb = "/restapi/1.0/object/"+model+"/{id}", "put"
				case "unlink":
					path, verb = "/restapi/1.0/object/"+model+"/{id}", "delete"
				}
				if got := doc.Paths[path][verb] != nil || doc.others(strings.Replace(path, model, "{model}", 1), verb, model); got != want {
					t.Errorf("%s: %s %s: %v, want %v", name, verb, path, got, want)
				}
			}
			read := rules.Opens(model) && !unenforceable(definition, model)
			for _, path := range []string{"/orestapi/record/read", "/orestapi/record/name_search", "/orestapi/model/field"} {
				if got := doc.orest(path, model); got != read {
					t.Errorf("%s: %s of %s: %v, want %v", name, path, model, got, read)
				}
			}
			fieldsAreExact(t, name, doc, rules, model)
		}
		for _, report := range []string{"sale.report_saleorder", "account.report_invoice"} {
			if got, want := doc.Paths["/restapi/1.0/report/"+report]["get"] != nil, rules.ClosedReport(report) == nil; got != want {
				t.Errorf("%s: report %s: %v, want %v", name, report, got, want)
			}
		}
		if text := made(t, guide(t, app, rules, erp()), "openapi"); name == "sales" {
			for _, hidden := range []string{"margin", "vat", "email_normalized", `"access_token"`, "hr.employee", "sale.order/write", "crm.lead/read", "message_ids", "nonsense"} {
				if strings.Contains(text, hidden) {
					t.Errorf("%s: the document names %s", name, hidden)
				}
			}
		}
	}
}

// Odoo prints for sessions alone: an application that never has one is offered
// no report.
func TestDocumentsWithoutReports(t *testing.T) {
	rules := compile(t, definitions()["sales"])
	keyed, service := wiki(), wiki()
	keyed.Connection = application.ConnectionAPIKey
	service.RedirectURIs, service.Service = nil, &application.Service{Login: "export"}
	for name, app := range map[string]application.Application{"asking": wiki(), "by keys alone": keyed, "for itself": service} {
		for _, kind := range []string{"openapi", "postman", "curl"} {
			if got, want := strings.Contains(made(t, guide(t, app, rules, erp()), kind), "sale.report_saleorder"), name == "asking"; got != want {
				t.Errorf("%s: a report in %s: %v", name, kind, got)
			}
		}
	}
}

// unenforceable tells the one model whose filter can not hold.
func unenforceable(d scheme.Definition, model string) bool {
	return model == "res.country" && d.Name == "sales"
}

// fieldsAreExact asks the rules about every field of a model.
func fieldsAreExact(t *testing.T, name string, doc described31, rules *scheme.Scheme, model string) {
	t.Helper()
	record, readable := doc.Components.Schemas[model+"-record"]
	values, writable := doc.Components.Schemas[model+"-values"]
	known := erp()[model]
	if len(known) == 0 {
		return
	}
	if readable && record.AdditionalProperties != false || writable && values.AdditionalProperties != false {
		t.Errorf("%s: %s takes more than it names", name, model)
	}
	for _, f := range known {
		call := odoo.Call{Model: model, Method: "read", IDs: []int64{1}, Kwargs: map[string]any{"fields": []any{f.Name}}}
		_, err := rules.Check(t.Context(), erp(), call)
		if _, got := record.Properties[f.Name]; readable && got != (err == nil) {
			t.Errorf("%s: %s.%s to read: %v, but %v", name, model, f.Name, got, err)
		}
		value := map[string]any{"char": "x", "integer": int64(5), "monetary": 1.5, "boolean": true}[f.Type]
		write := odoo.Call{Model: model, Method: "write", IDs: []int64{1}, Kwargs: map[string]any{"vals": map[string]any{f.Name: value}}}
		if rules.Closed(write) != nil {
			write = odoo.Call{Model: model, Method: "create", Kwargs: map[string]any{"vals_list": map[string]any{f.Name: value}}}
		}
		_, err = rules.Check(t.Context(), erp(), write)
		if _, got := values.Properties[f.Name]; writable && got != (err == nil) {
			t.Errorf("%s: %s.%s to write: %v, but %v", name, model, f.Name, got, err)
		}
	}
}

// Without Odoo's word the fields are those of the configuration, and the
// document says so.
func TestUndescribedFields(t *testing.T) {
	for name, definition := range definitions() {
		rules := compile(t, definition)
		doc := readDocument(t, guide(t, wiki(), rules, source{}))
		for component, schema := range doc.Components.Schemas {
			model, kind, isModel := strings.Cut(component, "-")
			if !isModel || kind != "record" && kind != "values" {
				continue
			}
			if !strings.Contains(schema.Description, "has not described") {
				t.Errorf("%s: %s says %q", name, component, schema.Description)
			}
			for field := range schema.Properties {
				e, err := rules.Explain(t.Context(), source{}, model, map[string]string{"record": "read", "values": "write"}[kind], field)
				if model == "other" {
					continue
				}
				i := slices.IndexFunc(e.Verdicts, func(v scheme.Verdict) bool { return v.Subject == "field "+field })
				if err != nil || i < 0 || !e.Verdicts[i].Allowed {
					t.Errorf("%s: %s names %s: %+v, %v", name, component, field, e.Verdicts, err)
				}
			}
		}
		if name == "sales" {
			partner, order := doc.Components.Schemas["res.partner-record"], doc.Components.Schemas["sale.order-record"]
			if partner.AdditionalProperties != false || len(partner.Properties) != 7 || order.AdditionalProperties != true || len(order.Properties) != 2 {
				t.Errorf("partner %+v, order %+v", partner, order)
			}
		}
	}
}

// Which model a field links to is told of open models alone, as by fields_get.
func TestClosedModelsAreNotNamed(t *testing.T) {
	rules := compile(t, scheme.Definition{Name: "few", Configurations: []scheme.Configuration{
		{Name: "customer", Model: "res.partner", Limit: scheme.LimitWhitelist, Fields: []string{"name", "country_id"}, Operations: []scheme.Operation{scheme.Read, scheme.Write}},
		{Name: "order", Model: "sale.order", Limit: scheme.LimitWhitelist, Fields: []string{"partner_id"}},
	}})
	schemas := readDocument(t, guide(t, wiki(), rules, erp())).Components.Schemas
	for at, want := range map[[2]string]string{
		{"sale.order-record", "partner_id"}: "res.partner", {"res.partner-record", "country_id"}: "", {"res.partner-values", "country_id"}: "",
	} {
		field, ok := schemas[at[0]].Properties[at[1]]
		if !ok || field.Model != want {
			t.Errorf("%s of %s leads to %q, %v, want %q", at[1], at[0], field.Model, ok, want)
		}
	}
}

// What a document refers to is in it, each request has a name of its own, and
// parameters of paths are declared.
func TestDocumentsHoldTogether(t *testing.T) {
	for name, definition := range definitions() {
		for _, fields := range []source{erp(), {}} {
			text := made(t, guide(t, wiki(), compile(t, definition), fields), "openapi")
			doc, whole := read[described31](t, text), read[map[string]any](t, text)
			for _, at := range references(whole) {
				var v any = whole
				for step := range strings.SplitSeq(strings.TrimPrefix(at, "#/"), "/") {
					inside, _ := v.(map[string]any)
					v = inside[step]
				}
				if v == nil {
					t.Errorf("%s: %s leads nowhere", name, at)
				}
			}
			ids := map[string]bool{}
			for path, methods := range doc.Paths {
				for method, o := range methods {
					if ids[o.OperationID] || o.OperationID == "" {
						t.Errorf("%s: %s %s: id %q", name, method, path, o.OperationID)
					}
					ids[o.OperationID] = true
					for _, part := range strings.Split(path, "/") {
						inPath, isParameter := strings.CutPrefix(part, "{")
						if isParameter && !slices.ContainsFunc(o.Parameters, func(p parameter) bool {
							p = doc.parameter(p)
							return p.In == "path" && p.Required && p.Name+"}" == inPath
						}) {
							t.Errorf("%s: %s %s: no parameter %s", name, method, path, part)
						}
					}
					for status, answer := range o.Responses {
						if status >= "400" && !strings.HasSuffix(answer.Ref, "-"+status) {
							t.Errorf("%s: %s %s: %s is %+v", name, method, path, status, answer)
						}
					}
				}
			}
			for at, answer := range doc.Components.Responses {
				if answer.Headers["Odoo-Gateway-Code"] == nil {
					t.Errorf("%s: %s has no code", name, at)
				}
			}
		}
	}
}

// references are the values of all $ref.
func references(v any) (all []string) {
	switch v := v.(type) {
	case map[string]any:
		for key, inside := range v {
			if at, isText := inside.(string); key == "$ref" && isText {
				all = append(all, at)
			}
			all = append(all, references(inside)...)
		}
	case []any:
		for _, inside := range v {
			all = append(all, references(inside)...)
		}
	}
	return all
}

// How tokens are got follows from the application.
func TestFlows(t *testing.T) {
	rules := compile(t, definitions()["sales"])
	service := &application.Service{Login: "robot", APIKey: application.Hide("robot-key")}
	for _, tt := range []struct {
		edit func(*application.Application)
		want string
	}{
		{func(*application.Application) {}, "authorizationCode"},
		{func(a *application.Application) { a.Service = service }, "authorizationCode clientCredentials"},
		{func(a *application.Application) { a.Service, a.RedirectURIs = service, nil }, "clientCredentials"},
		{func(a *application.Application) { a.RedirectURIs[0].Active = false }, ""},
	} {
		app := wiki()
		tt.edit(&app)
		doc := readDocument(t, guide(t, app, rules, erp()))
		flows := doc.Components.SecuritySchemes["oauth2"].Flows
		var names []string
		for flow, at := range flows {
			names = append(names, flow)
			if at.TokenURL != issuer+oauth.AccessTokenPath || len(at.Scopes) != 3 || flow == "authorizationCode" && at.AuthorizationURL != issuer+oauth.AuthorizePath {
				t.Errorf("%s: %+v", flow, at)
			}
		}
		slices.Sort(names)
		if got := strings.Join(names, " "); got != tt.want {
			t.Errorf("flows %q, want %q", got, tt.want)
		}
	}
}

// request is one to send, with its body to tell about.
type request struct {
	*http.Request
	body string
}

// requests are those that an operation describes: one for each type of body.
func (d described31) requests(method, path string, o *operation, whole bool) []request {
	query := url.Values{}
	for _, p := range o.Parameters {
		p = d.parameter(p)
		switch value := d.sample(p.Name, p.Schema, whole); {
		case p.In == "path":
			path = strings.Replace(path, "{"+p.Name+"}", fmt.Sprint(value), 1)
		case p.Required || whole && !unusual(p.Name):
			query.Set(p.Name, inAddress(p.Name, value))
		}
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	if o.RequestBody == nil {
		return []request{{newRequest(method, path, "", ""), ""}}
	}
	var all []request
	for kind, content := range o.RequestBody.Content {
		values, _ := d.sample("", content.Schema, whole).(map[string]any)
		body, err := json.Marshal(values)
		if err != nil {
			panic(err)
		}
		if kind != "application/json" {
			form := url.Values{}
			for name, value := range values {
				form.Set(name, inAddress(name, value))
			}
			body = []byte(form.Encode())
		}
		all = append(all, request{newRequest(method, path, kind, string(body)), string(body)})
	}
	return all
}

func newRequest(method, path, kind, body string) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	return r
}
