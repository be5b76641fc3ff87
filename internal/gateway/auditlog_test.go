package gateway

import (
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/clock"
)

// Whoever sends bad tokens fills no disk with lines, leaves others theirs, and
// hides nothing that was done.
func TestFloodFillsNoLog(t *testing.T) {
	fake := clock.NewFake(time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC))
	var kept audit.Memory
	log := newAuditLog(&kept, fake.Now)
	flood := func(seconds int, address string) int {
		before := len(kept.Events())
		for range seconds {
			for range 5000 {
				log.Record(t.Context(), audit.Event{Kind: audit.RequestRefused, Gateway: "erp", Address: address})
			}
			fake.Advance(time.Second)
		}
		return len(kept.Events()) - before
	}
	if n, most := flood(60, "192.0.2.1"), moreLogged*keptOfNetwork+2*60; n > most || n < moreLogged*keptOfNetwork {
		t.Errorf("a minute of 5,000 refusals in a second leaves %d lines, want at most %d", n, most)
	}
	if n := flood(60, "192.0.2.1"); n > 2*60*2 {
		t.Errorf("the next minute leaves %d lines", n)
	}
	if n := flood(1, "198.51.100.1"); n < 1000 {
		t.Errorf("another network leaves %d lines", n)
	}
	// Nor does a used code that somebody sends again and again; what ended tokens
	// is kept.
	replays := len(kept.Events())
	for range 20_000 {
		log.Record(t.Context(), audit.Event{Kind: audit.CodeReplay, Gateway: "erp", Application: "wiki", Address: "203.0.113.1"})
	}
	if n := len(kept.Events()) - replays; n > moreLogged*keptOfNetwork {
		t.Errorf("20,000 replays leave %d lines", n)
	}
	log.Record(t.Context(), audit.Event{Kind: audit.CodeReplay, Gateway: "erp", Application: "wiki", Address: "203.0.113.1", TokenSet: "t1"})
	if last := kept.Events()[len(kept.Events())-1]; last.TokenSet != "t1" {
		t.Errorf("after the replay that ended tokens the last line is %+v", last)
	}
	before := len(kept.Events())
	for range 20_000 {
		log.Record(t.Context(), audit.Event{Kind: audit.AuthorizationRevoked, Gateway: "erp"})
	}
	got := kept.Events()[before:]
	revoked, dropped := 0, 0
	for _, e := range got {
		switch {
		case e.Kind == audit.AuthorizationRevoked:
			revoked++
		case e.Kind == audit.EventsDropped && e.Gateway == "erp" && e.Detail["count"] != "0" && e.Time.Equal(fake.Now()):
			dropped++
		}
	}
	if revoked != 20_000 || dropped > 1 {
		t.Errorf("%d revocations and %d counts of 20,000 events", revoked, dropped)
	}
}

// The gateway's own logger is told so, and metrics of all.
func TestFloodIsCounted(t *testing.T) {
	w := newWorld(t, 19)
	const refused = moreLogged*keptOfNetwork + 50
	for range refused {
		w.gw.audit.Record(t.Context(), audit.Event{Kind: audit.RequestRefused, Gateway: "erp", Address: "192.0.2.1"})
	}
	counted, logged := 0, w.logs.FilterMessage(string(audit.RequestRefused)).Len()
	for _, e := range w.audit.Events() {
		if e.Kind == audit.RequestRefused {
			counted++
		}
	}
	if counted != refused || logged != moreLogged*keptOfNetwork {
		t.Errorf("%d counted, %d logged", counted, logged)
	}
	w.clock.Advance(time.Hour)
	w.gw.audit.Record(t.Context(), audit.Event{Kind: audit.RequestRefused, Gateway: "erp", Address: "192.0.2.1"})
	if told := w.logs.FilterMessage(string(audit.EventsDropped)).All(); len(told) != 1 {
		t.Errorf("told of what was dropped: %v", told)
	}
}
