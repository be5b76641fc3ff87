// Package odootest simulates an Odoo server over HTTP, versions 16 to 20: its
// login page and sessions, /web/dataset/call_kw, /jsonrpc, /json/2, API keys,
// identity locks, auth_oauth, and enough of everything else that a person can
// log in and look at a record. Behind it works the ORM of package orm.
//
// What 16–19 do on the wire was read off recorded servers; the recordings are
// in testdata, and the contract test replays them. Version 20 is 19 with the
// differences known from its sources.
//
// A Server is used by tests and by the demo alike: it never sleeps, takes its
// time from a clock, and can be disturbed by its methods.
package odootest
