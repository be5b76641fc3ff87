package grant

import "github.com/caddy-odoo/gateway/internal/audit"

// AuditBacklog is how many events of a gateway a store holds that are not
// written yet. What comes on top is counted only.
const AuditBacklog = 8192

// AuditLooks is how many events one call of AuditTrail looks at, at most.
const AuditLooks = 10000

// AuditEntry is an event of the audit trail as a store keeps it.
type AuditEntry struct {
	// ID is where it stands in the trail. Later ones sort before earlier ones.
	ID string
	audit.Event
}

// AuditQuery says which events to list; empty fields do not restrict.
type AuditQuery struct {
	// Kind is what happened.
	Kind audit.Kind
	// Application is the configured name.
	Application string
	// Subject is the person.
	Subject string
	// Authorization is its ID.
	Authorization string
	// After is the Next of the page before.
	After string
	// Limit is as in AuthorizationQuery.
	Limit int
}

// Fits tells whether an event is one of those asked for.
func (q AuditQuery) Fits(e audit.Event) bool {
	return (q.Kind == "" || e.Kind == q.Kind) && (q.Application == "" || e.Application == q.Application) &&
		(q.Subject == "" || e.Subject == q.Subject) && (q.Authorization == "" || e.Authorization == q.Authorization)
}

// AuditPage is a page of the audit trail.
type AuditPage struct {
	// Entries are the newest first. There may be fewer than the Limit, even
	// none, on a page that is not the last: a call looks at AuditLooks at most.
	Entries []AuditEntry
	// Next is After of the next page, "" on the last one.
	Next string
}
