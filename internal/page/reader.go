package page

import (
	"context"
	"net/http"
	"strings"
	"time"
	_ "time/tzdata" // the time zones of people, also where the machine has none

	"golang.org/x/text/language"
)

// Reader is what Odoo knows about how a person reads.
type Reader struct {
	// Language is a language code of Odoo's, such as "de_CH"; "" is unknown.
	Language string
	// Zone is the name of a time zone, such as "Europe/Zurich"; "" is unknown.
	Zone string
}

type readerKey struct{}

// For lets the pages of a request be written for a person. Without it, or
// where there is no catalogue in their language, the request's Accept-Language
// decides.
func For(ctx context.Context, r Reader) context.Context {
	return context.WithValue(ctx, readerKey{}, r)
}

// catalogueFor finds the catalogue that a page is written by.
func catalogueFor(r *http.Request) *catalogue {
	reader, _ := r.Context().Value(readerKey{}).(Reader)
	// Odoo writes sr@latin for a script.
	code, _, _ := strings.Cut(reader.Language, "@")
	if tag, err := language.Parse(code); err == nil {
		if c, ok := match(tag); ok {
			return c
		}
	}
	// Browsers send a few; a longer header is somebody's game.
	accepted := strings.Join(r.Header.Values("Accept-Language"), ",")
	if len(accepted) > maxAccepted {
		return english
	}
	tags, _, err := language.ParseAcceptLanguage(accepted)
	if err != nil {
		return english
	}
	if c, ok := match(tags...); ok {
		return c
	}
	return english
}

// maxAccepted bounds the Accept-Language that is read, in bytes.
const maxAccepted = 1000

func match(tags ...language.Tag) (*catalogue, bool) {
	_, i, sure := matcher.Match(tags...)
	return catalogues[i], sure > language.No
}

// zoneFor is the time zone of the person that a page is written for, UTC where
// it is unknown.
func zoneFor(r *http.Request) *time.Location {
	reader, _ := r.Context().Value(readerKey{}).(Reader)
	// "Local" is that of this machine, which nobody asked for.
	if zone, err := time.LoadLocation(reader.Zone); err == nil && reader.Zone != "Local" {
		return zone
	}
	return time.UTC
}
