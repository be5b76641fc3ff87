package oauth

import (
	"context"
	"net/http"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// labels asks Odoo once for each model, however many applications of a page may
// use it. What Odoo does not tell is asked for no more, either.
type labels struct {
	src    odoo.FieldSource
	fields map[string]odoo.Fields
	names  map[string]string
}

// labelsFor are the labels for one page of a visitor, nil where nobody tells any.
func (s *Server) labelsFor(r *http.Request, rt http.RoundTripper, v visitor) odoo.FieldSource {
	if s.Fields == nil {
		return nil
	}
	return &labels{src: s.Fields(rt, v.session, r.UserAgent(), v.Lang), fields: map[string]odoo.Fields{}, names: map[string]string{}}
}

// Fields implements odoo.FieldSource.
func (l *labels) Fields(ctx context.Context, model string) (odoo.Fields, error) {
	if known, asked := l.fields[model]; asked {
		return known, nil
	}
	known, err := l.src.Fields(ctx, model)
	l.fields[model] = known
	return known, err
}

// Names implements odoo.NameSource.
func (l *labels) Names(ctx context.Context, models []string) (map[string]string, error) {
	namer, ok := l.src.(odoo.NameSource)
	var unknown []string
	for _, model := range models {
		if _, asked := l.names[model]; !asked {
			unknown = append(unknown, model)
		}
	}
	if !ok || len(unknown) == 0 {
		return l.names, nil
	}
	found, err := namer.Names(ctx, unknown)
	for _, model := range unknown {
		l.names[model] = found[model]
	}
	return l.names, err
}
