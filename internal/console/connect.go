package console

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strconv"

	"github.com/caddy-odoo/gateway/internal/administration"
	"github.com/caddy-odoo/gateway/internal/connect"
	"github.com/caddy-odoo/gateway/internal/page"
)

// copied are the formats that the page shows, too: texts that are short enough
// to be copied from there.
var copied = []string{"curl", "forge", "confluence"}

func (c *Console) connect(v visit, a page.Admin) (page.AdminPage, error) {
	name := v.parameter("name")
	g, err := v.desk.Connect(v.r.Context(), name)
	if err != nil {
		return nil, err
	}
	p := page.AdminConnect{Admin: a, Settings: g.Settings()}
	for _, f := range connect.All() {
		query := url.Values{"name": {name}, "format": {f.Name}}
		p.Files = append(p.Files, page.ConnectFile{Format: f.Name, Title: f.Title, URL: DownloadPath + "?" + query.Encode()})
	}
	for _, format := range copied {
		d, err := g.Document(format)
		if err != nil {
			return nil, err
		}
		p.Texts = append(p.Texts, page.ConnectText{Title: d.Title, Text: d.Content})
	}
	return p, nil
}

// Download serves a file of the page that tells how to connect an application.
// It is for saving: whatever a browser takes it for, nothing in it may run,
// load or be framed at Odoo's own address.
func (c *Console) Download(w http.ResponseWriter, r *http.Request, rt http.RoundTripper) {
	v, ok := c.enter(w, r, rt)
	if !ok {
		return
	}
	g, err := v.desk.Connect(v.r.Context(), v.parameter("name"))
	var d connect.Document
	if err == nil {
		d, err = g.Document(v.parameter("format"))
	}
	switch unknown := (connect.ErrFormat{}); {
	case errors.Is(err, administration.ErrUnknown), errors.As(err, &unknown):
		c.Door.NotConfigured(w, v.r, Path)
		return
	case err != nil:
		c.Door.StoreFailed(w, v.r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", d.Type)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": d.File}))
	h.Set("Content-Length", strconv.Itoa(len(d.Content)))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write([]byte(d.Content)) // the browser has gone: nobody is left to tell
}
