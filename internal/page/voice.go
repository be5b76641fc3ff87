package page

import (
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/number"
)

// Voice says things to one reader. Templates have it beside their data.
type Voice struct {
	catalogue *catalogue
	zone      *time.Location
}

func voiceFor(r *http.Request) Voice { return Voice{catalogueFor(r), zoneFor(r)} }

// Language is the code of the language that it speaks (BCP 47).
func (v Voice) Language() string { return v.catalogue.tag.String() }

// Zone is the time zone of its moments.
func (v Voice) Zone() string { return v.zone.String() }

// Head is what the head of a page needs.
type Head struct{ Title, Language string }

// Head is that of a page with the title under a key.
func (v Voice) Head(key string) Head { return Head{v.Text(key), v.Language()} }

// With is what a part of a page gets: the voice, and data of its own.
func (v Voice) With(data any) any { return view{v, data} }

// Text is a text without markup. Values follow as pairs of name and value; the
// int among them decides on the plural form.
func (v Voice) Text(key string, values ...any) string {
	var b strings.Builder
	v.each(key, values, func(s segment, value any) {
		if s.value == "" {
			b.WriteString(s.text)
			return
		}
		b.WriteString(v.plain(value))
	})
	return b.String()
}

// Event is what a kind of event of the audit trail is called; the kind itself
// where it is one of an earlier version.
func (v Voice) Event(kind string) string {
	key := eventKey + kind
	if english.phrases[key] == nil {
		return kind
	}
	return v.Text(key)
}

// eventKey begins the keys of what events are called.
const eventKey = "admin.event."

// Say is a text with its markup; values are escaped unless they are HTML.
func (v Voice) Say(key string, values ...any) template.HTML {
	var b strings.Builder
	strong := false
	v.each(key, values, func(s segment, value any) {
		if s.strong != strong {
			strong = s.strong
			b.WriteString(map[bool]string{true: "<strong>", false: "</strong>"}[strong])
		}
		markup, ok := value.(template.HTML)
		switch {
		case s.value == "":
			b.WriteString(template.HTMLEscapeString(s.text))
		case ok:
			b.WriteString(string(markup))
		default:
			b.WriteString(template.HTMLEscapeString(v.plain(value)))
		}
	})
	if strong {
		b.WriteString("</strong>")
	}
	return template.HTML(b.String())
}

func (v Voice) each(key string, values []any, write func(segment, any)) {
	named := make(map[string]any, len(values)/2)
	count := 0
	for i := 0; i+1 < len(values); i += 2 {
		named[fmt.Sprint(values[i])] = values[i+1]
		if n, ok := values[i+1].(int); ok {
			count = n
		}
	}
	for _, s := range v.catalogue.phrase(key, count) {
		write(s, named[s.value])
	}
}

func (v Voice) plain(value any) string {
	switch value := value.(type) {
	case int:
		return v.catalogue.printer.Sprint(number.Decimal(value))
	case []string:
		return strings.Join(value, ", ")
	case nil:
		return ""
	default:
		return fmt.Sprint(value)
	}
}

// Moment is a time, for people and for programs.
func (v Voice) Moment(t time.Time) template.HTML {
	here := t.In(v.zone)
	day := strconv.Itoa(here.Day())
	if here.Day() == 1 {
		day = v.Text("date.first")
	}
	words := v.Text("date.moment", "day", day, "month", v.Text("date.month."+strconv.Itoa(int(here.Month()))),
		"year", strconv.Itoa(here.Year()), "time", here.Format("15:04"), "zone", here.Format("MST"))
	return template.HTML(`<time datetime="` + t.UTC().Format(time.RFC3339) + `">` + template.HTMLEscapeString(words) + `</time>`)
}
