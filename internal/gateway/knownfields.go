package gateway

import (
	"context"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// KnownFields are the fields of models as Odoo has described them to whoever
// asked here last. It asks nobody itself: of a model that nobody has used for
// a while it knows none.
func (g *Gateway) KnownFields(ctx context.Context) (odoo.FieldSource, error) {
	s, err := g.open(ctx)
	if err != nil {
		return nil, err
	}
	return knownFields{s.fields}, nil
}

type knownFields struct{ lists *fieldLists }

// Fields implements odoo.FieldSource. Of several people's it takes those of who
// sees most.
func (k knownFields) Fields(_ context.Context, model string) (odoo.Fields, error) {
	return k.lists.largest(model), nil
}
