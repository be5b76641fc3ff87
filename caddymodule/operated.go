package caddymodule

import (
	"time"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// operatedKept is how long the audit trail tells of what somebody has done to the
// store itself: a year, as those who ask come late, whatever its retention is for the
// rest.
const operatedKept = 365 * 24 * time.Hour

// operated is an event of what somebody has done to the store, by a command.
func operated(kind audit.Kind, gateway string, now time.Time, detail map[string]string) grant.KeptEvent {
	detail["by"] = commandedBy()
	e := audit.Event{Time: now, Kind: kind, Gateway: gateway, Detail: detail}
	return grant.KeptEvent{AuditEntry: grant.AuditEntry{Event: e}, Until: now.Add(operatedKept)}
}
