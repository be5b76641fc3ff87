package token

import (
	"slices"
	"testing"
	"time"

	"github.com/caddy-odoo/gateway/internal/grant"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(hours int) time.Time { return noon.Add(time.Duration(hours) * time.Hour) }

// TestSignerIsTheKeyWhoseTurnItIs, in whichever order the store has the keys.
func TestSignerIsTheKeyWhoseTurnItIs(t *testing.T) {
	own := func(id string, from int) *key { return &key{id: id, algorithm: EdDSA, signsFrom: at(from)} }
	ends := func(k *key, in time.Duration) *key { k.endsAt = noon.Add(in); return k }
	other := &key{id: "other", algorithm: RS256, signsFrom: at(0)}
	for _, test := range []struct {
		name string
		keys []*key
		want string
	}{
		{"none", nil, ""},
		{"another algorithm's", []*key{other}, ""},
		{"one", []*key{own("a", -1), other}, "a"},
		{"the later turn", []*key{own("a", -3), own("b", -1), own("c", -2)}, "b"},
		{"this moment", []*key{own("a", -1), own("b", 0)}, "b"},
		{"a turn to come", []*key{own("a", -1), own("b", 1)}, "a"},
		{"turns to come alone", []*key{own("a", 3), own("b", 1), own("c", 2)}, "b"},
		{"one whose turn came, among turns to come", []*key{own("a", 3), own("b", -2), own("c", 1)}, "b"},
		{"two turns that came, among turns to come", []*key{own("a", -1), own("b", 2), own("c", -2), own("d", 1)}, "a"},
		{"one that ends while a token may live", []*key{own("a", -2), ends(own("b", -1), MaxLife-1)}, "a"},
		{"one that ends with the longest life", []*key{own("a", -2), ends(own("b", -1), MaxLife)}, "b"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, keys := range [][]*key{test.keys, reversed(test.keys)} {
				var got string
				if found := (&known{keys: keys}).signer(EdDSA, noon); found != nil {
					got = found.id
				}
				if got != test.want {
					t.Errorf("%q signs, want %q", got, test.want)
				}
			}
		})
	}
}

func reversed[T any](list []T) []T {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
}

// TestKeysOfAnEarlierAlgorithmAreEnded: those that are older than the newest
// of ours, and no other.
func TestKeysOfAnEarlierAlgorithmAreEnded(t *testing.T) {
	k := func(id, algorithm string, created int) grant.SigningKey {
		return grant.SigningKey{ID: id, Algorithm: algorithm, CreatedAt: at(created)}
	}
	ends := func(s grant.SigningKey, in int) grant.SigningKey { s.EndsAt = at(in); return s }
	for _, test := range []struct {
		name        string
		keys        []grant.SigningKey
		keep, ended []string
	}{
		{"none", nil, nil, nil},
		{"ours alone", []grant.SigningKey{k("a", EdDSA, -3), k("b", EdDSA, -2)}, []string{"a", "b"}, nil},
		{"an older one", []grant.SigningKey{k("old", RS256, -3), k("a", EdDSA, -2)}, []string{"old", "a"}, []string{"old"}},
		{"a newer one", []grant.SigningKey{k("a", EdDSA, -3), k("new", RS256, -2)}, []string{"a", "new"}, nil},
		{"two newer ones", []grant.SigningKey{k("a", EdDSA, -3), k("new", RS256, -2), k("newer", RS256, -1)}, []string{"a", "new", "newer"}, nil},
		{"one as old", []grant.SigningKey{k("a", EdDSA, -3), k("b", RS256, -3)}, []string{"a", "b"}, nil},
		{"between two of ours", []grant.SigningKey{k("a", EdDSA, -3), k("old", RS256, -2), k("b", EdDSA, -1)}, []string{"a", "old", "b"}, []string{"old"}},
		{"our newest has an end", []grant.SigningKey{k("a", EdDSA, -3), k("new", RS256, -2), ends(k("b", EdDSA, -1), 5)}, []string{"a", "new", "b"}, []string{"b"}},
		{"an earlier end stays", []grant.SigningKey{ends(k("old", RS256, -3), 5), k("a", EdDSA, -2)}, []string{"old", "a"}, []string{"old"}},
		{"what has ended goes", []grant.SigningKey{ends(k("gone", RS256, -3), 0), ends(k("old", RS256, -3), 1), k("a", EdDSA, -2)}, []string{"old", "a"}, []string{"old"}},
		{"what has ended counts no more", []grant.SigningKey{k("a", RS256, -2), ends(k("gone", EdDSA, -1), -1)}, []string{"a"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, stored := range [][]grant.SigningKey{test.keys, reversed(test.keys)} {
				before := slices.Clone(stored)
				var keep, ended []string
				after := due(slices.Clone(stored), EdDSA, noon)
				for _, s := range after {
					keep = append(keep, s.ID)
					was := before[slices.IndexFunc(before, func(b grant.SigningKey) bool { return b.ID == s.ID })].EndsAt
					switch {
					case !s.EndsAt.IsZero() && was.IsZero() && !s.EndsAt.Equal(noon.Add(overlap)), !was.IsZero() && !s.EndsAt.Equal(was):
						t.Errorf("%s ends at %v, it had %v", s.ID, s.EndsAt, was)
					case !s.EndsAt.IsZero():
						ended = append(ended, s.ID)
					}
				}
				slices.Sort(keep)
				if !slices.Equal(keep, slices.Sorted(slices.Values(test.keep))) || !slices.Equal(ended, test.ended) {
					t.Errorf("kept %v and ended %v, want %v and %v", keep, ended, test.keep, test.ended)
				}
				if unchanged := same(before, after); unchanged != (len(after) == len(before) && slices.EqualFunc(after, before,
					func(a, b grant.SigningKey) bool { return a.ID == b.ID && a.EndsAt.Equal(b.EndsAt) })) {
					t.Errorf("same says %v of %v and %v", unchanged, before, after)
				}
			}
		})
	}
}
