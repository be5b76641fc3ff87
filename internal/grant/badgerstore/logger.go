package badgerstore

import (
	"strings"

	"go.uber.org/zap"
)

// badgerLogger writes Badger's messages to zap. What Badger calls information
// is about its own files and goes to debug.
type badgerLogger struct{ log *zap.SugaredLogger }

func (l badgerLogger) Errorf(format string, args ...any) {
	l.log.Errorf(strings.TrimSpace(format), args...)
}

func (l badgerLogger) Warningf(format string, args ...any) {
	l.log.Warnf(strings.TrimSpace(format), args...)
}

func (l badgerLogger) Infof(format string, args ...any) {
	l.log.Debugf(strings.TrimSpace(format), args...)
}

func (l badgerLogger) Debugf(string, ...any) {}
