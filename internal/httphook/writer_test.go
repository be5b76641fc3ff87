package httphook

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
)

// serve runs a handler behind a Writer on a real listener. The hook replaces
// the header X-Set and counts its calls in X-Calls.
func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls := 0
		h(New(w, func(status int, header http.Header) {
			calls++
			header.Set("X-Status", fmt.Sprint(status))
			header.Set("X-Calls", fmt.Sprint(calls))
			if header.Get("X-Set") != "" {
				header.Set("X-Set", "changed")
			}
		}), r)
	}))
	t.Cleanup(srv.Close)
	return srv
}

func TestHookRunsOnceBeforeTheHeaderIsSent(t *testing.T) {
	tests := []struct {
		name   string
		write  func(http.ResponseWriter)
		status int
		body   string
	}{
		{"explicit status", func(w http.ResponseWriter) { w.WriteHeader(404); _, _ = io.WriteString(w, "gone") }, 404, "gone"},
		{"implicit status", func(w http.ResponseWriter) { _, _ = io.WriteString(w, "a"); _, _ = io.WriteString(w, "b") }, 200, "ab"},
		{"flush first", func(w http.ResponseWriter) { w.(http.Flusher).Flush(); _, _ = io.WriteString(w, "x") }, 200, "x"},
		{"controller flush", func(w http.ResponseWriter) {
			if err := http.NewResponseController(w).Flush(); err != nil {
				panic(err)
			}
		}, 200, ""},
		{"read from", func(w http.ResponseWriter) {
			if _, err := w.(io.ReaderFrom).ReadFrom(strings.NewReader("copied")); err != nil {
				panic(err)
			}
		}, 200, "copied"},
		{"informational first", func(w http.ResponseWriter) { w.WriteHeader(103); w.WriteHeader(201) }, 201, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("X-Set", "original")
				tt.write(w)
			})
			res, err := http.Get(srv.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			if res.StatusCode != tt.status || string(body) != tt.body {
				t.Errorf("got %d %q, want %d %q", res.StatusCode, body, tt.status, tt.body)
			}
			if got := res.Header.Get("X-Set"); got != "changed" {
				t.Errorf("X-Set is %q: the hook ran too late or not at all", got)
			}
			if got := res.Header.Get("X-Status") + "/" + res.Header.Get("X-Calls"); got != fmt.Sprintf("%d/1", tt.status) {
				t.Errorf("hook saw %s, want status %d once", got, tt.status)
			}
		})
	}
}

func TestInformationalAnswersPassWithoutHook(t *testing.T) {
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusOK)
	})
	var hints []textproto.MIMEHeader
	req, _ := http.NewRequest(http.MethodGet, srv.URL, nil)
	req = req.WithContext(httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
			if code == http.StatusEarlyHints {
				hints = append(hints, h)
			}
			return nil
		},
	}))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if len(hints) != 1 {
		t.Fatalf("got %d early hints, want 1", len(hints))
	}
	if hints[0].Get("X-Calls") != "" {
		t.Error("the hook ran for an informational answer")
	}
}

func TestHijackAfterSwitchingProtocols(t *testing.T) {
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "echo")
		w.Header().Set("X-Set", "original")
		w.WriteHeader(http.StatusSwitchingProtocols)
		conn, brw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		line, _ := brw.ReadString('\n')
		_, _ = brw.WriteString("echo " + line)
		_ = brw.Flush()
	})
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	br := bufio.NewReader(conn)
	res, err := http.ReadResponse(br, nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != 101 || res.Header.Get("X-Set") != "changed" {
		t.Fatalf("got %d, X-Set %q", res.StatusCode, res.Header.Get("X-Set"))
	}
	_, _ = io.WriteString(conn, "hello\n")
	if line, _ := br.ReadString('\n'); line != "echo hello\n" {
		t.Errorf("got %q", line)
	}
}

// plain is a writer that can do nothing beyond the interface.
type plain struct{ h http.Header }

func (p plain) Header() http.Header         { return p.h }
func (p plain) Write(b []byte) (int, error) { return len(b), nil }
func (p plain) WriteHeader(int)             {}

func TestWhatTheWrappedWriterCanNotDoStaysAnError(t *testing.T) {
	w := New(plain{http.Header{}}, func(int, http.Header) {})
	if err := http.NewResponseController(w).Flush(); !errors.Is(err, http.ErrNotSupported) {
		t.Errorf("flush: %v", err)
	}
	if _, _, err := w.Hijack(); !errors.Is(err, http.ErrNotSupported) {
		t.Errorf("hijack: %v", err)
	}
	if err := w.Push("/x", nil); !errors.Is(err, http.ErrNotSupported) {
		t.Errorf("push: %v", err)
	}
	if n, err := w.ReadFrom(strings.NewReader("abc")); n != 3 || err != nil {
		t.Errorf("read from: %d, %v", n, err)
	}
	if w.Unwrap() == nil {
		t.Error("unwrap gives nothing")
	}
}
