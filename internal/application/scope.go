package application

import "slices"

// The scopes that an application may be granted.
const (
	ScopeRead  = "odoo.read"  // reading
	ScopeWrite = "odoo.write" // creating, writing and unlinking
	ScopeCall  = "odoo.call"  // methods and reports
)

// Scopes returns all scopes, in the order in which they are told.
func Scopes() []string { return []string{ScopeRead, ScopeWrite, ScopeCall} }

// Prints tells whether reports can be printed by the application at all: Odoo
// prints them for a person's session alone, never for an API key.
func (a *Application) Prints() bool {
	return len(a.RedirectURIs) > 0 && a.Connection != ConnectionAPIKey
}

// MayHave are the scopes that the application may be granted: those of its
// configuration, or all, that its model scheme has a use for.
func (a *Application) MayHave(useful []string) []string {
	return slices.DeleteFunc(Scopes(), func(s string) bool {
		return !slices.Contains(useful, s) || a.Scopes != nil && !slices.Contains(a.Scopes, s)
	})
}
