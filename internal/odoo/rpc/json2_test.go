package rpc

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// bareKinds is what the recorded errors of /json/2 have to become.
var bareKinds = map[string]odoo.Kind{
	"json2_empty_body":                odoo.BadRequest,
	"json2_err_access":                odoo.AccessError,
	"json2_err_access_write":          odoo.AccessError,
	"json2_err_api_model_with_ids":    odoo.BadRequest,
	"json2_err_bad_domain":            odoo.BadRequest,
	"json2_err_bad_field":             odoo.BadRequest,
	"json2_err_bad_field_write":       odoo.BadRequest,
	"json2_err_bad_json":              odoo.BadRequest,
	"json2_err_bad_key":               odoo.AccessDenied,
	"json2_err_basic":                 odoo.Server, // no key came through: that proves nothing about it
	"json2_err_expired_key":           odoo.AccessDenied,
	"json2_err_get":                   odoo.Server,
	"json2_err_no_auth":               odoo.Server,
	"json2_err_no_content_type":       odoo.Unavailable,
	"json2_err_private_method":        odoo.AccessError,
	"json2_err_session_only":          odoo.Server,
	"json2_err_short":                 odoo.Server,
	"json2_err_unexpected_kwarg":      odoo.BadRequest,
	"json2_err_unknown_method":        odoo.UnknownMethod,
	"json2_err_unknown_model":         odoo.UnknownModel,
	"json2_err_user_error":            odoo.User,
	"json2_err_validation":            odoo.Validation,
	"json2_session_cookie_other_user": odoo.AccessDenied,
	"json2_write_deleted":             odoo.Missing,
	"json2_wrong_db_header":           odoo.Unavailable,
}

func TestRecordedJSON2(t *testing.T) {
	f, err := os.Open("testdata/json2.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	errors := 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var r struct {
			Name, Model, Method, Type, HTML string
			Status                          int
			Answer                          json.RawMessage
		}
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		tr := versioned(t, 19, func(w http.ResponseWriter, req *http.Request) {
			w.Header().Set("Content-Type", r.Type)
			w.WriteHeader(r.Status)
			io.WriteString(w, r.HTML+string(r.Answer))
		})
		call := odoo.Call{Model: r.Model, Method: strings.TrimPrefix(r.Method, "_")}
		if call.Method == "" {
			call.Method = "read"
		}
		result, err := client(t, nil).CallKey(t.Context(), tr, key, call)
		want, fails := bareKinds[r.Name]
		switch {
		case !fails && (err != nil || r.Status != 200 || !sameJSON(result.Value, r.Answer)):
			t.Errorf("%s: %s, %v", r.Name, result.Value, err)
		case fails:
			errors++
			if got := kind(t, err); got != want || strings.Contains(err.Error(), "Traceback") {
				t.Errorf("%s: kind %d, %v; want %d", r.Name, got, err, want)
			}
		}
	}
	if errors != len(bareKinds) {
		t.Errorf("%d of %d errors were recorded", errors, len(bareKinds))
	}
}

func sameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// What another server on the way answers says nothing about the key.
func TestJSON2OfAnotherServer(t *testing.T) {
	for name, tt := range map[string]struct {
		status     int
		kind, body string
		want       odoo.Kind
	}{
		"a proxy's 401 as a page": {401, "text/html", "<h1>401</h1>", odoo.Unavailable},
		"a proxy's 401 as JSON":   {401, "application/json", `{"error":"unauthorized"}`, odoo.Unavailable},
		"a 401 of another class":  {401, "application/json", `{"name":"odoo.exceptions.AccessError"}`, odoo.AccessError},
		"the class, but not 401":  {403, "application/json", `{"name":"werkzeug.exceptions.Unauthorized"}`, odoo.Server},
		"the class, but 503":      {503, "application/json", `{"name":"werkzeug.exceptions.Unauthorized"}`, odoo.Unavailable},
		"an ended session":        {403, "application/json", `{"name":"odoo.http.session.SessionExpiredException"}`, odoo.Server},
		"a login page":            {303, "text/html", "", odoo.Unavailable},
		"cut short":               {200, "application/json", `[{"id":1}`, odoo.Unavailable},
		"nothing":                 {200, "application/json", ``, odoo.Unavailable},
		"SQL":                     {500, "application/json", `{"name":"psycopg2.errors.UniqueViolation","message":"INSERT"}`, odoo.Validation},
		"unknown class":           {500, "application/json", `{"name":"x.y.Oops","message":"oops"}`, odoo.Server},
		"locked":                  {409, "application/json", `{"name":"odoo.exceptions.LockError","message":"busy"}`, odoo.Busy},
	} {
		tr := versioned(t, 19, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", tt.kind)
			w.WriteHeader(tt.status)
			io.WriteString(w, tt.body)
		})
		_, err := client(t, nil).CallKey(t.Context(), tr, key, contextGet)
		if got := kind(t, err); got != tt.want || strings.Contains(err.Error(), "INSERT") {
			t.Errorf("%s: kind %d, %v", name, got, err)
		}
	}
}

func TestJSON2Arguments(t *testing.T) {
	for name, tt := range map[string]struct {
		call odoo.Call
		want string // "" where the call goes another way
	}{
		"positional": {odoo.Call{Model: "m", Method: "search_read", Args: []any{[]any{}, []any{"name"}}, Kwargs: map[string]any{"limit": int64(1)}},
			`{"domain":[],"fields":["name"],"limit":1}`},
		"ids and context": {odoo.Call{Model: "m", Method: "read", IDs: []int64{1}, Context: map[string]any{"lang": "de_DE"}},
			`{"context":{"lang":"de_DE"},"ids":[1]}`},
		"no records":     {odoo.Call{Model: "m", Method: "read", IDs: []int64{}}, `{"ids":[]}`},
		"group":          {odoo.Call{Model: "m", Method: "has_group", IDs: []int64{5}, Args: []any{"base.group_user"}}, `{"group_ext_id":"base.group_user","ids":[5]}`},
		"own method":     {odoo.Call{Model: "m", Method: "action_confirm", IDs: []int64{5}}, `{"ids":[5]}`},
		"unknown places": {odoo.Call{Model: "m", Method: "message_post", IDs: []int64{5}, Args: []any{"x"}}, ``},
		"too many":       {odoo.Call{Model: "m", Method: "write", IDs: []int64{5}, Args: []any{"x", "y"}}, ``},
		"twice":          {odoo.Call{Model: "m", Method: "search", Args: []any{"x"}, Kwargs: map[string]any{"domain": "y"}}, ``},
		"named ids":      {odoo.Call{Model: "m", Method: "f", Kwargs: map[string]any{"ids": []any{}}}, ``},
	} {
		args, ok := namedArguments(tt.call)
		if ok != (tt.want != "") {
			t.Errorf("%s: %v, %v", name, args, ok)
			continue
		}
		if got, err := marshal(args); ok && (err != nil || string(got) != tt.want) {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

// A record that was given alone is answered by its id alone, as everywhere else.
func TestJSON2Create(t *testing.T) {
	one, list := map[string]any{"name": "x"}, []any{map[string]any{"name": "x"}}
	for _, tt := range []struct {
		call         odoo.Call
		answer, want string
	}{
		{odoo.Call{Method: "create", Args: []any{one}}, `[7]`, `7`},
		{odoo.Call{Method: "create", Kwargs: map[string]any{"vals_list": one}}, ` [ 7 ] `, `7`},
		{odoo.Call{Method: "create", Args: []any{list}}, `[7]`, `[7]`},
		{odoo.Call{Method: "create", Args: []any{one}}, `[7,8]`, `[7,8]`},
		{odoo.Call{Method: "create", Args: []any{one}}, `false`, `false`},
		{odoo.Call{Method: "copy", Args: []any{one}}, `[7]`, `[7]`},
	} {
		result, err := parseBare(200, []byte(tt.answer), "m", tt.call.Method)
		if got := string(single(tt.call, result).Value); err != nil || got != tt.want {
			t.Errorf("%v of %s: %s, %v", tt.call, tt.answer, got, err)
		}
	}
}
