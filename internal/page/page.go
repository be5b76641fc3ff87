// Package page renders what people see of the gateway: the consent page, the
// list of what a person has connected, the way back after a login, and what
// went wrong. Templates are html/template, there is one stylesheet and no
// script. What the pages say stands in one catalogue per language.
package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// StylesheetPath is where Stylesheet must be served.
const StylesheetPath = "/restapi/1.0/static/gateway.css"

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed gateway.css
var commonStyle []byte

//go:embed console.css
var consoleStyle []byte

var (
	stylesheet = slices.Concat(commonStyle, []byte("\n"), consoleStyle)
	// The hash in the query lets browsers keep the stylesheet for a year.
	stylesheetHash = hashOf(stylesheet)
	templates      = template.Must(template.New("").Funcs(template.FuncMap{
		"stylesheet": func() string { return StylesheetPath + "?v=" + stylesheetHash },
		"initial":    initial,
	}).ParseFS(templateFiles, "templates/*.html"))
)

// Stylesheet serves the one stylesheet of all pages.
func Stylesheet(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/css; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", `"`+stylesheetHash+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(stylesheet))
}

// policy is what differs in the Content-Security-Policy of pages.
type policy struct {
	// formAction are the sources of the directive of that name.
	formAction string
	// images allows those of this origin.
	images bool
}

func (p policy) String() string {
	images := ""
	if p.images {
		images = "img-src 'self'; "
	}
	return "default-src 'none'; style-src 'self'; " + images + "form-action " + p.formAction +
		"; frame-ancestors 'none'; base-uri 'none'"
}

// view is what a template gets: the data of its page, and the voice of its
// reader.
type view struct {
	Voice
	Page any
}

// write renders a template for the reader of a request, and sends it with the
// security headers of every page.
func write(w http.ResponseWriter, r *http.Request, status int, name string, p policy, data any) {
	voice := voiceFor(r)
	var body bytes.Buffer
	if err := templates.ExecuteTemplate(&body, name, view{voice, data}); err != nil {
		// The templates are part of the program: only a defect of ours gets here.
		http.Error(w, voice.Text("broken"), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Language", voice.Language())
	h.Add("Vary", "Accept-Language")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", p.String())
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
}

// initial is the letter of the badge that stands for an application.
func initial(title string) string {
	for _, r := range strings.TrimSpace(title) {
		return strings.ToUpper(string(r))
	}
	return "·"
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}
