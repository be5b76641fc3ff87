package pgstore

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// list is a statement whose conditions are put together, so that each of them
// finds its index.
type list struct {
	sql  strings.Builder
	args []any
}

// list begins one whose $1 is the gateway.
func (s *store) list(sql string) *list {
	l := &list{args: []any{s.gateway}}
	l.sql.WriteString(sql)
	return l
}

// and adds a condition unless its value is empty.
func (l *list) and(condition, value string) *list {
	if value != "" {
		l.args = append(l.args, value)
		fmt.Fprintf(&l.sql, ` AND %s $%d`, condition, len(l.args))
	}
	return l
}

func (l *list) query(ctx context.Context, q querier, order string, limit int) (pgx.Rows, error) {
	return q.Query(ctx, fmt.Sprintf(`%s %s LIMIT %d`, l.sql.String(), order, grant.Page(limit)), l.args...)
}

func (s *store) Authorizations(ctx context.Context, q grant.AuthorizationQuery) (page []grant.Authorization, err error) {
	if !storable(q.Application, q.Subject, q.After) {
		return nil, nil
	}
	if err := s.showUses(ctx); err != nil {
		return nil, err
	}
	sql := `SELECT ` + authorizationColumns + fromAuthorizations + `WHERE a.gateway = $1`
	if !q.Revoked {
		sql += ` AND a.revoked_at IS NULL`
	}
	l := s.list(sql).and(`a.application =`, q.Application).and(`a.subject =`, q.Subject).and(`a.id >`, q.After)
	err = s.db.view(ctx, func(ctx context.Context, db querier) error {
		rows, err := l.query(ctx, db, `ORDER BY a.id`, q.Limit)
		page, err = all(rows, err, scanAuthorization)
		return err
	})
	return page, err
}

func (s *store) AuthorizationsBySubject(ctx context.Context, subject string) (live []grant.Authorization, err error) {
	if !storable(subject) {
		return nil, nil
	}
	if err := s.showUses(ctx); err != nil {
		return nil, err
	}
	err = s.db.view(ctx, func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, `SELECT `+authorizationColumns+fromAuthorizations+
			`WHERE a.gateway = $1 AND a.subject = $2 AND a.revoked_at IS NULL ORDER BY a.id`, s.gateway, subject)
		live, err = all(rows, err, scanAuthorization)
		return err
	})
	return live, err
}

func (s *store) TokenSets(ctx context.Context, authorizationID string) (page []grant.TokenSet, err error) {
	if !storable(authorizationID) {
		return nil, nil
	}
	err = s.db.view(ctx, func(ctx context.Context, q querier) error {
		rows, err := q.Query(ctx, currentTokenSets+`WHERE t.gateway = $1 AND t.authorization_id = $2 ORDER BY t.created_at DESC, t.id LIMIT $3`,
			s.gateway, authorizationID, grant.MaxPage)
		page, err = all(rows, err, scanCurrent)
		return err
	})
	return page, err
}

func (s *store) Codes(ctx context.Context, q grant.CodeQuery) (page []grant.Code, err error) {
	if !storable(q.After) {
		return nil, grant.ErrNotFound
	}
	if !storable(q.Application, q.Authorization) {
		return nil, nil
	}
	err = s.db.view(ctx, func(ctx context.Context, db querier) error {
		l := s.list(`SELECT `+codeColumns+` FROM codes c WHERE c.gateway = $1 AND c.listed`).
			and(`c.application =`, q.Application).and(`c.authorization_id =`, q.Authorization)
		if q.After != "" {
			last, err := s.loadCode(ctx, db, q.After, "")
			if err != nil {
				return err
			}
			l.behind(last.IssuedAt, last.Hash)
		}
		rows, err := l.query(ctx, db, `ORDER BY c.issued_at DESC, c.hash`, q.Limit)
		page, err = all(rows, err, scanCode)
		return err
	})
	return page, err
}

// behind goes on after a code, the newest first.
func (l *list) behind(issued time.Time, hash string) {
	l.args = append(l.args, at(issued), hash)
	n := len(l.args)
	fmt.Fprintf(&l.sql, ` AND (c.issued_at < $%[1]d OR c.issued_at = $%[1]d AND c.hash > $%[2]d)`, n-1, n)
}
