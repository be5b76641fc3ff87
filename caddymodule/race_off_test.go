//go:build !race

package caddymodule

const withRace = false
