package odootest

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
)

//go:embed pages/*.html
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

// render fills a page. The templates are part of the package, so that a
// failure is a defect of the package and not of a request.
func render(name string, data any) []byte {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name+".html", data); err != nil {
		panic(err)
	}
	return b.Bytes()
}

type loginPage struct {
	Token, Redirect, Login, Alert string
	Database                      string
	Signup, Reset                 template.URL // with the query that they keep
	HasType                       bool
	Provider, ProviderName        string
}

type totpPage struct{ Token, Redirect, Alert string }

type identityPage struct{ Login, Redirect, API string }

type homePage struct {
	Name, Login, Database, Version, Home, Token string
	LogoutPOST                                  bool
	Record                                      *recordView
	Links                                       []homeLink
}

type homeLink struct{ Label, Href string }

type recordView struct {
	Title, Model string
	ID           int64
	Problem      string
	Rows         []recordRow
}

type recordRow struct{ Label, Value string }

type sitePage struct {
	Title, Text string
	Status      int
}

// sitePage is an error page in the look of the portal.
func (x *exchange) sitePage(status int) []byte {
	p := sitePage{Title: "Odoo", Status: status, Text: "The page you were looking for could not be found."}
	switch status {
	case http.StatusNotFound:
	case http.StatusForbidden:
		p.Text = "The page you were looking for could not be authorized."
	case http.StatusInternalServerError:
		p.Title, p.Text = "Internal Server Error", "Oops! Something went wrong."
	default:
		p.Text = "The server could not answer this request."
	}
	return render("site", p)
}
