//go:build unix

package cmd

import (
	"path/filepath"
	"slices"
	"testing"

	"kstream/kafka/kafkatest"
)

// What is wrong with credentials, certificates and rights is said in one line, with the
// exit code of its kind.
func TestSecurityFaults(t *testing.T) {
	t.Parallel()
	s, c := clusterStage(t, kafkatest.Options{Secure: true})
	s.create(1)
	s.numbers(0, 10)
	ca := filepath.Join(c.CertDir(), "ca.pem")
	login := func(password string, more ...string) []string {
		return append([]string{"-X", "sasl.mechanism=SCRAM-SHA-512", "-X", "sasl.username=" + kafkatest.AliceUser, "-X", "sasl.password=" + password}, more...)
	}
	sasl := login(kafkatest.AlicePassword, "-X", "security.protocol=sasl_plaintext")
	tests := map[string]struct {
		listener string
		flags    []string
		code     int
		said     string
	}{
		"wrong password":      {kafkatest.SASLPlaintext, login("wrong", "-X", "security.protocol=sasl_plaintext"), 4, `[Aa]uthentication`},
		"no mechanism":        {kafkatest.SASLPlaintext, []string{"-X", "security.protocol=plaintext"}, 5, `.`},
		"TLS to plaintext":    {kafkatest.SASLPlaintext, login(kafkatest.AlicePassword, "-X", "security.protocol=sasl_ssl", "-X", "ssl.ca.location="+ca), 5, `(?i)tls|ssl`},
		"plaintext to TLS":    {kafkatest.SASLSSL, sasl, 5, `.`},
		"wrong CA":            {kafkatest.SASLSSL, login(kafkatest.AlicePassword, "-X", "security.protocol=sasl_ssl", "-X", "ssl.ca.location="+filepath.Join(c.CertDir(), "other-ca.pem")), 5, `(?i)certificate`},
		"expired certificate": {kafkatest.Expired, login(kafkatest.AlicePassword, "-X", "security.protocol=sasl_ssl", "-X", "ssl.ca.location="+ca), 5, `(?i)certificate|expired`},
		"no right to read":    {kafkatest.SASLPlaintext, sasl, 4, `(?i)authoriz`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := *s
			s.t, s.brokers = t, c.SecureBootstrap(test.listener)
			s.dir = t.TempDir()
			for _, args := range [][]string{{"consume", s.topic, "-e"}, {"produce", s.topic}} {
				p := s.start(append(append(args, "--timeout", "5s"), test.flags...)...)
				p.feed("x\n")
				p.closeInput()
				p.wait(test.code)
				p.wantSaid(`(?m)^kstream: .*(`+test.said+`)`, 1)
				p.wantSaid(`(?m)^kstream: `, 1)
				p.wantSaid(kafkatest.AlicePassword, 0)
			}
		})
	}
}

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
	p.wantSaid(`(?m)^kstream: .*(?i)authoriz`, 1)
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
