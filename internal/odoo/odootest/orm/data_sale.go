package orm

import "fmt"

func (db *DB) loadProducts() {
	for i, name := range []string{"Units", "Dozens", "kg", "Hours", "Days"} {
		db.put("uom.uom", int64(i+1), map[string]any{"name": name})
	}
	for _, c := range []struct {
		id     int64
		name   string
		parent any
	}{{1, "All", nil}, {2, "Expenses", nil}, {3, "Services", nil}, {4, "Furniture", nil}, {5, "Office", int64(4)}} {
		db.put("product.category", c.id, map[string]any{"name": c.name, "parent_id": c.parent})
	}
	for i, p := range []struct {
		name  string
		code  any
		price float64
		uom   int64
		categ int64
	}{
		{"Restaurant Expenses", nil, 14, 1, 2}, {"Hotel Accommodation", nil, 400, 5, 2}, {"Virtual Interior Design", nil, 30.75, 4, 3},
		{"Virtual Home Staging", nil, 38.25, 4, 3}, {"Office Chair", "FURN_7777", 70, 1, 5}, {"Office Lamp", "FURN_8888", 40, 1, 5},
		{"Office Design Software", "FURN_9999", 280, 1, 5}, {"Desk Combination", "FURN_7800", 450, 1, 5}, {"Customizable Desk", nil, 750, 1, 5},
		{"Corner Desk Right Sit", "E-COM06", 147, 1, 5}, {"Large Cabinet", "E-COM07", 320, 1, 5}, {"Storage Box", "E-COM08", 15.8, 1, 5},
		{"Large Desk", "E-COM09", 1799, 1, 5}, {"Acoustic Bloc Screens", "FURN_6667", 295, 1, 5}, {"Large Meeting Table", "FURN_6741", 4000, 1, 5},
	} {
		id := int64(i + 1)
		kind := "consu"
		if p.categ == 2 || p.categ == 3 {
			kind = "service"
		}
		db.put("product.template", id, map[string]any{"name": p.name, "default_code": p.code, "list_price": p.price, "standard_price": p.price / 2,
			"type": kind, "uom_id": p.uom, "categ_id": p.categ})
		db.put("product.product", id, map[string]any{"product_tmpl_id": id, "barcode": fmt.Sprintf("60164785%04d", id)})
	}
}

// sold is one line of a demo order.
type sold struct {
	product         int64
	quantity, price float64
}

func (db *DB) loadSales() {
	demo, portalPartner := int64(6), int64(8)
	acme := db.partnerByName("Deco Addict")
	if db.version >= 19 {
		demo, portalPartner = 5, 7
		acme = db.partnerByName("Acme Corporation")
	}
	gemini, ready, lumber := db.partnerByName("Gemini Furniture"), db.partnerByName("Ready Mat"), db.partnerByName("Lumber Inc")
	first := []sold{{14, 3, 295}, {6, 5, 145}, {5, 2, 65}}
	second := []sold{{3, 24, 75}, {4, 30, 38.25}}
	orders := []struct {
		partner, user int64
		state         string
		days          int
		lines         []sold
	}{
		{acme, demo, "draft", 31, first},
		{ready, 2, "draft", 31, second},
		{ready, 2, "draft", 0, []sold{{3, 10, 30.75}, {5, 1, 70}}},
		{gemini, 2, "sale", 0, []sold{{3, 16, 75}, {6, 10, 45}, {15, 3, 150}, {5, 2, 70}}},
		{acme, demo, "draft", 31, []sold{{6, 1, 405}}},
		{lumber, 2, "sale", 0, []sold{{9, 1, 750}}},
		{gemini, 2, "sale", 0, []sold{{10, 5, 147}, {5, 3, 70}, {7, 2, 280}, {6, 5, 40.2}}},
		{gemini, demo, "sale", 0, []sold{{11, 1, 320}, {5, 2, 71}}},
		{gemini, demo, "sale", 7, []sold{{11, 2, 320}, {6, 1, 14}}},
		{gemini, demo, "sale", 0, []sold{{7, 2, 280}, {5, 1, 191}}},
		{gemini, demo, "sale", 21, []sold{{12, 10, 15.8}, {8, 2, 469.25}}},
		{gemini, demo, "sale", 0, []sold{{8, 1, 450}, {12, 5, 21.2}}},
		{gemini, demo, "sale", 0, []sold{{5, 5, 70}, {6, 1, 65.5}}},
		{gemini, demo, "sale", 0, []sold{{9, 2, 750}, {6, 2, 41}}},
		{gemini, demo, "sale", 14, []sold{{9, 2, 750}, {6, 1, 41.5}}},
		{gemini, demo, "sale", 0, []sold{{10, 8, 147}, {6, 1, 10.5}}},
		{gemini, demo, "sale", 28, []sold{{11, 2, 320}, {7, 1, 311}}},
		{gemini, demo, "sale", 35, []sold{{8, 1, 450}, {12, 10, 38.1}}},
		{portalPartner, 2, "sent", 31, first},
		{portalPartner, 2, "sale", 31, second},
	}
	line := int64(0)
	for i, o := range orders {
		id := int64(i + 1)
		db.put("sale.order", id, map[string]any{"name": fmt.Sprintf("S%05d", id), "partner_id": o.partner, "user_id": o.user, "state": o.state,
			"date_order": db.ago(o.days)})
		for _, l := range o.lines {
			line++
			name := asString(db.models["product.template"].rows[l.product].v["name"])
			db.put("sale.order.line", line, map[string]any{"order_id": id, "product_id": l.product, "name": name,
				"product_uom_qty": l.quantity, "price_unit": l.price})
		}
	}
	for i, lead := range []struct {
		name    string
		partner any
		user    any
		revenue float64
	}{
		{"Quote for 150 carpets", nil, demo, 40000}, {"Office redesign", acme, int64(2), 12500}, {"Lamps for a hotel chain", gemini, nil, 8800},
	} {
		db.put("crm.lead", int64(i+1), map[string]any{"name": lead.name, "partner_id": lead.partner, "user_id": lead.user,
			"expected_revenue": lead.revenue, "email_from": "lead@example.com"})
	}
}
