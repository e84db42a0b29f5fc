//go:build unix

package cmd

import (
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"kstream/kafka/chaostest"
	"kstream/kafka/embedded"
	"kstream/kafka/kafkatest"
)

// toldWithin is how long a command may take to tell what is wrong with a connection, on a
// loaded machine; it waits for no --timeout.
const toldWithin = 4 * time.Second

// What is wrong with credentials, certificates, protocols and addresses is said at once in one
// line, with its remedy and the exit code of its kind, by commands of each kind of client.
func TestSecurityFaults(t *testing.T) {
	t.Parallel()
	s, c := clusterStage(t, kafkatest.Options{Secure: true})
	s.create(1)
	s.numbers(0, 10)
	x := func(settings ...string) (flags []string) {
		for _, setting := range settings {
			flags = append(flags, "-X", setting)
		}
		return flags
	}
	cert := func(name string) string { return filepath.Join(c.CertDir(), name) }
	login := func(mechanism, password string) []string {
		return x("sasl.mechanism="+mechanism, "sasl.username="+kafkatest.AliceUser, "sasl.password="+password)
	}
	alice := func(mechanism string) []string { return login(mechanism, kafkatest.AlicePassword) }
	ca := x("ssl.ca.location=" + cert("ca.pem"))
	own := func(name, key string) []string {
		return append(x("ssl.certificate.location="+cert(name), "ssl.key.location="+cert(key)), ca...)
	}
	tests := map[string]struct {
		listener   string // "": plaintext
		flags      []string
		code       int
		said, hint string // with ADDR for the address
	}{
		"wrong password": {
			kafkatest.SASLPlaintext, login("PLAIN", "wrong"), 4,
			`authentication: ADDR refuses user alice by PLAIN: Invalid username or password`, `.*a user may have another password for each mechanism`,
		},
		"wrong password, SCRAM": {
			kafkatest.SASLSSL, append(login("SCRAM-SHA-512", "wrong"), ca...), 4,
			`authentication: ADDR refuses user alice by SCRAM-SHA-512: .*invalid credentials.*`, `sasl.username and sasl.password .*`,
		},
		"wrong mechanism": {
			kafkatest.SCRAMOnly, append(alice("PLAIN"), ca...), 4,
			`authentication: ADDR: the broker offers SCRAM-SHA-256, not PLAIN`, `-X sasl.mechanism=SCRAM-SHA-256 .*`,
		},
		"mechanism of librdkafka alone": {
			kafkatest.SCRAMOnly, append(x("sasl.mechanism=OAUTHBEARER", "sasl.oauthbearer.config=principal=alice", "enable.sasl.oauthbearer.unsecure.jwt=true"), ca...), 4,
			`authentication: ADDR: the broker offers SCRAM-SHA-256, not OAUTHBEARER`, `-X sasl.mechanism=SCRAM-SHA-256 .*`,
		},
		"no CA": {
			kafkatest.SASLSSL, append(alice("PLAIN"), x("security.protocol=sasl_ssl")...), 5,
			`TLS handshake: ADDR: its certificate is signed by CN=kstream test CA, an unknown authority`, `-X ssl.ca.location=FILE .*`,
		},
		"wrong CA": {
			kafkatest.SASLSSL, append(alice("PLAIN"), x("ssl.ca.location="+cert("other-ca.pem"))...), 5,
			`TLS handshake: ADDR: its certificate is signed by CN=kstream test CA, an unknown authority`, `-X ssl.ca.location=FILE .*`,
		},
		"expired certificate": {
			kafkatest.Expired, append(alice("PLAIN"), ca...), 5,
			`TLS handshake: ADDR: its certificate expired on \d{4}-\d\d-\d\d \d\d:\d\d UTC`, `the broker needs a new certificate.*`,
		},
		"other host": {
			kafkatest.OtherHost, append(alice("PLAIN"), ca...), 5,
			`TLS handshake: ADDR: its certificate is for broker\.example, 10\.1\.2\.3, not for 127\.0\.0\.1`, `connect by a name that is in the certificate; .*`,
		},
		"no client certificate": {
			kafkatest.SSL, ca, 5,
			`TLS handshake: ADDR: the broker wants a client certificate`, `-X ssl.certificate.location=FILE -X ssl.key.location=FILE .*`,
		},
		"foreign client certificate": {
			kafkatest.SSL, own("mallory.pem", "mallory.key"), 5,
			`TLS handshake: ADDR: the broker refused our certificate CN=alice: it is signed by CN=some other CA, where the broker trusts CN=kstream test CA`, `ssl.certificate.location and .*`,
		},
		"expired client certificate": {
			kafkatest.SSL, own("old.pem", "old.key"), 5,
			`TLS handshake: ADDR: the broker refused our certificate CN=alice: it expired on .* UTC`, `ssl.certificate.location and .*`,
		},
		"plaintext to TLS":         {kafkatest.SASLSSL, nil, 5, `unreachable: ADDR speaks TLS`, `-X security.protocol=sasl_ssl -X sasl.mechanism=SCRAM-SHA-512 -X sasl.username=NAME .*`},
		"plaintext to mutual TLS":  {kafkatest.SSL, nil, 5, `unreachable: ADDR speaks TLS`, `-X security.protocol=ssl`},
		"SASL to TLS":              {kafkatest.SASLSSL, alice("PLAIN"), 5, `unreachable: ADDR speaks TLS`, `-X security.protocol=sasl_ssl`},
		"TLS to plaintext":         {"", ca, 5, `TLS handshake: ADDR speaks plaintext, not TLS`, `-X security.protocol=plaintext`},
		"TLS and SASL to SASL":     {kafkatest.SASLPlaintext, append(alice("PLAIN"), ca...), 5, `TLS handshake: ADDR speaks plaintext, not TLS`, `-X security.protocol=sasl_plaintext`},
		"TLS to TLS and SASL":      {kafkatest.SASLSSL, ca, 5, `unreachable: ADDR wants a login \(SASL\), by .*SCRAM-SHA-256.*`, `-X security.protocol=sasl_ssl -X sasl.mechanism=.*`},
		"plaintext to SASL":        {kafkatest.SASLPlaintext, nil, 5, `unreachable: ADDR wants a login \(SASL\), by .*PLAIN.*`, `-X security.protocol=sasl_plaintext -X sasl.mechanism=.*`},
		"SASL to plaintext":        {"", alice("PLAIN"), 5, `unreachable: ADDR takes no login`, `-X security.protocol=plaintext`},
		"advertised name":          {kafkatest.Unresolved, append(alice("PLAIN"), ca...), 5, `unreachable: ADDR answers, but broker 1 advertises nowhere.invalid:9093: the name does not resolve`, `advertised.listeners .*`},
		"advertised, nobody there": {kafkatest.Unreached, alice("PLAIN"), 5, `unreachable: ADDR answers, but broker 1 advertises 127.0.0.1:1: connection refused`, `advertised.listeners .*`},
		"advertised, other host":   {kafkatest.Misnamed, append(alice("PLAIN"), ca...), 5, `TLS handshake: ADDR answers, but broker 1 advertises localhost:\d+: its certificate is for 127\.0\.0\.1, not for localhost`, `advertised.listeners .* in its certificate; .*`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := *s
			s.t, s.dir = t, t.TempDir()
			if test.listener != "" {
				s.brokers = c.SecureBootstrap(test.listener)
			}
			commands := [][]string{{"topic", "list"}, {"consume", s.topic, "-e"}, {"produce", s.topic}, {"consume", s.topic, "-g", "g", "-e"}}
			for _, args := range commands {
				began := time.Now()
				p := s.start(append(args, test.flags...)...)
				p.feed("x\n")
				p.closeInput()
				p.wait(test.code)
				if took := time.Since(began); took > toldWithin {
					t.Errorf("%s: told after %v", p.name, took)
				}
				p.wantSaid(`(?m)^kstream: `, 1)
				p.wantSaid(`(?m)^kstream: `+strings.ReplaceAll(test.said, "ADDR", regexp.QuoteMeta(s.brokers))+`$`, 1)
				if test.hint != "" {
					p.wantSaid(`(?m)^hint: `+test.hint+`$`, 1)
				}
				for _, secret := range []string{kafkatest.AlicePassword, "PRIVATE KEY"} {
					p.wantSaid(secret, 0)
				}
			}
		})
	}
}

// doctor says at which step a connection to a cluster with TLS and logins fails, and what
// the user may not do.
func TestDoctorSecurity(t *testing.T) {
	t.Parallel()
	s, c := clusterStage(t, kafkatest.Options{Secure: true})
	s.create(2)
	login := func(password string) []string {
		return []string{
			"-X", "ssl.ca.location=" + filepath.Join(c.CertDir(), "ca.pem"), "-X", "sasl.mechanism=PLAIN",
			"-X", "sasl.username=" + kafkatest.AliceUser, "-X", "sasl.password=" + password,
		}
	}
	c.MustTool(t, "AclCommand", "--add", "--force", "--allow-principal", "User:"+kafkatest.AliceUser, "--operation", "Read", "--topic", s.topic)
	tests := map[string]struct {
		listener, password string
		code               int
		rows               []string
	}{
		"good": {kafkatest.SASLSSL, kafkatest.AlicePassword, 4, []string{
			`tls\tok\tADDR: TLS 1.3, CN=127.0.0.1 by CN=kstream test CA until \d{4}-\d\d-\d\d \(36\d days\)\t`,
			`sasl\tok\tADDR: User:alice by PLAIN\t`,
			`metadata\tok\tADDR: cluster \S+, 1 broker\t`,
			`client\tok\t.*`,
			`topic\twarn\t\S+: 2 partitions; not allowed: WRITE\tkstream acl create --principal User:alice --operation write --topic \S+`,
			`group\tfail\tDESCRIBE on group g is not allowed for User:alice\tkstream acl create .* --group g allows it`,
		}},
		"password": {kafkatest.SASLSSL, "wrong", 4, []string{
			`tls\tok\t.*`, `sasl\tfail\tADDR refuses user alice by PLAIN: .*\t.+`, `metadata\tskip\tADDR: not reached\t`,
		}},
		"expired":    {kafkatest.Expired, kafkatest.AlicePassword, 5, []string{`tls\tfail\tADDR: its certificate expired on .*\t.+`, `sasl\tskip\t.*`}},
		"unresolved": {kafkatest.Unresolved, kafkatest.AlicePassword, 5, []string{`metadata\tok\t.*`, `advertised\tfail\tADDR answers, but broker 1 advertises nowhere.invalid:9093: the name does not resolve\t.+`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := *s
			s.t, s.dir, s.brokers = t, t.TempDir(), c.SecureBootstrap(test.listener)
			began := time.Now()
			p := s.start(append([]string{"doctor", "--topic", s.topic, "--group", "g"}, login(test.password)...)...)
			p.wait(test.code)
			if took := time.Since(began); took > toldWithin {
				t.Errorf("told after %v", took)
			}
			for _, row := range test.rows {
				if !regexp.MustCompile(`(?m)^` + strings.ReplaceAll(row, "ADDR", regexp.QuoteMeta(s.brokers)) + `$`).MatchString(p.printed()) {
					t.Errorf("no row %s in\n%s", row, p.printed())
				}
			}
		})
	}
}

// A right that is missing is named: the operation, the resource, who lacks it, and the rule
// that allows it.
func TestRightsNamed(t *testing.T) {
	t.Parallel()
	s, c := clusterStage(t, kafkatest.Options{Secure: true})
	s.create(1)
	s.numbers(0, 10)
	allow := func(operation string, on ...string) {
		t.Helper()
		args := []string{"--add", "--force", "--allow-principal", "User:" + kafkatest.AliceUser, "--operation", operation}
		c.MustTool(t, "AclCommand", append(args, on...)...)
	}
	allow("Describe", "--topic", s.topic, "--group", "seen")
	allow("Read", "--group", "read")
	for _, group := range []string{"hidden", "seen", "read"} {
		s.start("consume", s.topic, "-e", "-g", group).wait(0)
	}
	s.brokers = c.SecureBootstrap(kafkatest.SASLPlaintext)
	login := []string{"-X", "sasl.mechanism=PLAIN", "-X", "sasl.username=" + kafkatest.AliceUser, "-X", "sasl.password=" + kafkatest.AlicePassword}
	for name, test := range map[string]struct {
		args            []string
		right, on, flag string
	}{
		"describe": {[]string{"topic", "describe", "hidden"}, "describe", "topic hidden", "--topic hidden"},
		"consume":  {[]string{"consume", s.topic, "-e"}, "read", "topic " + s.topic, "--topic " + s.topic},
		"produce":  {[]string{"produce", s.topic}, "write", "topic " + s.topic, "--topic " + s.topic},
		"plain":    {[]string{"produce", s.topic, "--idempotent=false"}, "write", "topic " + s.topic, "--topic " + s.topic},
		"id":       {[]string{"produce", s.topic, "--transactional-id", "tx"}, "write", "transactional id tx", "--transactional-id tx"},
		"create":   {[]string{"topic", "create", "new"}, "create", "topic new", "--topic new"},
		"alter":    {[]string{"topic", "alter", s.topic, "--partitions", "3"}, "alter", "topic " + s.topic, "--topic " + s.topic},
		"delete":   {[]string{"topic", "delete", s.topic, "--yes"}, "delete", "topic " + s.topic, "--topic " + s.topic},
		"group":    {[]string{"group", "describe", "g"}, "describe", "group g", "--group g"},
		"lag":      {[]string{"group", "lag", "hidden"}, "describe", "group hidden", "--group hidden"},
		"reset":    {[]string{"group", "reset", "hidden", "--to", "beginning", "--yes"}, "describe", "group hidden", "--group hidden"},
		"commit":   {[]string{"group", "reset", "seen", "--to", "beginning", "--yes"}, "read", "group seen", "--group seen"},
		"offsets":  {[]string{"group", "reset", "read", "--to", "beginning", "--yes"}, "read", "topic " + s.topic, "--topic " + s.topic},
		"acl":      {[]string{"acl", "list"}, "describe", "the cluster", "--cluster"},
		"user":     {[]string{"user", "list"}, "describe", "the cluster", "--cluster"},
		"acl new":  {[]string{"acl", "create", "--principal", "User:x", "--operation", "read", "--topic", "t"}, "describe", "the cluster", "--cluster"},
		"user new": {[]string{"user", "set", "x", "--mechanism", "scram-sha-256"}, "describe", "the cluster", "--cluster"},
	} {
		t.Run(name, func(t *testing.T) {
			s := *s
			s.t, s.dir = t, t.TempDir()
			p := s.start(append(test.args, login...)...)
			p.feed("x\n")
			p.closeInput()
			p.wait(4)
			p.wantSaid(`(?m)^kstream: (stdin:1: )?`+strings.ToUpper(test.right)+` on `+test.on+` is not allowed for User:alice$`, 1)
			p.wantSaid(`(?m)^hint: kstream acl create --principal User:alice --operation `+test.right+` `+test.flag+` allows it$`, 1)
		})
	}
}

// A broker that advertises an address which accepts connections and never answers, as one
// behind a firewall or a wrong tunnel does, is told within the timeout.
func TestAdvertisedSilence(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts, for the kernel does
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	listen, err := chaostest.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	b, err := embedded.Start(embedded.Config{Listen: listen, Advertise: silent.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	s := &stage{t: t, brokers: listen, dir: t.TempDir()}
	const limit = 10 * time.Second // in which a busy machine must have found out, too
	for _, args := range [][]string{{"topic", "list"}, {"consume", "x", "-e"}, {"produce", "x"}, {"consume", "x", "-g", "g"}, {"group", "list"}} {
		began := time.Now()
		p := s.start(append(args, "--timeout", limit.String())...)
		p.closeInput()
		p.wait(5)
		if took := time.Since(began); took > limit+toldWithin {
			t.Errorf("%s: told after %v", p.name, took)
		}
		p.wantSaid(`(?m)^kstream: unreachable: `+listen+` answers, but broker \d+ advertises `+silent.Addr().String()+`, which accepts connections and does not answer$`, 1)
		p.wantSaid(`(?m)^hint: advertised.listeners `, 1)
	}
}
