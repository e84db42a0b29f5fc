// Package bench measures how fast a cluster takes and gives records. Read bench.go, then
// produce.go and consume.go, then follow.go.
package bench

import (
	"strconv"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"kstream/cmd/cli"
	"kstream/output"
)

// stampBytes is the length of the time of sending at the beginning of a value, in decimal
// nanoseconds since 1970.
const stampBytes = 19

// Result is what a run measured.
type Result struct {
	Records            int64    `json:"records"`
	Bytes              int64    `json:"bytes"` // of keys and values
	Seconds            float64  `json:"seconds"`
	RecordsPerSecond   *float64 `json:"records_per_second"`   // null when all came at one moment
	MegabytesPerSecond *float64 `json:"megabytes_per_second"` // of 1,000,000 bytes
	Latency            *Latency `json:"latency_ms"`           // null when no record carried a time of this run
}

// Latency is how long records took from the producer's call to the reader's, in
// milliseconds. Clocks of two machines differ: only on one machine it is exact.
type Latency struct {
	Records int64   `json:"records"` // that were measured
	P50     float64 `json:"p50"`
	P95     float64 `json:"p95"`
	P99     float64 `json:"p99"`
	Max     float64 `json:"max"`
}

// newResult relates counts to the time that they took.
func newResult(records, bytes int64, took time.Duration, h *hdrhistogram.Histogram) *Result {
	r := &Result{Records: records, Bytes: bytes, Seconds: took.Seconds()}
	if took > 0 {
		rate, volume := float64(records)/took.Seconds(), float64(bytes)/1e6/took.Seconds()
		r.RecordsPerSecond, r.MegabytesPerSecond = &rate, &volume
	}
	if h != nil && h.TotalCount() > 0 {
		ms := func(microseconds int64) float64 { return float64(microseconds) / 1000 }
		r.Latency = &Latency{
			Records: h.TotalCount(), P50: ms(h.ValueAtQuantile(50)), P95: ms(h.ValueAtQuantile(95)),
			P99: ms(h.ValueAtQuantile(99)), Max: ms(h.Max()),
		}
	}
	return r
}

// newHistogram holds latencies from a microsecond to an hour, to three digits.
func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, time.Hour.Microseconds(), 3)
}

// observe adds the time that value carries to h, if it was sent at or after since.
func observe(h *hdrhistogram.Histogram, value []byte, since, now time.Time) {
	if len(value) < stampBytes {
		return
	}
	sent, err := strconv.ParseInt(string(value[:stampBytes]), 10, 64)
	if err != nil || sent < since.UnixNano() || sent > now.UnixNano() {
		return
	}
	// What is beyond the histogram's range counts as its end.
	_ = h.RecordValue(min(max((now.UnixNano()-sent)/1000, 1), h.HighestTrackableValue()))
}

// decimal is a number with so many decimals, and empty for none.
func decimal(n *float64, decimals int) string {
	if n == nil {
		return ""
	}
	return strconv.FormatFloat(*n, 'f', decimals, 64)
}

// print writes the result as a row, or as JSON.
func (r *Result) print(l *cli.Listing) error {
	return l.Print("kstream.bench/v1", []*Result{r}, func() *output.Table {
		t := &output.Table{Columns: []output.Column{
			{Name: "records", Right: true},
			{Name: "seconds", Right: true},
			{Name: "records/s", Right: true},
			{Name: "MB/s", Right: true},
			{Name: "p50 ms", Right: true},
			{Name: "p95 ms", Right: true},
			{Name: "p99 ms", Right: true},
			{Name: "max ms", Right: true},
		}}
		latency := make([]string, 4)
		if r.Latency != nil {
			for i, ms := range []float64{r.Latency.P50, r.Latency.P95, r.Latency.P99, r.Latency.Max} {
				latency[i] = strconv.FormatFloat(ms, 'f', 2, 64)
			}
		}
		t.Add(append([]string{
			strconv.FormatInt(r.Records, 10), strconv.FormatFloat(r.Seconds, 'f', 3, 64),
			decimal(r.RecordsPerSecond, 0), decimal(r.MegabytesPerSecond, 1),
		}, latency...)...)
		return t
	})
}
