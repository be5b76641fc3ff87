package caddymodule

import (
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/administration"
	"github.com/caddy-odoo/gateway/internal/grant"
)

func TestVerdictIsPrinted(t *testing.T) {
	var out strings.Builder
	v := administration.Verdict{Verified: 7, Begins: time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC), Unlinked: 2, Broken: 3, Findings: []administration.Finding{
		{What: grant.AuditChanged, Event: "a.b", Time: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)},
		{What: grant.AuditForeign, Event: "c.d"},
		{What: grant.AuditMissing},
	}}
	if err := printVerdict(&out, v); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"7 events are what was written\nthe first of all is of 2026-02-01", "2 older ones can not be verified", "a.b    this event was changed", "c.d    this event was put in", "the oldest events were taken away"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}
