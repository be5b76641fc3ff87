package e2e

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestClientServices repeats what services send whose code is not to be had:
// each gets its tokens in its own habit, without a setting of the service's.
func TestClientServices(t *testing.T) {
	t.Parallel()
	s := startClientsSite(t)
	for _, c := range []struct {
		name string
		run  func(*service)
	}{
		{"Nango", nangoFlow},
		{"Nango with client credentials", nangoMachine},
		{"Fivetran", fivetranFlow},
		{"Forge with the secret in the body", func(c *service) { forgeFlow(c, c.form) }},
		{"Forge with useBasicAuth", func(c *service) { forgeFlow(c, c.basic) }},
		{"client that posts JSON", jsonFlow},
		{"client that refreshes by multipart", multipartFlow},
		{"client without a grant_type", noGrantType},
		{"Insomnia as a public client", insomniaFlow},
		{"Power Automate", powerAutomateFlow},
		{"Apps Script", appsScriptFlow},
		{"n8n", n8nFlow},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(&service{t: t, s: s, p: newPerson(t, s.base)}) })
	}
}

// service is the server of such a client, and the person who uses it.
type service struct {
	t *testing.T
	s *site
	p *person
}

// code has the person connect, with what the service adds to the address.
func (c *service) code(as app, state string, more url.Values) string {
	c.t.Helper()
	at := as.authorizeURL(c.s.base, state)
	if more != nil {
		at += "&" + more.Encode()
	}
	back, err := c.p.visit(c.s.odoo, at)
	if err != nil {
		c.t.Fatal(err)
	}
	to, err := url.Parse(back)
	if err != nil {
		c.t.Fatal(err)
	}
	if q := to.Query(); !strings.HasPrefix(back, as.redirect) || q.Get("state") != state || q.Get("code") == "" {
		c.t.Fatalf("sent to %s", back)
	}
	return to.Query().Get("code")
}

// send sends a request without the person's cookies.
func (c *service) send(r *http.Request) answer {
	c.t.Helper()
	r.Header.Set("Accept", "application/json")
	return newPerson(c.t, c.s.base).do(r)
}

// form is a token request with the client in the form, as most send it.
func (c *service) form(as app, form url.Values) answer {
	c.t.Helper()
	form.Set("client_id", as.id)
	if as.secret != "" {
		form.Set("client_secret", as.secret)
	}
	return c.send(c.p.request("POST", tokenPath, form))
}

// basic is one with the client in the header, unencoded as most do it, and not in the body.
func (c *service) basic(as app, form url.Values) answer {
	c.t.Helper()
	r := c.p.request("POST", tokenPath, form)
	r.SetBasicAuth(as.id, as.secret)
	return c.send(r)
}

func exchange(as app, code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {as.redirect}}
}

func renewal(refresh string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}
}

// refused fails unless the token endpoint answers with an error.
func (c *service) refused(a answer, status int, code string) {
	c.t.Helper()
	if a.StatusCode != status || oauthError(c.t, a) != code {
		c.t.Errorf("%s %s, want %d %s", a.Status, a.text, status, code)
	}
}

// nangoFlow is the provider definition "odoo": the paths, response_type and
// grant_type, nothing else.
func nangoFlow(c *service) {
	tok := c.p.good(c.form(nango, exchange(nango, c.code(nango, "9a7f4c1e-nango", nil))))
	alive(c.p, tok.Access)
	next := c.p.good(c.form(nango, renewal(tok.Refresh)))
	alive(c.p, next.Access)
}

// nangoMachine is the provider definition "odoo-cc": a form, a token in
// access_token, its life in access_token_validity as seconds from now.
func nangoMachine(c *service) {
	a := c.form(batch, url.Values{"grant_type": {"client_credentials"}})
	var tok struct {
		Token   string  `json:"access_token"`
		Seconds float64 `json:"access_token_validity"`
		Refresh any     `json:"refresh_token"`
	}
	if err := json.Unmarshal([]byte(a.text), &tok); err != nil || a.StatusCode != http.StatusOK || tok.Seconds != 3600 || tok.Refresh != nil {
		c.t.Fatalf("client_credentials: %s %s", a.Status, a.text)
	}
	alive(c.p, tok.Token)
	c.refused(c.form(nango, url.Values{"grant_type": {"client_credentials"}}), http.StatusBadRequest, "unauthorized_client")
}

// fivetranFlow connects and reads page by page, as it does every few minutes.
func fivetranFlow(c *service) {
	tok := c.p.good(c.form(fivetran, exchange(fivetran, c.code(fivetran, "fivetran", nil))))
	seen := map[float64]bool{}
	for offset := 0; ; offset += 5 {
		query := url.Values{"fields": {"['id','name']"}, "domain": {"[]"}, "order": {"id"}, "limit": {"5"}}
		query.Set("offset", jsonText(offset))
		a := c.p.api(tok.Access, "/restapi/1.0/object/res.partner", query)
		if a.StatusCode == http.StatusNotFound { // the documented end
			break
		}
		var page map[string]json.RawMessage
		if err := json.Unmarshal([]byte(a.text), &page); err != nil || a.StatusCode != http.StatusOK {
			c.t.Fatalf("page at %d: %s %s", offset, a.Status, a.text)
		}
		var records []map[string]any
		if err := json.Unmarshal(page["res.partner"], &records); err != nil {
			// compat restapi: a single record stands alone
			records = []map[string]any{{}}
			if err := json.Unmarshal(page["res.partner"], &records[0]); err != nil {
				c.t.Fatalf("page at %d: %s", offset, a.text)
			}
		}
		for _, r := range records {
			id, _ := r["id"].(float64)
			if seen[id] {
				c.t.Errorf("record %v comes twice", id)
			}
			seen[id] = true
		}
	}
	if len(seen) < 6 {
		c.t.Errorf("%d records: not more than a page", len(seen))
	}
	alive(c.p, c.p.good(c.form(fivetran, renewal(tok.Refresh))).Access)
}

func jsonText(v any) string {
	b, _ := json.Marshal(v) // a number: never fails
	return string(b)
}

// forgeFlow is a manifest's providers.auth: no PKCE, a long state, then the
// profile, whose id and displayName are read by plain names.
func forgeFlow(c *service, send func(app, url.Values) answer) {
	state := strings.Repeat("eyJhbGciOiJIUzI1NiJ9.", 97) // 2 KB
	tok := c.p.good(send(forge, exchange(forge, c.code(forge, state, url.Values{"scope": {"odoo.read"}, "audience": {"api.atlassian.com"}}))))
	var profile struct {
		ID    any
		Login string
	}
	c.p.read(tok.Access, "/restapi/1.0/me", nil, &profile)
	if id, ok := profile.ID.(float64); !ok || id == 0 || profile.Login != c.s.login {
		c.t.Errorf("retrieveProfile: %+v", profile)
	}
	next := c.p.good(send(forge, renewal(tok.Refresh)))
	alive(c.p, next.Access)
	r := c.p.request("POST", revokePath, url.Values{"token": {next.Access}, "client_id": {forge.id}, "client_secret": {forge.secret}})
	if a := c.send(r); a.StatusCode != http.StatusOK {
		c.t.Errorf("revokeToken: %s %s", a.Status, a.text)
	}
	dead(c.p, next.Access)
	c.refused(send(forge, renewal(next.Refresh)), http.StatusBadRequest, "invalid_grant")
}

func jsonFlow(c *service) {
	send := func(form url.Values) answer {
		body := map[string]string{"client_id": nango.id, "client_secret": nango.secret}
		for name := range form {
			body[name] = form.Get(name)
		}
		b, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		r, err := http.NewRequest("POST", c.s.base+tokenPath, bytes.NewReader(b))
		if err != nil {
			c.t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json;charset=utf-8")
		return c.send(r)
	}
	tok := c.p.good(send(exchange(nango, c.code(nango, "json", nil))))
	alive(c.p, c.p.good(send(renewal(tok.Refresh))).Access)
}

func multipartFlow(c *service) {
	send := func(form url.Values) answer {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		form.Set("client_id", fivetran.id)
		form.Set("client_secret", fivetran.secret)
		for name := range form {
			if err := w.WriteField(name, form.Get(name)); err != nil {
				c.t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			c.t.Fatal(err)
		}
		r, err := http.NewRequest("POST", c.s.base+tokenPath, &body)
		if err != nil {
			c.t.Fatal(err)
		}
		r.Header.Set("Content-Type", w.FormDataContentType())
		return c.send(r)
	}
	tok := c.p.good(c.form(fivetran, exchange(fivetran, c.code(fivetran, "multipart", nil))))
	alive(c.p, c.p.good(send(renewal(tok.Refresh))).Access)
}

// noGrantType: the original gave a token to whoever left grant_type out. Here
// it is told what to send.
func noGrantType(c *service) {
	form := exchange(nango, c.code(nango, "none", nil))
	form.Del("grant_type")
	c.refused(c.form(nango, form), http.StatusBadRequest, "invalid_request")
}

// insomniaFlow: Basic with an empty secret, and no client_id in the body.
func insomniaFlow(c *service) {
	const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636, appendix B
	challenge := url.Values{"code_challenge_method": {"S256"}, "code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}}
	loopback := native
	loopback.redirect = "http://127.0.0.1:49152/native" // any port of a program
	form := exchange(loopback, c.code(loopback, "insomnia", challenge))
	form.Set("code_verifier", verifier)
	tok := c.p.good(c.basic(loopback, form))
	next := c.p.good(c.basic(loopback, renewal(tok.Refresh)))
	alive(c.p, next.Access)
	// An invented secret is no way in.
	c.refused(c.basic(app{id: native.id, secret: "invented"}, renewal(next.Refresh)), http.StatusUnauthorized, "invalid_client")
}

// powerAutomateFlow: its usual refresh leaves the secret out and is refused,
// as a confidential client must prove itself; the token is not consumed, and
// the same refresh with Basic, which its settings offer, goes on.
func powerAutomateFlow(c *service) {
	tok := c.p.good(c.form(nango, exchange(nango, c.code(nango, "pa", nil))))
	c.refused(c.form(app{id: nango.id}, renewal(tok.Refresh)), http.StatusUnauthorized, "invalid_client")
	form := renewal(tok.Refresh)
	form.Set("client_id", nango.id)
	alive(c.p, c.p.good(c.basic(nango, form)).Access)
}

// appsScriptFlow: parameters of another provider's, and executions side by
// side that refresh the same token.
func appsScriptFlow(c *service) {
	more := url.Values{"access_type": {"offline"}, "prompt": {"consent"}, "login_hint": {"demo"}}
	tok := c.p.good(c.form(nango, exchange(nango, c.code(nango, strings.Repeat("s", 1500), more))))
	children := make(chan answer, 8)
	for range cap(children) {
		go func() {
			form := renewal(tok.Refresh)
			form.Set("client_id", nango.id)
			form.Set("client_secret", nango.secret)
			resp, err := http.PostForm(c.s.base+tokenPath, form)
			if err != nil {
				children <- answer{text: err.Error(), Response: &http.Response{Status: "no answer"}}
				return
			}
			defer resp.Body.Close()
			var body bytes.Buffer
			_, _ = body.ReadFrom(resp.Body) // an answer cut short is no token answer
			children <- answer{text: body.String(), Response: resp}
		}()
	}
	same := map[string]bool{}
	for range cap(children) {
		same[c.p.good(<-children).Refresh] = true
	}
	if len(same) != 1 {
		c.t.Errorf("%d different children of one refresh token", len(same))
	}
}

// n8nFlow: it ignores expires_in, and refreshes when the API answers 401.
func n8nFlow(c *service) {
	tok := c.p.good(c.basic(brief, exchange(brief, c.code(brief, "n8n", nil))))
	outlive(c.p, tok.Access)
	a := c.p.api(tok.Access, "/restapi/1.0/object/res.partner/search_count", url.Values{"domain": {"[]"}})
	if a.StatusCode != http.StatusUnauthorized || !strings.Contains(a.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
		c.t.Errorf("expired token: %s %s", a.Status, a.Header.Get("WWW-Authenticate"))
	}
	c.p.good(c.basic(brief, renewal(tok.Refresh)))
}
