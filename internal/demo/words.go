package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// words are the labels of a session: what the models and fields are called
// for its person. They are asked for once and kept with the tokens.
type words struct {
	models map[string]string           // by technical name
	fields map[string]map[string]label // by model and field
}

// label describes a field as fields_get does.
type label struct {
	String    string  `json:"string"`
	Type      string  `json:"type"`
	Selection [][]any `json:"selection"`
}

// modelName returns what a model is called for this application.
func (r reader) modelName(ctx context.Context, model string) (string, error) {
	r.connection.mu.Lock()
	models := r.connection.words.models
	r.connection.mu.Unlock()
	if models == nil {
		var list []struct{ Model, Name string }
		if err := r.get(ctx, "/orestapi/application/model", nil, &list); err != nil {
			return "", err
		}
		models = make(map[string]string, len(list))
		for _, m := range list {
			models[m.Model] = m.Name
		}
		r.connection.mu.Lock()
		r.connection.words.models = models
		r.connection.mu.Unlock()
	}
	if name, ok := models[model]; ok {
		return name, nil
	}
	return model, nil
}

// labels returns what the fields of a model are called.
func (r reader) labels(ctx context.Context, model string, fields []string) (map[string]label, error) {
	r.connection.mu.Lock()
	found := r.connection.words.fields[model]
	r.connection.mu.Unlock()
	if found != nil {
		return found, nil
	}
	names, _ := json.Marshal(fields) // strings can be marshalled
	var byModel map[string]map[string]label
	err := r.get(ctx, "/restapi/1.0/object/"+url.PathEscape(model)+"/fields_get",
		url.Values{"allfields": {string(names)}, "attributes": {`["string","type","selection"]`}}, &byModel)
	if err != nil {
		return nil, err
	}
	r.connection.mu.Lock()
	defer r.connection.mu.Unlock()
	if r.connection.words.fields == nil {
		r.connection.words.fields = make(map[string]map[string]label)
	}
	r.connection.words.fields[model] = byModel[model]
	return byModel[model], nil
}

// text is a value as people read it. Odoo says false for empty, whatever the
// field's type.
func (l label) text(value any) string {
	if value == nil || (value == false && l.Type != "boolean") {
		return "–"
	}
	switch v := value.(type) {
	case bool:
		if v {
			return "Yes"
		}
		return "No"
	case float64:
		switch l.Type {
		case "monetary", "float":
			return thousands(strconv.FormatFloat(v, 'f', 2, 64))
		}
		return strconv.FormatFloat(v, 'f', -1, 64)
	case string:
		return l.words(v)
	case []any:
		if len(v) == 2 && l.Type == "many2one" {
			return fmt.Sprint(v[1])
		}
		return strconv.Itoa(len(v))
	}
	return fmt.Sprint(value)
}

// words renders a string by its field's type.
func (l label) words(v string) string {
	switch l.Type {
	case "selection":
		for _, choice := range l.Selection {
			if len(choice) == 2 && choice[0] == v {
				return fmt.Sprint(choice[1])
			}
		}
	case "date":
		if t, err := time.Parse(time.DateOnly, v); err == nil {
			return t.Format("2 Jan 2006")
		}
	case "datetime":
		if t, err := time.Parse(time.DateTime, v); err == nil {
			return t.Format("2 Jan 2006")
		}
	}
	return v
}

// numeric tells whether values stand flush right.
func (l label) numeric() bool {
	return l.Type == "monetary" || l.Type == "float" || l.Type == "integer"
}

// whole tells whether values are broken over lines only in need.
func (l label) whole() bool {
	return l.numeric() || l.Type == "date" || l.Type == "datetime" || l.Type == "selection"
}

// thousands puts separators into a decimal number.
func thousands(s string) string {
	sign, whole, rest := "", s, ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	if i := strings.IndexByte(whole, '.'); i >= 0 {
		whole, rest = whole[:i], whole[i:]
	}
	var b strings.Builder
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	return sign + b.String() + rest
}
