package caddymodule

import (
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/caddy-odoo/gateway/internal/gateway"
)

// accessLog writes the access log's entry of requests that carry a code, a
// token or a secret in their URL, or whose answer may. Caddy has cloned such a
// request before any handler ran, and would log it as it is: it is told to
// skip the entry, and the same one is written here, redacted, to the same log.
type accessLog struct {
	logger *zap.Logger // http.log.access
	errors *zap.Logger
}

// newAccessLog returns the access log of a configuration's servers.
func newAccessLog(ctx caddy.Context) *accessLog {
	// The logger of the HTTP app, not of the handler: logs are configured by
	// the name of the logger, and the entry belongs into the access log.
	return &accessLog{
		logger: ctx.Logger(caddyhttp.App{}).Named("log.access"),
		errors: ctx.Logger(),
	}
}

// serve calls h, and keeps what is secret in the request's URL out of the logs,
// and the tokens of the gateway wherever they stand.
func (l *accessLog) serve(g *gateway.Gateway, w http.ResponseWriter, r *http.Request, h func(http.ResponseWriter) error) error {
	if !mayCarrySecrets(r) && !g.ShowsToken(r) {
		return h(w)
	}
	start := time.Now()
	if skipped, _ := caddyhttp.GetVar(r.Context(), caddyhttp.LogSkipVar).(bool); skipped {
		return l.withoutError(w, r, h)
	}
	caddyhttp.SetVar(r.Context(), caddyhttp.LogSkipVar, true)
	server, _ := r.Context().Value(caddyhttp.ServerCtxKey).(*caddyhttp.Server)
	if server == nil || server.Logs == nil {
		return l.withoutError(w, r, h)
	}
	// The header may be changed on the way, as Caddy's clone would not be.
	logged := redactedRequest(r, func(text string) string { return g.WithoutTokens(text, redacted) })
	rec := caddyhttp.NewResponseRecorder(w, nil, nil)
	body := &countingBody{ReadCloser: r.Body}
	if r.Body != nil {
		r.Body = body
	}
	defer func() { l.write(server.Logs, r, logged, rec, int(body.n.Load()), time.Since(start)) }()
	return l.withoutError(rec, r, h)
}

// withoutError answers where the handler fails: Caddy would log an error
// together with the request as it is.
func (l *accessLog) withoutError(w http.ResponseWriter, r *http.Request, h func(http.ResponseWriter) error) error {
	err := h(w)
	if err == nil {
		return nil
	}
	status := http.StatusInternalServerError
	if he, ok := err.(caddyhttp.HandlerError); ok && he.StatusCode != 0 {
		status = he.StatusCode
	}
	if status >= 500 {
		l.errors.Error("request failed", zap.Int("status", status), zap.String("path", r.URL.Path), zap.Error(err))
	}
	w.WriteHeader(status)
	return nil
}

// write writes the entry as Caddy would have.
func (l *accessLog) write(config *caddyhttp.ServerLogConfig, r, logged *http.Request, rec caddyhttp.ResponseRecorder, read int, d time.Duration) {
	level := zapcore.InfoLevel
	if rec.Status() >= 500 {
		level = zapcore.ErrorLevel
	}
	if name, ok := caddyhttp.GetVar(r.Context(), caddyhttp.LogLevelVar).(string); ok {
		if chosen, err := zapcore.ParseLevel(name); err == nil && chosen >= zapcore.DebugLevel && chosen <= zapcore.ErrorLevel {
			level = chosen // by the directive log_level
		}
	}
	for _, logger := range accessLoggers(l.logger, config, r) {
		c := logger.Check(level, "handled request")
		if c == nil {
			continue
		}
		userID := ""
		if repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok {
			userID, _ = repl.GetString("http.auth.user.id")
		}
		var fields []zap.Field
		if o, ok := caddyhttp.GetVar(r.Context(), outcomeVar).(*gateway.Outcome); ok {
			fields = append(fields, outcomeField(o))
		}
		c.Write(append(fields,
			zap.Object("request", caddyhttp.LoggableHTTPRequest{
				Request: logged, ShouldLogCredentials: config.ShouldLogCredentials,
			}),
			zap.Int("bytes_read", read),
			zap.String("user_id", userID),
			zap.Duration("duration", d),
			zap.Int("size", rec.Size()),
			zap.Int("status", rec.Status()),
			zap.Object("resp_headers", caddyhttp.LoggableHTTPHeader{
				Header: redactedHeader(rec.Header()), ShouldLogCredentials: config.ShouldLogCredentials,
			}),
		)...)
	}
}

// countingBody counts what is read of a request's body. A transport may still
// read when the answer is complete.
type countingBody struct {
	io.ReadCloser
	n atomic.Int64
}

func (b *countingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.n.Add(int64(n))
	return n, err
}
