package oauth

import (
	"bytes"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/backup"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// What a replayed code has ended stays ended where a backup of before is
// restored with the log.
func TestCodeReplayStaysEndedAfterARestore(t *testing.T) {
	w := newWorld(t)
	var log bytes.Buffer
	encoder := zap.NewProductionEncoderConfig()
	logger := zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(encoder), zapcore.AddSync(&log), zap.InfoLevel))
	w.config.Audit = audit.Tee(w.config.Audit, audit.NewZap(logger, w.clock.Now))
	w.reload(applications())

	code := w.browser("demo-session").code(query())
	tokens := w.token(redeemForm(code)).tokens(t)
	claims, err := w.config.Keys.Verify(tokens.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	inBackup, err := w.store.TokenSet(t.Context(), claims.TokenSet)
	if err != nil || !inBackup.Live() {
		t.Fatal(inBackup, err)
	}
	made := w.clock.Now()
	w.clock.Advance(time.Hour)

	w.token(redeemForm(code)).refused(t, 400, "invalid_grant") // replayed: the tokens end
	if set, err := w.store.TokenSet(t.Context(), claims.TokenSet); err != nil || set.Live() {
		t.Fatal("the token set lives", err)
	}

	r := backup.Restoring{Now: w.clock.Now()}
	if err := r.AddLog(&log); err != nil {
		t.Fatal(err)
	}
	if err := r.Of(made, nil); err != nil {
		t.Fatal(err)
	}
	became := r.Record(grant.Record{Gateway: "erp", TokenSet: &inBackup})
	if became[0].TokenSet.Live() {
		t.Errorf("the tokens of a replayed code live again; the log is read as %v", r.TokenSets)
	}
}
