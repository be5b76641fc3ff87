package connect

import (
	"fmt"
	"slices"
	"strings"
)

// Format is a form in which a guide can be had.
type Format struct {
	// Name is what it is asked for by, Title what people call it.
	Name, Title string
	// file is how the name of the document goes on after the application's.
	file string
	// Type is the media type.
	Type string
	make func(*Guide) []byte
}

// formats are all of them; the first is the default.
var formats = []Format{
	{"text", "Text", "settings.txt", "text/plain; charset=utf-8", (*Guide).text},
	{"json", "JSON", "settings.json", "application/json", (*Guide).json},
	{"openapi", "OpenAPI 3.1", "openapi.json", "application/json", (*Guide).openAPI},
	{"postman", "Postman", "postman_collection.json", "application/json", (*Guide).postman},
	{"n8n", "n8n", "n8n-workflow.json", "application/json", (*Guide).n8nWorkflow},
	{"n8n-credentials", "n8n credentials", "n8n-credentials.json", "application/json", (*Guide).n8nCredentials},
	{"forge", "Forge", "manifest.yml", "application/yaml", (*Guide).forge},
	{"confluence", "Confluence Data Center", "confluence.txt", "text/plain; charset=utf-8", (*Guide).confluence},
	{"curl", "curl", "curl.sh", "text/plain; charset=utf-8", (*Guide).curl},
}

// All are all formats, the default first.
func All() []Format { return slices.Clone(formats) }

// Formats are the names of all formats, the default first.
func Formats() []string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = f.Name
	}
	return names
}

// Document is a guide in one format.
type Document struct {
	Format string `json:"format"`
	// Title is what people call the format.
	Title string `json:"title"`
	// File is a name for it that every system can save.
	File string `json:"file"`
	// Type is the media type.
	Type    string `json:"type"`
	Content string `json:"content"`
}

// ErrFormat is a format that does not exist.
type ErrFormat struct{ Name string }

// Error implements error.
func (e ErrFormat) Error() string {
	return fmt.Sprintf("format %q is none of %s", e.Name, strings.Join(Formats(), ", "))
}

// Document makes the guide in a format; "" is the default. The error is an
// ErrFormat.
func (g *Guide) Document(format string) (Document, error) {
	if format == "" {
		format = formats[0].Name
	}
	for _, f := range formats {
		if f.Name == format {
			return Document{f.Name, f.Title, fileName(g.app.Name) + "-" + f.file, f.Type, string(f.make(g))}, nil
		}
	}
	return Document{}, ErrFormat{format}
}
