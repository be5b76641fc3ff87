package gateway

import (
	"testing"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// A 401 makes applications throw their tokens away: only what new tokens or
// the person can mend is one.
func TestFailureKinds(t *testing.T) {
	for kind := odoo.Server; kind <= odoo.Canceled; kind++ {
		f := failure(&odoo.Error{Kind: kind, Message: "a secret of Odoo's"})
		unauthorized := kind == odoo.SessionExpired || kind == odoo.CheckIdentity
		if got := f.Kind == dialect.Unauthorized; got != unauthorized {
			t.Errorf("kind %d: unauthorized %v, want %v", kind, got, unauthorized)
		}
		if challenged := f.Challenge != ""; challenged != unauthorized {
			t.Errorf("kind %d: challenge %q", kind, f.Challenge)
		}
	}
	if f := failure(&odoo.Error{Kind: odoo.AccessDenied}); f.Kind != dialect.Forbidden {
		t.Errorf("a method's own refusal is %+v", f)
	}
}
