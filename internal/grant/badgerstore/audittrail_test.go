package badgerstore

import (
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// A disk that takes nothing does not make the trail grow in memory, and no
// event is lost that is not counted.
func TestTrailThatCanNotBeWrittenStaysBounded(t *testing.T) {
	_, s := openStore(t, Options{})
	event := audit.Event{Time: time.Unix(1, 0), Kind: audit.TokenRefreshed}
	const more = 5
	s.trail.mu.Lock()
	s.trail.waiting = make([]waitingEvent, grant.AuditBacklog)
	s.trail.waiting[0].place = strings.Repeat("x", 1<<16) // longer than Badger takes
	s.trail.dropped = more
	s.trail.mu.Unlock()
	for range 3 {
		if s.flushTrail() == nil {
			t.Fatal("written all the same")
		}
		s.Audit(event, time.Unix(1<<33, 0))
	}
	s.trail.mu.Lock()
	defer s.trail.mu.Unlock()
	if n, d := len(s.trail.waiting), s.trail.dropped; n != grant.AuditBacklog || d != more+3 {
		t.Errorf("%d events wait and %d are counted", n, d)
	}
}
