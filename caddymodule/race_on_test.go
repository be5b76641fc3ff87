//go:build race

package caddymodule

// withRace tells that Caddy runs under the race detector, several times slower.
const withRace = true
