package caddymodule

import (
	"encoding/json"
	"runtime/debug"
	"strings"
	"testing"
)

func TestModuleVersion(t *testing.T) {
	caddyModule := debug.Module{Path: "github.com/caddyserver/caddy/v2", Version: "v2.11.0"}
	gateway := debug.Module{Path: modulePath, Version: "v1.2.3"}
	for name, test := range map[string]struct {
		info debug.BuildInfo
		want string
	}{
		"built by xcaddy": {debug.BuildInfo{Main: debug.Module{Path: "caddy"}, Deps: []*debug.Module{&caddyModule, &gateway}}, "v1.2.3"},
		"itself":          {debug.BuildInfo{Main: gateway, Deps: []*debug.Module{&caddyModule}}, "v1.2.3"},
		"from a folder":   {debug.BuildInfo{Deps: []*debug.Module{{Path: modulePath, Version: "v1.0.0", Replace: &debug.Module{Path: "../gateway"}}}}, "(devel)"},
		"not there":       {debug.BuildInfo{Deps: []*debug.Module{&caddyModule}}, "unknown"},
	} {
		if got := moduleVersion(&test.info); got != test.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestVersionCommand(t *testing.T) {
	out, _, err := runHere(versionCommand(), "", "--json")
	var v versions
	if err != nil || json.Unmarshal([]byte(out), &v) != nil || v.Gateway == "" || v.Caddy == "" || !strings.HasPrefix(v.Go, "go") {
		t.Errorf("%v: %s", err, out)
	}
	out, _, err = runHere(versionCommand(), "")
	if err != nil || out != "gateway  "+v.Gateway+"\ncaddy    "+v.Caddy+"\ngo       "+v.Go+"\n" {
		t.Errorf("%v: %s", err, out)
	}
}
