//go:build unix

package kafkatest

import (
	"errors"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCheckMetadata(t *testing.T) {
	const broker = "\x00\x00\x00\x01\x00\x0212\x00\x00\x23\x84"
	const noRack, rack = "\xff\xff", "\x00\x03abc"
	for name, c := range map[string]struct{ body, want string }{
		"one":                 {"\x00\x00\x00\x01" + broker + noRack + "\x00\x00\x00\x01", ""},
		"a rack":              {"\x00\x00\x00\x01" + broker + rack + "\x00\x00\x00\x01", ""},
		"more than asked for": {"\x00\x00\x00\x02" + broker + rack + broker + noRack + "\x00\x00\x00\x00", ""},
		"none":                {"\x00\x00\x00\x00\x00\x00\x00\x01", "0 of 1 brokers are known"},
		"no controller":       {"\x00\x00\x00\x01" + broker + noRack + "\xff\xff\xff\xff", "no controller yet"},
		"empty":               {"", "short metadata answer"},
		"cut in a broker":     {"\x00\x00\x00\x01" + broker[:7], "short metadata answer"},
		"cut in a rack":       {"\x00\x00\x00\x01" + broker + "\x00\x09a", "short metadata answer"},
		"cut after it":        {"\x00\x00\x00\x01" + broker + noRack + "\x00", "short metadata answer"},
		"a count that lies":   {"\xff\xff\xff\xff" + broker + noRack, "short metadata answer"},
	} {
		t.Run(name, func(t *testing.T) {
			var got string
			if err := checkMetadata([]byte(c.body), 1); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestFreePorts(t *testing.T) {
	addrs, err := freePorts(20)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, addr := range addrs {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Errorf("%s is not free: %v", addr, err)
			continue
		}
		defer l.Close()
		seen[addr] = true
	}
	if len(seen) != 20 {
		t.Errorf("%d different addresses, want 20: %v", len(seen), addrs)
	}
}

func TestFullName(t *testing.T) {
	got := map[string]string{}
	for _, class := range []string{"TopicCommand", "ConfigCommand", "ConsumerGroupCommand", "ConsoleConsumer", "kafka.Kafka"} {
		got[class] = fullName(class)
	}
	want := map[string]string{
		"TopicCommand":         "org.apache.kafka.tools.TopicCommand",
		"ConfigCommand":        "kafka.admin.ConfigCommand",
		"ConsumerGroupCommand": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
		"ConsoleConsumer":      "org.apache.kafka.tools.consumer.ConsoleConsumer",
		"kafka.Kafka":          "kafka.Kafka",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestOpenRefusesWhatIsNoCluster(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(dir); err == nil || err.Error() != "no cluster in "+dir {
		t.Errorf("got %v", err)
	}
}

// The lives of three nodes: killed, frozen, terminated and back, with the
// cluster seen through its own admin tools.
func TestCluster(t *testing.T) {
	told := map[int]string{}
	c := New(t, Options{Nodes: 3, Secure: true, Advertise: func(node int, listen string) (string, error) {
		told[node] = strings.Replace(listen, "127.0.0.1", "localhost", 1)
		return told[node], nil
	}})
	ctx := t.Context()

	if got, want := c.Bootstrap(), told[1]+","+told[2]+","+told[3]; got != want {
		t.Errorf("bootstrap servers %s, want the advertised %s", got, want)
	}
	c.MustTool(t, "TopicCommand", "--create", "--topic", "t", "--partitions", "3")
	if got := strings.Fields(c.MustTool(t, "TopicCommand", "--list")); !cmp.Equal(got, []string{"t"}) {
		t.Errorf("topics %v, want t alone", got)
	}
	if _, err := c.Tool(ctx, "TopicCommand", "--describe", "--topic", "nothere"); err == nil {
		t.Error("describing a missing topic went well")
	}
	if got := strings.Count(c.SecureBootstrap(SASLSSL), ","); got != 2 {
		t.Errorf("%d commas in the addresses of %s", got, SASLSSL)
	}

	if err := c.Kill(2); err != nil {
		t.Fatal(err)
	}
	if err := c.Freeze(2); err == nil || err.Error() != "node 2 does not run" {
		t.Errorf("freezing a dead node: %v", err)
	}
	if err := answers(c.nodes[1].Internal, 1); err == nil {
		t.Error("a killed node answers")
	}
	if err := c.Restart(ctx, 2); err != nil {
		t.Fatal(err)
	}
	if err := answers(c.nodes[1].Internal, 3); err != nil {
		t.Errorf("after the restart: %v", err)
	}

	if err := c.Freeze(3); err != nil {
		t.Fatal(err)
	}
	var timeout net.Error
	if err := answers(c.nodes[2].Internal, 3); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("a frozen node: %v, want a connection without an answer", err)
	}
	if err := c.Thaw(3); err != nil {
		t.Fatal(err)
	}
	if err := c.Ready(ctx); err != nil {
		t.Error(err)
	}

	if err := c.Terminate(1); err != nil {
		t.Fatal(err)
	}
	if err := c.Restart(ctx, 1); err != nil {
		t.Fatal(err)
	}
	dir := c.dir
	if err := c.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after Stop %s is still there: %v", dir, err)
	}
	for _, n := range c.nodes {
		if n.alive() {
			t.Errorf("after Stop node %d lives", n.Number)
		}
	}
}
