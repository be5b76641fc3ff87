package pgstore

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/grant/stored"
)

const objectColumns = `id, first_seen, removed_at, snapshot, changes`

func scanObject(r row) (h grant.ObjectHistory, err error) {
	var id string
	var text []byte
	var first, removed time.Time
	var snapshot []byte
	if err := r.Scan(&id, moment{&first}, moment{&removed}, &snapshot, &text); err != nil {
		return h, err
	}
	var changes []stored.ObjectChange
	if err := json.Unmarshal(text, &changes); err != nil {
		return h, err
	}
	h = stored.ObjectHistory(id, changes)
	h.FirstSeen, h.RemovedAt, h.Snapshot = first, removed, snapshot
	return h, nil
}

const putObject = `INSERT INTO object_histories (gateway, id, kind, first_seen, removed_at, snapshot, changes) VALUES ($1, $2, $3, $4, $5, $6, $7)
	ON CONFLICT (gateway, id) DO UPDATE SET first_seen = $4, removed_at = $5, snapshot = $6, changes = $7`

func (s *store) objectValues(h grant.ObjectHistory) []any {
	text, err := json.Marshal(stored.ObjectChanges(h))
	if err != nil {
		panic(err) // text and numbers
	}
	return []any{s.gateway, h.ID(), string(h.Kind), at(h.FirstSeen), at(h.RemovedAt), blob(h.Snapshot), text}
}

func (s *store) ObjectHistory(ctx context.Context, kind grant.ObjectKind, name string) (h grant.ObjectHistory, err error) {
	if !storable(string(kind), name) {
		return h, grant.ErrNotFound
	}
	err = s.db.view(ctx, func(ctx context.Context, q querier) (err error) {
		h, err = scanObject(q.QueryRow(ctx, `SELECT `+objectColumns+` FROM object_histories WHERE gateway = $1 AND id = $2`, s.gateway, grant.ObjectID(kind, name)))
		return missing(err)
	})
	return h, err
}

func (s *store) ObjectHistories(ctx context.Context, q grant.ObjectQuery) (page []grant.ObjectHistory, err error) {
	if !storable(string(q.Kind), q.After) {
		return nil, nil
	}
	l := s.list(`SELECT `+objectColumns+` FROM object_histories WHERE gateway = $1`).and(`kind =`, string(q.Kind)).and(`id >`, q.After)
	err = s.db.view(ctx, func(ctx context.Context, db querier) error {
		rows, err := l.query(ctx, db, `ORDER BY id`, q.Limit)
		page, err = all(rows, err, scanObject)
		return err
	})
	return page, err
}

func (s *store) PutObjectHistory(ctx context.Context, h grant.ObjectHistory) error {
	if !storable(h.ID()) {
		return errText
	}
	return s.db.update(ctx, func(ctx context.Context, tx pgx.Tx, _ bool) error {
		_, err := tx.Exec(ctx, putObject, s.objectValues(h)...)
		return err
	})
}
