package kafka

import (
	"context"
	"math"
	"strings"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// Config says which cluster to talk to, and how. It is a value: the functions of this
// package do not change it.
type Config struct {
	// Brokers are the bootstrap servers, host:port each.
	Brokers []string
	// Properties are librdkafka's, by name. PropertyRules says which of them win over
	// what this package sets, and which may not be here.
	Properties map[string]string
	// Timeout bounds connecting, each request and each delivery.
	Timeout time.Duration
	// Log gets what librdkafka logs, from goroutines of this package; nil drops it.
	// Nothing is ever printed by the client itself.
	Log func(Log)
	// Token gets an OAUTHBEARER token (RFC 7628) when one is needed; nil when librdkafka
	// needs none or gets them by itself.
	Token func(context.Context) (string, error)
	// Debug holds librdkafka's debug contexts, such as "broker,cgrp".
	Debug string
}

// Log is a line that librdkafka logged. Level is syslog's: 3 is an error, 7 debug.
type Log struct {
	Level   int
	Name    string // librdkafka's name for the kind of line: FAIL, REQTMOUT
	Message string
}

// properties joins what every client needs with the user's properties and then with
// what the kind of client is for.
func (c Config) properties(client string, own ck.ConfigMap) *ck.ConfigMap {
	m := ck.ConfigMap{
		"client.id":                          "kstream",
		"client.software.name":               "kstream",
		"bootstrap.servers":                  strings.Join(c.Brokers, ","),
		"broker.address.family":              "any",
		"socket.keepalive.enable":            true,
		"socket.timeout.ms":                  30000,
		"socket.connection.setup.timeout.ms": millis(c.timeout(), time.Second, maxSpan),
		"reconnect.backoff.ms":               50,
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

// connects tells the properties that matter to an admin client from those of readers
// and writers, which it would only complain about.
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

// The most that librdkafka takes for a time; a --timeout may be longer.
const (
	maxSpan           = math.MaxInt32 * time.Millisecond
	maxRequest        = 15 * time.Minute
	maxAdminRequest   = time.Hour
	maxTransactionEnd = 15 * time.Minute // brokers', transaction.max.timeout.ms
)

// millis returns d in milliseconds within bounds.
func millis(d, least, most time.Duration) int {
	return int(min(max(d, least), most).Milliseconds())
}

func requestWithin(d time.Duration) ck.AdminOptionRequestTimeout {
	return ck.SetAdminRequestTimeout(min(d, maxAdminRequest))
}

func operationWithin(d time.Duration) ck.AdminOptionOperationTimeout {
	return ck.SetAdminOperationTimeout(min(d, maxAdminRequest))
}

// where names the brokers in messages.
func (c Config) where() string { return strings.Join(c.Brokers, ",") }
