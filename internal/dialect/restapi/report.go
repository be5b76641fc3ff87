package restapi

import (
	"encoding/base64"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/caddy-odoo/gateway/internal/dialect"
	"github.com/caddy-odoo/gateway/internal/odoo"
)

// ReportPrefix is the path of reports, below which the handler answers, too.
const ReportPrefix = "/restapi/1.0/report/"

// maxDocuments is how many documents one answer holds at most. How many bytes
// they have together is bounded by Config.MaxAnswer, as for any other answer.
const maxDocuments = 20

// report answers report/{name}/{id} and report/{name}?ids=: a document for
// each record or, with group, one for them all. Where the request prefers it,
// the one document is the answer, as it is.
func (s *session) report() error {
	if err := s.only("ids", "group"); err != nil {
		return err
	}
	ids, given, err := s.ids()
	if err != nil {
		return err
	}
	if !given || len(ids) == 0 {
		return bad("ids are missing")
	}
	v, _, err := s.argument("group")
	if err != nil {
		return err
	}
	sets := [][]int64{ids}
	if grouped, _ := v.(bool); !grouped {
		sets = nil
		for _, id := range ids {
			sets = append(sets, []int64{id})
		}
	}
	if len(sets) > maxDocuments {
		return bad("a request prints at most %d documents", maxDocuments)
	}
	plain := prefersPDF(s.r.Header.Values("Accept"))
	if plain && len(sets) > 1 {
		return bad("several documents cannot be one PDF: ask for one record, or with group=1")
	}
	documents, size := make([]odoo.Record, 0, len(sets)), int64(0)
	for _, set := range sets {
		pdf, err := s.runner.Report(s.r.Context(), s.target.model, set)
		if err != nil {
			return err
		}
		if plain {
			s.pdf(pdf, set)
			return nil
		}
		if size += int64(base64.StdEncoding.EncodedLen(len(pdf))); size > s.maxAnswer {
			return dialect.TooLarge(s.maxAnswer)
		}
		documents = append(documents, document(pdf, set))
	}
	if len(documents) == 1 {
		s.named(http.StatusOK, "report", odoo.AppendRecord(nil, documents[0]))
		return nil
	}
	s.named(http.StatusOK, "report", odoo.AppendRecords(nil, documents))
	return nil
}

// document is one in the form of the original. Its id is a list where it is
// for several records.
func document(pdf []byte, ids []int64) odoo.Record {
	id := strconv.FormatInt(ids[0], 10)
	if len(ids) > 1 {
		all := make([]string, len(ids))
		for i := range ids {
			all[i] = strconv.FormatInt(ids[i], 10)
		}
		id = "[" + strings.Join(all, ",") + "]"
	}
	return odoo.Record{
		{Name: "id", Value: jsontext.Value(id)},
		{Name: "state", Value: jsontext.Value("true")},
		{Name: "format", Value: jsontext.Value(`"pdf"`)},
		{Name: "result", Value: jsontext.Value(`"` + base64.StdEncoding.EncodeToString(pdf) + `"`)},
		{Name: "exception", Value: jsontext.Value("null")},
	}
}

// pdf writes a document as it is.
func (s *session) pdf(body []byte, ids []int64) {
	h := s.w.Header()
	download(h, "application/pdf", s.target.model+"-"+strconv.FormatInt(ids[0], 10)+".pdf")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	s.w.WriteHeader(http.StatusOK)
	_, _ = s.w.Write(body) // the client has gone: nobody is left to tell
}

// prefersPDF tells whether an Accept header names application/pdf, with at
// least the quality of JSON or XML.
func prefersPDF(accept []string) bool {
	pdf, other := 0.0, 0.0
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		kind, attributes, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		quality := 1.0
		if q, ok := attributes["q"]; ok {
			if quality, err = strconv.ParseFloat(q, 64); err != nil || !(quality >= 0 && quality <= 1) {
				continue
			}
		}
		switch kind {
		case "application/pdf":
			pdf = quality
		case "application/json", "application/xml":
			other = max(other, quality)
		}
	}
	return pdf > 0 && pdf >= other
}
