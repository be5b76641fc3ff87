package gateway

import (
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/caddy-odoo/gateway/internal/dialect/restapi"
)

// Odoo's own addresses of files and reports, which clients of Odoo know. A
// request with one of our tokens is answered there as if it had come to ours,
// through the same rules, and its cookies play no part: such addresses are what
// a client of Odoo has, and Odoo would take it for anybody's. All that has no
// token of ours goes on to Odoo as ever.
const (
	odooImage   = "/web/image"
	odooContent = "/web/content"
	odooReport  = "/report/pdf"
)

var (
	// odooFile is /web/image/res.partner/7/image_128/64x64/azure.png, without a
	// size for /web/content: size and name are wishes. An image comes in the
	// size in which it is stored.
	odooFile = regexp.MustCompile(`^/web/(?:content|image)/([a-z][a-z0-9_.]*)/([1-9][0-9]*)/([a-z_][a-z0-9_]*)(/[0-9]+x[0-9]+)?(/[^/]+)?$`)
	// odooAttachment is /web/content/12/azure.pdf, or /web/image/12-8f3a, whose
	// second part is for caches.
	odooAttachment = regexp.MustCompile(`^/web/(?:content|image)/([1-9][0-9]*)(-[^/]+)?(/[0-9]+x[0-9]+)?(/[^/]+)?$`)
	// odooPDF is /report/pdf/sale.report_saleorder/7,8.
	odooPDF = regexp.MustCompile(`^/report/pdf/([A-Za-z0-9_.]+)/([0-9]+(?:,[0-9]+)*)$`)
)

// wishes are parameters of Odoo's for files that change nothing here: how long
// caches keep them, what they are called, and their size.
var wishes = []string{"unique", "nocache", "download", "filename", "width", "height", "crop", "quality"}

// asOurs is a request to one of Odoo's addresses as one to ours; nil is none.
// What a client says and is not followed makes it none, but for wishes.
//
// Odoo's addresses of plain content have no size: what looks like one is the
// name, and nothing follows it.
func asOurs(r *http.Request) *http.Request {
	p := r.URL.Path
	content := within(p, odooContent)
	if !content && !within(p, odooImage) && !within(p, odooReport) || path.Clean(p) != p || strings.Contains(strings.ToLower(r.URL.EscapedPath()), "%2f") {
		return nil
	}
	to, known := url.URL{}, wishes
	if found := odooFile.FindStringSubmatch(p); found != nil && !(content && found[4] != "" && found[5] != "") {
		to.Path = restapi.BinaryPrefix + strings.Join(found[1:4], "/")
	} else if found := odooAttachment.FindStringSubmatch(p); found != nil && !(content && (found[2] != "" || found[3] != "" && found[4] != "")) {
		to.Path = restapi.BinaryPrefix + attachments + "/" + found[1] + "/datas"
	} else if found := odooPDF.FindStringSubmatch(p); found != nil {
		to.Path, to.RawQuery, known = restapi.ReportPrefix+found[1], "group=1&ids="+found[2], nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if to.Path == "" || err != nil || r.Method != http.MethodGet && (r.Method != http.MethodHead || known == nil) {
		return nil
	}
	for name := range query {
		if !slices.Contains(known, name) {
			return nil
		}
	}
	out := r.Clone(r.Context())
	out.URL = &to
	if known == nil {
		out.Header.Set("Accept", "application/pdf")
	}
	return out
}
