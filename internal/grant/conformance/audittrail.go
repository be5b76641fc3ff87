package conformance

import (
	"fmt"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// An event has a time to live by the wall clock: these are far from it.
var (
	longAfter  = time.Date(2500, 1, 1, 0, 0, 0, 0, time.UTC)
	longBefore = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
)

func event(kind audit.Kind, application, subject string, at time.Time) audit.Event {
	return audit.Event{Time: at, Kind: kind, Gateway: "erp", Application: application, Subject: subject}
}

func (c *suite) trail(q grant.AuditQuery) grant.AuditPage {
	c.t.Helper()
	page, err := c.s.AuditTrail(c.ctx, q)
	c.ok("audit trail", err)
	return page
}

func eventsOf(p grant.AuditPage) []audit.Event {
	var events []audit.Event
	for _, e := range p.Entries {
		events = append(events, e.Event)
	}
	return events
}

func auditTrail(t *testing.T, c *suite) {
	full := audit.Event{
		Time: start.Add(5), Kind: audit.CodeRedeemed, Gateway: "erp", Application: "wiki", Subject: "sub-1", Authorization: "az-1",
		TokenSet: "ts-1", RequestID: "req-1", Address: "192.0.2.1", UserAgent: "5ce1beef",
		Detail: map[string]string{"code": "0a1b2c3d"},
	}
	all := []audit.Event{ // the newest first
		event(audit.Consent, "wiki", "sub-2", start.Add(minute)),
		event(audit.Consent, "shop", "sub-1", start), // the clock was set back
		event(audit.CodeIssued, "wiki", "sub-1", start.Add(2*minute)),
		full,
	}
	all[2].Detail = map[string]string{audit.AdminLogin: "admin"}
	for i := len(all) - 1; i >= 0; i-- {
		c.s.Audit(all[i], longAfter)
	}
	expect := func(what string, q grant.AuditQuery, want ...audit.Event) {
		t.Helper()
		if got := c.trail(q); !reflect.DeepEqual(eventsOf(got), want) || got.Next != "" {
			t.Errorf("%s:\n%+v, want\n%+v", what, got, want)
		}
	}
	check := func() {
		t.Helper()
		expect("all", grant.AuditQuery{}, all...)
		expect("a kind", grant.AuditQuery{Kind: audit.Consent}, all[0], all[1])
		expect("an application", grant.AuditQuery{Application: "wiki"}, all[0], all[2], all[3])
		expect("a person", grant.AuditQuery{Subject: "sub-1"}, all[1], all[2], all[3])
		expect("an authorization", grant.AuditQuery{Authorization: "az-1"}, all[3])
		expect("a person and an application", grant.AuditQuery{Subject: "sub-1", Application: "shop"}, all[1])
		expect("nobody", grant.AuditQuery{Subject: "sub"})
		expect("a login", grant.AuditQuery{Login: "demo", Subjects: []string{"sub-1"}}, all[1], all[2], all[3])
		expect("an administrator", grant.AuditQuery{Login: "admin", Subjects: []string{"sub-2"}}, all[0], all[2])
		expect("a login that nobody has", grant.AuditQuery{Login: "nobody"})
		expect("without a kind", grant.AuditQuery{Without: audit.Consent}, all[2], all[3])
		if got := c.trail(grant.AuditQuery{Without: audit.Consent, Application: "shop"}); len(got.Entries) != 0 || got.LeftOut != 1 {
			t.Errorf("without a kind: %+v", got)
		}
	}
	check()
	var paged []audit.Event
	for q := (grant.AuditQuery{Limit: 1}); ; {
		page := c.trail(q)
		paged = append(paged, eventsOf(page)...)
		if q.After = page.Next; q.After == "" {
			break
		}
		if len(page.Entries) != 1 || len(paged) > len(all) {
			t.Fatalf("a page of %+v", page)
		}
	}
	if !reflect.DeepEqual(paged, all) {
		t.Errorf("by pages\n%+v, want\n%+v", paged, all)
	}
	for _, after := range []string{"x", "0000000000000000", "0000000000000000.", "zzzzzzzzzzzzzzzz.x", "0000000000000000./", "0000000000000000.\x00"} {
		_, err := c.s.AuditTrail(c.ctx, grant.AuditQuery{After: after})
		c.fails(after, err, grant.ErrNotFound)
	}
	if page, err := c.Other.AuditTrail(c.ctx, grant.AuditQuery{}); err != nil || len(page.Entries) != 0 {
		t.Errorf("another gateway sees %+v, error %v", page, err)
	}
	c.s = c.Reopen()
	check()
	later := event(audit.KeyCreated, "", "", start)
	c.s.Audit(later, longAfter)
	if got := c.trail(grant.AuditQuery{}); len(got.Entries) != len(all)+1 {
		t.Errorf("after a restart %+v", got)
	}
}

func auditTrailBounds(t *testing.T, c *suite) {
	detail := map[string]string{"reason": "before"}
	kept := event(audit.Consent, "wiki", "sub-1", start)
	kept.Detail = detail
	c.s.Audit(kept, longAfter)
	detail["reason"] = "changed later"
	c.s.Audit(event(audit.Consent, "wiki", "over", start), longBefore)
	c.s.Audit(event(audit.Consent, "wiki", "never", start), time.Time{})
	got := c.trail(grant.AuditQuery{})
	if len(got.Entries) != 1 || got.Entries[0].Subject != "sub-1" || got.Entries[0].Detail["reason"] != "before" {
		t.Errorf("kept %+v", got)
	}
	// Whatever could not be kept is told of.
	for range 3 * grant.AuditBacklog {
		c.s.Audit(event(audit.ClientAuthFailed, "flood", "", start), longAfter)
	}
	counted, told := 0, 0
	for q := (grant.AuditQuery{Limit: grant.MaxPage}); ; {
		page := c.trail(q)
		for _, e := range page.Entries {
			switch e.Kind {
			case audit.ClientAuthFailed:
				counted++
			case audit.EventsDropped:
				n, err := strconv.Atoi(e.Detail["count"])
				if err != nil || n <= 0 {
					t.Errorf("dropped %q", e.Detail["count"])
				}
				told += n
			}
		}
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	if counted+told != 3*grant.AuditBacklog || counted < grant.AuditBacklog {
		t.Errorf("%d are kept and %d told of, of %d", counted, told, 3*grant.AuditBacklog)
	}
}

// What nothing fits is not looked for without an end.
func auditTrailLooks(t *testing.T, c *suite) {
	rare := event(audit.Consent, "rare", "sub-1", start)
	c.s.Audit(rare, longAfter)
	for i := range grant.AuditLooks {
		c.s.Audit(event(audit.CodeIssued, "wiki", fmt.Sprint(i), start), longAfter)
		if i%1000 == 0 {
			c.trail(grant.AuditQuery{Limit: 1}) // writes what waits
		}
	}
	first := c.trail(grant.AuditQuery{Application: "rare"})
	if len(first.Entries) != 0 || first.Next == "" {
		t.Fatalf("the first step finds %+v", first)
	}
	second := c.trail(grant.AuditQuery{Application: "rare", After: first.Next})
	if !reflect.DeepEqual(eventsOf(second), []audit.Event{rare}) || second.Next != "" {
		t.Errorf("the second step finds %+v", second)
	}
}
