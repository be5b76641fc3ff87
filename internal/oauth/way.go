package oauth

// way is where a browser goes on once its person is known: back to an
// authorization request, or to a page of the gateway's.
type way struct {
	// title is that of the application, clientID its client_id: "" where the
	// way is to a page.
	title, clientID string
	// path is the way itself, other the same with another account ("" is no
	// such offer).
	path, other string
}

func (q request) way() way {
	return way{title: q.app.Title, clientID: q.app.ClientID, path: q.path(""), other: q.switchPath()}
}
