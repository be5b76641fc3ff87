package administration

import (
	"context"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// Code is the record of an authorization code that is kept for audit.
type Code struct {
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

	// Title is what people call the application.
	Title string `json:"-"`
}

// fingerprintLength is that of audit.Fingerprint: the first digits of the hash.
const fingerprintLength = 8

func (d *Desk) code(c grant.Code) Code {
	return Code{
		Fingerprint: c.Hash[:min(fingerprintLength, len(c.Hash))], Application: c.Application, Authorization: c.Authorization,
		RedirectURI: c.RedirectURI, Scope: c.Scope, PKCE: c.Challenge != "", IssuedAt: c.IssuedAt, ExpiresAt: c.ExpiresAt,
		ConsumedAt: c.ConsumedAt, TokenSet: c.TokenSet, RetainUntil: c.RetainUntil, Title: d.title(c.Application),
	}
}

// CodeList is a page of codes, the newest first.
type CodeList struct {
	Codes []Code `json:"codes"`
	// Next is After of the next page; "" on the last one.
	Next string `json:"next,omitempty"`
}

// Codes lists the records of codes that are kept for audit. The error is
// grant.ErrNotFound where the code that After stands for is kept no more.
func (d *Desk) Codes(ctx context.Context, application, authorization string, p Page) (_ CodeList, err error) {
	defer d.readUnless(ctx, &err, "codes", application, "")
	limit := grant.Page(p.Limit)
	all, err := d.Store.Codes(ctx, grant.CodeQuery{Application: application, Authorization: authorization, After: p.After, Limit: limit})
	list := CodeList{Codes: make([]Code, 0, len(all))}
	for _, c := range all {
		list.Codes = append(list.Codes, d.code(c))
	}
	if err == nil && len(all) == limit {
		list.Next = all[limit-1].Hash
	}
	return list, err
}
