package connection

import "strings"

const (
	product  = "OdooGateway/1"
	maxTitle = 64
)

// UserAgent is the constant User-Agent of the calls for an application. Odoo
// lists it among a person's devices, so it names the application; what may not
// stand in a header's comment is left out.
func UserAgent(title string) string {
	name := strings.Join(strings.Fields(strings.Map(func(c rune) rune {
		switch {
		case c == '(', c == ')', c == '\\':
			return -1
		case c < ' ', c == 0x7f:
			return ' '
		case c > 0x7e:
			return -1
		}
		return c
	}, title)), " ")
	if len(name) > maxTitle {
		name = strings.TrimSpace(name[:maxTitle])
	}
	if name == "" {
		return product
	}
	return product + " (" + name + ")"
}
