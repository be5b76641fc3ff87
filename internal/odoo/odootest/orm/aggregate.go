package orm

import (
	"fmt"
	"strings"
	"time"
)

// aggregate is one aggregated value of a group.
type aggregate struct {
	key string
	of  func(t *tx, m *model, ids []int64) any
}

// aggregate reads "__count" or "field:function".
func (t *tx) aggregate(m *model, spec string) aggregate {
	if spec == "__count" {
		return aggregate{spec, func(_ *tx, _ *model, ids []int64) any { return int64(len(ids)) }}
	}
	name, function, ok := strings.Cut(spec, ":")
	if m.byName[name] == nil {
		throw(ValueError, "Invalid field '%s' on model '%s'", name, m.name)
	}
	f := t.field(m, name, "read")
	if !ok {
		function = f.aggregator
	}
	if !f.stored() || f.x2many() && function != "count" {
		throw(ValueError, "Cannot convert %s.%s to SQL because it is not stored", m.name, f.name)
	}
	fold := folds[function]
	if fold == nil {
		throw(ValueError, "Invalid aggregate method '%s' for '%s'.", function, spec)
	}
	return aggregate{spec, func(t *tx, m *model, ids []int64) any {
		values := []any{}
		for _, id := range ids {
			if v := t.raw(m, m.rows[id], f); v != nil {
				values = append(values, v)
			}
		}
		return fold(f, values)
	}}
}

var folds = map[string]func(f *field, values []any) any{
	"sum": func(f *field, values []any) any {
		if len(values) == 0 {
			return false
		}
		total := sum(values)
		if f.typ == "integer" {
			return int64(total)
		}
		return total
	},
	"avg": func(_ *field, values []any) any {
		if len(values) == 0 {
			return false
		}
		return sum(values) / float64(len(values))
	},
	"min":            func(f *field, values []any) any { return extreme(values, -1) },
	"max":            func(f *field, values []any) any { return extreme(values, 1) },
	"count":          func(_ *field, values []any) any { return int64(len(values)) },
	"count_distinct": func(_ *field, values []any) any { return int64(len(distinct(values))) },
	"array_agg":      func(_ *field, values []any) any { return values },
	"bool_and": func(_ *field, values []any) any {
		for _, v := range values {
			if !truthy(v) {
				return false
			}
		}
		return len(values) > 0
	},
	"bool_or": func(_ *field, values []any) any {
		for _, v := range values {
			if truthy(v) {
				return true
			}
		}
		return false
	},
}

func sum(values []any) float64 {
	var total float64
	for _, v := range values {
		n, _ := asFloat(v)
		total += n
	}
	return total
}

func extreme(values []any, sign int) any {
	var best any = false
	for i, v := range values {
		if order, _ := compare(v, best); i == 0 || order*sign > 0 {
			best = v
		}
	}
	return best
}

func distinct(values []any) map[string]bool {
	set := map[string]bool{}
	for _, v := range values {
		set[fmt.Sprint(v)] = true
	}
	return set
}

// spanOf returns the function that finds the first day of the span a value
// falls into, nil for a granularity that does not exist. Spans are in UTC.
func spanOf(granularity string) func(value string) string {
	truncate, ok := truncations[granularity]
	if !ok {
		return nil
	}
	return func(value string) string {
		at, err := time.Parse(datetimeLayout, pad(value))
		if err != nil {
			return value
		}
		return truncate(at).Format(datetimeLayout)
	}
}

func pad(value string) string {
	if len(value) == len(dateLayout) {
		return value + " 00:00:00"
	}
	return value
}

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

var truncations = map[string]func(at time.Time) time.Time{
	"hour": func(at time.Time) time.Time { return at.Truncate(time.Hour) },
	"day":  func(at time.Time) time.Time { return day(at.Year(), at.Month(), at.Day()) },
	// Weeks begin on Sunday, as the language en_US has it.
	"week":    func(at time.Time) time.Time { return day(at.Year(), at.Month(), at.Day()-int(at.Weekday())) },
	"month":   func(at time.Time) time.Time { return day(at.Year(), at.Month(), 1) },
	"quarter": func(at time.Time) time.Time { return day(at.Year(), (at.Month()-1)/3*3+1, 1) },
	"year":    func(at time.Time) time.Time { return day(at.Year(), 1, 1) },
}

// span returns the bounds of a group by date, the end excluded.
func span(g grouping, start string) (from, to string) {
	at, err := time.Parse(datetimeLayout, start)
	if err != nil {
		return start, start
	}
	var end time.Time
	switch g.granularity {
	case "hour":
		end = at.Add(time.Hour)
	case "day":
		end = at.AddDate(0, 0, 1)
	case "week":
		end = at.AddDate(0, 0, 7)
	case "month":
		end = at.AddDate(0, 1, 0)
	case "quarter":
		end = at.AddDate(0, 3, 0)
	default:
		end = at.AddDate(1, 0, 0)
	}
	layout := datetimeLayout
	if g.f.typ == "date" {
		layout = dateLayout
	}
	return at.Format(layout), end.Format(layout)
}

func spanLabel(granularity, start string) string {
	at, err := time.Parse(datetimeLayout, start)
	if err != nil {
		return start
	}
	switch granularity {
	case "hour":
		return at.Format("15:00 02 Jan")
	case "day":
		return at.Format("02 Jan 2006")
	case "week":
		year, week := at.AddDate(0, 0, 1).ISOWeek()
		return fmt.Sprintf("W%d %d", week, year)
	case "month":
		return at.Format("January 2006")
	case "quarter":
		return fmt.Sprintf("Q%d %d", (at.Month()-1)/3+1, at.Year())
	}
	return at.Format("2006")
}
