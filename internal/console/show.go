package console

import (
	"maps"

	"github.com/caddy-odoo/gateway/internal/administration"
	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/page"
)

func (c *Console) applications(v visit, a page.Admin) (page.AdminPage, error) {
	p := page.AdminApplications{Admin: a, Archived: v.parameter("state") == "archived", Text: v.parameter("q")}
	p.Items = v.desk.Applications(v.r.Context(), administration.ApplicationFilter{Archived: p.Archived, Text: p.Text})
	return p, nil
}

func (c *Console) application(v visit, a page.Admin) (page.AdminPage, error) {
	item, err := v.desk.Application(v.r.Context(), v.parameter("name"))
	if err != nil {
		return nil, err
	}
	p := page.AdminApplication{Admin: a, Item: item, May: v.desk.Allows(v.r.Context(), item.Name)}
	if item.Active { // an archived one has none
		p.Logo = page.LogoURL(item.ClientID, item.Logo.Type, item.Logo.Data)
	}
	return p, nil
}

func (c *Console) schemes(v visit, a page.Admin) (page.AdminPage, error) {
	p := page.AdminSchemes{Admin: a}
	p.Schemes, p.Configurations = v.desk.Models(v.r.Context())
	return p, nil
}

func (c *Console) scheme(v visit, a page.Admin) (page.AdminPage, error) {
	item, err := v.desk.Scheme(v.r.Context(), v.parameter("name"))
	return page.AdminScheme{Admin: a, Item: item}, err
}

func (c *Console) configuration(v visit, a page.Admin) (page.AdminPage, error) {
	item, err := v.desk.Configuration(v.r.Context(), v.parameter("name"))
	return page.AdminConfiguration{Admin: a, Item: item}, err
}

func (c *Console) codes(v visit, a page.Admin) (page.AdminPage, error) {
	p := page.AdminCodes{Admin: a, Applications: v.desk.Titles(), Application: v.parameter("application")}
	list, err := v.desk.Codes(v.r.Context(), p.Application, "", v.page())
	p.Items, p.Next = list.Codes, v.next(list.Next, "application")
	return p, err
}

func (c *Console) audit(v visit, a page.Admin) (page.AdminPage, error) {
	p := page.AdminAudit{
		Admin: a, Kinds: administration.Kinds(), Applications: v.desk.Titles(), Looks: v.parameter("all") == "true",
		Kind: v.parameter("kind"), Application: v.parameter("application"), Subject: v.parameter("subject"), Whom: v.parameter("login"),
	}
	list, err := v.desk.Events(v.r.Context(), administration.EventFilter{
		Kind: p.Kind, Application: p.Application, Subject: p.Subject, Login: p.Whom, Looks: p.Looks,
	}, v.page())
	if err != nil {
		return nil, err
	}
	for i, e := range list.Events {
		if e.Detail[audit.AdminLogin] != "" { // which says more than the sub
			list.Events[i].Detail = maps.Clone(e.Detail)
			delete(list.Events[i].Detail, "admin")
		}
	}
	p.Items, p.LeftOut, p.Next = list.Events, list.LeftOut, v.next(list.Next, "kind", "application", "subject", "login", "all")
	if p.LeftOut > 0 {
		p.AllURL = v.with("all", "true", "kind", "application", "subject", "login", "after")
	}
	p.Whose, err = v.desk.Whose(v.r.Context(), p.Subject)
	return p, err
}

func (c *Console) settings(v visit, a page.Admin) (page.AdminPage, error) {
	history, err := v.desk.Settings(v.r.Context())
	return page.AdminSettings{Admin: a, Gateway: c.Gateway, Issuer: c.Issuer, History: history}, err
}
