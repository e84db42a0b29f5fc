package kafka

import (
	"encoding/pem"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// PropertyKind is who decides about a property that this package sets.
type PropertyKind uint8

const (
	// Tunable properties have a default here; Config.Properties wins.
	Tunable PropertyKind = iota
	// Argument properties are set by a field of Config, GroupConfig, ReaderConfig or
	// ProducerConfig, and by nothing else.
	Argument
	// Identity properties are arguments that say who acts: which group commits, which
	// transactions are aborted.
	Identity
	// Fixed properties are those on which promises of this package rest.
	Fixed
)

// PropertyRule is what Config.Properties may say about one property.
type PropertyRule struct {
	Kind   PropertyKind
	Reason string // of Fixed ones: why nobody may set it
}

// PropertyRules returns the rule of every property of librdkafka that this package sets or
// forbids, by the first of its names. Properties that are not in it are passed unchanged.
func PropertyRules() map[string]PropertyRule {
	const (
		committed = "only what was written out is committed"
		receipts  = "receipts count acknowledgements"
		logged    = "logs go where --verbose sends them"
	)
	rules := map[string]PropertyRule{
		"group.id":          {Kind: Identity},
		"group.instance.id": {Kind: Identity},
		"transactional.id":  {Kind: Identity},

		"check.crcs":                      {Fixed, "a flipped bit must never be shown as data"},
		"enable.auto.commit":              {Fixed, committed},
		"enable.auto.offset.store":        {Fixed, committed},
		"auto.commit.enable":              {Fixed, committed},
		"offset.store.method":             {Fixed, committed},
		"offset.store.path":               {Fixed, committed},
		"offset.store.sync.interval.ms":   {Fixed, committed},
		"enable.partition.eof":            {Fixed, "the end of a partition must be seen"},
		"allow.auto.create.topics":        {Fixed, "nothing is created by accident"},
		"group.protocol.type":             {Fixed, "members speak the protocol of consumers"},
		"queuing.strategy":                {Fixed, "records are sent in order"},
		"delivery.report.only.error":      {Fixed, receipts},
		"produce.offset.report":           {Fixed, receipts},
		"log.queue":                       {Fixed, logged},
		"go.logs.channel.enable":          {Fixed, logged},
		"go.logs.channel":                 {Fixed, logged},
		"go.delivery.reports":             {Fixed, receipts},
		"go.delivery.report.fields":       {Fixed, receipts},
		"go.events.channel.enable":        {Fixed, "records are fetched in batches"},
		"go.batch.producer":               {Fixed, "records are sent in batches"},
		"go.events.channel.size":          {Fixed, "records are sent in batches"},
		"go.produce.channel.size":         {Fixed, "records are sent in batches"},
		"go.application.rebalance.enable": {Fixed, "members handle rebalances themselves"},
	}
	for _, name := range []string{
		"bootstrap.servers", "isolation.level", "auto.offset.reset",
		"partition.assignment.strategy", "group.protocol", "group.remote.assignor",
		"acks", "enable.idempotence", "compression.type", "partitioner",
	} {
		rules[name] = PropertyRule{Kind: Argument}
	}
	for _, name := range []string{
		"client.id", "client.software.name", "broker.address.family", "socket.keepalive.enable",
		"socket.timeout.ms", "socket.connection.setup.timeout.ms", "reconnect.backoff.ms",
		"reconnect.backoff.max.ms", "topic.metadata.refresh.interval.ms", "enable.metrics.push",
		"log_level", "debug", "queued.max.messages.kbytes", "queued.min.messages",
		"fetch.error.backoff.ms", "fetch.queue.backoff.ms", "fetch.wait.max.ms", "max.partition.fetch.bytes",
		"session.timeout.ms", "heartbeat.interval.ms", "delivery.timeout.ms", "request.timeout.ms",
		"queue.buffering.max.messages", "queue.buffering.max.kbytes", "linger.ms",
		"message.max.bytes", "batch.size", "transaction.timeout.ms",
	} {
		rules[name] = PropertyRule{Kind: Tunable}
	}
	return rules
}

// Check returns an error, which wraps ErrProperty, if Properties has one that would break a
// promise of this package or that a field of a configuration sets.
func (c Config) Check() error {
	rules := PropertyRules()
	for _, name := range slices.Sorted(maps.Keys(c.Properties)) {
		switch rule := rules[name]; rule.Kind {
		case Fixed:
			return fmt.Errorf("%w %s cannot be set: %s", ErrProperty, name, rule.Reason)
		case Argument, Identity:
			return fmt.Errorf("%w %s cannot be set: it has a flag", ErrProperty, name)
		}
	}
	return c.checkKey()
}

// checkKey refuses an encrypted private key without its password, which the client would
// refuse with OpenSSL's words. A file that cannot be read is the client's to tell.
func (c Config) checkKey() error {
	if c.Properties["ssl.key.password"] != "" || !strings.Contains(strings.ToLower(c.Properties["security.protocol"]), "ssl") {
		return nil
	}
	property, text := "ssl.key.pem", []byte(c.Properties["ssl.key.pem"])
	if file := c.Properties["ssl.key.location"]; file != "" {
		property = "ssl.key.location=" + file
		text, _ = os.ReadFile(file)
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "" {
			return fmt.Errorf("%w %s: the key is encrypted: set ssl.key.password", ErrProperty, property)
		}
	}
	return nil
}
