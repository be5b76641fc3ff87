package gateway

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddy-odoo/gateway/internal/scheme"
)

// TestAnswersAreBounded: an answer that is larger than configured is an error
// of the request, in the words of each interface, and no outage.
func TestAnswersAreBounded(t *testing.T) {
	versions(t, func(t *testing.T, version int) {
		w := newWorld(t, version)
		w.maxAnswer = 1 << 20
		w.model.Fields = []string{"name", "image_1920"}
		w.model.Operations = []scheme.Operation{scheme.Read, scheme.Write}
		w.reload()
		bearer, _ := w.connect("wiki", "admin")
		bearer = w.granted(bearer, scheme.ScopeRead, scheme.ScopeWrite)
		file := base64.StdEncoding.EncodeToString(make([]byte, 800<<10))
		const words = "The answer is larger than 1 MiB; ask for fewer records or fields"
		for _, step := range []struct {
			line, body string
			status     int
			want       string
		}{
			{"PUT " + partners + "/1", `{"image_1920":"` + file + `"}`, 200, `"id":1`},
			{"GET " + partners + "/1?fields=name", "", 200, `"name"`},
			{"GET " + partners + "/1?fields=image_1920", "", 403, `{"error":{"code":403,"message":"` + words + `"}}`},
			{"GET " + partners + "?domain=[('id','=',1)]&fields=image_1920", "", 403, `{"error":{"code":403,"message":"` + words + `"}}`},
			{`GET /orestapi/record/read?model=res.partner&ids=[1]&fields=["image_1920"]`, "", 400, `{"orestapi_code":"OrestapiGateway-0400","orestapi_message":"` + words + `"}`},
			{"POST /json/2/res.partner/read", `{"ids":[1],"fields":["image_1920"]}`, 422, `{"name":"werkzeug.exceptions.UnprocessableEntity","message":"` + words + `"`},
			{"GET " + partners + "/1?fields=name", "", 200, `"name"`}, // and the connection has not suffered
		} {
			status, h, text := w.rest(bearer, step.line, step.body, "Content-Type", "application/json")
			if status != step.status || !strings.Contains(text, step.want) || h.Get("Retry-After") != "" || h.Get("Content-Type") != "application/json" {
				t.Errorf("%s: %d %v %.300s", step.line, status, h, text)
			}
		}
	})
}

// TestAnswersAreBoundedInXML: what counts is what leaves.
func TestAnswersAreBoundedInXML(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, partners+"/search", nil)
	r.Header.Set("Accept", "application/xml")
	for limit, want := range map[int64]string{
		1 << 20: `<a type="list"><item type="int">1</item><item type="int">2</item></a>`,
		69:      `<a type="list"><item type="int">1</item><item type="int">2</item></a>`,
		68:      "",
	} {
		rec := httptest.NewRecorder()
		w, done := negotiate(rec, r, limit)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"a":[1,2]}`))
		done()
		status := http.StatusOK
		if want == "" {
			status, want = http.StatusForbidden, `<error type="dict"><code type="int">403</code><message type="str">The answer is larger than 68 bytes; ask for fewer records or fields</message></error>`
		}
		if rec.Code != status || rec.Body.String() != want || rec.Header().Get("Content-Length") != fmt.Sprint(len(want)) {
			t.Errorf("limit %d: %d %s", limit, rec.Code, rec.Body)
		}
	}
}

// TestReportsAreBounded: a document of Odoo's, and those of one answer
// together.
func TestReportsAreBounded(t *testing.T) {
	w, bearer, _ := reporting(t, 18)
	w.maxAnswer = 1 << 20
	w.reload()
	size := 700 << 10
	w.between = func(r *http.Request, resp *http.Response) *http.Response {
		if !strings.HasPrefix(r.URL.Path, "/report/pdf/") {
			return resp
		}
		resp.Body.Close()
		resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader("%PDF-"+strings.Repeat("x", size))), -1
		resp.Header.Del("Content-Length")
		return resp
	}
	refused := `{"error":{"code":403,"message":"The answer is larger than 1 MiB; ask for fewer records or fields"}}`
	ask := func(path string, status int, want string, headers ...string) {
		t.Helper()
		got, _, text := w.rest(bearer, "GET "+orderReport+path, "", headers...)
		if got != status || !strings.HasPrefix(text, want) {
			t.Errorf("%s of %d bytes: %d %.200s", path, size, got, text)
		}
	}
	ask("/1", 200, `{"report":{`)
	ask("?ids=1,2", 403, refused)
	size = 1 << 20
	ask("/1", 403, refused)
	ask("/1", 403, refused, "Accept", "application/pdf")
	size = 1<<20 - 5
	ask("/1", 200, "%PDF-", "Accept", "application/pdf")
	ask("/1", 403, refused) // in base64 it is more
}
