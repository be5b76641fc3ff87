package orm

import (
	"crypto/subtle"
	"slices"
)

// User is what the HTTP layer needs to know of a user.
type User struct {
	ID, PartnerID      int64
	Login, Name, Email string
	PartnerName        string // display name of the partner
	Lang, TZ           string // "" when not set
	CompanyID          int64
	CompanyName        string
	CompanyIDs         []int64
	PartnerWriteDate   string
	Active             bool
	Internal           bool // base.group_user
	Portal, System     bool
	Admin              bool // base.group_erp_manager
	Export             bool // base.group_allow_export
	Password           string
}

// UserByLogin finds a user, archived ones too.
func (db *DB) UserByLogin(login string) (User, bool) {
	db.mu.Lock()
	defer db.mu.Unlock()
	for _, r := range db.models["res.users"].rows {
		if r.v["login"] == login {
			return db.user(r), true
		}
	}
	return User{}, false
}

// UserByID finds a user, archived ones too.
func (db *DB) UserByID(uid int64) (User, bool) {
	db.mu.Lock()
	defer db.mu.Unlock()
	r := db.models["res.users"].rows[uid]
	if r == nil {
		return User{}, false
	}
	return db.user(r), true
}

func (db *DB) user(r *row) User {
	t := &tx{db: db, uid: r.id, su: true}
	users, partners, companies := t.model("res.users"), t.model("res.partner"), t.model("res.company")
	text := func(path string) string { return asString(t.follow(users, r, path)) }
	groups := db.groupsOf(r.id)
	u := User{ID: r.id, Login: asString(r.v["login"]), Name: text("partner_id.name"), Email: text("partner_id.email"),
		Lang: text("partner_id.lang"), TZ: text("partner_id.tz"), Active: r.v["active"] != false,
		Internal: groups[groupUser], Portal: groups[groupPortal], System: groups[groupSystem], Admin: groups[groupERP], Export: groups[groupExport],
		Password: db.secrets[r.id]}
	u.PartnerID, _ = r.v["partner_id"].(int64)
	u.CompanyID, _ = r.v["company_id"].(int64)
	companyIDs, _ := r.v["company_ids"].([]int64)
	u.CompanyIDs = slices.Clone(companyIDs)
	if p := partners.rows[u.PartnerID]; p != nil {
		u.PartnerName = asString(t.displayName(partners, p))
		u.PartnerWriteDate = asString(p.v["write_date"])
	}
	if c := companies.rows[u.CompanyID]; c != nil {
		u.CompanyName = asString(c.v["name"])
	}
	return u
}

// CheckPassword tells whose password it is; archived users and those without
// a password never match.
func (db *DB) CheckPassword(login, password string) (uid int64, ok bool) {
	u, found := db.UserByLogin(login)
	if !found || !u.Active || u.Password == "" {
		return 0, false
	}
	return u.ID, subtle.ConstantTimeCompare([]byte(u.Password), []byte(password)) == 1
}

// SetPassword replaces a password; "" leaves the user without one.
func (db *DB) SetPassword(uid int64, password string) {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.secrets[uid] = password
}

// SetActive archives a user or brings them back.
func (db *DB) SetActive(uid int64, active bool) {
	db.mu.Lock()
	defer db.mu.Unlock()
	if r := db.models["res.users"].rows[uid]; r != nil {
		r.v["active"] = active
	}
}

// SetLanguage installs a language, such as "de_DE", without any translation, and
// lets a user have it.
func (db *DB) SetLanguage(uid int64, code string) {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.spoken[code] = true
	if r := db.models["res.users"].rows[uid]; r != nil {
		partner, _ := r.v["partner_id"].(int64)
		db.models["res.partner"].rows[partner].v["lang"] = code
	}
}

// AddUser makes a user with the groups of the demo login "demo" (or, where
// portal is set, of "portal") and returns the id.
func (db *DB) AddUser(login, name, password string, portal bool) (int64, error) {
	like := "demo"
	if portal {
		like = "portal"
	}
	model, _ := db.UserByLogin(like)
	db.mu.Lock()
	groups, _ := db.models["res.users"].rows[model.ID].v[db.groupsField()].([]int64)
	db.mu.Unlock()
	v, err := db.Call(Env{UID: 1, Superuser: true}, "res.users", "create", []any{map[string]any{
		"login": login, "name": name, "email": login + "@example.com",
		db.groupsField(): []any{[]any{int64(6), int64(0), anyIDs(groups)}},
	}}, nil)
	if err != nil {
		return 0, err
	}
	uid, _ := v.(int64)
	db.SetPassword(uid, password)
	return uid, nil
}

// HasGroup tells whether a user is in a group, implied groups included.
func (db *DB) HasGroup(uid int64, xmlid string) bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.groupsOf(uid)[xmlid]
}

// SetGroup puts a user into the group with that XML id, or takes them out of
// it. Groups that imply it, and that the user keeps, still do. It tells whether
// there is such a group.
func (db *DB) SetGroup(uid int64, xmlid string, in bool) bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	user := db.models["res.users"].rows[uid]
	for id, r := range db.models["res.groups"].rows {
		if r.v[xmlidKey] != xmlid || user == nil {
			continue
		}
		kept, _ := user.v[db.groupsField()].([]int64)
		kept = slices.DeleteFunc(slices.Clone(kept), func(g int64) bool { return g == id })
		if in {
			kept = append(kept, id)
		}
		user.v[db.groupsField()] = kept
		return true
	}
	return false
}
