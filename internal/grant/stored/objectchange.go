package stored

import (
	"strings"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// ObjectChange is a grant.ObjectChange as it is kept, in JSON.
type ObjectChange struct {
	At      Stamp    `json:"t"`
	Kind    string   `json:"k"`
	By      string   `json:"by,omitempty"`
	Process bool     `json:"p,omitempty"`
	Fields  []string `json:"f,omitempty"`
}

// ObjectChanges are the changes of an object that are kept: the newest
// grant.MaxObjectChanges. It is never nil.
func ObjectChanges(h grant.ObjectHistory) []ObjectChange {
	changes := []ObjectChange{}
	for _, c := range h.Changes[:min(len(h.Changes), grant.MaxObjectChanges)] {
		changes = append(changes, ObjectChange{At: StampOf(c.At), Kind: string(c.Kind), By: c.By, Process: c.ByProcess, Fields: c.Fields})
	}
	return changes
}

// ObjectHistory is the history of the object with that ID, as far as its id and
// its changes say; the rest is the caller's.
func ObjectHistory(id string, changes []ObjectChange) grant.ObjectHistory {
	kind, name, _ := strings.Cut(id, ":")
	h := grant.ObjectHistory{Kind: grant.ObjectKind(kind), Name: name}
	for _, c := range changes {
		h.Changes = append(h.Changes, grant.ObjectChange{
			At: c.At.Time(), Kind: grant.ChangeKind(c.Kind), By: c.By, ByProcess: c.Process, Fields: c.Fields,
		})
	}
	return h
}
