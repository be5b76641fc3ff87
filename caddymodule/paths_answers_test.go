package caddymodule

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// answered is one answer that has been read.
type answered struct {
	status int
	header http.Header
	body   string
}

// readAnswers reads answers until there are n or the connection ends. An
// answer that is cut short counts with what there is of it.
func readAnswers(conn net.Conn, n int) []answered {
	var all []answered
	for br := bufio.NewReader(conn); len(all) < n; {
		res, err := http.ReadResponse(br, nil)
		if err != nil {
			break
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode >= 200 {
			all = append(all, answered{res.StatusCode, res.Header, string(body)})
		}
		if err != nil {
			break
		}
	}
	return all
}
