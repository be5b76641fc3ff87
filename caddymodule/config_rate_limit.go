package caddymodule

import (
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-odoo/gateway/internal/application"
)

// RateLimits bound how often an application may ask. What is above a limit is
// answered with 429 and `Retry-After`.
//
// In a Caddyfile:
//
//	rate_limit api    <requests> <duration>
//	rate_limit person <requests> <duration>
//	rate_limit token  <requests> <duration>
type RateLimits struct {
	// Requests of the API by the application in all. Default: no limit.
	API *RateLimit `json:"api,omitempty"`

	// Requests of the API by the application for one person. Default: no
	// limit.
	Person *RateLimit `json:"person,omitempty"`

	// Requests for tokens by the application. Default: no limit.
	Token *RateLimit `json:"token,omitempty"`
}

// RateLimit is so many requests in a time.
type RateLimit struct {
	// How many requests, from 1 to 1000000. Required.
	Requests int `json:"requests,omitempty"`

	// In which time, from 1 second to 1 day. Required.
	Per caddy.Duration `json:"per,omitempty"`
}

// limits turns the configuration into the internal type.
func (r *RateLimits) limits() application.Limits {
	if r == nil {
		return application.Limits{}
	}
	return application.Limits{API: r.API.rate(), Person: r.Person.rate(), Token: r.Token.rate()}
}

// rate turns the configuration into the internal type. A limit without any
// request is a mistake, which is found with the application: it is never no
// limit.
func (r *RateLimit) rate() application.Rate {
	if r == nil {
		return application.Rate{}
	}
	rate := application.Rate{Requests: r.Requests, Per: time.Duration(r.Per)}
	if rate == (application.Rate{}) {
		rate.Requests = -1
	}
	return rate
}
