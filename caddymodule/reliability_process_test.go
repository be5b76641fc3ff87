package caddymodule

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// resources are what a process holds, after its garbage was collected.
type resources struct {
	goroutines, files int
	heap, rss         int64 // bytes
}

func (r resources) String() string {
	return fmt.Sprintf("%d goroutines, %d descriptors, %.1f MB of heap, %.1f MB resident", r.goroutines, r.files, mega(r.heap), mega(r.rss))
}

func mega(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// counts are the goroutines and descriptors of a process.
func (p *process) counts() (goroutines, files int) {
	p.t.Helper()
	entries, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "fd"))
	if err != nil {
		p.t.Fatal(err)
	}
	return p.goroutines(), len(entries)
}

// looks are as many as settle takes before it holds what it has seen for what
// stays, and maxLooks before it gives up.
const (
	looks     = 12
	maxLooks  = 300
	lookEvery = 100 * time.Millisecond
)

// settle looks at a process that does nothing until it holds no more than that
// besides, and returns the least that it has seen: what a reload leaves behind
// ends by itself, but not at once, and its own work comes and goes.
func (p *process) settle(goroutines, files int) resources {
	p.t.Helper()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	least := resources{goroutines: math.MaxInt, files: math.MaxInt}
	for n := 1; n <= looks || n <= maxLooks && (least.goroutines > goroutines || least.files > files); n++ {
		g, f := p.counts()
		least.goroutines, least.files = min(least.goroutines, g), min(least.files, f)
		<-look.C
	}
	least.heap, least.rss = p.heapAfterCollection(), p.status("VmRSS:")
	return least
}

// heapAfterCollection is what lives on the heap.
func (p *process) heapAfterCollection() int64 {
	p.t.Helper()
	p.profile("heap?gc=1&debug=1")
	profile := p.profile("heap?gc=1&debug=1")
	_, rest, _ := strings.Cut(profile, "# HeapAlloc = ")
	return p.number(rest, profile)
}

// memory tells what is resident of a process, and what of it is garbage that Go
// keeps for later, and files that are mapped, which the system may take back.
func (p *process) memory() string {
	p.t.Helper()
	profile := p.profile("heap?debug=1")
	of := func(name string) int64 {
		_, rest, _ := strings.Cut(profile, "# "+name+" = ")
		return p.number(rest, profile)
	}
	return fmt.Sprintf("%.0f MB resident, of which %.0f MB are mapped files and %.0f MB heap that is free",
		mega(p.status("VmRSS:")), mega(p.status("RssFile:")), mega(of("HeapIdle")-of("HeapReleased")))
}

func (p *process) goroutines() int {
	p.t.Helper()
	profile := p.profile("goroutine?debug=1")
	return int(p.number(strings.TrimPrefix(profile, "goroutine profile: total "), profile))
}

// status is a line of the kernel's about the process, in bytes.
func (p *process) status(name string) int64 {
	p.t.Helper()
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "status"))
	if err != nil {
		p.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), name)
	return p.number(rest, string(status)) << 10
}

// cpu is the time that a process has spent, in user mode and in the kernel.
func (p *process) cpu() time.Duration {
	p.t.Helper()
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "stat"))
	if err != nil {
		p.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		p.t.Fatalf("stat: %s", stat)
	}
	const tick = 10 * time.Millisecond // USER_HZ is 100 on every Linux of ours
	return tick * time.Duration(p.number(fields[11], rest)+p.number(fields[12], rest))
}

// number is the one that a text begins with.
func (p *process) number(text, of string) int64 {
	p.t.Helper()
	fields := strings.Fields(text)
	if len(fields) == 0 {
		p.t.Fatalf("no number in %.300s", of)
	}
	n, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		p.t.Fatalf("%v in %.300s", err, of)
	}
	return n
}

// profile reads one of the admin endpoint's.
func (p *process) profile(name string) string {
	p.t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get("http://" + p.admin + "/debug/pprof/" + name)
	for range 3 { // as in load
		if !lostConnection(err) {
			break
		}
		res, err = client.Get("http://" + p.admin + "/debug/pprof/" + name)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		p.t.Fatalf("profile %s: %d, %v", name, res.StatusCode, err)
	}
	return string(body)
}
