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

type knownFields struct{ cache *personCache[odoo.Fields] }

// Fields implements odoo.FieldSource. Of several people's it takes those of who
// sees most.
func (k knownFields) Fields(_ context.Context, model string) (odoo.Fields, error) {
	var most odoo.Fields
	for _, key := range k.cache.entries.Keys() {
		if key.model != model {
			continue
		}
		if e, ok := k.cache.entries.Peek(key); ok && len(e.value) > len(most) {
			most = e.value
		}
	}
	return most, nil
}
