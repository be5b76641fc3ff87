package gateway

import (
	"context"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/connect"
	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/dialect/json2"
	"github.com/caddy-odoo/gateway/internal/dialect/orestapi"
	"github.com/caddy-odoo/gateway/internal/dialect/restapi"
	"github.com/caddy-odoo/gateway/internal/oauth"
)

// guide tells how to connect an application, with the fields that Odoo has
// described lately.
func (s *service) guide(ctx context.Context, app *application.Application) (*connect.Guide, error) {
	return connect.New(ctx, connect.Config{
		Issuer: s.issuer, Application: app, Scheme: s.schemes[app.Scheme], Fields: knownFields{s.fields},
		Endpoints: connect.Endpoints{
			Authorize: oauth.AuthorizePath, Token: oauth.AccessTokenPath, Revoke: oauth.RevokePath, Introspect: oauth.IntrospectPath,
			Userinfo: oauth.UserinfoPath, Me: oauth.MePath, JWKS: oauth.JWKSPath, Metadata: oauth.MetadataPath,
			OrestAuthorize: oauth.OrestAuthorizePath, OrestToken: oauth.OrestTokenPath,
			Objects: restapi.Prefix, Reports: restapi.ReportPrefix, Files: restapi.BinaryPrefix, Orest: orestapi.Prefix, JSON2: json2.Prefix,
			Code: dialect.CodeHeader,
		},
	})
}
