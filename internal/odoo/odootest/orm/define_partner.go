package orm

import "strings"

const (
	groupUser      = "base.group_user"
	groupPortal    = "base.group_portal"
	groupPublic    = "base.group_public"
	groupERP       = "base.group_erp_manager"
	groupSystem    = "base.group_system"
	groupContacts  = "base.group_partner_manager"
	groupExport    = "base.group_allow_export"
	groupCompanies = "base.group_multi_company"
	groupProducts  = "product.group_product_manager"
	groupSales     = "sales_team.group_sale_salesman"
	groupAllSales  = "sales_team.group_sale_salesman_all_leads"
	groupSalesBoss = "sales_team.group_sale_manager"
	groupInvoicing = "account.group_account_invoice"
	groupReadonly  = "account.group_account_readonly"
	groupAccounts  = "account.group_account_manager"
)

// accounting is who sees the credit fields of a partner.
const accounting = groupInvoicing + "," + groupReadonly

func (db *DB) defineAll() {
	db.definePlaces()
	db.definePartner()
	db.defineUsers()
	db.defineProducts()
	db.defineSales()
	db.defineTechnical()
	db.defineKeys()
}

func (db *DB) definePlaces() {
	db.define(&model{name: "res.currency", label: "Currency", acl: map[string]string{"": "r", groupSystem: "rwcu"}},
		char("name", "Currency").req(), char("symbol", "Symbol").req(), boolean("active", "Active").def(true))
	db.define(&model{name: "res.country", label: "Country", order: "name, id", recSearch: []string{"name", "code"},
		acl: map[string]string{"": "r", groupContacts: "rwcu"}},
		char("name", "Country Name").req(), char("code", "Country Code").req(), of("phone_code", "integer", "Country Calling Code"),
		many2one("currency_id", "Currency", "res.currency"))
	category := &model{name: "res.partner.category", label: "Partner Tags", order: "name, id", parent: "parent_id",
		acl: map[string]string{groupUser: "r", groupContacts: "rwcu"}}
	category.display = func(t *tx, r *row) any {
		name := asString(r.v["name"])
		if parent, _ := r.v["parent_id"].(int64); category.rows[parent] != nil {
			return asString(category.display(t, category.rows[parent])) + " / " + name
		}
		return name
	}
	db.define(category,
		char("name", "Tag Name").req(), of("color", "integer", "Color Index").def(int64(0)),
		many2one("parent_id", "Parent Category", "res.partner.category"),
		one2many("child_ids", "Child Tags", "res.partner.category", "parent_id"),
		boolean("active", "Active").def(true),
		&field{name: "partner_ids", typ: "many2many", label: "Partners", relation: "res.partner", inverse: "category_id", noCopy: true})
	db.define(&model{name: "res.company", label: "Companies", order: "name, id", parent: "parent_id",
		acl: map[string]string{groupUser: "r", groupPortal: "r", groupERP: "rwcu"},
		rules: []rule{
			{group: groupUser, ops: "rwcu", domain: ownCompanies("id")},
			{group: groupPortal, ops: "rwcu", domain: ownCompanies("id")},
		}},
		char("name", "Company Name").req(), many2one("partner_id", "Partner", "res.partner").req(),
		many2one("currency_id", "Currency", "res.currency").req(), many2one("parent_id", "Parent Company", "res.company"),
		one2many("child_ids", "Branches", "res.company", "parent_id"), boolean("active", "Active").def(true),
		related("email", "char", "Email", "partner_id.email"), related("phone", "char", "Phone", "partner_id.phone"),
		related("vat", "char", "Tax ID", "partner_id.vat"))
}

// ownCompanies is the domain of company rules.
func ownCompanies(path string) func(t *tx) []any {
	return func(t *tx) []any { return []any{[]any{path, "in", t.companies()}} }
}

// ownOrNoCompany lets records of no company through as well.
func ownOrNoCompany(t *tx) []any {
	return []any{"|", []any{"company_id", "=", false}, []any{"company_id", "in", t.companies()}}
}

func (db *DB) definePartner() {
	m := &model{name: "res.partner", label: "Contact", order: "complete_name, id desc", parent: "parent_id",
		recSearch: []string{"complete_name", "email", "ref", "vat"},
		acl: map[string]string{groupPublic: "r", groupPortal: "r", groupUser: "r", groupContacts: "rwcu",
			groupSales: "rwc", groupSalesBoss: "rwc"},
		rules: []rule{
			{ops: "rwcu", domain: func(t *tx) []any {
				return append([]any{"|", []any{"partner_share", "=", false}}, ownOrNoCompany(t)...)
			}},
			{group: groupPortal, ops: "r", domain: commercialFamily},
			{group: groupPublic, ops: "r", domain: commercialFamily},
			{group: groupUser, ops: "rwcu", domain: everything},
		}}
	m.display = partnerName
	m.check = checkPartner
	db.define(m,
		char("name", "Name"), char("email", "Email"), char("phone", "Phone"), char("vat", "Tax ID"),
		char("ref", "Reference"), char("street", "Street"), char("street2", "Street2"), char("zip", "Zip"),
		char("city", "City"), many2one("country_id", "Country", "res.country"),
		many2one("parent_id", "Related Company", "res.partner"),
		one2many("child_ids", "Contact", "res.partner", "parent_id"),
		many2many("category_id", "Tags", "res.partner.category"),
		many2one("user_id", "Salesperson", "res.users"), one2many("user_ids", "Users", "res.users", "partner_id"),
		of("customer_rank", "integer", "Customer Rank").def(int64(0)).uncopied(),
		of("supplier_rank", "integer", "Supplier Rank").def(int64(0)).uncopied(),
		boolean("active", "Active").def(true), boolean("is_company", "Is a Company").def(false),
		db.partnerType(), char("function", "Job Position"), char("website", "Website Link"),
		selection("lang", "Language", [2]string{"en_US", "English (US)"}).def("en_US"), char("tz", "Timezone"),
		of("comment", "html", "Notes"), of("color", "integer", "Color Index").def(int64(0)), of("date", "date", "Date"),
		many2one("company_id", "Company", "res.company"), char("company_name", "Company Name"),
		many2one("commercial_partner_id", "Commercial Entity", "res.partner").ro().uncopied(),
		boolean("partner_share", "Share Partner").def(true).ro().uncopied(),
		of("credit_limit", "float", "Credit Limit").in(accounting).def(0.0),
		of("image_1920", "binary", "Image"), of("image_128", "binary", "Image 128").ro(),
		computed("contact_address", "char", "Complete Address", partnerAddress),
		computed("email_formatted", "char", "Formatted Email", func(_ *tx, r *row) any {
			if empty(r.v["email"]) {
				return false
			}
			return "\"" + asString(r.v["name"]) + "\" <" + asString(r.v["email"]) + ">"
		}),
		computed("credit", "monetary", "Total Receivable", func(*tx, *row) any { return 0.0 }).in(accounting),
		one2many("sale_order_ids", "Sales Order", "sale.order", "partner_id"),
		computed("sale_order_count", "integer", "Sale Order Count", func(t *tx, r *row) any {
			orders := t.raw(m, r, m.byName["sale_order_ids"]).([]int64)
			return int64(len(orders))
		}).in(groupSales),
	)
	if db.version <= 18 {
		m.add(char("mobile", "Mobile"))
	}
	if db.version <= 17 {
		m.add(char("signup_token", "Signup Token").in(groupERP).uncopied())
	}
	if db.version <= 16 {
		// The name with the company in front is display_name itself, stored.
		m.order, m.recSearch = "display_name, id desc", []string{"display_name", "email", "ref"}
		m.byName["display_name"].noStore = false
		return
	}
	complete := char("complete_name", "Complete Name").ro().uncopied()
	complete.compute = func(_ *tx, r *row) any { return completeName(m, r) }
	m.add(complete)
}

func (db *DB) partnerType() *field {
	f := selection("type", "Address Type", [2]string{"contact", "Contact"}, [2]string{"invoice", "Invoice Address"},
		[2]string{"delivery", "Delivery Address"}, [2]string{"other", "Other Address"}).def("contact")
	switch {
	case db.version >= 19:
		f.selection = [][2]string{{"contact", "Contact"}, {"invoice", "Invoice"}, {"delivery", "Delivery"}, {"other", "Other"}}
	case db.version <= 17:
		f.helped("- Contact: Use this to organize the contact details of employees of a given company (e.g. CEO, CFO, ...).\n- Invoice Address: Preferred address for all invoices.\n- Delivery Address: Preferred address for all deliveries.\n- Other: Other address for the company.")
	}
	return f
}

func everything(*tx) []any { return []any{[]any{int64(1), "=", int64(1)}} }

// commercialFamily is what portal and public users see of partners.
func commercialFamily(t *tx) []any {
	return []any{[]any{"id", "child_of", t.commercialPartner()}}
}

func (t *tx) commercialPartner() any {
	user := t.model("res.users").rows[t.uid]
	if user == nil {
		return false
	}
	partner, _ := user.v["partner_id"].(int64)
	if r := t.model("res.partner").rows[partner]; r != nil && r.v["commercial_partner_id"] != nil {
		return r.v["commercial_partner_id"]
	}
	return partner
}

func completeName(m *model, r *row) any {
	name := asString(r.v["name"])
	parent, _ := r.v["parent_id"].(int64)
	above := asString(r.v["company_name"])
	if p := m.rows[parent]; p != nil {
		above = asString(p.v["name"])
	}
	if above != "" && !truthy(r.v["is_company"]) {
		if name == "" {
			for _, c := range m.byName["type"].selection {
				if c[0] == r.v["type"] {
					name = c[1]
				}
			}
		}
		name = above + ", " + name
	}
	if name == "" {
		return false
	}
	return name
}

// partnerName is display_name: from 17 on the context can put an address, an
// e-mail and a tax id into it.
func partnerName(t *tx, r *row) any {
	m := t.model("res.partner")
	v := completeName(m, r)
	name, ok := v.(string)
	if !ok || t.db.version <= 16 {
		return v
	}
	if truthy(t.ctx["show_email"]) && !empty(r.v["email"]) {
		name += " <" + asString(r.v["email"]) + ">"
	}
	if truthy(t.ctx["show_address"]) {
		name += "\n" + asString(partnerAddress(t, r))
	}
	if truthy(t.ctx["show_vat"]) && !empty(r.v["vat"]) {
		name += " ‒ " + asString(r.v["vat"])
	}
	return name
}

func partnerAddress(t *tx, r *row) any {
	country, _ := r.v["country_id"].(int64)
	lines := []string{asString(r.v["street"]), strings.TrimSpace(asString(r.v["city"]) + " " + asString(r.v["zip"]))}
	if c := t.model("res.country").rows[country]; c != nil {
		lines = append(lines, asString(c.v["name"]))
	}
	return strings.Join(lines, "\n")
}

func checkPartner(t *tx, r *row) {
	m := t.model("res.partner")
	if empty(r.v["name"]) && r.v["type"] == "contact" {
		throw(ValidationError, "Contacts require a name")
	}
	entity := any(r.id)
	parent, _ := r.v["parent_id"].(int64)
	if p := m.rows[parent]; p != nil && !truthy(r.v["is_company"]) {
		entity = p.v["commercial_partner_id"]
	}
	if r.v["commercial_partner_id"] != entity {
		t.set(r, "commercial_partner_id", entity)
	}
}
