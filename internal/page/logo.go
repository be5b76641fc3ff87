package page

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// LogoPath is where Logo must be served, with the application's client_id in
// the query.
const LogoPath = "/restapi/1.0/static/logo"

// logoTypes are the image types that are served. An SVG is a document, which
// can hold a script: it is none of them.
var logoTypes = []string{"image/png", "image/jpeg", "image/gif", "image/webp"}

// LogoURL is the path of an application's logo, "" where there is none. It
// changes with the image, so that browsers may keep it.
func LogoURL(clientID, mediaType string, data []byte) string {
	if len(data) == 0 || !slices.Contains(logoTypes, mediaType) {
		return ""
	}
	return LogoPath + "?client_id=" + url.QueryEscape(clientID) + "&v=" + hashOf(data)
}

// Logo serves an application's logo; LogoURL must not be "" for it.
// Whatever a browser takes it for, it may run nothing, load nothing and belongs
// to no origin.
func Logo(w http.ResponseWriter, r *http.Request, mediaType string, data []byte) {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-cache")
	if hash := hashOf(data); r.URL.Query().Get("v") == hash {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	h.Set("ETag", `"`+hashOf(data)+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}
