package oauth

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// M24, A52: everything comes from the configured issuer.
func TestM24_Metadata(t *testing.T) {
	w := newWorld(t)
	r := w.request(http.MethodGet, MetadataPath, "")
	r.Host = "evil.example"
	r.Header.Set("X-Forwarded-Host", "evil.example")
	r.Header.Set("X-Forwarded-Proto", "http")
	r.Header.Set("Origin", "https://evil.example")
	got := w.do(r)
	var m map[string]any
	if err := json.Unmarshal([]byte(got.text), &m); err != nil || got.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", got.StatusCode, got.text)
	}
	if strings.Contains(got.text, "evil") || got.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%v %s", got.Header, got.text)
	}
	for name, want := range map[string]any{
		"issuer":                 issuer,
		"authorization_endpoint": issuer + "/restapi/1.0/common/oauth2/authorize",
		"token_endpoint":         issuer + "/restapi/1.0/common/oauth2/access_token",
		"revocation_endpoint":    issuer + "/restapi/1.0/common/oauth2/revoke",
		"introspection_endpoint": issuer + "/restapi/1.0/common/oauth2/introspect",
		"userinfo_endpoint":      issuer + "/restapi/1.0/common/oauth2/userinfo",
		"jwks_uri":               issuer + "/restapi/1.0/common/oauth2/jwks",
		"authorization_response_iss_parameter_supported": true,
	} {
		if m[name] != want {
			t.Errorf("%s is %v", name, m[name])
		}
	}
	if got, want := fmt.Sprint(m["protected_resources"]), "["+issuer+" "+issuer+"/restapi/1.0 "+issuer+"/orestapi "+issuer+"/json/2]"; got != want {
		t.Errorf("protected_resources is %s", got)
	}
	post := w.do(w.request(http.MethodPost, MetadataPath, ""))
	if post.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", post.StatusCode)
	}
}

func TestM34_JWKS(t *testing.T) {
	w := newWorld(t)
	got := w.do(w.request(http.MethodGet, JWKSPath, ""))
	var set struct {
		Keys []map[string]string `json:"keys"`
	}
	if err := json.Unmarshal([]byte(got.text), &set); err != nil || len(set.Keys) != 1 {
		t.Fatalf("%d %s", got.StatusCode, got.text)
	}
	key := set.Keys[0]
	if key["alg"] != "RS256" || key["use"] != "sig" || key["kid"] == "" || key["d"] != "" {
		t.Errorf("key %v", key)
	}
}

func TestIncompleteConfig(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(*Config){
		"issuer":        func(c *Config) { c.Issuer = nil },
		"issuer's host": func(c *Config) { c.Issuer = &url.URL{Scheme: "https"} },
		"issuer's path": func(c *Config) { c.Issuer, _ = url.Parse("https://erp.example.com/odoo") },
		"database":      func(c *Config) { c.Database = "" },
		"store":         func(c *Config) { c.Store = nil },
		"memory":        func(c *Config) { c.Memory = nil },
	} {
		c := w.config
		change(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
