package administration

import (
	"context"
	"errors"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
)

// History is what is known of the past of a configured object.
type History struct {
	Kind        string    `json:"kind"`
	Name        string    `json:"name"`
	FirstSeen   time.Time `json:"first_seen"`
	LastChanged time.Time `json:"last_changed"`
	RemovedAt   time.Time `json:"removed_at,omitzero"`
	// Changes are the newest first.
	Changes []Change `json:"changes"`
}

// Change is one change of an object.
type Change struct {
	At   time.Time `json:"at"`
	What string    `json:"what"` // "added", "changed", "removed" or "restored"
	// By is who the configuration says; where it says nothing, the user and
	// host of the process that loaded it, which ByProcess tells.
	By        string `json:"by"`
	ByProcess bool   `json:"by_process"`
	// Fields are the names of what has changed, never the values.
	Fields []string `json:"fields,omitempty"`
}

func viewHistory(h grant.ObjectHistory) History {
	view := History{Kind: string(h.Kind), Name: h.Name, FirstSeen: h.FirstSeen, LastChanged: h.FirstSeen, RemovedAt: h.RemovedAt, Changes: []Change{}}
	for _, c := range h.Changes {
		view.Changes = append(view.Changes, Change{At: c.At, What: string(c.Kind), By: c.By, ByProcess: c.ByProcess, Fields: c.Fields})
	}
	if len(view.Changes) > 0 {
		view.LastChanged = view.Changes[0].At
	}
	return view
}

// history is that of one object, nil where it was not seen yet.
func (d *Desk) history(ctx context.Context, kind grant.ObjectKind, name string) (*History, error) {
	h, err := d.Store.ObjectHistory(ctx, kind, name)
	if errors.Is(err, grant.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	view := viewHistory(h)
	return &view, nil
}

// Settings is the history of the settings of the gateway itself, nil where it
// was not seen yet.
func (d *Desk) Settings(ctx context.Context) (_ *History, err error) {
	defer d.readUnless(ctx, &err, "settings", "", "")
	return d.history(ctx, grant.ObjectGateway, d.Gateway)
}

// HistoryList is a page of histories.
type HistoryList struct {
	History []History `json:"history"`
	// Next is After of the next page; "" on the last one.
	Next string `json:"next,omitempty"`
}

// Histories lists those of all objects, removed ones too, or of one kind.
func (d *Desk) Histories(ctx context.Context, kind string, p Page) (_ HistoryList, err error) {
	defer d.readUnless(ctx, &err, "history", "", "")
	limit := grant.Page(p.Limit)
	all, err := d.Store.ObjectHistories(ctx, grant.ObjectQuery{Kind: grant.ObjectKind(kind), After: p.After, Limit: limit})
	list := HistoryList{History: make([]History, 0, len(all))}
	for _, h := range all {
		list.History = append(list.History, viewHistory(h))
	}
	if err == nil && len(all) == limit {
		list.Next = all[limit-1].ID()
	}
	return list, err
}
