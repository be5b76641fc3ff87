package caddymodule

import (
	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// liveLogger returns a logger for what outlives configurations: it writes to
// the logs of the configuration that runs, where that one uses the same store,
// because the logs of the one that made it may be closed by then.
func liveLogger(first *zap.Logger, p *pooledStore) *zap.Logger {
	return zap.New(liveCore{first: first, pooled: p})
}

// liveCore looks the core up for each entry. Entries of a store are few.
type liveCore struct {
	first  *zap.Logger // until a configuration runs
	pooled *pooledStore
	fields []zapcore.Field
}

func (c liveCore) logger() *zap.Logger {
	v, err := caddy.ActiveContext().AppIfConfigured("odoo_gateway")
	if err != nil {
		return c.first
	}
	app, ok := v.(*App)
	if !ok || app.store == nil || app.store.pooled != c.pooled {
		return c.first
	}
	return app.logger
}

// Enabled implements zapcore.LevelEnabler.
func (c liveCore) Enabled(l zapcore.Level) bool { return c.logger().Core().Enabled(l) }

// With implements zapcore.Core.
func (c liveCore) With(fields []zapcore.Field) zapcore.Core {
	c.fields = append(c.fields[:len(c.fields):len(c.fields)], fields...)
	return c
}

// Check implements zapcore.Core.
func (c liveCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return ce.AddCore(e, c)
	}
	return ce
}

// Write implements zapcore.Core. The entry goes through the logger's own
// checks, which know what its logs include.
func (c liveCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	logger := c.logger()
	if ce := logger.Named(e.LoggerName).Check(e.Level, e.Message); ce != nil {
		ce.Write(append(c.fields[:len(c.fields):len(c.fields)], fields...)...)
	}
	return nil
}

// Sync implements zapcore.Core.
func (c liveCore) Sync() error { return c.logger().Core().Sync() }
