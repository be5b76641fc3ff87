package oauth

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// telling counts what it is asked, and fails for one model.
type telling struct{ asked []string }

func (s *telling) Fields(_ context.Context, model string) (odoo.Fields, error) {
	s.asked = append(s.asked, model)
	if model == "gone" {
		return nil, &odoo.Error{Kind: odoo.Missing}
	}
	return odoo.Fields{"name": {Name: "name", String: "of " + model}}, nil
}

func (s *telling) Names(_ context.Context, models []string) (map[string]string, error) {
	s.asked = append(s.asked, models...)
	return map[string]string{models[0]: "called " + models[0]}, nil
}

// Each model is asked about once for a page.
func TestLabelsAreAskedOnce(t *testing.T) {
	src := &telling{}
	s := &Server{Config: Config{Fields: func(http.RoundTripper, string, string, string) odoo.FieldSource { return src }}}
	got := s.labelsFor(httptest.NewRequest("GET", "/", nil), nil, visitor{})
	for range 3 {
		if f, err := got.Fields(t.Context(), "a"); err != nil || f["name"].String != "of a" {
			t.Errorf("fields %v, %v", f, err)
		}
		if f, _ := got.Fields(t.Context(), "gone"); f != nil {
			t.Errorf("fields of nothing: %v", f)
		}
	}
	for _, models := range [][]string{{"b", "c"}, {"c", "b"}, {"d", "b"}} {
		if names, err := got.(odoo.NameSource).Names(t.Context(), models); err != nil || names["b"] != "called b" || names["c"] != "" {
			t.Errorf("names %v, %v", names, err)
		}
	}
	if want := "[a gone b c d]"; fmt.Sprint(src.asked) != want {
		t.Errorf("asked %v, want %s", src.asked, want)
	}
}
