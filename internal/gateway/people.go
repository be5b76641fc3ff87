package gateway

import (
	"context"
	"net/http"

	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

// people lets the authorization server ask Odoo who uses a browser.
type people struct{ client *rpc.Client }

// Who implements oauth.People.
func (p people) Who(ctx context.Context, rt http.RoundTripper, session, userAgent string) (oauth.Person, http.Header, error) {
	info, cookie, err := p.client.Info(ctx, rt, rpc.Session{ID: session, UserAgent: userAgent})
	header := http.Header{}
	if cookie != nil {
		header.Add("Set-Cookie", cookie.String())
	}
	if err != nil {
		return oauth.Person{}, header, err
	}
	return oauth.Person{
		UID: info.UID, Login: info.Login, Name: info.Name, Database: info.Database, Internal: info.Internal, System: info.System, Version: info.Version,
		Lang: info.Lang, Zone: info.Zone,
	}, header, nil
}

// MemberOf implements oauth.People.
func (p people) MemberOf(ctx context.Context, rt http.RoundTripper, session, userAgent string, who oauth.Person, group string) (bool, error) {
	return p.client.HasGroup(ctx, rt, rpc.Session{ID: session, UserAgent: userAgent}, rpc.Info{UID: who.UID, Version: who.Version}, group)
}
