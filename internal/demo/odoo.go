package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxAnswer bounds an answer of a server.
const maxAnswer = 4 << 20

// reader reads from one server with one session's token.
type reader struct {
	wiki       *Wiki
	server     *Server
	connection *connection
}

// refusal is what a server says where it does not give the records.
type refusal struct{ text string }

func (r *refusal) Error() string { return r.text }

// get asks for a path of the server and decodes its JSON. A token that is
// refused is refreshed once.
func (r reader) get(ctx context.Context, path string, query url.Values, into any) error {
	refused := ""
	for {
		token, err := r.wiki.token(ctx, r.server, r.connection, refused)
		if err != nil {
			return err
		}
		err = r.getWith(ctx, token, path, query, into)
		if !errors.Is(err, errAuthenticate) {
			if err == nil {
				r.connection.works(token)
			}
			return err
		}
		if refused != "" {
			r.connection.lapse(token)
			return errAuthenticate
		}
		refused = token
	}
}

func (r reader) getWith(ctx context.Context, token, path string, query url.Values, into any) error {
	u := r.server.URL.JoinPath(path)
	u.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Accept", "application/json")
	resp, err := r.wiki.config.Client.Do(req)
	if err != nil {
		return errors.Join(errAway, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch {
	case err != nil:
		return errors.Join(errAway, err)
	case resp.StatusCode == http.StatusUnauthorized && strings.HasPrefix(resp.Header.Get("WWW-Authenticate"), "Bearer"):
		// /orestapi answers 401 to everything that goes wrong; only a token
		// that is refused comes with a challenge.
		return errAuthenticate
	case resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests:
		return errors.Join(errAway, fmt.Errorf("%s answered %s", path, resp.Status))
	case resp.StatusCode != http.StatusOK:
		return &refusal{text: refusalText(body, resp.Status)}
	}
	if err := json.Unmarshal(body, into); err != nil {
		return errors.Join(errAway, fmt.Errorf("%s: %w", path, err))
	}
	return nil
}

// refusalText finds the sentence in an error of either interface.
func refusalText(body []byte, status string) string {
	var e struct {
		Orestapi string `json:"orestapi_message"`
		Message  string `json:"message"`
		Error    struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	_ = json.Unmarshal(body, &e) // an answer that is no JSON has no sentence
	for _, text := range []string{e.Orestapi, e.Message, e.Error.Message} {
		if text != "" {
			return text
		}
	}
	return status
}

// works notes that a token was taken, lapse that a fresh one was refused.
func (c *connection) works(token string) { c.note(token, false) }
func (c *connection) lapse(token string) { c.note(token, true) }

func (c *connection) note(token string, lapsed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.access == token {
		c.lapsed = lapsed
	}
}

// record is one record of an answer.
type record map[string]any

func (r record) id() int64 {
	n, _ := r["id"].(float64)
	return int64(n)
}

// header is the first half of an /orestapi answer. Action and menu are false
// where the model has no window.
type header struct {
	Model  string `json:"model"`
	Action any    `json:"action_id"`
	Menu   any    `json:"menu_id"`
}

// answer is header and data, which come as a list of two objects.
type answer struct {
	header header
	data   []record
}

// UnmarshalJSON implements json.Unmarshaler.
func (a *answer) UnmarshalJSON(b []byte) error {
	var parts []struct {
		Header *header  `json:"header"`
		Data   []record `json:"data"`
	}
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	if len(parts) != 2 || parts[0].Header == nil {
		return errors.New("not a header and data")
	}
	a.header, a.data = *parts[0].Header, parts[1].Data
	return nil
}

// search finds records by name; an empty name finds all.
func (r reader) search(ctx context.Context, model, name, order string, limit int) (answer, error) {
	query := url.Values{"model": {model}, "limit": {strconv.Itoa(limit)}}
	if name != "" {
		query.Set("name", name)
	}
	if order != "" {
		query.Set("order", order)
	}
	var a answer
	return a, r.get(ctx, "/orestapi/record/name_search", query, &a)
}

// read reads fields of records, in the order of the ids.
func (r reader) read(ctx context.Context, model string, ids []int64, fields []string) (answer, error) {
	idList, _ := json.Marshal(ids)       // integers
	fieldList, _ := json.Marshal(fields) // and strings can be marshalled
	var a answer
	err := r.get(ctx, "/orestapi/record/read", url.Values{"model": {model}, "ids": {string(idList)}, "fields": {string(fieldList)}}, &a)
	byID := make(map[int64]record, len(a.data))
	for _, rec := range a.data {
		byID[rec.id()] = rec
	}
	a.data = a.data[:0]
	for _, id := range ids {
		if rec, ok := byID[id]; ok {
			a.data = append(a.data, rec)
		}
	}
	return a, err
}

// link is where Odoo's web client shows a record: in the window that the
// header names, else by model and id. This form works in every version; 18
// and later turn it into their own.
func link(s *Server, h header, id int64) string {
	fragment := fmt.Sprintf("id=%d&model=%s&view_type=form", id, url.QueryEscape(h.Model))
	for _, part := range []struct {
		name  string
		value any
	}{{"action", h.Action}, {"menu_id", h.Menu}} {
		if n, ok := part.value.(float64); ok && n > 0 {
			fragment += fmt.Sprintf("&%s=%d", part.name, int64(n))
		}
	}
	return s.URL.JoinPath("/web").String() + "#" + fragment
}
