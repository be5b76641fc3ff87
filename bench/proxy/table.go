//go:build linux

package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"
)

// median is the one in the middle, or the upper one of two.
func median[T cmp.Ordered](all []T) T {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

func (b *bench) printHead(out io.Writer) {
	fmt.Fprintf(out, "| setting | contender | CPU seconds of 10,000 requests | × plain Caddy | p50 | p99 | RSS |\n|---|---|---|---|---|---|---|\n")
}

func (b *bench) printRequests(out io.Writer, rows []row) {
	for _, r := range rows {
		if r.missing != "" {
			fmt.Fprintf(out, "| %s | %s | %s | | | | |\n", r.setting, r.name, r.missing)
			continue
		}
		fmt.Fprintf(out, "| %s | %s | %.2f (%.2f–%.2f) | %.2f (%.2f–%.2f) | %.2f ms | %.2f ms | %d MB |\n", r.setting, r.name,
			median(r.cpu).Seconds(), slices.Min(r.cpu).Seconds(), slices.Max(r.cpu).Seconds(),
			median(r.ratio), slices.Min(r.ratio), slices.Max(r.ratio),
			milliseconds(median(r.p50)), milliseconds(median(r.p99)), r.resident>>20)
	}
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1000 }

func (b *bench) printGrants(out io.Writer, rows []grantRow) {
	fmt.Fprintf(out, "\n| algorithm | what | a CPU second | of bare signatures |\n|---|---|---|---|\n")
	for _, r := range rows {
		part := ""
		if r.part != nil {
			part = fmt.Sprintf("%.0f %%", 100*median(r.part))
		}
		fmt.Fprintf(out, "| %s | %s | %.0f (%.0f–%.0f) | %s |\n", r.algorithm, r.what, median(r.rate), slices.Min(r.rate), slices.Max(r.rate), part)
	}
}

func (b *bench) printStore(out io.Writer, rows []storeRow) {
	fmt.Fprintf(out, "\n| store, synced | redemptions a second | a CPU second |\n|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(out, "| %d at once | %.0f (%.0f–%.0f) | %.0f (%.0f–%.0f) |\n", r.writers,
			median(r.rate), slices.Min(r.rate), slices.Max(r.rate), median(r.perCPU), slices.Min(r.perCPU), slices.Max(r.perCPU))
	}
}
