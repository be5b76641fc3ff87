package page

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/scheme"
)

func render(write func(http.ResponseWriter, *http.Request)) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	write(w, httptest.NewRequest(http.MethodGet, "/", nil))
	return w
}

func pages() map[string]*httptest.ResponseRecorder {
	all := map[string]*httptest.ResponseRecorder{
		"consent": render(func(w http.ResponseWriter, r *http.Request) {
			WriteConsent(w, r, Consent{Application: "Team wiki", RedirectURI: "https://wiki.example.com/cb", May: []scheme.Statement{{Act: scheme.ActRead, Model: "Customer", Fields: scheme.ExtentAll}}})
		}),
		"authorizations": render(func(w http.ResponseWriter, r *http.Request) {
			WriteAuthorizations(w, r, Authorizations{Items: []Authorization{{Application: "Team wiki"}}, Action: "/x"})
		}),
		"continue": render(func(w http.ResponseWriter, r *http.Request) {
			WriteContinue(w, r, Continue{Application: "Team wiki", URL: "/x"})
		}),
	}
	for kind := BadRequest; kind <= WrongMethod; kind++ {
		all[kind.String()] = render(func(w http.ResponseWriter, r *http.Request) {
			WriteProblem(w, r, Problem{Kind: kind, RequestID: "R1", URL: "/x"})
		})
	}
	return all
}

// M28, A28, A32.
func TestM28_SecurityHeaders(t *testing.T) {
	for name, got := range pages() {
		for header, want := range map[string]string{
			"Content-Type":               "text/html; charset=utf-8",
			"X-Frame-Options":            "DENY",
			"X-Content-Type-Options":     "nosniff",
			"Referrer-Policy":            "no-referrer",
			"Cache-Control":              "no-store",
			"Cross-Origin-Opener-Policy": "same-origin",
		} {
			if got.Header().Get(header) != want {
				t.Errorf("%s: %s is %q", name, header, got.Header().Get(header))
			}
		}
		formAction := "'none'"
		switch name {
		case "consent":
			formAction = "'self' https:"
		case "authorizations":
			formAction = "'self'"
		}
		want := "default-src 'none'; style-src 'self'; form-action " + formAction + "; frame-ancestors 'none'; base-uri 'none'"
		if csp := got.Header().Get("Content-Security-Policy"); csp != want {
			t.Errorf("%s: policy %q, want %q", name, csp, want)
		}
		body := got.Body.String()
		if strings.Contains(body, "<script") || strings.Contains(body, "style=") || strings.Contains(body, "http:") || strings.Contains(body, "src=") {
			t.Errorf("%s uses more than the policy allows: %s", name, body)
		}
	}
}

func TestEveryProblemHasItsTexts(t *testing.T) {
	seen := map[string]bool{}
	for kind := BadRequest; kind <= WrongMethod; kind++ {
		title := Voice{catalogue: english}.Text("problem." + kind.String() + ".title")
		if seen[title] || seen[kind.String()] {
			t.Errorf("%v: %q", kind, title)
		}
		seen[title], seen[kind.String()] = true, true
		got := render(func(w http.ResponseWriter, r *http.Request) { WriteProblem(w, r, Problem{Kind: kind, RequestID: "R1"}) })
		if got.Code != kind.Status() || got.Code < 400 || !strings.Contains(got.Body.String(), "R1") {
			t.Errorf("%v: %d", kind, got.Code)
		}
		if (got.Code == http.StatusServiceUnavailable) != (got.Header().Get("Retry-After") != "") {
			t.Errorf("%v: Retry-After %q", kind, got.Header().Get("Retry-After"))
		}
	}
}

func TestFormAction(t *testing.T) {
	for uri, want := range map[string]string{
		"https://wiki.example.com/cb": "'self' https:",
		"http://127.0.0.1:8123/cb":    "'self' http:",
		"com.example.app:/cb":         "'self' com.example.app:",
		"::":                          "'self'",
	} {
		if got := formAction(uri); got != want {
			t.Errorf("%s: %s", uri, got)
		}
	}
}

func TestConsentShowsTheHost(t *testing.T) {
	for uri, want := range map[string]string{
		"https://wiki.example.com/cb?x=y": "wiki.example.com",
		"http://127.0.0.1:8123/cb":        "127.0.0.1:8123",
		"com.example.app:/cb":             "com.example.app:",
	} {
		if got := (Consent{RedirectURI: uri}).Host(); got != want {
			t.Errorf("%s: %s", uri, got)
		}
	}
}

// A25.
func TestA25_MarkupIsEscaped(t *testing.T) {
	const bad = `"'><svg/onload=alert(1)>`
	all := []*httptest.ResponseRecorder{
		render(func(w http.ResponseWriter, r *http.Request) {
			WriteConsent(w, r, Consent{
				Application: bad, Name: bad, Login: bad, Database: bad, SwitchURL: bad, May: []scheme.Statement{{Act: scheme.ActRead, Model: bad, Fields: scheme.ExtentThese, Names: []string{bad}, Selected: true}, {Act: scheme.ActReadOthers, Names: []string{bad}}},
				RedirectURI: "https://" + bad, Action: bad, Token: bad,
			})
		}),
		render(func(w http.ResponseWriter, r *http.Request) {
			WriteAuthorizations(w, r, Authorizations{Name: bad, Login: bad, Database: bad, Action: "javascript:alert(1)", RevokeAll: bad, Items: []Authorization{{
				Application: bad, Description: bad, Logo: "javascript:alert(1)", RedirectURI: bad, KeyName: bad, Token: bad,
				May: []scheme.Statement{{Act: scheme.ActRead, Model: bad, Fields: scheme.ExtentThese, Names: []string{bad}}},
			}}})
		}),
		render(func(w http.ResponseWriter, r *http.Request) {
			WriteContinue(w, r, Continue{Application: bad, URL: "javascript:alert(1)"})
		}),
		render(func(w http.ResponseWriter, r *http.Request) {
			WriteProblem(w, r, Problem{Application: bad, RequestID: bad, URL: "javascript:alert(1)"})
		}),
	}
	for i, got := range all {
		if body := got.Body.String(); strings.Contains(body, "<svg") || strings.Contains(body, "javascript:") || len(body) < 200 {
			t.Errorf("page %d: %s", i, body)
		}
	}
}

func TestStylesheet(t *testing.T) {
	w := httptest.NewRecorder()
	Stylesheet(w, httptest.NewRequest(http.MethodGet, StylesheetPath, nil))
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/css; charset=utf-8" ||
		!strings.Contains(w.Header().Get("Cache-Control"), "immutable") || !strings.Contains(w.Body.String(), "prefers-color-scheme: dark") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	page := pages()["consent"].Body.String()
	if !strings.Contains(page, `href="`+StylesheetPath+"?v="+stylesheetHash+`"`) {
		t.Errorf("the page does not name the stylesheet: %s", page)
	}
	r := httptest.NewRequest(http.MethodGet, StylesheetPath, nil)
	r.Header.Set("If-None-Match", w.Header().Get("ETag"))
	again := httptest.NewRecorder()
	Stylesheet(again, r)
	if again.Code != http.StatusNotModified {
		t.Errorf("status %d", again.Code)
	}
}
