package oauth

import (
	"net/http"
	"net/url"
	"testing"
)

// RFC 8707: the resource is this server or a part of it.
func TestResourceIndicator(t *testing.T) {
	w := newWorld(t)
	b := w.browser("demo-session")
	b.code(query())
	for _, resource := range []string{issuer, issuer + "/", issuer + "/restapi/1.0", issuer + "/orestapi"} {
		if e := b.get(authorizeURL(query("resource", resource))).location(t).Query(); e.Get("code") == "" {
			t.Errorf("%s: %v", resource, e)
		}
	}
	for _, resource := range []string{
		"https://other.example", issuer + ".evil.example", "http://erp.example.com", issuer + "/restapi", issuer + "/restapi/1.0/",
		issuer + "#x", issuer + "?x", "/restapi/1.0", "x", issuer + "//",
	} {
		for _, q := range []url.Values{query("resource", resource), {"resource": {issuer, resource}}, {"resource": {resource, issuer}}} {
			for name, values := range query() {
				q[name] = values
			}
			if e := b.get(authorizeURL(q)).location(t).Query(); e.Get("error") != "invalid_target" || e.Has("code") {
				t.Errorf("%v: %v", q["resource"], e)
			}
		}
		w.program("demo-session", query("resource", resource)).withheld(t, http.StatusBadRequest, "invalid_target")
	}
	if f := w.current().checkResource(params{"resource": {"x"}}); f == nil || f.status != http.StatusBadRequest {
		t.Errorf("at the token endpoint: %v", f)
	}
}

// Several resources survive the login and the consent page.
func TestResourcesAreKept(t *testing.T) {
	w := newWorld(t)
	q := query()
	q["resource"] = []string{issuer, "", issuer + "/orestapi"}
	b := w.browser("")
	back := b.get(authorizeURL(q)).location(t).Query().Get("redirect")
	b.cookies[sessionCookie] = "demo-session"
	if b.post(ConsentPath, allow(b.get(back).tokenOf(t))).location(t).Query().Get("code") == "" {
		t.Errorf("no code by way of %s", back)
	}
	q["resource"] = []string{issuer, "https://other.example"}
	b = w.browser("")
	back = b.get(authorizeURL(q)).location(t).Query().Get("redirect")
	b.cookies[sessionCookie] = "demo-session"
	if e := b.get(back).location(t).Query().Get("error"); e != "invalid_target" {
		t.Errorf("error %q by way of %s", e, back)
	}
}
