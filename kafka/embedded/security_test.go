package embedded_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"testing"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/google/go-cmp/cmp"

	"kstream/kafka/embedded"
)

func TestTLS(t *testing.T) {
	cert, authority := selfSigned(t)
	b := start(t, embedded.Config{
		TLS:    &tls.Config{Certificates: []tls.Certificate{cert}},
		Topics: []embedded.Topic{{Name: "orders", Partitions: 1}},
	})
	topic := "orders"
	md, err := admin(t, b, "security.protocol", "ssl", "ssl.ca.pem", authority).GetMetadata(&topic, false, int(patience.Milliseconds()))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(md.Topics[topic].Partitions); n != 1 {
		t.Errorf("%d partitions, want 1", n)
	}
}

// selfSigned makes a certificate for 127.0.0.1, and the PEM to trust it by.
func selfSigned(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:         true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, string(text)
}

func TestLogin(t *testing.T) {
	b := start(t, embedded.Config{
		ACLs: true,
		Users: []embedded.User{
			{Mechanism: "PLAIN", Name: "root", Password: "secret", Super: true},
			{Mechanism: "SCRAM-SHA-512", Name: "ann", Password: "pencil"},
		},
		Topics: []embedded.Topic{{Name: "orders", Partitions: 1}},
	})
	tests := map[string]struct {
		mechanism, name, password string
		want                      ck.ErrorCode
	}{
		"super user":     {"PLAIN", "root", "secret", ck.ErrNoError},
		"wrong password": {"PLAIN", "root", "wrong", ck.ErrTransport},
		"no ACL":         {"SCRAM-SHA-512", "ann", "pencil", ck.ErrTopicAuthorizationFailed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			topic := "orders"
			timeout := int(patience.Milliseconds())
			if tt.want == ck.ErrTransport {
				timeout = 500
			}
			md, err := admin(t, b, "security.protocol", "SASL_PLAINTEXT", "sasl.mechanism", tt.mechanism,
				"sasl.username", tt.name, "sasl.password", tt.password).GetMetadata(&topic, false, timeout)
			var refused ck.Error
			if !errors.As(err, &refused) {
				if err != nil {
					t.Fatal(err)
				}
				refused = md.Topics[topic].Error
			}
			got := refused.Code()
			if got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestStrangersDoNoHarm(t *testing.T) {
	b := start(t, embedded.Config{Topics: []embedded.Topic{{Name: "orders", Partitions: 1}}})
	for name, bytes := range map[string]string{
		"HTTP":            "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"TLS":             "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"unknown request": "\x00\x00\x00\x08\x7f\xff\x00\x00\x00\x00\x00\x00",
		"no request":      "\x00\x00\x00\x00\x00\x00\x00\x00",
		"half a request":  "\x00\x00\x00\x04\x00\x00\x00\x00",
	} {
		t.Run(name, func(t *testing.T) {
			c, err := net.Dial("tcp", b.Addr())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Write([]byte(bytes)); err != nil {
				t.Fatal(err)
			}
			n, err := c.Read(make([]byte, 64))
			var ne net.Error
			if n > 0 || err == nil || errors.As(err, &ne) && ne.Timeout() {
				t.Errorf("read %d bytes, %v; want a closed connection", n, err)
			}
		})
	}
	produce(t, b, "orders", "one")
	if diff := cmp.Diff([]string{"one"}, read(t, b, "orders")); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}
