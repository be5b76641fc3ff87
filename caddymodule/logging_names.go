package caddymodule

import (
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
)

// accessLoggers returns the loggers that a server's configuration names for
// a request, none where the request is not to be logged. The rules are those
// of Caddy's server, which does not export them.
func accessLoggers(logger *zap.Logger, config *caddyhttp.ServerLogConfig, r *http.Request) []*zap.Logger {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(host)
	names, mapped := loggerNames(config, host)
	if !mapped {
		if config.SkipUnmappedHosts || slices.ContainsFunc(config.SkipHosts, func(p string) bool { return matchHost(host, p) }) {
			return nil
		}
		names = []string{config.DefaultLoggerName}
	}
	// The directive log_name takes precedence.
	if chosen, ok := caddyhttp.GetVar(r.Context(), caddyhttp.AccessLoggerNameVarKey).([]any); ok {
		names = nil
		for _, n := range chosen {
			s, _ := n.(string)
			names = append(names, s)
		}
	}
	loggers := make([]*zap.Logger, 0, len(names))
	for _, n := range names {
		loggers = append(loggers, logger.Named(n)) // the empty name changes nothing
	}
	return loggers
}

// loggerNames returns the names for a host: exact, or with labels from the
// left replaced by an asterisk, one at a time.
func loggerNames(config *caddyhttp.ServerLogConfig, host string) ([]string, bool) {
	if names, ok := config.LoggerNames[host]; ok {
		return names, true
	}
	labels := strings.Split(host, ".")
	for i := range labels {
		if labels[i] == "" {
			continue
		}
		labels[i] = "*"
		if names, ok := config.LoggerNames[strings.Join(labels, ".")]; ok {
			return names, true
		}
	}
	return nil, false
}

// matchHost tells whether a host is meant by a pattern whose labels may be
// asterisks.
func matchHost(host, pattern string) bool {
	h, p := strings.Split(host, "."), strings.Split(strings.ToLower(pattern), ".")
	return slices.EqualFunc(h, p, func(a, b string) bool { return b == "*" || a == b })
}
