package odoo

import "context"

// Field is one field of a model as fields_get describes it.
type Field struct {
	Name       string
	String     string // label in the person's language
	Type       string // char, many2one, …
	Relation   string // comodel of a relational field, else ""
	Required   bool
	Readonly   bool
	Store      bool
	Searchable bool // false: a domain leaf on it is true on 16–18
	Sortable   bool
	Translated bool // a text of its own in each language
	// Depends are the fields and paths that a computed or related field is
	// made of, as far as Odoo tells; empty for all others.
	Depends []string
	// Related is the path of the field whose value this one shows and, where
	// it may be changed, changes; "" for all others.
	Related string
	// Inverse is the many2one of the other model that a one2many lists by; ""
	// for all others.
	Inverse string
}

// Fields are the fields of one model by name.
type Fields map[string]Field

// FieldSource tells a model's fields as the person in question sees them. An
// error means unknown, and unknown is refused.
type FieldSource interface {
	Fields(ctx context.Context, model string) (Fields, error)
}

// NameSource tells what models are called, in the language of the person in
// question. Models that it does not know, or may not tell, are left out.
type NameSource interface {
	Names(ctx context.Context, models []string) (map[string]string, error)
}
