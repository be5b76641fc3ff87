package gateway

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/odoo/odootest/orm"
	"github.com/caddy-odoo/gateway/internal/scheme"
)

const (
	binary  = "/restapi/1.0/binary/"
	logo    = "\x89PNG\r\n\x1a\n a picture \x00\xff"
	absence = `{"code":404,"message":"Record not found"}`
)

// write changes a record in Odoo itself.
func (w *world) write(model string, id int64, vals map[string]any) {
	w.t.Helper()
	db := w.odoo.DB(w.odoo.Database())
	if _, err := db.CallNamed(orm.Env{Superuser: true, UID: w.odoo.UID("admin")}, model, "write", []int64{id}, map[string]any{"vals": vals}); err != nil {
		w.t.Fatal(err)
	}
}

// picture gives contact 1 a picture, and opens contacts 1 and 2 with that field
// and their name.
func picture(t *testing.T, version int) (*world, string) {
	w := newWorld(t, version)
	w.model.Fields, w.model.Filter = []string{"name", "image_1920"}, `[["id","<",3]]`
	w.reload()
	for id, content := range map[int64]any{1: base64.StdEncoding.EncodeToString([]byte(logo)), 2: false, 3: base64.StdEncoding.EncodeToString([]byte(logo))} {
		w.write("res.partner", id, map[string]any{"image_1920": content})
	}
	bearer, _ := w.connect("wiki", "demo")
	return w, bearer
}

// TestFiles reads files on every version, each as a read of its field.
func TestFiles(t *testing.T) {
	versions(t, func(t *testing.T, version int) {
		w, bearer := picture(t, version)
		w.odoo.ForgetRequests()
		status, h, body := w.rest(bearer, "GET "+binary+"res.partner/1/image_1920", "", "Accept", "image/*, application/xml")
		if status != 200 || body != logo || h.Get("Content-Type") != "image/png" || h.Get("Set-Cookie") != "" ||
			!strings.HasPrefix(h.Get("Content-Disposition"), "attachment;") {
			t.Errorf("%d %v %.200q", status, h, body)
		}
		if status, h, body := w.rest(bearer, "HEAD "+binary+"res.partner/1/image_1920", ""); status != 200 || body != "" || h.Get("Content-Length") != "21" {
			t.Errorf("HEAD: %d %v %q", status, h, body)
		}
		refused := `{"error":{"code":403,"message":`
		for path, want := range map[string]struct {
			status int
			body   string
		}{
			"res.partner/2/image_1920":      {404, absence}, // has none
			"res.partner/3/image_1920":      {404, absence}, // outside of the filter
			"res.partner/999999/image_1920": {404, absence},
			"res.partner/1/image_128":       {403, refused + `"field \"image_128\" of model \"res.partner\" is not allowed"}}`},
			"res.partner/1/no_such_field":   {403, refused + `"field \"no_such_field\" of model \"res.partner\" is not allowed"}}`},
			"res.partner/1/name":            {403, refused + `"The field holds no file"}}`},
			"res.partner/1/id":              {403, refused + `"The field holds no file"}}`},
			"res.users/2/image_128":         {403, refused + `"model \"res.users\" is not allowed"}}`},
			"ir.attachment/1/datas":         {403, refused + `"model \"ir.attachment\" is not allowed"}}`},
			"ir.attachment/1/raw":           {403, refused + `"model \"ir.attachment\" is not allowed"}}`},
			"res.partner/1/image_1920%2f..": {400, ""},
		} {
			if status, h, body := w.rest(bearer, "GET "+binary+path, ""); status != want.status || !strings.HasPrefix(body, want.body) || h.Get("Content-Type") != "application/json" {
				t.Errorf("%s: %d %s", path, status, body)
			}
		}
		for _, asked := range w.odoo.Requests() {
			if !strings.HasPrefix(asked.Path, "/web/dataset/call_kw/") {
				t.Errorf("a door of its own: %s", asked.Path)
			}
		}
		// As XML, where the request prefers that and it is no file.
		if _, _, body := w.rest(bearer, "GET "+binary+"res.partner/2/image_1920", "", "Accept", "application/xml"); !strings.Contains(body, "<code type=") {
			t.Errorf("in XML: %s", body)
		}
	})
}

// TestA81_FilesAsTheRulesSay: reading a file needs what reading its field
// needs, and is noted as that.
func TestA81_FilesAsTheRulesSay(t *testing.T) {
	w, bearer := picture(t, 19)
	path := "GET " + binary + "res.partner/1/image_1920"
	before := len(w.odoo.Requests())
	status, h, _ := w.rest(w.granted(bearer, scheme.ScopeWrite, scheme.ScopeCall), path, "")
	if status != 403 || !strings.Contains(h.Get("WWW-Authenticate"), `scope="odoo.read"`) || len(w.odoo.Requests()) != before {
		t.Errorf("without the scope: %d %v", status, h)
	}
	w.rest(bearer, "GET "+binary+"res.partner/1/image_128", "")
	denied := w.logs.FilterMessage(string(audit.SchemeDenied)).All()
	if len(denied) != 1 {
		t.Fatalf("%d refusals in the audit trail", len(denied))
	}
	if detail, _ := denied[0].ContextMap()["detail"].(map[string]any); detail["field"] != "image_128" || detail["method"] != "read" {
		t.Errorf("noted as %v", detail)
	}
	// Odoo's own rights hold: a portal user reads no other contact.
	portal, _ := w.connect("wiki", "portal")
	if status, _, body := w.rest(portal, path, ""); status == 200 || strings.Contains(body, "PNG") {
		t.Errorf("as somebody without the right: %d %q", status, body)
	}
	w.model.Operations, w.model.Filter = []scheme.Operation{scheme.Create}, ""
	w.reload()
	if status, _, body := w.rest(bearer, path, ""); status != 403 {
		t.Errorf("of a model that may not be read: %d %q", status, body)
	}
}

// TestFilesByKey: an API key reads files as well, there is no session in it.
func TestFilesByKey(t *testing.T) {
	versions(t, func(t *testing.T, version int) {
		w, _ := picture(t, version)
		bearer, a := w.connect("wiki", "demo")
		key := w.odoo.NewAPIKey("demo", "rpc", time.Time{})
		to := w.gw.service.Load().connections.AttachKey(key, a, time.Time{}, 0)
		if err := w.store.UpdateConnection(t.Context(), a.ID, a.Connection.Hash, to); err != nil {
			t.Fatal(err)
		}
		if status, _, body := w.rest(bearer, "GET "+binary+"res.partner/1/image_1920", ""); status != 200 || body != logo {
			t.Errorf("%d %.200q", status, body)
		}
	})
}

// TestAttachments: with a configuration of their own they are files like
// others, by the name that they have where that is open.
func TestAttachments(t *testing.T) {
	versions(t, func(t *testing.T, version int) {
		w := newWorld(t, version)
		w.model = scheme.Configuration{Name: "file", Model: "ir.attachment", Limit: scheme.LimitWhitelist, Fields: []string{"datas", "name"}, Sensitive: true}
		w.reload()
		db := w.odoo.DB(w.odoo.Database())
		made, err := db.CallNamed(orm.Env{Superuser: true, UID: w.odoo.UID("admin")}, "ir.attachment", "create", nil, map[string]any{
			"vals_list": []any{map[string]any{"name": "Größe.html", "datas": base64.StdEncoding.EncodeToString([]byte("<script>alert(1)</script>")), "mimetype": "text/html"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		id := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(made)), ""), "[]")
		bearer, _ := w.connect("wiki", "admin")
		for _, field := range []string{"datas", "raw"} {
			status, h, body := w.rest(bearer, "GET "+binary+"ir.attachment/"+id+"/"+field, "")
			if status != 200 || body != "<script>alert(1)</script>" || h.Get("Content-Type") != "application/octet-stream" ||
				h.Get("Content-Disposition") != "attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe.html" {
				t.Errorf("%s: %d %v %.200q", field, status, h, body)
			}
		}
		w.model.Fields = []string{"datas"}
		w.reload()
		if status, h, _ := w.rest(bearer, "GET "+binary+"ir.attachment/"+id+"/datas", ""); status != 200 || h.Get("Content-Disposition") != "attachment; filename=ir.attachment-"+id+"-datas.bin" {
			t.Errorf("without its name: %d %v", status, h)
		}
		if denied := w.logs.FilterMessage(string(audit.SchemeDenied)).All(); len(denied) != 0 {
			t.Errorf("refused what nobody has asked for: %v", denied[0].ContextMap())
		}
	})
}

// TestFilesNeedABearer: the ways in which the original took tokens are for what
// it had. A token in an address of an image would be in every page that shows
// it, and in its history.
func TestFilesNeedABearer(t *testing.T) {
	w, bearer := picture(t, 19)
	w.apps[0].Compat.Restapi = true
	w.reload()
	for path, want := range map[string]int{partners + "/1": 200, binary + "res.partner/1/image_1920": 401} {
		for _, send := range []func(r *http.Request){
			func(r *http.Request) { r.URL.RawQuery = "access_token=" + bearer },
			func(r *http.Request) { r.Header.Set("Authorization", "Basic "+bearer) },
		} {
			if status, _, body := w.get(path, "", send); status != want {
				t.Errorf("%s: %d %v", path, status, body)
			}
		}
		if status, _, body := w.get(path, "", func(r *http.Request) { r.Header.Set("Cookie", "session_id="+w.odoo.NewSession("demo")) }); status != 401 {
			t.Errorf("%s with a session: %d %v", path, status, body)
		}
	}
}
