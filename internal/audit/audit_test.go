package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/clock"
	"github.com/caddy-odoo/gateway/internal/grant"
)

var start = time.Date(2026, 3, 1, 13, 0, 0, 5, time.FixedZone("CET", 3600))

func TestZapRecorder(t *testing.T) {
	var out bytes.Buffer
	config := zap.NewProductionEncoderConfig()
	config.TimeKey = "" // the logger's own time; the event's is tested
	logger := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(config), zapcore.AddSync(&out), zap.InfoLevel))
	r := audit.NewZap(logger, clock.NewFake(start).Now)
	r.Record(t.Context(), audit.Event{
		Kind: audit.RefreshReuse, Gateway: "erp", Application: "wiki", Subject: "sub-1", Authorization: "az-1", TokenSet: "ts-1",
		RequestID: "req-1", Address: "192.0.2.1", UserAgent: "5ce1beef", Detail: map[string]string{"token": "0a1b2c3d", "age": "2m"},
	})
	r.Record(t.Context(), audit.Event{Kind: audit.KeyCreated, Time: start.Add(time.Hour)})
	want := []map[string]any{
		{
			"level": "info", "logger": "audit", "msg": "refresh_reuse", "time": "2026-03-01T12:00:00.000000005Z", "gateway": "erp",
			"application": "wiki", "subject": "sub-1", "authorization": "az-1", "token_set": "ts-1", "request_id": "req-1",
			"address": "192.0.2.1", "user_agent": "5ce1beef", "detail": map[string]any{"token": "0a1b2c3d", "age": "2m"},
		},
		{"level": "info", "logger": "audit", "msg": "key_created", "time": "2026-03-01T13:00:00.000000005Z"},
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d: %s", len(lines), len(want), out.String())
	}
	for i, line := range lines {
		var got map[string]any
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want[i]) {
			t.Errorf("line %d\n%v, want\n%v", i, got, want[i])
		}
	}
	if !strings.Contains(lines[0], `"detail":{"age":"2m","token":"0a1b2c3d"}`) {
		t.Errorf("details are not in order: %s", lines[0])
	}
}

func TestNilLoggerDiscards(t *testing.T) {
	audit.NewZap(nil, nil).Record(t.Context(), audit.Event{Kind: audit.Consent})
}

func TestMemory(t *testing.T) {
	var m audit.Memory
	detail := map[string]string{"rule": "a"}
	m.Record(context.Background(), audit.Event{Kind: audit.SchemeDenied, Detail: detail})
	detail["rule"] = "changed later"
	m.Record(context.Background(), audit.Event{Kind: audit.Consent})
	if got, want := m.Kinds(), []audit.Kind{audit.SchemeDenied, audit.Consent}; !reflect.DeepEqual(got, want) {
		t.Errorf("kinds %v, want %v", got, want)
	}
	if got := m.Events()[0].Detail["rule"]; got != "a" {
		t.Errorf("a kept event has changed: %s", got)
	}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { m.Record(context.Background(), audit.Event{Kind: audit.Consent}) })
	}
	all.Wait()
	if n := len(m.Events()); n != 52 {
		t.Errorf("%d events, want 52", n)
	}
}

func TestFingerprint(t *testing.T) {
	secret := grant.NewToken()
	got := audit.Fingerprint(secret)
	if len(got) != 8 || !strings.HasPrefix(grant.HashToken(secret), got) {
		t.Errorf("fingerprint %q of hash %s", got, grant.HashToken(secret))
	}
	if strings.Contains(secret, got) {
		t.Errorf("fingerprint %q is part of the token", got)
	}
	// SHA-256("abc"), FIPS 180-2 appendix B.1.
	if got := audit.Fingerprint("abc"); got != "ba7816bf" {
		t.Errorf("fingerprint %q, want ba7816bf", got)
	}
	if got := audit.Fingerprint(""); got != "" {
		t.Errorf("fingerprint of nothing is %q", got)
	}
}

func TestTee(t *testing.T) {
	var first, second audit.Memory
	audit.Tee(&first, &second).Record(t.Context(), audit.Event{Kind: audit.Consent})
	if len(first.Events()) != 1 || len(second.Events()) != 1 {
		t.Errorf("told %d and %d", len(first.Events()), len(second.Events()))
	}
}

// Whoever chooses one of the kinds finds all of them.
func TestKindsAreAll(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "audit.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	ast.Inspect(file, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || len(v.Values) != 1 {
			return true
		}
		if of, ok := v.Type.(*ast.Ident); ok && of.Name == "Kind" {
			declared++
			text, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
			if err != nil || !slices.Contains(audit.Kinds, audit.Kind(text)) {
				t.Errorf("Kinds lacks %s, %v", v.Names[0].Name, err)
			}
		}
		return true
	})
	if declared < 20 || declared != len(audit.Kinds) {
		t.Errorf("%d kinds are declared, %d listed", declared, len(audit.Kinds))
	}
}
