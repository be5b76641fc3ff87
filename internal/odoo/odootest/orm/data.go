package orm

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"time"
)

// put writes a demo record past every check.
func (db *DB) put(model string, id int64, values map[string]any) *row {
	m := db.models[model]
	now := db.now().UTC().Format(datetimeLayout)
	v := map[string]any{"create_date": now, "write_date": now, "create_uid": int64(1), "write_uid": int64(1)}
	for _, f := range m.fields {
		if f.stored() && f.compute == nil && !f.x2many() && f.initial != nil {
			if _, static := values[f.name]; !static {
				v[f.name] = f.initial(&tx{db: db, uid: 1, su: true})
			}
		}
	}
	for name, value := range values {
		v[name] = value
	}
	r := &row{id: id, v: v}
	m.rows[id] = r
	m.nextID = max(m.nextID, id+1)
	return r
}

// load fills the database. The ids and names that recorded exchanges rely on
// are those of the version's own demo data; the rest is made up to the same
// pattern.
func (db *DB) load() {
	if db.version == 16 {
		db.put("res.currency", 1, map[string]any{"name": "EUR", "symbol": "€"})
	} else {
		db.put("res.currency", 1, map[string]any{"name": "USD", "symbol": "$"})
	}
	for _, c := range countries {
		db.put("res.country", c.id, map[string]any{"name": c.name, "code": c.code, "phone_code": c.phone, "currency_id": int64(1)})
	}
	db.loadGroups()
	db.loadCategories()
	db.loadPartners()
	db.put("res.company", 1, map[string]any{"name": "YourCompany", "partner_id": int64(1), "currency_id": int64(1)})
	if db.version >= 19 {
		db.put("res.company", 2, map[string]any{"name": "My US Company", "partner_id": int64(42), "currency_id": int64(1)})
	}
	db.loadUsers()
	db.loadProducts()
	db.loadSales()
	db.loadTechnical()
}

var countries = []struct {
	id         int64
	name, code string
	phone      int64
}{
	{13, "Australia", "AU", 61}, {20, "Belgium", "BE", 32}, {38, "Canada", "CA", 1}, {57, "Germany", "DE", 49},
	{75, "France", "FR", 33}, {100, "India", "IN", 91}, {128, "Liechtenstein", "LI", 423}, {139, "Montenegro", "ME", 382},
	{165, "Netherlands", "NL", 31}, {203, "San Marino", "SM", 378}, {231, "United Kingdom", "GB", 44}, {233, "United States", "US", 1},
}

func (db *DB) loadGroups() {
	settings, rights, internal, portal, public := "Administration/Settings", "Administration/Access Rights", "User types/Internal User", "User types/Portal", "User types/Public"
	systemID := int64(3)
	slash := "/"
	if db.version >= 19 {
		settings, rights, internal, portal, public = "Role / Administrator", "Access Rights", "Role / User", "Role / Portal", "Role / Public"
		systemID, slash = 4, " / "
	}
	for _, g := range []struct {
		id           int64
		xmlid, label string
		implied      []int64
	}{
		{1, groupUser, internal, nil},
		{2, groupERP, rights, []int64{1}},
		{systemID, groupSystem, settings, []int64{2}},
		{5, groupCompanies, "Multi Companies", nil},
		{8, groupExport, "Export" + slash + "Allowed", nil},
		{9, groupContacts, "Contact" + slash + "Creation", nil},
		{10, groupPortal, portal, nil},
		{11, groupPublic, public, nil},
		{21, groupProducts, "Products" + slash + "Create", nil},
		{22, groupSales, "Sales" + slash + "User: Own Documents Only", []int64{1}},
		{23, groupAllSales, "Sales" + slash + "User: All Documents", []int64{22}},
		{24, groupSalesBoss, "Sales" + slash + "Administrator", []int64{23}},
		{26, groupReadonly, "Show Accounting Features - Readonly", nil},
		{27, groupInvoicing, "Accounting" + slash + "Invoicing", []int64{1}},
		{30, groupAccounts, "Accounting" + slash + "Administrator", []int64{27, 26}},
	} {
		v := map[string]any{"name": g.label, "full_name": g.label, "implied_ids": g.implied, xmlidKey: g.xmlid}
		if db.version >= 18 && g.id == 1 {
			v["api_key_duration"] = 90.0
		}
		db.put("res.groups", g.id, v)
	}
}

func (db *DB) loadCategories() {
	for _, c := range []struct {
		id     int64
		name   string
		parent any
	}{
		{1, "Vendor", nil}, {2, "Prospects", nil}, {3, "Employees", nil}, {4, "Consulting Services", nil},
		{5, "Services", nil}, {6, "Office Supplies", int64(1)}, {7, "Desk Manufacturers", int64(1)},
	} {
		db.put("res.partner.category", c.id, map[string]any{"name": c.name, "parent_id": c.parent})
	}
}

func (db *DB) loadUsers() {
	demo, portal := int64(6), int64(7)
	marc, joel := int64(7), int64(8)
	everywhere := []int64{1}
	admin := []int64{24, 30, 21, 5, 3, 2, 9, 8, 23, 22, 27, 26, 1}
	seller := []int64{22, 9, 8, 5, 1}
	if db.version >= 19 {
		demo, portal, marc, joel = 5, 6, 6, 7
		everywhere = []int64{1, 2}
		// From 19 on a user keeps the groups given, not what they imply.
		admin = []int64{24, 30, 21, 9, 8, 5, 4}
	}
	users := []struct {
		id, partner int64
		login, word string
		groups      []int64
		companies   []int64
		inactive    bool
	}{
		{1, 2, "__system__", "", []int64{1}, everywhere, true},
		{2, 3, "admin", "admin", admin, everywhere, false},
		{3, 4, "public", "", []int64{11}, []int64{1}, true},
		{portal - 2, portal - 1, "portaltemplate", "", []int64{10}, []int64{1}, true},
		{demo, marc, "demo", "demo", seller, everywhere, false},
		{portal, joel, "portal", "portal", []int64{10}, []int64{1}, false},
	}
	for _, u := range users {
		v := map[string]any{"login": u.login, "partner_id": u.partner, db.groupsField(): u.groups,
			"company_id": int64(1), "company_ids": u.companies, "active": !u.inactive}
		db.put("res.users", u.id, v)
		if u.word != "" {
			db.secrets[u.id] = u.word
		}
	}
	if db.version <= 18 {
		db.put("res.users", 4, map[string]any{"login": "default", "partner_id": int64(5), db.groupsField(): []int64{1},
			"company_id": int64(1), "company_ids": []int64{1}, "active": false})
	}
	partners := db.models["res.partner"].rows
	partners[3].v["user_id"] = int64(2)
	partners[marc].v["user_id"] = demo
	for _, id := range []int64{3, marc} {
		partners[id].v["tz"] = "Europe/Brussels"
		partners[id].v["partner_share"] = false
	}
}

func (db *DB) loadTechnical() {
	for _, p := range [][2]string{{"web.base.url", "http://localhost:8069"}, {"database.uuid", "00000000-0000-4000-8000-000000000000"}, {"base.login_cooldown_after", "10"}} {
		m := db.models["ir.config_parameter"]
		db.put("ir.config_parameter", m.nextID, map[string]any{"key": p[0], "value": p[1]})
	}
	db.put("ir.attachment", 1, map[string]any{"name": "S00002.txt", "res_model": "sale.order", "res_id": int64(2), "mimetype": "text/plain",
		"datas": base64.StdEncoding.EncodeToString([]byte("Terms agreed with Ready Mat"))})
	db.put("auth.oauth.provider", 1, map[string]any{"name": "Odoo.com Accounts", "client_id": "00000000-0000-4000-8000-000000000001", "enabled": true,
		"auth_endpoint": "https://accounts.odoo.com/oauth2/auth", "scope": "userinfo", "validation_endpoint": "https://accounts.odoo.com/oauth2/tokeninfo"})
	db.put("ir.cron", 1, map[string]any{"name": "Base: Auto-vacuum internal data"})
	partnerModel := map[int]int64{16: 85, 17: 85, 18: 87}[db.version]
	if partnerModel == 0 {
		partnerModel = 90
	}
	id := int64(1)
	for _, name := range sortedKeys(db.models) {
		at := id
		if name == "res.partner" {
			at = partnerModel
		} else {
			id++
		}
		db.put("ir.model", at, map[string]any{"model": name, "name": db.models[name].label, "transient": db.models[name].transient})
	}
	reports := [][3]any{{int64(358), "PDF Quote", "sale.report_saleorder"}, {int64(359), "PRO-FORMA Invoice", "sale.report_saleorder_pro_forma"},
		{int64(397), "Quotation / Order", "sale.report_saleorder_raw"}}
	switch db.version {
	case 17:
		reports[0][0], reports[1][0], reports[2][0] = int64(343), int64(344), int64(377)
	case 18:
		reports[2][0] = int64(395)
	case 16:
		reports = [][3]any{{int64(309), "Quotation / Order", "sale.report_saleorder"}, {int64(310), "PRO-FORMA Invoice", "sale.report_saleorder_pro_forma"}}
	}
	xmlids := map[any]string{
		"sale.report_saleorder": "sale.action_report_saleorder", "sale.report_saleorder_pro_forma": "sale.action_report_pro_forma_invoice",
		"sale.report_saleorder_raw": "sale_pdf_quote_builder.action_report_saleorder_raw",
	}
	for _, r := range reports {
		db.put("ir.actions.report", r[0].(int64), map[string]any{
			"name": r[1], "report_name": r[2], "model": "sale.order", "type": "ir.actions.report", xmlidKey: xmlids[r[2]],
		})
	}
	for _, a := range []struct {
		id, menu    int64
		name, model string
	}{
		{55, 110, "Customers", "res.partner"}, {170, 120, "Contacts", "res.partner"}, {303, 130, "Quotations", "sale.order"},
		{306, 140, "Products", "product.template"}, {310, 150, "Pipeline", "crm.lead"},
	} {
		db.put("ir.actions.act_window", a.id, map[string]any{"name": a.name, "res_model": a.model})
		root := a.menu
		db.put("ir.ui.menu", root, map[string]any{"name": a.name + " App"})
		db.put("ir.ui.menu", root+1, map[string]any{"name": a.name, "parent_id": root, "action": "ir.actions.act_window," + python(a.id)})
	}
}

// logo is a small PNG, base64 as the ORM keeps it.
func logo(c color.Color) string {
	img := image.NewRGBA(image.Rect(0, 0, 16, 16))
	for x := range 16 {
		for y := range 16 {
			img.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err) // an image in memory always encodes
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

// ago is a datetime some days before now, on the full minute.
func (db *DB) ago(days int) string {
	return db.now().UTC().AddDate(0, 0, -days).Truncate(time.Minute).Format(datetimeLayout)
}
