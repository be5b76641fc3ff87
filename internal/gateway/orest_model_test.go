package gateway

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/scheme"
)

// orestData asks for a list of header and data, and returns both.
func (w *world) orestData(path, bearer string, q url.Values) (header map[string]any, data []any) {
	w.t.Helper()
	status, _, body := w.get(path+"?"+q.Encode(), bearer)
	parts, _ := body.([]any)
	if status != http.StatusOK || len(parts) != 2 {
		w.t.Fatalf("%s %v: %d %v", path, q, status, body)
	}
	return parts[0].(map[string]any)["header"].(map[string]any), parts[1].(map[string]any)["data"].([]any)
}

// What the fields of a model are called, on every Odoo: of those that are
// open, hidden ones being as absent as those that do not exist.
func TestOrestFields(t *testing.T) {
	versions(t, func(t *testing.T, version int) {
		w := newWorld(t, version)
		bearer, _ := w.connect("wiki", "demo")
		ask := func(names, data string) (int, any) {
			status, _, body := w.get("/orestapi/model/field?"+url.Values{"model": {"res.partner"}, "names": {names}, "data": {data}}.Encode(), bearer)
			return status, body
		}

		status, body := ask(`["name","country_id","vat","nope"]`, `["name","ttype","relation","field_description"]`)
		rows, _ := body.([]any)
		if status != http.StatusOK || len(rows) != 2 {
			t.Fatalf("%d %v", status, body)
		}
		country, name := rows[0].(map[string]any), rows[1].(map[string]any)
		if country["name"] != "country_id" || country["ttype"] != "many2one" || name["name"] != "name" || name["ttype"] != "char" || name["field_description"] != "Name" {
			t.Errorf("%v", rows)
		}
		// What is not open is not named as what a field leads to, either.
		if country["relation"] != false {
			t.Errorf("relation %v", country["relation"])
		}
		for _, names := range []string{`["vat"]`, `["nope"]`} {
			if status, body := ask(names, ""); status != http.StatusUnauthorized || body.(map[string]any)["orestapi_message"] != "Field not found" {
				t.Errorf("%s: %d %v", names, status, body)
			}
		}
	})
}

// The icon of a model configuration is for whoever may read the model by a
// token of the application.
func TestOrestIcon(t *testing.T) {
	w := newWorld(t, 19)
	png := []byte("\x89PNG\r\n\x1a\n and more")
	w.model.Icon = scheme.Icon{Type: "image/png", Data: png}
	w.reload()
	bearer, _ := w.connect("wiki", "demo")
	ask := func(model, bearer string) (*http.Response, []byte) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/orestapi/model/icon?model="+model, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+bearer)
		r.Header.Set("Accept", "application/xml, image/*") // an image is no JSON to make XML of
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, body
	}
	resp, body := ask("res.partner", bearer)
	if resp.StatusCode != http.StatusOK || !bytes.Equal(body, png) || resp.Header.Get("Content-Type") != "image/png" || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %v %q", resp.StatusCode, resp.Header, body)
	}
	for _, token := range []string{"x", "x.y.z"} {
		if resp, body := ask("res.partner", token); resp.StatusCode != http.StatusUnauthorized || bytes.Contains(body, []byte("PNG")) {
			t.Errorf("%d %q", resp.StatusCode, body)
		}
	}
	if resp, body := ask("sale.order", bearer); resp.StatusCode != http.StatusUnauthorized || !strings.Contains(string(body), "OrestapiModelIcon-0022") {
		t.Errorf("%d %q", resp.StatusCode, body)
	}
	w.model.Icon = scheme.Icon{}
	w.reload()
	if resp, body := ask("res.partner", bearer); resp.StatusCode != http.StatusNotFound || !strings.Contains(string(body), `"orestapi_message":"The model has no icon"`) {
		t.Errorf("%d %q", resp.StatusCode, body)
	}
}

// Dates and files are values like others; the original failed on them.
func TestOrestDatesAndFiles(t *testing.T) {
	versions(t, func(t *testing.T, version int) {
		w := newWorld(t, version)
		w.model = scheme.Configuration{Name: "order", Model: "sale.order", Limit: scheme.LimitWhitelist, Fields: []string{"name", "date_order", "validity_date"}}
		w.reload()
		bearer, _ := w.connect("wiki", "demo")
		_, found := w.orestData("/orestapi/record/name_search", bearer, url.Values{"model": {"sale.order"}, "limit": {"1"}, "order": {"id"}})
		id := found[0].(map[string]any)["id"]
		_, data := w.orestData("/orestapi/record/read", bearer, url.Values{"model": {"sale.order"}, "ids": {fmt.Sprint(id)}})
		order := data[0].(map[string]any)
		if date, _ := order["date_order"].(string); len(date) != len("2026-11-21 09:00:00") {
			t.Errorf("%v", order)
		}
		w.model = scheme.Configuration{Name: "customer", Model: "res.partner", Limit: scheme.LimitWhitelist, Fields: []string{"name", "image_128", "create_date"}}
		w.reload()
		_, data = w.orestData("/orestapi/record/read", bearer, url.Values{"model": {"res.partner"}, "ids": {"[1]"}})
		partner := data[0].(map[string]any)
		image, _ := partner["image_128"].(string)
		if file, err := base64.StdEncoding.DecodeString(image); err != nil || !bytes.HasPrefix(file, []byte("\x89PNG")) {
			t.Errorf("%v: %v", err, partner)
		}
	})
}

// A model that Odoo closes to the person, and a scheme that opens nothing.
func TestOrestModelsClosed(t *testing.T) {
	versions(t, func(t *testing.T, version int) {
		w := newWorld(t, version)
		w.model = scheme.Configuration{Name: "models", Model: "ir.model", Sensitive: true}
		w.reload()
		bearer, _ := w.connect("wiki", "demo")
		for path, code := range map[string]string{
			"/orestapi/model/field?names=['name']&model=ir.model": "OrestapiModelField-0021",
			"/orestapi/model/icon?model=ir.model":                 "OrestapiModelIcon-0021",
			"/orestapi/record/name_search?model=ir.model":         "OrestapiNameSearch-0021",
			"/orestapi/record/read?ids=1&model=ir.model":          "OrestapiContentRecordRead-0021",
		} {
			if status, _, body := w.get(path, bearer); status != http.StatusUnauthorized || body.(map[string]any)["orestapi_code"] != code {
				t.Errorf("%s: %d %v", path, status, body)
			}
		}
		if status, _, body := w.get("/orestapi/application/model", bearer); status != http.StatusOK || len(body.([]any)) != 0 {
			t.Errorf("%d %v", status, body)
		}
		w.model.Inactive = true
		w.reload()
		if status, _, body := w.get("/orestapi/application/model", bearer); status != http.StatusUnauthorized || body.(map[string]any)["orestapi_code"] != "OrestapiApplicationGetModel-0020" {
			t.Errorf("%d %v", status, body)
		}
	})
}

// The window of a model is told to administrators, to whom Odoo shows it, and
// to nobody else.
func TestOrestWindow(t *testing.T) {
	versions(t, func(t *testing.T, version int) {
		w := newWorld(t, version)
		for login, want := range map[string]string{"admin": "55 111", "demo": "false false"} {
			bearer, _ := w.connect("wiki", login)
			status, _, body := w.get("/orestapi/record/name_search?model=res.partner&limit=1", bearer)
			if status != http.StatusOK {
				t.Fatalf("%s: %d %v", login, status, body)
			}
			header := body.([]any)[0].(map[string]any)["header"].(map[string]any)
			if got := fmt.Sprint(header["action_id"], " ", header["menu_id"]); got != want {
				t.Errorf("%s is told of %s, want %s", login, got, want)
			}
		}
	})
}
