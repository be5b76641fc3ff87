// Package caddymodule holds all that knows Caddy: the app odoo_gateway and the
// handler http.handlers.odoo_gateway. A whole Caddyfile:
//
//	{
//		odoo_gateway {
//			gateway erp {
//				issuer https://erp.example.com
//				database prod
//				application wiki {
//					name "Team wiki"
//					client_id team-wiki
//					client_secret {file./etc/caddy/wiki.secret}
//					redirect_uri https://wiki.example.com/callback
//					model_scheme wiki
//				}
//				model_scheme wiki {
//					whitelist customer
//				}
//				model_configuration customer {
//					model res.partner
//					fields whitelist name email
//					filter `[["customer_rank", ">", 0]]`
//				}
//			}
//		}
//	}
//
//	erp.example.com {
//		odoo_gateway erp
//		reverse_proxy 127.0.0.1:8069
//	}
//
// What may stand in a block is said at its type: [App], [Gateway],
// [Application], [ModelScheme], [ModelConfiguration], [BadgerStore], [PostgresStore].
package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/gateway"
	"github.com/caddy-odoo/gateway/internal/grant"
)

func init() {
	caddy.RegisterModule(App{})
}

// App is the Odoo OAuth2 gateway: authorization servers in front of Odoo
// databases, and the rules of what applications may read there. Each gateway
// is served by a handler `odoo_gateway` in the site of its issuer, before the
// `reverse_proxy` to Odoo.
//
// Secrets and paths may contain the placeholders `{env.NAME}` and
// `{file./path}`; they are resolved when the configuration is loaded, and one
// that is unset or empty is an error.
type App struct {
	// Where grants are kept. Default: `badger` in Caddy's data directory.
	StoreRaw json.RawMessage `json:"store,omitempty" caddy:"namespace=odoo_gateway.stores inline_key=module"`

	// The key that secrets in the store are sealed with: 32 bytes, in base64
	// or in hexadecimal. Default: the file `seal.key` in the store's
	// directory, made at the first start; a copy of that directory then
	// carries the key along. The key of a store can not be changed.
	SealKey string `json:"seal_key,omitempty"`

	// Who has made this configuration, such as `Jane Doe, ticket 42`: the
	// history of its objects names them beside what has changed. Default: the
	// user and the host of the Caddy process that has loaded it.
	ChangedBy string `json:"changed_by,omitempty"`

	// The gateways, by name: one for each Odoo database. Default: none, which
	// serves nothing.
	Gateways map[string]*Gateway `json:"gateways,omitempty"`

	ctx      caddy.Context
	logger   *zap.Logger
	store    *storeReference
	gateways map[string]*served
	metrics  *metrics
	sweeper  *sweeper // nil before the start
	started  bool     // and recorded
}

// served is a provisioned gateway with what its handlers need of it.
type served struct {
	*gateway.Gateway
	settings gatewaySettings
	handlerList
}

// CaddyModule returns the Caddy module information.
func (App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "odoo_gateway",
		New: func() caddy.Module { return new(App) },
	}
}

// Provision checks the configuration and takes a reference to the store. It
// opens nothing: a configuration may be validated beside a running server.
func (a *App) Provision(ctx caddy.Context) error {
	a.ctx = ctx
	a.logger = ctx.Logger()
	repl := caddy.NewReplacer()

	// The configuration comes first: where it is wrong, nothing was acquired.
	all := make(map[string]gatewaySettings, len(a.Gateways))
	for _, name := range slices.Sorted(maps.Keys(a.Gateways)) {
		if !validName(name) {
			return fmt.Errorf("gateway %q: %w", name, errName)
		}
		if a.Gateways[name] == nil {
			return fmt.Errorf("gateway %s: is empty", name)
		}
		s, err := a.Gateways[name].settings(repl)
		if err != nil {
			return fmt.Errorf("gateway %s: %w", name, err)
		}
		for _, other := range slices.Sorted(maps.Keys(all)) {
			if all[other].issuer.String() == s.issuer.String() {
				return fmt.Errorf("gateway %s: issuer: is that of gateway %s, too", name, other)
			}
		}
		all[name] = s
	}
	counters, err := newMetrics(ctx.GetMetricsRegistry())
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	if err := a.provisionStore(ctx, repl); err != nil {
		return err
	}
	if err := ctx.GetMetricsRegistry().Register(storeMetrics{a.store.pooled}); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	a.metrics = counters
	a.gateways = make(map[string]*served, len(all))
	for name, s := range all {
		config := s.config(name, a.store.state(), a.logger, counters)
		config.Described = a.described(name, s, repl)
		config.Served = func(r *http.Request, o gateway.Outcome) {
			counters.served(o)
			noteOutcome(r, &o)
		}
		counters.expect(name, s.applications)
		g, err := gateway.New(config)
		if err != nil {
			return fmt.Errorf("gateway %s: %w", name, err)
		}
		a.gateways[name] = &served{Gateway: g, settings: s}
	}
	if err := ctx.GetMetricsRegistry().Register(callMetrics{a.store.state().Calls, counters.configured}); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	return nil
}

// provisionStore takes the reference to the store that is configured.
func (a *App) provisionStore(ctx caddy.Context, repl *caddy.Replacer) error {
	var module Store = new(BadgerStore)
	if a.StoreRaw != nil {
		m, err := ctx.LoadModule(a, "StoreRaw")
		if err != nil {
			return fmt.Errorf("store: %w", err)
		}
		var ok bool
		if module, ok = m.(Store); !ok {
			return fmt.Errorf("store: %T is a module of another program's: only those of this one can be stores", m)
		}
	}
	options := storeOptions{module: module, logger: a.logger, kept: module.Kept()}
	var err error
	if options.name, err = module.Name(); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if options.sealKey, err = a.sealKey(repl); err != nil {
		return err
	}
	if options.sealKey == nil && module.keyFile() == "" {
		return errNoSharedKey
	}
	a.store, err = acquireStore(options)
	return err
}

// Start opens the store. Servers may have started before it: the first
// request opens it as well.
func (a *App) Start() error {
	if err := a.store.checkKey(); err != nil {
		return err
	}
	a.reportIdle()
	a.reportWeakSecrets()
	switch err := a.open(a.ctx); {
	case a.store.options.module.remote() && errors.Is(err, grant.ErrUnavailable):
		// Odoo is served all the same, and the store is opened when it is asked for.
		a.logger.Error("the store is out of reach: until it is not, the gateway answers 503", zap.Error(err))
	case err != nil:
		return err
	}
	a.recordStart()
	soon, ticker := time.NewTicker(sinceStart), time.NewTicker(sweepEvery)
	a.startSweeping(soon.C, ticker.C, soon.Stop, ticker.Stop)
	return nil
}

// reportIdle tells of gateways that nobody can use. Servers were provisioned
// before the first app starts.
func (a *App) reportIdle() {
	for _, name := range slices.Sorted(maps.Keys(a.gateways)) {
		g := a.gateways[name]
		if !g.used() {
			a.logger.Warn("gateway " + name + " is served by no site: put odoo_gateway into the site of its issuer")
		} else if f, ok := hostFinding(g.settings.issuer, g.places()); ok {
			a.logger.Warn("gateway " + name + ": " + f.Text + ": " + f.Advice)
		}
		if len(g.settings.applications) == 0 {
			a.logger.Warn("gateway " + name + " has no application")
		}
	}
}

// reportWeakSecrets tells of client secrets that are easily guessed.
func (a *App) reportWeakSecrets() {
	for _, name := range slices.Sorted(maps.Keys(a.gateways)) {
		for _, app := range a.gateways[name].settings.applications {
			for _, secret := range app.Secrets {
				if why := secret.Weakness(); why != "" {
					a.logger.Warn("application "+app.Name+" of gateway "+name+": its client_secret "+why+": replace it by one of `caddy odoo-gateway generate-secret`",
						zap.String("gateway", name), zap.String("application", app.Name))
				}
			}
		}
	}
}

// open opens the store and the keys of all gateways where that has not been
// done yet.
func (a *App) open(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(a.gateways)) {
		if err := a.gateways[name].Open(ctx); err != nil {
			return fmt.Errorf("gateway %s: %w", name, err)
		}
	}
	return nil
}

// Stop ends what runs in the background. Servers may still be draining, and a
// new configuration may use the same store: that is closed when the last
// reference to it is gone.
func (a *App) Stop() error {
	a.stopSweeping()
	a.recordStop()
	return nil
}

// Cleanup gives the reference to the store back.
func (a *App) Cleanup() error { return a.store.release() }

// gateway returns a gateway by name, or the only one where the name is empty.
func (a *App) gateway(name string) (*served, error) {
	if name == "" {
		if len(a.gateways) != 1 {
			return nil, fmt.Errorf("%d gateways are configured: say which one, as in `odoo_gateway <name>`", len(a.gateways))
		}
		for _, g := range a.gateways {
			return g, nil
		}
	}
	g, ok := a.gateways[name]
	if !ok {
		return nil, fmt.Errorf("there is no gateway %q", name)
	}
	return g, nil
}

// Interface guards
var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)
