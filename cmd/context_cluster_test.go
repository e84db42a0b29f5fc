//go:build unix

package cmd

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"kstream/kafka/kafkatest"
)

// The files of a Java client, stores included, become a context with which everything
// works at once; the same file and the same stores work by --properties and -X.
func TestContextOfJavaClient(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("keytool"); err != nil {
		t.Skip("keytool is not here")
	}
	s, c := clusterStage(t, kafkatest.Options{Secure: true})
	s.create(1)
	s.numbers(0, 3)
	s.brokers = "" // the context says them
	keytool := func(args ...string) {
		t.Helper()
		cmd := exec.Command("keytool", append(args, "-noprompt")...)
		cmd.Dir = s.dir
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
	certs := c.CertDir()
	for _, kind := range []string{"JKS", "PKCS12"} {
		keytool("-importcert", "-alias", "ca", "-file", filepath.Join(certs, "ca.pem"), "-keystore", "trust."+kind, "-storetype", kind, "-storepass", "Canary-trust")
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(code int, args ...string) *process {
		t.Helper()
		p := s.start(args...)
		p.closeInput()
		p.wait(code)
		for _, secret := range []string{kafkatest.AdminPassword, "Canary-"} {
			p.wantSaid(secret, 0)
			if strings.Contains(p.printed(), secret) {
				t.Errorf("%s prints a secret:\n%s", p.name, p.printed())
			}
		}
		return p
	}
	java := `security.protocol=SASL_SSL
bootstrap.servers=` + c.SecureBootstrap(kafkatest.SASLSSL) + `
sasl.mechanism=SCRAM-SHA-512
sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \
    username="` + kafkatest.AdminUser + `" password="` + kafkatest.AdminPassword + `";
ssl.truststore.password=Canary-trust
key.deserializer=org.apache.kafka.common.serialization.StringDeserializer
auto.offset.reset=earliest
enable.auto.commit=true
group.id=somebody
metric.reporters=com.example.Reporter
`
	write("client.properties", java+"ssl.truststore.location=trust.JKS\nssl.truststore.type=JKS\n")
	write("p12.properties", java+"ssl.truststore.location=trust.PKCS12\nssl.truststore.type=PKCS12\n")
	run(0, "context", "import", "team", "client.properties", "--use")
	run(0, "context", "show")
	run(0, "context", "show", "--effective", "-o", "json")
	for _, more := range [][]string{nil, {"--config", "/dev/null", "--properties", "client.properties"}, {"--config", "/dev/null", "--properties", "p12.properties"}} {
		run(0, append([]string{"topic", "list", "-vv"}, more...)...)
		p := run(0, append([]string{"consume", s.topic, "-e", "-g", s.group, "-m", "2", "--from-offset", "beginning", "--yes", "-v"}, more...)...)
		if got := p.lines(); got != 3 {
			t.Errorf("%v: %d lines", more, got)
		}
	}
	run(0, "context", "set", "team", "tls.truststore-password=@env:NOT_SET")
	run(2, "topic", "list").wantSaid(`(?m)^kstream: ssl.truststore.password \(context team\): @env:NOT_SET: the variable is not set$`, 1)
	run(0, "context", "set", "team", "tls.truststore-password=Canary-wrong")
	run(2, "topic", "list").wantSaid(`(?m)^kstream: ssl.truststore.location \(context team\): .*trust.JKS: the password is wrong$`, 1)

	// A client certificate, in PEM that stands in the file on one line each, and in a store.
	pem := func(name string) string {
		text, err := os.ReadFile(filepath.Join(certs, name))
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(string(text), "\n", " ")
	}
	mutual := "security.protocol=SSL\nbootstrap.servers=" + c.SecureBootstrap(kafkatest.SSL) + "\n"
	write("mutual.properties", mutual+"ssl.truststore.type=PEM\nssl.truststore.certificates="+pem("ca.pem")+
		"\nssl.keystore.type=PEM\nssl.keystore.certificate.chain="+pem("alice.pem")+"\nssl.keystore.key="+pem("alice.key")+"\n")
	run(0, "context", "import", "mutual", "mutual.properties")
	run(0, "topic", "list", "-c", "mutual")
	p := run(0, "context", "show", "mutual")
	for _, want := range []string{"tls.ca\t(PEM)\n", "tls.cert\t(PEM)\n", "tls.key\t***\n"} {
		if !strings.Contains(p.printed(), want) {
			t.Errorf("no %q in\n%s", want, p.printed())
		}
	}
	openssl := exec.Command("openssl", "pkcs12", "-export", "-in", filepath.Join(certs, "alice.pem"), "-inkey", filepath.Join(certs, "alice.key"),
		"-out", filepath.Join(s.dir, "alice.p12"), "-passout", "pass:Canary-key", "-name", "alice")
	if text, err := openssl.CombinedOutput(); err != nil {
		t.Skipf("openssl: %v: %s", err, text)
	}
	keytool("-importkeystore", "-srckeystore", "alice.p12", "-srcstoretype", "PKCS12", "-srcstorepass", "Canary-key",
		"-destkeystore", "alice.jks", "-deststoretype", "JKS", "-deststorepass", "Canary-key")
	write("password", "Canary-key\n")
	for _, store := range []string{"alice.p12", "alice.jks"} {
		run(0, "topic", "list", "--config", "/dev/null", "-b", c.SecureBootstrap(kafkatest.SSL), "-X", "ssl.keystore.location="+store,
			"-X", "ssl.keystore.password=@file:password", "-X", "ssl.keystore.type=JKS", "-X", "ssl.ca.location="+filepath.Join(certs, "ca.pem"))
	}
}
