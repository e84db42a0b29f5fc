package kafka

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// Config says which cluster to talk to, and how. It is a value: the functions of this
// package do not change it.
type Config struct {
	// Brokers are the bootstrap servers, host:port each.
	Brokers []string
	// Properties are librdkafka's, by name. They win over what this package sets,
	// except where that would break a promise (see fixed).
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

// fixed are properties on which promises of this package rest; a user's setting of
// them is refused with the reason.
func fixed() map[string]string {
	return map[string]string{
		"check.crcs":                      "a flipped bit must never be shown as data",
		"enable.auto.commit":              "only what was written out is committed",
		"enable.auto.offset.store":        "only what was written out is committed",
		"auto.offset.reset":               "a position that is gone must be said, never skipped; see --from-offset and --offset-reset",
		"enable.partition.eof":            "the end of a partition must be seen",
		"go.logs.channel.enable":          "logs go where --verbose sends them",
		"log.queue":                       "logs go where --verbose sends them",
		"go.events.channel.enable":        "records are fetched in batches",
		"go.batch.producer":               "records are sent in batches",
		"go.delivery.reports":             "receipts count acknowledgements",
		"go.delivery.report.fields":       "receipts count acknowledgements",
		"delivery.report.only.error":      "receipts count acknowledgements",
		"go.application.rebalance.enable": "members handle rebalances themselves",
	}
}

// Check refuses properties that librdkafka does not know, or that would break a
// promise, before anything is opened. Its errors wrap ErrProperty.
func (c Config) Check() error {
	for _, name := range slices.Sorted(maps.Keys(c.Properties)) {
		if reason, ok := fixed()[name]; ok {
			return fmt.Errorf("%w %s cannot be set: %s", ErrProperty, name, reason)
		}
	}
	return nil
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
		"socket.connection.setup.timeout.ms": max(1000, int(c.timeout().Milliseconds())),
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

// where names the brokers in messages.
func (c Config) where() string { return strings.Join(c.Brokers, ",") }
