package caddymodule

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-odoo/gateway/internal/application"
)

// logo reads the application's logo.
func (a *Application) logo(app *application.Application, repl *caddy.Replacer) error {
	if a.Logo == "" {
		return nil
	}
	path, err := resolve(a.Logo, repl)
	if err != nil {
		return fmt.Errorf("logo: %w", err)
	}
	data, err := readLogo(path)
	if err != nil {
		return fmt.Errorf("logo: %w", err)
	}
	if app.Logo, err = application.NewLogo(data); err != nil {
		return fmt.Errorf("logo: %s %w", path, err)
	}
	return nil
}

// readLogo reads a file, and no more of it than tells that it is too large.
// A pipe or device is refused before it is opened: it could keep the
// configuration waiting.
func readLogo(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New(path + " is no file")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, application.MaxLogo+1))
}
