package odootest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

func fileRoutes() []route {
	return []route{
		{path: "/web/static/*", unsaved: true, handle: staticRoute},
		{path: "/web/assets/*", auth: authPublic, handle: assetsRoute},
		{path: "/web/image/*", to: 18, auth: authPublic, handle: imageRoute},
		{path: "/web/image/*", from: 19, auth: authPublic, unsaved: true, handle: imageRoute},
		{path: "/web/content/*", auth: authPublic, handle: contentRoute},
		{path: "/web/binary/company_logo", handle: logoRoute},
		{path: "/report/html/*", auth: authUser, handle: reportRoute},
		{path: "/report/pdf/*", auth: authUser, handle: reportRoute},
		{path: "/report/download", auth: authUser, handle: reportDownloadRoute},
		{path: "/websocket", auth: authPublic, handle: websocketRoute},
		{path: "/web/simulated/stream", auth: authPublic, unsaved: true, handle: streamRoute},
		{path: "/web/simulated/download/*", auth: authPublic, unsaved: true, handle: downloadRoute},
	}
}

// fileTime is the Last-Modified of everything that is part of the server.
var fileTime = time.Date(2026, 11, 20, 22, 56, 3, 0, time.UTC)

// noCSP is the policy of images and static files.
const noCSP = "default-src 'none'"

// staticRoute serves two files of the web client's static folder.
func staticRoute(x *exchange) (*reply, error) {
	name := x.r.URL.Path[strings.LastIndexByte(x.r.URL.Path, '/')+1:]
	body, mime := []byte("/* a static file of the simulated Odoo */\n"), "text/css; charset=utf-8"
	switch {
	case strings.HasSuffix(name, ".ico"):
		body, mime = favicon(), "image/vnd.microsoft.icon"
	case !strings.HasSuffix(name, ".css"):
		return nil, &httpError{status: http.StatusNotFound, site: true}
	}
	return &reply{status: http.StatusOK, nosniff: true, body: body, header: http.Header{
		"Content-Disposition":     {"inline; filename=" + name},
		"Content-Type":            {mime},
		"Last-Modified":           {cookieTime(fileTime)},
		"Cache-Control":           {"public, max-age=604800"},
		"Expires":                 {cookieTime(x.s.now().Add(7 * 24 * time.Hour))},
		"Etag":                    {fmt.Sprintf(`"%d-%d"`, fileTime.Unix(), len(body))},
		"Content-Security-Policy": {noCSP},
	}}, nil
}

func assetsRoute(x *exchange) (*reply, error) {
	name := x.r.URL.Path[strings.LastIndexByte(x.r.URL.Path, '/')+1:]
	mime := "text/css; charset=utf-8"
	if strings.HasSuffix(name, ".js") {
		mime = "application/javascript; charset=utf-8"
	}
	a := &reply{status: http.StatusOK, body: []byte("\n/* <inline asset> */\n"), header: http.Header{
		"Content-Disposition": {"inline; filename=" + name},
		"Content-Type":        {mime},
		"Last-Modified":       {cookieTime(fileTime)},
		"Cache-Control":       {"public, max-age=31536000, immutable"},
		"Expires":             {x.farExpiry()},
		"Etag":                {`"2890a3392eabfa707342949077b5f902fdc23aa9"`},
	}}
	a.nosniff = true
	return a, nil
}

// picture draws a plain square, so that pages show something.
func picture(size int, c color.Color) []byte {
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for px := range size {
			img.Set(px, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err) // a small picture always encodes
	}
	return b.Bytes()
}

func favicon() []byte { return picture(16, color.RGBA{0x71, 0x4b, 0x67, 0xff}) }

// placeholderSize is the size of Odoo's placeholder.png: whoever may not see
// an image gets it with status 200.
const placeholderSize = 6314

func placeholder() []byte {
	b := picture(32, color.RGBA{0xd5, 0xd5, 0xda, 0xff})
	return append(b, make([]byte, placeholderSize-len(b))...)
}

// binaryField finds the content of /web/image/<model>/<id>/<field>…
func (x *exchange) binaryField(path string) (content []byte, name string, ok bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if len(parts) < 3 {
		return nil, "", false
	}
	id, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || x.uid == 0 && parts[0] != "res.company" || !x.db.knows(parts[0]) {
		return nil, "", false
	}
	if parts[0] == "res.company" && parts[2] == "logo" {
		return picture(64, color.RGBA{0x71, 0x4b, 0x67, 0xff}), "YourCompany.png", true
	}
	rows, err := x.db.engine.call(x.uid, parts[0], "read", []any{[]any{id}, []any{"display_name", parts[2]}}, nil)
	if err != nil || len(asList(rows)) == 0 {
		return nil, "", false
	}
	row := asMap(asList(rows)[0])
	value := row[parts[2]]
	if o := asMap(value); o != nil { // 20 wraps binary values
		value = o["content"]
	}
	content, err = base64.StdEncoding.DecodeString(asString(value))
	if err != nil || len(content) == 0 {
		return nil, "", false
	}
	return content, strings.ReplaceAll(asString(row["display_name"]), " ", "_") + ".png", true
}

// privateCache is how long a file with access rights may be kept.
func (x *exchange) privateCache() string {
	if x.s.v.version == 17 {
		return "no-cache"
	}
	return "no-cache, private"
}

func imageRoute(x *exchange) (*reply, error) {
	content, name, ok := x.binaryField(strings.TrimPrefix(x.r.URL.Path, "/web/image/"))
	etag := fmt.Sprintf(`"60a2a24a2fcfd3b3045bbaa75c5d68815df9d541-%d"`, len(content))
	if !ok {
		content, name, etag = placeholder(), "placeholder.png", `"1795215363-6078-2390036770-128x128-crop=False-quality=0"`
	}
	cache := x.privateCache()
	if strings.HasPrefix(x.r.URL.Path, "/web/image/res.company/") {
		cache = "no-cache"
	}
	h := http.Header{
		"Content-Disposition":     {"inline; filename=" + name},
		"Cache-Control":           {cache},
		"Etag":                    {etag},
		"Content-Security-Policy": {noCSP},
	}
	if x.r.URL.Query().Get("unique") != "" && ok {
		h.Set("Cache-Control", "max-age=31536000, private, immutable")
		if x.s.v.version == 17 {
			h.Set("Cache-Control", "public, max-age=31536000")
		}
		h.Set("Expires", x.farExpiry())
	}
	if x.r.Header.Get("If-None-Match") == etag {
		return &reply{status: http.StatusNotModified, nosniff: true, header: h}, nil
	}
	h.Set("Content-Type", "image/png")
	h.Set("Last-Modified", cookieTime(fileTime))
	return &reply{status: http.StatusOK, nosniff: true, body: content, header: h}, nil
}

func contentRoute(x *exchange) (*reply, error) {
	content, name, ok := x.binaryField(strings.TrimPrefix(x.r.URL.Path, "/web/content/"))
	if !ok {
		return nil, &httpError{status: http.StatusNotFound, text: "The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again."}
	}
	return &reply{status: http.StatusOK, nosniff: true, body: content, header: http.Header{
		"Content-Disposition":     {"inline; filename=" + name},
		"Content-Type":            {"image/png"},
		"Last-Modified":           {cookieTime(fileTime)},
		"Cache-Control":           {x.privateCache()},
		"Etag":                    {`"60a2a24a2fcfd3b3045bbaa75c5d68815df9d541"`},
		"Content-Security-Policy": {noCSP},
	}}, nil
}

func logoRoute(x *exchange) (*reply, error) {
	return &reply{status: http.StatusOK, nosniff: true, body: picture(64, color.RGBA{0x71, 0x4b, 0x67, 0xff}), header: http.Header{
		"Content-Disposition":          {"inline; filename=logo.png"},
		"Content-Type":                 {"image/png"},
		"Last-Modified":                {cookieTime(fileTime)},
		"Cache-Control":                {"no-cache"},
		"Access-Control-Allow-Origin":  {"*"},
		"Access-Control-Allow-Methods": {"GET, POST"},
		"Content-Security-Policy":      {noCSP},
	}}, nil
}

// reportModels are the reports that there are.
var reportModels = map[string]string{"sale.report_saleorder": "sale.order"}

func reportRoute(x *exchange) (*reply, error) {
	parts := strings.Split(strings.Trim(x.r.URL.Path, "/"), "/")
	if len(parts) < 4 {
		return nil, &httpError{status: http.StatusNotFound, site: true}
	}
	content, _, err := x.report(parts[1], parts[2], parts[3])
	if err != nil {
		return nil, err
	}
	x.setFrontendLang()
	a := htmlReply(content)
	if parts[1] == "pdf" {
		a.header.Set("Content-Type", "application/pdf")
	}
	return a, nil
}

// report renders one record. Every failure is a page, with a status that
// depends on the version.
func (x *exchange) report(converter, name, ids string) (content []byte, title string, err error) {
	missing := http.StatusBadRequest
	if x.s.v.version >= 19 {
		missing = http.StatusInternalServerError
	}
	model, ok := reportModels[name]
	if !ok {
		return nil, "", &httpError{status: http.StatusInternalServerError, site: true}
	}
	id, err := strconv.ParseInt(ids, 10, 64)
	if err != nil { // several ids need a PDF engine that the usual installation lacks
		status := http.StatusInternalServerError
		if x.s.v.version >= 19 {
			status = http.StatusUnprocessableEntity
		}
		return nil, "", &httpError{status: status, site: true}
	}
	rows, err := x.db.engine.call(x.uid, model, "read", []any{[]any{id}}, map[string]any{"fields": []any{"display_name"}})
	if err != nil {
		return nil, "", &httpError{status: http.StatusForbidden, site: true}
	}
	if len(asList(rows)) == 0 {
		return nil, "", &httpError{status: missing, site: true}
	}
	title = asString(asMap(asList(rows)[0])["display_name"])
	if converter == "html" {
		return render("report", reportPage{Title: title, Record: x.record(model, id)}), title, nil
	}
	return onePagePDF("Order # " + title), title, nil
}

type reportPage struct {
	Title  string
	Record recordView
}

func reportDownloadRoute(x *exchange) (*reply, error) {
	data, err := decodeJSON([]byte(x.form().Get("data")))
	list := asList(data)
	if err != nil || len(list) < 2 {
		return nil, &httpError{status: http.StatusInternalServerError, site: true}
	}
	parts := strings.Split(strings.Trim(asString(list[0]), "/"), "/")
	if len(parts) < 4 {
		return nil, &httpError{status: http.StatusInternalServerError, site: true}
	}
	content, title, err := x.report("pdf", parts[2], parts[3])
	if err != nil {
		return nil, err
	}
	return &reply{status: http.StatusOK, body: content, header: http.Header{
		"Content-Type":        {"application/pdf"},
		"Content-Disposition": {"attachment; filename*=UTF-8''" + url.PathEscape("Order - "+title) + ".pdf"},
	}}, nil
}

// onePagePDF is a valid document with one line of text.
func onePagePDF(text string) []byte {
	text = strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(text)
	stream := "BT /F1 18 Tf 72 720 Td (" + text + ") Tj ET"
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(stream), stream),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	offsets := make([]int, len(objects))
	for i, o := range objects {
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, start)
	return b.Bytes()
}

// streamRoute sends server-sent events, each flushed by itself; ?n= says how
// many, default 3. See Server.StepEvents.
func streamRoute(x *exchange) (*reply, error) {
	n := 3
	if v, err := strconv.Atoi(x.r.URL.Query().Get("n")); err == nil && v > 0 && v <= 1000 {
		n = v
	}
	s := x.s
	return &reply{takeOver: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-cache")
		flush := http.NewResponseController(w)
		for i := range n {
			if i > 0 && !s.control.nextEvent(r) {
				return
			}
			fmt.Fprintf(w, "id: %d\ndata: event %d\n\n", i, i)
			if flush.Flush() != nil {
				return
			}
		}
	}}, nil
}

// downloadRoute is a file of as many bytes as the path says, up to 1 GiB.
func downloadRoute(x *exchange) (*reply, error) {
	n, err := strconv.ParseInt(strings.TrimPrefix(x.r.URL.Path, "/web/simulated/download/"), 10, 64)
	if err != nil || n < 0 || n > 1<<30 {
		return nil, &httpError{status: http.StatusNotFound, site: true}
	}
	return &reply{takeOver: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Disposition", "attachment; filename=download.bin")
		w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
		if r.Method == http.MethodHead {
			return
		}
		block := bytes.Repeat([]byte("0123456789abcdef"), 4096)
		for n > 0 {
			part := block[:min(n, int64(len(block)))]
			written, err := w.Write(part)
			if err != nil {
				return
			}
			n -= int64(written)
		}
	}}, nil
}
