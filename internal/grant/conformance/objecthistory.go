package conformance

import (
	"reflect"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// objectHistories are kept as they were put, listed by kind and page, and
// survive a restart.
func objectHistories(t *testing.T, c *suite) {
	history := func(kind grant.ObjectKind, name string) grant.ObjectHistory {
		return grant.ObjectHistory{
			Kind: kind, Name: name, FirstSeen: start, Snapshot: []byte("sealed"),
			Changes: []grant.ObjectChange{
				{At: start.Add(minute), Kind: grant.ObjectChanged, By: "Jane", Fields: []string{"client_secret", "redirect_uris"}},
				{At: start, Kind: grant.ObjectAdded, By: "root@erp", ByProcess: true},
			},
		}
	}
	all := []grant.ObjectHistory{ // ordered by id
		history(grant.ObjectApplication, "shop"), history(grant.ObjectApplication, "wiki"),
		history(grant.ObjectGateway, "erp"), history(grant.ObjectConfiguration, "customer"), history(grant.ObjectScheme, "sales"),
	}
	for _, h := range all {
		_, err := c.s.ObjectHistory(c.ctx, h.Kind, h.Name)
		c.fails("before", err, grant.ErrNotFound)
		c.ok("put", c.s.PutObjectHistory(c.ctx, h))
	}
	expect := func(what string, q grant.ObjectQuery, want ...grant.ObjectHistory) {
		t.Helper()
		got, err := c.s.ObjectHistories(c.ctx, q)
		c.ok(what, err)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%+v, want\n%+v", what, got, want)
		}
	}
	expect("all", grant.ObjectQuery{}, all...)
	expect("a page", grant.ObjectQuery{After: all[0].ID(), Limit: 2}, all[1], all[2])
	expect("applications", grant.ObjectQuery{Kind: grant.ObjectApplication}, all[0], all[1])
	expect("a page of applications", grant.ObjectQuery{Kind: grant.ObjectApplication, After: all[0].ID()}, all[1])
	expect("a kind that begins alike", grant.ObjectQuery{Kind: "model"})
	if got, err := c.Other.ObjectHistories(c.ctx, grant.ObjectQuery{}); err != nil || len(got) != 0 {
		t.Errorf("another gateway sees %+v, error %v", got, err)
	}

	gone := all[1]
	gone.RemovedAt = start.Add(time.Hour)
	gone.Changes = nil
	for i := range grant.MaxObjectChanges + 5 {
		gone.Changes = append(gone.Changes, grant.ObjectChange{At: start.Add(-time.Duration(i) * minute), Kind: grant.ObjectChanged, By: "x", Fields: []string{"name"}})
	}
	c.ok("replace", c.s.PutObjectHistory(c.ctx, gone))
	gone.Changes = gone.Changes[:grant.MaxObjectChanges]
	c.s = c.Reopen()
	expect("after a restart", grant.ObjectQuery{}, all[0], gone, all[2], all[3], all[4])
	got, err := c.s.ObjectHistory(c.ctx, gone.Kind, gone.Name)
	c.ok("one", err)
	if !reflect.DeepEqual(got, gone) {
		t.Errorf("one:\n%+v, want\n%+v", got, gone)
	}
}
