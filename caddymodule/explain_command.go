package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
)

func explainCommand() *cobra.Command {
	var (
		admin                                  adminFlags
		gateway, application, model, operation string
		fields                                 []string
		asJSON                                 bool
	)
	cmd := &cobra.Command{
		Use: "explain --application <name> --model <model> [--operation <operation>] [--field <name>...] [--gateway <name>] [--json] " +
			"[--address <interface>] [--config <path> [--adapter <name>]]",
		Short: "Explains what an application may do, and which line of the configuration decides it",
		Long: `
Explains what an application may do with a model of Odoo's: whether its model
scheme opens the model, the operation and the fields, and which line of the
configuration decides each. An operation is read (the default), create, write or
unlink, a method such as action_confirm, or the name of a report. What a person
may see in Odoo limits the application further.

Odoo is asked whether it has the model and the fields, and which of these show
what a hidden one holds, as they are hidden, too: in the name of somebody who
has connected the application, or another one of its model scheme, or of its
service account. Where there is nobody, the answer says that this is not judged.

The status is 0 where all of it is allowed, and 1 where something is not.` + howFound,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if application == "" || model == "" {
				return errors.New("say which --application and which --model")
			}
			for _, name := range fields {
				if strings.Contains(name, ",") {
					return fmt.Errorf("--field %s: one field each", name)
				}
			}
			cmd.SilenceUsage = true
			var e explanation
			err := admin.list(explainEndpoint, url.Values{
				"gateway": {gateway}, "application": {application}, "model": {model}, "operation": {operation},
				"fields": {strings.Join(fields, ",")},
			}, &e)
			if err != nil {
				return err
			}
			if err := e.write(cmd.OutOrStdout(), asJSON); err != nil {
				return err
			}
			if !e.Allowed {
				cmd.SilenceErrors = true // it was just said
				return errors.New("it is not allowed")
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&gateway, "gateway", "", "The name of the gateway, where there is more than one")
	cmd.Flags().StringVar(&application, "application", "", "The configured name of the application")
	cmd.Flags().StringVar(&model, "model", "", "The technical name of the model, such as res.partner")
	cmd.Flags().StringVar(&operation, "operation", "", "What is to be done (default read)")
	cmd.Flags().StringArrayVar(&fields, "field", nil, "A field to be read or written; may be given more than once")
	cmd.Flags().BoolVar(&asJSON, "json", false, "Print JSON")
	admin.add(cmd)
	return cmd
}

func (e explanation) write(out io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(e)
	}
	rows := [][]string{{"", "", "DECIDED BY"}}
	for _, v := range e.Verdicts {
		said := "yes"
		switch {
		case !v.Allowed:
			said = "no (" + v.Code + ")"
		case !e.Known && (strings.HasPrefix(v.Subject, "model ") || strings.HasPrefix(v.Subject, "field ")):
			said = "yes, if Odoo has it"
		}
		rows = append(rows, []string{v.Subject, said, v.Line})
	}
	if err := table(out, rows); err != nil {
		return err
	}
	if !e.Known && e.Allowed {
		if _, err := fmt.Fprintln(out, "\nNot judged: whether Odoo has the model and the fields, and whether they show what a hidden one holds. Nobody is connected in whose name it could be asked."); err != nil {
			return err
		}
	}
	if len(e.Open) > 0 {
		if _, err := fmt.Fprintln(out, "\nopen: "+oneLine(strings.Join(e.Open, ", "))); err != nil {
			return err
		}
	}
	what, said := e.Operation+" "+e.Model, "allowed"
	if refused := e.refusedFields(); refused != nil {
		what += " with " + oneLine(strings.Join(refused, ", "))
	}
	switch {
	case !e.Allowed:
		said = "not allowed"
	case !e.Known:
		said = "allowed, if Odoo has it"
	}
	_, err := fmt.Fprintf(out, "\n%s: %s is %s\n", e.Application, what, said)
	return err
}

// refusedFields are the fields that are all that is refused; nil where
// something else is, or nothing.
func (e explanation) refusedFields() (names []string) {
	for _, v := range e.Verdicts {
		if v.Allowed {
			continue
		}
		name, ok := strings.CutPrefix(v.Subject, "field ")
		if !ok {
			return nil
		}
		names = append(names, name)
	}
	return names
}
