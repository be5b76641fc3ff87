package doctor

import (
	"fmt"
	"strings"
)

// Models is what Odoo has told about the models of model schemes.
type Models struct {
	// Looked is how many were looked at.
	Looked int
	// Doubts are what is wrong with them.
	Doubts []Doubt
	// Untold are the schemes of which nobody could be asked about a model.
	Untold []string
	// Repeated are warnings that the running gateway has logged, where not all
	// could be asked anew.
	Repeated []string
	// Reports are the reports that they name.
	Reports Reports
}

// Doubt is what is wrong with what the configuration says of one model.
type Doubt struct {
	// Where it stands, such as "model_configuration customer".
	Where string
	Model string
	// Missing: Odoo has no such model.
	Missing bool
	// Fields are those that it names and nobody who was asked sees.
	Fields []string
	// Filter is the field in its filter that closes the model, "" if none.
	Filter string
	// Asked are the logins of those who were asked.
	Asked []string
}

func modelFindings(m Models, err error) []Finding {
	var all []Finding
	add := func(status Status, text, advice string) {
		all = append(all, Finding{Part: "models", Status: status, Text: text, Advice: advice})
	}
	for _, d := range m.Doubts {
		if d.Missing {
			add(Problem, d.Where+": Odoo has no model "+d.Model, "mend the name, or install the module in Odoo that has it")
		}
		if len(d.Fields) > 0 {
			add(Warning, fmt.Sprintf("%s: %s has no field %s, or hides it from %s", d.Where, d.Model, strings.Join(d.Fields, ", "), strings.Join(d.Asked, ", ")),
				"mend the names, or take them out")
		}
		if d.Filter != "" {
			add(Problem, fmt.Sprintf("%s: its filter goes by %s, which %s does not have, or which Odoo can not search by: the model is closed", d.Where, d.Filter, d.Model),
				"mend the filter")
		}
	}
	for _, text := range m.Repeated {
		add(Warning, text, "mend it: the log has told so since the last reload")
	}
	switch {
	case err != nil:
		add(Unknown, "not all could be looked at: "+err.Error(), "ask again")
	case len(m.Untold) > 0:
		add(Unknown, "nobody is connected by whom Odoo could be asked about the models of "+strings.Join(m.Untold, ", "),
			"connect an application once, and ask the doctor again")
	case len(all) == 0 && m.Looked > 0:
		models := "models"
		if m.Looked == 1 {
			models = "model"
		}
		add(OK, fmt.Sprintf("Odoo has what the model schemes name: %d %s, and their fields", m.Looked, models), "")
	}
	return all
}
