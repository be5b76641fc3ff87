//go:build linux

package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"time"

	"github.com/caddy-odoo/gateway/bench/workers"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/badgerstore"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/seal"
	"github.com/caddy-odoo/gateway/internal/token"
)

const (
	database = "prod"
	callback = "https://wiki.example.com/callback"
	clientID = "wiki-id"
	secret   = "wiki-secret"
)

// world is what people have granted before the bench begins.
type world struct {
	sealKey string
	// warm is one access token for each person, and each connection is one.
	warm []string
	// fresh are tokens to be used once each: the token i is of the person i
	// modulo the number of people.
	fresh []string
	// refresh are refresh tokens of each gateway, one for each person.
	refresh map[string][]string
	// public is the key that the access tokens are signed with, for whoever
	// checks them beside the gateway.
	public []byte
}

// gateways are those of the one Caddy, with the algorithm that each signs with.
var gateways = map[string]string{"rs256": token.RS256, "eddsa": token.EdDSA}

func hostOf(gateway string) string   { return gateway + ".example.com" }
func issuerOf(gateway string) string { return "https://" + hostOf(gateway) }

// seed makes a store with people who have connected an application by an API
// key each, and tokens of theirs.
func seed(ctx context.Context, dir string, people, fresh int) (*world, error) {
	key := seal.NewKey()
	ring, err := seal.NewRing(key)
	if err != nil {
		return nil, err
	}
	db, err := badgerstore.Open(badgerstore.Options{Dir: filepath.Join(dir, "grants"), Seal: ring})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	w := &world{sealKey: hex.EncodeToString(key), refresh: make(map[string][]string), fresh: make([]string, fresh)}
	for name, algorithm := range gateways {
		s := seeder{issuer: issuerOf(name), store: db.Store(name), ring: ring}
		if s.keys, err = token.Open(ctx, token.Config{Issuer: s.issuer, Audience: s.issuer, Algorithm: algorithm, Store: s.store, Seal: ring}); err != nil {
			return nil, err
		}
		var authorizations []grant.Authorization
		for n := range people {
			a, err := s.connect(ctx, n)
			if err != nil {
				return nil, err
			}
			access, refresh, err := s.tokens(ctx, a)
			if err != nil {
				return nil, err
			}
			authorizations = append(authorizations, a)
			w.refresh[name] = append(w.refresh[name], refresh)
			if algorithm == token.RS256 {
				w.warm = append(w.warm, access)
			}
		}
		if algorithm != token.RS256 {
			continue
		}
		w.public = s.keys.JWKS()
		if err := s.many(ctx, w.fresh, authorizations); err != nil {
			return nil, err
		}
	}
	return w, nil
}

type seeder struct {
	issuer string
	store  grant.Store
	ring   *seal.Ring
	keys   *token.Keys
}

// connect is a person's consent, with an API key.
func (s seeder) connect(ctx context.Context, n int) (grant.Authorization, error) {
	uid, now := int64(firstUID+n), time.Now()
	a := grant.Authorization{
		ID: grant.NewID(), Application: "wiki", Subject: oauth.Subject(s.issuer, database, uid), Database: database, UID: uid,
		Login: fmt.Sprintf("person%d", n), Scope: []string{"odoo.read"}, CreatedAt: now, ConsentedAt: now,
	}
	secret := fmt.Sprintf("key-%d", uid)
	a.Connection = grant.Connection{
		Kind: grant.APIKey, Sealed: s.ring.Seal([]byte(secret), a.Key()), Hash: grant.HashToken("api_key\x00" + secret),
		Since: now, TouchedAt: now, BrowserAt: now,
	}
	return s.store.Consent(ctx, a)
}

// tokens redeem a code.
func (s seeder) tokens(ctx context.Context, a grant.Authorization) (access, refresh string, err error) {
	now, code := time.Now(), grant.NewToken()
	if err := s.store.IssueCode(ctx, grant.Code{
		Hash: grant.HashToken(code), Authorization: a.ID, Application: a.Application, RedirectURI: callback, Scope: a.Scope, IssuedAt: now, ExpiresAt: now.Add(time.Minute),
	}); err != nil {
		return "", "", err
	}
	refresh, id := grant.NewToken(), grant.NewID()
	set, a, err := s.store.RedeemCode(ctx, grant.Redemption{
		Hash: grant.HashToken(code), Application: a.Application, Now: now, Check: func(grant.Code) error { return nil },
		TokenSet: grant.TokenSet{ID: id, FamilyKey: s.ring.Seal(make([]byte, 32), id), CreatedAt: now},
		Refresh:  grant.RefreshToken{Hash: grant.HashToken(refresh), IssuedAt: now},
	})
	if err != nil {
		return "", "", err
	}
	access, err = s.keys.Sign(token.Claims{
		Subject: a.Subject, ClientID: clientID, TokenSet: set.ID, Authorization: a.ID,
		Scope: a.Scope, IssuedAt: now, ExpiresAt: now.Add(12 * time.Hour),
	})
	return access, refresh, err
}

// many makes tokens by the thousand: writes at the same time share their syncs.
func (s seeder) many(ctx context.Context, into []string, of []grant.Authorization) error {
	return workers.Each(64, len(into), func(i int) (err error) {
		into[i], _, err = s.tokens(ctx, of[i%len(of)])
		return err
	})
}
