package grant

// The sizes of a page of a listing.
const (
	// DefaultPage is how many records a page has where the query's Limit is 0.
	DefaultPage = 100
	// MaxPage bounds every Limit.
	MaxPage = 1000
)

// AuthorizationQuery says which authorizations to list; empty fields do not
// restrict.
type AuthorizationQuery struct {
	// Application is the configured name.
	Application string
	// Subject is the person.
	Subject string
	// Revoked lists revoked ones too.
	Revoked bool
	// After is the ID of the last authorization of the page before.
	After string
	// Limit is how many to return at most: by default DefaultPage, never more
	// than MaxPage. A shorter answer is the last page.
	Limit int
}

// CodeQuery says which codes to list; empty fields do not restrict.
type CodeQuery struct {
	// Application is the configured name.
	Application string
	// Authorization is its ID.
	Authorization string
	// After is the Hash of the last code of the page before.
	After string
	// Limit is as in AuthorizationQuery.
	Limit int
}

// Page is the size of the page that a Limit asks for.
func Page(limit int) int {
	if limit <= 0 {
		return DefaultPage
	}
	return min(limit, MaxPage)
}
