package orestapi_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/dialect/dialecttest"
	"github.com/caddy-odoo/gateway/internal/dialect/orestapi"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

const form = "Content-Type: application/x-www-form-urlencoded\r\n"

func serve(t *testing.T, r *dialecttest.Runner) func(line, headers, body string) dialecttest.Answer {
	t.Helper()
	return dialecttest.Serve(t, orestapi.New(orestapi.Config{Auth: r, Version: func(context.Context) (odoo.Record, error) {
		t.Error("the version was asked for")
		return nil, nil
	}}))
}

func TestModels(t *testing.T) {
	runner := &dialecttest.Runner{Listed: []dialect.Model{{Model: "res.partner", Name: "Partner"}, {Model: "crm.lead", Name: "Opportunity"}}}
	send := serve(t, runner)
	for _, line := range []string{"GET /orestapi/application/model", "POST /orestapi/application/model", "GET /orestapi/application/model/"} {
		got := send(line, "", "")
		if got.Status != 200 || got.Body != `[{"model":"res.partner","name":"Partner"},{"model":"crm.lead","name":"Opportunity"}]` {
			t.Errorf("%s: %d %s", line, got.Status, got.Body)
		}
		if v := got.Header.Get("Content-Type"); v != "application/json" {
			t.Errorf("Content-Type is %q", v)
		}
	}
	runner.Listed = nil
	if got := send("GET /orestapi/application/model", "", ""); got.Status != 200 || got.Body != `[]` {
		t.Errorf("no models: %d %q", got.Status, got.Body)
	}
}

func TestRecords(t *testing.T) {
	window := map[string]dialect.Window{"res.partner": {Action: 52, Menu: 71}}
	names := `[{"id":7,"display_name":"Agrolait"},{"id":12,"display_name":"Think Big Systems"}]`
	header := `[{"header":{"model":"res.partner","action_id":52,"menu_id":71`
	search := "/orestapi/record/name_search"
	read := "/orestapi/record/read"
	tests := []struct {
		name, line, form string
		answer           string
		call             string
		body             string
	}{
		{"search", "GET " + search + "?model=res.partner", "", names, `res.partner.name_search [] {"limit":20,"name":"","offset":0} null`,
			header + `,"count":2,"offset":0,"limit":20}},{"data":` + names + `}]`},
		{"search by name, a page", "GET " + search + "?model=res.partner&name=A&limit=2&offset=4&order=name+desc", "", names,
			`res.partner.name_search [] {"limit":2,"name":"A","offset":4,"order":"name desc"} null`,
			header + `,"count":2,"offset":4,"limit":2}},{"data":` + names + `}]`},
		{"search in the default order", "GET " + search + "?model=res.partner&order=display_name", "", names, `res.partner.name_search [] {"limit":20,"name":"","offset":0} null`,
			header + `,"count":2,"offset":0,"limit":20}},{"data":` + names + `}]`},
		{"search in another order by names", "GET " + search + "?model=res.partner&order=display_name+desc", "", names,
			`res.partner.name_search [] {"limit":20,"name":"","offset":0,"order":"display_name desc"} null`, header + `,"count":2,"offset":0,"limit":20}},{"data":` + names + `}]`},
		{"search by form", "POST " + search, "model=res.partner&name=Z%C3%B6+e&offset=0", names,
			`res.partner.name_search [] {"limit":20,"name":"Zö e","offset":0} null`,
			header + `,"count":2,"offset":0,"limit":20}},{"data":` + names + `}]`},
		{"search by both", "POST " + search + "?model=res.partner", "name=A", names, `res.partner.name_search [] {"limit":20,"name":"A","offset":0} null`,
			header + `,"count":2,"offset":0,"limit":20}},{"data":` + names + `}]`},
		{"search with more than names", "GET " + search + "?model=res.partner", "", `[{"id":7,"display_name":"Agrolait","name":"Agrolait"}]`,
			`res.partner.name_search [] {"limit":20,"name":"","offset":0} null`,
			header + `,"count":1,"offset":0,"limit":20}},{"data":[{"id":7,"display_name":"Agrolait"}]}]`},
		{"search without limit", "GET " + search + "?model=res.partner&limit=0", "", names, `res.partner.name_search [] {"limit":20,"name":"","offset":0} null`,
			header + `,"count":2,"offset":0,"limit":20}},{"data":` + names + `}]`},
		{"search beyond the limit", "GET " + search + "?model=res.partner&limit=5000", "", `[]`, `res.partner.name_search [] {"limit":1000,"name":"","offset":0} null`,
			header + `,"count":0,"offset":0,"limit":1000}},{"data":[]}]`},
		{"search without window", "GET " + search + "?model=crm.lead", "", names, `crm.lead.name_search [] {"limit":20,"name":"","offset":0} null`,
			`[{"header":{"model":"crm.lead","action_id":false,"menu_id":false,"count":2,"offset":0,"limit":20}},{"data":` + names + `}]`},
		{"read", `GET ` + read + `?model=res.partner&ids=[7,12]&fields=["name","country_id"]`, "", `[{"id":7,"name":"Agrolait","country_id":[20,"Belgium"]}]`,
			`res.partner.read [7,12] {"fields":["name","country_id"]} null`,
			header + `}},{"data":[{"id":7,"name":"Agrolait","country_id":[20,"Belgium"]}]}]`},
		{"read, without brackets", `GET ` + read + `?model=res.partner&ids=7,+12&fields=name,country_id`, "", `[{"id":7}]`,
			`res.partner.read [7,12] {"fields":["name","country_id"]} null`, header + `}},{"data":[{"id":7}]}]`},
		{"read, fields None", "GET " + read + "?model=res.partner&ids=7&fields=None", "", `[{"id":7}]`, `res.partner.read [7] {} null`, header + `}},{"data":[{"id":7}]}]`},
		{"read all fields", "GET " + read + "?model=res.partner&ids=7", "", `[{"id":7}]`, `res.partner.read [7] {} null`, header + `}},{"data":[{"id":7}]}]`},
		{"read, Python, form", "POST " + read, "model=res.partner&ids=(7,12)&fields=['name']", `[{"id":7}]`, `res.partner.read [7,12] {"fields":["name"]} null`, header + `}},{"data":[{"id":7}]}]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			runner := &dialecttest.Runner{Answers: []string{tt.answer}, Windows: window}
			headers := ""
			if tt.form != "" {
				headers = form
			}
			got := serve(t, runner)(tt.line, headers, tt.form)
			if got.Status != 200 || got.Body != tt.body {
				t.Fatalf("got  %d %s\nwant %s", got.Status, got.Body, tt.body)
			}
			if c := dialecttest.Call(t, runner.Calls[0]); c != tt.call || len(runner.Calls) != 1 {
				t.Errorf("called %s\nwant   %s", c, tt.call)
			}
		})
	}
}

func TestMultipart(t *testing.T) {
	part := func(name, value string) string {
		return "--x\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
	}
	const kind = "Content-Type: multipart/form-data; boundary=x\r\n"
	runner := &dialecttest.Runner{Answers: []string{`[{"id":7}]`}}
	send := serve(t, runner)
	got := send("POST /orestapi/record/read", kind, part("model", "res.partner")+part("ids", "[7]")+"--x--\r\n")
	if got.Status != 200 || len(runner.Calls) != 1 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	for name, body := range map[string]string{
		"twice": part("model", "a.b") + part("model", "res.partner") + "--x--\r\n",
		"file":  strings.Replace(part("model", "a.b"), `"model"`, `"model"; filename="f"`, 1) + "--x--\r\n",
		"cut":   part("model", "a.b"),
	} {
		if got := send("POST /orestapi/record/read", kind, body); got.Status != 400 {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	if len(runner.Calls) != 1 {
		t.Errorf("%d calls", len(runner.Calls))
	}
}

func refused(code, message string) string {
	return `{"orestapi_code":"` + code + `","orestapi_message":"` + message + `"}`
}

func TestRefusals(t *testing.T) {
	const search, read = "/orestapi/record/name_search", "/orestapi/record/read"
	unauthorized := &dialect.Failure{Kind: dialect.Unauthorized, Message: "secret reason", Challenge: `Bearer error="invalid_token"`}
	model := &dialect.Failure{Kind: dialect.Forbidden, Code: "model_not_allowed", Message: "x"}
	field := &dialect.Failure{Kind: dialect.Forbidden, Code: "field_not_allowed", Message: "field vat is not allowed"}
	closed := &dialect.Failure{Kind: dialect.Forbidden, Code: "model_closed", Message: "closed by its configuration"}
	rights := &dialect.Failure{Kind: dialect.Forbidden, Code: "access_denied", Message: "x"}
	scope := &dialect.Failure{Kind: dialect.Forbidden, Code: "insufficient_scope", Message: "x"}
	down := &dialect.Failure{Kind: dialect.Unavailable, Message: "out of reach", RetryAfter: 3 * time.Second}
	tests := []struct {
		name, target string
		auth, err    error
		answer       string
		status       int
		body         string
	}{
		{"models, no token", "/orestapi/application/model", unauthorized, nil, "", 401, refused("OrestapiApplicationGetModel-0010", "Not authorized")},
		{"search, no token", search, unauthorized, nil, "", 401, refused("OrestapiNameSearch-0010", "Not authorized")},
		{"read, no token", read, unauthorized, nil, "", 401, refused("OrestapiContentRecordRead-0010", "Not authorized")},
		{"connection ended", search + "?model=a.b", nil, unauthorized, "", 401, refused("OrestapiNameSearch-0010", "Not authorized")},
		{"search, no model", search, nil, nil, "", 401, refused("OrestapiNameSearch-0020", "Model not provided")},
		{"search, model closed", search + "?model=a.b", nil, model, "", 401, refused("OrestapiNameSearch-0022", "Model not allowed")},
		{"search, model closed by its filter", search + "?model=a.b", nil, closed, "", 401, refused("OrestapiNameSearch-0022", "closed by its configuration")},
		{"search, no right", search + "?model=a.b", nil, rights, "", 401, refused("OrestapiNameSearch-0021", "User does not have read permission to the model")},
		{"search, order on hidden field", search + "?model=a.b&order=vat", nil, field, "", 401, refused("OrestapiNameSearch-0030", "field vat is not allowed")},
		{"search, scope", search + "?model=a.b", nil, scope, "", 401, refused("OrestapiNameSearch-0010", "Not authorized")},
		{"search, no such model", search + "?model=a.b", nil, &dialect.Failure{Kind: dialect.Invalid, Code: "model_unknown", Message: "x"}, "", 401, refused("OrestapiNameSearch-0022", "Model not allowed")},
		{"models, scope", "/orestapi/application/model", nil, scope, "", 401, refused("OrestapiApplicationGetModel-0010", "Not authorized")},
		{"models, nothing open", "/orestapi/application/model", nil, &dialect.Failure{Kind: dialect.Forbidden, Code: "scheme_closed", Message: "x"}, "", 401, refused("OrestapiApplicationGetModel-0020", "Invalid model scheme settings. Please contact an Odoo administrator.")},
		{"offset", search + "?model=a.b&offset=x", nil, nil, "", 401, refused("OrestapiApplicationGetModel-0050", "Offset must be integer")},
		{"negative offset", search + "?model=a.b&offset=-1", nil, nil, "", 401, refused("OrestapiApplicationGetModel-0050", "Offset must be integer")},
		{"limit", search + "?model=a.b&limit=1.5", nil, nil, "", 401, refused("OrestapiApplicationGetModel-0060", "Limit must be integer")},
		{"read, no model", read + "?ids=[1]", nil, nil, "", 401, refused("OrestapiContentRecordRead-0020", "Model not provided")},
		{"read, model closed", read + "?model=a.b&ids=[1]", nil, model, "", 401, refused("OrestapiContentRecordRead-0030", "Model not allowed")},
		{"read, no right", read + "?model=a.b&ids=[1]", nil, rights, "", 401, refused("OrestapiContentRecordRead-0021", "User does not have read permission to the model")},
		{"read, hidden field", read + "?model=a.b&ids=[1]&fields=['vat']", nil, field, "", 401, refused("OrestapiContentRecordRead-0060", "field vat is not allowed")},
		{"read, no ids", read + "?model=a.b", nil, nil, "", 401, refused("OrestapiContentRecordRead-0040", "Ids not provided")},
		{"read, empty ids", read + "?model=a.b&ids=[]", nil, nil, "", 401, refused("OrestapiContentRecordRead-0040", "Ids not provided")},
		{"read, malformed ids", read + "?model=a.b&ids=['1']", nil, nil, "", 401, refused("OrestapiContentRecordRead-0040", "Ids not provided")},
		{"read, ids as code", read + "?model=a.b&ids=exec('x')", nil, nil, "", 401, refused("OrestapiContentRecordRead-0040", "Ids not provided")},
		{"read, nothing there", read + "?model=a.b&ids=[1]", nil, nil, "[]", 401, refused("OrestapiContentRecordRead 0050", "Record not found")},
		{"read, fields malformed", read + "?model=a.b&ids=[1]&fields=[1]", nil, nil, "", 400, refused("OrestapiGateway-0400", `fields: not a list of names, such as [\"name\", \"email\"]`)},
		{"down", read + "?model=a.b&ids=[1]", nil, down, "", 503, refused("OrestapiGateway-0503", "out of reach")},
		{"models, down", "/orestapi/application/model", nil, down, "", 503, refused("OrestapiGateway-0503", "out of reach")},
		{"invalid", search + "?model=a.b", nil, &dialect.Failure{Kind: dialect.Invalid, Message: "no"}, "", 400, refused("OrestapiGateway-0400", "no")},
		{"own fault", search + "?model=a.b", nil, &dialect.Failure{Message: "internal error"}, "", 500, refused("OrestapiGateway-0500", "internal error")},
		{"odd answer", search + "?model=a.b", nil, nil, "true", 500, refused("OrestapiGateway-0500", "internal error")},
		{"parameter twice", search + "?model=a.b&model=res.partner", nil, nil, "", 400, refused("OrestapiGateway-0400", `parameter \"model\" occurs more than once`)},
		{"no UTF-8", search + "?model=a.b&name=%ff", nil, nil, "", 400, refused("OrestapiGateway-0400", "the parameters are not UTF-8")},
		{"other endpoint", "/orestapi/model/menu", nil, nil, "", 404, refused("OrestapiGateway-0404", "Not found")},
		{"unclean", "/orestapi//record/read", nil, nil, "", 400, refused("OrestapiGateway-0400", "the path must be plain")},
		{"encoded", "/orestapi/record%2fread", nil, nil, "", 400, refused("OrestapiGateway-0400", "the path must be plain")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			runner := &dialecttest.Runner{AuthErr: tt.auth, Err: tt.err, Answers: []string{tt.answer}}
			got := serve(t, runner)("GET "+tt.target, "", "")
			if got.Status != tt.status || got.Body != tt.body {
				t.Errorf("got  %d %s\nwant %d %s", got.Status, got.Body, tt.status, tt.body)
			}
			if tt.err == nil && tt.answer == "" && len(runner.Calls) > 0 {
				t.Errorf("called %v", runner.Calls)
			}
			if (tt.auth != nil || tt.err == unauthorized) && got.Header.Get("WWW-Authenticate") != unauthorized.Challenge {
				t.Errorf("WWW-Authenticate is %q", got.Header.Get("WWW-Authenticate"))
			}
			if tt.err == down && got.Header.Get("Retry-After") != "3" {
				t.Errorf("Retry-After is %q", got.Header.Get("Retry-After"))
			}
		})
	}
}

func TestMethodsAndBodies(t *testing.T) {
	runner := &dialecttest.Runner{Answers: []string{`[{"id":7}]`}}
	send := serve(t, runner)
	if got := send("PUT /orestapi/record/read?model=a.b&ids=[7]", "", ""); got.Status != 405 || got.Header.Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("PUT: %+v", got)
	}
	for name, request := range map[string][3]string{
		"JSON":            {"POST /orestapi/record/read?model=a.b&ids=[7]", "Content-Type: application/json\r\n", `{"model":"res.users"}`},
		"no type":         {"POST /orestapi/record/read?model=a.b&ids=[7]", "", `x`},
		"named by both":   {"POST /orestapi/record/read?model=a.b&ids=[7]", form, `model=res.users`},
		"named twice":     {"POST /orestapi/record/read", form, `model=a.b&ids=[7]&model=res.users`},
		"malformed":       {"POST /orestapi/record/read", form, `model=a.b&ids=[7]&%zz`},
		"form on GET too": {"GET /orestapi/record/read?model=a.b&ids=[7]", form, `model=res.users`},
		"too long":        {"POST /orestapi/record/read?model=a.b&ids=[7]", form, "x=" + strings.Repeat("a", 1<<20)},
	} {
		if got := send(request[0], request[1], request[2]); got.Status != 400 {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	if len(runner.Calls) != 0 {
		t.Errorf("called %v", runner.Calls)
	}
}
