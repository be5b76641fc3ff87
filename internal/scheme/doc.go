// Package scheme holds the rules: which models, fields and records of Odoo an
// application may reach, and what it may do with them. It knows neither HTTP
// nor Caddy.
//
// A model scheme (Definition) opens models:
//
//   - whitelist, the usual one: those of its model configurations.
//   - blacklist: all but those named and the sensitive ones, for reading.
//   - none: all but the sensitive ones, for reading.
//
// A model configuration (Configuration) says for one model what is open. What
// it does not name stays closed:
//
//   - operations: read where nothing is named; create, write, unlink by name.
//   - fields to read, none | blacklist | whitelist, and fields to write.
//     Without a limit of their own, those to write are those to read, without
//     what Odoo computes, calls readonly or takes from elsewhere.
//   - a filter: only records that match it exist for the application. It is
//     AND-ed to searches; whatever acts on ids is preceded by a search for
//     them (Guard). A value may touch the filter only where it proves that the
//     record is inside afterwards.
//   - values that are forced on new records, or preset.
//   - methods, with the names of their arguments, and reports.
//   - the fields that a search by name searches, how many records one call
//     gives, and whether related records show their names.
//   - sensitive: whether a model of the built-in list may be opened at all.
//
// The way of a call:
//
//	checked, err := s.Check(ctx, src, call)     // refuses, or builds the call anew
//	// the caller compares checked.Scope with the token's
//	err = s.Prove(ctx, src, checked)            // runs its guards: what is outside of a filter is absent
//	res := ask Odoo, unless checked.Answer is set
//	res, err = s.Filter(ctx, src, checked, res) // removes what must not leave
//
// A link to a record, in a many2one or an x2many command, takes a record that
// the application can see: its model must be open for reading, and the record
// inside of that model's filter. Creating, changing and deleting through
// x2many commands takes the operation on the other model, with its own fields,
// values and filter, in at most three lists within one another.
//
// Between a guard and the call it precedes Odoo may change a record: no
// transaction spans two calls.
package scheme
