package application

import (
	"fmt"
	"maps"
	"slices"
)

// Registry finds the applications of one gateway. It is read-only.
type Registry struct {
	byName     map[string]*Application
	byClientID map[string]*Application
}

// NewRegistry indexes applications. A name or client id that is empty or used
// twice is an error, and so is what [Application.Validate] refuses.
func NewRegistry(applications []Application) (*Registry, error) {
	r := &Registry{
		byName:     make(map[string]*Application, len(applications)),
		byClientID: make(map[string]*Application, len(applications)),
	}
	for i := range applications {
		a := applications[i]
		if a.Name == "" || a.ClientID == "" {
			return nil, fmt.Errorf("application %q: name and client_id are required", a.Name)
		}
		if r.byName[a.Name] != nil {
			return nil, fmt.Errorf("application %q: defined twice", a.Name)
		}
		if other := r.byClientID[a.ClientID]; other != nil {
			return nil, fmt.Errorf("application %q: client_id is already used by application %q", a.Name, other.Name)
		}
		if err := a.Validate(); err != nil {
			return nil, fmt.Errorf("application %q: %w", a.Name, err)
		}
		r.byName[a.Name] = &a
		r.byClientID[a.ClientID] = &a
	}
	return r, nil
}

// All returns every application, archived ones included, by name.
func (r *Registry) All() []*Application {
	all := make([]*Application, 0, len(r.byName))
	for _, name := range slices.Sorted(maps.Keys(r.byName)) {
		all = append(all, r.byName[name])
	}
	return all
}

// ByName returns the application with that configured name, archived ones
// included, or nil.
func (r *Registry) ByName(name string) *Application { return r.byName[name] }

// ByClientID returns the application with that client_id, archived ones
// included, or nil.
func (r *Registry) ByClientID(id string) *Application { return r.byClientID[id] }
