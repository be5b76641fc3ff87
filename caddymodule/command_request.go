package caddymodule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

// maxReport is the largest report that is read, in bytes.
const maxReport = 10 << 20

// howFound ends the help of all commands that ask the running Caddy.
const howFound = `

The admin API is found as by caddy reload: from --address, otherwise from the
config file, otherwise the default is assumed.`

// adminFlags say where the running Caddy's admin API is, as those of
// `caddy reload` do.
type adminFlags struct{ address, config, adapter string }

func (f *adminFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.address, "address", "", "Address of the administration listener, if different from config")
	cmd.Flags().StringVarP(&f.config, "config", "c", "", "Configuration file that names the administration listener")
	cmd.Flags().StringVarP(&f.adapter, "adapter", "a", "", "Name of config adapter to apply")
}

// get asks the running Caddy.
func (f adminFlags) get(uri string) ([]byte, error) { return f.request(http.MethodGet, uri, nil) }

// list gets one page of a listing.
func (f adminFlags) list(endpoint string, parameters url.Values, to any) error {
	body, err := f.get(withParameters(endpoint, parameters))
	if err != nil {
		return err
	}
	return decodeAnswer(body, to)
}

// post tells the running Caddy to do something, and reads its answer.
func (f adminFlags) post(endpoint string, request, to any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if body, err = f.request(http.MethodPost, endpoint, body); err != nil {
		return err
	}
	return decodeAnswer(body, to)
}

func decodeAnswer(body []byte, to any) error {
	if err := json.Unmarshal(body, to); err != nil {
		return fmt.Errorf("the running Caddy's answer: %w", err)
	}
	return nil
}

func (f adminFlags) request(method, uri string, body []byte) ([]byte, error) {
	res, err := f.open(method, uri, body)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxReport+1))
	if err == nil && len(answer) > maxReport {
		err = errors.New("the running Caddy's answer is too long")
	}
	return answer, err
}

// open asks the running Caddy; whoever calls it reads and closes the answer.
func (f adminFlags) open(method, uri string, body []byte) (*http.Response, error) {
	address, err := f.find()
	if err != nil {
		return nil, err
	}
	var header http.Header
	var content io.Reader
	if body != nil {
		header, content = http.Header{"Content-Type": {"application/json"}}, bytes.NewReader(body)
	}
	res, err := caddycmd.AdminAPIRequest(address, method, uri, header, content)
	if err != nil {
		return nil, said(err, address)
	}
	return res, nil
}

// find returns the address of the admin API.
func (f adminFlags) find() (string, error) {
	var config []byte
	file := f.config
	if f.address == "" {
		var err error
		if config, file, _, err = caddycmd.LoadConfig(f.config, f.adapter); err != nil {
			return "", err
		}
		var c struct {
			Admin struct {
				Disabled bool `json:"disabled"`
			} `json:"admin"`
		}
		if len(config) > 0 && json.Unmarshal(config, &c) == nil && c.Admin.Disabled {
			return "", fmt.Errorf("%s turns the admin API off, by which this command asks the running Caddy: take `admin off` out of it, or let it listen on a unix socket", file)
		}
	}
	address, err := caddycmd.DetermineAdminAPIAddress(f.address, config, file, f.adapter)
	if err != nil {
		return "", fmt.Errorf("couldn't determine admin API address: %w", err)
	}
	return address, nil
}

// said makes one sentence of an error of AdminAPIRequest, which has no error
// values: what the running Caddy has said, or that none answers.
func said(err error, address string) error {
	_, answer, answered := strings.Cut(err.Error(), "caddy responded with error: HTTP ")
	if !answered {
		return fmt.Errorf("no Caddy answers at %s: it does not run, its admin API is off, or it is elsewhere, which --address or --config says (%w)", address, err)
	}
	status, body, _ := strings.Cut(answer, ": ")
	var told struct {
		Error string `json:"error"`
	}
	if json.Unmarshal([]byte(body), &told) == nil && told.Error != "" {
		return errors.New(told.Error)
	}
	if status == "404" {
		return fmt.Errorf("the Caddy at %s knows no such command: it runs without odoo_gateway, or another version of it", address)
	}
	return fmt.Errorf("the Caddy at %s answers with status %s: %s", address, status, oneLine(body))
}
