package grant

import "time"

// ObjectKind is a kind of thing that a configuration names.
type ObjectKind string

// The kinds of objects.
const (
	ObjectGateway       ObjectKind = "gateway" // the settings of a gateway itself
	ObjectApplication   ObjectKind = "application"
	ObjectScheme        ObjectKind = "model_scheme"
	ObjectConfiguration ObjectKind = "model_configuration"
)

// MaxObjectChanges is how many changes of an object are kept: the newest.
const MaxObjectChanges = 100

// ObjectHistory is what is known of the past of one object of a configuration.
type ObjectHistory struct {
	Kind ObjectKind
	// Name is the configured name.
	Name      string
	FirstSeen time.Time
	// RemovedAt is zero while the object is configured.
	RemovedAt time.Time
	// Snapshot is what the next change is found by, sealed: digests of values,
	// some of which are secrets.
	Snapshot []byte
	// Changes are the newest first, that of FirstSeen among them.
	Changes []ObjectChange
}

// ID names the object among those of its gateway.
func (h ObjectHistory) ID() string { return ObjectID(h.Kind, h.Name) }

// ObjectID is ObjectHistory.ID.
func ObjectID(kind ObjectKind, name string) string { return string(kind) + ":" + name }

// ChangeKind is what happened to an object.
type ChangeKind string

// The kinds of changes.
const (
	ObjectAdded    ChangeKind = "added"
	ObjectChanged  ChangeKind = "changed"
	ObjectRemoved  ChangeKind = "removed"
	ObjectRestored ChangeKind = "restored"
)

// ObjectChange is one change of an object.
type ObjectChange struct {
	At   time.Time
	Kind ChangeKind
	// By is who changed it, as the configuration says; where that says nothing,
	// the user and the host of the process that loaded it.
	By string
	// ByProcess tells that By is the latter.
	ByProcess bool
	// Fields are the names of the settings that are another than before; none
	// where the object was added or removed.
	Fields []string
}

// ObjectQuery says which histories to list; empty fields do not restrict.
type ObjectQuery struct {
	Kind ObjectKind
	// After is the ID of the last history of the page before.
	After string
	// Limit is as in AuthorizationQuery.
	Limit int
}
