package gateway

import (
	"slices"
	"strings"
	"sync"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/odoo"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

// advice tells the administrator, once for each model configuration, what
// only Odoo's answers show to be wrong in it.
type advice struct {
	logger *zap.Logger
	given  sync.Map // text and configuration: the whole of it, for list
}

// closed tells that a filter closes its model.
func (a *advice) closed(d *scheme.Denied) {
	if d.Code == scheme.CodeClosed && d.Configuration != "" {
		a.give("a filter names a field that does not exist, cannot be searched, or is hidden from this person: the model is closed",
			d.Configuration, d.Model, []string{d.Field}, zap.String("field", d.Field))
	}
}

// unknown tells of fields that a model does not have.
func (a *advice) unknown(rules *scheme.Scheme, model string, known odoo.Fields) {
	configuration, fields := rules.Unknown(model, known)
	if len(known) > 0 && len(fields) > 0 {
		a.give("fields are named that do not exist, or that are hidden from this person", configuration, model, fields, zap.Strings("fields", fields))
	}
}

// missing tells of a model that Odoo does not have.
func (a *advice) missing(rules *scheme.Scheme, model string) {
	if configuration, _ := rules.Unknown(model, nil); configuration != "" {
		a.give("Odoo has no such model", configuration, model, nil, zap.Skip())
	}
}

// list is all that was given, in the order of configurations.
func (a *advice) list() []string {
	var all []string
	a.given.Range(func(_, text any) bool {
		all = append(all, text.(string))
		return true
	})
	slices.Sort(all)
	return all
}

func (a *advice) give(text, configuration, model string, fields []string, what zap.Field) {
	whole := "model_configuration " + configuration + ": " + text + ": " + strings.Join(append([]string{model}, fields...), ", ")
	if _, given := a.given.LoadOrStore([2]string{text, configuration}, whole); !given {
		a.logger.Warn("model configuration "+configuration+": "+text, zap.String("model_configuration", configuration),
			zap.String("model", model), what)
	}
}
