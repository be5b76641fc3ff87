package audit_test

import (
	"testing"

	"github.com/caddy-odoo/gateway/internal/audit"
)

func TestSlip(t *testing.T) {
	ctx, slip := audit.WithSlip(t.Context())
	if slip.Events() != 0 || slip.Reason() != "" {
		t.Errorf("a new slip has %d events and the reason %q", slip.Events(), slip.Reason())
	}
	r := audit.Tee(audit.Discard, audit.Slips)
	r.Record(ctx, audit.Event{Kind: audit.Consent})
	r.Record(t.Context(), audit.Event{Kind: audit.Consent}) // of nobody's
	audit.Note(ctx, "first")
	audit.Note(ctx, "second")
	audit.Note(t.Context(), "of nobody's")
	_, other := audit.WithSlip(ctx)
	if slip.Events() != 1 || slip.Reason() != "second" || other.Events() != 0 || other.Reason() != "" {
		t.Errorf("%d events, reason %q", slip.Events(), slip.Reason())
	}
}
