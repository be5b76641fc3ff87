package caddymodule

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"
)

// demoFlags are the flags of the demo.
type demoFlags struct {
	version  int
	odoo     string
	database string
	listen   string
	json     bool
}

func demoCommand() *cobra.Command {
	var flags demoFlags
	cmd := &cobra.Command{
		Use:   "demo [--odoo-version <version> | --odoo <url> --database <name>] [--listen <address>] [--json]",
		Short: "Shows the gateway at work: an Odoo, the gateway in front of it, and a wiki with Odoo records",
		Long: `
Starts a simulated Odoo, the gateway in front of it and a small wiki whose pages
show records of that Odoo, and prints what to open. Nothing has to be configured
or installed; it works beside a running Caddy and leaves nothing behind.

With --odoo and --database the same gateway and wiki stand in front of a real
Odoo. Requests reach it as if its URL had been opened in the browser. Nothing is
known of its logins, and none is printed.

The simulated Odoo can stand behind a Caddyfile of your own, too, while the demo
runs: database and reverse_proxy are printed, with an API key for a
service_connection.

The wiki is at http://localhost and the gateway with Odoo at http://127.0.0.1,
both on the port of --listen: two hosts, so that their cookies do not mix.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SilenceUsage = true
			return runDemo(flags, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().IntVar(&flags.version, "odoo-version", 19, "The version of the simulated Odoo: 16, 17, 18, 19 or 20")
	cmd.Flags().StringVar(&flags.odoo, "odoo", "", "The URL of a real Odoo, instead of the simulated one")
	cmd.Flags().StringVar(&flags.database, "database", "", "The database of the real Odoo")
	cmd.Flags().StringVar(&flags.listen, "listen", "127.0.0.1:0", "The loopback address to listen on; port 0 takes a free one")
	cmd.Flags().BoolVar(&flags.json, "json", false, "Print one line of JSON for programs")
	cmd.MarkFlagsMutuallyExclusive("odoo-version", "odoo")
	cmd.MarkFlagsRequiredTogether("odoo", "database")
	return cmd
}

// check looks at what cobra can not.
func (f demoFlags) check() (address netip.AddrPort, odoo *url.URL, err error) {
	if f.version < 16 || f.version > 20 {
		return address, nil, fmt.Errorf("--odoo-version %d: 16, 17, 18, 19 and 20 can be simulated", f.version)
	}
	if address, err = netip.ParseAddrPort(f.listen); err != nil || !address.Addr().IsLoopback() {
		return address, nil, fmt.Errorf("--listen %q: the demo speaks plain HTTP, so it takes a loopback address with a port, such as 127.0.0.1:8080", f.listen)
	}
	if f.odoo == "" {
		return address, nil, nil
	}
	odoo, err = url.Parse(f.odoo)
	if err != nil || odoo.Scheme != "http" && odoo.Scheme != "https" || odoo.Hostname() == "" || odoo.Path != "" && odoo.Path != "/" {
		return address, nil, fmt.Errorf("--odoo %q: is not the URL of an Odoo without a path, such as http://127.0.0.1:8069", f.odoo)
	}
	return address, odoo, nil
}

// runDemo runs until it is interrupted.
func runDemo(flags demoFlags, out, errOut io.Writer) (err error) {
	address, odoo, err := flags.check()
	if err != nil {
		return err
	}
	// From here on a signal means an orderly end, also while starting.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		signal.Notify(signals, syscall.SIGHUP) // the terminal was closed
	}
	defer signal.Stop(signals)

	if address, err = withPort(address); err != nil {
		return err
	}
	d, err := newDemo(address, flags.version, odoo, flags.database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	// Caddy keeps an id of its installation in its data folder, whatever the
	// configured storage is.
	if err := os.Setenv("XDG_DATA_HOME", d.dir); err != nil {
		return err
	}
	config, err := d.config()
	if err != nil {
		return err
	}
	if err := caddy.Run(config); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, caddy.Stop()) }()
	if odoo != nil {
		if err := oddAbout(odoo, flags.database); err != nil {
			_, _ = fmt.Fprintf(errOut, "Warning: --odoo %s: %v\n", flags.odoo, err)
		}
	}
	if err := d.announce(out, flags.json); err != nil {
		return err
	}
	<-signals
	return nil
}

// withPort chooses a free port where none is given, as the URLs must be known
// before Caddy listens. It lies below the range from which systems take the
// ports of outgoing connections: one of those could have it by the time that
// Caddy listens. A port that is taken is refused: Caddy would share it with
// another Caddy.
func withPort(a netip.AddrPort) (netip.AddrPort, error) {
	const lowest, ports, tries = 20_000, 12_000, 100
	if a.Port() != 0 {
		return a, free(a)
	}
	for try := 1; ; try++ {
		n, err := rand.Int(rand.Reader, big.NewInt(ports))
		if err != nil {
			return a, err
		}
		chosen := netip.AddrPortFrom(a.Addr(), uint16(lowest+n.Int64()))
		if err = free(chosen); err == nil || try == tries {
			return chosen, err
		}
	}
}

// free tells whether nothing listens where the demo is going to.
func free(a netip.AddrPort) error {
	for _, address := range listenAddresses(a) {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return fmt.Errorf("%w: choose another with --listen", err)
		}
		if err := l.Close(); err != nil {
			return err
		}
	}
	return nil
}

// listenAddresses are the gateway's address and the one that the wiki's name,
// localhost, stands for.
func listenAddresses(a netip.AddrPort) []string {
	local := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), a.Port())
	if a == local {
		return []string{a.String()}
	}
	return []string{a.String(), local.String()}
}

// announcement is what --json prints.
type announcement struct {
	WikiURL      string `json:"wiki_url"`
	GatewayURL   string `json:"gateway_url"`
	OdooURL      string `json:"odoo_url"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	RedirectURI  string `json:"redirect_uri"`
	ConsoleURL   string `json:"console_url"`
	Database     string `json:"database"`
	// Those of the simulated Odoo; empty before a real one.
	Login         string `json:"login"`
	Password      string `json:"password"`
	AdminLogin    string `json:"admin_login"`
	AdminPassword string `json:"admin_password"`
	APIKey        string `json:"api_key"` // of Login
}

// announce prints what to open and how to log in.
func (d *demo) announce(out io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(d.announcement)
	}
	who, admin, own := "your own login of that Odoo", "an administrator of that Odoo", ""
	if !d.real {
		who = fmt.Sprintf("%s, password %s", d.Login, d.Password)
		admin = fmt.Sprintf("%s, password %s", d.AdminLogin, d.AdminPassword)
		own = d.forOwnCaddyfile()
	}
	_, err := fmt.Fprintf(out, `
  Open         %s
  Log in as    %s

  The gateway, with %s behind it, is at %s
  Its console  %s
  Log in as    %s
%s
  Press Ctrl+C to end the demo. It leaves nothing behind.

`, d.WikiURL, who, d.title, d.GatewayURL, d.ConsoleURL, admin, own)
	return err
}

// forOwnCaddyfile is what a Caddyfile before the simulated Odoo says.
func (d *demo) forOwnCaddyfile() string {
	return fmt.Sprintf(`
  A Caddyfile of your own before the same Odoo, while the demo runs:
  in its gateway             database %s
  in its site                reverse_proxy %s
  in a service_connection    login %s, api_key %s
`, d.Database, d.odoo.Host, d.Login, d.APIKey)
}
