package restapi_test

import (
	"mime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/dialect/dialecttest"
	"github.com/caddy-odoo/gateway/internal/dialect/restapi"
)

const image = "/restapi/1.0/binary/res.partner/12/image_128"

func TestBinary(t *testing.T) {
	file := `res.partner.file [12] {"field":"image_128"} null`
	run(t, []exchange{
		{name: "a file", line: "GET " + image, answers: []string{"\x89PNG\r\n\x1a\nx"}, calls: []string{file}, status: 200, want: "\x89PNG\r\n\x1a\nx"},
		{name: "its header", line: "HEAD " + image, answers: []string{"GIF89a"}, calls: []string{file}, status: 200, want: ""},
		{name: "a part", line: "GET " + image, headers: "Range: bytes=1-3\r\n", answers: []string{"GIF89a"}, calls: []string{file}, status: 206, want: "IF8"},
		{name: "the part of another one", line: "GET " + image, headers: "Range: bytes=1-3\r\nIf-Range: \"x\"\r\n", answers: []string{"GIF89a"}, calls: []string{file}, status: 200, want: "GIF89a"},
		{name: "a part that is not there", line: "GET " + image, headers: "Range: bytes=9-\r\n", answers: []string{"GIF89a"}, calls: []string{file}, status: 416, want: `{"code":416,"message":"Requested Range Not Satisfiable"}`},
		{name: "a part that is none", line: "GET " + image, headers: "Range: bytes=x\r\n", answers: []string{"GIF89a"}, calls: []string{file}, status: 416, want: `{"code":416,"message":"Requested Range Not Satisfiable"}`},
		{name: "if it were another", line: "GET " + image, headers: "If-Match: \"x\"\r\n", answers: []string{"GIF89a"}, calls: []string{file}, status: 412, want: `{"code":412,"message":"Precondition Failed"}`},
		{name: "without an id", line: "GET /restapi/1.0/binary/res.partner/image_128", status: 404, want: `{"code":404,"message":"Not found"}`},
		{name: "without a field", line: "GET /restapi/1.0/binary/res.partner/12", status: 404, want: `{"code":404,"message":"Not found"}`},
		{name: "a field that is none", line: "GET /restapi/1.0/binary/res.partner/12/image.128", status: 404, want: `{"code":404,"message":"Not found"}`},
		{name: "more", line: "GET " + image + "/64x64", status: 404, want: `{"code":404,"message":"Not found"}`},
		{name: "an id that is none", line: "GET /restapi/1.0/binary/res.partner/012/image_128", status: 400, want: `{"error":{"code":400,"message":"an id is a positive whole number"}}`},
		{name: "a parameter", line: "GET " + image + "?width=64", status: 400, want: `{"error":{"code":400,"message":"parameter \"width\" is not known here"}}`},
		{name: "POST", line: "POST " + image, status: 405, want: `{"code":405,"message":"Method not allowed"}`},
		{name: "PUT", line: "PUT " + image, status: 405, want: `{"code":405,"message":"Method not allowed"}`},
	})
	refused := &dialecttest.Runner{Err: &dialect.Failure{Kind: dialect.NotFound, Message: "which file it was"}}
	if got := dialecttest.Serve(t, restapi.New(restapi.Config{Auth: refused}))("GET "+image, "", ""); got.Status != 404 || got.Body != `{"code":404,"message":"Record not found"}` {
		t.Errorf("absent: %d %s", got.Status, got.Body)
	}
}

// TestA81_FilesNeverRun: files lie on Odoo's own origin, where a page that
// somebody has uploaded could act as whoever opens it. None is shown, none is
// called what it says it is, and no cache keeps one.
func TestA81_FilesNeverRun(t *testing.T) {
	const bytes = "application/octet-stream"
	for name, tt := range map[string]struct{ content, kind, ending string }{
		"PNG":                 {"\x89PNG\r\n\x1a\n\x00", "image/png", "png"},
		"JPEG":                {"\xff\xd8\xff\xe0", "image/jpeg", "jpg"},
		"GIF":                 {"GIF89a", "image/gif", "gif"},
		"WebP":                {"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp", "webp"},
		"PDF":                 {"%PDF-1.4", "application/pdf", "pdf"},
		"SVG":                 {`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`, bytes, "bin"},
		"SVG with a prologue": {`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`, bytes, "bin"},
		"HTML":                {"<!DOCTYPE html><script>alert(1)</script>", bytes, "bin"},
		"HTML after blanks":   {"\n\n  <html><body onload=alert(1)>", bytes, "bin"},
		"HTML in UTF-16":      {"\xff\xfe<\x00s\x00c\x00r\x00i\x00p\x00t\x00>\x00", bytes, "bin"},
		"MHTML":               {"MIME-Version: 1.0\nContent-Type: multipart/related", bytes, "bin"},
		"XML":                 {"<?xml version='1.0'?><x/>", bytes, "bin"},
		"text":                {"alert(1)", bytes, "bin"},
		"PDF further on":      {"<script>alert(1)</script>%PDF-1.4", bytes, "bin"},
		"PostScript":          {"%!PS-Adobe-", bytes, "bin"},
		"BMP":                 {"BM<script>", bytes, "bin"},
		"an icon":             {"\x00\x00\x01\x00", bytes, "bin"},
		"Flash":               {"FWS\x06<script>", bytes, "bin"},
		"a web font":          {"wOFF", bytes, "bin"},
		"WebAssembly":         {"\x00asm", bytes, "bin"},
		"a film":              {"\x00\x00\x00\x18ftypmp42", bytes, "bin"},
		"ZIP":                 {"PK\x03\x04", bytes, "bin"},
	} {
		runner := &dialecttest.Runner{Answers: []string{tt.content}}
		for _, headers := range []string{"", "Accept: text/html\r\n", "Accept: image/svg+xml\r\n", "Range: bytes=0-100\r\n"} {
			got := dialecttest.Serve(t, restapi.New(restapi.Config{Auth: runner}))("GET "+image, headers, "")
			for header, want := range map[string]string{
				"Content-Type": tt.kind, "Content-Disposition": "attachment; filename=res.partner-12-image_128." + tt.ending,
				"Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff",
				"Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store", "Vary": "Authorization",
			} {
				if v := got.Header.Get(header); v != want {
					t.Errorf("%s: %s is %q, want %q", name, header, v, want)
				}
			}
			if got.Body != tt.content {
				t.Errorf("%s: %q", name, got.Body)
			}
		}
	}
}

// TestBinaryIsCurrent: who has a copy is told whether it is one, once the file
// has been read as the person; another file has another mark.
func TestBinaryIsCurrent(t *testing.T) {
	runner := &dialecttest.Runner{Answers: []string{"GIF89a", "GIF89a", "GIF89b"}}
	ask := dialecttest.Serve(t, restapi.New(restapi.Config{Auth: runner}))
	mark := ask("GET "+image, "", "").Header.Get("ETag")
	if got := ask("GET "+image, "If-None-Match: "+mark+"\r\n", ""); mark == "" || got.Status != 304 || got.Body != "" {
		t.Errorf("the same: %q %d %s", mark, got.Status, got.Body)
	}
	if got := ask("GET "+image, "If-None-Match: "+mark+"\r\n", ""); got.Status != 200 || got.Body != "GIF89b" {
		t.Errorf("another: %d %s", got.Status, got.Body)
	}
	if len(runner.Calls) != 3 {
		t.Errorf("read %d times", len(runner.Calls))
	}
}

// TestBinaryRefusesAPart: in the words of the interface, and with nothing of the
// file in the header.
func TestBinaryRefusesAPart(t *testing.T) {
	for headers, size := range map[string]string{"Range: bytes=9-\r\n": "bytes */6", "If-Match: \"x\"\r\n": ""} {
		ask := dialecttest.Serve(t, restapi.New(restapi.Config{Auth: &dialecttest.Runner{Answers: []string{"GIF89a"}}}))
		got := ask("GET "+image, headers, "")
		for header, want := range map[string]string{
			"Content-Type": "application/json", "Content-Range": size, "Content-Disposition": "", "ETag": "",
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
		} {
			if v := got.Header.Get(header); v != want && !(header == "ETag" && got.Status == 412) {
				t.Errorf("%d: %s is %q, want %q", got.Status, header, v, want)
			}
		}
	}
}

// TestBinaryNames: what somebody has called a file is what it is saved as, and
// no place to save it, no other name and no other header.
func TestBinaryNames(t *testing.T) {
	for name, want := range map[string]string{
		"invoice.pdf":                   "attachment; filename=invoice.pdf",
		"Offer 7.pdf":                   `attachment; filename="Offer 7.pdf"`,
		"Angebot für Zoë.pdf":           "attachment; filename*=utf-8''Angebot%20f%C3%BCr%20Zo%C3%AB.pdf",
		"../../etc/passwd":              "attachment; filename=etc_passwd",
		`..\..\boot.ini`:                "attachment; filename=boot.ini",
		"C:\\temp\\a.txt":               "attachment; filename=C__temp_a.txt",
		"/etc/cron.d/x":                 "attachment; filename=etc_cron.d_x",
		".htaccess":                     "attachment; filename=htaccess",
		"a\r\nSet-Cookie: session_id=1": `attachment; filename="a__Set-Cookie_ session_id=1"`,
		"a\";filename=\"b.exe":          `attachment; filename="a_;filename=_b.exe"`,
		"a%22.exe":                      "attachment; filename=a_22.exe",
		"photo\u202egpj.exe":            "attachment; filename=photo_gpj.exe",
		"a\u2066b\u200fc":               "attachment; filename=a_b_c",
		"a\x00b":                        "attachment; filename=a_b",
		"a\xffb":                        "attachment; filename=a_b",
		"":                              "attachment; filename=res.partner-12-image_128.gif",
		"...":                           "attachment; filename=res.partner-12-image_128.gif",
		"/":                             "attachment; filename=res.partner-12-image_128.gif",
	} {
		runner := &dialecttest.Runner{Answers: []string{"GIF89a"}, FileName: name}
		got := dialecttest.Serve(t, restapi.New(restapi.Config{Auth: runner}))("GET "+image, "", "")
		if v := got.Header.Get("Content-Disposition"); v != want || got.Header.Get("Set-Cookie") != "" {
			t.Errorf("%q: %s\nwant %s", name, v, want)
		}
	}
	for _, long := range []string{strings.Repeat("a", 500) + ".pdf", "a" + strings.Repeat("ä", 300) + ".pdf", strings.Repeat("x", 500), "a." + strings.Repeat("y", 500)} {
		runner := &dialecttest.Runner{Answers: []string{"GIF89a"}, FileName: long}
		got := dialecttest.Serve(t, restapi.New(restapi.Config{Auth: runner}))("GET "+image, "", "").Header.Get("Content-Disposition")
		_, params, err := mime.ParseMediaType(got)
		name := params["filename"]
		if err != nil || len(name) < 100 || len(name) > 120 || strings.HasSuffix(long, ".pdf") != strings.HasSuffix(name, ".pdf") || !utf8.ValidString(name) {
			t.Errorf("%s %q %v", got, name, err)
		}
	}
}
