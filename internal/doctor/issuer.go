package doctor

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/caddy-odoo/gateway/internal/oauth"
)

// Address tells whether the issuer's address leads to the gateway, over the
// network as applications go. It follows no redirection: applications do not.
func (p Patient) Address(ctx context.Context, rt http.RoundTripper) Finding {
	f := Finding{Part: "issuer", Status: OK, Text: "its metadata is at " + p.at(oauth.MetadataPath).String()}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.at(oauth.MetadataPath).String(), nil)
	if err != nil {
		return Finding{Part: "issuer", Status: Problem, Text: err.Error()}
	}
	r.Header.Set("Accept", "application/json")
	res, body, err := p.page(r, rt)
	if err != nil {
		f.Status, f.Text = Warning, "can not be reached from this machine: "+err.Error()
		f.Advice = "where browsers and applications reach it all the same, nothing is wrong; else see its DNS name, its certificate and the firewall"
		if unknown := new(x509.UnknownAuthorityError); errors.As(err, unknown) {
			f.Advice = "applications have to trust that authority as well; where it is Caddy's own, as on localhost, `caddy trust` makes this machine trust it, and Caddy itself from its next start"
		}
		return f
	}
	var metadata struct {
		Issuer string `json:"issuer"`
	}
	switch {
	case res.StatusCode >= 300 && res.StatusCode < 400:
		f.Status, f.Text = Problem, fmt.Sprintf("its address redirects to %s", originOrPath(res.Header.Get("Location")))
		f.Advice = "set issuer to the address that people end at, or serve it without a redirection"
	case res.StatusCode != http.StatusOK || json.Unmarshal(body, &metadata) != nil:
		f.Status, f.Text = Problem, fmt.Sprintf("its address does not lead to the gateway: status %d for %s", res.StatusCode, oauth.MetadataPath)
		f.Advice = "put odoo_gateway into the site of the issuer, before all that answers; a proxy in front of Caddy must hand /.well-known on"
	case metadata.Issuer != p.Issuer.String():
		f.Status, f.Text = Problem, "another authorization server answers there, of the issuer "+metadata.Issuer
		f.Advice = "set issuer to the address of this site"
	case p.Issuer.Scheme != "https":
		f.Text += ", for this machine only: it is plain http"
	}
	return f
}

// originOrPath is what of an address may be shown: its parameters may be
// anybody's secrets, and a user and password may stand in it.
func originOrPath(location string) string {
	if origin := originOf(location); origin != "" {
		return origin
	}
	u, err := url.Parse(location)
	if err != nil || u.Path == "" {
		return "another address"
	}
	if u.Host != "" {
		return u.Host + u.EscapedPath()
	}
	return u.EscapedPath()
}
