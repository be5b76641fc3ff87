package scheme

// orders are those in which Odoo gives the records of models that people know
// in an order other than by name.
var orders = map[string]string{
	"account.move":     "date desc, name desc, id desc",
	"crm.lead":         "priority desc, id desc",
	"product.product":  "default_code, name, id",
	"product.template": "name, id",
	"project.task":     "priority desc, sequence, id desc",
	"purchase.order":   "priority desc, id desc",
	"sale.order":       "date_order desc, id desc",
}

// usualOrder is the order of records where a call asks for none. Odoo has one
// for each model and does not tell it: it may be by a field that is hidden, or
// by records of another model, as contacts are sorted by their companies. So
// it is left to Odoo only where nothing is hidden.
func (j *judge) usualOrder(m *model) (string, error) {
	if !j.scheme.reserved {
		return "", nil
	}
	if usual, ok := orders[m.name]; ok {
		order, err := j.ordered(m, usual)
		if _, denied := err.(*Denied); !denied {
			return order, err
		}
	}
	order, err := j.byName(m)
	if order == "" {
		order = "id"
	}
	return order, err
}

// byName is the order of a search by name, complete so that pages do not
// overlap; "" for a model that cannot be sorted by name.
func (j *judge) byName(m *model) (string, error) {
	order, err := j.ordered(m, searchField+", id")
	if _, denied := err.(*Denied); denied {
		return "", nil
	}
	return order, err
}
