package caddymodule

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/caddy-odoo/gateway/internal/token"
)

// Where the running Caddy lists and rotates signing keys.
const (
	keysEndpoint   = "/odoo_gateway/keys"
	rotateEndpoint = "/odoo_gateway/keys/rotate"
)

// signingKey is a signing key as administrators see it.
type signingKey struct {
	ID        string    `json:"kid"`
	Algorithm string    `json:"alg"`
	CreatedAt time.Time `json:"created_at"`
	SignsFrom time.Time `json:"signs_from"`
	EndsAt    time.Time `json:"ends_at,omitzero"`
	// State is "signs" for the one that signs now, "waits" for one that will,
	// and "verifies" for one that did.
	State string `json:"state"`
}

func keyView(k token.Key, now time.Time) signingKey {
	state := "verifies"
	switch {
	case k.Signs:
		state = "signs"
	case k.SignsFrom.After(now):
		state = "waits"
	}
	return signingKey{ID: k.ID, Algorithm: k.Algorithm, CreatedAt: k.CreatedAt, SignsFrom: k.SignsFrom, EndsAt: k.EndsAt, State: state}
}

// keyList is the answer to a listing.
type keyList struct {
	Keys []signingKey `json:"keys"`
}

func listKeys(s *served, r *http.Request) (keyList, error) {
	all, err := s.SigningKeys(r.Context())
	if err != nil {
		return keyList{}, err
	}
	list := keyList{Keys: make([]signingKey, 0, len(all))}
	for _, k := range all {
		list.Keys = append(list.Keys, keyView(k, time.Now()))
	}
	return list, nil
}

func serveKeys(app *App, r *http.Request) (any, error) {
	p, err := readParameters(r, "gateway")
	if err != nil {
		return nil, err
	}
	s, err := app.named(p["gateway"])
	if err != nil {
		return nil, err
	}
	list, err := listKeys(s, r)
	if err != nil {
		return nil, err
	}
	desk, err := s.desk(r)
	if err != nil {
		return nil, err
	}
	desk.ListedKeys(r.Context())
	return list, nil
}

// rotateRequest says how to rotate.
type rotateRequest struct {
	Gateway string `json:"gateway,omitempty"`
	// AtOnce ends all other keys, and with them every access token.
	AtOnce bool `json:"at_once,omitempty"`
}

// rotateReport is what has become of the keys.
type rotateReport struct {
	// Made is the id of the new one.
	Made string `json:"made"`
	keyList
}

func serveRotate(app *App, r *http.Request) (any, error) {
	var request rotateRequest
	if err := readJSON(r, &request); err != nil {
		return nil, err
	}
	s, err := app.named(request.Gateway)
	if err != nil {
		return nil, err
	}
	kid, err := s.RotateKeys(r.Context(), actor(r), request.AtOnce)
	if errors.Is(err, token.ErrRotating) {
		return nil, adminError(http.StatusConflict, fmt.Sprintf("a rotation is under way: key %s waits for its turn, see keys list", kid))
	}
	if err != nil {
		return nil, err
	}
	list, err := listKeys(s, r)
	return rotateReport{Made: kid, keyList: list}, err
}
