package odootest

import (
	"io"
	"net/http"
	"sync"
	"testing"
)

func TestDisturbances(t *testing.T) {
	s, _ := startServer(t, Options{Version: 19})
	get := func() (int, error) {
		res, err := s.Client().Get(s.URL + "/web/health")
		if err != nil {
			return 0, err
		}
		defer res.Body.Close()
		_, err = io.ReadAll(res.Body)
		return res.StatusCode, err
	}
	s.SetDown(true)
	if status, err := get(); err == nil {
		t.Errorf("down: answers %d", status)
	}
	s.SetDown(false)
	s.FailWith(http.StatusBadGateway)
	if status, err := get(); err != nil || status != http.StatusBadGateway {
		t.Errorf("failing: %d %v", status, err)
	}
	s.FailWith(0)
	s.CutNextAnswer()
	if status, err := get(); err == nil || status != http.StatusOK {
		t.Errorf("cut: %d %v", status, err)
	}
	if status, err := get(); err != nil || status != http.StatusOK {
		t.Errorf("after all: %d %v", status, err)
	}
	log := s.RequestsTo("/web/health")
	if len(log) != 4 && len(log) != 5 { // a client may try a dead connection twice
		t.Errorf("%d requests in the log", len(log))
	}
	s.ForgetRequests()
	if len(s.Requests()) != 0 {
		t.Error("the log is not empty")
	}
}

func TestGate(t *testing.T) {
	s, _ := startServer(t, Options{Version: 19})
	g := s.Hold(func(r *http.Request) bool { return r.URL.Path == "/web/health" })
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if res, err := s.Client().Get(s.URL + "/web/health"); err != nil || res.StatusCode != http.StatusOK {
				t.Errorf("held: %v", err)
			}
		})
	}
	for range 3 {
		<-g.Arrived()
	}
	if a := newBrowser(t, s).get("/web/version"); a.StatusCode != http.StatusOK {
		t.Errorf("not held: %d", a.StatusCode)
	}
	if n := s.PeakConcurrent(); n != 4 {
		t.Errorf("%d at once, want 4", n)
	}
	s.SetMaxConcurrent(3)
	if res, err := s.Client().Post(s.URL+"/web/session/check", "application/json", nil); err == nil {
		t.Errorf("one too many: %d", res.StatusCode)
	}
	g.Release()
	wg.Wait()
}

func TestRequestLog(t *testing.T) {
	s, _ := startServer(t, Options{Version: 19})
	newBrowser(t, s).do("POST", "/jsonrpc?x=1", "application/json", "{}", "X-Mark", "7")
	log := s.Requests()
	if len(log) != 1 || log[0].Method != "POST" || log[0].Path != "/jsonrpc?x=1" || log[0].Header.Get("X-Mark") != "7" || string(log[0].Body) != "{}" {
		t.Errorf("%+v", log)
	}
}
