package e2e

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// What follows is what CI has time for; docs/cluster.md says what was measured.
var (
	clusterRounds = flag.Int("cluster-rounds", 6, "how many codes, and refresh tokens, 64 clients bring to three nodes at once")
	clusterKills  = flag.Duration("cluster-kills", 4*time.Second, "how long a node is killed every second, while clients go on")
)

var clusterTests = []struct {
	name string
	run  func(*testing.T, *cluster)
}{
	{"begun on one node and ended on another", clusterFlow},
	{"the person's list on any node", clusterList},
	{"one session called by two nodes", clusterSession},
	{"signing keys", clusterKeys},
	{"a code is redeemed once", clusterCodes},
	{"a refresh token has one child", clusterRefreshes},
	{"a node is cut off", clusterCut},
	{"the database restarts", clusterRestart},
	{"nodes are killed", clusterKilled},
	{"two configurations", clusterConfigurations},
	{"two versions", clusterVersions},
	{"administration on any node", clusterAdministration},
}

// TestCluster runs three gateways on one PostgreSQL, each a Caddy in a process of
// its own, behind a plain Caddy that balances:
//
//	go test ./e2e -run TestCluster -v -cluster-rounds 1000 -cluster-kills 60s -timeout 1h
func TestCluster(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 3)
	for _, s := range clusterTests {
		said := c.said()
		t.Run(s.name, func(t *testing.T) {
			defer func() {
				for i, n := range c.nodes {
					if t.Failed() {
						t.Logf("node %d has said:\n%s", i, strings.TrimPrefix(n.caddy.said(), said[i]))
					}
				}
			}()
			s.run(t, c)
		})
	}
}

// TestClusterPageNamesItsTests: each test that the page names exists.
func TestClusterPageNamesItsTests(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "docs", "cluster.md"))
	if err != nil {
		t.Fatal(err)
	}
	tests := testsOf(t, "..")
	for _, s := range clusterTests {
		tests["TestCluster/"+strings.ReplaceAll(s.name, " ", "_")] = true
	}
	named := regexp.MustCompile("`(Test[A-Z][\\w/']+)`").FindAllStringSubmatch(string(page), -1)
	for _, name := range named {
		if !tests[name[1]] {
			t.Errorf("there is no %s", name[1])
		}
	}
	if len(named) < 10 {
		t.Errorf("the page names %d tests: this one sees nothing", len(named))
	}
}
