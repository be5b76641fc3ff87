package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/caddy-odoo/gateway/internal/odoo/rpc"
)

// oddAbout is what is odd about a real Odoo and the name of its database: a
// hint for people.
func oddAbout(odoo *url.URL, database string) error {
	if err := looksLikeOdoo(odoo); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	client := rpc.New(rpc.Config{Issuer: odoo, Database: database})
	if has, err := client.HasDatabase(ctx, new(http.Transport), "odoo-gateway demo"); err == nil && !has {
		return fmt.Errorf("it has no database %q: nobody can connect the wiki until --database names one that it has", database)
	}
	return nil
}

// looksLikeOdoo asks what every supported Odoo answers to anybody. Its error
// is a hint for people: an Odoo may start after the demo.
func looksLikeOdoo(odoo *url.URL) error {
	client := &http.Client{
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Get(odoo.JoinPath("/web/health").String())
	if err != nil {
		var at *url.Error
		if errors.As(err, &at) {
			err = at.Err
		}
		return fmt.Errorf("nothing answers there (%w)", err)
	}
	defer resp.Body.Close()
	var health struct {
		Status string `json:"status"`
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, 4<<10)).Decode(&health)
	if err != nil || resp.StatusCode != http.StatusOK || health.Status != "pass" {
		return errors.New("what answers there is no Odoo")
	}
	return nil
}
