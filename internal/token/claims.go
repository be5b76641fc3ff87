package token

import (
	"bytes"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// jsonValue is one value of a header or claims set.
type jsonValue struct{ raw jsontext.Value }

func (v jsonValue) text() (string, bool) {
	if v.raw.Kind() != '"' {
		return "", false
	}
	b, err := jsontext.AppendUnquote(nil, v.raw)
	return string(b), err == nil
}

// seconds reads a NumericDate as Sign writes it: digits alone. Signs,
// fractions, exponents and more than eleven digits (beyond the year 5000) are
// no dates of ours, and 1e999 never becomes an infinity.
func (v jsonValue) seconds() (time.Time, bool) {
	if len(v.raw) > 11 || strings.Trim(string(v.raw), "0123456789") != "" {
		return time.Time{}, false
	}
	n, err := strconv.ParseInt(string(v.raw), 10, 64)
	return time.Unix(n, 0), err == nil
}

// texts reads a string or a list of strings.
func (v jsonValue) texts() ([]string, bool) {
	if s, ok := v.text(); ok {
		return []string{s}, true
	}
	if v.raw.Kind() != '[' {
		return nil, false
	}
	dec := jsontext.NewDecoder(bytes.NewReader(v.raw))
	_, _ = dec.ReadToken() // the bracket, seen above
	var all []string
	for dec.PeekKind() != ']' {
		raw, err := dec.ReadValue()
		if err != nil {
			return nil, false
		}
		s, ok := jsonValue{raw}.text()
		if !ok {
			return nil, false
		}
		all = append(all, s)
	}
	return all, true
}

// parseObject calls member for each member of one base64url-encoded JSON
// object. jsontext refuses duplicate names and invalid UTF-8; anything behind
// the object is refused here.
func parseObject(encoded string, member func(name string, value jsonValue) error) error {
	text, err := decode(encoded)
	if err != nil {
		return err
	}
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '{' {
		return refuse("no JSON object")
	}
	for dec.PeekKind() != '}' {
		t, err := dec.ReadToken()
		if err != nil {
			return refuse("malformed JSON")
		}
		name := t.String()
		raw, err := dec.ReadValue()
		if err != nil {
			return refuse("malformed JSON")
		}
		if err := member(name, jsonValue{raw}); err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return refuse("malformed JSON")
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return refuse("more than one JSON value")
	}
	return nil
}

// checkClaims reads the claims set and judges every claim. Claims that are
// not known are ignored, as RFC 7519 section 4 asks.
func (k *Keys) checkClaims(encoded string) (verified, error) {
	var v verified
	var issuer, scope string
	var audience []string
	texts := map[string]*string{
		"iss": &issuer, "sub": &v.claims.Subject, "client_id": &v.claims.ClientID, "jti": &v.claims.ID,
		"ts": &v.claims.TokenSet, "az": &v.claims.Authorization, "scope": &scope,
	}
	dates := map[string]*time.Time{"iat": &v.claims.IssuedAt, "exp": &v.claims.ExpiresAt, "nbf": &v.notBefore}
	err := parseObject(encoded, func(name string, value jsonValue) error {
		var ok bool
		if to := texts[name]; to != nil {
			if *to, ok = value.text(); !ok {
				return refuse(name + " is no text")
			}
		} else if to := dates[name]; to != nil {
			if *to, ok = value.seconds(); !ok {
				return refuse(name + " is no date")
			}
		} else if name == "aud" {
			if audience, ok = value.texts(); !ok {
				return refuse("aud is neither text nor a list of texts")
			}
		}
		return nil
	})
	if err != nil {
		return verified{}, err
	}
	if issuer != k.issuer {
		return verified{}, refuse("wrong issuer")
	}
	if !slices.Contains(audience, k.audience) {
		return verified{}, refuse("wrong audience")
	}
	for _, name := range []string{"sub", "client_id", "jti", "ts", "az"} {
		if *texts[name] == "" {
			return verified{}, refuse(name + " is missing")
		}
	}
	for _, name := range []string{"iat", "exp"} {
		if dates[name].IsZero() {
			return verified{}, refuse(name + " is missing")
		}
	}
	if !v.claims.ExpiresAt.After(v.claims.IssuedAt) {
		return verified{}, refuse("expires before its issue")
	}
	if scope != "" {
		v.claims.Scope = strings.Fields(scope)
	}
	return v, k.checkTimes(v)
}
