package kafka

import (
	"math"
	"strings"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"kstream/kafka/oauth"
)

// Config is which cluster to connect to, and how. The functions of this package do not
// modify it.
type Config struct {
	// Brokers are the bootstrap servers, host:port each.
	Brokers []string
	// Properties are librdkafka's, by name. PropertyRules lists which of them override
	// what this package sets, and which are not allowed here.
	Properties map[string]string
	// Timeout bounds connecting, each request, and the delivery of each record.
	Timeout time.Duration
	// Log is called for each line that librdkafka logs, on goroutines of this package. If
	// it is nil the lines are dropped; the client itself never prints anything.
	Log func(Log)
	// Tokens are those of OAUTHBEARER (RFC 7628). It is nil if librdkafka needs none or gets
	// them by itself.
	Tokens *oauth.Tokens
	// Credentials are user and password where these may change; else nil, and the properties
	// have them.
	Credentials *Credentials
	// Debug holds librdkafka's debug contexts, such as "broker,cgrp".
	Debug string
}

// Log is a line that librdkafka logged. Level is the severity of syslog (RFC 5424): 3 is an
// error, 7 is debug.
type Log struct {
	Level   int
	Name    string // librdkafka's name for the kind of line: FAIL, REQTMOUT
	Message string
}

// properties merges the defaults of every client, the user's properties, and own, the
// properties of this kind of client; later ones override earlier ones.
func (c Config) properties(client string, own ck.ConfigMap) *ck.ConfigMap {
	m := ck.ConfigMap{
		"client.id":                          "kstream",
		"client.software.name":               "kstream",
		"bootstrap.servers":                  strings.Join(c.Brokers, ","),
		"broker.address.family":              "any",
		"socket.keepalive.enable":            true,
		"socket.timeout.ms":                  30000,
		"socket.connection.setup.timeout.ms": millis(c.timeout(), time.Second, maxSpan),
		"reconnect.backoff.ms":               20, // for half of it librdkafka puts off the second connection, too
		"reconnect.backoff.max.ms":           1000,
		"topic.metadata.refresh.interval.ms": 30000,
		"allow.auto.create.topics":           false,
		"enable.metrics.push":                false,
		"log_level":                          6,
	}
	if c.Debug != "" {
		m["debug"] = c.Debug
	}
	for name, value := range own {
		m[name] = value
	}
	for name, value := range c.Properties {
		if client == "admin" && !connects(name) {
			continue
		}
		m[name] = value
	}
	return &m
}

// connects reports whether a property matters to an admin client. It would log a warning
// about those of consumers and producers.
func connects(name string) bool {
	for _, prefix := range []string{"ssl.", "sasl.", "security.", "socket.", "broker.", "client.", "reconnect.", "api.", "metadata.", "log", "debug", "enable.ssl", "enable.sasl", "retry.", "https.", "connections."} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

func (c Config) timeout() time.Duration {
	if c.Timeout <= 0 {
		return 10 * time.Second
	}
	return c.Timeout
}

// The longest times that librdkafka accepts, in milliseconds; a --timeout may be longer.
const (
	maxSpan           = math.MaxInt32 * time.Millisecond
	maxRequest        = 15 * time.Minute
	maxAdminRequest   = time.Hour
	maxTransactionEnd = 15 * time.Minute // brokers', transaction.max.timeout.ms
)

// millis returns d in whole milliseconds, limited to the range from least to most.
func millis(d, least, most time.Duration) int {
	return int(min(max(d, least), most).Milliseconds())
}

func requestWithin(d time.Duration) ck.AdminOptionRequestTimeout {
	return ck.SetAdminRequestTimeout(min(d, maxAdminRequest))
}

func operationWithin(d time.Duration) ck.AdminOptionOperationTimeout {
	return ck.SetAdminOperationTimeout(min(d, maxAdminRequest))
}

// where returns the bootstrap servers, for error messages.
func (c Config) where() string { return strings.Join(c.Brokers, ",") }
