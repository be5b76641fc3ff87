package grant

import (
	"slices"
	"time"

	"github.com/caddy-odoo/gateway/internal/audit"
)

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
	// Without leaves out what would fit otherwise but is of this kind.
	Without audit.Kind
	// Application is the configured name.
	Application string
	// Subject is the person.
	Subject string
	// Login is whom an event is about, or who has caused it as an administrator:
	// the store knows people by their Subjects alone, and the caller says which
	// have that login.
	Login    string
	Subjects []string
	// Authorization is its ID.
	Authorization string
	// After is the Next of the page before.
	After string
	// Limit is as in AuthorizationQuery.
	Limit int
}

// Fits tells whether an event is one of those asked for.
func (q AuditQuery) Fits(e audit.Event) bool {
	return q.would(e) && (q.Without == "" || e.Kind != q.Without)
}

// LeavesOut tells whether an event is one of those asked for but for Without.
func (q AuditQuery) LeavesOut(e audit.Event) bool { return q.would(e) && !q.Fits(e) }

func (q AuditQuery) would(e audit.Event) bool {
	return (q.Kind == "" || e.Kind == q.Kind) && (q.Application == "" || e.Application == q.Application) &&
		(q.Subject == "" || e.Subject == q.Subject) && (q.Authorization == "" || e.Authorization == q.Authorization) &&
		(q.Login == "" || slices.Contains(q.Subjects, e.Subject) || e.Detail[audit.AdminLogin] == q.Login)
}

// AuditPage is a page of the audit trail.
type AuditPage struct {
	// Entries are the newest first. There may be fewer than the Limit, even
	// none, on a page that is not the last: a call looks at AuditLooks at most.
	Entries []AuditEntry
	// LeftOut is how many events of the page Without has left out.
	LeftOut int
	// Next is After of the next page, "" on the last one.
	Next string
}

// AuditVerdict is what VerifyAudit has found.
type AuditVerdict struct {
	// Verified are the events that are what was written.
	Verified int
	// Unlinked are older ones, of a version that tied none together: nothing
	// proves them.
	Unlinked int
	// Begins is about when the first event of all was written, where it is still
	// there: a trail that was taken away as a whole begins anew. Zero where the
	// first ones have come to their end.
	Begins time.Time
	// Broken is how many findings there are, and Findings the first of them, the
	// newest first.
	Broken   int
	Findings []AuditFinding
}

// What a finding is.
const (
	// AuditChanged: the event is not what was written.
	AuditChanged = "changed"
	// AuditMissing: one or more after this event were taken away; without an id,
	// before all that are there.
	AuditMissing = "missing"
	// AuditForeign: the event was put in by somebody else.
	AuditForeign = "foreign"
)

// AuditFinding is a place in the trail where somebody has been at work.
type AuditFinding struct {
	// ID is that of the entry, and Time that of its place in the trail, which
	// may be a little later than the event.
	ID   string
	Time time.Time
	What string
}
