package caddymodule

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/caddy-odoo/gateway/internal/gateway"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// Where the running Caddy lists and revokes authorizations.
const (
	authorizationsEndpoint = "/odoo_gateway/authorizations"
	revokeEndpoint         = "/odoo_gateway/authorizations/revoke"
)

// authorization is one authorization as administrators see it: without
// anything that could be used.
type authorization struct {
	ID          string   `json:"id"`
	Application string   `json:"application"`
	RedirectURI string   `json:"redirect_uri,omitempty"` // where authorized individually
	Subject     string   `json:"subject"`
	Login       string   `json:"login"`
	Name        string   `json:"name"`
	Database    string   `json:"database"`
	UID         int64    `json:"uid"`
	Scope       []string `json:"scope,omitempty"` // none: all that the application may have

	Connection connectionView `json:"connection"`

	CreatedAt   time.Time `json:"created_at,omitzero"`
	ConsentedAt time.Time `json:"consented_at,omitzero"`
	LastUsedAt  time.Time `json:"last_used_at,omitzero"`
	RevokedAt   time.Time `json:"revoked_at,omitzero"`
}

// connectionView is how the gateway acts as the person.
type connectionView struct {
	Kind      string    `json:"kind"`
	Live      bool      `json:"live"`
	Since     time.Time `json:"since,omitzero"`
	EndedAt   time.Time `json:"ended_at,omitzero"`
	EndReason string    `json:"end_reason,omitempty"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	KeyID     int64     `json:"key_id,omitempty"` // of the API key's record in Odoo
	// KeyName is what the key is called in the person's preferences there.
	KeyName string `json:"key_name,omitempty"`
}

func (s *served) authorizationView(a grant.Authorization) authorization {
	view := authorization{
		ID: a.ID, Application: a.Application, RedirectURI: a.RedirectURI, Subject: a.Subject, Login: a.Login, Name: a.Name,
		Database: a.Database, UID: a.UID, Scope: a.Scope,
		Connection: connectionView{
			Kind: string(a.Connection.Kind), Live: a.Connection.Live(), Since: a.Connection.Since, EndedAt: a.Connection.EndedAt,
			EndReason: a.Connection.EndReason, ExpiresAt: a.Connection.ExpiresAt, KeyID: a.Connection.KeyID,
		},
		CreatedAt: a.CreatedAt, ConsentedAt: a.ConsentedAt, LastUsedAt: a.LastUsedAt, RevokedAt: a.RevokedAt,
	}
	if a.Connection.Kind == grant.APIKey {
		view.Connection.KeyName = s.KeyName(a.Application)
	}
	return view
}

func (s *served) authorizationViews(all []grant.Authorization) []authorization {
	views := make([]authorization, 0, len(all))
	for _, a := range all {
		views = append(views, s.authorizationView(a))
	}
	return views
}

// authorizationList is the answer to a listing.
type authorizationList struct {
	Authorizations []authorization `json:"authorizations"`
	// Next is what to send as after for the next page; "" on the last one.
	Next string `json:"next,omitempty"`
}

func serveAuthorizations(app *App, r *http.Request) (any, error) {
	p, err := readParameters(r, "gateway", "application", "subject", "login", "revoked", "after", "limit")
	if err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"", "true", "false"}, p["revoked"]) {
		return nil, adminError(http.StatusBadRequest, "revoked is neither true nor false")
	}
	limit, err := readLimit(p)
	if err != nil {
		return nil, err
	}
	s, err := app.named(p["gateway"])
	if err != nil {
		return nil, err
	}
	filter := gateway.AuthorizationFilter{Application: p["application"], Subject: p["subject"], Login: p["login"]}
	all, err := s.Authorizations(r.Context(), filter, p["revoked"] == "true", p["after"], limit)
	if err != nil {
		return nil, err
	}
	list := authorizationList{Authorizations: s.authorizationViews(all)}
	if len(all) == limit {
		list.Next = all[len(all)-1].ID
	}
	return list, nil
}

// revokeRequest says what to revoke: some authorizations by their ids, those
// that fit what is named of application, subject and login, or all.
type revokeRequest struct {
	Gateway     string   `json:"gateway,omitempty"`
	IDs         []string `json:"ids,omitempty"`
	Application string   `json:"application,omitempty"`
	Subject     string   `json:"subject,omitempty"`
	Login       string   `json:"login,omitempty"`
	All         bool     `json:"all,omitempty"`
}

// validate refuses what does not clearly say one thing.
func (r revokeRequest) validate() error {
	filtered := r.Application != "" || r.Subject != "" || r.Login != ""
	switch {
	case len(r.IDs) == 0 && !filtered && !r.All:
		return errors.New("say what to revoke: ids, an application, a subject or login, or all")
	case len(r.IDs) > 0 && filtered:
		return errors.New("ids stand alone: leave application, subject and login out")
	case r.All && (filtered || len(r.IDs) > 0):
		return errors.New("all stands alone: leave the rest out")
	case slices.Contains(r.IDs, ""):
		return errors.New("an id is empty")
	}
	return nil
}

// revokeReport is what was revoked, as it was before.
type revokeReport struct {
	Count int `json:"count"`
	// Revoked are the first grant.MaxPage of them.
	Revoked []authorization `json:"revoked"`
}

func serveRevoke(app *App, r *http.Request) (any, error) {
	var request revokeRequest
	if err := readJSON(r, &request); err != nil {
		return nil, err
	}
	if err := request.validate(); err != nil {
		return nil, adminError(http.StatusBadRequest, err.Error())
	}
	s, err := app.named(request.Gateway)
	if err != nil {
		return nil, err
	}
	revoked, err := request.revoke(s, r)
	if err != nil {
		// Those are gone, whatever became of the others.
		return nil, fmt.Errorf("after %d were revoked: %w", len(revoked), err)
	}
	return revokeReport{Count: len(revoked), Revoked: s.authorizationViews(revoked[:min(grant.MaxPage, len(revoked))])}, nil
}

func (r revokeRequest) revoke(s *served, request *http.Request) ([]grant.Authorization, error) {
	if len(r.IDs) == 0 {
		return s.RevokeAuthorizations(request.Context(), gateway.AuthorizationFilter{
			Application: r.Application, Subject: r.Subject, Login: r.Login,
		})
	}
	var revoked []grant.Authorization
	for _, id := range r.IDs {
		a, err := s.RevokeAuthorization(request.Context(), id)
		switch {
		case errors.Is(err, grant.ErrNotFound):
			return revoked, adminError(http.StatusNotFound, fmt.Sprintf("there is no authorization %q", id))
		case err != nil:
			return revoked, err
		case a.Live():
			revoked = append(revoked, a)
		}
	}
	return revoked, nil
}
