package token_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/token"
)

// FuzzVerify looks for a panic, for an error of another kind, and for any
// text but the signed token itself that is taken.
func FuzzVerify(f *testing.F) {
	keys, _ := newKeys(f)
	raw := sign(f, keys, claims())
	for _, seed := range []string{
		raw, "", "..", "a.b.c", raw + "=", strings.ToUpper(raw), raw[:len(raw)-1], raw + "." + raw,
		genuine(f, header("none"), payload(f, nil)),
		genuine(f, header("RS256"), `{"exp":1e999}`),
		genuine(f, header("RS256"), `{"aud":[[[[]]]]}`),
		b64([]byte(header("RS256"))) + "." + b64([]byte(payload(f, nil))) + "." + b64(make([]byte, 256)),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := keys.Verify(text)
		if err == nil && text != raw {
			t.Fatalf("%q is taken as %+v", text, c)
		}
		if err != nil && !errors.Is(err, token.ErrInvalid) {
			t.Fatalf("error %v", err)
		}
	})
}
