//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strconv"
	"strings"
)

// What the upstream holds: seven contacts, which make an answer of 1 KB.
const (
	contacts     = 7
	serviceLogin = "batch"
	serviceUID   = 1000
	firstUID     = 100 // of the people
)

// contact is one record as Odoo writes it.
func contact(id int) string {
	return fmt.Sprintf(`{"id":%d,"name":"Example Company %d","email":"info%d@example.com","phone":"+32 81 81 37 %02d","city":"Louvain-la-Neuve","country_id":[20,"Belgium"]}`, id, id, id, id)
}

// contactRecords is the answer to a search for contacts.
func contactRecords() string {
	var list []string
	for id := range contacts {
		list = append(list, contact(id+1))
	}
	return "[" + strings.Join(list, ",") + "]"
}

// named is the answer to a search for names: 1 KB as well.
func named() string {
	var list []string
	for id := 1; id <= 3*contacts; id++ {
		list = append(list, fmt.Sprintf(`{"id":%d,"display_name":"Example Company %d"}`, id, id))
	}
	return "[" + strings.Join(list, ",") + "]"
}

// contactFields is the answer to fields_get: those that the bench uses, among
// as many as a real model has.
func contactFields() string {
	type field map[string]any
	add := func(name, kind, relation string) field {
		return field{
			"string": name, "type": kind, "relation": relation, "required": false, "readonly": false, "store": true,
			"searchable": true, "sortable": true, "depends": []string{}, "related": "",
		}
	}
	all := map[string]field{
		"id": add("id", "integer", ""), "name": add("name", "char", ""), "email": add("email", "char", ""), "phone": add("phone", "char", ""),
		"city": add("city", "char", ""), "country_id": add("country_id", "many2one", "res.country"), "active": add("active", "boolean", ""),
		"display_name": add("display_name", "char", ""), "customer_rank": add("customer_rank", "integer", ""), "vat": add("vat", "char", ""),
	}
	for i := range 120 {
		name := fmt.Sprintf("x_field_%d", i)
		all[name] = add(name, "char", "")
	}
	text, err := json.Marshal(all)
	if err != nil {
		panic(err) // of texts and truth values
	}
	return string(text)
}

// upstreamRole answers as Odoo 19 would, without doing anything. It reads of a
// request as little as it can, so that it costs little beside what is measured.
func upstreamRole() {
	listener, err := net.Listen("tcp", os.Getenv("LISTEN"))
	if err != nil {
		log.Fatal(err)
	}
	u := newUpstream()
	for {
		c, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go u.serve(c)
	}
}

type upstream struct {
	fixed          map[string][]byte
	contacts, name []byte
	none           []byte
}

func newUpstream() *upstream {
	whole := func(body string) []byte {
		return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	return &upstream{
		fixed: map[string][]byte{
			"/web/webclient/version_info":    whole(`{"jsonrpc":"2.0","id":1,"result":{"server_version":"19.0","server_version_info":[19,0,0,"final",0,""],"server_serie":"19.0","protocol_version":1}}`),
			"/json/2/res.partner/fields_get": whole(contactFields()),
			"/json/2/res.users/has_group":    whole("true"),
			"/json/2/res.users/read":         whole(fmt.Sprintf(`[{"id":%d,"login":"%s","name":"Batch"}]`, serviceUID, serviceLogin)),
		},
		contacts: whole(contactRecords()), name: whole(named()), none: whole("[]"),
	}
}

func (u *upstream) serve(c net.Conn) {
	defer c.Close()
	in := bufio.NewReaderSize(c, 1<<14)
	var body []byte
	for {
		path, key, length, err := readHead(in)
		if err != nil {
			return
		}
		if cap(body) < length {
			body = make([]byte, length)
		}
		body = body[:length]
		if _, err := io.ReadFull(in, body); err != nil {
			return
		}
		var out []byte
		switch path {
		case "/json/2/res.partner/search_read":
			if out = u.contacts; bytes.Contains(body, []byte(`"fields":["display_name"`)) {
				out = u.name
			}
		case "/json/2/res.users/context_get":
			text := `{"lang":"en_US","tz":"UTC","uid":` + strings.TrimPrefix(key, "bearer key-") + `}`
			out = fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
		default:
			if out = u.fixed[path]; out == nil {
				out = u.none
			}
		}
		if _, err := c.Write(out); err != nil {
			return
		}
	}
}

// readHead reads a request up to its body.
func readHead(in *bufio.Reader) (path, authorization string, length int, err error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return "", "", 0, err
	}
	words := bytes.SplitN(line, []byte(" "), 3)
	if len(words) != 3 {
		return "", "", 0, fmt.Errorf("no request: %q", line)
	}
	path = string(words[1])
	for {
		if line, err = in.ReadSlice('\n'); err != nil {
			return "", "", 0, err
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			return path, authorization, length, nil
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return "", "", 0, err
			}
		case bytes.EqualFold(name, []byte("Authorization")):
			authorization = string(value)
		}
	}
}
