package pgstore

import (
	"cmp"
	"context"
	"reflect"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// SigningKeysChanges counts the changes of the signing keys that this node has
// heard of, its own among them: what was loaded before is not what there is.
func (s *store) SigningKeysChanges() uint64 { return s.signingKeys.Load() }

const signingKeyColumns = `id, algorithm, sealed, created_at, signs_from, ends_at`

func scanSigningKey(r row) (k grant.SigningKey, err error) {
	return k, r.Scan(&k.ID, &k.Algorithm, &k.Sealed, moment{&k.CreatedAt}, moment{&k.SignsFrom}, moment{&k.EndsAt})
}

const putSigningKey = `INSERT INTO signing_keys (gateway, ` + signingKeyColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7)
	ON CONFLICT (gateway, id) DO UPDATE SET algorithm = $3, sealed = $4, created_at = $5, signs_from = $6, ends_at = $7`

func (s *store) signingKeyValues(k grant.SigningKey) []any {
	return []any{s.gateway, k.ID, k.Algorithm, blob(k.Sealed), at(k.CreatedAt), at(k.SignsFrom), at(k.EndsAt)}
}

func (s *store) loadSigningKeys(ctx context.Context, q querier) ([]grant.SigningKey, error) {
	rows, err := q.Query(ctx, `SELECT `+signingKeyColumns+` FROM signing_keys WHERE gateway = $1 ORDER BY created_at NULLS FIRST, id`, s.gateway)
	return all(rows, err, scanSigningKey)
}

func (s *store) SigningKeys(ctx context.Context) (keys []grant.SigningKey, err error) {
	err = s.db.view(ctx, func(ctx context.Context, q querier) error {
		keys, err = s.loadSigningKeys(ctx, q)
		return err
	})
	return keys, err
}

func (s *store) UpdateSigningKeys(ctx context.Context, edit func([]grant.SigningKey) ([]grant.SigningKey, error)) error {
	var refusal error
	err := s.db.update(ctx, func(ctx context.Context, tx pgx.Tx, _ bool) error {
		refusal = nil
		// Every change locks this one row: two that would add a key each, and look at
		// none that the other writes, come one after the other by it.
		_, err := tx.Exec(ctx, `INSERT INTO signing_key_sets (gateway) VALUES ($1) ON CONFLICT DO NOTHING`, s.gateway)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `SELECT 1 FROM signing_key_sets WHERE gateway = $1 FOR UPDATE`, s.gateway); err != nil {
			return err
		}
		before, err := s.loadSigningKeys(ctx, tx)
		if err != nil {
			return err
		}
		after, err := edit(slices.Clone(before))
		if err != nil {
			refusal = err
			return nil
		}
		changed, err := s.putSigningKeys(ctx, tx, before, after)
		if err != nil || !changed {
			return err
		}
		return s.note(ctx, tx, change{kind: changedSigningKeys})
	})
	s.told(err, change{kind: changedSigningKeys})
	return cmp.Or(err, refusal)
}

// putSigningKeys writes what differs.
func (s *store) putSigningKeys(ctx context.Context, tx pgx.Tx, before, after []grant.SigningKey) (changed bool, err error) {
	was := make(map[string][]any, len(before))
	for _, k := range before {
		was[k.ID] = s.signingKeyValues(k)
	}
	for _, k := range after {
		values := s.signingKeyValues(k)
		if !reflect.DeepEqual(was[k.ID], values) {
			changed = true
			if _, err := tx.Exec(ctx, putSigningKey, values...); err != nil {
				return changed, err
			}
		}
		delete(was, k.ID)
	}
	for id := range was {
		changed = true
		if _, err := tx.Exec(ctx, `DELETE FROM signing_keys WHERE gateway = $1 AND id = $2`, s.gateway, id); err != nil {
			return changed, err
		}
	}
	return changed, nil
}
