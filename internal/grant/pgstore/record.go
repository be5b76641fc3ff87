package pgstore

import (
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// moment is a time in a column: null for the zero time, to the microsecond, UTC.
type moment struct{ t *time.Time }

// ScanTimestamptz implements pgtype.TimestamptzScanner.
func (m moment) ScanTimestamptz(v pgtype.Timestamptz) error {
	*m.t = time.Time{}
	if v.Valid {
		*m.t = v.Time.UTC()
	}
	return nil
}

// at is a time as an argument.
func at(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC()
}

// blob is bytes as an argument: none are null.
func blob(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

// row is what Scan is of.
type row interface{ Scan(into ...any) error }

// missing gives grant.ErrNotFound for no row.
func missing(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return grant.ErrNotFound
	}
	return err
}

// authorizationColumns are those of a row "a" of authorizations, with the row "u"
// of its uses, as scanAuthorization takes them.
const authorizationColumns = `a.id, a.application, a.redirect_uri, a.subject, a.database, a.uid, a.login, a.name, a.scope, a.consent_digest,
	a.connection_kind, a.connection_sealed, a.connection_hash, a.connection_since, a.connection_touched_at, a.connection_browser_at,
	a.connection_ended_at, a.connection_end_reason, a.connection_expires_at, a.connection_key_id,
	a.created_at, a.consented_at, a.revoked_at, u.last_used_at, coalesce(u.count, 0)`

// fromAuthorizations goes with authorizationColumns.
const fromAuthorizations = ` FROM authorizations a LEFT JOIN uses u ON u.gateway = a.gateway AND u.authorization_id = a.id `

func authorizationFields(a *grant.Authorization) []any {
	c := &a.Connection
	return []any{
		&a.ID, &a.Application, &a.RedirectURI, &a.Subject, &a.Database, &a.UID, &a.Login, &a.Name, &a.Scope, &a.ConsentDigest,
		&c.Kind, &c.Sealed, &c.Hash, moment{&c.Since}, moment{&c.TouchedAt}, moment{&c.BrowserAt},
		moment{&c.EndedAt}, &c.EndReason, moment{&c.ExpiresAt}, &c.KeyID,
		moment{&a.CreatedAt}, moment{&a.ConsentedAt}, moment{&a.RevokedAt}, moment{&a.LastUsedAt}, &a.Uses,
	}
}

func scanAuthorization(r row) (a grant.Authorization, err error) {
	return a, r.Scan(authorizationFields(&a)...)
}

const insertAuthorization = `INSERT INTO authorizations (gateway, id, application, redirect_uri, subject, database, uid, login, name, scope, consent_digest,
	connection_kind, connection_sealed, connection_hash, connection_since, connection_touched_at, connection_browser_at,
	connection_ended_at, connection_end_reason, connection_expires_at, connection_key_id, created_at, consented_at, revoked_at, live_key)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25) ON CONFLICT DO NOTHING`

const updateAuthorization = `UPDATE authorizations SET application = $3, redirect_uri = $4, subject = $5, database = $6, uid = $7, login = $8, name = $9,
	scope = $10, consent_digest = $11, connection_kind = $12, connection_sealed = $13, connection_hash = $14, connection_since = $15,
	connection_touched_at = $16, connection_browser_at = $17, connection_ended_at = $18, connection_end_reason = $19,
	connection_expires_at = $20, connection_key_id = $21, created_at = $22, consented_at = $23, revoked_at = $24, live_key = $25
	WHERE gateway = $1 AND id = $2`

// authorizationValues are those of the two statements.
func (s *store) authorizationValues(a grant.Authorization) []any {
	c := a.Connection
	var live any
	if a.Live() {
		live = liveKey(a.Key())
	}
	return []any{
		s.gateway, a.ID, a.Application, a.RedirectURI, a.Subject, a.Database, a.UID, a.Login, a.Name, a.Scope, a.ConsentDigest,
		string(c.Kind), blob(c.Sealed), c.Hash, at(c.Since), at(c.TouchedAt), at(c.BrowserAt),
		at(c.EndedAt), c.EndReason, at(c.ExpiresAt), c.KeyID, at(a.CreatedAt), at(a.ConsentedAt), at(a.RevokedAt), live,
	}
}

const codeColumns = `c.hash, c.authorization_id, c.application, c.redirect_uri, c.scope, c.challenge, c.challenge_method,
	c.issued_at, c.expires_at, c.consumed_at, c.token_set_id, c.retain_until`

func scanCode(r row) (c grant.Code, err error) {
	return c, r.Scan(&c.Hash, &c.Authorization, &c.Application, &c.RedirectURI, &c.Scope, &c.Challenge, &c.ChallengeMethod,
		moment{&c.IssuedAt}, moment{&c.ExpiresAt}, moment{&c.ConsumedAt}, &c.TokenSet, moment{&c.RetainUntil})
}

const insertCode = `INSERT INTO codes (gateway, hash, authorization_id, application, redirect_uri, scope, challenge, challenge_method,
	issued_at, expires_at, consumed_at, token_set_id, retain_until, listed)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING`

func (s *store) codeValues(c grant.Code) []any {
	return []any{
		s.gateway, c.Hash, c.Authorization, c.Application, c.RedirectURI, c.Scope, c.Challenge, c.ChallengeMethod,
		at(c.IssuedAt), at(c.ExpiresAt), at(c.ConsumedAt), c.TokenSet, at(c.RetainUntil), !c.RetainUntil.IsZero(),
	}
}

const tokenSetColumns = `t.id, t.authorization_id, t.application, t.redirect_uri, t.scope, t.family_key,
	t.created_at, t.ended_at, t.end_reason, t.expires_at, t.refresh_until`

func tokenSetFields(t *grant.TokenSet) []any {
	return []any{
		&t.ID, &t.Authorization, &t.Application, &t.RedirectURI, &t.Scope, &t.FamilyKey,
		moment{&t.CreatedAt}, moment{&t.EndedAt}, &t.EndReason, moment{&t.ExpiresAt}, moment{&t.RefreshUntil},
	}
}

func scanTokenSet(r row) (t grant.TokenSet, err error) { return t, r.Scan(tokenSetFields(&t)...) }

const insertTokenSet = `INSERT INTO token_sets (gateway, id, authorization_id, application, redirect_uri, scope, family_key,
	created_at, ended_at, end_reason, expires_at, refresh_until)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING`

func (s *store) tokenSetValues(t grant.TokenSet) []any {
	return []any{
		s.gateway, t.ID, t.Authorization, t.Application, t.RedirectURI, t.Scope, blob(t.FamilyKey),
		at(t.CreatedAt), at(t.EndedAt), t.EndReason, at(t.ExpiresAt), at(t.RefreshUntil),
	}
}

const refreshColumns = `r.hash, r.token_set_id, r.issued_at, r.expires_at, r.rotated_at, r.child`

func refreshFields(r *grant.RefreshToken) []any {
	return []any{&r.Hash, &r.TokenSet, moment{&r.IssuedAt}, moment{&r.ExpiresAt}, moment{&r.RotatedAt}, &r.Child}
}

func scanRefresh(r row) (t grant.RefreshToken, err error) { return t, r.Scan(refreshFields(&t)...) }

const insertRefresh = `INSERT INTO refresh_tokens (gateway, hash, token_set_id, issued_at, expires_at, rotated_at, child)
	VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`

func (s *store) refreshValues(r grant.RefreshToken) []any {
	return []any{s.gateway, r.Hash, r.TokenSet, at(r.IssuedAt), at(r.ExpiresAt), at(r.RotatedAt), r.Child}
}

// all reads rows to their end.
func all[T any](rows pgx.Rows, err error, scan func(row) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}
