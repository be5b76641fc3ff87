package e2e

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// binaries is the path of files of the model of files.
const binaries = "/restapi/1.0/binary/ir.attachment/"

// attach puts a file into Odoo, as the person, for as long as a test runs.
func (a *asker) attach(name string, content []byte) {
	a.t.Helper()
	var made int64
	values := map[string]any{"name": a.mark + " " + name, "datas": base64.StdEncoding.EncodeToString(content)}
	a.person.call("ir.attachment", "create", []any{values}, map[string]any{}, &made)
	a.ids[name] = fmt.Sprint(made)
	a.t.Cleanup(func() {
		var done any
		a.person.call("ir.attachment", "unlink", []any{[]any{made}}, map[string]any{}, &done)
	})
}

// restapiFiles reads a file as it is, at our address and at Odoo's. It is a
// page with a script in it, and arrives as a row of bytes.
func restapiFiles(a *asker) {
	const content = "<!DOCTYPE html><script>alert(1)</script>"
	a.attach("page", []byte(content))
	at := binaries + a.ids["page"] + "/datas"
	var mark string
	for _, line := range []string{at, "/web/content/" + a.ids["page"], "/web/content/" + a.ids["page"] + "/page.html?download=1"} {
		status, header, text := a.send("GET "+line, "Accept: text/html\r\n", "")
		if status != http.StatusOK || text != content || header.Get("Content-Type") != "application/octet-stream" || header.Get("Set-Cookie") != "" ||
			header.Get("Content-Disposition") != `attachment; filename="`+a.mark+` page"` || header.Get("Cache-Control") != "no-store" {
			a.t.Errorf("%s: %d %v %s", line, status, header, text)
		}
		mark = header.Get("ETag")
	}
	if status, header, text := a.send("GET "+at, "Range: bytes=1-8\r\n", ""); status != http.StatusPartialContent || text != content[1:9] || header.Get("Content-Range") == "" {
		a.t.Errorf("a part: %d %v %s", status, header, text)
	}
	if status, _, text := a.send("GET "+at, "If-None-Match: "+mark+"\r\n", ""); status != http.StatusNotModified || text != "" {
		a.t.Errorf("the same: %d %s", status, text)
	}
	refused := `{"error":{"code":403,"message":".+"}}`
	a.run([]step{
		{"", "GET " + at, "Range: bytes=99-\r\n", "", 416, `{"code":416,"message":".+"}`},
		{"", "GET " + at, noToken, "", 401, notLoggedIn},
		{"", "GET " + at + "?access_token=" + a.token, noToken, "", 401, notLoggedIn},
		{"", "GET " + at + "?width=64", "", "", 400, `{"error":{"code":400,"message":".+"}}`},
		{"", "POST " + at, "", "", 405, `{"code":405,"message":"Method not allowed"}`},
		{"", "GET " + binaries + "2000000000/datas", "", "", 404, recordNotFound},
		{"", "GET " + binaries + "$page/name", "", "", 403, refused},
		{"", "GET " + binaries + "$page/store_fname", "", "", 403, refused},
		{"", "GET /restapi/1.0/binary/res.users/1/image_128", "", "", 403, refused},
		{"", "GET /web/image/res.users/1/image_128", "", "", 403, refused},
		{"", "GET /web/content/$page?access_token=x", "", "", 404, `{"code":404,"message":".+"}`},
	})
}

// largest is the largest answer that interfacesCaddyfile configures, in MiB. With
// a real Odoo it is more than what holds by itself; the simulated ones, of which
// there are many at once, have less to carry.
func (o odoo) largest() int {
	if o.simulated {
		return 1
	}
	return 12
}

// answersTooLarge asks for files at both sides of the largest answer.
func answersTooLarge(a *asker) {
	largest := a.s.largest() << 20
	below := largest*3/4 - 1<<16 // in base64 it is a third more
	a.attach("large", make([]byte, below))
	a.attach("huge", make([]byte, largest*3/4+1<<16))
	if status, header, text := a.send("GET "+binaries+a.ids["large"]+"/datas", "", ""); status != http.StatusOK || len(text) != below {
		a.t.Errorf("below: %d %v %d bytes, %.200q", status, header, len(text), text)
	}
	words := fmt.Sprintf("The answer is larger than %d MiB; ask for fewer records or fields", a.s.largest())
	restapi := `{"error":{"code":403,"message":"` + words + `"}}`
	a.run([]step{
		{"", "GET " + binaries + "$huge/datas", "", "", 403, restapi},
		{"", "GET /restapi/1.0/object/ir.attachment/$huge?fields=datas", "", "", 403, restapi},
		{"", "GET /restapi/1.0/object/ir.attachment/$huge?fields=datas", "Accept: application/xml\r\n", "", 403, `<error type="dict"><code type="int">403</code><message type="str">` + words + `</message></error>`},
		{"", "GET /orestapi/record/read?model=ir.attachment&ids=[$huge]&fields=['datas']", "", "", 400, `{"orestapi_code":"OrestapiGateway-0400","orestapi_message":"` + words + `"}`},
		{"", "POST /json/2/ir.attachment/read", asJSON, `{"ids":[$huge],"fields":["datas"]}`, 422, `{.*"message":"` + words + `".*}`},
		{"", "POST /json/2/ir.attachment/read", asJSON, `{"ids":[$huge],"fields":["name"]}`, 200, `\[{"id":$huge,"name":"$mark huge"}\]`},
	})
}

// restapiReports prints orders where this Odoo can print, and is told why not
// where it cannot: which of both, Odoo itself says to the person.
func restapiReports(a *asker) {
	const name = "sale.report_saleorder"
	const report = "/restapi/1.0/report/" + name
	var orders []int64
	a.person.call("sale.order", "search", []any{[]any{}}, map[string]any{"order": "id", "limit": 2}, &orders)
	one, both := fmt.Sprint(orders[0]), fmt.Sprint(orders[0], ",", orders[1])
	refused := `{"error":{"code":403,"message":".+"}}`
	a.run([]step{
		{"", "GET /restapi/1.0/report/sale.no_such_report/" + one, "", "", 403, refused},
		{"", "GET " + report, "", "", 400, `{"error":{"code":400,"message":"ids are missing"}}`},
	})
	if a.byKey {
		sessions := `{"error":{"code":403,"message":"Odoo prints reports for sessions only, and this connection has an API key"}}`
		a.run([]step{
			{"", "GET " + report + "/" + one, "", "", 403, sessions},
			{"", "GET " + report + "/" + one, "Accept: application/pdf\r\n", "", 403, sessions},
			{"", "GET /report/pdf/" + name + "/" + one, "", "", 403, sessions},
		})
		return
	}
	a.run([]step{{"", "GET " + report + "/2000000000", "", "", 404, recordNotFound}})
	no := `{"error":{"code":403,"message":"Odoo refuses this operation"}}`
	if !a.prints("/report/pdf/" + name + "/" + one) {
		a.run([]step{
			{"", "GET " + report + "/" + one, "", "", 403, no},
			{"", "GET " + report + "/" + one, "Accept: application/pdf\r\n", "", 403, no},
			{"", "GET " + report + "/" + one, "Accept: application/xml\r\n", "", 403, `<error .+Odoo refuses this operation.+`},
			{"", "GET /report/pdf/" + name + "/" + one, "", "", 403, no},
		})
		return
	}
	document := func(id string) string {
		return `{"exception":null,"format":"pdf","id":` + id + `,"result":"JVBERi0[A-Za-z0-9+/]+=*","state":true}`
	}
	a.run([]step{
		{"", "POST " + report, asForm, "ids=" + one + "&group=1", 200, `{"report":` + document(one) + `}`},
		{"", "GET " + report + "?ids=" + both, "", "", 200, `{"report":\[` + document(one) + `,` + document(fmt.Sprint(orders[1])) + `\]}`},
	})
	for _, line := range []string{report + "/" + one, "/report/pdf/" + name + "/" + one} {
		status, header, text := a.send("GET "+line, "Accept: application/pdf\r\n", "")
		if status != http.StatusOK || !isPDF(text) || header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(header.Get("Content-Disposition"), "attachment;") {
			a.t.Errorf("%s: %d %v %.200q", line, status, header, text)
		}
	}
	together := step{"", "GET " + report + "?ids=" + both + "&group=1", "", "", 403, no}
	if a.prints("/report/pdf/" + name + "/" + both) {
		together.status, together.want = http.StatusOK, `{"report":`+document(`\[`+both+`\]`)+`}`
	}
	a.run([]step{together})
}

// prints tells whether Odoo itself gives the person a document. The simulated
// ones do, of one record, so that what a document needs is asked somewhere.
func (a *asker) prints(path string) bool {
	a.t.Helper()
	resp, err := a.person.http.Do(a.person.request(http.MethodGet, path, nil))
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	yes := resp.StatusCode == http.StatusOK && isPDF(string(text))
	if !yes && !strings.Contains(path, ",") && a.s.simulated {
		a.t.Errorf("the simulated Odoo prints no %s: %s", path, resp.Status)
	}
	a.t.Logf("Odoo itself prints %s: %v, %s", path, yes, resp.Status)
	return yes
}

// isPDF tells whether a text is a document, whole.
func isPDF(text string) bool {
	return strings.HasPrefix(text, "%PDF-") && strings.Contains(text[max(0, len(text)-1024):], "%%EOF")
}
