package oauth

import (
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// Strangers fill nobody's disk with refusals: of a flood some are logged, and how
// many were not.
func TestFloodFillsNoOrdinaryLog(t *testing.T) {
	w := newWorld(t)
	core, logs := observer.New(zap.InfoLevel)
	w.config.Logger = zap.New(core)
	w.reload(applications())
	b := w.browser("")
	for range refusalsAtOnce + 200 {
		b.get(AuthorizePath + "?client_id=nobody")
	}
	if n := logs.FilterMessage("refused").Len(); n != refusalsAtOnce {
		t.Errorf("%d lines of %d refusals", n, refusalsAtOnce+200)
	}
	w.clock.Advance(time.Second)
	b.get(AuthorizePath + "?client_id=nobody")
	all := logs.FilterMessage("refused").All()
	if last := all[len(all)-1].ContextMap(); len(all) != refusalsAtOnce+1 || last["left_out_before"] != int64(200) {
		t.Errorf("%d lines, the last one %v", len(all), last)
	}
}
