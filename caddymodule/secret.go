package caddymodule

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/caddyserver/caddy/v2"
)

// placeholder matches the only placeholders that configuration may use.
var placeholder = regexp.MustCompile(`\{(?:env|file)\.[^{}]+\}`)

// resolve replaces {env.NAME} and {file./path} in a secret or a path. One
// that is unset, unreadable or empty is an error that names it and nothing
// else. Everything else in s, braces included, stands for itself.
func resolve(s string, repl *caddy.Replacer) (string, error) {
	var err error
	out := placeholder.ReplaceAllStringFunc(s, func(p string) string {
		v, _ := repl.GetString(p[1 : len(p)-1])
		if v == "" && err == nil {
			err = fmt.Errorf("placeholder %s is unset or empty%s", p, hintOf(p))
		}
		return v
	})
	if err != nil {
		return "", err
	}
	return out, nil
}

// hintOf says whose environment has no such variable: a service does not have
// that of the shell in which somebody validates its configuration.
func hintOf(placeholder string) string {
	name, ok := strings.CutPrefix(strings.Trim(placeholder, "{}"), "env.")
	if !ok {
		return ""
	}
	return fmt.Sprintf(": the environment variable %s is not set here (caddy validate and caddy run have those of the shell that they are started in; a reload has those of the running Caddy)", name)
}
