package caddymodule

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// TestStoreCopyTellsOfTheTrail: what somebody has taken out of an audit trail is not
// forgotten in the copy, which ties together what it is given.
func TestStoreCopyTellsOfTheTrail(t *testing.T) {
	m := newMoving(t)
	if said := m.copy("", m.there()...); strings.Contains(said, "Warning") {
		t.Errorf("a trail that is whole:\n%s", said)
	}
	m.exec(m.conn(), `DELETE FROM SCHEMA_.audit_events WHERE gateway = 'erp' AND place = (SELECT min(place) FROM SCHEMA_.audit_events WHERE gateway = 'erp')`)
	dir := filepath.Join(t.TempDir(), "back")
	if said := m.copy("", m.back(dir)...); strings.Count(said, "Warning") != 1 || !strings.Contains(said, "the audit trail of gateway erp was not what was written: 1 place; ") {
		t.Errorf("a trail without its newest event:\n%s", said)
	}
	db := m.badger(dir)
	defer m.close(db)
	for gateway, want := range map[string]string{"erp": "was not what was written: 1 place", "er/p": ""} {
		page, err := db.Store(gateway).AuditTrail(t.Context(), grant.AuditQuery{})
		if err != nil || len(page.Entries) == 0 || page.Entries[0].Detail["audit"] != want {
			t.Errorf("%s: %+v, error %v", gateway, page.Entries, err)
		}
		if v, err := db.Store(gateway).VerifyAudit(t.Context(), time.Now()); err != nil || v.Broken != 0 {
			t.Errorf("%s: %+v, error %v", gateway, v, err)
		}
	}
}
