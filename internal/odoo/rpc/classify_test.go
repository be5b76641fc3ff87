package rpc

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// recording is an answer of a real server, from testdata.
type recording struct {
	Versions []string        `json:"versions"`
	Name     string          `json:"name"`
	Model    string          `json:"model"`
	Method   string          `json:"method"`
	Answer   json.RawMessage `json:"answer"`
}

func (r recording) String() string { return r.Name + " of " + strings.Join(r.Versions, ", ") }

func recordings(t *testing.T, file string) []recording {
	t.Helper()
	f, err := os.Open("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []recording
	for s := bufio.NewScanner(f); s.Scan(); {
		var r recording
		if err := json.Unmarshal(s.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// recordedKinds is what each recorded error has to become. A name with a
// version after a slash overrides the name alone.
var recordedKinds = map[string]odoo.Kind{
	"apikey_admin_4_run_check_wrong":            odoo.User,
	"apikey_admin_6_run_check":                  odoo.User,
	"apikey_demo_365_1_create_description":      odoo.Validation,
	"apikey_demo_4_run_check_wrong":             odoo.User,
	"apikey_demo_6_run_check":                   odoo.User,
	"apikey_demo_noexp_1_create_description":    odoo.Validation,
	"apikey_generate_private":                   odoo.AccessError,
	"apikey_generate_public":                    odoo.UnknownMethod,
	"apikey_portal1d_3_run_check":               odoo.AccessError,
	"apikey_portal_1_create_description":        odoo.Validation,
	"apikey_portal_4_run_check_wrong":           odoo.User,
	"apikey_portal_6_run_check":                 odoo.AccessError,
	"apikey_portal_7_run_check_ctx":             odoo.AccessError,
	"apikey_revoke_other":                       odoo.AccessError,
	"apikey_unlink_direct":                      odoo.AccessError,
	"call_kw_with_bearer":                       odoo.SessionExpired,
	"check_access/16":                           odoo.UnknownMethod,
	"check_access/17":                           odoo.UnknownMethod,
	"check_access":                              odoo.AccessError,
	"check_access_rule":                         odoo.AccessError,
	"database_list":                             odoo.AccessDenied,
	"has_group_new_admin":                       odoo.BadRequest,
	"has_group_new_demo":                        odoo.BadRequest,
	"has_group_new_portal":                      odoo.BadRequest,
	"has_group_old_admin":                       odoo.BadRequest,
	"has_group_old_demo":                        odoo.BadRequest,
	"has_group_old_portal":                      odoo.BadRequest,
	"identity_check_wrong":                      odoo.AccessDenied,
	"identity_locked_call_kw":                   odoo.CheckIdentity,
	"identity_locked_destroy":                   odoo.CheckIdentity,
	"identity_locked_session_check":             odoo.CheckIdentity,
	"identity_locked_session_info":              odoo.CheckIdentity,
	"ir_model_demo":                             odoo.AccessError,
	"ir_model_portal":                           odoo.AccessError,
	"jsonrpc_authenticate_baddb":                odoo.Unavailable,
	"jsonrpc_bad_json_logged_in":                odoo.BadRequest,
	"jsonrpc_batch":                             odoo.BadRequest,
	"jsonrpc_execute_kw_access":                 odoo.AccessError,
	"jsonrpc_execute_kw_bad_key":                odoo.AccessDenied,
	"jsonrpc_execute_kw_expired_key":            odoo.AccessDenied,
	"jsonrpc_execute_kw_missing":                odoo.Missing,
	"jsonrpc_execute_kw_nomethod":               odoo.UnknownMethod,
	"jsonrpc_execute_kw_nomodel":                odoo.UnknownModel,
	"jsonrpc_execute_kw_other_uid":              odoo.AccessDenied,
	"jsonrpc_execute_kw_password_2fa":           odoo.AccessDenied,
	"jsonrpc_execute_kw_revoked_key":            odoo.AccessDenied,
	"jsonrpc_execute_kw_validation":             odoo.Validation,
	"jsonrpc_list_db":                           odoo.AccessDenied,
	"jsonrpc_make_key":                          odoo.User,
	"kw_context":                                odoo.User,
	"kw_context_bad_company":                    odoo.AccessError,
	"kw_error_access":                           odoo.AccessError,
	"kw_error_access_field":                     odoo.AccessError,
	"kw_error_access_model":                     odoo.AccessError,
	"kw_error_access_rule":                      odoo.AccessError,
	"kw_error_bad_args":                         odoo.BadRequest,
	"kw_error_bad_domain":                       odoo.BadRequest,
	"kw_error_bad_field":                        odoo.BadRequest,
	"kw_error_bad_field_read":                   odoo.BadRequest,
	"kw_error_expired":                          odoo.SessionExpired,
	"kw_error_missing_params":                   odoo.BadRequest,
	"kw_error_missing_write":                    odoo.Missing,
	"kw_error_private_method":                   odoo.AccessError,
	"kw_error_required":                         odoo.Validation,
	"kw_error_unknown_method":                   odoo.UnknownMethod,
	"kw_error_unknown_model":                    odoo.UnknownModel,
	"kw_error_user":                             odoo.Missing,
	"kw_error_user/19":                          odoo.Validation,
	"kw_error_validation":                       odoo.Validation,
	"kw_formatted_read_group":                   odoo.UnknownMethod,
	"kw_has_access":                             odoo.UnknownMethod,
	"kw_web_read":                               odoo.UnknownMethod,
	"lock_timeout_call_kw":                      odoo.SessionExpired,
	"lock_timeout_call_kw_after_login_redirect": odoo.SessionExpired,
	"method_void":                               odoo.Missing,
	"result_none":                               odoo.BadRequest,
	"session_authenticate_bad_db":               odoo.AccessError,
	"session_authenticate_bad_login":            odoo.AccessDenied,
	"session_authenticate_bad_password":         odoo.AccessDenied,
	"session_authenticate_cooldown":             odoo.AccessDenied,
	"session_authenticate_empty":                odoo.AccessDenied,
	"session_authenticate_with_key":             odoo.AccessDenied,
	"session_check_anonymous":                   odoo.SessionExpired,
	"session_info_2fa_partial":                  odoo.SessionExpired,
	"session_info_admin_old_sid":                odoo.SessionExpired,
	"session_info_after_destroy":                odoo.SessionExpired,
	"session_info_after_logout":                 odoo.SessionExpired,
	"session_info_anonymous":                    odoo.SessionExpired,
	"session_info_bad_json":                     odoo.SessionExpired,
	"session_info_malformed_sid":                odoo.SessionExpired,
	"session_info_unknown_sid":                  odoo.SessionExpired,
	"stale_session_info":                        odoo.SessionExpired,
	"whoami_read_self_portal":                   odoo.AccessError,
}

func TestRecordedErrors(t *testing.T) {
	all := recordings(t, "errors.jsonl")
	if len(all) < 160 {
		t.Fatalf("only %d recorded errors", len(all))
	}
	for _, r := range all {
		want, ok := recordedKinds[r.Name+"/"+r.Versions[0]]
		if !ok {
			want, ok = recordedKinds[r.Name]
		}
		if !ok {
			t.Errorf("%v: no kind is expected of it", r)
			continue
		}
		result, err := parseAnswer(r.Answer, r.Model, r.Method)
		e, ok := err.(*odoo.Error)
		if !ok || e.Kind != want {
			t.Errorf("%v: %s, %v; want kind %d", r, result, err, want)
			continue
		}
		if strings.Contains(e.Message, "Traceback") || e.Name == "" || e.Message == "" {
			t.Errorf("%v: name %q, message %q", r, e.Name, e.Message)
		}
	}
}

func TestClassify(t *testing.T) {
	tests := []struct {
		name, raw string
		want      odoo.Kind
	}{
		{"20, expired", `{"code":100,"data":{"name":"odoo.http.session.SessionExpiredException","message":"user is not connected"}}`, odoo.SessionExpired},
		{"20, identity", `{"code":100,"data":{"name":"odoo.http.session.CheckIdentityException","message":"x"}}`, odoo.CheckIdentity},
		{"expired without the code", `{"code":200,"data":{"name":"odoo.http.SessionExpiredException","message":"x"}}`, odoo.Server},
		{"the code without the class", `{"code":100,"data":{"name":"odoo.http.Other","message":"x"}}`, odoo.Server},
		{"look-alike class", `{"code":100,"data":{"name":"odoo.http.NotSessionExpiredException","message":"x"}}`, odoo.Server},
		{"no data", `{"code":100,"message":"Odoo Session Expired"}`, odoo.Server},
		{"data no object", `{"code":100,"data":[1]}`, odoo.Server},
		{"no object", `"failed"`, odoo.Server},
		{"class without module", `{"code":0,"data":{"name":"AccessError","message":"x"}}`, odoo.AccessError},
		{"unknown class", `{"code":0,"data":{"name":"builtins.ZeroDivisionError","message":"x"}}`, odoo.Server},
		{"not found inside a method", `{"code":0,"data":{"name":"werkzeug.exceptions.NotFound","message":"x"}}`, odoo.Server},
		{"key error of the model", `{"code":200,"data":{"name":"builtins.KeyError","message":"res.partner"}}`, odoo.UnknownModel},
		{"key error of a field", `{"code":0,"data":{"name":"builtins.KeyError","message":"nope"}}`, odoo.BadRequest},
		{"key error of a constraint that 16 cannot word", `{"code":200,"data":{"name":"builtins.KeyError","message":"lang"}}`, odoo.Validation},
		{"attribute inside a method", `{"code":0,"data":{"name":"builtins.AttributeError","message":"'str' object has no attribute 'items'"}}`, odoo.BadRequest},
		{"database gone", `{"code":200,"data":{"name":"psycopg2.OperationalError","message":"x"}}`, odoo.Unavailable},
		{"concurrent update", `{"code":200,"data":{"name":"psycopg2.errors.SerializationFailure","message":"x"}}`, odoo.Busy},
		{"deadlock", `{"code":200,"data":{"name":"psycopg2.errors.DeadlockDetected","message":"x"}}`, odoo.Busy},
		{"locked by another", `{"code":200,"data":{"name":"psycopg2.errors.LockNotAvailable","message":"x"}}`, odoo.Busy},
		{"locked, 19", `{"code":0,"data":{"name":"odoo.exceptions.LockError","message":"x"}}`, odoo.Busy},
		{"concurrent update, 19", `{"code":0,"data":{"name":"odoo.exceptions.ConcurrencyError","message":"x"}}`, odoo.Busy},
		{"another page to go to", `{"code":200,"data":{"name":"odoo.exceptions.RedirectWarning","message":"x"}}`, odoo.User},
		{"duplicate names", `{"code":100,"code":100,"data":{"name":"odoo.http.SessionExpiredException"}}`, odoo.Server},
	}
	for _, tt := range tests {
		e := classify(jsontext.Value(tt.raw), "res.partner", "read")
		if e.Kind != tt.want {
			t.Errorf("%s: kind %d, want %d", tt.name, e.Kind, tt.want)
		}
	}
}

func TestClassifyDropsTraceback(t *testing.T) {
	raw := `{"code":0,"message":"Odoo Server Error","data":{"name":"builtins.ValueError","message":"m",` +
		`"debug":"Traceback /usr/lib/odoo","arguments":["/usr/lib/odoo"],"context":{"a":"/usr/lib/odoo"}}}`
	e := classify(jsontext.Value(raw), "res.partner", "read")
	if s := e.Error() + e.Name + e.Message; strings.Contains(s, "/usr/lib") || errors.Unwrap(e) != nil {
		t.Errorf("kept more than name and message: %+v", e)
	}
	sql := classify(jsontext.Value(`{"code":0,"data":{"name":"psycopg2.errors.InvalidTextRepresentation","message":"LINE 1: SELECT secret"}}`), "", "")
	if sql.Kind != odoo.BadRequest || strings.Contains(sql.Error(), "SELECT") {
		t.Errorf("kept SQL: %+v", sql)
	}
	long := classify(jsontext.Value(`{"data":{"name":"X","message":"`+strings.Repeat("é", maxMessage)+`"}}`), "", "")
	if len(long.Message) > maxMessage || strings.TrimRight(long.Message, "é") != "" {
		t.Errorf("message of %d bytes is kept", len(long.Message))
	}
}

func TestParseAnswer(t *testing.T) {
	tests := []struct {
		in, want string
		kind     odoo.Kind // where want is ""
	}{
		{`{"jsonrpc":"2.0","id":1,"result":[1, 2]}`, `[1, 2]`, 0},
		{`{"jsonrpc":"2.0","id":1,"result":null}`, `null`, 0},
		{`{"jsonrpc":"2.0","id":1}`, `null`, 0},
		{`{"jsonrpc":"2.0","id":1,"error":null,"result":false}`, `false`, 0},
		{``, ``, odoo.Unavailable},
		{`{"jsonrpc":"2.0","id":1,"resul`, ``, odoo.Unavailable},
		{`{"jsonrpc":"2.0","id":1,"result":[1,`, ``, odoo.Unavailable},
		{`{"jsonrpc":"2.0","id":1`, ``, odoo.Unavailable},
		{`{"result":1}`, ``, odoo.Unavailable},
		{`{"jsonrpc":"2.0","id":2,"result":1}`, ``, odoo.Unavailable},
		{`{"jsonrpc":"2.0","id":"1","result":1}`, ``, odoo.Unavailable},
		{`{"jsonrpc":"2.0","id":2,"error":{"code":100,"data":{"name":"odoo.http.SessionExpiredException"}}}`, ``, odoo.Unavailable},
		{`{"jsonrpc":"2.0","id":null,"error":{"code":100,"data":{"name":"odoo.http.SessionExpiredException"}}}`, ``, odoo.SessionExpired},
		{`{"jsonrpc":"2.0","id":null,"result":1}`, `1`, 0},
		{`[]`, ``, odoo.Server},
		{`{"jsonrpc":"2.0","result":NaN}`, ``, odoo.Server},
		{`{"jsonrpc":"2.0","result":1,"result":2}`, ``, odoo.Server},
		{`{"jsonrpc":"2.0","result":{"a":1,"a":2}}`, ``, odoo.Server},
		{`{"jsonrpc":"2.0","result":1} 2`, ``, odoo.Server},
		{`<html>`, ``, odoo.Server},
	}
	for _, tt := range tests {
		got, err := parseAnswer([]byte(tt.in), "res.partner", "read")
		if tt.want != "" {
			if err != nil || string(got) != tt.want {
				t.Errorf("%s: %s, %v; want %s", tt.in, got, err, tt.want)
			}
			continue
		}
		if e, ok := err.(*odoo.Error); !ok || e.Kind != tt.kind {
			t.Errorf("%s: %s, %v; want kind %d", tt.in, got, err, tt.kind)
		}
	}
}
