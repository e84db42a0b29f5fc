package kafka

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kstream/kafka/protocol"
)

// errNoWire says that the configuration holds something that only librdkafka can do.
var errNoWire = errors.New("only librdkafka can connect so")

// wire sends single requests in the protocol itself, for the few things that librdkafka
// cannot do. It connects as the Config says, when it is first asked. Its methods may be
// called from any goroutine.
type wire struct{ client *protocol.Client }

// openWire connects to nothing yet. Its errors wrap errNoWire when the configuration is
// one for librdkafka alone.
func openWire(cfg Config) (*wire, error) {
	c := protocol.Config{ClientID: "kstream"}
	if id := cfg.Properties["client.id"]; id != "" {
		c.ClientID = id
	}
	for _, b := range cfg.Brokers {
		c.Seeds = append(c.Seeds, withPort(b))
	}
	security := strings.ToLower(cfg.Properties["security.protocol"])
	var err error
	if strings.HasSuffix(security, "ssl") {
		if c.TLS, err = wireTLS(cfg.Properties); err != nil {
			return nil, err
		}
	}
	if strings.HasPrefix(security, "sasl") {
		if c.Login, err = wireLogin(cfg); err != nil {
			return nil, err
		}
	}
	return &wire{protocol.New(c)}, nil
}

// wireError puts the sentinel before an error of a wire.
func wireError(err error) error {
	switch {
	case errors.Is(err, protocol.ErrLogin):
		return fmt.Errorf("%w: %w", ErrAuth, err)
	case errors.Is(err, protocol.ErrTLS):
		return fmt.Errorf("%w: %w", ErrTLS, err)
	case errors.Is(err, protocol.ErrVersion):
		return fmt.Errorf("%w: %w", ErrFailed, err)
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

// wireTLS is what librdkafka's properties mean to Go.
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

// pemOf returns what the property NAME.pem holds or the file NAME.location, or nil.
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

// mechanismOf is the SASL mechanism, which has two names.
func mechanismOf(properties map[string]string) string {
	return cmp.Or(properties["sasl.mechanism"], properties["sasl.mechanisms"])
}

// wireLogin is how to log in by SASL.
func wireLogin(cfg Config) (*protocol.Login, error) {
	p := cfg.Properties
	mechanism := mechanismOf(p)
	switch mechanism = strings.ToUpper(mechanism); mechanism {
	case "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512":
		login := func() (*protocol.Login, error) {
			user, password := p["sasl.username"], p["sasl.password"]
			if cfg.Credentials != nil {
				user, password = cfg.Credentials.get()
			}
			if mechanism == "PLAIN" {
				return protocol.Plain(user, password), nil
			}
			return protocol.SCRAM(mechanism, user, password)
		}
		return protocol.Each(mechanism, login), nil
	case "OAUTHBEARER":
		if cfg.Tokens != nil {
			return protocol.Bearer(cfg.tokenText, cfg.extensions()), nil
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
	return w.client.Leader(ctx, tp.Topic, tp.Partition)
}

// wireFetch bounds what one fetch brings; a single batch that is larger comes whole.
const wireFetch = 1 << 20

// fetchByName is the newest version in which a fetch names topics; later ones have their
// ids alone (KIP-516).
const fetchByName = 12

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
	answer, err := request.RequestWith(ctx, w.client.Broker(leader).AtMost(fetchByName))
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

// API is a kind of request that a broker answers, with the range of its versions.
type API struct {
	Key      int
	Name     string // empty when the client has none for it
	Min, Max int
}

// apisLimit bounds the wait for what the client logs behind its first answer.
const apisLimit = 2 * time.Second

// APIs returns the requests that the first broker to answer supports, sorted by key. The
// client publishes the list only in its debug log, which is parsed here. The result is
// empty if the log does not contain it.
func APIs(ctx context.Context, cfg Config) ([]API, error) {
	c := apiCollector{found: map[int]API{}, complete: make(chan struct{})}
	hand := cfg.Log
	cfg.Log = func(l Log) {
		if !c.add(l.Message) && hand != nil {
			hand(l)
		}
	}
	if set := cfg.Properties["debug"]; set != "" {
		cfg.Properties = maps.Clone(cfg.Properties)
		cfg.Properties["debug"] = set + ",feature"
	} else {
		cfg.Debug = strings.TrimPrefix(cfg.Debug+",feature", ",")
	}
	admin, err := OpenAdmin(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	if _, err := admin.Cluster(ctx); err != nil {
		return nil, err
	}
	limit := time.NewTimer(apisLimit)
	defer limit.Stop()
	select {
	case <-c.complete:
	case <-limit.C:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	return c.list(), nil
}

// apiCollector reads librdkafka's debug log of the context "feature".
type apiCollector struct {
	mu       sync.Mutex
	broker   string // whose list is read
	found    map[int]API
	ended    bool
	complete chan struct{} // closed by add when the list is at its end
}

// apiLine is a line of the list:
//
//	[thrd:127.0.0.1:9092/bootstrap]: 127.0.0.1:9092/bootstrap:   ApiKey Fetch (1) Versions 4..18
var apiLine = regexp.MustCompile(`^\[thrd:[^]]*\]: (\S+): +ApiKey (\S+) \((\d+)\) Versions (\d+)\.\.(\d+)$`)

// add parses a line of the log, and reports whether the line is one that only the debug
// context "feature" produces.
func (c *apiCollector) add(line string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := apiLine.FindStringSubmatch(line)
	if m == nil {
		feature := strings.Contains(line, "Feature ") || strings.Contains(line, "Enabling feature ")
		if feature && c.broker != "" && !c.ended && strings.Contains(line, ": "+c.broker+": ") {
			c.ended = true
			close(c.complete)
		}
		return feature || strings.HasSuffix(line, ": Broker API support:")
	}
	if c.broker == "" {
		c.broker = m[1]
	}
	if c.broker != m[1] || c.ended {
		return true
	}
	var numbers [3]int
	for i, text := range m[3:] {
		n, err := strconv.Atoi(text)
		if err != nil {
			return true
		}
		numbers[i] = n
	}
	name := strings.TrimSuffix(m[2], "Request")
	if strings.HasPrefix(name, "Unknown-") {
		name = ""
	}
	c.found[numbers[0]] = API{numbers[0], name, numbers[1], numbers[2]}
	return true
}

func (c *apiCollector) list() []API {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.SortedFunc(maps.Values(c.found), func(a, b API) int { return cmp.Compare(a.Key, b.Key) })
}
