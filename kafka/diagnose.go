package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"time"

	"kstream/kafka/probe"
)

// probeLimit bounds a look at why a connection fails.
const probeLimit = 1500 * time.Millisecond

// diagnose looks at every bootstrap server as librdkafka would, and returns why none can be
// used, or nil if one can or that does not show. A cause that time does not mend goes before
// others.
func diagnose(ctx context.Context, cfg Config) *probe.Problem {
	ctx, cancel := context.WithTimeout(ctx, min(probeLimit, cfg.timeout()))
	defer cancel()
	reports := make(chan probe.Report, len(cfg.Brokers))
	for _, address := range cfg.Brokers {
		go func() { reports <- Probe(ctx, cfg, address) }() // ends with ctx
	}
	var found *probe.Problem
	for range cfg.Brokers {
		r := <-reports
		p := r.Problem
		if p == nil {
			return cfg.reaches(ctx, r.Brokers)
		}
		if found == nil || p.Certain() && !found.Certain() {
			found = p
		}
	}
	return found
}

// Probe connects to one address a step at a time, as cfg says and until ctx ends, without
// librdkafka. What only that can do is left out.
func Probe(ctx context.Context, cfg Config, address string) probe.Report {
	return look(ctx, cfg, address, false)
}

func look(ctx context.Context, cfg Config, address string, hello bool) probe.Report {
	how := probeConfig(cfg)
	how.Hello = hello
	how.Address = withPort(address)
	r := probe.Run(ctx, how.Config)
	if p := r.Problem; p != nil && how.keyless && (p.Kind == probe.WantsCertificate || p.Kind == probe.RefusesCertificate) {
		r.Problem = nil
	}
	return r
}

// probing is a Config for the probe.
type probing struct {
	probe.Config
	keyless bool // there is a client certificate, in a form that only librdkafka reads
}

// probeConfig is what librdkafka's properties mean to the probe. What they name and only
// librdkafka can do is left out.
func probeConfig(cfg Config) probing {
	p := cfg.Properties
	how := probing{Config: probe.Config{ClientID: "kstream", User: p["sasl.username"], Mechanism: strings.ToUpper(mechanismOf(p))}}
	security := strings.ToLower(p["security.protocol"])
	if strings.HasSuffix(security, "ssl") {
		how.TLS = &tls.Config{}
		how.Unverified = isFalse(p["enable.ssl.certificate.verification"])
		how.AnyHost = p["ssl.endpoint.identification.algorithm"] == "none"
		switch authorities, err := pemOf(p, "ssl.ca"); {
		case err != nil || p["ssl.ca.certificate.stores"] != "":
			how.Unverified = true
		case authorities != nil:
			how.TLS.RootCAs = x509.NewCertPool()
			how.TLS.RootCAs.AppendCertsFromPEM(authorities)
		}
		certificate, err := pemOf(p, "ssl.certificate")
		if err == nil && certificate != nil {
			var key []byte
			if key, err = pemOf(p, "ssl.key"); err == nil {
				var pair tls.Certificate
				if pair, err = tls.X509KeyPair(certificate, key); err == nil {
					how.TLS.Certificates = []tls.Certificate{pair}
				}
			}
		}
		how.keyless = err != nil || p["ssl.keystore.location"] != "" || p["ssl.engine.location"] != ""
	}
	if strings.HasPrefix(security, "sasl") {
		login, err := wireLogin(cfg)
		how.Login, how.Foreign = login, err != nil
	}
	return how
}

// bootstraps reports whether an address is one of the bootstrap servers.
func (c Config) bootstraps(address string) bool {
	return slices.ContainsFunc(c.Brokers, func(b string) bool { return withPort(b) == address })
}

// Connected waits until the cluster has answered, and one of the brokers that it
// advertises accepts connections. What time alone does not mend is told as soon as it shows,
// all else when the timeout is over.
func (a *Admin) Connected(ctx context.Context) error {
	return a.connectedWithin(ctx, a.cfg.timeout())
}

func (a *Admin) connectedWithin(ctx context.Context, limit time.Duration) error {
	asking, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	type answer struct {
		brokers []probe.Broker
		err     error
	}
	answers := make(chan answer, 1)
	go func() { // ends with asking, or a slice of time later
		brokers, err := a.askBrokers(asking)
		answers <- answer{brokers, err}
	}()
	var verdicts chan *probe.Problem // nil: nobody looks
	refusals := 0
	examine := func() {
		verdicts = make(chan *probe.Problem, 1)
		go func(to chan<- *probe.Problem) { to <- diagnose(asking, a.cfg) }(verdicts) // ends with asking
	}
	silence := time.NewTimer(limit / 2) // of which no failure tells
	defer silence.Stop()
	for {
		failures := a.logs.failed
		if verdicts != nil {
			failures = nil
		}
		select {
		case got := <-answers:
			switch {
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case got.err != nil:
				return explain(a.cfg, a.logs, got.err)
			}
			if p := a.cfg.reaches(asking, got.brokers); p != nil {
				return ConnectError(p)
			}
			return context.Cause(ctx)
		case <-failures:
			examine()
		case <-silence.C:
			if verdicts == nil {
				examine()
			}
		case p := <-verdicts:
			verdicts = nil
			if p != nil && p.Certain() {
				cancel()
				<-answers
				return ConnectError(p)
			}
			if p == nil && refusedLogin(a.logs.cause()) {
				if refusals++; refusals == 2 { // of a login that only librdkafka can do
					cancel()
					<-answers
					return unanswered(a.cfg, a.logs)
				}
			}
		}
	}
}

// askBrokers asks which brokers there are: again and again, with more time for each answer,
// since a request that waits for a connection cannot be given up.
func (a *Admin) askBrokers(ctx context.Context) ([]probe.Broker, error) {
	end, _ := ctx.Deadline()
	for slice := 100 * time.Millisecond; ; slice *= 2 {
		m, err := a.client.GetMetadata(nil, false, millis(min(slice, time.Until(end)), time.Millisecond, maxSpan))
		if err == nil {
			brokers := make([]probe.Broker, len(m.Brokers))
			for i, b := range m.Brokers {
				brokers[i] = probe.Broker{ID: b.ID, Host: b.Host, Port: int32(b.Port)}
			}
			return brokers, nil
		}
		if ctx.Err() != nil {
			return nil, err
		}
	}
}

// reaches returns nil if one of the advertised brokers answers, as those that are bootstrap
// servers do. Who accepts connections first is asked first: that is one question where all is
// well.
func (c Config) reaches(ctx context.Context, brokers []probe.Broker) *probe.Problem {
	addresses := make([]string, len(brokers))
	for i, b := range brokers {
		addresses[i] = b.Address()
		if c.bootstraps(addresses[i]) {
			return nil
		}
	}
	answers := dialAll(ctx, addresses, c.timeout())
	if len(brokers) == 0 || errors.Is(context.Cause(ctx), context.Canceled) {
		return nil
	}
	first := slices.Index(answers, nil)
	if first < 0 {
		return probe.NewAdvertised(c.where(), brokers[0].ID, probe.NewUnreached(addresses[0], dialCause(answers[0])))
	}
	p := c.greets(ctx, addresses[first])
	for i := 0; p != nil && i < len(brokers); i++ {
		if i != first && c.greets(ctx, addresses[i]) == nil {
			return nil
		}
	}
	if p == nil || errors.Is(context.Cause(ctx), context.Canceled) {
		return nil
	}
	return probe.NewAdvertised(c.where(), brokers[first].ID, p)
}

// greets returns nil if a broker says at an address what it can do.
func (c Config) greets(ctx context.Context, address string) *probe.Problem {
	return look(ctx, c, address, true).Problem
}
