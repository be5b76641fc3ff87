package restapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// BinaryPrefix is the path of files, below which the handler answers, too. The
// original has them in JSON alone.
const BinaryPrefix = "/restapi/1.0/binary/"

// fileTypes are the media types that are told, by what a file begins with, and
// how its name ends then. Everything else is a row of bytes: an SVG or a page
// may hold a script, and this is Odoo's own origin.
var fileTypes = map[string]string{
	"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp", "application/pdf": ".pdf",
}

// binary answers binary/{model}/{id}/{field}: a file as it is.
func (s *session) binary() error {
	if err := s.only(); err != nil {
		return err
	}
	file, err := s.runner.File(s.r.Context(), s.target.model, s.target.id, s.target.field)
	if err != nil {
		return err
	}
	kind := http.DetectContentType(file.Content)
	ending, known := fileTypes[kind]
	if !known {
		kind, ending = "application/octet-stream", ".bin"
	}
	name := fileName(file.Name)
	if name == "" {
		name = s.target.model + "-" + strconv.FormatInt(s.target.id, 10) + "-" + s.target.field + ending
	}
	download(s.w.Header(), kind, name)
	// No cache keeps it, but whoever has a copy may ask whether it is current.
	sum := sha256.Sum256(file.Content)
	s.w.Header().Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:12])+`"`)
	http.ServeContent(&inWords{ResponseWriter: s.w}, s.r, "", time.Time{}, bytes.NewReader(file.Content))
	return nil
}

// inWords refuses in the words of this interface what [http.ServeContent]
// refuses in its own: a part that the file does not have, or a condition that
// does not hold.
type inWords struct {
	http.ResponseWriter
	refused bool
}

// WriteHeader implements http.ResponseWriter.
func (w *inWords) WriteHeader(status int) {
	if status < http.StatusBadRequest {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.refused = true
	w.Header().Del("Content-Disposition")
	flat(w.ResponseWriter, status, http.StatusText(status))
}

// Write implements io.Writer.
func (w *inWords) Write(b []byte) (int, error) {
	if w.refused {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}

// download sets the header of a document as it is. It is for saving: whatever
// a browser takes it for, nothing in it may run, load or be framed at Odoo's
// own address.
func download(h http.Header, kind, name string) {
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Authorization")
	h.Set("X-Content-Type-Options", "nosniff")
}

// maxFileName bounds the name of a file, in bytes.
const maxFileName = 120

// fileName makes a name that somebody gave a file one that any system can
// save: without folders, without what does not show or turns the direction of
// what follows, and not hidden. "" is none that is left.
func fileName(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, !unicode.IsPrint(r), strings.ContainsRune(`/\:*?"<>|%`, r):
			return '_'
		}
		return r
	}, name)
	name = strings.Trim(name, ". _")
	if len(name) <= maxFileName {
		return name
	}
	// The end is kept: it tells what the file is.
	ending := ""
	if dot := strings.LastIndexByte(name, '.'); dot > 0 && len(name)-dot <= 12 {
		ending = name[dot:]
	}
	cut := maxFileName - len(ending)
	for !utf8.RuneStart(name[cut]) {
		cut--
	}
	return name[:cut] + ending
}
