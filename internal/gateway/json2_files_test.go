package gateway

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/scheme"
)

// A file is base64 in every interface and before every version, read or
// written; 20 itself answers objects, and one may be sent back.
func TestJSON2Files(t *testing.T) {
	const first, second = "R0lGODlhAQABAAAAACw=", "R0lGODlhAQABAAAAACx="
	versions(t, func(t *testing.T, version int) {
		w := newWorld(t, version)
		writable(w)
		w.model.Fields = append(w.model.Fields, "image_1920")
		w.reload()
		bearer, _ := w.connect("wiki", "admin")
		bearer = w.granted(bearer, scheme.ScopeRead, scheme.ScopeWrite)
		ask := func(call, body, want string) string {
			t.Helper()
			status, answer := w.json2(w.url, "res.partner/"+call, "Bearer "+bearer, body)
			if status != http.StatusOK || want != "" && answer != want {
				t.Fatalf("%s %s: %d %s", call, body, status, answer)
			}
			return answer
		}
		id := strings.Trim(ask("create", `{"vals_list":{"name":"File","image_1920":"`+first+`"}}`, ""), "[]")
		read := `{"ids":[` + id + `],"fields":["image_1920"]}`
		ask("read", read, `[{"id":`+id+`,"image_1920":"`+first+`"}]`)
		ask("write", `{"ids":[`+id+`],"vals":{"image_1920":{"content":"`+second+`","size":11}}}`, "true")
		ask("read", read, `[{"id":`+id+`,"image_1920":"`+second+`"}]`)
		ask("search_read", `{"domain":[["id","=",`+id+`]],"fields":["image_1920"],"context":{"bin_size":true}}`, `[{"id":`+id+`,"image_1920":"`+second+`"}]`)
		for path, want := range map[string]string{
			"/restapi/1.0/object/res.partner/" + id + "?fields=['image_1920']":                       "image_1920:" + second,
			"/orestapi/record/read?model=res.partner&ids=[" + id + "]&fields=%5B%22image_1920%22%5D": "image_1920:" + second,
		} {
			if status, _, body := w.get(path, bearer); status != http.StatusOK || !strings.Contains(fmt.Sprint(body), want) {
				t.Errorf("%s: %d %v", path, status, body)
			}
		}
		if status, answer := w.json2(w.url, "res.partner/write", "Bearer "+bearer, `{"ids":[`+id+`],"vals":{"image_1920":{"content":"`+first+`","filename":"a.gif"}}}`); status != http.StatusUnprocessableEntity {
			t.Errorf("a name that has no place: %d %s", status, answer)
		}
		ask("write", `{"ids":[`+id+`],"vals":{"image_1920":false}}`, "true")
		ask("read", read, `[{"id":`+id+`,"image_1920":false}]`)
	})
}
