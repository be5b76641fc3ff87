package connect_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/connect"
	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// described31 is what tests read of a document.
type described31 struct {
	OpenAPI    string
	Info       struct{ Title, Version, Description string }
	Paths      map[string]map[string]*operation
	Components struct {
		Schemas         map[string]schema
		Parameters      map[string]parameter
		Responses       map[string]response
		SecuritySchemes map[string]struct {
			Flows map[string]struct {
				AuthorizationURL, TokenURL string
				Scopes                     map[string]string
			}
		}
	}
}

type operation struct {
	OperationID string
	Parameters  []parameter
	RequestBody *struct {
		Content map[string]struct{ Schema schema }
	}
	Responses map[string]*response
	Security  []map[string][]string
}

type parameter struct {
	Ref      string `json:"$ref"`
	Name, In string
	Required bool
	Schema   schema
}

type response struct {
	Ref     string `json:"$ref"`
	Headers map[string]any
}

type schema struct {
	Ref                  string `json:"$ref"`
	Model                string `json:"x-odoo-model"`
	Type                 any
	Description, Pattern string
	Enum                 []any
	Const                *any
	AnyOf                []schema
	Not                  *schema
	Properties           map[string]schema
	Required             []string
	AdditionalProperties any
	Items                *schema
	PrefixItems          []schema
	MaxItems             *int
	MaxLength            int
}

func readDocument(t testing.TB, g *connect.Guide) described31 {
	t.Helper()
	return read[described31](t, made(t, g, "openapi"))
}

func (d described31) parameter(p parameter) parameter {
	if name, isRef := strings.CutPrefix(p.Ref, "#/components/parameters/"); isRef {
		return d.Components.Parameters[name]
	}
	return p
}

func (d described31) schema(s schema) schema {
	if name, isRef := strings.CutPrefix(s.Ref, "#/components/schemas/"); isRef {
		return d.Components.Schemas[name]
	}
	return s
}

// takes tells whether a schema of a name takes it.
func (s schema) takes(name string) bool {
	if len(s.AnyOf) > 0 && !slices.ContainsFunc(s.AnyOf, func(one schema) bool { return one.takes(name) }) {
		return false
	}
	if s.Not != nil && s.Not.takes(name) || s.MaxLength > 0 && len(name) > s.MaxLength {
		return false
	}
	return (len(s.Enum) == 0 || slices.Contains(s.Enum, any(name))) && (s.Pattern == "" || regexp.MustCompile(s.Pattern).MatchString(name))
}

// others tells whether a path for models without a configuration is for that one.
func (d described31) others(path, verb, model string) bool {
	o := d.Paths[path][verb]
	return o != nil && slices.ContainsFunc(o.Parameters, func(p parameter) bool { return p.Name == "model" && p.Schema.takes(model) })
}

// orest tells whether a path of /orestapi takes a model.
func (d described31) orest(path, model string) bool {
	o := d.Paths[path]["get"]
	return o != nil && slices.ContainsFunc(o.Parameters, func(p parameter) bool { return p.Name == "model" && p.Schema.takes(model) })
}

// samples are values that must mean something.
var samples = map[string]any{
	"domain": []any{[]any{"id", "=", 1}}, "context": map[string]any{"lang": "de_DE"}, "order": "name", "operator": "ilike", "load": "_classic_read",
	"attributes": []any{"type"}, "groupby": []any{"name"}, "fields_list": []any{}, "allfields": []any{}, "names": []any{"name"}, "data": []any{"name"},
	"offset": 3, "limit": 4, "customer_rank": 5, "lazy": true, "raise_exception": true, "fields": []any{"name"}, "model": "project.task",
	"field": "image_128", "ids": []any{1},
}

// unusual arguments mean something only for some values, or exclude others.
func unusual(name string) bool {
	return slices.Contains([]string{"args", "having", "aggregates", "orderby", "group"}, name)
}

// sample is a value that a schema takes: the shortest one, or one with all that
// it may have.
func (d described31) sample(name string, s schema, whole bool) any {
	s = d.schema(s)
	if s.MaxItems != nil && *s.MaxItems == 0 {
		return []any{}
	}
	if name == "vals" && s.Type == "string" { // in a form
		return `{}`
	}
	if value, ok := samples[name]; ok && len(s.Enum) == 0 && (s.Items == nil || len(d.schema(*s.Items).Enum) == 0) {
		return value
	}
	switch {
	case s.Const != nil:
		return *s.Const
	case len(s.Enum) > 0:
		return s.Enum[0]
	case len(s.AnyOf) > 0:
		return d.sample(name, s.AnyOf[0], whole)
	}
	switch s.Type {
	case "object":
		values := map[string]any{}
		for key, inside := range s.Properties {
			if slices.Contains(s.Required, key) || whole && !unusual(key) {
				values[key] = d.sample(key, inside, whole)
			}
		}
		return values
	case "array":
		if s.Items == nil || !whole {
			return []any{}
		}
		item := d.schema(*s.Items)
		if len(item.Enum) > 0 {
			return item.Enum
		}
		if item.Type == "array" {
			return []any{}
		}
		return []any{d.sample("", item, whole)}
	case "integer":
		return 1
	case "number":
		return 1.5
	case "boolean":
		return true
	}
	return map[string]string{"date": "2026-01-31", "datetime": "2026-01-31 12:00:00", "operation": "read"}[name]
}

// inAddress writes a value as it stands in an address.
func inAddress(_ string, value any) string {
	if text, isText := value.(string); isText {
		return text
	}
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// judging lets calls through that the rules take, and keeps the first refusal.
type judging struct {
	t      *testing.T
	rules  *scheme.Scheme
	may    []string // scopes of the token
	scopes []string // those that the document says the request takes
	said   string
}

func (j *judging) Authenticate(*http.Request) (dialect.Runner, error) { return j, nil }

func (j *judging) refuse(format string, args ...any) error {
	if j.said == "" {
		j.said = fmt.Sprintf(format, args...)
	}
	return &dialect.Failure{Kind: dialect.Forbidden, Message: j.said}
}

func (j *judging) Do(ctx context.Context, call odoo.Call) (odoo.Result, error) {
	checked, err := j.rules.Check(ctx, erp(), call)
	// What was written is read back where that is open.
	readBack := call.Method == "read" && slices.Contains(j.scopes, "odoo.write")
	switch {
	case readBack && err != nil:
		return odoo.Result{}, &dialect.Failure{Kind: dialect.Forbidden, Message: "not to be read"}
	case err != nil:
		return odoo.Result{}, j.refuse("%s.%s: %v", call.Model, call.Method, err)
	case !readBack && (!slices.Contains(j.scopes, checked.Scope) || !slices.Contains(j.may, checked.Scope)):
		return odoo.Result{}, j.refuse("%s.%s needs %s", call.Model, call.Method, checked.Scope)
	}
	answer := `[{"id":1,"display_name":"x"}]`
	switch call.Method {
	case "search":
		answer = `[1]`
	case "create", "search_count":
		answer = `1`
	case "write", "unlink", "has_access", "check_access_rights":
		answer = `true`
	case "fields_get":
		answer = `{"name":{"string":"Name","type":"char"}}`
	}
	return odoo.Result{Value: []byte(answer)}, nil
}

func (j *judging) Models(context.Context) ([]dialect.Model, error) { return nil, nil }

func (j *judging) Model(ctx context.Context, model string) (dialect.Model, error) {
	m, err := j.rules.Model(ctx, model)
	if err != nil {
		return dialect.Model{}, j.refuse("model: %v", err)
	}
	return dialect.Model{Model: m.Model, Name: m.Name, Icon: dialect.Icon(m.Icon)}, nil
}

func (j *judging) Window(context.Context, string) (dialect.Window, bool) {
	return dialect.Window{}, false
}

func (j *judging) Report(ctx context.Context, name string, ids []int64) ([]byte, error) {
	checked, err := j.rules.CheckReport(ctx, erp(), name, ids)
	if err != nil {
		return nil, j.refuse("report: %v", err)
	}
	if !slices.Contains(j.may, checked.Scope) {
		return nil, j.refuse("report needs %s", checked.Scope)
	}
	return []byte("%PDF-"), nil
}

func (j *judging) File(ctx context.Context, model string, id int64, field string) (dialect.File, error) {
	if _, err := j.Do(ctx, odoo.Call{Model: model, Method: "read", IDs: []int64{id}, Kwargs: map[string]any{"fields": []any{field}}}); err != nil {
		return dialect.File{}, err
	}
	if f := erp()[model][field]; f.Type != "binary" {
		return dialect.File{}, j.refuse("%s.%s is no file", model, field)
	}
	return dialect.File{Content: []byte("file")}, nil
}

func (j *judging) Compat() bool { return false }

var (
	_ dialect.Authenticator = (*judging)(nil)
	_ dialect.Runner        = (*judging)(nil)
)
