package orm

import (
	"crypto/subtle"
	"slices"
	"strings"
)

// groupsField is the name of the groups of a user.
func (db *DB) groupsField() string {
	if db.version >= 19 {
		return "group_ids"
	}
	return "groups_id"
}

func (db *DB) defineUsers() {
	members := "users"
	if db.version >= 19 {
		members = "user_ids"
	}
	groups := db.define(&model{name: "res.groups", label: "Access Groups", recName: "full_name", recSearch: []string{"full_name"},
		acl: map[string]string{groupUser: "r", groupERP: "rwcu"}},
		char("name", "Name").req(), char("full_name", "Group Name"),
		many2many("implied_ids", "Inherits", "res.groups"),
		&field{name: members, typ: "many2many", label: "Users", relation: "res.users", inverse: db.groupsField(), noCopy: true})
	if db.version >= 18 {
		groups.add(of("api_key_duration", "float", "API Keys maximum duration days"))
	}
	class := "Users"
	if db.version >= 19 {
		class = "ResUsers"
	}
	users := &model{name: "res.users", label: "User", class: class, order: "name, login", recSearch: []string{"name", "login"},
		acl: map[string]string{groupUser: "r", groupPortal: "r", groupPublic: "r", groupERP: "rwcu"},
		rules: []rule{
			{group: groupPortal, ops: "rwcu", domain: func(t *tx) []any { return []any{[]any{"id", "=", t.uid}} }},
			{group: groupPublic, ops: "rwcu", domain: func(t *tx) []any { return []any{[]any{"id", "=", t.uid}} }},
			{group: groupUser, ops: "rwcu", domain: everything},
		},
		beforeNew: newUser, check: uniqueLogin,
		methods: db.userMethods()}
	share := boolean("share", "Share User").ro()
	share.compute = func(t *tx, r *row) any { return !t.db.groupsOf(r.id)[groupUser] }
	db.define(users,
		many2one("partner_id", "Related Partner", "res.partner").req().uncopied(),
		char("login", "Login").req(),
		&field{name: "password", typ: "char", label: "Password", noStore: true, noCopy: true, noSearch: true,
			compute: func(*tx, *row) any { return "" }},
		related("name", "char", "Name", "partner_id.name"), related("email", "char", "Email", "partner_id.email"),
		related("phone", "char", "Phone", "partner_id.phone"), related("lang", "char", "Language", "partner_id.lang"),
		related("tz", "char", "Timezone", "partner_id.tz"), related("image_128", "binary", "Image 128", "partner_id.image_128"),
		related("country_id", "many2one", "Country", "partner_id.country_id").rel("res.country"),
		of("signature", "html", "Email Signature"), boolean("active", "Active").def(true), share,
		many2one("company_id", "Company", "res.company").req().def(int64(1)),
		many2many("company_ids", "Companies", "res.company").def([]any{int64(1)}),
		many2many(db.groupsField(), "Groups", "res.groups"),
		char("totp_secret", "TOTP secret").in(forbidden).uncopied(),
		one2many("api_key_ids", "API Keys", "res.users.apikeys", "user_id"),
	)
}

// newUser gives a user created without a partner one, and groups.
func newUser(t *tx, vals map[string]any) {
	if vals["partner_id"] == nil {
		partner := map[string]any{"name": vals["name"], "email": vals["email"]}
		if empty(vals["name"]) {
			partner["name"] = "New user"
		}
		vals["partner_id"] = t.sudo().create(t.model("res.partner"), partner)
	}
	if name := t.db.groupsField(); vals[name] == nil {
		vals[name] = []any{int64(1)}
	}
	delete(vals, "password")
}

func uniqueLogin(t *tx, r *row) {
	for _, other := range t.model("res.users").rows {
		if other != r && other.v["login"] == r.v["login"] {
			throw(ValidationError, "You can not have two users with the same login!")
		}
	}
}

// selfWritable are the fields of their own record that people may change.
var selfWritable = []string{"signature", "company_id", "lang", "tz", "email", "name", "phone", "image_128"}

func (db *DB) userMethods() map[string]*method {
	methods := map[string]*method{
		"context_get": onModel("", func(t *tx, m *model, _ args) any {
			out := map[string]any{"uid": t.uid, "lang": "en_US", "tz": false}
			if r := m.rows[t.uid]; r != nil {
				out["lang"] = t.present(m, r, m.byName["lang"], nil)
				out["tz"] = t.present(m, r, m.byName["tz"], nil)
			}
			return out
		}),
		"write": onRecords("vals", func(t *tx, m *model, ids []int64, a args) any {
			vals := dict(a.get("vals"))
			own := len(ids) == 1 && ids[0] == t.uid
			for name := range vals {
				// 16 lets people delete their keys that way, without a word.
				own = own && (slices.Contains(selfWritable, name) || name == "api_key_ids" && t.db.version == 16)
			}
			s := t
			if own {
				s = t.sudo()
			}
			s.write(m, ids, vals)
			if password, ok := vals["password"].(string); ok && password != "" {
				for _, id := range ids {
					t.setPassword(id, password)
				}
			}
			return true
		}),
		"change_password": onModel("old_passwd, new_passwd", func(t *tx, _ *model, a args) any {
			old, fresh := asString(a.get("old_passwd")), asString(a.get("new_passwd"))
			if old == "" || subtle.ConstantTimeCompare([]byte(old), []byte(t.db.secrets[t.uid])) != 1 {
				throw(AccessDenied, "Access Denied")
			}
			if fresh == "" {
				throw(UserError, "Setting empty passwords is not allowed for security reasons!")
			}
			t.setPassword(t.uid, fresh)
			return true
		}),
		"has_group": onRecords("group_ext_id", hasGroup),
	}
	if db.version <= 17 {
		methods["has_group"] = onModel("group_ext_id", func(t *tx, m *model, a args) any {
			return hasGroup(t, m, []int64{t.uid}, a)
		})
	}
	return methods
}

// hasGroup answers about a user; who is not internal may only ask about
// themselves.
func hasGroup(t *tx, m *model, ids []int64, a args) any {
	if len(ids) != 1 {
		throw(ValueError, "Expected singleton: res.users(%s)", idText(ids))
	}
	if ids[0] != t.uid && !t.su && !t.groups[groupUser] {
		throw(AccessError, "You can ony call user.has_group() with your current user.")
	}
	t.existing(m, ids)
	return t.db.groupsOf(ids[0])[asString(a.get("group_ext_id"))]
}

func (t *tx) setPassword(uid int64, password string) {
	old, had := t.db.secrets[uid]
	*t.undo = append(*t.undo, func() {
		if had {
			t.db.secrets[uid] = old
		} else {
			delete(t.db.secrets, uid)
		}
	})
	t.db.secrets[uid] = password
}

// groupsOf returns the xmlids of a user's groups with all that they imply.
func (db *DB) groupsOf(uid int64) map[string]bool {
	out := map[string]bool{}
	users := db.models["res.users"]
	if users == nil || users.rows[uid] == nil {
		return out
	}
	kept, _ := users.rows[uid].v[db.groupsField()].([]int64)
	groups := db.models["res.groups"]
	var add func(ids []int64)
	add = func(ids []int64) {
		for _, id := range ids {
			r := groups.rows[id]
			if r == nil {
				continue
			}
			if xmlid := asString(r.v[xmlidKey]); !out[xmlid] {
				out[xmlid] = true
				implied, _ := r.v["implied_ids"].([]int64)
				add(implied)
			}
		}
	}
	add(kept)
	return out
}

// xmlidKey keeps the external id of a record beside its fields.
const xmlidKey = "-xmlid"

// groupName is a group as the texts of errors call it.
func (db *DB) groupName(xmlid string) string {
	for _, r := range db.models["res.groups"].rows {
		if r.v[xmlidKey] == xmlid {
			name := asString(r.v["full_name"])
			if !strings.HasPrefix(name, "Role") {
				name = strings.ReplaceAll(name, " / ", "/")
			}
			return name
		}
	}
	return xmlid
}

func (t *tx) userName() string {
	users := t.model("res.users")
	if r := users.rows[t.uid]; r != nil {
		return asString(t.raw(users, r, users.byName["name"]))
	}
	return ""
}

func (t *tx) userCompanies() []int64 {
	if r := t.model("res.users").rows[t.uid]; r != nil {
		ids, _ := r.v["company_ids"].([]int64)
		return ids
	}
	return nil
}
