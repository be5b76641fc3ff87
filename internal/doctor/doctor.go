// Package doctor looks at a gateway from outside, changes nothing, and says
// what to change. All it does is ask: Odoo through the gateway's own way there,
// and the issuer's address over the network.
package doctor

import (
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

// Status is how something is.
type Status string

// The ways things are.
const (
	OK Status = "ok"
	// Unknown: it can not be told from here.
	Unknown Status = "unknown"
	// Warning: it works, and somebody should look at it.
	Warning Status = "warning"
	// Problem: something does not work.
	Problem Status = "problem"
)

// Finding is what was found about one thing. Its texts are for people and hold
// no secrets; parts of them may be what somebody else has written.
type Finding struct {
	Part   string `json:"part"`
	Status Status `json:"status"`
	Text   string `json:"text"`
	// Advice says what to do; "" where there is nothing to do.
	Advice string `json:"advice,omitempty"`
}

// Patient is the gateway that is looked at.
type Patient struct {
	Issuer       *url.URL
	Database     string
	Applications []application.Application
	// Client asks Odoo.
	Client *rpc.Client
	// UserAgent names the gateway to Odoo.
	UserAgent string
}

// maxPage is how much of a page is read, in bytes.
const maxPage = 1 << 20

// page gets a page without a session; a redirection is an answer like others.
func (p Patient) page(r *http.Request, rt http.RoundTripper) (*http.Response, []byte, error) {
	r.Header.Set("User-Agent", p.UserAgent)
	res, err := rt.RoundTrip(r)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxPage))
	if err != nil {
		return nil, nil, fmt.Errorf("reading %s: %w", r.URL.Path, err)
	}
	return res, body, nil
}

// at is the address of a path at the issuer.
func (p Patient) at(path string) *url.URL {
	return &url.URL{Scheme: p.Issuer.Scheme, Host: p.Issuer.Host, Path: path}
}
