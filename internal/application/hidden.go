package application

// Hidden is a text that must be used as it is, and never printed.
type Hidden struct{ text string }

// Hide keeps a text from being printed.
func Hide(text string) Hidden { return Hidden{text} }

// Reveal returns the text.
func (h Hidden) Reveal() string { return h.text }

// Set tells whether there is a text at all.
func (h Hidden) Set() bool { return h.text != "" }

// String hides the text.
func (h Hidden) String() string {
	if h.Set() {
		return "[secret]"
	}
	return "[no secret]"
}

// GoString is String.
func (h Hidden) GoString() string { return h.String() }
