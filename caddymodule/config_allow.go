package caddymodule

import (
	"errors"

	"github.com/caddy-odoo/gateway/internal/application"
)

// Allow says who may connect an application.
//
// In a Caddyfile:
//
//	allow internal
//	allow portal
//	allow group <xml_id>
type Allow struct {
	// `internal` is Odoo's internal users, `portal` those and portal users,
	// and `group` whoever belongs to one group. Required.
	Who string `json:"who,omitempty"`

	// The XML id of the group, such as `sales_team.group_sale_salesman`.
	// Required for `group`.
	Group string `json:"group,omitempty"`
}

var allowWords = []string{"internal", "portal", "group"}

// allow turns the configuration into the internal type.
func (a *Allow) allow() (application.Allow, error) {
	if a == nil {
		return application.Allow{}, nil
	}
	switch {
	case a.Who == "":
		return application.Allow{}, errors.New("who is required: internal, portal or group")
	case a.Who != "group" && a.Group != "":
		return application.Allow{}, errors.New("a group is named, which goes with who group")
	case a.Who == "group" && a.Group == "":
		return application.Allow{}, errors.New("the XML id of the group is required")
	}
	return application.Allow{Portal: a.Who == "portal", Group: a.Group}, oneOf("who", a.Who, allowWords)
}
