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
			err = fmt.Errorf("placeholder %s is unset or empty%s", p, whereOf(p))
		}
		return v
	})
	if err != nil {
		return "", err
	}
	return out, nil
}

// whereOf says where an environment variable was looked for: not in the shell
// in which one was set.
func whereOf(placeholder string) string {
	if strings.HasPrefix(placeholder, "{env.") {
		return " in the environment of the running Caddy"
	}
	return ""
}
