package demo

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"

	"go.uber.org/zap"
)

//go:embed templates/*.html
var files embed.FS

//go:embed wiki.css wiki.svg
var static embed.FS

var templates = template.Must(template.ParseFS(files, "templates/*.html"))

// page is one page of the wiki. Its text is the template of its slug.
type page struct {
	slug   string
	short  string // in the navigation
	title  string
	macros []macro
}

// pages are the wiki's pages, the front page first. What they show is in the
// demo data of every Odoo version.
func pages(server string) []page {
	return []page{
		{
			slug: "customer-visit", short: "Customer visit", title: "Customer visit: Gemini Furniture",
			macros: []macro{
				{server: server, model: "res.partner", name: "Gemini Furniture", limit: 1,
					fields: []string{"name", "email", "phone", "city", "country_id"}},
				{server: server, model: "sale.order", order: "id desc", limit: 5,
					fields: []string{"name", "partner_id", "date_order", "state", "amount_total"}},
			},
		},
		{slug: "meeting-notes", short: "Meeting notes", title: "How we write meeting notes"},
	}
}

// view is what the templates see.
type view struct {
	Slug    string
	Title   string
	CSRF    string
	Notice  string
	Pages   []entry
	Servers []standing
	Macros  []shown
	// Banner are the servers of the page's macros; none on a page without.
	Banner []standing
}

// entry is a page in the navigation.
type entry struct {
	Slug, Title string
	Current     bool
}

// standing is a server and how the session stands with it.
type standing struct {
	*Server
	State State
	Slug  string // the page to come back to
	CSRF  string
}

// Connected and the others are for templates, which compare no types.
func (s standing) Connected() bool { return s.State == Connected }
func (s standing) Lapsed() bool    { return s.State == Lapsed }

func (w *Wiki) showFront(rw http.ResponseWriter, r *http.Request) {
	http.Redirect(rw, r, "/pages/"+w.pages[0].slug, http.StatusSeeOther)
}

func (w *Wiki) showPage(rw http.ResponseWriter, r *http.Request) {
	for _, p := range w.pages {
		if p.slug == r.PathValue("page") {
			w.render(rw, r, p)
			return
		}
	}
	http.NotFound(rw, r)
}

// render reads the macros first: only then is known how the session stands.
func (w *Wiki) render(rw http.ResponseWriter, r *http.Request, p page) {
	s := w.sessions.open(rw, r, w.secure())
	v := view{Slug: p.slug, Title: p.title, CSRF: s.csrf, Notice: s.take(), Macros: w.evaluate(r.Context(), s, p)}
	for _, other := range w.pages {
		v.Pages = append(v.Pages, entry{Slug: other.slug, Title: other.short, Current: other.slug == p.slug})
	}
	for i := range w.config.Servers {
		server := &w.config.Servers[i]
		st := standing{Server: server, State: s.connection(server.Name).state(), Slug: p.slug, CSRF: s.csrf}
		v.Servers = append(v.Servers, st)
		for _, m := range p.macros {
			if m.server == server.Name {
				v.Banner = append(v.Banner, st)
				break
			}
		}
	}
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, p.slug, v); err != nil {
		w.config.Logger.Error("rendering failed", zap.String("page", p.slug), zap.Error(err))
		http.Error(rw, "This page can not be shown.", http.StatusInternalServerError)
		return
	}
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = rw.Write(b.Bytes()) // the browser has gone; nobody to tell
}

func (w *Wiki) showStatic(rw http.ResponseWriter, r *http.Request) {
	rw.Header().Set("Cache-Control", "max-age=3600")
	http.ServeFileFS(rw, r, static, r.PathValue("file"))
}
