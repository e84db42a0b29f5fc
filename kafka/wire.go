package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// errNoWire says that the configuration holds something that only librdkafka can do.
var errNoWire = errors.New("only librdkafka can connect so")

// wire sends single requests in the protocol itself, for the few things that librdkafka
// cannot do. It connects as the Config says, when it is first asked. It reads no topics
// by itself and joins nothing. It is safe for concurrent use.
type wire struct{ client *kgo.Client }

// openWire connects to nothing yet. Its errors wrap errNoWire when the configuration is
// one for librdkafka alone.
func openWire(cfg Config) (*wire, error) {
	versions := kversion.Stable()
	versions.SetMaxKeyVersion(kmsg.Fetch.Int16(), 11) // later ones name topics by their ids alone
	opts := []kgo.Opt{
		kgo.ClientID("kstream"), kgo.SoftwareNameAndVersion("kstream", "0"), kgo.DisableClientMetrics(),
		kgo.MaxVersions(versions), kgo.RetryTimeout(cfg.timeout()), kgo.RequestTimeoutOverhead(cfg.timeout()),
	}
	var seeds []string
	for _, b := range cfg.Brokers {
		seeds = append(seeds, withPort(b))
	}
	opts = append(opts, kgo.SeedBrokers(seeds...))
	protocol := strings.ToLower(cfg.Properties["security.protocol"])
	if strings.HasSuffix(protocol, "ssl") {
		secure, err := wireTLS(cfg.Properties)
		if err != nil {
			return nil, err
		}
		opts = append(opts, kgo.DialTLSConfig(secure))
	}
	if strings.HasPrefix(protocol, "sasl") {
		login, err := wireLogin(cfg)
		if err != nil {
			return nil, err
		}
		opts = append(opts, kgo.SASL(login))
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoWire, err)
	}
	return &wire{client}, nil
}

// wireTLS returns the TLS configuration that librdkafka's properties describe.
func wireTLS(properties map[string]string) (*tls.Config, error) {
	c := &tls.Config{}
	for name := range properties {
		if strings.HasPrefix(name, "ssl.keystore.") || strings.HasPrefix(name, "ssl.engine.") || name == "ssl.key.password" ||
			strings.HasPrefix(name, "ssl.providers") || name == "ssl.ca.certificate.stores" || name == "ssl.crl.location" {
			return nil, fmt.Errorf("%w: %s is set", errNoWire, name)
		}
	}
	authorities, err := pemOf(properties, "ssl.ca")
	if err != nil {
		return nil, err
	}
	if authorities != nil {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(authorities) {
			return nil, fmt.Errorf("%w: ssl.ca.location holds no certificate", errNoWire)
		}
	}
	certificate, err := pemOf(properties, "ssl.certificate")
	if err != nil {
		return nil, err
	}
	key, err := pemOf(properties, "ssl.key")
	if err != nil {
		return nil, err
	}
	if certificate != nil {
		pair, err := tls.X509KeyPair(certificate, key)
		if err != nil {
			return nil, fmt.Errorf("%w: ssl.certificate.location: %w", errNoWire, err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	switch {
	case isFalse(properties["enable.ssl.certificate.verification"]):
		c.InsecureSkipVerify = true
	case properties["ssl.endpoint.identification.algorithm"] == "none":
		return withoutHostCheck(c), nil
	}
	return c, nil
}

// withoutHostCheck verifies who signed a certificate, and not for which host.
func withoutHostCheck(c *tls.Config) *tls.Config {
	c.InsecureSkipVerify = true // of the part of it that VerifyConnection leaves out
	c.VerifyConnection = func(state tls.ConnectionState) error {
		between := x509.NewCertPool()
		for _, cert := range state.PeerCertificates[1:] {
			between.AddCert(cert)
		}
		_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: c.RootCAs, Intermediates: between})
		return err
	}
	return c
}

// pemOf returns the value of the property NAME.pem, or the content of the file that
// NAME.location names, or nil.
func pemOf(properties map[string]string, name string) ([]byte, error) {
	if text := properties[name+".pem"]; text != "" {
		return []byte(text), nil
	}
	path := properties[name+".location"]
	if path == "" || path == "probe" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %s.location: %w", errNoWire, name, err)
	}
	return text, nil
}

func isFalse(value string) bool {
	switch strings.ToLower(value) {
	case "false", "f", "0":
		return true
	}
	return false
}

// wireLogin returns the SASL mechanism that the configuration describes.
func wireLogin(cfg Config) (sasl.Mechanism, error) {
	p := cfg.Properties
	mechanism := p["sasl.mechanism"]
	if mechanism == "" {
		mechanism = p["sasl.mechanisms"]
	}
	user, password := p["sasl.username"], p["sasl.password"]
	switch strings.ToUpper(mechanism) {
	case "PLAIN":
		return plain.Auth{User: user, Pass: password}.AsMechanism(), nil
	case "SCRAM-SHA-256":
		return scram.Auth{User: user, Pass: password}.AsSha256Mechanism(), nil
	case "SCRAM-SHA-512":
		return scram.Auth{User: user, Pass: password}.AsSha512Mechanism(), nil
	case "OAUTHBEARER":
		if cfg.Token != nil {
			return oauth.Oauth(func(ctx context.Context) (oauth.Auth, error) {
				token, err := cfg.Token(ctx)
				return oauth.Auth{Token: token}, err
			}), nil
		}
	}
	return nil, fmt.Errorf("%w: sasl.mechanism is %s", errNoWire, mechanism)
}

func (w *wire) close() {
	if w != nil {
		w.client.Close()
	}
}

// leader returns the number of the broker that leads a partition.
func (w *wire) leader(ctx context.Context, tp TopicPartition) (int32, error) {
	request := kmsg.NewMetadataRequest()
	topic := kmsg.NewMetadataRequestTopic()
	topic.Topic = &tp.Topic
	request.Topics = append(request.Topics, topic)
	request.AllowAutoTopicCreation = false
	answer, err := request.RequestWith(ctx, w.client)
	if err != nil {
		return -1, err
	}
	for _, t := range answer.Topics {
		if err := kerr.ErrorForCode(t.ErrorCode); err != nil {
			return -1, err
		}
		for _, p := range t.Partitions {
			if p.Partition == tp.Partition {
				if p.Leader < 0 {
					return -1, kerr.LeaderNotAvailable
				}
				return p.Leader, nil
			}
		}
	}
	return -1, kerr.UnknownTopicOrPartition
}

// wireFetch bounds what one fetch brings; a single batch that is larger comes whole.
const wireFetch = 1 << 20

// fetch asks a broker for what a partition holds from an offset on, and does not wait for
// more to come.
func (w *wire) fetch(ctx context.Context, leader int32, tp TopicPartition, offset int64, committed bool) (*kmsg.FetchResponseTopicPartition, error) {
	request := kmsg.NewFetchRequest()
	request.MaxWaitMillis, request.MaxBytes = 0, wireFetch
	if committed {
		request.IsolationLevel = 1
	}
	topic := kmsg.NewFetchRequestTopic()
	topic.Topic = tp.Topic
	part := kmsg.NewFetchRequestTopicPartition()
	part.Partition, part.FetchOffset, part.PartitionMaxBytes = tp.Partition, offset, wireFetch
	topic.Partitions = append(topic.Partitions, part)
	request.Topics = append(request.Topics, topic)
	answer, err := request.RequestWith(ctx, w.client.Broker(int(leader)))
	if err != nil {
		return nil, err
	}
	if err := kerr.ErrorForCode(answer.ErrorCode); err != nil {
		return nil, err
	}
	if len(answer.Topics) != 1 || len(answer.Topics[0].Partitions) != 1 {
		return nil, fmt.Errorf("%w: an answer for other partitions than asked", ErrFailed)
	}
	found := &answer.Topics[0].Partitions[0]
	return found, kerr.ErrorForCode(found.ErrorCode)
}
