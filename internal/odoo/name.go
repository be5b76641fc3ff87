package odoo

import "strings"

// maxName is the longest model, field or method name, in bytes. PostgreSQL
// cuts identifiers at 63.
const maxName = 64

// ValidModel tells whether s has the form of a model name: ASCII
// ^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$, at most 64 bytes. Look-alikes of other
// scripts, upper case and empty parts are refused.
func ValidModel(s string) bool {
	if len(s) > maxName || s == "" || !isLower(s[0]) {
		return false
	}
	for part := range strings.SplitSeq(s, ".") {
		if part == "" {
			return false
		}
		for i := range len(part) {
			if c := part[i]; !isLower(c) && !isDigit(c) && c != '_' {
				return false
			}
		}
	}
	return true
}

// ValidField tells whether s has the form of one field name: ASCII
// ^[A-Za-z_][A-Za-z0-9_]*$, at most 64 bytes. Paths have a dot between names.
func ValidField(s string) bool {
	return len(s) <= maxName && identifier(s)
}

// ValidMethod tells whether s has the form of a public method: as
// [ValidField], but not with a leading underscore, which Odoo keeps private.
func ValidMethod(s string) bool {
	return ValidField(s) && s[0] != '_'
}

// maxPath bounds the steps of a field path.
const maxPath = 8

// ValidPath tells whether s is a field name or up to eight of them, joined by
// dots.
func ValidPath(s string) bool {
	steps := 0
	for part := range strings.SplitSeq(s, ".") {
		if steps++; steps > maxPath || !ValidField(part) {
			return false
		}
	}
	return true
}

func identifier(s string) bool {
	if s == "" || isDigit(s[0]) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isLower(c) && !isDigit(c) && c != '_' && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

func isLower(c byte) bool { return c >= 'a' && c <= 'z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
