package badgerstore

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
	"github.com/caddy-odoo/gateway/internal/seal"
)

// TestCloseEndsAnExport: whoever takes a backup does not keep Caddy from
// stopping.
func TestCloseEndsAnExport(t *testing.T) {
	ring, err := seal.NewRing(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	db, err := Open(Options{Dir: t.TempDir(), Seal: ring})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		_, err := db.Store("erp").Consent(t.Context(), grant.Authorization{Application: "wiki", Subject: fmt.Sprint(i), ConsentedAt: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
	}
	begun, ended := make(chan struct{}), make(chan error)
	records := 0
	go func() {
		ended <- db.Export(t.Context(), func(grant.Record) error {
			if records++; records == 1 {
				close(begun)
				<-db.stop
			}
			return nil
		})
	}()
	<-begun
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, grant.ErrUnavailable) || records != 1 {
		t.Errorf("%d records, error %v", records, err)
	}
}
