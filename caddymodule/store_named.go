package caddymodule

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/caddy-odoo/gateway/internal/seal"
)

// storeFlag names a store on a command line; empty is that of the configuration.
type storeFlag struct{ flag, text, schema string }

func (f *storeFlag) add(cmd *cobra.Command, flag, what string) {
	f.flag = flag
	schema := "schema"
	if flag != "store" {
		schema = flag + "-schema"
	}
	cmd.Flags().StringVar(&f.text, flag, "", what+" (default: the one of the configuration)")
	cmd.Flags().StringVar(&f.schema, schema, "", "Schema of --"+flag+", where that is PostgreSQL (default: odoo_gateway)")
}

// howNamed says in a command's help how a store is named.
const howNamed = `
A store is named as badger:/var/lib/odoo-gateway, as postgres://user@host/database
or, so that no password stands in the list of processes, as a placeholder:
'{env.ODOO_GATEWAY_STORE}' or '{file./etc/caddy/store}'. What is not named is the
store of the configuration. The sealing key is seal_key of the configuration,
--seal-key, which is a placeholder, or the file seal.key in a Badger directory.`

// errNoStore quotes nothing: a password may be in it.
var errNoStore = errors.New("names no store: say badger:/directory, postgres://user@host/database, or a placeholder for one, such as {env.ODOO_GATEWAY_STORE}")

// options are those of the store that the flag names, without a key.
func (f storeFlag) options() (storeOptions, error) {
	module, err := f.module()
	if err == nil {
		err = module.(caddy.Provisioner).Provision(caddy.Context{})
	}
	if err != nil {
		return storeOptions{}, fmt.Errorf("--%s: %w", f.flag, err)
	}
	name, err := module.Name()
	return storeOptions{module: module, name: name, kept: module.Kept(), logger: zap.NewNop()}, err
}

// password finds one in a connection string, as a URL and as keywords.
var password = regexp.MustCompile(`(?i)://[^/?#@]*:[^/?#]+@|password\s*=\s*'?[^\s&']`)

func (f storeFlag) module() (Store, error) {
	if password.MatchString(placeholder.ReplaceAllString(f.text, "")) {
		return nil, errors.New("say where the password is, as {env.NAME} or {file./path} in its place, and not the password: others see what stands in a command line")
	}
	meant, err := resolve(f.text, caddy.NewReplacer())
	if err != nil {
		return nil, err
	}
	meant = strings.TrimSpace(meant)
	if path, ok := strings.CutPrefix(meant, "badger"); ok && (path == "" || path[0] == ':') {
		if f.schema != "" {
			return nil, errors.New("a directory has no schema")
		}
		return &BadgerStore{Path: strings.TrimPrefix(path, ":")}, nil
	}
	// Its own placeholders are resolved where it is provisioned, and once only.
	dsn := f.text
	if keywords, ok := strings.CutPrefix(dsn, "postgres:"); ok && !strings.HasPrefix(keywords, "//") {
		dsn = keywords
	}
	if !strings.Contains(meant, "://") && !strings.Contains(meant, "=") {
		return nil, errNoStore
	}
	return &PostgresStore{DSN: dsn, Schema: f.schema}, nil
}

// namedStores finds the stores of a command.
type namedStores struct {
	config  configFlags
	sealKey string // a placeholder
}

func (n *namedStores) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&n.sealKey, "seal-key", "", "Placeholder of the sealing key, such as '{file./etc/caddy/odoo-gateway.key}'")
	n.config.add(cmd)
}

// find returns the stores with their keys. Where one has none of its own it is that
// of the other: what is sealed moves as it is, and a store can not change its key.
func (n namedStores) find(flags ...storeFlag) ([]storeOptions, error) {
	given, err := n.key()
	if err != nil {
		return nil, err
	}
	var found []storeOptions
	for _, f := range flags {
		o, err := n.one(f, given)
		if err != nil {
			return nil, err
		}
		found = append(found, o)
	}
	var known storeOptions
	for _, o := range found {
		switch {
		case o.sealKey == nil:
		case known.sealKey == nil:
			known = o
		case subtle.ConstantTimeCompare(o.sealKey, known.sealKey) != 1:
			return nil, fmt.Errorf("the sealing key of %s is not that of %s: a store moves with its key, so set seal_key of the new one to the key of the old one", o.name, known.name)
		}
	}
	if known.sealKey == nil {
		return nil, errors.New("the sealing key is missing: seal_key of the configuration, --seal-key, or the file seal.key in the directory that is copied")
	}
	for i := range found {
		found[i].sealKey = known.sealKey
	}
	return found, nil
}

func (n namedStores) one(f storeFlag, key []byte) (o storeOptions, err error) {
	switch {
	case f.text != "":
		if o, err = f.options(); err != nil {
			return o, err
		}
		o.sealKey = key
	case f.schema != "":
		return o, fmt.Errorf("--%s-schema is that of a store named by --%s; that of the configuration has one", f.flag, f.flag)
	default:
		if o, err = n.config.store(); err != nil {
			return o, err
		}
	}
	if o.sealKey != nil || o.keyFile() == "" {
		return o, nil
	}
	o.sealKey, err = seal.Load(o.keyFile())
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return o, err
}

// key is that of --seal-key, nil where that is not given. A key itself is refused:
// whoever may list processes would see it.
func (n namedStores) key() ([]byte, error) {
	if n.sealKey == "" {
		return nil, nil
	}
	text, err := resolve(n.sealKey, caddy.NewReplacer())
	if err != nil {
		return nil, fmt.Errorf("--seal-key: %w", err)
	}
	if text == n.sealKey {
		return nil, errors.New("--seal-key: say where the key is, as {env.NAME} or {file./path}, and not the key: others see what stands in a command line")
	}
	key, err := seal.ParseKey(text)
	if err != nil {
		return nil, fmt.Errorf("--seal-key: %w", err)
	}
	return key, nil
}
