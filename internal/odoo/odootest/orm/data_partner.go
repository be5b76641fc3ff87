package orm

import (
	"fmt"
	"image/color"
	"strings"
)

const unitedStates = int64(233)

// company is a demo company with its contacts' domain name.
type company struct {
	key, name, email, vat string
	country               int64
	tags                  []int64
	rank                  int64
}

func (db *DB) companies() []company {
	all := []company{
		{key: "wood", name: "Wood Corner", email: "bhu.a100@ic.example.com", vat: "US12345672", country: unitedStates, tags: []int64{7, 6}},
		{key: "acme", name: "Deco Addict", email: "info@agrolait.com", vat: "US12345673", country: unitedStates, tags: []int64{7}, rank: 14},
		{key: "gemini", name: "Gemini Furniture", email: "sales@gemini.example.com", vat: "US12345674", country: unitedStates, tags: []int64{4, 7}},
		{key: "ready", name: "Ready Mat", email: "info@readymat.example.com", vat: "US12345675", country: unitedStates, tags: []int64{7, 6}},
		{key: "openwood", name: "OpenWood", email: "office@openwood.example.com", country: 20, rank: 8},
		{key: "lights", name: "LightsUp", email: "lightsup@example.com", country: 139, rank: 2},
		{key: "jackson", name: "The Jackson Group", email: "contact@jackson.example.com", vat: "US12345676", country: unitedStates},
		{key: "azure", name: "Azure Interior", email: "vauxoo@yourcompany.example.com", vat: "US12345677", country: unitedStates, tags: []int64{5}, rank: 6},
		{key: "lumber", name: "Lumber Inc", email: "billing@lumber.example.com", vat: "US12345678", country: unitedStates},
	}
	if db.version >= 19 {
		all[1].name = "Acme Corporation"
		all[2].country, all[2].vat = 203, "SM12345"
		all[4].country = 128
		return all
	}
	var kept []company
	for _, c := range all {
		if c.key == "lights" || c.key == "openwood" && db.version < 18 {
			continue
		}
		kept = append(kept, c)
	}
	return kept
}

// contacts are the people of the companies, in the order of their ids. The
// named ones appear in recorded exchanges, the others are functions.
var contacts = []struct{ company, name, function string }{
	{"wood", "Service Desk", "Service Manager"}, {"wood", "Store Desk", "Store Manager"},
	{"acme", "Front Office", "Functional Consultant"}, {"acme", "Purchasing", "Analyst"},
	{"gemini", "Marketing", "Marketing Manager"}, {"ready", "Production", "Production Supervisor"},
	{"gemini", "Consulting", "Senior Consultant"}, {"gemini", "Direction", "Director"},
	{"ready", "Planning", "Senior Associate"}, {"ready", "Research", "Analyst"},
	{"azure", "Brandon Freeman", "Creative Director"}, {"azure", "Showroom", "Director"},
	{"jackson", "Partners Office", "Managing Partner"}, {"jackson", "Projects", "Senior Consultant"},
	{"ready", "Systems", "System Analyst"}, {"gemini", "Order Desk", "Order Clerk"},
	{"wood", "Software", "Software Developer"}, {"azure", "Colleen Diaz", "Business Executive"},
	{"lumber", "Warehouse", "Functional Consultant"}, {"acme", "Addison Olson", "Sales Representative"},
	{"ready", "Sales Desk", "Sales Manager"}, {"ready", "Treasury", "Financial Manager"},
	{"ready", "Library", "Knowledge Manager"},
}

func (db *DB) loadPartners() {
	id := int64(0)
	add := func(v map[string]any) int64 {
		id++
		r := db.put("res.partner", id, v)
		if r.v["commercial_partner_id"] == nil {
			r.v["commercial_partner_id"] = id
		}
		return id
	}
	person := func(name, email string, v map[string]any) {
		v["name"], v["email"], v["company_name"], v["country_id"] = name, email, "YourCompany", unitedStates
		add(v)
	}
	admin := "admin@yourcompany.example.com"
	if db.version >= 19 {
		admin = "admin@example.com"
	}
	blue := logo(color.RGBA{0x33, 0x66, 0xcc, 0xff})
	add(map[string]any{"name": "YourCompany", "email": "info@yourcompany.com", "phone": "+1 555-555-5556", "is_company": true,
		"country_id": unitedStates, "city": "Brisbane", "zip": "94005", "street": "8000 Marina Blvd", "image_128": blue, "image_1920": blue,
		"website": "http://www.yourcompany.example.com", "partner_share": false})
	add(map[string]any{"name": "OdooBot", "email": "odoobot@example.com", "active": false, "company_id": int64(1), "partner_share": false})
	person("Mitchell Admin", admin, map[string]any{"phone": "+1 555-555-5555", "company_id": int64(1), "image_128": blue, "city": "Scranton"})
	add(map[string]any{"name": "Public user", "active": false})
	if db.version <= 18 {
		add(map[string]any{"name": "Default User Template", "active": false})
	}
	add(map[string]any{"name": "Portal User Template", "active": false})
	person("Marc Demo", "mark.brown23@example.com", map[string]any{"phone": "(441)-695-2334", "company_id": int64(1), "city": "Eugene"})
	person("Joel Willis", "joel.willis63@example.com", map[string]any{"phone": "(683)-556-5104", "city": "Bayonne"})
	owners := map[string]int64{}
	byKey := map[string]company{}
	for i, c := range db.companies() {
		byKey[c.key] = c
		owners[c.key] = add(map[string]any{"name": c.name, "email": c.email, "vat": orNil(c.vat), "is_company": true, "country_id": c.country,
			"category_id": c.tags, "customer_rank": c.rank, "phone": fmt.Sprintf("(623)-853-%04d", 7197+i), "ref": fmt.Sprintf("C%03d", i+1),
			"street": fmt.Sprintf("%d Arbor Way", 1000+i), "city": "Tracy", "zip": "95304", "image_128": blue, "credit_limit": float64(1000 * (i + 1)),
			"website": "https://" + c.key + ".example.com"})
	}
	for i, c := range contacts {
		owner := byKey[c.company]
		mail := strings.ToLower(strings.ReplaceAll(c.name, " ", "."))
		add(map[string]any{"name": c.name, "function": c.function, "email": mail + "@" + c.company + ".example.com", "vat": orNil(owner.vat),
			"parent_id": owners[c.company], "commercial_partner_id": owners[c.company], "country_id": owner.country,
			"phone": fmt.Sprintf("(846)-523-%04d", 2111+i), "street": "1839 Arbor Way", "city": "Tracy", "zip": "95304"})
	}
	for _, function := range []string{"Chief Executive Officer", "Chief Operations Officer"} {
		add(map[string]any{"name": function, "function": function, "parent_id": int64(1), "commercial_partner_id": int64(1),
			"country_id": unitedStates, "email": strings.ToLower(strings.ReplaceAll(function, " ", ".")) + "@yourcompany.example.com"})
	}
	if db.version >= 19 {
		add(map[string]any{"name": "My US Company", "is_company": true, "country_id": unitedStates, "phone": "+1 555-555-5556"})
	}
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// partnerByName finds a demo partner.
func (db *DB) partnerByName(name string) int64 {
	m := db.models["res.partner"]
	for _, id := range m.ids() {
		if m.rows[id].v["name"] == name {
			return id
		}
	}
	return 0
}
