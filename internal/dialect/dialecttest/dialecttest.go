// Package dialecttest lets tests of dialects speak raw HTTP to a handler and
// stand in for what runs their calls.
package dialecttest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// Runner records calls and answers them as told.
type Runner struct {
	Calls   []odoo.Call
	Answers []string // JSON, in turn; the last one again and again
	Err     error    // if set, the answer to every call
	// ErrAfter is how many calls are answered before Err is.
	ErrAfter int
	Listed   []dialect.Model
	Windows  map[string]dialect.Window
	Quirks   bool
	FileName string
	// AuthErr, if set, is the answer of Authenticate.
	AuthErr error
}

// Authenticate implements dialect.Authenticator.
func (f *Runner) Authenticate(*http.Request) (dialect.Runner, error) {
	if f.AuthErr != nil {
		return nil, f.AuthErr
	}
	return f, nil
}

// Do implements dialect.Runner.
func (f *Runner) Do(_ context.Context, call odoo.Call) (odoo.Result, error) {
	f.Calls = append(f.Calls, call)
	if f.Err != nil && len(f.Calls) > f.ErrAfter {
		return odoo.Result{}, f.Err
	}
	answer := f.Answers[min(len(f.Calls), len(f.Answers))-1]
	return odoo.Result{Value: []byte(answer)}, nil
}

// Models implements dialect.Runner.
func (f *Runner) Models(context.Context) ([]dialect.Model, error) { return f.Listed, f.Err }

// Model implements dialect.Runner.
func (f *Runner) Model(_ context.Context, model string) (dialect.Model, error) {
	for _, m := range f.Listed {
		if m.Model == model && f.Err == nil {
			return m, nil
		}
	}
	return dialect.Model{Model: model, Name: model}, f.Err
}

// Window implements dialect.Runner.
func (f *Runner) Window(_ context.Context, model string) (dialect.Window, bool) {
	w, ok := f.Windows[model]
	return w, ok
}

// Report implements dialect.Runner: the call of a method "report" of the model
// that the report is called.
func (f *Runner) Report(ctx context.Context, name string, ids []int64) ([]byte, error) {
	res, err := f.Do(ctx, odoo.Call{Model: name, Method: "report", IDs: ids, Kwargs: map[string]any{}})
	return res.Value, err
}

// File implements dialect.Runner: the call of a method "file" of the model,
// whose answer is the content. Its name is FileName.
func (f *Runner) File(ctx context.Context, model string, id int64, field string) (dialect.File, error) {
	res, err := f.Do(ctx, odoo.Call{Model: model, Method: "file", IDs: []int64{id}, Kwargs: map[string]any{"field": field}})
	return dialect.File{Name: f.FileName, Content: res.Value}, err
}

// Compat implements dialect.Runner.
func (f *Runner) Compat() bool { return f.Quirks }

// Answer is what a server has sent.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Serve starts the handler on a real listener and returns a function that
// sends one request to it, byte for byte: the request line, further header
// lines (each ends in \r\n), and a body.
func Serve(t *testing.T, h http.Handler) func(line, headers, body string) Answer {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return func(line, headers, body string) Answer {
		t.Helper()
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if body != "" {
			headers += fmt.Sprintf("Content-Length: %d\r\n", len(body))
		}
		fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: erp.example.com\r\nConnection: close\r\n%s\r\n%s", line, headers, body)
		var method string
		fmt.Sscan(line, &method)
		res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return Answer{Status: res.StatusCode, Header: res.Header, Body: string(text)}
	}
}

// Call is a call in one line, to compare: method, ids, arguments, context.
func Call(t *testing.T, c odoo.Call) string {
	t.Helper()
	env := any(nil)
	if c.Context != nil {
		env = c.Context
	}
	text := c.Model + "." + c.Method
	for _, v := range []any{odoo.IDList(c.IDs), c.Kwargs, env} {
		text += " " + Value(t, v)
	}
	return text
}

// Value is a value as JSON.
func Value(t *testing.T, v any) string {
	t.Helper()
	raw, err := odoo.MarshalValue(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
