//go:build unix

package cmd

import (
	"path/filepath"
	"strings"
	"testing"

	"kstream/cmd/dump"
	"kstream/kafka"
)

// Settings that the cluster of DST does not know are left out by --create, and named; the
// others are set.
func TestReplayCreatesWithoutForeignSettings(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	path := filepath.Join(s.dir, "foreign.dump")
	w, err := dump.Create(path, dump.Manifest{Topics: []dump.Topic{{
		Name: "elsewhere", Partitions: 2,
		Config: map[string]string{"foreign.remote.write": "true", "foreign.x": "y", "retention.ms": "-1"},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Append(kafka.Record{Topic: "elsewhere", Value: []byte("v"), Timestamp: 1, TimestampType: kafka.TimestampCreate}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	foreign := 1
	if s.embedded != nil { // it takes settings of any name
		foreign = 0
	}
	for _, flag := range []string{"--dry-run", "--verify"} {
		p := s.start("replay", "file:"+path, s.topic, "--create", flag)
		p.wait(0)
		p.wantSaid(s.topic+" is created without foreign.remote.write=true, which the cluster does not take: ", foreign)
		p.wantSaid(s.topic+" is created without foreign.x=y, which the cluster does not take: ", foreign)
		p.wantSaid("without retention", 0)
	}
	p := s.start("topic", "describe", s.topic, "-o", "json")
	p.wait(0)
	if want := `"retention.ms"`; !strings.Contains(p.printed(), want) {
		t.Errorf("%s, want %s in it", p.printed(), want)
	}
}
