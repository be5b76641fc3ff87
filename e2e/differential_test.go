package e2e

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"testing"

	"github.com/caddy-odoo/gateway/internal/odoo/odootest"
)

var (
	inquiries   = flag.Int("cases", 500, "inquiries of the differential test to each Odoo")
	inquirySeed = flag.Uint64("seed", 20261121, "what the inquiries of the differential test are made from")
	onlyInquiry = flag.Int("only", -1, "the number of the one inquiry to make, as a failure tells it")
)

// TestDifferential asks the same random questions over every interface, and
// Odoo itself, and compares the data.
func TestDifferential(t *testing.T) {
	for version := 16; version <= 20; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			t.Parallel()
			sim := odootest.Start(odootest.Options{Version: version})
			t.Cleanup(sim.Close)
			at, err := url.Parse(sim.URL)
			if err != nil {
				t.Fatal(err)
			}
			differ(t, odoo{url: at, database: sim.Database(), login: "demo", password: "demo"}, *inquiries)
		})
	}
}

// differ puts a gateway before an Odoo and compares n inquiries.
func differ(t *testing.T, o odoo, n int) {
	t.Logf("-seed %d", *inquirySeed)
	s := startSiteWith(t, o, differentialCaddyfile)
	straight, err := logInStraight(o)
	if err != nil {
		t.Fatal(err)
	}
	leaveTexts(t, straight)
	p := newPerson(t, s.base)
	p.logIn(s.odoo, "/web/login")
	at := func(a app) wire { return wire{s.base, p.redeem(a, p.consent(a)).Access} }
	open, old := at(wiki), at(oldApp)
	c, err := learn(straight, &json2Speaker{open})
	if err != nil {
		t.Fatal(err)
	}
	d := &differential{T: t, catalogue: c, straight: straight, gateway: &json2Speaker{open}, opened: map[string]bool{}, ran: map[string]*tally{}}
	d.others = []named{
		{"restapi", &restapiSpeaker{wire: open}},
		{"orestapi", &orestapiSpeaker{open, c.opens}},
		{"restapi with compat", &restapiSpeaker{wire: old, compat: true, blank: c.blank}},
	}
	t.Run("open", func(t *testing.T) {
		d.T = t
		d.run(n)
		d.enough("json2", n, 98, 45)
		d.enough("straight", n, 80, 45)
		d.enough("restapi", n, 85, 45)
		d.enough("orestapi", n, 25, 60)
		d.enough("restapi with compat", n, 40, 45)
	})
	t.Run("fields limited", func(t *testing.T) {
		limited := at(script)
		c, err := learn(straight, &json2Speaker{limited})
		if err != nil || len(c.names) != 5 {
			t.Fatalf("the scheme opens %v: %v", c.names, err)
		}
		narrow := &differential{T: t, catalogue: c, gateway: &json2Speaker{limited}, ran: map[string]*tally{}}
		narrow.others = []named{{"restapi", &restapiSpeaker{wire: limited}}, {"orestapi", &orestapiSpeaker{limited, c.opens}}}
		narrow.run(n / 4)
		narrow.enough("json2", n/4, 98, 35)
		narrow.enough("restapi", n/4, 85, 35)
		narrow.enough("orestapi", n/4, 25, 50)
	})
}

type named struct {
	name string
	speaker
}

// tally counts what one way to ask has come to.
type tally struct{ asked, refused, found int }

// differential is one comparison of several ways to ask.
type differential struct {
	*testing.T
	*catalogue
	straight *straightSpeaker // nil: the dialects are compared with one another
	gateway  *json2Speaker
	others   []named
	opened   map[string]bool // models, whether the gateway opens them
	ran      map[string]*tally
	failures int
}

// maxFailures is after how many there is enough to look at.
const maxFailures = 8

func (d *differential) run(n int) {
	d.Helper()
	for i := range n {
		if *onlyInquiry >= 0 && i != *onlyInquiry {
			continue
		}
		if d.compare(uint64(i)); d.failures >= maxFailures {
			d.Fatalf("inquiry %d of %d: enough", i, n)
		}
	}
}

// enough fails where a way to ask has been asked less than a share of n
// inquiries, has found something for less than another share of those (both in
// per cent), or has been refused nothing.
func (d *differential) enough(name string, n, asked, found int) {
	d.Helper()
	ran := d.ran[name]
	if ran == nil {
		ran = &tally{}
	}
	d.Logf("%s: %d of %d asked, %d refused, %d found something", name, ran.asked, n, ran.refused, ran.found)
	if *onlyInquiry < 0 && n >= 100 && (ran.asked*100 < n*asked || ran.found*100 < ran.asked*found || ran.refused == 0) {
		d.Errorf("%s has not been put to the test", name)
	}
}

// fail tells of a difference, and how to see it again.
func (d *differential) fail(i uint64, q inquiry, way string, u *utterance, format string, args ...any) {
	d.Helper()
	d.failures++
	d.Errorf("-seed %d -only %d, %s: %s\ninquiry %s\nsaid %v", *inquirySeed, i, way, fmt.Sprintf(format, args...), q, u)
}

// compare makes one inquiry in all ways. Where the data have changed meanwhile,
// it is made again: a real Odoo is not alone with this test.
func (d *differential) compare(i uint64) {
	d.Helper()
	q := d.inquiry(*inquirySeed, i)
	for range 3 {
		before := d.failures
		failed, again := d.once(i, q)
		if !again {
			for _, report := range failed {
				report()
			}
			return
		}
		d.failures = before
	}
	d.Errorf("-seed %d -only %d: the data do not stand still\ninquiry %s", *inquirySeed, i, q)
}

// once returns what is to be reported, or that the data have changed.
func (d *differential) once(i uint64, q inquiry) (failed []func(), again bool) {
	d.Helper()
	report := func(way string, u *utterance, format string, args ...any) {
		failed = append(failed, func() { d.Helper(); d.fail(i, q, way, u, format, args...) })
	}
	gateway := named{"json2", d.gateway}
	u, first, err := d.ask(i, 0, gateway, q)
	if err != nil {
		report(gateway.name, u, "%v", err)
		return failed, false
	}
	direct := q
	if q.records() && q.Fields == nil {
		// Which fields a record has unasked is the gateway's own choice.
		direct.Fields = fieldsOf(first.value)
	}
	want, own := first, false
	if d.straight != nil && q.Verdict != closed {
		said, o, err := d.ask(i, 1, named{"straight", d.straight}, direct)
		if err != nil {
			report("straight", said, "%v", err)
			return failed, false
		}
		if own = said != nil; own {
			if want = o; !want.refused {
				want.value = d.plain(direct, want.value)
			}
		}
	}
	check := func(way named, u *utterance, o outcome) {
		d.Helper()
		if diff := o.differs(want, own, func() any { return way.shape(u, q, want.value) }); diff != "" {
			report(way.name, u, "%s", diff)
		}
	}
	check(gateway, u, first)
	if q.Verdict != asOdoo && !want.refused && d.straight != nil {
		report(gateway.name, u, "not refused, which it must be")
	}
	for k, way := range d.others {
		if way.name == "restapi with compat" && i%3 != 0 && !q.records() {
			continue
		}
		u, o, err := d.ask(i, k+2, way, q)
		if err != nil {
			report(way.name, u, "%v", err)
		} else if u != nil {
			check(way, u, o)
		}
	}
	if len(failed) > 0 && own && !want.refused {
		_, now, err := d.ask(i, 1, named{"straight", d.straight}, direct)
		return failed, err == nil && !now.refused && difference("", d.plain(direct, now.value), want.value) != ""
	}
	return failed, false
}

// ask makes an inquiry in one way. The utterance is nil where it cannot be said.
func (d *differential) ask(i uint64, k int, way named, q inquiry) (*utterance, outcome, error) {
	u := way.say(rand.New(rand.NewPCG(*inquirySeed+uint64(k), i)), q)
	if u == nil {
		return nil, outcome{}, nil
	}
	a, err := way.send(u)
	if err != nil {
		return u, outcome{}, err
	}
	o, err := way.hear(u, q, a)
	if err != nil {
		return u, o, err
	}
	ran := d.ran[way.name]
	if ran == nil {
		ran = &tally{}
		d.ran[way.name] = ran
	}
	ran.asked++
	switch {
	case o.refused:
		ran.refused++
	case difference("", o.value, []any{}) != "" && o.value != int64(0):
		ran.found++
	}
	if o.value, err = d.grouped(way, q, o.value); err != nil {
		return u, o, err
	}
	return u, o, nil
}

// differs compares an outcome with what it must be, which is Odoo's own where
// own says so, and else that of another dialect.
func (o outcome) differs(want outcome, own bool, shaped func() any) string {
	switch {
	case o.failed && !(own && want.refused):
		return o.why
	case o.refused && want.refused:
		return ""
	case o.refused:
		return fmt.Sprintf("refused (%s), but there is an answer: %.200s", o.why, shown(want.value))
	case want.refused:
		return fmt.Sprintf("answered with %.200s, but it is refused: %s", shown(o.value), want.why)
	}
	return difference("it", o.value, shaped())
}

// fieldsOf are the names in the first of some records.
func fieldsOf(v any) []string {
	records, _ := v.([]any)
	if len(records) == 0 {
		return []string{"id"}
	}
	var out []string
	for name := range records[0].(map[string]any) {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
