package token

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/caddy-odoo/gateway/internal/grant"
)

const mediaType = "at+jwt" // RFC 9068 section 2.1

// payload is the claims set as it is written.
type payload struct {
	Issuer        string `json:"iss"`
	Subject       string `json:"sub"`
	Audience      string `json:"aud"`
	ClientID      string `json:"client_id"`
	ID            string `json:"jti"`
	IssuedAt      int64  `json:"iat"`
	ExpiresAt     int64  `json:"exp"`
	Scope         string `json:"scope,omitempty"`
	TokenSet      string `json:"ts"`
	Authorization string `json:"az"`
}

// Sign returns an access token that says c, signed with the key whose turn it
// is. An empty ID becomes a random one. Claims that Verify would refuse are an
// error, and so is a life longer than MaxLife.
func (k *Keys) Sign(c Claims) (string, error) {
	if c.Subject == "" || c.ClientID == "" || c.TokenSet == "" || c.Authorization == "" {
		return "", errors.New("token: subject, client id, token set and authorization are required")
	}
	if c.IssuedAt.Unix() <= 0 || c.ExpiresAt.Unix() <= c.IssuedAt.Unix() {
		return "", errors.New("token: a token must expire after its issue")
	}
	if c.ExpiresAt.Sub(c.IssuedAt) > MaxLife {
		return "", fmt.Errorf("token: a life of %v, more than %v", c.ExpiresAt.Sub(c.IssuedAt), MaxLife)
	}
	key, err := k.signer()
	if err != nil {
		return "", err
	}
	if c.ID == "" {
		c.ID = grant.NewID()
	}
	t := jwt.NewWithClaims(key.method, payload{
		Issuer: k.issuer, Audience: k.audience,
		Subject: c.Subject, ClientID: c.ClientID, ID: c.ID,
		IssuedAt: c.IssuedAt.Unix(), ExpiresAt: c.ExpiresAt.Unix(),
		Scope: strings.Join(c.Scope, " "), TokenSet: c.TokenSet, Authorization: c.Authorization,
	})
	t.Header["typ"] = mediaType
	t.Header["kid"] = key.id
	raw, err := t.SignedString(key.private)
	if err != nil {
		return "", fmt.Errorf("token: signing: %w", err)
	}
	if len(raw) > MaxSize {
		return "", fmt.Errorf("token: %d bytes, more than the %d that are accepted", len(raw), MaxSize)
	}
	return raw, nil
}

// signer is the key that signs now. Where another configuration of the gateway
// has ended all of ours, and lives no more, a new one is made.
func (k *Keys) signer() (*key, error) {
	now := k.now()
	if found := k.current().signer(k.algorithm, now); found != nil {
		return found, nil
	}
	k.loading.Lock()
	defer k.loading.Unlock()
	if found := k.known.Load().signer(k.algorithm, now); found != nil {
		return found, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), loadTimeout)
	defer cancel()
	if err := k.create(ctx); err != nil {
		return nil, err
	}
	return k.known.Load().signer(k.algorithm, now), nil
}

// The methods below make payload a jwt.Claims. golang-jwt asks them only when
// it validates, which Verify does by itself, before any signature.

func (p payload) GetExpirationTime() (*jwt.NumericDate, error) {
	return jwt.NewNumericDate(time.Unix(p.ExpiresAt, 0)), nil
}

func (p payload) GetIssuedAt() (*jwt.NumericDate, error) {
	return jwt.NewNumericDate(time.Unix(p.IssuedAt, 0)), nil
}

func (p payload) GetNotBefore() (*jwt.NumericDate, error) { return nil, nil }

func (p payload) GetIssuer() (string, error) { return p.Issuer, nil }

func (p payload) GetSubject() (string, error) { return p.Subject, nil }

func (p payload) GetAudience() (jwt.ClaimStrings, error) {
	return jwt.ClaimStrings{p.Audience}, nil
}
