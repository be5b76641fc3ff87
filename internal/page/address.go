package page

import (
	"html/template"
	"strings"
)

// Address is a URL that may be broken in two lines where readers expect it:
// after its scheme, and before what begins a part of it. A browser would break
// it at any letter, or nowhere.
func (v Voice) Address(url string) template.HTML {
	var b strings.Builder
	scheme, rest, found := strings.Cut(url, "://")
	if found {
		b.WriteString(template.HTMLEscapeString(scheme) + "://<wbr>")
	} else {
		rest = url
	}
	start := 0
	for i := 1; i < len(rest); i++ {
		if strings.IndexByte("/?&#", rest[i]) >= 0 && rest[i-1] != '/' {
			b.WriteString(template.HTMLEscapeString(rest[start:i]) + "<wbr>")
			start = i
		}
	}
	b.WriteString(template.HTMLEscapeString(rest[start:]))
	return template.HTML(b.String())
}
