package odootest

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// csrfValidity is how long a token counts.
const csrfValidity = 48 * time.Hour

// csrfToken is a token of the exchange's session: an HMAC over the session
// id and the time until which it counts.
func (x *exchange) csrfToken() string {
	return x.csrfAt(x.s.now().Add(csrfValidity).Unix())
}

func (x *exchange) csrfAt(until int64) string {
	sid := x.sess.id
	if x.s.v.csrfPrefix {
		sid = sid[:stablePrefix]
	}
	m := hmac.New(sha1.New, x.s.main.secret)
	fmt.Fprintf(m, "%s%d", sid, until)
	return hex.EncodeToString(m.Sum(nil)) + "o" + strconv.FormatInt(until, 10)
}

func (x *exchange) validCSRF(token string) bool {
	_, until, ok := strings.Cut(token, "o")
	if !ok {
		return false
	}
	at, err := strconv.ParseInt(until, 10, 64)
	if err != nil || x.s.now().Unix() > at {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(token), []byte(x.csrfAt(at))) == 1
}

// form is the query together with a form body; the body comes first. A query
// is read as werkzeug reads it: a value ends at the first "&".
func (x *exchange) form() url.Values {
	values, _ := url.ParseQuery(x.r.URL.RawQuery)
	if strings.HasPrefix(x.r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		posted, _ := url.ParseQuery(string(x.body))
		for name, v := range posted {
			values[name] = append(v, values[name]...)
		}
	}
	return values
}
