package page

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

//go:embed catalogue/*.json
var catalogueFiles embed.FS

// catalogue is all that the pages say in one language. A text stands under its
// key; {name} in it is a place for a value, and *stars* enclose what stands out.
type catalogue struct {
	tag     language.Tag
	printer *message.Printer // of numbers
	phrases map[string]map[plural.Form]phrase
}

// phrase is a text taken apart.
type phrase []segment

// segment is a text, or the name of the value that stands there.
type segment struct {
	text, value string
	strong      bool
}

// english comes first: it is what remains where no language fits.
var (
	catalogues = mustCatalogues("en", "de", "es", "fr", "hu")
	english    = catalogues[0]
	matcher    = language.NewMatcher(tagsOf(catalogues))
)

func tagsOf(all []*catalogue) []language.Tag {
	tags := make([]language.Tag, len(all))
	for i, c := range all {
		tags[i] = c.tag
	}
	return tags
}

// mustCatalogues reads files that are part of the program: an error is a
// defect of ours, which no start survives.
func mustCatalogues(languages ...string) []*catalogue {
	all := make([]*catalogue, len(languages))
	for i, name := range languages {
		data, err := catalogueFiles.ReadFile(path.Join("catalogue", name+".json"))
		if err == nil {
			all[i], err = readCatalogue(name, data)
		}
		if err != nil {
			panic(fmt.Sprintf("page: catalogue %s: %v", name, err))
		}
	}
	return all
}

// forms are the plural forms that a text may have. CLDR has more for some
// languages; numbers as small as ours need no others in those that are here.
var forms = map[string]plural.Form{"one": plural.One, "other": plural.Other}

func readCatalogue(name string, data []byte) (*catalogue, error) {
	tag, err := language.Parse(name)
	if err != nil {
		return nil, err
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, err
	}
	c := &catalogue{tag: tag, printer: message.NewPrinter(tag), phrases: make(map[string]map[plural.Form]phrase, len(raw))}
	for key, value := range raw {
		texts := map[string]string{}
		var single string
		if json.Unmarshal(value, &single) == nil {
			texts["other"] = single
		} else if err := json.Unmarshal(value, &texts); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		c.phrases[key] = map[plural.Form]phrase{}
		for form, text := range texts {
			f, ok := forms[form]
			if !ok {
				return nil, fmt.Errorf("%s: no plural form %q", key, form)
			}
			if c.phrases[key][f], err = parsePhrase(text); err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
		}
		if len(c.phrases[key][plural.Other]) == 0 {
			return nil, fmt.Errorf("%s: no text", key)
		}
	}
	return c, nil
}

func parsePhrase(text string) (phrase, error) {
	var p phrase
	for i, part := range strings.Split(text, "*") {
		strong := i%2 == 1
		for part != "" {
			before, after, found := strings.Cut(part, "{")
			if before != "" {
				p = append(p, segment{text: before, strong: strong})
			}
			if !found {
				break
			}
			name, rest, closed := strings.Cut(after, "}")
			if !closed || name == "" {
				return nil, fmt.Errorf("a brace is left open in %q", text)
			}
			p = append(p, segment{value: name, strong: strong})
			part = rest
		}
	}
	if strings.Count(text, "*")%2 == 1 {
		return nil, fmt.Errorf("a star is left over in %q", text)
	}
	return p, nil
}

// phrase finds a text in the plural form for n. A key that does not exist is a
// defect of ours; it shows as itself.
func (c *catalogue) phrase(key string, n int) phrase {
	found, ok := c.phrases[key]
	if !ok {
		return phrase{{text: key}}
	}
	if p, ok := found[plural.Cardinal.MatchPlural(c.tag, n, 0, 0, 0, 0)]; ok {
		return p
	}
	return found[plural.Other]
}

// values are the names of the values of a text, sorted.
func (p phrase) values() []string {
	var names []string
	for _, s := range p {
		if s.value != "" && !slices.Contains(names, s.value) {
			names = append(names, s.value)
		}
	}
	slices.Sort(names)
	return names
}
