package administration

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// Event is one event of the audit trail.
type Event struct {
	Time          time.Time         `json:"time"`
	Kind          string            `json:"kind"`
	Application   string            `json:"application,omitempty"`
	Subject       string            `json:"subject,omitempty"`
	Authorization string            `json:"authorization,omitempty"`
	TokenSet      string            `json:"token_set,omitempty"`
	RequestID     string            `json:"request_id,omitempty"`
	Address       string            `json:"address,omitempty"`
	UserAgent     string            `json:"user_agent,omitempty"` // a fingerprint
	Detail        map[string]string `json:"detail,omitempty"`

	// Title is what people call the application, and Login whom the subject is
	// known as; "" where there is none.
	Title string `json:"-"`
	Login string `json:"login,omitempty"`
}

// EventList is a page of the audit trail, the newest first. A page that is not
// the last may have few events, or none: a filter that little fits is worked
// off in steps.
type EventList struct {
	Events []Event `json:"events"`
	// LeftOut is how many events of administrators who looked are not listed.
	LeftOut int `json:"left_out,omitempty"`
	// Next is After of the next page; "" on the last one.
	Next string `json:"next,omitempty"`
}

// EventFilter says which events; empty fields do not restrict.
type EventFilter struct {
	Kind, Application, Subject, Authorization string
	// Login is whom an event is about, or the administrator who has caused it.
	Login string
	// Looks lists those of administrators who looked, too. They are many, and a
	// look at the list is one of them. Kind lists them in any case.
	Looks bool
}

func (f EventFilter) query(p Page) grant.AuditQuery {
	q := grant.AuditQuery{
		Kind: audit.Kind(f.Kind), Application: f.Application, Subject: f.Subject, Login: f.Login, Authorization: f.Authorization,
		After: p.After, Limit: p.Limit,
	}
	if !f.Looks && q.Kind != audit.AdministrationRead {
		q.Without = audit.AdministrationRead
	}
	return q
}

// ErrNoKind says that events are never of that kind.
type ErrNoKind struct{ Kind string }

func (e ErrNoKind) Error() string {
	return fmt.Sprintf("there is no kind of event %q: there are %s", e.Kind, strings.Join(Kinds(), ", "))
}

// Kinds are the kinds of events, sorted.
func Kinds() []string {
	all := make([]string, 0, len(audit.Kinds))
	for _, k := range audit.Kinds {
		all = append(all, string(k))
	}
	slices.Sort(all)
	return all
}

// Events lists what the store keeps of the audit trail. The error is an
// ErrNoKind where the filter names none, and grant.ErrNotFound where After is
// nothing that a page has given out.
func (d *Desk) Events(ctx context.Context, f EventFilter, p Page) (_ EventList, err error) {
	if f.Kind != "" && !slices.Contains(audit.Kinds, audit.Kind(f.Kind)) {
		return EventList{}, ErrNoKind{f.Kind}
	}
	defer d.readUnless(ctx, &err, "audit", f.Application, f.Subject, "login", f.Login)
	q := f.query(p)
	if q.Subjects, err = d.subjects(ctx, f.Login); err != nil {
		return EventList{}, err
	}
	page, err := d.Store.AuditTrail(ctx, q)
	list := EventList{Events: make([]Event, 0, len(page.Entries)), Next: page.Next, LeftOut: page.LeftOut}
	if err != nil {
		return list, err
	}
	logins := map[string]string{}
	for _, e := range page.Entries {
		view := Event{
			Time: e.Time, Kind: string(e.Kind), Application: e.Application, Subject: e.Subject, Authorization: e.Authorization,
			TokenSet: e.TokenSet, RequestID: e.RequestID, Address: e.Address, UserAgent: e.UserAgent, Detail: e.Detail,
		}
		if e.Application != "" {
			view.Title = d.title(e.Application)
		}
		if view.Login, err = d.login(ctx, logins, e.Subject); err != nil {
			return list, err
		}
		list.Events = append(list.Events, view)
	}
	return list, nil
}

// subjects are those of people who have, or had, a login when they connected
// something.
func (d *Desk) subjects(ctx context.Context, login string) (found []string, err error) {
	if login == "" {
		return nil, nil
	}
	err = d.each(ctx, Filter{Login: login}, true, "", func(a grant.Authorization) bool {
		if !slices.Contains(found, a.Subject) {
			found = append(found, a.Subject)
		}
		return true
	})
	return found, err
}

// Whose is whom a subject is known as: the subject itself where nobody of it is.
func (d *Desk) Whose(ctx context.Context, subject string) (string, error) {
	login, err := d.login(ctx, map[string]string{}, subject)
	return orElse(login, subject), err
}

// login finds whom a subject is known as, from any authorization of theirs.
func (d *Desk) login(ctx context.Context, known map[string]string, subject string) (string, error) {
	if login, ok := known[subject]; ok || subject == "" {
		return login, nil
	}
	all, err := d.Store.Authorizations(ctx, grant.AuthorizationQuery{Subject: subject, Revoked: true, Limit: 1})
	if err != nil {
		return "", err
	}
	known[subject] = ""
	if len(all) > 0 {
		known[subject] = all[0].Login
	}
	return known[subject], nil
}

// BackedUp records that the administrator was given a copy of all that is kept.
func (d *Desk) BackedUp(ctx context.Context) { d.read(ctx, "backup", "", "") }

// Verdict is what the audit trail in the store proves to be.
type Verdict struct {
	// Verified are the events that are what was written.
	Verified int `json:"verified"`
	// Unlinked are older ones, of a version that tied none together: nothing
	// proves them.
	Unlinked int `json:"unlinked"`
	// Begins is about when the first event of all was written, the zero time
	// where the first ones have come to their end.
	Begins time.Time `json:"begins,omitzero"`
	// Broken is how many findings there are; Findings are the first of them.
	Broken   int       `json:"broken"`
	Findings []Finding `json:"findings"`
}

// Finding is a place in the trail where somebody has been at work.
type Finding struct {
	// What is "changed", "missing" or "foreign".
	What string `json:"what"`
	// Event is the id of the event that was changed or put in, or of the one
	// after which some are missing; "" where the oldest are.
	Event string `json:"event,omitempty"`
	// Time is about when that was, the zero time without an event.
	Time time.Time `json:"time,omitzero"`
}

// VerifyEvents looks whether the audit trail in the store is what was written.
func (d *Desk) VerifyEvents(ctx context.Context) (verdict Verdict, err error) {
	defer d.readUnless(ctx, &err, "audit_verify", "", "")
	v, err := d.Store.VerifyAudit(ctx, d.Now())
	if err != nil {
		return Verdict{}, err
	}
	verdict = Verdict{Verified: v.Verified, Unlinked: v.Unlinked, Begins: v.Begins, Broken: v.Broken, Findings: []Finding{}}
	for _, f := range v.Findings {
		verdict.Findings = append(verdict.Findings, Finding{What: f.What, Event: f.ID, Time: f.Time})
	}
	return verdict, nil
}
