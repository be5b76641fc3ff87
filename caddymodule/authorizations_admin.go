package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/caddy-odoo/gateway/internal/administration"
)

// Where the running Caddy lists and revokes authorizations.
const (
	authorizationsEndpoint = "/odoo_gateway/authorizations"
	revokeEndpoint         = "/odoo_gateway/authorizations/revoke"
)

func serveAuthorizations(app *App, r *http.Request) (any, error) {
	p, err := readParameters(r, "gateway", "application", "subject", "login", "revoked", "after", "limit")
	if err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"", "true", "false"}, p["revoked"]) {
		return nil, adminError(http.StatusBadRequest, "revoked is neither true nor false")
	}
	desk, page, err := app.deskPage(p, r)
	if err != nil {
		return nil, err
	}
	filter := administration.Filter{Application: p["application"], Subject: p["subject"], Login: p["login"]}
	return desk.Authorizations(r.Context(), filter, p["revoked"] == "true", page)
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

func serveRevoke(app *App, r *http.Request) (any, error) {
	var request revokeRequest
	if err := readJSON(r, &request); err != nil {
		return nil, err
	}
	if err := request.validate(); err != nil {
		return nil, adminError(http.StatusBadRequest, err.Error())
	}
	desk, err := app.desk(request.Gateway, r)
	if err != nil {
		return nil, err
	}
	report, err := request.revoke(r.Context(), desk)
	if err != nil && report.Count > 0 {
		// Those are gone, whatever became of the others.
		return nil, fmt.Errorf("after %d were revoked: %w", report.Count, err)
	}
	return report, err
}

func (r revokeRequest) revoke(ctx context.Context, desk *administration.Desk) (administration.Revocation, error) {
	if len(r.IDs) == 0 {
		return desk.Revoke(ctx, administration.Filter{Application: r.Application, Subject: r.Subject, Login: r.Login})
	}
	return desk.RevokeIDs(ctx, r.IDs)
}
