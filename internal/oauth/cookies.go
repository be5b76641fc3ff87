package oauth

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// The gateway's own cookies, sealed and short-lived. They carry no rights.
const (
	// roundsCookie counts how often Odoo refused a session it had accepted.
	roundsCookie = "odoo_gateway_rounds"
	// pendingCookie keeps the authorization that a login has interrupted.
	pendingCookie = "odoo_gateway_pending"
	// hostPrefix makes browsers refuse the cookie from a sub-domain or without
	// TLS. It needs https, and so does Secure.
	hostPrefix = "__Host-"
)

// maxCookie is what browsers keep at least.
const maxCookie = 4000

// IsOwnCookie tells whether a cookie is the gateway's own. Odoo must not be
// given it.
func IsOwnCookie(name string) bool {
	return strings.HasPrefix(strings.TrimPrefix(name, hostPrefix), "odoo_gateway_")
}

func (s *Server) cookieName(name string) string {
	if s.secure {
		return hostPrefix + name
	}
	return name
}

// setCookie seals value into a cookie. One that browsers would not keep is
// not sent.
func (s *Server) setCookie(w http.ResponseWriter, name string, value any, life time.Duration) {
	plain, err := json.Marshal(value)
	if err != nil {
		return
	}
	sealed := base64.RawURLEncoding.EncodeToString(s.Seal.Seal(plain, s.associated(name)))
	if len(sealed) > maxCookie {
		return
	}
	http.SetCookie(w, s.cookie(name, sealed, int(life.Seconds())))
}

// readCookie opens a cookie into value. A name that stands there twice is
// none: one of them is from somebody else.
func (s *Server) readCookie(r *http.Request, name string, value any) bool {
	found := r.CookiesNamed(s.cookieName(name))
	if len(found) != 1 {
		return false
	}
	sealed, err := base64.RawURLEncoding.DecodeString(found[0].Value)
	if err != nil {
		return false
	}
	plain, err := s.Seal.Open(sealed, s.associated(name))
	return err == nil && json.Unmarshal(plain, value) == nil
}

// dropCookie expires a cookie that the browser has sent.
func (s *Server) dropCookie(w http.ResponseWriter, r *http.Request, name string) {
	if len(r.CookiesNamed(s.cookieName(name))) > 0 {
		http.SetCookie(w, s.cookie(name, "", -1))
	}
}

func (s *Server) cookie(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: s.cookieName(name), Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode,
	}
}

// associated binds a sealed value to its use and to this issuer.
func (s *Server) associated(use string) string { return "oauth\x00" + s.issuer + "\x00" + use }
