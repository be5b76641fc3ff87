package caddymodule

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	"go.uber.org/zap"
)

// backupEndpoint is where the running Caddy hands out a copy of its store.
const backupEndpoint = "/odoo_gateway/backup"

// stalled is how long whoever takes a backup may take nothing of it. The store
// can not be closed meanwhile.
const stalled = 30 * time.Second

// serveBackup streams. What breaks off has no end, and is no backup.
func serveBackup(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet {
		return adminError(http.StatusMethodNotAllowed, "method not allowed: use "+http.MethodGet)
	}
	app, err := activeApp()
	if err != nil {
		return err
	}
	if _, err := readParameters(r); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(app.gateways)) {
		desk, err := app.gateways[name].desk(r)
		if err != nil {
			return adminFailure(err)
		}
		desk.BackedUp(r.Context())
	}
	w.Header().Set("Content-Type", "application/jsonl")
	out := &patientWriter{Writer: w, control: http.NewResponseController(w)}
	_, err = app.store.backup(r.Context(), out)
	switch {
	case err == nil:
		return nil
	case !out.begun:
		return adminFailure(err)
	}
	app.logger.Error("a backup was broken off", zap.Error(err))
	panic(http.ErrAbortHandler) // an error as an answer would stand in the file
}

// patientWriter gives each write a time of its own.
type patientWriter struct {
	io.Writer
	control *http.ResponseController
	begun   bool
}

func (p *patientWriter) Write(b []byte) (int, error) {
	if err := p.control.SetWriteDeadline(time.Now().Add(stalled)); err != nil {
		return 0, err
	}
	p.begun = true
	return p.Writer.Write(b)
}
