package profile

import (
	"fmt"
	"testing"
)

func benchRecord(i int) Record {
	return Record{
		Timestamp: 1767225600000 + int64(i), Key: fmt.Appendf(nil, "key-%d", i%5000),
		Value: fmt.Appendf(nil, `{"id":%d,"color":"red","amount":%d.25,"user":{"name":"somebody","email":null},"tags":["a","b"],"note":"twelve chars"}`, i+100000, i%100),
	}
}

func BenchmarkAdd(b *testing.B) {
	records := make([]Record, 1000)
	for i := range records {
		records[i] = benchRecord(i)
	}
	b.SetBytes(int64(len(records[0].Value)))
	b.ReportAllocs()
	p := New(Options{JSON: true, KeyFrames: LikelyFrames, ValueFrames: LikelyFrames})
	part := p.Partition(0, 1<<40)
	part.Window(0, 1<<40)
	for i := 0; b.Loop(); i++ {
		p.Add(part, &records[i%len(records)])
	}
}
