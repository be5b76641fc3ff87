package administration

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// Authorization is one authorization as administrators see it: without
// anything that could be used.
type Authorization struct {
	ID          string   `json:"id"`
	Application string   `json:"application"`
	RedirectURI string   `json:"redirect_uri,omitempty"` // where authorized individually
	Subject     string   `json:"subject"`
	Login       string   `json:"login"`
	Name        string   `json:"name"`
	Database    string   `json:"database"`
	UID         int64    `json:"uid"`
	Scope       []string `json:"scope,omitempty"` // none: all that the application may have

	Connection Connection `json:"connection"`

	CreatedAt   time.Time `json:"created_at,omitzero"`
	ConsentedAt time.Time `json:"consented_at,omitzero"`
	LastUsedAt  time.Time `json:"last_used_at,omitzero"`
	Uses        int       `json:"uses"`
	RevokedAt   time.Time `json:"revoked_at,omitzero"`

	// Title is what people call the application.
	Title string `json:"-"`
}

// Connection is how the gateway acts as the person.
type Connection struct {
	Kind      string    `json:"kind"`
	Live      bool      `json:"live"`
	Since     time.Time `json:"since,omitzero"`
	EndedAt   time.Time `json:"ended_at,omitzero"`
	EndReason string    `json:"end_reason,omitempty"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	KeyID     int64     `json:"key_id,omitempty"` // of the API key's record in Odoo
	// KeyName is what the key is called in the person's preferences there.
	KeyName string `json:"key_name,omitempty"`
}

func (d *Desk) authorization(a grant.Authorization) Authorization {
	view := Authorization{
		ID: a.ID, Application: a.Application, RedirectURI: a.RedirectURI, Subject: a.Subject, Login: a.Login, Name: a.Name,
		Database: a.Database, UID: a.UID, Scope: a.Scope,
		Connection: Connection{
			Kind: string(a.Connection.Kind), Live: a.Connection.Live(), Since: a.Connection.Since, EndedAt: a.Connection.EndedAt,
			EndReason: a.Connection.EndReason, ExpiresAt: a.Connection.ExpiresAt, KeyID: a.Connection.KeyID,
		},
		CreatedAt: a.CreatedAt, ConsentedAt: a.ConsentedAt, LastUsedAt: a.LastUsedAt, Uses: a.Uses, RevokedAt: a.RevokedAt,
		Title: d.title(a.Application),
	}
	if a.Connection.Kind == grant.APIKey {
		view.Connection.KeyName = d.keyName(a.Application)
	}
	return view
}

func (d *Desk) authorizations(all []grant.Authorization) []Authorization {
	views := make([]Authorization, 0, len(all))
	for _, a := range all {
		views = append(views, d.authorization(a))
	}
	return views
}

// Filter says which authorizations an administrator means; empty fields do not
// restrict, and all that are set must fit.
type Filter struct {
	// Application is the configured name.
	Application string
	// Subject is the person's sub.
	Subject string
	// Login is the person's login in Odoo as last seen, letter by letter.
	Login string
	// Person is a part of the login or of the name, in any case.
	Person string
}

func (f Filter) fits(a grant.Authorization) bool {
	return (f.Application == "" || a.Application == f.Application) &&
		(f.Subject == "" || a.Subject == f.Subject) && (f.Login == "" || a.Login == f.Login) &&
		(f.Person == "" || contains(a.Login, f.Person) || contains(a.Name, f.Person))
}

// contains tells whether a part is in a text, in any case.
func contains(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// Page is where a listing goes on.
type Page struct {
	// After is Next of the page before.
	After string
	// Limit is how many to return at most, as in grant.AuthorizationQuery.
	Limit int
}

// AuthorizationList is a page of authorizations. One that is not the last may
// have few, or none, where a name or a login is looked for: a search that little
// fits is worked off in steps.
type AuthorizationList struct {
	Authorizations []Authorization `json:"authorizations"`
	// Next is After of the next page; "" on the last one.
	Next string `json:"next,omitempty"`
}

// Authorizations lists those that fit, ordered by id; revoked says whether
// revoked ones are listed too. It is an ErrNoApplication where none fits, and
// never could.
func (d *Desk) Authorizations(ctx context.Context, f Filter, revoked bool, p Page) (_ AuthorizationList, err error) {
	defer d.readUnless(ctx, &err, "authorizations", f.Application, f.Subject, "login", f.Login, "person", f.Person)
	limit := grant.Page(p.Limit)
	var found []grant.Authorization
	var rest string
	err = d.eachOf(ctx, f, revoked, p.After, listLooks, func(a grant.Authorization) bool {
		found = append(found, a)
		return len(found) < limit
	}, &rest)
	if err == nil && len(found) == 0 && p.After == "" && rest == "" {
		err = d.known(ctx, f.Application)
	}
	list := AuthorizationList{Authorizations: d.authorizations(found)}
	switch {
	case err != nil:
	case len(found) == limit:
		list.Next = found[limit-1].ID
	default:
		list.Next = rest
	}
	return list, err
}

// listLooks is how many authorizations one call of Authorizations looks at, at
// most: somebody's name may be that of none among very many.
const listLooks = 10 * grant.MaxPage

// each calls each for the authorizations that fit, until it returns false.
func (d *Desk) each(ctx context.Context, f Filter, revoked bool, after string, each func(grant.Authorization) bool) error {
	return d.eachOf(ctx, f, revoked, after, math.MaxInt, each, new(string))
}

// eachOf is each of so many authorizations at most; rest is then where to go on.
// The store knows no logins, hence pages are sifted here.
func (d *Desk) eachOf(ctx context.Context, f Filter, revoked bool, after string, most int, each func(grant.Authorization) bool, rest *string) error {
	looked := 0
	q := grant.AuthorizationQuery{Application: f.Application, Subject: f.Subject, Revoked: revoked, After: after, Limit: grant.MaxPage}
	for {
		page, err := d.Store.Authorizations(ctx, q)
		if err != nil {
			return fmt.Errorf("listing authorizations: %w", err)
		}
		for _, a := range page {
			if f.fits(a) && !each(a) {
				return nil
			}
		}
		if len(page) < grant.MaxPage {
			return nil
		}
		q.After = page[len(page)-1].ID
		if looked += len(page); looked >= most {
			*rest = q.After
			return nil
		}
	}
}

// Revocation is what was revoked, as it was before.
type Revocation struct {
	Count int `json:"count"`
	// Revoked are the first grant.MaxPage of them.
	Revoked []Authorization `json:"revoked"`
}

func (d *Desk) revocation(all []grant.Authorization) Revocation {
	return Revocation{Count: len(all), Revoked: d.authorizations(all[:min(grant.MaxPage, len(all))])}
}

// ErrNoAuthorization says which id is that of none.
type ErrNoAuthorization struct{ ID string }

func (e ErrNoAuthorization) Error() string { return fmt.Sprintf("there is no authorization %q", e.ID) }

// RevokeIDs revokes authorizations one by one. One that does not exist is an
// ErrNoAuthorization; one that is revoked already stays as it is, and is not
// in the report. Where it fails, the report tells what was revoked before.
func (d *Desk) RevokeIDs(ctx context.Context, ids []string) (Revocation, error) {
	ctx = context.WithoutCancel(ctx)
	var revoked []grant.Authorization
	for _, id := range ids {
		a, err := d.Store.Authorization(ctx, id)
		switch {
		case errors.Is(err, grant.ErrNotFound):
			return d.revocation(revoked), ErrNoAuthorization{id}
		case err == nil && a.Live():
			err = d.revoke(ctx, a)
		}
		if err != nil {
			return d.revocation(revoked), err
		}
		if a.Live() {
			revoked = append(revoked, a)
		}
	}
	return d.revocation(revoked), nil
}

// ErrNoApplication says which name is that of no application: none that is
// configured, and none that was and still has authorizations.
type ErrNoApplication struct{ Name string }

func (e ErrNoApplication) Error() string { return fmt.Sprintf("there is no application %q", e.Name) }

// Is makes it an ErrUnknown.
func (e ErrNoApplication) Is(target error) bool { return target == ErrUnknown }

// known is an ErrNoApplication where a name, which may be empty, is that of no
// application.
func (d *Desk) known(ctx context.Context, name string) error {
	if name == "" || d.Config.Applications.ByName(name) != nil {
		return nil
	}
	all, err := d.Store.Authorizations(ctx, grant.AuthorizationQuery{Application: name, Revoked: true, Limit: 1})
	if err != nil {
		return fmt.Errorf("listing authorizations: %w", err)
	}
	if len(all) == 0 {
		return ErrNoApplication{name}
	}
	return nil
}

// Revoke revokes all that fit. It is an ErrNoApplication where none fits, and
// never could. Where it fails, the report tells what was revoked before. Once begun it goes on to the end, whether or not anybody
// waits for it.
func (d *Desk) Revoke(ctx context.Context, f Filter) (Revocation, error) {
	ctx = context.WithoutCancel(ctx)
	var all []grant.Authorization
	err := d.each(ctx, f, false, "", func(a grant.Authorization) bool {
		all = append(all, a)
		return true
	})
	if err == nil && len(all) == 0 {
		err = d.known(ctx, f.Application)
	}
	if err != nil {
		return d.revocation(nil), err
	}
	for i, a := range all {
		if err := d.revoke(ctx, a); err != nil {
			return d.revocation(all[:i]), err
		}
	}
	return d.revocation(all), nil
}

func (d *Desk) revoke(ctx context.Context, a grant.Authorization) error {
	if err := d.Store.RevokeAuthorization(ctx, a.ID, d.Now()); err != nil {
		return fmt.Errorf("revoking authorization %s: %w", a.ID, err)
	}
	d.record(ctx, audit.Event{
		Kind: audit.AuthorizationRevoked, Application: a.Application, Subject: a.Subject, Authorization: a.ID,
	})
	return nil
}
