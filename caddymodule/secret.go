package caddymodule

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
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
			err = fmt.Errorf("placeholder %s %s", p, whyNothing(p))
		}
		return v
	})
	if err != nil {
		return "", err
	}
	return out, nil
}

// whyNothing says why a placeholder stands for nothing. Whose environment has
// no such variable matters: a service does not have that of the shell in which
// somebody validates its configuration.
func whyNothing(placeholder string) string {
	inner := strings.Trim(placeholder, "{}")
	path, ok := strings.CutPrefix(inner, "file.")
	if !ok {
		return fmt.Sprintf("is unset or empty: the environment variable %s is not set here (caddy validate and caddy run have those of the shell that they are started in; a reload has those of the running Caddy)", strings.TrimPrefix(inner, "env."))
	}
	f, err := os.Open(path)
	if err == nil {
		defer f.Close()
		_, err = f.Read(make([]byte, 1))
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "names a file that does not exist"
	case err == nil || errors.Is(err, io.EOF):
		return "names a file that is empty"
	default:
		return fmt.Sprintf("names a file that can not be read: %v", errors.Unwrap(err))
	}
}
