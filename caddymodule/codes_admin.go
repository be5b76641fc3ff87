package caddymodule

import (
	"errors"
	"net/http"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// codesEndpoint is where the running Caddy lists the records of codes.
const codesEndpoint = "/odoo_gateway/codes"

// codeRecord is the record of an authorization code that is kept for audit.
type codeRecord struct {
	// Fingerprint names the code as the audit trail does.
	Fingerprint   string    `json:"fingerprint"`
	Application   string    `json:"application"`
	Authorization string    `json:"authorization"`
	RedirectURI   string    `json:"redirect_uri"`
	Scope         []string  `json:"scope,omitempty"`
	PKCE          bool      `json:"pkce"`
	IssuedAt      time.Time `json:"issued_at"`
	ExpiresAt     time.Time `json:"expires_at"`
	ConsumedAt    time.Time `json:"consumed_at,omitzero"`
	// TokenSet is what it was exchanged for; "" where it was not, or refused.
	TokenSet    string    `json:"token_set,omitempty"`
	RetainUntil time.Time `json:"retain_until"`
}

// fingerprintLength is that of audit.Fingerprint: the first digits of the hash.
const fingerprintLength = 8

func codeView(c grant.Code) codeRecord {
	return codeRecord{
		Fingerprint: c.Hash[:min(fingerprintLength, len(c.Hash))], Application: c.Application, Authorization: c.Authorization,
		RedirectURI: c.RedirectURI, Scope: c.Scope, PKCE: c.Challenge != "", IssuedAt: c.IssuedAt, ExpiresAt: c.ExpiresAt,
		ConsumedAt: c.ConsumedAt, TokenSet: c.TokenSet, RetainUntil: c.RetainUntil,
	}
}

// codeList is the answer to a listing.
type codeList struct {
	Codes []codeRecord `json:"codes"`
	// Next is what to send as after for the next page; "" on the last one.
	Next string `json:"next,omitempty"`
}

func serveCodes(app *App, r *http.Request) (any, error) {
	p, err := readParameters(r, "gateway", "application", "authorization", "after", "limit")
	if err != nil {
		return nil, err
	}
	limit, err := readLimit(p)
	if err != nil {
		return nil, err
	}
	s, err := app.named(p["gateway"])
	if err != nil {
		return nil, err
	}
	all, err := s.Codes(r.Context(), grant.CodeQuery{
		Application: p["application"], Authorization: p["authorization"], After: p["after"], Limit: limit,
	})
	if errors.Is(err, grant.ErrNotFound) {
		return nil, adminError(http.StatusNotFound, "after: that code is kept no more: begin again")
	}
	if err != nil {
		return nil, err
	}
	list := codeList{Codes: make([]codeRecord, 0, len(all))}
	for _, c := range all {
		list.Codes = append(list.Codes, codeView(c))
	}
	if len(all) == limit {
		list.Next = all[len(all)-1].Hash
	}
	return list, nil
}
