package caddymodule

import (
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-odoo/gateway/internal/application"
)

// TestDurationsAreWordedAsTheyAreRead: an error about one names what stands in the file.
func TestDurationsAreWordedAsTheyAreRead(t *testing.T) {
	for d, want := range map[time.Duration]string{
		48 * time.Hour: "2d", -24 * time.Hour: "-1d", 25 * time.Hour: "25h", time.Hour: "1h", 90 * time.Minute: "1h30m", 10 * time.Minute: "10m",
		time.Hour + 10*time.Second: "1h0m10s", 90 * time.Second: "1m30s", 30 * time.Second: "30s", 0: "0s", -1: "-1ns",
	} {
		got := application.Duration(d)
		if back, err := caddy.ParseDuration(got); got != want || err != nil || back != d {
			t.Errorf("%v is %q, want %q; a configuration reads %v, %v", d, got, want, back, err)
		}
	}
}
