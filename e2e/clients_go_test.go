package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// goConfig is an application as a user of golang.org/x/oauth2 writes it.
func goConfig(s *site, a app, style oauth2.AuthStyle) *oauth2.Config {
	return &oauth2.Config{
		ClientID: a.id, ClientSecret: a.secret, RedirectURL: a.redirect, Scopes: []string{"odoo.read"},
		Endpoint: oauth2.Endpoint{AuthURL: s.base + authorizePath, TokenURL: s.base + tokenPath, AuthStyle: style},
	}
}

// goCode sends a person where the library says and returns what came back.
func goCode(t *testing.T, s *site, c *oauth2.Config, state string, opts ...oauth2.AuthCodeOption) string {
	t.Helper()
	back, err := newPerson(t, s.base).visit(s.odoo, c.AuthCodeURL(state, opts...))
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	if q := at.Query(); q.Get("state") != state || q.Get("code") == "" {
		t.Fatalf("sent back to %s", back)
	}
	return at.Query().Get("code")
}

// refusedByServer fails unless the library reports the error of RFC 6749.
func refusedByServer(t *testing.T, what string, err error, code string) {
	t.Helper()
	var refusal *oauth2.RetrieveError
	if !errors.As(err, &refusal) || refusal.ErrorCode != code {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

// TestClientGo drives the gateway with golang.org/x/oauth2.
func TestClientGo(t *testing.T) {
	t.Parallel()
	s := startClientsSite(t)
	for name, c := range map[string]struct {
		app   app
		style oauth2.AuthStyle
	}{
		"secret in the header":      {library, oauth2.AuthStyleInHeader},
		"secret in the body":        {library, oauth2.AuthStyleInParams},
		"library finds the way":     {library, oauth2.AuthStyleAutoDetect},
		"public":                    {native, oauth2.AuthStyleInParams},
		"public, empty secret":      {native, oauth2.AuthStyleInHeader},
		"public, library finds out": {native, oauth2.AuthStyleAutoDetect},
		// The library renews tokens ten seconds early: these at each request.
		"short tokens": {hasty, oauth2.AuthStyleInHeader},
	} {
		t.Run(name, func(t *testing.T) { goFlow(t, s, goConfig(s, c.app, c.style)) })
	}
	t.Run("client credentials", func(t *testing.T) {
		for _, style := range []oauth2.AuthStyle{oauth2.AuthStyleInHeader, oauth2.AuthStyleInParams, oauth2.AuthStyleAutoDetect} {
			c := clientcredentials.Config{ClientID: batch.id, ClientSecret: batch.secret, TokenURL: s.base + tokenPath, Scopes: []string{"odoo.read"}, AuthStyle: style}
			tok, err := c.Token(t.Context())
			if err != nil || tok.RefreshToken != "" || tok.Expiry.IsZero() || !tok.Valid() {
				t.Fatalf("client credentials: %v", err)
			}
			goReads(t, s, c.Client(t.Context()))
			c.ClientID, c.ClientSecret = library.id, library.secret
			_, err = c.Token(t.Context())
			refusedByServer(t, "client credentials of an application without service", err, "unauthorized_client")
		}
	})
	t.Run("wrong verifier", func(t *testing.T) {
		c := goConfig(s, library, oauth2.AuthStyleInHeader)
		code := goCode(t, s, c, "s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier()))
		_, err := c.Exchange(t.Context(), code, oauth2.VerifierOption(oauth2.GenerateVerifier()))
		refusedByServer(t, "exchange", err, "invalid_grant")
	})
	t.Run("no challenge of a public client", func(t *testing.T) {
		back, err := newPerson(t, s.base).visit(s.odoo, goConfig(s, native, oauth2.AuthStyleInParams).AuthCodeURL("s"))
		at, _ := url.Parse(back)
		if err != nil || at.Query().Get("error") != "invalid_request" {
			t.Errorf("sent back to %s, %v", back, err)
		}
	})
	// The library tries a wrong secret in both ways. Neither costs the code.
	t.Run("wrong secret twice", func(t *testing.T) {
		c := goConfig(s, library, oauth2.AuthStyleAutoDetect)
		verifier := oauth2.GenerateVerifier()
		code := goCode(t, s, c, "s", oauth2.S256ChallengeOption(verifier))
		wrong := goConfig(s, app{id: library.id, secret: "no", redirect: library.redirect}, oauth2.AuthStyleAutoDetect)
		_, err := wrong.Exchange(t.Context(), code, oauth2.VerifierOption(verifier))
		refusedByServer(t, "wrong secret", err, "invalid_client")
		if _, err := c.Exchange(t.Context(), code, oauth2.VerifierOption(verifier)); err != nil {
			t.Errorf("right secret afterwards: %v", err)
		}
	})
}

// goFlow is what a program does with the library: send a person, exchange the
// code, read, and let the library renew the token.
func goFlow(t *testing.T, s *site, c *oauth2.Config) {
	ctx, verifier := t.Context(), oauth2.GenerateVerifier()
	code := goCode(t, s, c, "a state & more=1", oauth2.S256ChallengeOption(verifier))
	first, err := c.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	if !first.Expiry.After(time.Now()) || first.ExpiresIn <= 0 || first.Type() != "Bearer" || first.RefreshToken == "" || first.Extra("scope") != "odoo.read" {
		t.Errorf("token: expires in %d at %s, type %s, scope %v", first.ExpiresIn, first.Expiry, first.Type(), first.Extra("scope"))
	}
	if _, err := c.Exchange(ctx, code, oauth2.VerifierOption(verifier)); err == nil {
		t.Error("a code is good twice")
	}

	// A token set of its own, because the replay has ended the first one.
	code = goCode(t, s, c, "again", oauth2.S256ChallengeOption(verifier))
	first, err = c.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	first.Expiry = time.Now().Add(-time.Minute)
	source := c.TokenSource(ctx, first)
	second, err := source.Token()
	if err != nil || second.AccessToken == first.AccessToken || second.RefreshToken == first.RefreshToken || second.RefreshToken == "" {
		t.Fatalf("the library did not renew the token: %v", err)
	}
	goReads(t, s, oauth2.NewClient(ctx, source))

	// The library does not know revocation; what it makes of one is this.
	if resp, err := http.PostForm(s.base+revokePath, url.Values{"token": {second.RefreshToken}, "client_id": {c.ClientID}, "client_secret": {c.ClientSecret}}); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("revoke: %v %v", resp, err)
	} else {
		resp.Body.Close()
	}
	second.Expiry = time.Now().Add(-time.Minute)
	_, err = c.TokenSource(ctx, second).Token()
	refusedByServer(t, "renewal after a revocation", err, "invalid_grant")
}

// goReads reads with a client that the library made.
func goReads(t *testing.T, s *site, client *http.Client) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, s.base+"/restapi/1.0/object/res.partner/search_count?domain=[]", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	var count struct{ Count int }
	if err != nil || resp.StatusCode != http.StatusOK || json.Unmarshal(body, &count) != nil || count.Count == 0 {
		t.Errorf("reading with the library's client: %s %s %v", resp.Status, body, err)
	}
}
