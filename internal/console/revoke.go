package console

import (
	"errors"
	"net/http"

	"github.com/caddy-odoo/gateway/internal/administration"
	"github.com/caddy-odoo/gateway/internal/page"
)

// revocation is what a form revokes: one authorization, or all that fit.
type revocation struct {
	ID          string `json:"i,omitempty"`
	All         bool   `json:"all,omitempty"`
	Application string `json:"a,omitempty"`
	Subject     string `json:"s,omitempty"`
	// Back is the query of the list that the form stood on.
	Back string `json:"b,omitempty"`
}

// maxBack is the longest query, in bytes, that is gone back to.
const maxBack = 1000

func (c *Console) authorizations(v visit, a page.Admin) (page.AdminPage, error) {
	p := page.AdminAuthorizations{
		Admin: a, Applications: v.desk.Titles(), Application: v.parameter("application"), Person: v.parameter("person"),
		Subject: v.parameter("subject"), Revoked: v.parameter("revoked") == "true", Action: RevokePath,
	}
	filter := administration.Filter{Application: p.Application, Subject: p.Subject, Person: p.Person}
	list, err := v.desk.Authorizations(v.r.Context(), filter, p.Revoked, v.page())
	if err != nil {
		return nil, err
	}
	p.Next = v.next(list.Next, "application", "person", "subject", "revoked")
	p.Done = c.Door.TakeRevoked(v.w, v.r, v.who, AuthorizationsPath)
	if p.Whose, err = v.desk.Whose(v.r.Context(), p.Subject); err != nil {
		return nil, err
	}
	back := v.r.URL.RawQuery
	if len(back) > maxBack {
		back = ""
	}
	live := false
	for _, item := range list.Authorizations {
		entry := page.AdminAuthorization{Authorization: item}
		if item.RevokedAt.IsZero() {
			live = true
			if entry.Token, err = c.Door.SealForm(v.who, revocation{ID: item.ID, Back: back}); err != nil {
				return nil, err
			}
		}
		p.Items = append(p.Items, entry)
	}
	// A part of a name is too loose for revoking many.
	if live && p.Person == "" {
		if p.Application != "" {
			p.MassTitle = list.Authorizations[0].Title
		}
		p.Mass, err = c.Door.SealForm(v.who, revocation{All: true, Application: p.Application, Subject: p.Subject, Back: back})
	}
	return p, err
}

// Revoke takes the forms of the list of authorizations.
func (c *Console) Revoke(w http.ResponseWriter, r *http.Request, rt http.RoundTripper) {
	v, ok := c.enter(w, r, rt)
	if !ok {
		return
	}
	var means revocation
	if !c.Door.OpenForm(v.r, v.who, &means) {
		c.Door.RefuseForm(w, v.r, AuthorizationsPath)
		return
	}
	var report administration.Revocation
	var err error
	switch {
	case means.ID != "":
		report, err = v.desk.RevokeIDs(v.r.Context(), []string{means.ID})
	case means.All:
		report, err = v.desk.Revoke(v.r.Context(), administration.Filter{Application: means.Application, Subject: means.Subject})
	}
	if none := (administration.ErrNoAuthorization{}); err != nil && !errors.As(err, &none) && !errors.Is(err, administration.ErrUnknown) {
		c.Door.StoreFailed(w, v.r, err)
		return
	}
	if report.Count > 0 {
		c.Door.NoteRevoked(w, v.who, AuthorizationsPath, report.Count)
	}
	to := AuthorizationsPath
	if means.Back != "" {
		to += "?" + means.Back
	}
	w.Header().Set("Location", to)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusSeeOther)
}
