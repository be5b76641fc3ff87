package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/caddy-odoo/gateway/internal/connection"
)

// checkTime is how long the check of one gateway may take.
const checkTime = 15 * time.Second

// finding is what one part of a check has found. Its text is for people and
// holds no secrets.
type finding struct {
	OK   bool   `json:"ok"`
	Text string `json:"text"`
}

// gatewayCheck is what was found about one gateway.
type gatewayCheck struct {
	Name        string  `json:"name"`
	Issuer      string  `json:"issuer"`
	Store       finding `json:"store"`
	Site        finding `json:"site"`
	Odoo        finding `json:"odoo"`
	OdooVersion string  `json:"odoo_version,omitempty"`
}

// ok tells whether nothing is wrong.
func (c gatewayCheck) ok() bool { return c.Store.OK && c.Site.OK && c.Odoo.OK }

// checkReport is the answer of the admin endpoint.
type checkReport struct {
	OK       bool           `json:"ok"`
	Gateways []gatewayCheck `json:"gateways"`
}

// check looks at one gateway, or at all where the name is empty.
func (a *App) check(ctx context.Context, name string) (checkReport, error) {
	names := slices.Sorted(maps.Keys(a.gateways))
	if name != "" {
		if _, err := a.gateway(name); err != nil {
			return checkReport{}, err
		}
		names = []string{name}
	}
	report := checkReport{OK: len(names) > 0, Gateways: []gatewayCheck{}}
	for _, name := range names {
		c := a.checkGateway(ctx, name, a.gateways[name])
		report.OK = report.OK && c.ok()
		report.Gateways = append(report.Gateways, c)
	}
	return report, nil
}

func (a *App) checkGateway(parent context.Context, name string, s *served) gatewayCheck {
	ctx, cancel := context.WithTimeout(parent, checkTime)
	defer cancel()
	c := gatewayCheck{Name: name, Issuer: s.settings.issuer.String()}
	c.Store = finding{OK: true, Text: "is open"}
	if err := s.Open(context.WithoutCancel(ctx)); err != nil {
		c.Store = finding{Text: "is not open: " + err.Error()}
	}
	reached := false
	err := a.withUpstream(ctx, s, func(rt http.RoundTripper) (err error) {
		reached = true
		c.OdooVersion, err = s.OdooVersion(ctx, rt, connection.UserAgent(""))
		return err
	})
	switch {
	case !reached:
		if err == nil {
			err = errNotServed
		}
		if errors.Is(err, errNotServed) {
			c.Site = finding{Text: err.Error()}
		} else {
			c.Site = finding{Text: "does not work: " + err.Error()}
		}
		c.Odoo = finding{Text: "was not asked"}
	case err != nil:
		c.Site = finding{OK: true, Text: "serves the gateway"}
		c.Odoo = finding{Text: "does not answer: " + err.Error()}
	default:
		c.Site = finding{OK: true, Text: "serves the gateway"}
		c.Odoo = finding{OK: true, Text: "answers, version " + c.OdooVersion}
	}
	return c
}

// write prints a report for people.
func (r checkReport) write(out io.Writer) error {
	if len(r.Gateways) == 0 {
		_, err := fmt.Fprintln(out, "no gateway is configured")
		return err
	}
	for _, c := range r.Gateways {
		if _, err := fmt.Fprintf(out, "gateway %s\n  issuer  %s\n", c.Name, c.Issuer); err != nil {
			return err
		}
		for _, line := range []struct {
			part  string
			found finding
		}{{"store", c.Store}, {"site", c.Site}, {"odoo", c.Odoo}} {
			wrong := ""
			if !line.found.OK {
				wrong = "WRONG: "
			}
			if _, err := fmt.Fprintf(out, "  %-6s  %s%s\n", line.part, wrong, oneLine(line.found.Text)); err != nil {
				return err
			}
		}
	}
	return nil
}

// oneLine makes a text fit for a terminal: Odoo may have written parts of it.
func oneLine(text string) string {
	const most = 400 // characters
	clean := []rune(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text))
	if len(clean) > most {
		return string(clean[:most]) + " …"
	}
	return string(clean)
}
