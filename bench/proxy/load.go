//go:build linux

package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// job is what the load process is asked for: so many requests, over so many
// connections, each of which sends one after another.
type job struct {
	Address     string
	Connections int
	Count       int
	// Requests are sent in turn: request i by the connection i modulo
	// Connections. Where there are fewer than Count, they are sent again.
	Requests [][]byte
	// Want is the body of every answer; nil is any.
	Want []byte
	// Refresh are the refresh tokens to begin with, one for each connection:
	// what each exchange gives is exchanged next. RefreshHead is the head of such
	// a request, without its Content-Length.
	Refresh     []string
	RefreshHead []byte
}

// result is what has come of a job.
type result struct {
	Error    string
	P50, P99 time.Duration
	Wall     time.Duration
	Refresh  []string // the tokens at the end
	Last     []byte   // a body that was answered
}

// loadRole does jobs, one for each line that it reads.
func loadRole() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			return
		}
		var j job
		if err == nil {
			err = json.Unmarshal(line, &j)
		}
		if err != nil {
			log.Fatal(err)
		}
		r, err := j.do()
		if err != nil {
			r.Error = err.Error()
		}
		if err := out.Encode(r); err != nil {
			log.Fatal(err)
		}
	}
}

func (j job) do() (result, error) {
	var (
		all    sync.WaitGroup
		mu     sync.Mutex
		took   = make([]time.Duration, 0, j.Count)
		failed error
		r      = result{Refresh: slices.Clone(j.Refresh)}
	)
	start := time.Now()
	for n := range min(j.Connections, j.Count) {
		all.Go(func() {
			mine, last, err := j.connection(n, r.Refresh)
			mu.Lock()
			defer mu.Unlock()
			took, r.Last = append(took, mine...), last
			failed = cmp.Or(failed, err) // one tells enough
		})
	}
	all.Wait()
	r.Wall = time.Since(start)
	if failed != nil {
		return r, failed
	}
	if len(took) != j.Count {
		return r, fmt.Errorf("%d answers to %d requests", len(took), j.Count)
	}
	slices.Sort(took)
	r.P50, r.P99 = took[len(took)/2], took[len(took)*99/100]
	return r, nil
}

// connection sends what the connection n has to send. It gives up at the first
// answer that is not what it must be.
func (j job) connection(n int, refresh []string) (took []time.Duration, last []byte, err error) {
	c, err := net.Dial("tcp", j.Address)
	if err != nil {
		return nil, nil, err
	}
	defer c.Close()
	in := bufio.NewReaderSize(c, 1<<14)
	var body []byte
	for i := n; i < j.Count; i += j.Connections {
		var request []byte
		if refresh != nil {
			request = j.refreshRequest(refresh[n])
		} else {
			request = j.Requests[i%len(j.Requests)]
		}
		start := time.Now()
		if _, err := c.Write(request); err != nil {
			return nil, nil, err
		}
		var status int
		status, body, err = readAnswer(in, body)
		took = append(took, time.Since(start))
		switch {
		case err != nil:
			return nil, nil, fmt.Errorf("request %d: %w", i, err)
		case status != 200, j.Want != nil && !bytes.Equal(body, j.Want):
			return nil, nil, fmt.Errorf("request %d is answered with %d: %.600s", i, status, body)
		}
		if refresh != nil {
			var got struct {
				Token string `json:"refresh_token"`
			}
			if err := json.Unmarshal(body, &got); err != nil || got.Token == "" || got.Token == refresh[n] {
				return nil, nil, fmt.Errorf("refreshing gives no new token: %.200s", body)
			}
			refresh[n] = got.Token
		}
	}
	return took, bytes.Clone(body), nil
}

func (j job) refreshRequest(token string) []byte {
	form := "grant_type=refresh_token&refresh_token=" + token
	return fmt.Appendf(bytes.Clone(j.RefreshHead), "Content-Length: %d\r\n\r\n%s", len(form), form)
}

// readAnswer reads one answer, which must say how long it is.
func readAnswer(in *bufio.Reader, into []byte) (status int, body []byte, err error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return 0, nil, err
	}
	words := strings.Fields(string(line))
	if len(words) < 2 || words[0] != "HTTP/1.1" {
		return 0, nil, fmt.Errorf("no answer: %q", line)
	}
	if status, err = strconv.Atoi(words[1]); err != nil {
		return 0, nil, err
	}
	length := -1
	for {
		if line, err = in.ReadSlice('\n'); err != nil {
			return 0, nil, err
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		if bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, nil, err
			}
		}
	}
	if length < 0 {
		return 0, nil, fmt.Errorf("status %d, of an unknown length", status)
	}
	if cap(into) < length {
		into = make([]byte, length)
	}
	into = into[:length]
	_, err = io.ReadFull(in, into)
	return status, into, err
}
