package doctor

import (
	"fmt"
	"strings"
)

// Reports is what Odoo has told about the reports of model schemes. Of the
// methods that these name there is nothing: no call tells which methods a model
// has, to call one is to run it, and what 19 and later show under /doc is for a
// group that hardly anybody is in.
type Reports struct {
	// Looked is how many were looked at.
	Looked int
	// Doubts are what is wrong with them.
	Doubts []ReportDoubt
	// Untold are the names of those that nobody could be asked about: Odoo shows
	// its list of reports to some people only.
	Untold []string
}

// ReportDoubt is what is wrong with what the configuration says of one report.
type ReportDoubt struct {
	// Where it stands, such as "model_configuration order".
	Where string
	// Name is that of the report, Model the model of the configuration.
	Name, Model string
	// Of is the model whose records Odoo prints, "" where it has no such report.
	Of string
}

func reportFindings(r Reports) []Finding {
	var all []Finding
	add := func(status Status, text, advice string) {
		all = append(all, Finding{Part: "reports", Status: status, Text: text, Advice: advice})
	}
	for _, d := range r.Doubts {
		if d.Of == "" {
			add(Warning, d.Where+": Odoo lists no report "+d.Name, "mend the name, or install the module in Odoo that has it")
			continue
		}
		add(Problem, fmt.Sprintf("%s: Odoo prints %s for records of %s, and the rules for %s judge them", d.Where, d.Name, d.Of, d.Model),
			"name it in a model_configuration of "+d.Of)
	}
	if len(r.Untold) > 0 {
		add(Unknown, "nobody could be asked to whom Odoo shows its list of reports: it may have "+strings.Join(r.Untold, ", ")+", or not",
			"compare with Settings → Technical → Reports in Odoo's developer mode")
	}
	if len(all) == 0 && r.Looked > 0 {
		reports := "reports"
		if r.Looked == 1 {
			reports = "report"
		}
		add(OK, fmt.Sprintf("Odoo has what the model schemes name: %d %s", r.Looked, reports), "")
	}
	return all
}
