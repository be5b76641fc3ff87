package caddymodule

import (
	"testing"
	"time"
)

// The restored store says who has restored it, and not only whom they had become
// for it: as the environment says, and nothing else that stands there.
func TestRestoreNamesThePersonBehindSudo(t *testing.T) {
	process := processName()
	for person, want := range map[string]string{"": process, "jane": process + ", by sudo from jane", "jane\n{}": process, "a, as root@erp": process} {
		t.Setenv("SUDO_USER", person)
		if by := (restored{}).event("erp", time.Unix(0, 0)).Event.Detail["by"]; by != want {
			t.Errorf("with SUDO_USER %q: by %q, want %q", person, by, want)
		}
	}
}
