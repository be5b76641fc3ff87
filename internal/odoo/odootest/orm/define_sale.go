package orm

import "fmt"

func (db *DB) defineProducts() {
	catalogue := map[string]string{groupUser: "r", groupProducts: "rwcu", groupSalesBoss: "rwcu"}
	db.define(&model{name: "uom.uom", label: "Product Unit of Measure", acl: catalogue},
		char("name", "Unit of Measure").req(), boolean("active", "Active").def(true), of("factor", "float", "Ratio").def(1.0))
	category := &model{name: "product.category", label: "Product Category", parent: "parent_id", order: "complete_name", recName: "complete_name", acl: catalogue}
	complete := char("complete_name", "Complete Name").ro().uncopied()
	complete.compute = func(t *tx, r *row) any {
		parent, _ := r.v["parent_id"].(int64)
		if p := category.rows[parent]; p != nil {
			return asString(complete.compute(t, p)) + " / " + asString(r.v["name"])
		}
		return r.v["name"]
	}
	db.define(category, char("name", "Name").req(), complete,
		many2one("parent_id", "Parent Category", "product.category"),
		one2many("child_id", "Child Categories", "product.category", "parent_id"))
	template := &model{name: "product.template", label: "Product", order: "name, id", recSearch: []string{"name", "default_code"}, acl: catalogue}
	template.display = func(_ *tx, r *row) any { return productName(r.v["name"], r.v["default_code"]) }
	unit := "Unit of Measure"
	if db.version >= 19 {
		unit = "Unit"
	}
	db.define(template,
		char("name", "Name").req(), char("default_code", "Internal Reference"), of("list_price", "float", "Sales Price").def(1.0),
		of("standard_price", "float", "Cost").in(groupUser).def(0.0),
		selection("type", "Product Type", [2]string{"consu", "Goods"}, [2]string{"service", "Service"}).def("consu"),
		many2one("uom_id", unit, "uom.uom").req().def(int64(1)), many2one("categ_id", "Product Category", "product.category"),
		boolean("sale_ok", "Sales").def(true), boolean("active", "Active").def(true), of("description_sale", "text", "Sales Description"),
		many2one("company_id", "Company", "res.company"), of("image_128", "binary", "Image 128"),
		one2many("product_variant_ids", "Products", "product.product", "product_tmpl_id"))
	variant := &model{name: "product.product", label: "Product Variant", order: "default_code, id", recSearch: []string{"name", "default_code", "barcode"}, acl: catalogue}
	db.define(variant,
		many2one("product_tmpl_id", "Product Template", "product.template").cascading(), char("barcode", "Barcode").uncopied(),
		related("name", "char", "Name", "product_tmpl_id.name"), related("default_code", "char", "Internal Reference", "product_tmpl_id.default_code"),
		related("list_price", "float", "Sales Price", "product_tmpl_id.list_price"),
		related("uom_id", "many2one", "Unit of Measure", "product_tmpl_id.uom_id").rel("uom.uom"), boolean("active", "Active").def(true))
	variant.display = func(t *tx, r *row) any {
		return productName(t.follow(variant, r, "product_tmpl_id.name"), t.follow(variant, r, "product_tmpl_id.default_code"))
	}
}

func productName(name, code any) any {
	if empty(code) {
		return name
	}
	return fmt.Sprintf("[%s] %s", asString(code), asString(name))
}

// salesRules: portal users see what is theirs, salespeople their own and what
// is nobody's, and nobody what belongs to another company.
func salesRules(owner, partner, company string) []rule {
	return []rule{
		{ops: "rwcu", domain: ownCompanies(company)},
		{group: groupPortal, ops: "rwcu", domain: func(t *tx) []any {
			return []any{[]any{partner, "child_of", t.commercialPartner()}}
		}},
		{group: groupSales, ops: "rwcu", domain: func(t *tx) []any {
			return []any{"|", []any{owner, "=", t.uid}, []any{owner, "=", false}}
		}},
		{group: groupAllSales, ops: "rwcu", domain: everything},
	}
}

func (db *DB) defineSales() {
	order := &model{name: "sale.order", label: "Sales Order", class: "SaleOrder", order: "date_order desc, id desc",
		acl:       map[string]string{groupPortal: "r", groupSales: "rwc", groupSalesBoss: "rwcu", groupInvoicing: "rw"},
		rules:     salesRules("user_id", "partner_id", "company_id"),
		beforeNew: numberOrder, methods: orderMethods()}
	states := [][2]string{{"draft", "Quotation"}, {"sent", "Quotation Sent"}, {"sale", "Sales Order"}, {"cancel", "Cancelled"}}
	if db.version <= 16 {
		states = append(states[:3:3], [2]string{"done", "Locked"}, [2]string{"cancel", "Cancelled"})
	}
	amount := func(name, label string) *field {
		f := of(name, "monetary", label).ro().uncopied()
		f.compute = func(t *tx, r *row) any { return t.orderTotal(r) }
		return f
	}
	tax := of("amount_tax", "monetary", "Taxes").ro().uncopied()
	tax.compute = func(*tx, *row) any { return 0.0 }
	db.define(order,
		char("name", "Order Reference").req().uncopied().def("New"), many2one("partner_id", "Customer", "res.partner").req(),
		many2one("user_id", "Salesperson", "res.users").defn(func(t *tx) any { return t.uid }),
		many2one("company_id", "Company", "res.company").req().def(int64(1)),
		related("currency_id", "many2one", "Currency", "company_id.currency_id").rel("res.currency"),
		selection("state", "Status", states...).def("draft").ro().uncopied(),
		of("date_order", "datetime", "Order Date").req().uncopied().defn(func(t *tx) any { return t.stamp() }),
		of("validity_date", "date", "Expiration"), char("client_order_ref", "Customer Reference").uncopied(), of("note", "html", "Terms and conditions"),
		one2many("order_line", "Order Lines", "sale.order.line", "order_id").copied(),
		amount("amount_untaxed", "Untaxed Amount"), tax, amount("amount_total", "Total"),
		boolean("locked", "Locked").def(false).uncopied())
	line := &model{name: "sale.order.line", label: "Sales Order Line", order: "order_id, sequence, id",
		acl:   map[string]string{groupPortal: "r", groupSales: "rwcu", groupInvoicing: "rw"},
		rules: salesRules("order_id.user_id", "order_id.partner_id", "order_id.company_id")}
	subtotal := of("price_subtotal", "monetary", "Subtotal").ro()
	subtotal.compute = func(_ *tx, r *row) any { return lineTotal(r) }
	db.define(line,
		many2one("order_id", "Order Reference", "sale.order").cascading(), of("sequence", "integer", "Sequence").def(int64(10)),
		many2one("product_id", "Product", "product.product"), of("name", "text", "Description").req().def("/"),
		of("product_uom_qty", "float", "Quantity").def(1.0), of("price_unit", "float", "Unit Price").def(0.0),
		of("discount", "float", "Discount (%)").def(0.0), subtotal,
		related("state", "selection", "Order Status", "order_id.state"),
		related("order_partner_id", "many2one", "Customer", "order_id.partner_id").rel("res.partner"),
		related("company_id", "many2one", "Company", "order_id.company_id").rel("res.company"))
	line.byName["state"].selection = states
	db.define(&model{name: "crm.lead", label: "Lead", order: "id desc",
		acl: map[string]string{groupSales: "rwc", groupSalesBoss: "rwcu"},
		rules: []rule{
			{ops: "rwcu", domain: ownOrNoCompany},
			{group: groupSales, ops: "rwcu", domain: func(t *tx) []any {
				return []any{"|", []any{"user_id", "=", t.uid}, []any{"user_id", "=", false}}
			}},
			{group: groupAllSales, ops: "rwcu", domain: everything},
		}},
		char("name", "Opportunity").req(), many2one("partner_id", "Customer", "res.partner"), char("email_from", "Email").starting("partner_id.email"),
		many2one("user_id", "Salesperson", "res.users").defn(func(t *tx) any { return t.uid }),
		of("expected_revenue", "monetary", "Expected Revenue").def(0.0), of("probability", "float", "Probability").def(10.0),
		many2one("company_id", "Company", "res.company"), boolean("active", "Active").def(true))
}

func lineTotal(r *row) any {
	quantity, _ := asFloat(r.v["product_uom_qty"])
	price, _ := asFloat(r.v["price_unit"])
	discount, _ := asFloat(r.v["discount"])
	return quantity * price * (1 - discount/100)
}

func (t *tx) orderTotal(r *row) float64 {
	total := 0.0
	lines := t.model("sale.order.line")
	for _, id := range lines.ids() {
		if line := lines.rows[id]; line.v["order_id"] == r.id {
			n, _ := asFloat(lineTotal(line))
			total += n
		}
	}
	return total
}

func numberOrder(t *tx, vals map[string]any) {
	if name := vals["name"]; empty(name) || name == "New" {
		vals["name"] = fmt.Sprintf("S%05d", t.model("sale.order").nextID)
	}
}

func orderMethods() map[string]*method {
	move := func(to string, fresh bool, from ...any) *method {
		return onRecords("", func(t *tx, m *model, ids []int64, _ args) any {
			for _, r := range t.existing(m, ids) {
				ok := false
				for _, s := range from {
					ok = ok || r.v["state"] == s
				}
				if !ok {
					throw(UserError, "Some orders are not in a state requiring confirmation.")
				}
				vals := map[string]any{"state": to}
				if fresh {
					vals["date_order"] = t.stamp()
				}
				t.write(m, []int64{r.id}, vals)
			}
			return true
		})
	}
	return map[string]*method{
		"action_confirm": move("sale", true, "draft", "sent"),
		"action_cancel":  move("cancel", false, "draft", "sent", "sale"),
		"action_draft":   move("draft", false, "cancel", "sent"),
	}
}
