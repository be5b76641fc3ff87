package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
)

// json2Speaker speaks /json/2, which has words for every inquiry.
type json2Speaker struct{ wire }

func (s *json2Speaker) say(_ *rand.Rand, q inquiry) *utterance {
	arguments := q.arguments()
	if q.Op == opRead {
		arguments["ids"] = q.IDs
	}
	switch q.Op {
	case opSearch, opCount, opReadGroup, opFormatted:
		arguments["domain"] = q.whereOrAll() // required
	}
	return s.compose("POST", "/json/2/"+q.Model+"/"+q.Op, "", "application/json", jsonOf(arguments))
}

func (s *json2Speaker) hear(_ *utterance, _ inquiry, a reply) (outcome, error) {
	if kind := a.header.Get("Content-Type"); kind != "application/json" {
		return outcome{}, fmt.Errorf("%d with Content-Type %q", a.status, kind)
	}
	v, err := fromJSON(a.text)
	if err != nil {
		return outcome{}, err
	}
	switch a.status {
	case http.StatusOK:
		return outcome{value: v}, nil
	case http.StatusInternalServerError:
		if failed, _ := v.(map[string]any); failed["message"] == odooFailed {
			return outcome{refused: true, failed: true, why: odooFailed}, nil
		}
	case http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity:
		failed, _ := v.(map[string]any)
		message, _ := failed["message"].(string)
		if failed["name"] == nil || message == "" || failed["debug"] != nil {
			return outcome{}, fmt.Errorf("%d is no error of Odoo's form: %s", a.status, a.text)
		}
		return outcome{refused: true, why: message}, nil
	}
	return outcome{}, fmt.Errorf("%d: %s", a.status, a.text)
}

func (s *json2Speaker) shape(_ *utterance, _ inquiry, data any) any { return data }

// ask sends one inquiry.
func (s *json2Speaker) ask(q inquiry) (outcome, error) {
	u := s.say(nil, q)
	a, err := s.send(u)
	if err != nil {
		return outcome{}, err
	}
	return s.hear(u, q, a)
}
