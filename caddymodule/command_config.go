package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

// configFlags say which configuration a command reads that asks no running
// Caddy.
type configFlags struct{ config, adapter string }

func (f *configFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.config, "config", "c", "", "Configuration file (default: Caddyfile in this directory)")
	cmd.Flags().StringVarP(&f.adapter, "adapter", "a", "", "Name of config adapter to apply")
}

// app is what the configuration says of the gateway, in JSON.
func (f configFlags) app() (json.RawMessage, error) {
	config, file, _, err := caddycmd.LoadConfig(f.config, f.adapter)
	if err != nil {
		return nil, err
	}
	if file == "" {
		return nil, errors.New("say which configuration names the store: --config, as for caddy run")
	}
	var c struct {
		Apps map[string]json.RawMessage `json:"apps"`
	}
	if err := json.Unmarshal(config, &c); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if c.Apps["odoo_gateway"] == nil {
		return nil, fmt.Errorf("%s: the app odoo_gateway is not configured", file)
	}
	return c.Apps["odoo_gateway"], nil
}

// quiet is how a command logs that is no server: what Caddy tells of each file
// that it reads would stand before what was asked for.
func quiet() *caddy.Logging {
	return &caddy.Logging{Logs: map[string]*caddy.CustomLog{
		caddy.DefaultLoggerName: {BaseLog: caddy.BaseLog{Level: "WARN"}},
	}}
}

// quieten makes Caddy log so from now on.
func quieten(*cobra.Command, []string) error {
	_, err := caddy.ProvisionContext(&caddy.Config{Admin: &caddy.AdminConfig{Disabled: true}, Logging: quiet()})
	return err
}

// provisioned provisions the app alone. Whoever calls it cleans it up.
func provisioned(app json.RawMessage) (*App, error) {
	ctx, err := caddy.ProvisionContext(&caddy.Config{
		Admin:   &caddy.AdminConfig{Disabled: true},
		Logging: quiet(),
		AppsRaw: caddy.ModuleMap{"odoo_gateway": app},
	})
	if err != nil {
		return nil, err
	}
	a, err := ctx.AppIfConfigured("odoo_gateway")
	if err != nil {
		return nil, err
	}
	return a.(*App), nil
}

// store is where the configuration keeps grants, whatever else is in it: its
// secrets may be in an environment that only Caddy has.
func (f configFlags) store() (storeOptions, error) {
	text, err := f.app()
	if err != nil {
		return storeOptions{}, err
	}
	var part struct {
		Store   json.RawMessage `json:"store,omitempty"`
		SealKey string          `json:"seal_key,omitempty"`
	}
	if err := json.Unmarshal(text, &part); err != nil {
		return storeOptions{}, fmt.Errorf("the app odoo_gateway: %w", err)
	}
	if text, err = json.Marshal(part); err != nil {
		return storeOptions{}, err
	}
	app, err := provisioned(text)
	if err != nil {
		return storeOptions{}, err
	}
	return app.store.options, app.Cleanup()
}
