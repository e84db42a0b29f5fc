//go:build unix

package kafka

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kstream/kafka/kafkatest"
	"kstream/kafka/oauth"
)

// Requests of our own log in to Apache Kafka as librdkafka does with the same properties,
// and say what is wrong as its errors do.
func TestWireLogsIn(t *testing.T) {
	t.Parallel()
	c := kafkatest.New(t, kafkatest.Options{Secure: true})
	c.MustTool(t, "TopicCommand", "--create", "--topic", "orders")
	certs := func(name string) string { return filepath.Join(c.CertDir(), name) }
	login := func(mechanism, password string, more ...string) map[string]string {
		p := map[string]string{
			"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": mechanism,
			"sasl.username": kafkatest.AdminUser, "sasl.password": password,
		}
		for i := 0; i < len(more); i += 2 {
			p[more[i]] = more[i+1]
		}
		return p
	}
	tls := []string{"security.protocol", "sasl_ssl", "ssl.ca.location", certs("ca.pem")}
	tests := map[string]struct {
		listener   string
		properties map[string]string
		want       error
		said       string
	}{
		"PLAIN":               {listener: kafkatest.SASLPlaintext, properties: login("PLAIN", kafkatest.AdminPassword)},
		"SCRAM-SHA-256":       {listener: kafkatest.SASLPlaintext, properties: login("SCRAM-SHA-256", kafkatest.AdminPassword)},
		"SCRAM-SHA-512":       {listener: kafkatest.SASLPlaintext, properties: login("scram-sha-512", kafkatest.AdminPassword)},
		"PLAIN, TLS":          {listener: kafkatest.SASLSSL, properties: login("PLAIN", kafkatest.AdminPassword, tls...)},
		"SCRAM-SHA-256, TLS":  {listener: kafkatest.SASLSSL, properties: login("SCRAM-SHA-256", kafkatest.AdminPassword, tls...)},
		"SCRAM-SHA-512, TLS":  {listener: kafkatest.SASLSSL, properties: login("SCRAM-SHA-512", kafkatest.AdminPassword, tls...)},
		"PLAIN, wrong":        {kafkatest.SASLPlaintext, login("PLAIN", "wrong"), ErrAuth, "Invalid username or password"},
		"SCRAM, wrong":        {kafkatest.SASLSSL, login("SCRAM-SHA-512", "wrong", tls...), ErrAuth, "invalid credentials"},
		"OAUTHBEARER":         {kafkatest.SASLPlaintext, login("OAUTHBEARER", ""), ErrAuth, "does not offer OAUTHBEARER, but "},
		"wrong CA":            {kafkatest.SASLSSL, login("PLAIN", kafkatest.AdminPassword, "security.protocol", "sasl_ssl", "ssl.ca.location", certs("other-ca.pem")), ErrTLS, "unknown authority"},
		"unchecked":           {listener: kafkatest.SASLSSL, properties: login("PLAIN", kafkatest.AdminPassword, "security.protocol", "sasl_ssl", "enable.ssl.certificate.verification", "false")},
		"expired certificate": {kafkatest.Expired, login("PLAIN", kafkatest.AdminPassword, tls...), ErrTLS, "expired"},
		"no certificate":      {kafkatest.SSL, map[string]string{"security.protocol": "ssl", "ssl.ca.location": certs("ca.pem")}, ErrTLS, "certificate"},
		"TLS to plaintext":    {kafkatest.SASLPlaintext, login("PLAIN", kafkatest.AdminPassword, tls...), ErrTLS, ""},
		"plaintext to TLS":    {kafkatest.SASLSSL, login("PLAIN", kafkatest.AdminPassword), ErrUnreachable, "closed the connection"},
		"no login":            {kafkatest.SASLPlaintext, nil, ErrUnreachable, "closed the connection"},
		"a certificate": {kafkatest.SSL, map[string]string{
			"security.protocol": "ssl", "ssl.ca.location": certs("ca.pem"), "ssl.certificate.location": certs("alice.pem"), "ssl.key.location": certs("alice.key"),
		}, ErrUnreachable, "TOPIC_AUTHORIZATION_FAILED"}, // whose owner is known, and may nothing
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			w, err := openWire(Config{
				Brokers: strings.Split(c.SecureBootstrap(test.listener), ","), Properties: test.properties,
				Tokens: oauth.Fixed("token"),
			})
			if err != nil {
				t.Fatal(err)
			}
			defer w.close()
			tp := TopicPartition{"orders", 0}
			leader, err := w.leader(ctx, tp)
			if err == nil {
				_, err = w.fetch(ctx, leader, tp, 0, true)
			}
			switch {
			case test.want == nil && err != nil:
				t.Error(err)
			case test.want != nil && (err == nil || !errors.Is(wireError(err), test.want) || !strings.Contains(err.Error(), test.said)):
				t.Errorf("%v; want %v: %s", err, test.want, test.said)
			case err != nil && strings.Contains(err.Error(), kafkatest.AdminPassword):
				t.Errorf("%v holds the password", err)
			}
		})
	}
}
