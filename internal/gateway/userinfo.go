package gateway

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// me is the person and the token that a request is made with. It is flat: the
// clients that read it know dotted paths at best.
type me struct {
	ID      int64  `json:"id"`  // the user's id in Odoo
	Subject string `json:"sub"` // as in the token
	Login   string `json:"login"`
	Name    string `json:"name"`
	// Email, Lang and TZ are absent where the person's own record has none.
	Email       string   `json:"email,omitempty"`
	Lang        string   `json:"lang,omitempty"`
	TZ          string   `json:"tz,omitempty"`
	Database    string   `json:"db"`
	Application string   `json:"app"` // as people read it
	Scopes      []string `json:"scopes"`
	ExpiresAt   int64    `json:"expires_at"` // of the token, in Unix seconds
}

// userinfo tells an application whose token it holds. Every token may ask: it
// is about its own person, so that the model scheme has no say.
func (s *service) userinfo(w http.ResponseWriter, r *http.Request) {
	n, claims, err := s.authenticate(r)
	if err != nil {
		writeFailure(w, err)
		return
	}
	answer, err := n.whoAmI(r.Context())
	if err != nil {
		writeFailure(w, failure(err))
		return
	}
	answer.Subject, answer.Scopes, answer.ExpiresAt = claims.Subject, claims.Scope, claims.ExpiresAt.Unix()
	if answer.Scopes == nil {
		answer.Scopes = []string{}
	}
	body, err := json.Marshal(answer)
	if err != nil { // texts and numbers: never fails
		writeFailure(w, err)
		return
	}
	s.store.Used(n.authorization.ID, s.now())
	dialect.Write(w, http.StatusOK, body)
}

// selfFields are what everybody may read of their own record, portal users
// too, in every version of Odoo.
var selfFields = []any{"login", "name", "email", "lang", "tz"}

// whoAmI reads the person's own record, as the person.
func (n *runner) whoAmI(ctx context.Context) (me, error) {
	result, err := n.run(ctx, odoo.Call{
		Model: "res.users", Method: "read", IDs: []int64{n.authorization.UID},
		Kwargs: map[string]any{"fields": selfFields},
	})
	if err != nil {
		return me{}, err
	}
	records, err := odoo.Records(result.Value)
	if err != nil {
		return me{}, err
	}
	if len(records) != 1 {
		return me{}, &odoo.Error{Kind: odoo.Server, Message: "reading one's own record gave another number of records"}
	}
	return me{
		ID:    n.authorization.UID,
		Login: text(records[0].Get("login")), Name: text(records[0].Get("name")), Email: text(records[0].Get("email")),
		Lang: text(records[0].Get("lang")), TZ: text(records[0].Get("tz")),
		Database: n.authorization.Database, Application: n.app.Title,
	}, nil
}

// text is the text that a field holds, "" where it holds none: Odoo's empty
// texts are false.
func text(v jsontext.Value) string {
	if v.Kind() != '"' {
		return ""
	}
	b, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		return ""
	}
	return string(b)
}

// writeFailure answers an application on a path of no dialect.
func writeFailure(w http.ResponseWriter, err error) {
	f := dialect.FailureOf(err)
	f.Announce(w.Header())
	status := http.StatusInternalServerError
	switch f.Kind {
	case dialect.Unauthorized:
		status = http.StatusUnauthorized
	case dialect.Malformed:
		status = http.StatusBadRequest
	case dialect.Forbidden:
		status = http.StatusForbidden
	case dialect.Unavailable:
		status = http.StatusServiceUnavailable
	case dialect.TooMany:
		status = http.StatusTooManyRequests
	}
	writeError(w, status, f.Message)
}
