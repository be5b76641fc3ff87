package gateway

import (
	"context"
	"net/http"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

// labels tells the fields of models as whoever uses a browser sees them: the
// consent page names fields as Odoo's own forms do. The browser's session has
// just been asked about, so that these calls rotate nothing.
type labels struct {
	client  *rpc.Client
	rt      http.RoundTripper
	session rpc.Session
}

// Fields implements odoo.FieldSource.
func (l labels) Fields(ctx context.Context, model string) (odoo.Fields, error) {
	result, _, err := l.client.Call(ctx, l.rt, l.session, odoo.FieldsCall(model))
	if err != nil {
		return nil, err
	}
	return odoo.ParseFields(result.Value)
}
