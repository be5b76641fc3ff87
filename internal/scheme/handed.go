package scheme

import (
	"strings"

	"github.com/caddy-odoo/gateway/internal/odoo"
)

// partnerModel has companies and the people in them, whom Odoo keeps alike.
const partnerModel = "res.partner"

// Kin are the records to which Odoo may hand on what is written to one, beyond
// it: those above and below it, those beside it, and those of the same
// commercial entity.
type Kin int

const (
	NoKin    Kin = iota
	Contacts     // of the kin, those that share their company's address
	AllKin
)

// address are the fields of a contact's address. Odoo hands them on from a
// company to the people in it and, since 19, from one of them to the company,
// and so to all others (_fields_sync of res.partner).
var address = map[string]bool{
	"street": true, "street2": true, "zip": true, "city": true, "city_id": true, "state_id": true, "country_id": true,
}

// commercial are fields of a company that the people in it have as well; those
// that accounting and localisations add begin as below.
var commercial = map[string]bool{
	"vat": true, "company_registry": true, "industry_id": true, "company_id": true,
	"credit_limit": true, "debit_limit": true, "last_time_entries_checked": true, "branch_code": true, "nrc": true,
	"specific_property_product_pricelist": true, "sst_registration_number": true, "ttx_registration_number": true,
}

const (
	localisations = "l10n_"
	companyTerms  = "property_"
)

// seriesSwitch says to how many events of a series Odoo writes what one is given.
const seriesSwitch = "recurrence_update"

// handedTo tells to whom Odoo hands a field of a contact on.
func handedTo(field string) Kin {
	switch {
	case address[field]:
		return Contacts
	case commercial[field], strings.HasPrefix(field, localisations), strings.HasPrefix(field, companyTerms):
		return AllKin
	default:
		return NoKin
	}
}

// spreads tells who else may come into the filter by a value for a field. What
// Odoo hands on matters where the filter looks at something of the same group:
// since 19, all of the address goes along with a new street.
func (m *model) spreads(field string) Kin {
	if m.name != partnerModel {
		return NoKin
	}
	// What a localisation adds may be of either group.
	all, to := field == "parent_id" || field == "child_ids" || strings.HasPrefix(field, localisations), handedTo(field)
	kin := NoKin
	for name := range m.touches {
		if looked := handedTo(name); all || looked == to {
			kin = max(kin, looked)
		}
	}
	return kin
}

// spread notes that a call writes what is handed on.
func (w *writing) spread(m *model, kin Kin) {
	if kin != NoKin {
		w.spreading, w.kin = m.name, max(w.kin, kin)
	}
}

// keepKin makes sure that what a call writes is handed on to nobody outside of
// the filter, by any record that the call names.
func (w *writing) keepKin() {
	for i := range w.out.Guards {
		if g := &w.out.Guards[i]; g.Model == w.spreading {
			g.Kin = w.kin
		}
	}
}

// proveKin proves that all who may be given what is written to the records of a
// guard are within its domain: as many of them are as there are.
func (j *judge) proveKin(src Source, g Guard) error {
	kin, err := j.kin(g)
	if err != nil {
		return err
	}
	all, err := j.count(src, g.Model, kin)
	if err != nil {
		return err
	}
	inside, err := j.count(src, g.Model, kin.And(g.Domain))
	if err == nil && inside != all {
		err = deny(CodeFilter, "values", g.Model, "", "Odoo would give these values to contacts of the same company that are not within what is open")
	}
	return err
}

func (j *judge) kin(g Guard) (odoo.Domain, error) {
	all, err := j.fields(g.Model)
	if err != nil {
		return odoo.Domain{}, err
	}
	leaf := func(path, operator string, value any) any { return []any{path, operator, value} }
	ids := odoo.IDList(g.IDs)
	kin := []any{"|", leaf("id", "child_of", ids), leaf("parent_id", "parent_of", ids)}
	if all["commercial_partner_id"].Searchable {
		kin = append(append([]any{"|"}, kin...), leaf("commercial_partner_id", "parent_of", ids))
	}
	if g.Kin == Contacts {
		kin = append(append([]any{"&"}, kin...), leaf("type", "=", "contact"))
	}
	d, err := odoo.ParseDomain(append(append([]any{"|"}, kin...), leaf("id", "parent_of", ids)))
	if err != nil {
		return d, unexpected(err)
	}
	return j.archivedToo(g.Model, d)
}

func (j *judge) count(src Source, model string, d odoo.Domain) (int64, error) {
	res, err := src.Run(j.ctx, odoo.Call{Model: model, Method: "search_count", Kwargs: map[string]any{"domain": d.Value()}})
	if err != nil {
		return 0, err
	}
	count, ok := odoo.Int(res.Value)
	if !ok {
		return 0, unexpected(odoo.ErrShape)
	}
	return count, nil
}
