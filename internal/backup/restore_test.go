package backup_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/backup"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// restored is what becomes of records.
func restored(s backup.Restoring, all []grant.Record) (out []grant.Record) {
	for _, r := range all {
		out = append(out, s.Record(r)...)
	}
	return out
}

func TestRestoredAsItWas(t *testing.T) {
	got := restored(backup.Restoring{Now: end}, records())
	want := records()
	want[3].Code.ConsumedAt = end // nobody knows whether it was used since
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestRestoredAsRevoked(t *testing.T) {
	before := records()
	for name, s := range map[string]backup.Restoring{
		"all":  {Now: now, All: true},
		"some": {Now: now, Authorizations: map[string]bool{"a1": true}},
	} {
		got := restored(s, before)
		a, k := got[0].Authorization, got[1].KeyRemoval
		if len(got) != len(before)+1 || a.Live() || a.Connection.Live() || a.Connection.Sealed != nil || a.Connection.Hash != "" || a.Connection.EndReason != "revoked" {
			t.Fatalf("%s: %+v", name, got)
		}
		if k == nil || got[1].Gateway != "erp" || k.Authorization != "a1" || k.KeyID != 12 || string(k.Sealed) != "sealed" {
			t.Errorf("%s: the key in Odoo is forgotten: %+v", name, got[1])
		}
		if !reflect.DeepEqual(got[2], before[1]) {
			t.Errorf("%s: what was revoked before is %+v", name, got[2])
		}
	}
	if !reflect.DeepEqual(before, records()) {
		t.Error("the records that were given are changed")
	}
	other := restored(backup.Restoring{Now: now, Authorizations: map[string]bool{"a3": true}}, before)
	if !other[0].Authorization.Live() {
		t.Error("one that was not named is revoked")
	}
}

func TestRestoredByTheAuditLog(t *testing.T) {
	const log = `{"level":"info","ts":1,"logger":"odoo_gateway.audit","msg":"authorization_revoked","gateway":"erp","authorization":"a1"}

{"level":"info","msg":"token_set_ended","authorization":"a9","token_set":"t2"}
{"level":"info","msg":"refresh_reuse","token_set":"t3"}
{"level":"info","msg":"code_replay","token_set":"t4"}
{"level":"info","msg":"token_refreshed","time":"2026-11-21T12:00:00Z","authorization":"a5","token_set":"t5"}
{"level":"error","ts":2,"logger":"http","msg":"something else"}
`
	s := backup.Restoring{Now: now}
	for range 2 { // a log may be in several files
		if err := s.AddLog(strings.NewReader(log)); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(s.Authorizations, map[string]bool{"a1": true}) || !reflect.DeepEqual(s.TokenSets, map[string]bool{"t2": true, "t3": true, "t4": true}) {
		t.Errorf("read %+v", s)
	}
	got := restored(s, records())
	if got[0].Authorization.Live() || got[6].TokenSet.Live() || got[6].TokenSet.ID != "t2" || !got[6].TokenSet.EndedAt.Equal(now) {
		t.Errorf("restored %+v", got)
	}
	if got[5].TokenSet.ID != "t1" || !reflect.DeepEqual(got[5], records()[4]) {
		t.Errorf("restored %+v", got[5])
	}
	if err := s.AddLog(strings.NewReader("{}\n2026-11-21 INFO consent\n")); err == nil || !strings.Contains(err.Error(), "line 2 of the audit log is no JSON") {
		t.Errorf("got %v", err)
	}
}

// A refresh token that was exchanged after the backup is known to it as unused:
// whoever has kept it must not use it. The application has another one, which the
// backup does not know.
func TestRefreshTokensThatWereExchangedSinceDoNotComeBack(t *testing.T) {
	made := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		log   string
		ended bool
	}{
		"before":                {`{"msg":"token_refreshed","time":"2026-11-21T11:59:59.9Z","token_set":"t2"}`, false},
		"in the same second":    {`{"msg":"token_refreshed","time":"2026-11-21T12:00:00Z","token_set":"t2"}`, true},
		"after":                 {`{"msg":"token_refreshed","time":"2026-11-21T14:00:00+01:00","token_set":"t2"}`, true},
		"before and after":      {`{"msg":"token_refreshed","time":"2026-11-21T13:00:00Z","token_set":"t2"}` + "\n" + `{"msg":"token_refreshed","time":"2026-11-21T11:00:00Z","token_set":"t2"}`, true},
		"nobody knows when":     {`{"msg":"token_refreshed","time":7,"token_set":"t2"}`, true},
		"another":               {`{"msg":"token_refreshed","time":"2026-11-21T13:00:00Z","token_set":"t3"}`, false},
		"rotation is off":       {`{"msg":"token_refreshed","time":"2026-11-21T13:00:00Z","token_set":"t2","detail":{"refresh_token_stays":"true"}}`, false},
		"another kind of event": {`{"msg":"scheme_denied","time":"2026-11-21T13:00:00Z","token_set":"t2","detail":"x"}`, false},
	} {
		s := backup.Restoring{Now: now}
		if err := s.AddLog(strings.NewReader(`{"msg":"consent","gateway":"erp","time":"2026-11-20T12:00:00Z"}` + "\n" + test.log)); err != nil {
			t.Fatal(err)
		}
		if err := s.Of(made, []string{"erp"}); err != nil {
			t.Fatal(err)
		}
		set := grant.TokenSet{ID: "t2", Authorization: "a1"}
		became := s.Record(grant.Record{Gateway: "erp", TokenSet: &set})
		if got := became[0].TokenSet; len(became) != 1 || got.Live() == test.ended || s.Ends(set) != test.ended || !set.Live() {
			t.Errorf("refreshed %s: %+v", name, got)
		}
	}
}

// A log that begins after the backup, or holds nothing of the audit trail, says
// nothing of what was revoked between.
func TestAuditLogReachesBackToTheBackup(t *testing.T) {
	made := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		logs []string
		want string
	}{
		"no log is followed": {nil, ""},
		"the backup's own":   {[]string{`{"msg":"administration_read","gateway":"erp","time":"2026-11-21T12:00:00.9Z"}`}, ""},
		"the later first":    {[]string{`{"msg":"consent","gateway":"erp","time":"2026-11-22T12:00:00Z"}`, `{"msg":"consent","gateway":"erp","time":"2026-11-20T12:00:00Z"}`}, ""},
		"later":              {[]string{`{"msg":"consent","gateway":"erp","time":"2026-11-21T13:00:01+01:00"}`}, "of the gateway erp begins at 2026-11-21T12:00:01Z, after the backup was made at 2026-11-21T12:00:00Z"},
		"empty":              {[]string{""}, "has no event"},
		"another log":        {[]string{`{"msg":"handled request","gateway":"erp","time":"2026-11-20T12:00:00Z"}`, `{"msg":"consent","gateway":"erp","time":7}`}, "has no event"},
		"another gateway's":  {[]string{`{"msg":"consent","gateway":"staging","time":"2026-11-20T12:00:00Z"}`}, "has no event of the gateway erp"},
		"of both, later": {[]string{`{"msg":"consent","gateway":"staging","time":"2026-11-20T12:00:00Z"}`, `{"msg":"consent","gateway":"erp","time":"2026-11-22T12:00:00Z"}`},
			"of the gateway erp begins at"},
		"nobody's": {[]string{`{"msg":"consent","gateway":7,"time":"2026-11-20T12:00:00Z"}`, `{"msg":"consent","time":"2026-11-20T12:00:00Z"}`}, "has no event"},
	} {
		s := backup.Restoring{Now: made}
		for _, log := range test.logs {
			if err := s.AddLog(strings.NewReader(log)); err != nil {
				t.Fatal(err)
			}
		}
		err := s.Of(made, []string{"erp"})
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}
