package application_test

import (
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/application"
)

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		48 * time.Hour: "2d", 0: "0s", 90 * time.Minute: "1h30m", 10 * time.Minute: "10m", 10 * time.Second: "10s", 49 * time.Hour: "49h", time.Hour + time.Second: "1h0m1s",
		-72 * time.Hour: "-3d",
	} {
		if got := application.Duration(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}
