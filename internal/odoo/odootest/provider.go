package odootest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// Provider is a local sign-in provider for Odoo's auth_oauth: the implicit
// flow with a login page of its own, and a validation endpoint. Its accounts
// are those of the simulated Odoo: login and password are the same word.
type Provider struct {
	// URL is the provider's base URL, without final slash. StartProvider
	// sets it; who serves the handler elsewhere sets it before the first use.
	URL string
	// ClientID is how Odoo is known here; default "odoo".
	ClientID string
	// Name stands on Odoo's login page; default "Company account".
	Name string
	// Accounts are the passwords by login; default admin, demo and portal.
	Accounts map[string]string

	listener *listener

	mu     sync.Mutex
	tokens map[string]string // login by access token
	deny   bool
}

// NewProvider returns a provider that does not listen by itself.
func NewProvider() *Provider {
	return &Provider{ClientID: "odoo", Name: "Company account", tokens: map[string]string{},
		Accounts: map[string]string{"admin": "admin", "demo": "demo", "portal": "portal"}}
}

// StartProvider is NewProvider with a listener on a free port of the loopback
// interface. Call Close in the end.
func StartProvider() *Provider {
	p := NewProvider()
	p.listener = listen(p)
	p.URL = p.listener.url
	return p
}

// Close stops the listener of StartProvider.
func (p *Provider) Close() {
	if p.listener != nil {
		p.listener.close()
	}
}

// Deny makes the validation endpoint refuse every token, as after an outage
// of the provider; Odoo then shows its login page with an error.
func (p *Provider) Deny(deny bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deny = deny
}

type providerPage struct{ Name, Login, Alert string }

// ServeHTTP implements http.Handler: /authorize and /userinfo.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/authorize":
		p.authorize(w, r)
	case "/userinfo":
		p.userinfo(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	back, err := url.Parse(query.Get("redirect_uri"))
	if query.Get("response_type") != "token" || query.Get("client_id") != p.ClientID ||
		err != nil || back.Scheme != "http" && back.Scheme != "https" || !strings.HasSuffix(back.Path, "/auth_oauth/signin") {
		http.Error(w, "this is not an authorization request of a known client", http.StatusBadRequest)
		return
	}
	page := providerPage{Name: p.Name}
	if r.Method == http.MethodPost {
		page.Login = r.PostFormValue("login")
		if want, ok := p.Accounts[page.Login]; ok && want == r.PostFormValue("password") {
			back.RawFragment, back.Fragment = "", ""
			http.Redirect(w, r, back.String()+"#access_token="+url.QueryEscape(p.Token(page.Login))+
				"&token_type=Bearer&expires_in=3600&scope=userinfo&state="+url.QueryEscape(query.Get("state")), http.StatusSeeOther)
			return
		}
		page.Alert = "That is not right."
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(render("provider", page))
}

// Token makes an access token for a login, as the flow would.
func (p *Provider) Token(login string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	token := longID(43)
	p.tokens[token] = login
	return token
}

func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	login, ok := p.tokens[r.URL.Query().Get("access_token")]
	denied := p.deny
	p.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if !ok || denied {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"error":"invalid_request"}`))
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"user_id": login, "email": login, "name": login})
}
