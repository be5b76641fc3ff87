package orestapi_test

import (
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/dialect/dialecttest"
)

const described = `{
	"name":{"type":"char","string":"Name","required":true,"readonly":false,"store":true,"searchable":true,"translate":true,"trim":true},
	"state_id":{"type":"many2one","string":"State \"x\"","relation":"res.country.state","help":"Where","store":true,"searchable":true,"size":null},
	"type":{"type":"selection","string":"Type","selection":[["contact","Contact"],["other","Other"]]},
	"x_note":{"type":"char","size":32}
}`

func TestFields(t *testing.T) {
	const target = "/orestapi/model/field"
	const call = `res.partner.fields_get [] {"attributes":["string","help","type","relation","required","readonly","store","searchable","translate","size","selection"]} null`
	tests := []struct{ name, line, form, body string }{
		{"as the documentation shows it", "GET " + target + `?model=res.partner&names=["name"]&data=["name","field_description","ttype"]`, "",
			`[{"id":ID,"name":"name","field_description":"Name","ttype":"char"}]`},
		{"POST, Python, by name", "POST " + target, "model=res.partner&names=('type','name','type')&data=['id','ttype','ttype']",
			`[{"id":ID,"ttype":"char"},{"id":ID,"ttype":"selection"}]`},
		{"what is not there is left out", "GET " + target + `?model=res.partner&names=["nope","state_id",7,null]&data=("relation",)`, "",
			`[{"id":ID,"relation":"res.country.state"}]`},
		{"all that can be told", "GET " + target + `?model=res.partner&names=["state_id"]`, "",
			`[{"id":ID,"name":"state_id","model":"res.partner","display_name":"State \"x\" (res.partner)","field_description":"State \"x\"","help":"Where",` +
				`"ttype":"many2one","relation":"res.country.state","required":false,"readonly":false,"store":true,"selectable":true,"translate":false,"size":0,"selection":false,"state":"base"}]`},
		{"no columns are all", "GET " + target + `?model=res.partner&names=["x_note"]&data=[]`, "",
			`[{"id":ID,"name":"x_note","model":"res.partner","display_name":" (res.partner)","field_description":"","help":false,` +
				`"ttype":"char","relation":false,"required":false,"readonly":false,"store":false,"selectable":false,"translate":false,"size":32,"selection":false,"state":"manual"}]`},
		{"options", "GET " + target + `?model=res.partner&names=["type"]&data=["selection"]`, "",
			`[{"id":ID,"selection":[["contact","Contact"],["other","Other"]]}]`},
		{"what is not told", "GET " + target + `?model=res.partner&names=["name"]&data=["groups","compute","model_id"]`, "",
			`[{"id":ID,"groups":false,"compute":false,"model_id":false}]`},
	}
	ids := map[string]bool{}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			runner := &dialecttest.Runner{Answers: []string{described}}
			headers := ""
			if tt.form != "" {
				headers = form
			}
			got := serve(t, runner)(tt.line, headers, tt.form)
			body := got.Body
			for part := range strings.SplitSeq(got.Body, `"id":`) {
				if id, _, ok := strings.Cut(part, ","); ok && part[0] != '[' {
					body, ids[id] = strings.Replace(body, `"id":`+id+",", `"id":ID,`, 1), true
				}
			}
			if got.Status != 200 || body != tt.body {
				t.Fatalf("got  %d %s\nwant %s", got.Status, body, tt.body)
			}
			if len(runner.Calls) != 1 || dialecttest.Call(t, runner.Calls[0]) != call {
				t.Errorf("called %v", runner.Calls)
			}
		})
	}
	if len(ids) != 4 { // of four fields, the same each time
		t.Errorf("ids %v", ids)
	}
}

func TestFieldRefusals(t *testing.T) {
	const target = "/orestapi/model/field"
	unauthorized := &dialect.Failure{Kind: dialect.Unauthorized, Message: "secret reason"}
	model := &dialect.Failure{Kind: dialect.Forbidden, Code: "model_not_allowed", Message: "x"}
	rights := &dialect.Failure{Kind: dialect.Forbidden, Code: "access_error", Message: "x"}
	unknown := &dialect.Failure{Kind: dialect.Invalid, Code: "model_unknown", Message: "x"}
	tests := []struct {
		name, query   string
		auth, err     error
		code, message string
	}{
		{"no token", "", unauthorized, nil, "OrestapiModelFields-0010", "Not authorized"},
		{"no model", `?names=["name"]`, nil, nil, "OrestapiModelField-0020", "Model not provided"},
		{"no right", `?model=a.b&names=["name"]`, nil, rights, "OrestapiModelField-0021", "User does not have read permission to the model"},
		{"model closed", `?model=a.b&names=["name"]`, nil, model, "OrestapiModelField-0022", "Model is not allowed"},
		{"no such model", `?model=a.b&names=["name"]`, nil, unknown, "OrestapiModelField-0022", "Model is not allowed"},
		{"no names", `?model=a.b`, nil, nil, "OrestapiModelField-0030", "Names parameter is mandatory!"},
		{"empty names", `?model=a.b&names=+`, nil, nil, "OrestapiModelField-0030", "Names parameter is mandatory!"},
		{"names unreadable", `?model=a.b&names=name`, nil, nil, "OrestapiModelField-0031", "Could not read load names parameter, maybe not a list?"},
		{"names as code", `?model=a.b&names=exec('x')`, nil, nil, "OrestapiModelField-0031", "Could not read load names parameter, maybe not a list?"},
		{"names no list", `?model=a.b&names="name"`, nil, nil, "OrestapiModelField-0032", "Names parameter must be a list!"},
		{"names null", `?model=a.b&names=null`, nil, nil, "OrestapiModelField-0032", "Names parameter must be a list!"},
		{"data unreadable", `?model=a.b&names=["name"]&data=ttype`, nil, nil, "OrestapiModelField-0040", "Could not read load data parameter, maybe not a list?"},
		{"data no list", `?model=a.b&names=["name"]&data={}`, nil, nil, "OrestapiModelField-0041", "Data parameter must be a list!"},
		{"no such column", `?model=a.b&names=["name"]&data=["nope"]`, nil, nil, "OrestapiModelField-0040", "Field not found"},
		{"column that is no name", `?model=a.b&names=["name"]&data=[1]`, nil, nil, "OrestapiModelField-0040", "Field not found"},
		{"no such field", `?model=a.b&names=["nope"]`, nil, nil, "OrestapiModelField-0040", "Field not found"},
		{"no field", `?model=a.b&names=[]`, nil, nil, "OrestapiModelField-0040", "Field not found"},
	}
	for _, tt := range tests {
		for _, method := range []string{"GET", "POST"} {
			runner := &dialecttest.Runner{AuthErr: tt.auth, Err: tt.err, Answers: []string{described}}
			got := serve(t, runner)(method+" "+target+tt.query, "", "")
			if got.Status != 401 || got.Body != refused(tt.code, tt.message) {
				t.Errorf("%s: %d %s", tt.name, got.Status, got.Body)
			}
		}
	}
	for _, answer := range []string{`[]`, `{"name":true}`, `{`} {
		got := serve(t, &dialecttest.Runner{Answers: []string{answer}})("GET "+target+`?model=a.b&names=["name"]`, "", "")
		if got.Status != 500 || got.Body != refused("OrestapiGateway-0500", "internal error") {
			t.Errorf("%s: %d %s", answer, got.Status, got.Body)
		}
	}
}

func TestIcon(t *testing.T) {
	const target = "/orestapi/model/icon"
	png := dialect.Icon{Type: "image/png", Data: []byte("\x89PNG\r\n\x1a\n<script>")}
	runner := &dialecttest.Runner{Listed: []dialect.Model{
		{Model: "res.partner", Icon: png}, {Model: "crm.lead"}, {Model: "a.svg", Icon: dialect.Icon{Type: "image/svg+xml", Data: []byte("<svg/>")}},
	}}
	send := serve(t, runner)
	got := send("GET "+target+"?model=res.partner", "", "")
	if got.Status != 200 || got.Body != string(png.Data) {
		t.Errorf("%d %q", got.Status, got.Body)
	}
	for name, want := range map[string]string{
		"Content-Type": "image/png", "X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-cache", "Vary": "Authorization",
		"Content-Security-Policy": "default-src 'none'; sandbox", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if h := got.Header.Get(name); h != want {
			t.Errorf("%s is %q", name, h)
		}
	}
	if again := send("GET "+target+"?model=res.partner", "If-None-Match: "+got.Header.Get("ETag")+"\r\n", ""); again.Status != 304 || again.Body != "" {
		t.Errorf("again: %d %q", again.Status, again.Body)
	}
	if got := send("POST "+target, form, "model=res.partner"); got.Status != 200 || got.Body != string(png.Data) {
		t.Errorf("POST: %d %q", got.Status, got.Body)
	}
	for query, want := range map[string][2]string{
		"":                    {"OrestapiModelIcon-0020", "Model not provided"},
		"?model=crm.lead":     {"OrestapiModelIcon-0030", "The model has no icon"},
		"?model=a.svg":        {"OrestapiModelIcon-0030", "The model has no icon"},
		"?model=res.partner.": {"OrestapiModelIcon-0030", "The model has no icon"},
	} {
		status := 404
		if query == "" {
			status = 401
		}
		if got := send("GET "+target+query, "", ""); got.Status != status || got.Body != refused(want[0], want[1]) || got.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s", query, got.Status, got.Body)
		}
	}
	for code, want := range map[string]string{"model_not_allowed": refused("OrestapiModelIcon-0022", "Model not allowed"), "access_error": refused("OrestapiModelIcon-0021", "User does not have read permission to the model")} {
		failing := &dialecttest.Runner{Err: &dialect.Failure{Kind: dialect.Forbidden, Code: code, Message: "x"}}
		if got := serve(t, failing)("GET "+target+"?model=res.partner", "", ""); got.Status != 401 || got.Body != want {
			t.Errorf("%s: %d %s", code, got.Status, got.Body)
		}
	}
	if got := serve(t, &dialecttest.Runner{AuthErr: &dialect.Failure{Kind: dialect.Unauthorized}})("GET "+target+"?model=res.partner", "", ""); got.Status != 401 || got.Body != refused("OrestapiModelIcon-0010", "Not authorized") {
		t.Errorf("no token: %d %s", got.Status, got.Body)
	}
}
