package gateway

import (
	"context"
	"encoding/base64"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// attachments is the model of files that stand for themselves.
const attachments = "ir.attachment"

// File implements dialect.Runner. It is a read of that one field, and nothing
// else: whoever may not read the field there may not have the file here. Odoo's
// own routes for files are never asked, because they know no rules of ours.
func (n *runner) File(ctx context.Context, model string, id int64, field string) (dialect.File, error) {
	if model == attachments && field == "raw" {
		// The same bytes, which an RPC makes a text of that fits no file.
		field = "datas"
	}
	call := odoo.Call{Model: model, Method: "read", IDs: []int64{id}, Kwargs: map[string]any{"fields": []any{field}}}
	if model == attachments {
		if named := call.With("fields", []any{field, "name"}); n.open(ctx, named) {
			call = named
		}
	}
	result, err := n.Do(ctx, call)
	if err != nil {
		return dialect.File{}, err
	}
	fields, err := personFields{n}.Fields(ctx, model)
	if err != nil {
		return dialect.File{}, failure(err)
	}
	if fields[field].Type != "binary" {
		return dialect.File{}, &dialect.Failure{Kind: dialect.Invalid, Code: "not_a_file", Message: "The field holds no file"}
	}
	records, err := odoo.Records(result.Value)
	if err != nil {
		return dialect.File{}, failure(err)
	}
	if len(records) != 1 {
		return dialect.File{}, absent()
	}
	file := dialect.File{Name: text(records[0].Get("name"))}
	if file.Content, err = base64.StdEncoding.DecodeString(text(records[0].Get(field))); err != nil {
		n.service.logger.Error("file is not in base64: " + model + "." + field)
		return dialect.File{}, failure(&odoo.Error{Kind: odoo.Server, Message: "file is not in base64", Err: err})
	}
	if len(file.Content) == 0 {
		return dialect.File{}, absent()
	}
	return file, nil
}

// open tells whether the rules let a call through. Nobody has asked for it: a
// refusal is none that the audit trail should have.
func (n *runner) open(ctx context.Context, call odoo.Call) bool {
	_, err := n.rules.Check(ctx, personFields{n}, call)
	return err == nil
}

// absent is the answer for a record that is not there, is outside of the
// filter, or has no file: nobody can tell which.
func absent() *dialect.Failure { return challenged(failures[odoo.Missing]) }
