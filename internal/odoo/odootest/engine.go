package odootest

// engine is what the server needs of the simulated ORM behind a database.
type engine interface {
	// call runs a method as that user. An error is a *fault.
	call(uid int64, context map[string]any, model, method string, args []any, kwargs map[string]any) (any, error)
	hasModel(name string) bool
	userByLogin(login string) (person, bool)
	userByID(uid int64) (person, bool)
	// checkPassword returns who that is, active people only.
	checkPassword(login, password string) (person, bool)
	setPassword(login, password string)
	setActive(login string, active bool)
	rename(login, name string)
	// addUser makes one more internal user and returns its id.
	addUser(login, password, name string) int64
}

// person is a user as the server sees it.
type person struct {
	id        int64
	login     string
	name      string
	password  string // "" = cannot log in with a password
	active    bool
	internal  bool
	admin     bool // base.group_system
	partnerID int64
	companyID int64
	lang, tz  string
}
