//go:build linux

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/seal"
)

// people grant an application what they may, one after the other, as those of one
// node.
type people struct {
	store grant.Store
	ring  *seal.Ring
	node  string
}

// grants is what one of them has.
type grants struct {
	authorization, set string
	refresh            string // its hash
}

// consent is a person's yes, with a session as Odoo's are: 84 characters, sealed.
func (p people) consent(ctx context.Context, n int) (grant.Authorization, error) {
	now, subject := time.Now(), grant.HashToken(fmt.Sprintf("%s %d", p.node, n))[:22]
	a := grant.Authorization{
		ID: grant.NewID(), Application: "wiki", Subject: subject, Database: "prod", UID: int64(n + 10), Login: fmt.Sprintf("person%d@example.com", n),
		Name: fmt.Sprintf("Person %d", n), Scope: []string{"odoo.read"}, ConsentDigest: grant.HashToken("sales"), CreatedAt: now, ConsentedAt: now,
	}
	session := (grant.NewToken() + grant.NewToken())[:84]
	a.Connection = grant.Connection{
		Kind: grant.Session, Sealed: p.ring.Seal([]byte(session), a.Key()), Hash: grant.HashToken(session), Since: now, TouchedAt: now, BrowserAt: now,
	}
	return p.store.Consent(ctx, a)
}

func (p people) code(ctx context.Context, authorization string) (hash string, err error) {
	now := time.Now()
	hash = grant.HashToken(grant.NewToken())
	return hash, p.store.IssueCode(ctx, grant.Code{
		Hash: hash, Authorization: authorization, Application: "wiki", RedirectURI: "https://wiki.example.com/plugins/odoo-connector/callback.action",
		Scope: []string{"odoo.read"}, IssuedAt: now, ExpiresAt: now.Add(time.Hour),
	})
}

func (p people) redeem(ctx context.Context, code string) (g grants, err error) {
	now, id := time.Now(), grant.NewID()
	g.refresh = grant.HashToken(grant.NewToken())
	set, a, err := p.store.RedeemCode(ctx, grant.Redemption{
		Hash: code, Application: "wiki", Now: now, Check: func(grant.Code) error { return nil },
		TokenSet: grant.TokenSet{ID: id, FamilyKey: p.ring.Seal(make([]byte, 32), id), CreatedAt: now},
		Refresh:  grant.RefreshToken{Hash: g.refresh, IssuedAt: now},
	})
	g.authorization, g.set = a.ID, set.ID
	return g, err
}

// connect is all of it.
func (p people) connect(ctx context.Context, n int) (g grants, err error) {
	a, err := p.consent(ctx, n)
	if err != nil {
		return g, err
	}
	code, err := p.code(ctx, a.ID)
	if err != nil {
		return g, err
	}
	return p.redeem(ctx, code)
}

// rotate exchanges the refresh token.
func (p people) rotate(ctx context.Context, g *grants) error {
	now := time.Now()
	child, err := p.store.Rotate(ctx, grant.Rotation{
		Hash: g.refresh, Application: "wiki", Now: now, Grace: time.Minute, Child: grant.RefreshToken{Hash: grant.HashToken(grant.NewToken()), IssuedAt: now},
	})
	g.refresh = child.Hash
	return err
}
