package caddymodule

import (
	"bytes"
	"io"
	"net"
	"slices"
	"strconv"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// frames is newer.send, over HTTP/2.
func (c *crossing) frames(fields [][2]string, body string, trailer ...[2]string) (status int, answer string) {
	c.t.Helper()
	conn, err := net.Dial("tcp", c.addr)
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		c.t.Fatal(err)
	}
	framer := http2.NewFramer(conn, conn)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	encode := func(fields [][2]string) []byte {
		block.Reset()
		for _, f := range fields {
			if err := encoder.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}); err != nil {
				c.t.Fatal(err)
			}
		}
		return slices.Clone(block.Bytes())
	}
	last := body == "" && len(trailer) == 0
	for _, write := range []func() error{
		func() error { return framer.WriteSettings() },
		func() error {
			return framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: encode(fields), EndStream: last, EndHeaders: true})
		},
		func() error {
			if last {
				return nil
			}
			return framer.WriteData(1, len(trailer) == 0, []byte(body))
		},
		func() error {
			if len(trailer) == 0 {
				return nil
			}
			return framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: encode(trailer), EndStream: true, EndHeaders: true})
		},
	} {
		if err := write(); err != nil {
			break // refused before it was whole
		}
	}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return 0, ""
		}
		switch f := frame.(type) {
		case *http2.MetaHeadersFrame:
			if status, err = strconv.Atoi(f.PseudoValue("status")); err != nil {
				c.t.Fatal(err)
			}
			if f.StreamEnded() {
				return status, answer
			}
		case *http2.DataFrame:
			if answer += string(f.Data()); f.StreamEnded() {
				return status, answer
			}
		case *http2.RSTStreamFrame:
			if f.ErrCode == http2.ErrCodeNo { // the answer is whole, the rest of the request not wanted
				return status, answer
			}
			return 0, ""
		case *http2.GoAwayFrame:
			return 0, ""
		}
	}
}

// TestA61_HTTP2IsNotTranslatedIntoMore: see notMore.
func TestA61_HTTP2IsNotTranslatedIntoMore(t *testing.T) {
	c := newCrossing(t, site{})
	c.notMore(newer{scheme: "http", authority: c.addr, send: c.frames, otherScheme: -1, trailer: []string{"X-Sum: 42"}})
}
