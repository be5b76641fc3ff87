package orestapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"time"
)

// iconTypes are the image types that are served. An SVG is a document, which
// can hold a script: it is none of them.
var iconTypes = []string{"image/png", "image/jpeg", "image/gif", "image/webp"}

// icon answers model/icon, which the original promised and did not have: the
// image that the model's configuration has, as it is. Whatever a browser takes
// it for, it may run nothing and load nothing.
func (s *session) icon() error {
	model := s.params["model"]
	if model == "" {
		return denied(iconWithoutModel, "Model not provided")
	}
	m, err := s.runner.Model(s.r.Context(), model)
	if err != nil {
		return err
	}
	if len(m.Icon.Data) == 0 || !slices.Contains(iconTypes, m.Icon.Type) {
		return &refusal{http.StatusNotFound, iconNotFound, "The model has no icon"}
	}
	sum := sha256.Sum256(m.Icon.Data)
	h := s.w.Header()
	h.Set("Content-Type", m.Icon.Type)
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	// Only whoever has a token of the application may have it, also later.
	h.Set("Cache-Control", "private, no-cache")
	h.Add("Vary", "Authorization")
	h.Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:12])+`"`)
	http.ServeContent(s.w, s.r, "", time.Time{}, bytes.NewReader(m.Icon.Data))
	return nil
}
