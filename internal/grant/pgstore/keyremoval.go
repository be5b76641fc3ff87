package pgstore

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/caddy-odoo/gateway/internal/grant"
)

const keyRemovalColumns = `id, authorization_id, application, redirect_uri, subject, database, uid, login, key_id, sealed,
	key_ends_at, created_at, tries, next_try_at, left_at`

func scanKeyRemoval(r row) (k grant.KeyRemoval, err error) {
	return k, r.Scan(&k.ID, &k.Authorization, &k.Application, &k.RedirectURI, &k.Subject, &k.Database, &k.UID, &k.Login, &k.KeyID, &k.Sealed,
		moment{&k.KeyEndsAt}, moment{&k.CreatedAt}, &k.Tries, moment{&k.NextTryAt}, moment{&k.LeftAt})
}

const insertKeyRemoval = `INSERT INTO key_removals (gateway, ` + keyRemovalColumns + `)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT DO NOTHING`

func (s *store) keyRemovalValues(k grant.KeyRemoval) []any {
	return []any{
		s.gateway, k.ID, k.Authorization, k.Application, k.RedirectURI, k.Subject, k.Database, k.UID, plain(k.Login), k.KeyID, blob(k.Sealed),
		at(k.KeyEndsAt), at(k.CreatedAt), k.Tries, at(k.NextTryAt), at(k.LeftAt),
	}
}

// leave stores the removal of the key that a change takes out of a connection:
// a crash between the two would leave a key in Odoo that nobody knows of.
func (s *store) leave(ctx context.Context, tx pgx.Tx, before grant.Authorization, to grant.Connection, now time.Time) error {
	k, ok := grant.Leftover(before, to, now)
	if !ok {
		return nil
	}
	_, err := tx.Exec(ctx, insertKeyRemoval, s.keyRemovalValues(k)...)
	return err
}

func (s *store) AddKeyRemoval(ctx context.Context, k grant.KeyRemoval) error {
	if !storable(k.ID, k.Authorization, k.Application, k.RedirectURI, k.Subject, k.Database) {
		return errText
	}
	return s.db.update(ctx, func(ctx context.Context, tx pgx.Tx, again bool) error {
		done, err := tx.Exec(ctx, insertKeyRemoval, s.keyRemovalValues(k)...)
		return inserted(done, err, again)
	})
}

func (s *store) KeyRemovals(ctx context.Context, q grant.KeyRemovalQuery) (page []grant.KeyRemoval, err error) {
	if !storable(q.Subject, q.After) {
		return nil, nil
	}
	l := s.list(`SELECT `+keyRemovalColumns+` FROM key_removals WHERE gateway = $1`).and(`subject =`, q.Subject).and(`id >`, q.After)
	err = s.db.view(ctx, func(ctx context.Context, db querier) error {
		rows, err := l.query(ctx, db, `ORDER BY id`, q.Limit)
		page, err = all(rows, err, scanKeyRemoval)
		return err
	})
	return page, err
}

func (s *store) UpdateKeyRemoval(ctx context.Context, k grant.KeyRemoval) error {
	if !storable(k.ID, k.Authorization, k.Application, k.RedirectURI, k.Subject, k.Database) {
		return errText
	}
	return s.db.update(ctx, func(ctx context.Context, tx pgx.Tx, _ bool) error {
		done, err := tx.Exec(ctx, `UPDATE key_removals SET authorization_id = $3, application = $4, redirect_uri = $5, subject = $6, database = $7,
			uid = $8, login = $9, key_id = $10, sealed = $11, key_ends_at = $12, created_at = $13, tries = $14, next_try_at = $15, left_at = $16
			WHERE gateway = $1 AND id = $2`, s.keyRemovalValues(k)...)
		if err == nil && done.RowsAffected() == 0 {
			return grant.ErrNotFound
		}
		return err
	})
}

func (s *store) DropKeyRemoval(ctx context.Context, id string) error {
	if !storable(id) {
		return nil
	}
	return s.db.update(ctx, func(ctx context.Context, tx pgx.Tx, _ bool) error {
		_, err := tx.Exec(ctx, `DELETE FROM key_removals WHERE gateway = $1 AND id = $2`, s.gateway, id)
		return err
	})
}
