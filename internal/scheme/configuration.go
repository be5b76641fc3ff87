package scheme

// Limit says how a list of names is meant.
type Limit string

// The limits.
const (
	// LimitNone opens everything: every field that the person may read, except
	// those of a built-in list of credentials (access_token, password, …), or
	// every model, except the sensitive ones.
	LimitNone Limit = "none"
	// LimitBlacklist is LimitNone without what is named.
	LimitBlacklist Limit = "blacklist"
	// LimitWhitelist opens what is named (and the field "id"), nothing else.
	LimitWhitelist Limit = "whitelist"
)

// Operation is what an application does with records.
type Operation string

// The operations.
const (
	Read   Operation = "read" // and search, count, group
	Create Operation = "create"
	Write  Operation = "write"
	Unlink Operation = "unlink"
)

// The scopes of OAuth2 that calls need.
const (
	ScopeRead  = "odoo.read"  // Read
	ScopeWrite = "odoo.write" // Create, Write, Unlink
	ScopeCall  = "odoo.call"  // methods and reports
)

// Definition is a model scheme as configured.
type Definition struct {
	// Name is the configured name of the scheme.
	Name string
	// Title is what people read, such as "Default model scheme"; "" is Name.
	Title string
	// Description is for administrators.
	Description string
	// Inactive schemes open nothing.
	Inactive bool
	// Limit says which models are open; "" is LimitWhitelist: those of
	// Configurations. With the others, a model without a configuration is open
	// for reading, whole.
	Limit Limit
	// Blacklist are the models that a LimitBlacklist closes: technical names,
	// or "hr.*" for hr and all models below it.
	Blacklist []string
	// Configurations are the models that the scheme opens, each model once,
	// in the order in which applications and people see them.
	Configurations []Configuration
}

// Configuration opens one model.
type Configuration struct {
	// Name is the configured name, for error messages.
	Name string
	// Model is the technical name, such as "res.partner".
	Model string
	// DisplayName is the name that people see; the default is Model.
	DisplayName string
	// DisplayNames are translations of it by Odoo's language code ("de_DE").
	DisplayNames map[string]string
	// Description is for administrators.
	Description string
	// Icon is shown beside the name; the zero value is none.
	Icon Icon
	// Inactive configurations open nothing.
	Inactive bool
	// Sensitive opens a model of the built-in list, which nothing else does.
	Sensitive bool
	// Limit is how Fields is meant; "" is LimitNone.
	Limit Limit
	// Fields are technical names. They must be empty with LimitNone and must
	// not be empty otherwise. "display_name" is open where "name" is, unless
	// a blacklist names it; a whitelist may name it by itself. Where it shows
	// fields that are not open (the customer of an order line), it reads as
	// the name alone, unless a whitelist names it.
	Fields []string
	// WriteLimit is how WriteFields is meant. "" writes the fields that can be
	// read, without those that Odoo calls readonly, computes without storing,
	// or takes from other records; a whitelist may name such fields, too.
	WriteLimit Limit
	// WriteFields are the fields that create and write may set.
	WriteFields []string
	// Filter is a domain in JSON, such as [["customer_rank", ">", 0]]: only
	// records that match it exist for the application. "" is no filter. Its
	// fields need not be open; they must exist and be searchable, otherwise
	// the model is closed.
	Filter string
	// Operations are what the application may do; nil is Read.
	Operations []Operation
	// Forced are values that every new record gets and no call can change,
	// Preset those that it gets where the call gives none. Both are values as
	// odoo.ParseJSON yields them, and their fields need not be open.
	Forced, Preset map[string]any
	// Methods are the public methods that may be called.
	Methods []Method
	// Reports are the reports that may be printed, by the names under which
	// applications ask for them, such as "sale.report_saleorder".
	Reports []string
	// SearchFields are the fields that a search by name searches; nil is
	// "name". Each must be open.
	SearchFields []string
	// RowLimit is the most records that one call may ask for; 0 is 1,000,
	// which is also the most.
	RowLimit int
	// HideRelatedNames shows other records without their names: "model,id".
	HideRelatedNames bool
}

// Icon is an image in a form that browsers show.
type Icon struct {
	// Type is the media type, such as "image/png".
	Type string
	// Data is the file's content; empty is no icon.
	Data []byte
}

// Method is a public method of a model that an application may call.
type Method struct {
	// Name is the technical name, such as "action_confirm".
	Name string
	// Arguments are the names of those that may be given, in the order of
	// Odoo's signature, without the record itself.
	Arguments []string
	// OnModel methods take no records.
	OnModel bool
	// AnyAnswer passes on whatever the method answers. Otherwise what is
	// neither a truth value nor a number reads as true: an answer may hold
	// anything.
	AnyAnswer bool
}

// Default is the model scheme of a gateway that configures none.
func Default() Definition {
	return Definition{
		Name: "default", Title: "Default model scheme",
		Configurations: []Configuration{{
			Name: "default", Model: "res.partner", DisplayName: "Contact", Limit: LimitWhitelist,
			Fields: []string{
				"name", "display_name", "parent_id", "email", "phone", "street", "street2", "zip", "city", "state_id", "country_id", "website",
			},
		}},
	}
}
