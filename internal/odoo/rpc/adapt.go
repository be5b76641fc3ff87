package rpc

import (
	"context"
	"errors"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// send runs one call as it is.
type send func(odoo.Call) (odoo.Result, error)

// adapt runs a call that some version knows by another name, or in another
// form, as that version knows it. This is the one place for that: all others
// speak one language. The version is asked only for such calls.
//
//	check_access_rights   16, 17  from 18 on has_access: 18 and 19 still have the
//	                              older one, but with raise_exception it answers None
//	has_access            18–20   on 16 and 17 check_access_rights and check_access_rule
//	read_group            17–19   on 20 formatted_read_group: see readGroup; on 16
//	                              the lowest id of a group has another name
//	formatted_read_group  19, 20  before, read_group: see formattedGroup
func (c *Client) adapt(ctx context.Context, rt http.RoundTripper, userAgent string, call odoo.Call, run send) (odoo.Result, error) {
	var other func(major int, call odoo.Call, run send) (odoo.Result, error)
	var needed func(major int) bool
	switch call.Method {
	case "check_access_rights":
		other, needed = accessRights, func(major int) bool { return major >= 18 }
	case "has_access":
		other, needed = hasAccess, func(major int) bool { return major < 18 }
	case "read_group":
		other, needed = readGroup, func(major int) bool { return major < 17 || major >= 20 }
	case "formatted_read_group":
		other, needed = formattedGroup, func(major int) bool { return major < 19 }
	default:
		return run(call)
	}
	major, err := c.Major(ctx, rt, userAgent)
	if err != nil {
		return odoo.Result{}, err
	}
	if !needed(major) {
		result, err := run(call)
		c.distrust(err)
		return result, err
	}
	result, err := other(major, call, run)
	c.distrust(err)
	return result, err
}

// accessRights is check_access_rights where there is only has_access, which
// raises nothing.
func accessRights(_ int, call odoo.Call, run send) (odoo.Result, error) {
	operation, _ := call.Arg("operation", 0)
	raise, given := call.Arg("raise_exception", 1)
	result, err := run(odoo.Call{
		Model: call.Model, Method: "has_access", IDs: []int64{}, Kwargs: map[string]any{"operation": operation}, Context: call.Context,
	})
	if err == nil && string(result.Value) == "false" && (!given || raise == true) {
		return odoo.Result{}, &odoo.Error{Kind: odoo.AccessError, Message: "no right to the operation"}
	}
	return result, err
}

// hasAccess is has_access where rights on the model and rules for records are
// asked for one by one, and the latter raise.
func hasAccess(_ int, call odoo.Call, run send) (odoo.Result, error) {
	operation, _ := call.Arg("operation", 0)
	result, err := run(odoo.Call{
		Model: call.Model, Method: "check_access_rights", Context: call.Context,
		Kwargs: map[string]any{"operation": operation, "raise_exception": false},
	})
	if err != nil || string(result.Value) != "true" || len(call.IDs) == 0 {
		return result, err
	}
	_, err = run(odoo.Call{
		Model: call.Model, Method: "check_access_rule", IDs: call.IDs, Kwargs: map[string]any{"operation": operation}, Context: call.Context,
	})
	var e *odoo.Error
	if errors.As(err, &e) && e.Kind == odoo.AccessError {
		return odoo.Result{Value: jsontext.Value("false")}, nil
	}
	return result, err
}
