package rpc

import (
	"bytes"
	"context"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// reportName is what may stand in the path: the technical name of a report, or
// its external id, which Odoo's route takes as well.
var reportName = regexp.MustCompile(`^[A-Za-z0-9_]{1,64}(\.[A-Za-z0-9_]{1,64}){1,2}$`)

// maxReportIDs keeps the path within what servers take.
const maxReportIDs = 200

// Report prints a report for records, as the person of the session: one PDF
// for all of them. rotated is as that of Call. Odoo answers pages for people:
// User means that it could not print, be it for want of a PDF engine, and
// Unavailable also that it did not know the session, which proves nothing.
//
// There is no such way with an API key: Odoo's route takes sessions alone, and
// no public method of a model renders a report.
func (c *Client) Report(ctx context.Context, rt http.RoundTripper, s Session, name string, ids []int64) (pdf []byte, rotated *http.Cookie, err error) {
	switch {
	case !ValidSession(s.ID):
		return nil, nil, &odoo.Error{Kind: odoo.SessionExpired, Message: "no session"}
	case !reportName.MatchString(name):
		return nil, nil, &odoo.Error{Kind: odoo.BadRequest, Message: "malformed report name"}
	case len(ids) == 0 || len(ids) > maxReportIDs:
		return nil, nil, &odoo.Error{Kind: odoo.BadRequest, Message: fmt.Sprintf("a report is for 1 to %d records", maxReportIDs)}
	}
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = strconv.FormatInt(id, 10)
	}
	limited := newLimit(ctx, c.timeout)
	defer limited.stop()
	defer func() {
		if e, ok := err.(*odoo.Error); ok {
			c.log.Debug("report of Odoo failed", zap.String("report", name), zap.String("problem", e.Message))
		}
	}()
	req := &http.Request{
		Method: http.MethodGet,
		URL:    &url.URL{Scheme: c.scheme, Host: c.host, Path: "/report/pdf/" + name + "/" + strings.Join(parts, ",")},
		Proto:  "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Host: c.host,
		Header: http.Header{
			"Accept":                                {"application/pdf"},
			"User-Agent":                            {s.UserAgent},
			"Cookie":                                {CookieName + "=" + s.ID},
			"X-Odoo-Skip-Session-Rotation-Interval": {"1"},
		},
	}
	resp, err := rt.RoundTrip(req.WithContext(limited.ctx))
	if err != nil {
		if cookie := interruptedCookie(err); cookie != nil && cookie.Value != s.ID {
			rotated = cookie
		}
		return nil, rotated, limited.failure(err)
	}
	defer resp.Body.Close()
	if cookie := sessionCookie(resp); cookie != nil && cookie.Value != s.ID {
		rotated = cookie
	}
	pdf, err = c.readPDF(resp, limited)
	return pdf, rotated, err
}

// readPDF reads a document that is whole and not too large.
func (c *Client) readPDF(resp *http.Response, l *limit) ([]byte, error) {
	if err := printed(resp, l); err != nil {
		return nil, err
	}
	body, err := c.whole(resp, l, "document")
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(body, []byte("%PDF-")) {
		return nil, &odoo.Error{Kind: odoo.User, Message: "what was printed is no PDF"}
	}
	return body, nil
}

// printed classes the answer of Odoo's report route, whose errors are pages.
func printed(resp *http.Response, l *limit) error {
	switch status := resp.StatusCode; status {
	case http.StatusOK:
		if encoding := resp.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
			return &odoo.Error{Kind: odoo.Unavailable, Message: "the answer is encoded, though nobody asked for it"}
		}
		if kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || kind != "application/pdf" {
			return &odoo.Error{Kind: odoo.User, Message: "what was printed is no PDF"}
		}
		return nil
	case http.StatusForbidden:
		return &odoo.Error{Kind: odoo.AccessError, Message: "no right to the report"}
	case http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusInternalServerError:
		// No record, no PDF engine, no such report, a template that fails: which
		// of them, the page tells people only.
		return &odoo.Error{Kind: odoo.User, Message: fmt.Sprintf("the report could not be printed: status %d", status)}
	case http.StatusSeeOther, http.StatusFound:
		to, err := url.Parse(resp.Header.Get("Location"))
		if err == nil && (strings.HasSuffix(to.Path, "/web/session/identity") || strings.HasSuffix(to.Path, "/auth-timeout/check-identity")) {
			return &odoo.Error{Kind: odoo.CheckIdentity, Message: "the person must confirm who they are"}
		}
		return &odoo.Error{Kind: odoo.Unavailable, Message: "the report is elsewhere"}
	case statusClientGone:
		return l.failure(fmt.Errorf("status %d", status))
	default:
		return &odoo.Error{Kind: odoo.Unavailable, Message: fmt.Sprintf("status %d", status)}
	}
}
