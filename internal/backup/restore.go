package backup

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// Restoring says what becomes of the records of a backup where they are
// restored. What was revoked, replaced and redeemed since the backup was made
// the backup does not know, hence codes that were not redeemed yet come back as
// used up; refresh tokens and all else as they were, but for what is named here.
type Restoring struct {
	// Now is when.
	Now time.Time
	// All has every authorization come back as revoked, its credential wiped
	// and its API key among those to remove.
	All bool
	// Authorizations are ids of some of which that is so, and TokenSets those of
	// token sets that come back as ended.
	Authorizations, TokenSets map[string]bool
	// refreshed is when, by the logs of AddLog, token sets were refreshed last, by
	// their ids, and made is when the backup was: whose refresh token was exchanged
	// since comes back as ended. The application has another one, which the backup
	// does not know; whoever has kept the one that it knows must not use it.
	refreshed map[string]time.Time
	made      time.Time
	// logged is the time of the first event in the logs of AddLog, by the gateway
	// that it is of.
	logged map[string]time.Time
}

// Record is what becomes of one record. The second is there where an API key
// has to be removed from Odoo.
func (s Restoring) Record(r grant.Record) []grant.Record {
	switch {
	case r.Code != nil && r.Code.ConsumedAt.IsZero():
		code := *r.Code
		code.ConsumedAt = s.Now
		r.Code = &code
	case r.TokenSet != nil && s.Ends(*r.TokenSet):
		set := *r.TokenSet
		set.EndedAt, set.EndReason = s.Now, "revoked"
		r.TokenSet = &set
	case r.Authorization != nil && s.Revokes(*r.Authorization):
		before := *r.Authorization
		after := before.Revoked(s.Now)
		r.Authorization = &after
		if k, ok := grant.Leftover(before, after.Connection, s.Now); ok {
			return []grant.Record{r, {Gateway: r.Gateway, KeyRemoval: &k}}
		}
	}
	return []grant.Record{r}
}

// Revokes tells whether an authorization that lives comes back as revoked.
func (s Restoring) Revokes(a grant.Authorization) bool {
	return a.Live() && (s.All || s.Authorizations[a.ID])
}

// Ends tells whether a token set that lives comes back as ended, whatever becomes
// of its authorization.
func (s Restoring) Ends(t grant.TokenSet) bool {
	last, refreshed := s.refreshed[t.ID]
	// The backup says to the second when it was made.
	return t.Live() && (s.TokenSets[t.ID] || refreshed && !last.Truncate(time.Second).Before(s.made))
}

// AddLog adds what has ended by the audit trail, as the logger
// odoo_gateway.audit writes it in JSON. Lines of other loggers may stand between.
func (s *Restoring) AddLog(r io.Reader) error {
	if s.Authorizations == nil {
		s.Authorizations, s.TokenSets = make(map[string]bool), make(map[string]bool)
		s.refreshed, s.logged = make(map[string]time.Time), make(map[string]time.Time)
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	n := 0
	for lines.Scan() {
		n++
		if len(lines.Bytes()) == 0 {
			continue
		}
		var event struct {
			Kind          audit.Kind `json:"msg"`
			Gateway       any        `json:"gateway"`
			Authorization string     `json:"authorization"`
			TokenSet      string     `json:"token_set"`
			Time          any        `json:"time"`   // other loggers may have numbers
			Detail        any        `json:"detail"` // or something else
		}
		if json.Unmarshal(lines.Bytes(), &event) != nil {
			return fmt.Errorf("line %d of the audit log is no JSON", n)
		}
		text, _ := event.Time.(string)
		at, err := time.Parse(time.RFC3339, text)
		if gateway, ok := event.Gateway.(string); ok && err == nil && slices.Contains(audit.Kinds, event.Kind) {
			if first, ok := s.logged[gateway]; !ok || at.Before(first) {
				s.logged[gateway] = at
			}
		}
		detail, _ := event.Detail.(map[string]any)
		switch event.Kind {
		case audit.TokenRefreshed:
			switch {
			case detail[audit.RefreshTokenStays] == "true":
			case err != nil:
				s.TokenSets[event.TokenSet] = true // whenever that was
			case at.After(s.refreshed[event.TokenSet]):
				s.refreshed[event.TokenSet] = at
			}
		case audit.AuthorizationRevoked:
			if event.Authorization == "" {
				return unnamed(n, event.Kind, "authorization")
			}
			s.Authorizations[event.Authorization] = true
		case audit.TokenSetEnded, audit.RefreshReuse:
			if event.TokenSet == "" {
				return unnamed(n, event.Kind, "token_set")
			}
			s.TokenSets[event.TokenSet] = true
		case audit.CodeReplay: // of a code that was never redeemed there is none
			s.TokenSets[event.TokenSet] = true
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading the audit log: %w", err)
	}
	return nil
}

// unnamed refuses a log from which somebody has taken what was revoked.
func unnamed(line int, kind audit.Kind, field string) error {
	return fmt.Errorf("line %d of the audit log, %s, has no %s: nothing says what was revoked. Give the log as it was written", line, kind, field)
}

// Of takes over when the backup was made, and fails where the logs of AddLog do
// not reach back to it for each of the gateways, those of which authorizations
// live in it: what was revoked between the two would come back unnoticed. The log
// of another Caddy says nothing of them, however long it is. That a backup is made
// is an event of each gateway itself, to the second in which it says that it was
// made.
func (s *Restoring) Of(made time.Time, gateways []string) error {
	s.made = made
	if s.Authorizations == nil { // no log is to be followed
		return nil
	}
	if len(s.logged) == 0 {
		return errors.New("the audit log has no event of the logger odoo_gateway.audit: nothing says what was revoked since the backup was made")
	}
	for _, gateway := range gateways {
		switch first, ok := s.logged[gateway]; {
		case !ok:
			return fmt.Errorf("the audit log has no event of the gateway %s, whose authorizations are in the backup: nothing says what was revoked of them since it was made", gateway)
		case first.Truncate(time.Second).After(made):
			return fmt.Errorf("the audit log of the gateway %s begins at %s, after the backup was made at %s: give the log of before, too",
				gateway, first.UTC().Format(time.RFC3339), made.UTC().Format(time.RFC3339))
		}
	}
	return nil
}
