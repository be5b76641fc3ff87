package trail

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/caddy-odoo/gateway/internal/audit"
	"github.com/caddy-odoo/gateway/internal/grant"
)

// separator parts the time from the random end in a place.
const separator = "."

// Place is a new place in the trail, at that time to the microsecond: the id of
// an entry. Later ones sort before earlier ones.
func Place(at time.Time) string {
	return fmt.Sprintf("%016x", uint64(math.MaxInt64-at.UnixMicro())) + separator + grant.NewID()
}

// IsPlace tells whether a text may be the id of an entry.
func IsPlace(id string) bool {
	at, end, ok := strings.Cut(id, separator)
	_, err := strconv.ParseUint(at, 16, 64)
	return ok && err == nil && len(at) == 16 && end != "" && len(end) < 64 && !strings.ContainsAny(end, "/\x00")
}

// PlaceTime is the time in the id of an entry, the zero time where it has none.
func PlaceTime(id string) time.Time {
	text, _, _ := strings.Cut(id, separator)
	n, err := strconv.ParseUint(text, 16, 64)
	if err != nil || n >= math.MaxInt64 {
		return time.Time{}
	}
	return time.UnixMicro(int64(math.MaxInt64 - n)).UTC()
}

type eventText struct {
	Time          int64             `json:"t"` // nanoseconds since 1970
	Kind          string            `json:"k"`
	Gateway       string            `json:"gw,omitempty"`
	Application   string            `json:"app,omitempty"`
	Subject       string            `json:"sub,omitempty"`
	Authorization string            `json:"az,omitempty"`
	TokenSet      string            `json:"ts,omitempty"`
	RequestID     string            `json:"rq,omitempty"`
	Address       string            `json:"ip,omitempty"`
	UserAgent     string            `json:"ua,omitempty"`
	Detail        map[string]string `json:"d,omitempty"`
}

// EncodeEvent is the text of an event: one byte, the version of its layout, and
// JSON.
func EncodeEvent(e audit.Event) []byte {
	text, err := json.Marshal(eventText{
		Time: e.Time.UnixNano(), Kind: string(e.Kind), Gateway: e.Gateway, Application: e.Application, Subject: e.Subject,
		Authorization: e.Authorization, TokenSet: e.TokenSet, RequestID: e.RequestID, Address: e.Address, UserAgent: e.UserAgent, Detail: e.Detail,
	})
	if err != nil {
		panic(err) // text and a number
	}
	return append([]byte{version}, text...)
}

// DecodeEvent reads the event in a value, with a link or without.
func DecodeEvent(value []byte) (audit.Event, error) {
	_, text, _ := Cut(value)
	if len(text) == 0 || text[0] != version {
		return audit.Event{}, fmt.Errorf("event has an unknown layout; a newer version of the gateway may have written it")
	}
	var r eventText
	if err := json.Unmarshal(text[1:], &r); err != nil {
		return audit.Event{}, err
	}
	return audit.Event{
		Time: time.Unix(0, r.Time).UTC(), Kind: audit.Kind(r.Kind), Gateway: r.Gateway, Application: r.Application, Subject: r.Subject,
		Authorization: r.Authorization, TokenSet: r.TokenSet, RequestID: r.RequestID, Address: r.Address, UserAgent: r.UserAgent, Detail: r.Detail,
	}, nil
}
