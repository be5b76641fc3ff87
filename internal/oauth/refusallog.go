package oauth

import (
	"sync/atomic"

	"go.uber.org/zap"
	"golang.org/x/time/rate"
)

// Refusals in the ordinary log, which strangers make at will: the audit trail
// and the metrics count them all.
const (
	refusalsAtOnce  = 1000
	refusalsASecond = 10
)

// refusalLog is what of that has been written.
type refusalLog struct {
	room    *rate.Limiter
	leftOut atomic.Int64
}

func newRefusalLog() *refusalLog {
	return &refusalLog{room: rate.NewLimiter(refusalsASecond, refusalsAtOnce)}
}

// logRefused logs a refusal, and how many were left out before it.
func (s *Server) logRefused(fields ...zap.Field) {
	if !s.refusals.room.AllowN(s.Now(), 1) {
		s.refusals.leftOut.Add(1)
		return
	}
	if n := s.refusals.leftOut.Swap(0); n > 0 {
		fields = append(fields, zap.Int64("left_out_before", n))
	}
	s.Logger.Info("refused", fields...)
}
