package rpc

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// null is the result of an answer without one: up to Odoo 19 the answer of a
// method that returns None has no result member at all.
var null = jsontext.Value("null")

// parseAnswer takes a JSON-RPC answer apart. The result points into body.
func parseAnswer(body []byte, model, method string) (jsontext.Value, error) {
	members, err := split(body)
	if err != nil {
		// What stops in the middle was cut on the way; anything else is Odoo's.
		kind := odoo.Server
		if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			kind = odoo.Unavailable
		}
		return nil, &odoo.Error{Kind: kind, Message: "the answer is malformed", Err: err}
	}
	if members.Get("jsonrpc") == nil {
		return nil, &odoo.Error{Kind: odoo.Unavailable, Message: "the answer is not Odoo's"}
	}
	// Odoo fails without an id before it has read one. Another than ours is that
	// of a browser's request, whose answer something on the way has mistaken.
	if id := members.Get("id"); id != nil && id.Kind() != 'n' && string(id) != requestIDText {
		return nil, &odoo.Error{Kind: odoo.Unavailable, Message: "the answer is one to another request"}
	}
	if raw := members.Get("error"); raw != nil && raw.Kind() != 'n' {
		return nil, classify(raw, model, method)
	}
	if result := members.Get("result"); result != nil {
		return result, nil
	}
	return null, nil
}

// split returns the members of the object that body is.
func split(body []byte) (odoo.Record, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(body))
	tok, err := dec.ReadToken()
	if err != nil {
		return nil, err
	}
	if tok.Kind() != '{' {
		return nil, errors.New("no object")
	}
	var members odoo.Record
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String()
		raw, err := dec.ReadValue()
		if err != nil {
			return nil, err
		}
		end := dec.InputOffset()
		members = append(members, odoo.Member{Name: key, Value: body[end-int64(len(raw)) : end : end]})
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return nil, errors.New("data after the answer")
	}
	return members, nil
}
