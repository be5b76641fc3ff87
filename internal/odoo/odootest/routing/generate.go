package routing

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// ours are targets of calls at the interfaces of the gateway.
var ours = []string{
	"/json/2/res.partner/search_read", "/json/2/res.partner/read", "/json/2/res.users/write",
	"/restapi/1.0/object/res.partner", "/restapi/1.0/object/res.partner/7", "/restapi/1.0/object/res.partner/search",
	"/restapi/1.0/object/res.users/2", "/orestapi/record/read",
}

// plain are targets that mean what they say.
var plain = []string{
	"/json/2/res.partner/search_read", "/json/2/res.partner/read", "/json/2/res.users/write", "/json/2", "/json/2/",
	"/json/1/res.partner", "/json/version", "/jsonrpc", "/xmlrpc/2/object", "/xmlrpc/common",
	"/restapi/1.0/object/res.partner", "/restapi/1.0/object/res.partner/7", "/restapi/1.0/object/res.partner/search",
	"/restapi/1.0/object/res.partner/7/write", "/restapi/1.0/object/res.users/2",
	"/restapi/1.0/binary/res.partner/7/image_128", "/restapi/1.0/report/sale.report_saleorder/7", "/restapi/1.0/common/oauth2/access_token",
	"/orestapi/record/read", "/orestapi/model/field", "/web/dataset/call_kw", "/web/dataset/call_kw/res.partner/read",
	"/web/database/manager", "/web/database/drop", "/web/content/7", "/web/content/res.partner/7/name", "/web/image/res.partner/7/avatar_128",
	"/web/image/7/64x64", "/web/image/7-8f3a/64x64/azure.png", "/web/image/res.partner/7/avatar_128/64x64/azure.png", "/web/image/base.logo/azure.png",
	"/web/content/base.manual", "/web/content/7/azure.pdf", "/web/content/res.partner/7/name/64x64",
	"/report/pdf/sale.report_saleorder/7", "/report/download", "/web/export/csv", "/websocket", "/web/become", "/web/login", "/web", "/",
	"/.well-known/oauth-authorization-server",
}

// pieces are put between and into segments.
var pieces = []string{
	"/", "//", "///", "/./", "/../", "/x/../", "/.", "/..", "/%2e/", "/%2e%2e/", "/.%2E/", "%2f", "%2F", "%252f", "%5c", "\\", "/\\/", "%00", "%0a", "%0d%0a",
	"%09", "%20", ";", ";x=1", "%3b", "%23", "#", "%3f", "?", "%25", "%c0%af", "%c0%ae", "%e0%80%af", "%ef%bc%8f", "%ef%bc%8e", "%e2%80%8b", "%ad", "%ff",
	".", ",", ":", "@", "+", "*", "'", "\"", "|", "~", "$", "&", "=", "(", "[", "]", "en", "fr", "7", "0", "-1", "res.partner", "json", "2", "%u002f", "é", "．",
}

// fronts stand before a whole target.
var fronts = []string{
	"/", "//", "///", "/en", "/fr", "/pt_BR", "/EN", "/xx", "//en", "/en/", "/en/fr", "/.", "/..", "/%2e", "/web/..", "/x/%2e%2e", "/%65n", "/;",
	"http://erp.example.com", "http://evil.example", "HTTP://erp.example.com:8069", "x:", "//evil.example",
}

// Generate makes up a target as an attacker would: one that means something,
// in a disguise. It need not be a valid one.
func Generate(r *rand.Rand) string {
	target := pick(r, plain)
	if r.IntN(2) == 0 {
		target = pick(r, ours)
	}
	for range r.IntN(4) {
		at := r.IntN(len(target) + 1)
		switch r.IntN(9) {
		case 0: // between two segments
			if slash := strings.LastIndexByte(target[:at], '/'); slash >= 0 {
				target = target[:slash] + pick(r, pieces) + target[slash+1:]
			}
		case 1: // beside a slash
			if slash := strings.LastIndexByte(target[:at], '/'); slash >= 0 {
				target = target[:slash+r.IntN(2)] + pick(r, pieces) + target[slash+r.IntN(2):]
			}
		case 2: // anywhere
			target = target[:at] + pick(r, pieces) + target[at:]
		case 3:
			target += pick(r, pieces)
		case 4:
			target = pick(r, fronts) + target
		case 5: // a letter in other words
			if at < len(target) && target[at] != '%' {
				target = target[:at] + fmt.Sprintf([]string{"%%%02x", "%%%02X", "%%25%02x"}[r.IntN(3)], target[at]) + target[at+1:]
			}
		case 6: // in another case
			if at < len(target) && target[at]|0x20 >= 'a' && target[at]|0x20 <= 'z' {
				target = target[:at] + string(target[at]^0x20) + target[at+1:]
			}
		case 7: // cut
			if end := at + r.IntN(3); end <= len(target) {
				target = target[:at] + target[end:]
			}
		case 8: // one target behind another
			target += pick(r, plain)
		}
	}
	return target
}

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }
