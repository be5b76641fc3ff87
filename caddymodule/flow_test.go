package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

const (
	callback  = "https://wiki.example.com/callback"
	oauthBase = "/restapi/1.0/common/oauth2/"
)

// newOdooSite returns a site before a simulated Odoo 19.
func newOdooSite(t *testing.T) (site, *odootest.Server) {
	t.Helper()
	odoo := odootest.Start(odootest.Options{Version: 19})
	t.Cleanup(odoo.Close)
	a := freeAddrs(t, 2)
	return site{admin: a[0], addr: a[1], upstream: strings.TrimPrefix(odoo.URL, "http://")}, odoo
}

// person is a browser.
type person struct {
	base   string
	client *http.Client
	seen   []string // Location headers
}

func newPerson(t *testing.T, base string) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &person{base: base, client: &http.Client{
		Jar: jar, Transport: numbered{&http.Transport{DisableKeepAlives: true}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// do makes one request and returns the answer's Location and body.
func (p *person) do(method, target string, form url.Values) (location, body string, err error) {
	if !strings.HasPrefix(target, "http") {
		target = p.base + target
	}
	req, err := http.NewRequest(method, target, strings.NewReader(form.Encode()))
	if err != nil {
		return "", "", err
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", p.base)
	}
	res, err := p.client.Do(req)
	if err != nil {
		return "", "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	location = res.Header.Get("Location")
	p.seen = append(p.seen, location)
	if res.StatusCode >= 400 {
		return location, string(b), fmt.Errorf("%s %s: status %d: %.300s", method, target, res.StatusCode, b)
	}
	return location, string(b), err
}

var hidden = regexp.MustCompile(`name="(csrf_token|token|redirect|t)" value="([^"]*)"`)

// authorize is authorizeAs for the application wiki.
func (p *person) authorize(state string) (string, error) { return p.authorizeAs("wiki", state) }

// authorizeAs goes from an application to its callback, logging in and
// consenting where that is asked, and returns the code.
func (p *person) authorizeAs(client, state string) (string, error) {
	next := oauthBase + "authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {client}, "redirect_uri": {callback}, "state": {state},
	}.Encode()
	for range 10 {
		location, body, err := p.do(http.MethodGet, next, nil)
		if err != nil {
			return "", err
		}
		fields := url.Values{}
		for _, m := range hidden.FindAllStringSubmatch(body, -1) {
			fields.Set(m[1], strings.ReplaceAll(m[2], "&amp;", "&"))
		}
		switch {
		case location != "":
		case fields.Has("csrf_token"):
			fields.Set("login", "demo")
			fields.Set("password", "demo")
			location, _, err = p.do(http.MethodPost, next, fields)
		case fields.Has("token"):
			fields.Set("decision", "allow")
			location, _, err = p.do(http.MethodPost, oauthBase+"consent", fields)
		case fields.Has("t"):
			fields.Set("decision", "later")
			location, _, err = p.do(http.MethodPost, oauthBase+"stay", fields)
		default:
			return "", fmt.Errorf("stuck at %s: %.300s", next, body)
		}
		if err != nil {
			return "", err
		}
		if strings.HasPrefix(location, callback) {
			u, err := url.Parse(location)
			if err != nil {
				return "", err
			}
			if u.Query().Get("code") == "" || u.Query().Get("state") != state {
				return "", fmt.Errorf("callback without code or state: %s", location)
			}
			return u.Query().Get("code"), nil
		}
		next = location
	}
	return "", errors.New("too many redirects")
}

// tokens is an answer of the token endpoint.
type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Error   string `json:"error"`
}

// fetch posts a form to an OAuth endpoint, as the application wiki.
func fetch(c *http.Client, base, endpoint, secret string, form url.Values) (tokens, int, error) {
	return fetchAs(c, base, endpoint, "wiki", secret, form)
}

// fetchAs posts a form to an OAuth endpoint, as an application.
func fetchAs(c *http.Client, base, endpoint, client, secret string, form url.Values) (tokens, int, error) {
	var out tokens
	req, err := http.NewRequest(http.MethodPost, base+oauthBase+endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return out, 0, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(client, secret)
	res, err := c.Do(req)
	if err != nil {
		return out, 0, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return out, res.StatusCode, err
	}
	if len(body) > 0 {
		err = json.Unmarshal(body, &out)
	}
	return out, res.StatusCode, err
}

// redeem is redeemAs for the application wiki.
func redeem(c *http.Client, base, code string) (tokens, error) {
	return redeemAs(c, base, "wiki", code)
}

// redeemAs exchanges a code of an application.
func redeemAs(c *http.Client, base, client, code string) (tokens, error) {
	t, status, err := fetchAs(c, base, "access_token", client, "top-secret", url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback},
	})
	if err == nil && (status != http.StatusOK || t.Access == "" || t.Refresh == "") {
		err = fmt.Errorf("redeeming: status %d, %+v", status, t.Error)
	}
	return t, err
}

// refresh exchanges a refresh token.
func refresh(c *http.Client, base, token string) (tokens, error) {
	t, status, err := fetch(c, base, "access_token", "top-secret", url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {token},
	})
	if err == nil && (status != http.StatusOK || t.Access == "" || t.Refresh == "") {
		err = fmt.Errorf("refreshing: status %d, %+v", status, t.Error)
	}
	return t, err
}

// read reads a record with an access token.
func read(c *http.Client, base, token string) error {
	req, err := http.NewRequest(http.MethodGet, base+"/restapi/1.0/object/res.partner/1?fields=['name']", nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := c.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK || !strings.Contains(string(body), `"name"`) {
		return fmt.Errorf("reading: status %d: %.300s", res.StatusCode, body)
	}
	return nil
}

// connected is connectedAs for the application wiki.
func connected(t *testing.T, base string) (*person, tokens) {
	t.Helper()
	return connectedAs(t, base, "wiki")
}

// connectedAs is a person who has connected an application in a session of their
// own, with its tokens.
func connectedAs(t *testing.T, base, client string) (*person, tokens) {
	t.Helper()
	user := newPerson(t, base)
	code, err := user.authorizeAs(client, "xyz")
	if err != nil {
		t.Fatalf("%s: %v", client, err)
	}
	got, err := redeemAs(user.client, base, client, code)
	if err != nil {
		t.Fatalf("%s: %v", client, err)
	}
	return user, got
}

func TestTheWholeFlowThroughCaddy(t *testing.T) {
	s, _ := newOdooSite(t)
	newMachine(t).start(s.caddyfile(), s.admin)
	base := "http://" + s.addr
	user, got := connected(t, base)
	if err := read(user.client, base, got.Access); err != nil {
		t.Fatal(err)
	}
	got, err := refresh(user.client, base, got.Refresh)
	if err != nil {
		t.Fatal(err)
	}
	if err := read(user.client, base, got.Access); err != nil {
		t.Fatal(err)
	}
}
