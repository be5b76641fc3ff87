package caddymodule

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddy-odoo/gateway/internal/application"
	"github.com/caddy-odoo/gateway/internal/doctor"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// examineStore reads all of the store, and changes nothing.
func (a *App) examineStore(parent context.Context) []doctor.Finding {
	ctx, cancel := context.WithTimeout(parent, storeTime)
	defer cancel()
	if _, err := a.store.state().Open(context.WithoutCancel(ctx)); err != nil {
		return []doctor.Finding{{Part: "store", Status: doctor.Problem, Text: "is not open: " + err.Error()}}
	}
	all := a.census(ctx)
	return append(append(all, a.store.database().examine(ctx, a.store.options.name)), a.examineKey())
}

// owner is an application of a gateway, by their configured names.
type owner struct{ gateway, application string }

// census counts what is in the store. What it can not read is a problem; so
// are, to a lesser degree, grants whose application is not there.
func (a *App) census(ctx context.Context) []doctor.Finding {
	f := doctor.Finding{Part: "store", Status: doctor.OK}
	records := 0
	live := make(map[owner]int)
	err := a.store.database().Export(ctx, func(r grant.Record) error {
		records++
		if r.Authorization != nil && r.Authorization.Live() {
			live[owner{r.Gateway, r.Authorization.Application}]++
		}
		return nil
	})
	authorizations := 0
	for _, n := range live {
		authorizations += n
	}
	f.Text = fmt.Sprintf("is open and can be read: %s, %s", several(authorizations, "authorization"), several(records, "record"))
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		f.Status, f.Text = doctor.Unknown, fmt.Sprintf("is open; in %v %s could be read, and not all", storeTime, several(records, "record"))
	case err != nil:
		f.Status, f.Text = doctor.Problem, "can not be read: "+err.Error()
		f.Advice = "stop Caddy, keep a copy of the directory, and restore a backup"
	}
	if dir := a.store.options.name; !a.store.options.module.remote() && f.Status == doctor.OK {
		if info, err := os.Stat(dir); err == nil && info.Mode().Perm()&0o077 != 0 {
			f.Status, f.Text = doctor.Warning, "other users of this machine can look into "+dir
			f.Advice = "chmod 700 " + dir
		}
	}
	return append([]doctor.Finding{f}, a.orphans(live)...)
}

// orphans are grants that nobody can use: they come back with the name of their
// application, whoever has that then.
func (a *App) orphans(live map[owner]int) []doctor.Finding {
	var all []doctor.Finding
	order := func(a, b owner) int {
		return cmp.Or(cmp.Compare(a.gateway, b.gateway), cmp.Compare(a.application, b.application))
	}
	for _, o := range slices.SortedFunc(maps.Keys(live), order) {
		f := doctor.Finding{Part: "grants", Status: doctor.Warning}
		s := a.gateways[o.gateway]
		switch {
		case s == nil:
			f.Text = fmt.Sprintf("%s %s of the gateway %s, which is not configured", several(live[o], "authorization"), are(live[o]), o.gateway)
			f.Advice = "configure it under that name again, or leave them: they are of no use without it"
		case !slices.ContainsFunc(s.settings.applications, func(app application.Application) bool { return app.Name == o.application }):
			f.Text = fmt.Sprintf("%s %s of the application %s of the gateway %s, which is not configured", several(live[o], "authorization"), are(live[o]), o.application, o.gateway)
			f.Advice = fmt.Sprintf("give it its name back, or take them back: caddy odoo-gateway authorizations revoke --gateway %s --application %s", o.gateway, o.application)
		default:
			continue
		}
		all = append(all, f)
	}
	return all
}

// examineKey tells whether the next start will open the store. A file that the
// key is in is read again: it may have changed since the configuration was
// loaded.
func (a *App) examineKey() doctor.Finding {
	f := doctor.Finding{Part: "seal key", Status: doctor.OK, Text: "is the one of seal_key"}
	r := a.store
	key, err := a.sealKey(caddy.NewReplacer())
	if err == nil && key == nil {
		key, err = r.options.key()
	}
	if err == nil && !r.pooled.fits(key) {
		err = errOtherKey(r.options.name)
	}
	if err != nil {
		f.Status, f.Text = doctor.Problem, err.Error()
		f.Advice = "do so before Caddy restarts or reloads: neither would work"
		return f
	}
	if r.options.sealKey != nil {
		return f
	}
	path := r.options.keyFile()
	f.Text = "is in " + path + ", beside what it seals"
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		f.Status, f.Text, f.Advice = doctor.Warning, "other users of this machine can read "+path, "chmod 600 "+path
	}
	return f
}
