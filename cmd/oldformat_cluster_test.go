//go:build unix

package cmd

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/kafka/kafkatest"
	"kstream/kafka/kafkatest/oldformat"
)

// Records that an upgraded cluster still holds in the formats before Kafka 0.11 are read
// by every command as they are: alone, in a group, through TLS and SASL; several in one
// answer, compressed, and without keys.
func TestOldMessageFormats(t *testing.T) {
	s, c := clusterStage(t, kafkatest.Options{Secure: true})
	s.create(6, "retention.ms=-1")
	var want []string
	segments := map[string][]byte{}
	for p := range 5 {
		var messages []oldformat.Message
		for i := range int64(50) {
			m := oldformat.Message{Offset: i, Millis: 1_700_000_000_000 + i, Value: fmt.Append(nil, "v", i)}
			key := ""
			if i%2 == int64(p%2) {
				key = fmt.Sprint("k", i)
				m.Key = []byte(key)
			}
			messages = append(messages, m)
			want = append(want, fmt.Sprintf("%d %d %s v%d", p, i, key, i))
		}
		format := int8(min(p, 1))
		var segment []byte
		for i, m := range messages {
			switch {
			case p < 3:
				segment = oldformat.Append(segment, format, m)
			case i%10 == 9:
				segment = oldformat.AppendGzip(segment, int8(4-p), messages[i-9:i+1]...)
			}
		}
		segments[fmt.Sprintf("%s-%d", s.topic, p)] = segment
	}
	if err := c.PlaceSegments(t.Context(), 1, segments); err != nil {
		t.Fatal(err)
	}
	run := func(stdin string, args ...string) string {
		t.Helper()
		p := s.start(args...)
		p.feed(stdin)
		p.closeInput()
		p.wait(0)
		return p.printed()
	}
	for p := range 6 { // what is written today follows
		run(fmt.Sprintf("new%d\n", p), "produce", s.topic, "-p", fmt.Sprint(p))
		want = append(want, fmt.Sprintf("%d %d  new%d", p, min(50, 50*(5-p)), p))
	}
	slices.Sort(want)
	same := func(what, out string) {
		t.Helper()
		got := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	const line = `%p %o %k %v\n`
	same("consume", run("", "consume", s.topic, "-e", "-o", line))
	same("a group", run("", "consume", s.topic, "-e", "-g", s.group, "-m", "2", "-o", line))
	if out := run("", "group", "lag", s.group, "-o", "json"); strings.Count(strings.ReplaceAll(out, " ", ""), `"lag":0,`) != 6 {
		t.Errorf("lag: %s", out)
	}
	if out := run("", "topic", "count", s.topic); out != "256\n" {
		t.Errorf("count: %s", out)
	}
	run("", "replay", s.topic, s.topic+"-copy", "--create")
	same("a copy", run("", "consume", s.topic+"-copy", "-e", "-o", line))
	certs := func(more ...string) []string {
		return append([]string{"-X", "ssl.ca.location=" + filepath.Join(c.CertDir(), "ca.pem")}, more...)
	}
	for listener, flags := range map[string][]string{
		kafkatest.SSL:     certs("-X", "security.protocol=ssl", "-X", "ssl.certificate.location="+filepath.Join(c.CertDir(), "alice.pem"), "-X", "ssl.key.location="+filepath.Join(c.CertDir(), "alice.key")),
		kafkatest.SASLSSL: certs("-X", "security.protocol=sasl_ssl", "-X", "sasl.mechanism=SCRAM-SHA-512", "-X", "sasl.username=admin", "-X", "sasl.password="+kafkatest.AdminPassword),
	} {
		if listener == kafkatest.SSL {
			c.MustTool(t, "AclCommand", "--add", "--force", "--allow-principal", "User:CN=alice", "--operation", "Read", "--topic", s.topic)
		}
		args := append([]string{"consume", s.topic, "-e", "-o", line, "-b", c.SecureBootstrap(listener)}, flags...)
		same(listener, run("", args...))
	}
}
