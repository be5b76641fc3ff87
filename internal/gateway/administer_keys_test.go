package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/administration"
	"github.com/caddy-odoo/gateway/internal/oauth"
	"github.com/caddy-odoo/gateway/internal/token"
)

// A rotation ends no token, a replacement ends all, and the audit trail tells
// who has asked for which.
func TestAdministratorRotatesKeys(t *testing.T) {
	w := newWorld(t, 19)
	raw, _ := w.connect("wiki", "demo")
	accepted := func(want bool) {
		t.Helper()
		if status, _, _ := w.get(oauth.UserinfoPath, raw); (status == http.StatusOK) != want {
			t.Errorf("status %d, want success: %v", status, want)
		}
	}
	keys := func() []token.Key {
		t.Helper()
		all, err := w.gw.SigningKeys(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	by := administration.Actor{Via: administration.ViaAPI, Address: "192.0.2.9"}
	w.clock.Advance(time.Minute) // keys are listed by age
	rotated, err := w.gw.RotateKeys(t.Context(), by, false)
	if all := keys(); err != nil || len(all) != 2 || all[1].ID != rotated || !all[0].Signs {
		t.Fatalf("%s, %v: %+v", rotated, err, all)
	}
	accepted(true)
	if again, err := w.gw.RotateKeys(t.Context(), by, false); !errors.Is(err, token.ErrRotating) || again != rotated {
		t.Errorf("again: %s, %v", again, err)
	}
	replaced, err := w.gw.RotateKeys(t.Context(), by, true)
	if all := keys(); err != nil || len(all) != 1 || all[0].ID != replaced || !all[0].Signs {
		t.Fatalf("%s, %v: %+v", replaced, err, all)
	}
	accepted(false)

	var told []string
	for _, e := range w.logs.FilterMessage("key_created").All() {
		event := e.ContextMap()
		if d := event["detail"].(map[string]any); d["actor"] == "admin" {
			told = append(told, fmt.Sprint(d["reason"], " ", d["kid"]))
			if d["via"] != by.Via || event["address"] != by.Address {
				t.Errorf("audit trail: %v", event)
			}
		}
	}
	if len(told) != 2 || told[0] != "rotated "+rotated || told[1] != "replaced "+replaced {
		t.Errorf("audit trail: %v", told)
	}
}
