package kafka

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
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
	// Token returns an OAUTHBEARER token (RFC 7628) and is called whenever one is needed.
	// It is nil if librdkafka needs none or gets them by itself.
	Token func(context.Context) (string, error)
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

// tokenTaker is a client that logs in with OAUTHBEARER tokens.
type tokenTaker interface {
	SetOAuthBearerToken(ck.OAuthBearerToken) error
}

// opaqueTokenLife is how long a token is taken to last that does not say it.
const opaqueTokenLife = 5 * time.Minute

// keepToken sets the first token of a client and renews it before it expires, until stop
// is called. Without Config.Token it does nothing.
func keepToken(cfg Config, client tokenTaker) (stop func(), err error) {
	if cfg.Token == nil {
		return func() {}, nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	life, err := renewToken(ctx, cfg, client)
	if err != nil {
		cancel()
		return nil, err
	}
	ended := make(chan struct{})
	go func() { // ends with ctx
		defer close(ended)
		for pause(ctx, life*8/10) == nil {
			if next, err := renewToken(ctx, cfg, client); err == nil {
				life = next
			} else if cfg.Log != nil { // the old one may still hold; the broker will say
				cfg.Log(Log{3, "TOKEN", err.Error()})
			}
		}
	}()
	return func() { cancel(); <-ended }, nil
}

// renewToken gets a token, sets it on the client and returns how long it is valid.
func renewToken(ctx context.Context, cfg Config, client tokenTaker) (life time.Duration, err error) {
	text, err := cfg.Token(ctx)
	if err != nil {
		return 0, fmt.Errorf("%w: token: %w", ErrAuth, err)
	}
	principal, expires := tokenClaims(text)
	if expires.IsZero() {
		expires = time.Now().Add(opaqueTokenLife)
	}
	life = time.Until(expires)
	if life <= 0 {
		return 0, fmt.Errorf("%w: the token expired at %s", ErrAuth, expires.UTC().Format(time.RFC3339))
	}
	err = client.SetOAuthBearerToken(ck.OAuthBearerToken{TokenValue: text, Expiration: expires, Principal: principal})
	if err != nil {
		return 0, fmt.Errorf("%w: token: %w", ErrAuth, err)
	}
	return max(life, 10*time.Second), nil
}

// tokenClaims reads who a JSON Web Token (RFC 7519) is for and when it expires; an
// opaque token says neither. The broker checks it, not we.
func tokenClaims(token string) (principal string, expires time.Time) {
	parts := strings.Split(token, ".")
	if len(parts) < 2 {
		return "", time.Time{}
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", time.Time{}
	}
	var claims struct {
		Subject string  `json:"sub"`
		Expires float64 `json:"exp"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return "", time.Time{}
	}
	if claims.Expires > 0 {
		expires = time.Unix(int64(claims.Expires), 0)
	}
	return claims.Subject, expires
}
