package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// outcome is what an inquiry came to: a canonical value, or a refusal.
type outcome struct {
	refused bool
	// failed: the refusal is a failure of Odoo's, who is to fail by itself too.
	failed bool
	why    string // the words of a refusal
	value  any
}

// odooFailed is how the gateway says that.
const odooFailed = "Odoo failed to answer this request"

// speaker asks inquiries in its dialect.
type speaker interface {
	// say writes an inquiry down; nil where the dialect has no words for it.
	say(r *rand.Rand, q inquiry) *utterance
	// hear reads the answer. An error is an answer that nobody should give: no
	// refusal, but a failure, or a shape that is not the dialect's.
	hear(u *utterance, q inquiry, a reply) (outcome, error)
	// shape makes what hear must yield of the data that Odoo has.
	shape(u *utterance, q inquiry, data any) any
	send(u *utterance) (reply, error)
}

// utterance is an inquiry as a request of one dialect.
type utterance struct {
	*http.Request
	body   string
	single bool // asks for one record by its address
}

func (u *utterance) String() string {
	return fmt.Sprintf("%s %s?%s\n%v\n%s", u.Method, u.URL.Path, u.URL.RawQuery, u.Header, u.body)
}

// reply is an HTTP answer that has been read.
type reply struct {
	status int
	header http.Header
	text   string
}

// wire sends requests, without cookies.
type wire struct {
	base, token string
}

func (w wire) send(u *utterance) (reply, error) {
	r := u.Clone(context.Background())
	r.Body = io.NopCloser(strings.NewReader(u.body))
	if w.token != "" {
		r.Header.Set("Authorization", "Bearer "+w.token)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(body)}, err
}

// compose makes a request. The query goes out as it is written.
func (w wire) compose(method, path, query, kind, body string) *utterance {
	r, err := http.NewRequest(method, w.base+path, strings.NewReader(body))
	if err != nil {
		panic(err) // of these files' own making
	}
	r.URL.RawQuery = query
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	return &utterance{Request: r, body: body}
}

// query writes parameters down: encoded by the book, or as people type them.
func query(r *rand.Rand, values map[string]string) string {
	if r.IntN(2) == 0 {
		return formOf(values).Encode()
	}
	var parts []string
	for name, value := range values {
		parts = append(parts, name+"="+unencoded(value))
	}
	slices.Sort(parts)
	return strings.Join(parts, "&")
}

func formOf(values map[string]string) url.Values {
	out := url.Values{}
	for name, value := range values {
		out.Set(name, value)
	}
	return out
}

// form writes parameters as a body.
func form(r *rand.Rand, values map[string]string) (kind, body string) {
	if r.IntN(3) > 0 {
		return "application/x-www-form-urlencoded", formOf(values).Encode()
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range values {
		if err := w.WriteField(name, value); err != nil {
			panic(err) // a buffer takes all
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return w.FormDataContentType(), b.String()
}

// straightSpeaker is a session of Odoo's own, past the gateway.
type straightSpeaker struct {
	wire
	session string
	version int
}

// logInStraight opens a session as the web client does.
func logInStraight(o odoo) (*straightSpeaker, error) {
	s := &straightSpeaker{wire: wire{base: strings.TrimSuffix(o.url.String(), "/")}}
	r := s.compose("POST", "/web/session/authenticate", "", "application/json", jsonOf(map[string]any{
		"jsonrpc": "2.0", "id": 1, "params": map[string]any{"db": o.database, "login": o.login, "password": o.password},
	}))
	a, err := s.send(r)
	if err != nil {
		return nil, err
	}
	v, err := s.result(a)
	info, _ := v.(map[string]any)
	if err != nil || info["uid"] == nil {
		return nil, fmt.Errorf("login to Odoo: %s: %v", a.text, err)
	}
	version, _ := info["server_version_info"].([]any)
	if len(version) > 0 {
		major, _ := version[0].(int64)
		s.version = int(major)
	}
	for _, cookie := range (&http.Response{Header: a.header}).Cookies() {
		if cookie.Name == "session_id" {
			s.session = cookie.Value
		}
	}
	return s, nil
}

// refusal is an error of Odoo's own.
type refusal struct{ name, message string }

func (r refusal) Error() string { return r.name + ": " + r.message }

func (s *straightSpeaker) result(a reply) (any, error) {
	v, err := fromJSON(a.text)
	if err != nil {
		return nil, err
	}
	answer, _ := v.(map[string]any)
	if failed, ok := answer["error"].(map[string]any); ok {
		data, _ := failed["data"].(map[string]any)
		name, _ := data["name"].(string)
		message, _ := data["message"].(string)
		if strings.HasSuffix(name, "SessionExpiredException") {
			return nil, errors.New("the session is over")
		}
		return nil, refusal{name, message}
	}
	return answer["result"], nil
}

// call runs a method.
func (s *straightSpeaker) call(model, method string, args []any, kwargs map[string]any) (any, error) {
	a, err := s.send(s.calling(model, method, args, kwargs))
	if err != nil {
		return nil, err
	}
	return s.result(a)
}

func (s *straightSpeaker) calling(model, method string, args []any, kwargs map[string]any) *utterance {
	if args == nil {
		args = []any{}
	}
	r := s.compose("POST", "/web/dataset/call_kw/"+model+"/"+method, "", "application/json", jsonOf(map[string]any{
		"jsonrpc": "2.0", "method": "call", "id": 1,
		"params": map[string]any{"model": model, "method": method, "args": args, "kwargs": kwargs},
	}))
	r.AddCookie(&http.Cookie{Name: "session_id", Value: s.session})
	return r
}

// say puts down what Odoo itself is asked for an inquiry. Groups have two
// forms, of which 16 to 18 know the older and 20 the newer alone: of the other
// the dialects are compared with one another, and the tests of the client of
// Odoo (TestReadGroupOn20) tell what they give.
func (s *straightSpeaker) say(_ *rand.Rand, q inquiry) *utterance {
	kwargs := q.arguments()
	if q.searches() {
		kwargs["domain"] = q.whereOrAll()
	}
	if q.searches() && q.Op != opCount {
		kwargs["limit"] = q.rows()
	}
	method, args := q.Op, []any{}
	switch q.Op {
	case opRead:
		// Whoever is named twice comes once.
		ids := []int64{}
		for _, id := range q.IDs {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
		args = append(args, ids)
		kwargs["fields"] = append(anyList(q.Fields), column)
	case opNameSearch:
		// The gateway's is a search of the name.
		method = opSearchRead
		domain := q.whereOrAll()
		if q.Name != "" {
			operator := q.Operator
			if operator == "" {
				operator = "ilike"
			}
			domain = append(domain, []any{"name", operator, q.Name})
		}
		kwargs = map[string]any{"domain": domain, "fields": []string{"display_name"}, "limit": q.rows(), "order": q.Order}
		if q.Order == "" {
			kwargs["order"] = "name, id"
		}
		if q.Offset != nil {
			kwargs["offset"] = *q.Offset
		}
	case opFormatted:
		if s.version < 19 {
			return nil
		}
	case opReadGroup:
		if s.version >= 20 {
			return nil
		}
		if len(q.Aggregates) == 0 {
			// Up to 16 Odoo takes none for all that there are, the gateway for none.
			kwargs["fields"] = []any{"__count"}
		}
	}
	return s.calling(q.Model, method, args, kwargs)
}

func (s *straightSpeaker) hear(_ *utterance, _ inquiry, a reply) (outcome, error) {
	v, err := s.result(a)
	var r refusal
	if errors.As(err, &r) {
		return outcome{refused: true, why: r.Error()}, nil
	}
	return outcome{value: v}, err
}

func (s *straightSpeaker) shape(_ *utterance, _ inquiry, data any) any { return data }
