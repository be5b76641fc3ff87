package caddymodule

import (
	"errors"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-odoo/gateway/internal/ceiling"
)

// OdooCalls bounds the calls of Odoo that run at once: those of applications,
// and those that the gateway makes itself. Each application waits in a queue
// of its own, and they take turns; one alone has three quarters of the calls at
// most, so that the others come to their turn while it waits for a long answer.
// What people do in Odoo in their browsers does not count, and does not wait.
//
// In a Caddyfile:
//
//	odoo_calls <at_once>|off [<wait>]
type OdooCalls struct {
	// How many calls run at once, from 1 to 10000. More than Odoo has workers
	// wait there, with everybody else's requests. Default: 8.
	AtOnce int `json:"at_once,omitempty"`

	// How long a call waits for its turn, before it is answered with 503 and
	// `Retry-After`; at most 5 minutes, and 0 not at all. Default: `10s`.
	Wait *caddy.Duration `json:"wait,omitempty"`

	// Whether there is no bound. Default: false.
	Off bool `json:"off,omitempty"`
}

const (
	defaultOdooCalls = 8
	defaultOdooWait  = 10 * time.Second
	maxOdooCalls     = 10000
	maxOdooWait      = 5 * time.Minute
)

// limits turns the configuration into the internal type.
func (c *OdooCalls) limits() (ceiling.Limits, error) {
	limits := ceiling.Limits{Calls: defaultOdooCalls, Wait: defaultOdooWait}
	switch {
	case c == nil:
		return limits, nil
	case c.Off && (c.AtOnce != 0 || c.Wait != nil):
		return limits, errors.New("what is off has no bounds")
	case c.Off:
		return ceiling.Limits{}, nil
	case c.AtOnce < 0, c.AtOnce > maxOdooCalls:
		return limits, errors.New("at_once: is none of 1 to 10000")
	case c.Wait != nil && (*c.Wait < 0 || time.Duration(*c.Wait) > maxOdooWait):
		return limits, errors.New("wait: is none of 0 to 5 minutes")
	}
	if c.AtOnce != 0 {
		limits.Calls = c.AtOnce
	}
	if c.Wait != nil {
		limits.Wait = time.Duration(*c.Wait)
	}
	return limits, nil
}
