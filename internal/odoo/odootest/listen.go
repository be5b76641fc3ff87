package odootest

import (
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// listener serves a handler on a free port of the loopback interface.
type listener struct {
	url    string
	server *http.Server
}

// listen starts serving at once. That it finds no free port is beyond
// anything a caller could handle.
func listen(h http.Handler) *listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic("odootest: " + err.Error())
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.Serve(l) }() // ends with Close
	return &listener{"http://" + l.Addr().String(), server}
}

func (l *listener) close() { _ = l.server.Close() }
