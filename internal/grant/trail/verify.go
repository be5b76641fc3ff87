package trail

import (
	"bytes"

	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// maxFindings is how many findings are told.
const maxFindings = 100

// Verifier walks through a trail, the newest first.
type Verifier struct {
	chain   Chain
	now     uint64
	next    *Link // of the event behind the one that is looked at; nil is none
	verdict *grant.AuditVerdict
}

// Verifier begins behind the end of the trail, which is not kept where there is
// none, and tells the verdict what it finds; now is in seconds since 1970.
func (c Chain) Verifier(last End, kept bool, now uint64, verdict *grant.AuditVerdict) *Verifier {
	w := &Verifier{chain: c, now: now, verdict: verdict}
	if kept {
		w.next = &Link{Number: last.Number + 1, BeforeUntil: last.Until}
		copy(w.next.Before[:], last.Code)
	}
	return w
}

// Look looks at the next older event.
func (w *Verifier) Look(place string, until uint64, value []byte) {
	l, text, linked := Cut(value)
	switch {
	case !linked && w.next != nil && w.next.Number > 1 && w.next.BeforeUntil > w.now:
		w.find(place, grant.AuditForeign)
		return
	case !linked:
		w.verdict.Unlinked++
		return
	}
	if w.chain.Code(l, place, until, text) != l.Code {
		w.find(place, grant.AuditChanged)
		w.next = nil // one finding is enough
		return
	}
	if w.next != nil && (w.next.Number != l.Number+1 || !bytes.Equal(w.next.Before[:], l.Code[:])) {
		w.gap(place)
	}
	w.verdict.Verified++
	if l.Number == 1 {
		w.verdict.Begins = PlaceTime(place)
	}
	w.next = &l
}

// Done looks whether anything is missing before all events.
func (w *Verifier) Done() { w.gap("") }

// gap looks whether the events before the next one have come to their end: that
// is known of the one right before it, and the others are older. Stores let events
// go by the wall clock, also while the trail is walked through.
func (w *Verifier) gap(place string) {
	now := max(w.now, uint64(clock.System().Unix()))
	if w.next != nil && w.next.Number > 1 && w.next.BeforeUntil > now {
		w.find(place, grant.AuditMissing)
	}
}

func (w *Verifier) find(place, what string) {
	w.verdict.Broken++
	if len(w.verdict.Findings) < maxFindings {
		w.verdict.Findings = append(w.verdict.Findings, grant.AuditFinding{ID: place, Time: PlaceTime(place), What: what})
	}
}
