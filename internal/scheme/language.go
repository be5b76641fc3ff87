package scheme

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
)

type languagesKey struct{}

// maxLanguages bounds how many languages of a request are looked at.
const maxLanguages = 10

// WithLanguages lets names be said in the languages that a request prefers:
// the value of its Accept-Language header (RFC 9110 §12.5.4).
func WithLanguages(ctx context.Context, accepted string) context.Context {
	type preferred struct {
		code string
		q    float64
	}
	var list []preferred
	for part := range strings.SplitSeq(accepted, ",") {
		code, parameters, weighted := strings.Cut(strings.TrimSpace(part), ";")
		one := preferred{strings.ReplaceAll(strings.TrimSpace(code), "-", "_"), 1}
		if weighted {
			q, _ := strings.CutPrefix(strings.TrimSpace(parameters), "q=")
			var err error
			if one.q, err = strconv.ParseFloat(q, 64); err != nil {
				continue
			}
		}
		if one.q > 0 && one.code != "" && len(list) < maxLanguages {
			list = append(list, one)
		}
	}
	if len(list) == 0 {
		return ctx
	}
	slices.SortStableFunc(list, func(a, b preferred) int {
		return cmp.Compare(b.q, a.q)
	})
	codes := make([]string, len(list))
	for i, p := range list {
		codes[i] = p.code
	}
	return context.WithValue(ctx, languagesKey{}, codes)
}

// translated is the display name in the first language of the context that
// there is a translation for. A name without one is taken to be English.
func (m *model) translated(ctx context.Context) string {
	codes, _ := ctx.Value(languagesKey{}).([]string)
	if len(m.displays) == 0 {
		return m.display
	}
	for _, code := range codes {
		base, _, _ := strings.Cut(code, "_")
		if name, ok := m.displays[code]; ok {
			return name
		}
		if name, ok := m.displays[base]; ok {
			return name
		}
		for _, other := range sortedKeys(m.displays) {
			if strings.HasPrefix(other, base+"_") {
				return m.displays[other]
			}
		}
		if base == "en" {
			break
		}
	}
	return m.display
}
