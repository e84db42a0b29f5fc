//go:build unix

package cmd

import (
	"slices"
	"testing"

	"kstream/kafka/kafkatest"
)

// A right that is taken away in the middle of a read ends it with one line.
func TestRightRevoked(t *testing.T) {
	t.Parallel()
	s, c := clusterStage(t, kafkatest.Options{Secure: true})
	s.create(1)
	s.numbers(0, 10)
	acl := func(what string) {
		c.MustTool(t, "AclCommand", what, "--force", "--allow-principal", "User:"+kafkatest.AliceUser, "--operation", "Read",
			"--operation", "Describe", "--topic", s.topic)
	}
	acl("--add")
	direct := s.brokers
	s.brokers = c.SecureBootstrap(kafkatest.SASLPlaintext)
	p := s.start("consume", s.topic, "-X", "security.protocol=sasl_plaintext", "-X", "sasl.mechanism=PLAIN",
		"-X", "sasl.username="+kafkatest.AliceUser, "-X", "sasl.password="+kafkatest.AlicePassword)
	p.awaitLines(10)
	acl("--remove")
	s.brokers = direct
	s.numbers(10, 20)
	p.wait(4)
	p.wantSaid(`(?m)^kstream: .*(READ on topic `+s.topic+` is not allowed for User:alice|(?i)authoriz)`, 1)
	if n := len(p.said()); n > 1000 {
		t.Errorf("%d bytes on stderr:\n%.2000s", n, p.said())
	}
}

// A group that may not be read ends its members, under both protocols, whether the
// coordinator may be asked for or not, and whatever time they were given.
func TestGroupDenied(t *testing.T) {
	t.Parallel()
	s, c := clusterStage(t, kafkatest.Options{Secure: true})
	s.create(1)
	s.numbers(0, 10)
	alice := func(args ...string) {
		c.MustTool(t, "AclCommand", append([]string{"--add", "--force", "--allow-principal", "User:" + kafkatest.AliceUser}, args...)...)
	}
	alice("--operation", "Read", "--operation", "Write", "--operation", "Describe", "--topic", s.topic)
	alice("--operation", "Describe", "--group", "described")
	s.brokers = c.SecureBootstrap(kafkatest.SASLPlaintext)
	login := []string{
		"-X", "security.protocol=sasl_plaintext", "-X", "sasl.mechanism=PLAIN",
		"-X", "sasl.username=" + kafkatest.AliceUser, "-X", "sasl.password=" + kafkatest.AlicePassword,
	}
	for _, args := range [][]string{
		{"consume", s.topic, "-g", "secret"},
		{"consume", s.topic, "-g", "secret", "--for", "1m"},
		{"consume", s.topic, "-g", "described", "-m", "3"},
		{"consume", s.topic, "-g", "secret", "--protocol", "consumer"},
		{"consume", s.topic, "-g", "described", "--protocol", "consumer"},
		{"pipe", s.topic, "elsewhere", "-g", "described", "--idle-timeout", "1m", "--exactly-once"},
	} {
		if args[0] == "pipe" {
			alice("--operation", "All", "--topic", "elsewhere")
			alice("--operation", "All", "--transactional-id", "*")
			c.MustTool(t, "TopicCommand", "--create", "--topic", "elsewhere")
		}
		group := args[slices.Index(args, "-g")+1]
		p := s.start(append(args, login...)...)
		p.wait(4)
		p.wantSaid(`(?m)^kstream: .*READ on group `+group+` is not allowed for User:alice$`, 1)
		p.wantSaid(`(?m)^hint: kstream acl create --principal User:alice --operation read --group `+group+` allows it$`, 1)
	}
}
