package application

// The scopes that an application may be granted.
const (
	ScopeRead  = "odoo.read"  // reading
	ScopeWrite = "odoo.write" // creating, writing and unlinking
	ScopeCall  = "odoo.call"  // methods and reports
)

// Scopes returns all scopes, in the order in which they are told.
func Scopes() []string { return []string{ScopeRead, ScopeWrite, ScopeCall} }
