package profile

import (
	"fmt"
	"testing"
)

// profileOf profiles the values of records as one window of one partition.
func profileOf(t *testing.T, o Options, values ...string) *Profile {
	t.Helper()
	p := New(o)
	part := p.Partition(0, int64(len(values)))
	part.Window(0, int64(len(values)))
	for _, v := range values {
		addTo(t, p, part, &Record{Timestamp: NoTime, Value: []byte(v)})
	}
	return p
}

// addTo adds a record.
func addTo(t testing.TB, p *Profile, part *Partition, r *Record) {
	if err := p.Add(part, r); err != nil {
		t.Fatal(err)
	}
}

// reportOf ends a profile.
func reportOf(t testing.TB, p *Profile, topic string) *Report {
	t.Helper()
	r, err := p.Report(topic)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	return r
}

// rules reads rules that are right.
func rules(t *testing.T, texts ...string) (list []*Rule) {
	t.Helper()
	for _, text := range texts {
		r, err := ParseRule(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// sampleRecord is a record of about 120 bytes; one in fifty has no email.
func sampleRecord(i int) Record {
	email := `"a@b.example"`
	if i%50 == 0 {
		email = "null"
	}
	return Record{
		Timestamp: 1767225600000 + int64(i), Key: fmt.Appendf(nil, "key-%d", i%5000),
		Value: fmt.Appendf(nil, `{"id":%d,"color":"red","amount":%d.25,"user":{"name":"somebody","email":%s},"tags":["a","b"]}`, i+100000, i%100, email),
	}
}
