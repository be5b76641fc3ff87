package rpc

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

const secret = "0123456789abcdef0123456789abcdef01234567"

var key = Key{UID: 5, Secret: secret, UserAgent: "OdooGateway/1"}

// versioned starts an Odoo that says which version it is and answers all else
// with handle.
func versioned(t *testing.T, version int, handle http.HandlerFunc) *transport {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/web/webclient/version_info" {
			answerJSON(w, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"result":{"server_version_info":[%d,0,0,"final",0,""]}}`, version))
			return
		}
		handle(w, r)
	})
}

func TestKeyRequests(t *testing.T) {
	call := odoo.Call{Model: "res.partner", Method: "read", IDs: []int64{7}, Args: []any{[]any{"name"}}, Context: map[string]any{"lang": "de_DE"}}
	odd := odoo.Call{Model: "res.partner", Method: "message_post", IDs: []int64{7}, Args: []any{"x"}}
	rpcBody := `{"id":1,"jsonrpc":"2.0","method":"call","params":{"args":["demo19",5,"` + secret + `","res.partner",`
	for _, tt := range []struct {
		version       int
		call          odoo.Call
		path, body    string
		authorization string
	}{
		{18, call, "/jsonrpc", rpcBody + `"read",[[7],["name"]],{"context":{"lang":"de_DE"}}],"method":"execute_kw","service":"object"}}`, ""},
		{19, call, "/json/2/res.partner/read", `{"context":{"lang":"de_DE"},"fields":["name"],"ids":[7]}`, "bearer " + secret},
		{20, odd, "/jsonrpc", rpcBody + `"message_post",[[7],"x"],{}],"method":"execute_kw","service":"object"}}`, ""},
	} {
		var path, body string
		var header http.Header
		tr := versioned(t, tt.version, func(w http.ResponseWriter, r *http.Request) {
			raw, _ := io.ReadAll(r.Body)
			path, body, header = r.URL.Path, string(raw), r.Header
			if strings.HasPrefix(path, "/json/2/") {
				answerJSON(w, `[{"id":7}]`)
				return
			}
			answerJSON(w, `{"jsonrpc":"2.0","id":1,"result":[{"id":7}]}`)
		})
		result, err := client(t, nil).CallKey(t.Context(), tr, key, tt.call)
		if err != nil || string(result.Value) != `[{"id":7}]` || path != tt.path || body != tt.body {
			t.Errorf("%d: %s, %v; sent %s %s", tt.version, result.Value, err, path, body)
		}
		database := ""
		if tt.authorization != "" {
			database = "demo19"
		}
		if header.Get("Cookie") != "" || header.Get("User-Agent") != "OdooGateway/1" ||
			header.Get("Authorization") != tt.authorization || header.Get("X-Odoo-Database") != database {
			t.Errorf("%d: header %v", tt.version, header)
		}
	}
}

func TestKeyIsRefusedBeforehand(t *testing.T) {
	tr := serve(t, func(w http.ResponseWriter, r *http.Request) { t.Errorf("%s was sent", r.URL) })
	for _, call := range []odoo.Call{
		{Model: "../../web", Method: "read"}, {Model: "res.partner", Method: "_read"},
		{Model: "res.partner", Method: "read", Kwargs: map[string]any{"context": nil}},
	} {
		if _, err := client(t, nil).CallKey(t.Context(), tr, key, call); kind(t, err) != odoo.BadRequest {
			t.Errorf("%v: %v", call, err)
		}
	}
	if _, err := client(t, nil).CallKey(t.Context(), tr, Key{}, contextGet); kind(t, err) != odoo.AccessDenied {
		t.Errorf("no key: %v", err)
	}
}

// Whatever goes wrong, the key stands in no error and in no log.
func TestKeyIsNotTold(t *testing.T) {
	core, logs := observer.New(zap.DebugLevel)
	c := client(t, func(c *Config) { c.Logger = zap.New(core) })
	for _, version := range []int{18, 19} {
		for _, handle := range []http.HandlerFunc{
			func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) },
			func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(502) },
			func(w http.ResponseWriter, r *http.Request) { answerJSON(w, `{"x":`) },
		} {
			c.ForgetMajor()
			_, err := c.CallKey(t.Context(), versioned(t, version, handle), key, contextGet)
			if text := fmt.Sprintf("%v %+v %#v", err, err, errors.Unwrap(err)); err == nil || strings.Contains(text, secret) {
				t.Errorf("%d: %s", version, text)
			}
		}
	}
	if logs.Len() == 0 {
		t.Error("nothing was logged")
	}
	for _, entry := range logs.All() {
		if text := fmt.Sprint(entry.Message, entry.ContextMap()); strings.Contains(text, secret) {
			t.Errorf("logged %s", text)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v %s", key, key, key, key); strings.Contains(text, secret) {
		t.Errorf("printed %s", text)
	}
}

func TestMajorIsAskedAgain(t *testing.T) {
	version, asked, answer := 18, 0, ""
	tr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/web/webclient/version_info":
			asked++
			answerJSON(w, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"result":{"server_version_info":[%d,0]}}`, version))
		case answer == "":
			w.WriteHeader(502)
		default:
			answerJSON(w, answer)
		}
	})
	c := client(t, nil)
	call := func() error {
		_, err := c.CallKey(t.Context(), tr, key, contextGet)
		return err
	}
	answer = `{"jsonrpc":"2.0","id":1,"result":{"uid":5}}`
	for range 3 {
		if err := call(); err != nil || asked != 1 {
			t.Fatalf("%v, asked %d times", err, asked)
		}
	}
	answer = ""
	if err := call(); kind(t, err) != odoo.Unavailable {
		t.Fatal(err)
	}
	version, answer = 19, `{"uid":5}` // it came back upgraded
	if err := call(); err != nil || asked != 2 {
		t.Errorf("%v, asked %d times", err, asked)
	}
}

func TestMajorRefused(t *testing.T) {
	for _, result := range []string{`{}`, `{"server_version_info":[]}`, `{"server_version_info":"19"}`, `{"server_version_info":[0]}`} {
		tr := serve(t, func(w http.ResponseWriter, r *http.Request) {
			answerJSON(w, `{"jsonrpc":"2.0","id":1,"result":`+result+`}`)
		})
		if _, err := client(t, nil).CallKey(t.Context(), tr, key, contextGet); kind(t, err) != odoo.Server {
			t.Errorf("%s: %v", result, err)
		}
	}
}

func TestKeyOfEveryVersion(t *testing.T) {
	for version := 16; version <= 20; version++ {
		fake := clock.NewFake(time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC))
		server := odootest.Start(odootest.Options{Version: version, Now: fake.Now})
		t.Cleanup(server.Close)
		issuer, err := url.Parse(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		c := New(Config{Issuer: issuer, Database: server.Database()})
		rt := &http.Transport{DisableCompression: true, DisableKeepAlives: true}
		ends := fake.Now().Add(24 * time.Hour)
		k := Key{UID: server.UID("demo"), Secret: server.NewAPIKey("demo", "wiki", ends), UserAgent: "OdooGateway/1"}
		call := func(model, method string, ids []int64, args ...any) (string, error) {
			result, err := c.CallKey(t.Context(), rt, k, odoo.Call{Model: model, Method: method, IDs: ids, Args: args})
			return string(result.Value), err
		}
		if uid, err := c.Authenticate(t.Context(), rt, "demo", k); err != nil || uid != k.UID {
			t.Errorf("%d: authenticate: %d, %v", version, uid, err)
		}
		if got, err := call("res.users", "context_get", nil); err != nil || !strings.Contains(got, fmt.Sprintf(`"uid":%d`, k.UID)) && !strings.Contains(got, fmt.Sprintf(`"uid": %d`, k.UID)) {
			t.Errorf("%d: context_get: %s, %v", version, got, err)
		}
		if got, err := call("res.partner", "search", nil, []any{[]any{"id", "=", int64(1)}}); err != nil || got != "[1]" {
			t.Errorf("%d: search: %s, %v", version, got, err)
		}
		if got, err := call("res.partner", "create", nil, map[string]any{"name": "Key"}); err != nil || strings.ContainsAny(got, "[]") {
			t.Errorf("%d: create: %s, %v", version, got, err)
		}
		if _, err := call("no.such", "read", []int64{1}); kind(t, err) != odoo.UnknownModel {
			t.Errorf("%d: unknown model: %v", version, err)
		}
		if _, err := call("res.partner", "nope", []int64{1}); kind(t, err) != odoo.UnknownMethod {
			t.Errorf("%d: unknown method: %v", version, err)
		}
		if _, err := call("ir.config_parameter", "search", nil, []any{}); kind(t, err) != odoo.AccessError {
			t.Errorf("%d: no right: %v", version, err)
		}
		wrong := k
		wrong.Secret = strings.Repeat("0", 40)
		if _, err := c.CallKey(t.Context(), rt, wrong, contextGet); kind(t, err) != odoo.AccessDenied {
			t.Errorf("%d: wrong key: %v", version, err)
		}
		if _, err := c.Authenticate(t.Context(), rt, "demo", wrong); kind(t, err) != odoo.AccessDenied {
			t.Errorf("%d: authenticate with a wrong key: %v", version, err)
		}
		server.Archive("demo")
		if _, err := call("res.users", "context_get", nil); kind(t, err) != odoo.AccessDenied {
			t.Errorf("%d: archived: %v", version, err)
		}
	}
}

// Who a login and its key stand for is a number, or nobody: whatever else comes
// is not Odoo's word, and refuses nothing.
func TestAuthenticateAnswers(t *testing.T) {
	for answer, want := range map[string]odoo.Kind{"false": odoo.AccessDenied, "null": odoo.Server, `"x"`: odoo.Server, "{}": odoo.Server, "0": odoo.Server, "true": odoo.Server} {
		rt := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/web/webclient/version_info" {
				answerJSON(w, `{"jsonrpc":"2.0","id":1,"result":{"server_version_info":[17,0,0,"final",0,""]}}`)
				return
			}
			answerJSON(w, `{"jsonrpc":"2.0","id":1,"result":`+answer+`}`)
		})
		if _, err := client(t, nil).Authenticate(t.Context(), rt, "demo", Key{Secret: "x"}); kind(t, err) != want {
			t.Errorf("%s: %v", answer, err)
		}
	}
}
