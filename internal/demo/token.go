package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Paths of the gateway.
const (
	authorizePath = "/restapi/1.0/common/oauth2/authorize"
	tokenPath     = "/restapi/1.0/common/oauth2/access_token"
	revokePath    = "/restapi/1.0/common/oauth2/revoke"
)

// State is how a session stands with a server.
type State string

// The states.
const (
	NotConnected State = "not connected"
	Connected    State = "connected"
	// Lapsed: there was a connection and it does not work any more.
	Lapsed State = "needs re-authentication"
)

var (
	// errAuthenticate: there is no token, or none that works.
	errAuthenticate = errors.New("demo: needs to authenticate")
	// errAway: the server can not answer now; tokens are kept.
	errAway = errors.New("demo: server is not available")
)

// early is how long before its end an access token is refreshed.
const early = 10 * time.Second

// connection is a session's tokens for one server. Its lock is held while a
// refresh runs: two at once would present the same refresh token twice.
type connection struct {
	mu      sync.Mutex
	lapsed  bool
	access  string
	refresh string
	expires time.Time
	words   words
}

// tokenAnswer is the token endpoint's answer, good or bad.
type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	ExpiresIn    int64  `json:"expires_in"`
	Error        string `json:"error"`
	Description  string `json:"error_description"`
}

// state tells how the session stands with the server, without asking it.
func (c *connection) state() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.lapsed:
		return Lapsed
	case c.access != "":
		return Connected
	default:
		return NotConnected
	}
}

// keep takes a token answer over.
func (c *connection) keep(a tokenAnswer, now time.Time) {
	c.access, c.lapsed = a.AccessToken, false
	if a.RefreshToken != "" {
		c.refresh = a.RefreshToken
	}
	c.expires = now.Add(time.Duration(a.ExpiresIn) * time.Second)
}

// authorizeURL is where a browser is sent to connect.
func (w *Wiki) authorizeURL(s *Server, state string) string {
	u := s.URL.JoinPath(authorizePath)
	u.RawQuery = url.Values{
		"response_type": {"code"},
		"client_id":     {s.ClientID},
		"redirect_uri":  {w.redirectURI()},
		"state":         {state},
	}.Encode()
	return u.String()
}

// exchange redeems a code and keeps its tokens.
func (w *Wiki) exchange(ctx context.Context, s *Server, c *connection, code string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	a, err := w.askToken(ctx, s, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {w.redirectURI()},
	})
	if err != nil {
		return err
	}
	c.words = words{} // another person may have other rights and another language
	c.keep(a, w.config.Now())
	return nil
}

// token returns an access token that is not spent. A token that the server
// has just refused is named in refused, so that of several readers only the
// first refreshes it.
func (w *Wiki) token(ctx context.Context, s *Server, c *connection, refused string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.access == "":
		return "", errAuthenticate
	case c.access != refused && (c.lapsed || w.config.Now().Add(early).Before(c.expires)):
		return c.access, nil
	case c.lapsed || c.refresh == "":
		// A fresh token was refused before: another would be too.
		c.lapsed = true
		return "", errAuthenticate
	}
	a, err := w.askToken(ctx, s, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {c.refresh}})
	switch {
	case errors.Is(err, errAway):
		return "", err
	case err != nil:
		c.access, c.refresh, c.lapsed = "", "", true
		return "", errAuthenticate
	}
	c.keep(a, w.config.Now())
	return c.access, nil
}

// askToken posts to the token endpoint as the registered client. Only what the
// server refuses is an end; what it can not answer is errAway.
func (w *Wiki) askToken(ctx context.Context, s *Server, form url.Values) (tokenAnswer, error) {
	resp, err := w.post(ctx, s, tokenPath, form)
	if err != nil {
		return tokenAnswer{}, errors.Join(errAway, err)
	}
	defer resp.Body.Close()
	var a tokenAnswer
	err = json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&a)
	switch {
	case resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests:
		return tokenAnswer{}, errors.Join(errAway, fmt.Errorf("token endpoint answered %s", resp.Status))
	case err != nil:
		return tokenAnswer{}, errors.Join(errAway, fmt.Errorf("token endpoint: %w", err))
	case resp.StatusCode != http.StatusOK || a.AccessToken == "":
		return tokenAnswer{}, fmt.Errorf("token endpoint refused: %s: %s", a.Error, a.Description)
	}
	return a, nil
}

// forget drops the tokens and revokes them at the server, as far as it can
// be reached.
func (w *Wiki) forget(ctx context.Context, s *Server, c *connection) error {
	c.mu.Lock()
	token := c.refresh
	c.access, c.refresh, c.words, c.lapsed = "", "", words{}, false
	c.mu.Unlock()
	if token == "" {
		return nil
	}
	resp, err := w.post(ctx, s, revokePath, url.Values{"token": {token}, "token_type_hint": {"refresh_token"}})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("revocation endpoint answered %s", resp.Status)
	}
	return nil
}

// post sends a form with the client's Basic credentials, each part of them
// form-encoded as RFC 6749 section 2.3.1 has it.
func (w *Wiki) post(ctx context.Context, s *Server, path string, form url.Values) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL.JoinPath(path).String(), strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.SetBasicAuth(url.QueryEscape(s.ClientID), url.QueryEscape(s.ClientSecret))
	return w.config.Client.Do(req)
}
