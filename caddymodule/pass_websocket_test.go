package caddymodule

//lint:file-ignore SA1019 the transport of net/http has no extended CONNECT

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"golang.org/x/net/http2"
)

// echoOverHTTP2 opens a WebSocket by an extended CONNECT (RFC 8441).
func echoOverHTTP2(addr string) error {
	r, w := io.Pipe()
	defer w.Close()
	req := &http.Request{
		Method: http.MethodConnect, Host: addr, Body: r, ContentLength: -1,
		URL: &url.URL{Scheme: "http", Host: addr, Path: "/websocket"},
		Header: http.Header{":protocol": {"websocket"}, "Sec-Websocket-Version": {"13"},
			"Cookie": {"session_id=AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEf"}},
	}
	transport := &http2.Transport{AllowHTTP: true,
		DialTLSContext: func(ctx context.Context, network, addr string, _ *tls.Config) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		}}
	defer transport.CloseIdleConnections()
	res, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", res.StatusCode)
	}
	for i := range 3 {
		want := fmt.Sprintf("ping %d", i)
		_, _ = io.WriteString(w, want)
		got := make([]byte, len(want))
		if _, err := io.ReadFull(res.Body, got); err != nil || string(got) != want {
			return fmt.Errorf("echo %q, %v", got, err)
		}
	}
	return nil
}
