package administration

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/seal"
)

// Object is one object of a configuration that is loaded.
type Object struct {
	Kind grant.ObjectKind
	Name string
	// digests are what is left of the settings, by name.
	digests map[string]string
}

// NewObject is an object with its settings by name, in any form that is another
// where the setting is another. Secrets may be among them: a digest of each
// value is kept, sealed, and the value nowhere.
func NewObject(kind grant.ObjectKind, name string, settings map[string]string) Object {
	o := Object{Kind: kind, Name: name, digests: make(map[string]string, len(settings))}
	for setting, value := range settings {
		sum := sha256.Sum256([]byte(value))
		o.digests[setting] = hex.EncodeToString(sum[:16])
	}
	return o
}

// Observation is what Observe needs.
type Observation struct {
	// Gateway is the configured name.
	Gateway string
	// Objects are all that is configured.
	Objects []Object
	// By is who has changed them, and ByProcess that this is the user and host
	// of the process, for want of a name.
	By        string
	ByProcess bool
	Store     grant.Store
	Seal      *seal.Ring
	Audit     audit.Recorder
	Now       time.Time
}

// Observe compares a configuration that is in force now with what was seen
// before, and keeps what is another.
func Observe(ctx context.Context, o Observation) error {
	present := make(map[string]bool, len(o.Objects))
	for _, object := range o.Objects {
		present[grant.ObjectID(object.Kind, object.Name)] = true
		if err := o.observe(ctx, object); err != nil {
			return fmt.Errorf("history of %s %s: %w", object.Kind, object.Name, err)
		}
	}
	q := grant.ObjectQuery{Limit: grant.MaxPage}
	for {
		page, err := o.Store.ObjectHistories(ctx, q)
		if err != nil {
			return fmt.Errorf("listing histories: %w", err)
		}
		for _, h := range page {
			if !present[h.ID()] && h.RemovedAt.IsZero() {
				h.RemovedAt = o.Now
				if err := o.put(ctx, h, grant.ObjectRemoved, nil); err != nil {
					return err
				}
			}
		}
		if len(page) < grant.MaxPage {
			return nil
		}
		q.After = page[len(page)-1].ID()
	}
}

func (o Observation) observe(ctx context.Context, object Object) error {
	h, err := o.Store.ObjectHistory(ctx, object.Kind, object.Name)
	fresh := errors.Is(err, grant.ErrNotFound)
	switch {
	case fresh:
		h = grant.ObjectHistory{Kind: object.Kind, Name: object.Name, FirstSeen: o.Now}
	case err != nil:
		return err
	}
	var changed []string
	if !fresh {
		before, err := o.open(h)
		if err != nil {
			return err
		}
		changed = differing(before, object.digests)
	}
	what := grant.ObjectChanged
	switch {
	case fresh:
		what = grant.ObjectAdded
	case !h.RemovedAt.IsZero():
		what = grant.ObjectRestored
	case len(changed) == 0:
		return nil
	}
	h.RemovedAt = time.Time{}
	h.Snapshot, err = o.sealed(h, object.digests)
	if err != nil {
		return err
	}
	return o.put(ctx, h, what, changed)
}

// put keeps a history with one more change, and records that.
func (o Observation) put(ctx context.Context, h grant.ObjectHistory, what grant.ChangeKind, fields []string) error {
	change := grant.ObjectChange{At: o.Now, Kind: what, By: o.By, ByProcess: o.ByProcess, Fields: fields}
	h.Changes = slices.Insert(h.Changes, 0, change)
	if err := o.Store.PutObjectHistory(ctx, h); err != nil {
		return err
	}
	detail := map[string]string{"object": string(h.Kind), "name": h.Name, "what": string(what), "by": o.By}
	if len(fields) > 0 {
		detail["fields"] = strings.Join(fields, " ")
	}
	event := audit.Event{Time: o.Now, Kind: audit.ConfigurationChanged, Gateway: o.Gateway, Detail: detail}
	if h.Kind == grant.ObjectApplication {
		event.Application = h.Name
	}
	o.Audit.Record(ctx, event)
	return nil
}

func (o Observation) associated(h grant.ObjectHistory) string {
	return "history\x00" + o.Gateway + "\x00" + h.ID()
}

// sealed digests: one of a secret could be guessed at.
func (o Observation) sealed(h grant.ObjectHistory, digests map[string]string) ([]byte, error) {
	plain, err := json.Marshal(digests)
	if err != nil {
		return nil, err
	}
	return o.Seal.Seal(plain, o.associated(h)), nil
}

func (o Observation) open(h grant.ObjectHistory) (map[string]string, error) {
	plain, err := o.Seal.Open(h.Snapshot, o.associated(h))
	if err != nil {
		return nil, err
	}
	var digests map[string]string
	return digests, json.Unmarshal(plain, &digests)
}

// differing are the names that only one side has, or with another digest.
func differing(before, after map[string]string) []string {
	names := map[string]bool{}
	for name, digest := range before {
		if after[name] != digest {
			names[name] = true
		}
	}
	for name := range after {
		if _, had := before[name]; !had {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
