package audit_test

import (
	"testing"

	"github.com/caddy-odoo/gateway/internal/audit"
)

func TestSlip(t *testing.T) {
	ctx, slip := audit.WithSlip(t.Context())
	if _, events := slip.Last(); events != 0 || slip.Reason() != "" {
		t.Errorf("a new slip has %d events and the reason %q", events, slip.Reason())
	}
	r := audit.Tee(audit.Discard, audit.Slips)
	r.Record(ctx, audit.Event{Kind: audit.Consent})
	r.Record(audit.Beside(ctx), audit.Event{Kind: audit.KeyCreated})
	r.Record(t.Context(), audit.Event{Kind: audit.CodeIssued}) // of nobody's
	audit.Note(ctx, "first")
	audit.Note(ctx, "second")
	audit.Note(t.Context(), "of nobody's")
	audit.Note(audit.Beside(ctx), "beside")
	_, other := audit.WithSlip(ctx)
	last, events := slip.Last()
	_, others := other.Last()
	if events != 1 || last.Kind != audit.Consent || slip.Reason() != "second" || others != 0 || other.Reason() != "" {
		t.Errorf("%d events, the last %s, reason %q", events, last.Kind, slip.Reason())
	}
}
