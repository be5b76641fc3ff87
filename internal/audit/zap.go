package audit

import (
	"context"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/caddy-odoo/gateway/internal/clock"
)

// NewZap returns a Recorder that writes each event as one info entry named
// "audit", with the kind as its message. A nil logger discards, a nil clock is
// the wall clock.
func NewZap(logger *zap.Logger, now clock.Clock) Recorder {
	if logger == nil {
		return Discard
	}
	if now == nil {
		now = clock.System
	}
	return &zapRecorder{logger: logger.Named("audit"), now: now}
}

type zapRecorder struct {
	logger *zap.Logger
	now    clock.Clock
}

func (z *zapRecorder) Record(_ context.Context, e Event) {
	if e.Time.IsZero() {
		e.Time = z.now()
	}
	fields := make([]zap.Field, 0, 11)
	fields = append(fields, zap.String("time", e.Time.UTC().Format(time.RFC3339Nano)))
	for _, f := range []struct{ name, value string }{
		{"gateway", e.Gateway},
		{"application", e.Application},
		{"subject", e.Subject},
		{"authorization", e.Authorization},
		{"token_set", e.TokenSet},
		{"request_id", e.RequestID},
		{"address", e.Address},
		{"user_agent", e.UserAgent},
	} {
		if f.value != "" {
			fields = append(fields, zap.String(f.name, f.value))
		}
	}
	if len(e.Detail) > 0 {
		fields = append(fields, zap.Object("detail", detail(e.Detail)))
	}
	z.logger.Info(string(e.Kind), fields...)
}

// detail is written in the order of its names, so that lines compare.
type detail map[string]string

func (d detail) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	for _, name := range slices.Sorted(maps.Keys(d)) {
		enc.AddString(name, d[name])
	}
	return nil
}
