package rpc

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// notMapping ends Python's complaint of what should have been a mapping.
const notMapping = " object is not a mapping"

// HasDatabase tells whether Odoo has the client's database. It asks for nobody
// and tries no login: enough failed ones, and Odoo refuses everybody from the
// gateway's address for a minute, whatever their key. What describes the caller
// is not what it has to be, which every version finds after it has opened the
// database and before it looks at any name or password.
func (c *Client) HasDatabase(ctx context.Context, rt http.RoundTripper, userAgent string) (bool, error) {
	x, err := c.service("common", "authenticate", []any{c.database, "", "", true})
	if err != nil {
		return false, err
	}
	_, _, err = c.exchange(ctx, rt, Session{UserAgent: userAgent}, x)
	var failed *odoo.Error
	if errors.As(err, &failed) {
		said, _ := errors.AsType[concealed](err)
		switch {
		case strings.HasSuffix(failed.Name, ".OperationalError") && lacks(string(said), c.database):
			return false, nil
		case strings.HasSuffix(failed.Name, ".TypeError") && strings.HasSuffix(failed.Message, notMapping):
			return true, nil
		}
	}
	return err == nil, err
}

// lacks tells whether PostgreSQL, by what Odoo passes on, does not have a database,
// rather than being out of reach, starting, or having no connection left. It speaks
// the language of its own configuration; in all of them it quotes the name of what
// it lacks, each in its own way.
func lacks(message, database string) bool {
	for _, busy := range []string{"too many connections", "not currently accepting", "permission denied"} {
		if strings.Contains(message, busy) {
			return false
		}
	}
	const before, behind = `"'»«„“‟”`, `"'«»“”`
	for rest := message; ; {
		_, after, found := strings.Cut(rest, database)
		if !found {
			return false
		}
		first := strings.TrimRightFunc(strings.TrimSuffix(message, database+after), unicode.IsSpace)
		next := strings.TrimLeftFunc(after, unicode.IsSpace)
		last, _ := utf8.DecodeLastRuneInString(first)
		following, _ := utf8.DecodeRuneInString(next)
		if strings.ContainsRune(before, last) && strings.ContainsRune(behind, following) {
			return true
		}
		rest = after
	}
}
