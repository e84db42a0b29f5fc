// Package probe connects to one broker as a client would, a step at a time, and says at
// which of them it fails and why: for error messages, where librdkafka's own are the same for
// a dozen causes, and for kstream doctor.
//
//	report := probe.Run(ctx, probe.Config{Address: "kafka:9093", TLS: &tls.Config{RootCAs: pool}})
//	if report.Problem != nil {
//		return report.Problem // kafka:9093: its certificate expired on 2026-01-31 12:00 UTC
//	}
package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"kstream/kafka/protocol"
)

// Config says how to connect.
type Config struct {
	// Address is HOST:PORT.
	Address string
	// TLS holds whom to trust and our certificates; nil is plaintext.
	TLS *tls.Config
	// Unverified leaves the broker's certificate unchecked, AnyHost its name.
	Unverified, AnyHost bool
	// Login is how to log in; nil is not at all.
	Login *protocol.Login
	// User and Mechanism are those of Login, for messages.
	User, Mechanism string
	// ClientID names the client in the broker's logs.
	ClientID string
	// Foreign says that the login is one that Login cannot do: what lies behind it is left
	// alone.
	Foreign bool
	// Hello ends the probe once the broker has said what it can do: nobody logs in.
	Hello bool
}

// Step is a part of connecting, in order.
type Step uint8

// The steps.
const (
	Resolve Step = iota
	Connect
	Handshake
	Versions
	SASL
	Metadata
	Done
)

// Broker is one that the cluster advertises.
type Broker struct {
	ID   int32
	Host string
	Port int32
}

// Address returns HOST:PORT.
func (b Broker) Address() string { return net.JoinHostPort(b.Host, fmt.Sprint(b.Port)) }

// Report is what a probe has found.
type Report struct {
	// Step is the one that failed, or Done.
	Step    Step
	Problem *Problem // nil: all is well

	IPs       []string
	RoundTrip time.Duration        // of connecting
	TLS       *tls.ConnectionState // nil without
	Versions  map[int16]int16      // the newest of each request that the broker answers
	Software  string               // the release of Apache Kafka that those are of, about
	Brokers   []Broker
	ClusterID string
}

// Run probes a broker until ctx ends.
func Run(ctx context.Context, cfg Config) Report {
	p := &probe{Config: cfg}
	p.Report.Problem = p.run(ctx)
	return p.Report
}

type probe struct {
	Config
	Report
	nested bool // a probe of another
}

// run connects and asks for what every client asks for first.
func (p *probe) run(ctx context.Context) *Problem {
	conn, asked, bad := p.connect(ctx)
	if bad != nil {
		return bad
	}
	defer conn.Close()
	p.Step = Versions
	login := p.Login
	if p.Hello {
		login = nil
	}
	client := p.client(conn, login)
	defer client.Close()
	versions, err := client.Any().Versions(ctx)
	var refused *protocol.LoginError
	switch {
	case errors.As(err, &refused):
		p.Step = SASL
		return p.loginFailed(refused)
	case err != nil:
		return p.unanswered(ctx, err, asked)
	}
	p.Report.Versions, p.Software = versions, softwareOf(versions)
	if p.Hello {
		return nil
	}
	if p.Foreign {
		p.Step = SASL
		if offered := p.offer(ctx, p.Mechanism); len(offered) > 0 && !slices.Contains(offered, p.Mechanism) {
			return p.mechanismMissing(offered, nil)
		}
		return nil
	}
	p.Step = Metadata
	request := kmsg.NewPtrMetadataRequest()
	request.Topics = []kmsg.MetadataRequestTopic{} // none; nil would be all
	metadata, err := request.RequestWith(ctx, client.Any())
	if err != nil {
		return p.unasked(ctx, err)
	}
	for _, b := range metadata.Brokers {
		p.Brokers = append(p.Brokers, Broker{b.NodeID, b.Host, b.Port})
	}
	if metadata.ClusterID != nil {
		p.ClusterID = *metadata.ClusterID
	}
	p.Step = Done
	return nil
}

// softwareOf guesses the release of Apache Kafka.
func softwareOf(newest map[int16]int16) string {
	var known kversion.Versions
	for key, version := range newest {
		known.SetMaxKeyVersion(key, version)
	}
	return known.VersionGuess()
}

// connect is for TCP and, if need be, TLS.
func (p *probe) connect(ctx context.Context) (net.Conn, *clientCertificate, *Problem) {
	raw, bad := p.dial(ctx)
	if bad != nil {
		return nil, nil, bad
	}
	if p.Config.TLS == nil {
		return raw, &clientCertificate{}, nil
	}
	p.Step = Handshake
	conn, asked, bad := p.handshake(ctx, raw)
	if bad != nil {
		raw.Close()
		return nil, nil, bad
	}
	return conn, asked, nil
}

// errUsed keeps a client from connecting again: what ends one connection is to be told.
var errUsed = errors.New("the connection has ended")

// client sends requests on conn.
func (p *probe) client(conn net.Conn, login *protocol.Login) *protocol.Client {
	return protocol.New(protocol.Config{
		Seeds: []string{p.Address}, ClientID: p.ClientID, Login: login, MaxAnswer: 16 << 20,
		Dial: func(context.Context, string) (net.Conn, error) {
			if conn == nil {
				return nil, errUsed
			}
			once := conn
			conn = nil
			return once, nil
		},
	})
}

// loginFailed says what is wrong with the login.
func (p *probe) loginFailed(err *protocol.LoginError) *Problem {
	var bad *Problem
	switch {
	case err.Offered != nil:
		return p.mechanismMissing(err.Offered, err)
	case errors.Is(err, kerr.IllegalSaslState) && !err.Asked:
		bad = problem(NoSASL, p.Address, err, " takes no login")
	case !err.Asked:
		bad = problem(NoToken, p.Address, err, ": %v", err.Reason)
	default:
		who := "the login"
		if p.User != "" {
			who = "user " + p.User
		}
		reason := strings.TrimPrefix(err.Reason.Error(), "Authentication failed: ")
		bad = problem(LoginRefused, p.Address, err, " refuses %s by %s: %s", who, p.Mechanism, reason)
	}
	bad.Mechanism, bad.User, bad.TLS = p.Mechanism, p.User, p.Config.TLS != nil
	return bad
}

func (p *probe) mechanismMissing(offered []string, err error) *Problem {
	bad := problem(WrongMechanism, p.Address, err, ": the broker offers %s, not %s", strings.Join(offered, ", "), p.Mechanism)
	bad.Offered = offered
	return bad
}

// unanswered finds out why a broker does not say what it can do: it has expected TLS, or
// another certificate.
func (p *probe) unanswered(ctx context.Context, err error, asked *clientCertificate) *Problem {
	if bad := p.certificateRefused(err, asked); bad != nil {
		return bad
	}
	if ctx.Err() != nil || isTimeout(err) {
		return problem(Silent, p.Address, err, " accepts connections and does not answer")
	}
	if p.Config.TLS == nil && !p.nested {
		if other := p.look(ctx, true); other.Report.TLS != nil || other.Report.Problem != nil && isAlert(other.Report.Problem.err) {
			bad := problem(SpeaksTLS, p.Address, err, " speaks TLS")
			bad.takeOffer(other)
			bad.Mechanism = p.Mechanism
			return bad
		}
	}
	return problem(NotKafka, p.Address, err, " does not answer as a Kafka broker does: %s", p.saidOf(err))
}

// unasked finds out why a broker answers no requests but the first: it waits for a login.
func (p *probe) unasked(ctx context.Context, err error) *Problem {
	if ctx.Err() != nil || isTimeout(err) {
		return problem(Silent, p.Address, err, " does not answer to a request for metadata")
	}
	if p.Login == nil {
		if offered := p.offer(ctx, "NONE"); len(offered) > 0 {
			bad := problem(WantsSASL, p.Address, err, " wants a login (SASL), by %s", strings.Join(offered, ", "))
			bad.Offered, bad.TLS, bad.SASL = offered, p.Config.TLS != nil, true
			return bad
		}
	}
	return problem(NotKafka, p.Address, err, ": %s", p.saidOf(err))
}

// offer asks which mechanisms the broker offers: it says so when it is asked for one.
func (p *probe) offer(ctx context.Context, mechanism string) []string {
	again := &probe{Config: p.Config, nested: true}
	conn, _, bad := again.connect(ctx)
	if bad != nil {
		return nil
	}
	defer conn.Close()
	client := p.client(conn, nil)
	defer client.Close()
	hello := kmsg.NewPtrSASLHandshakeRequest()
	hello.Mechanism = mechanism
	answer, err := hello.RequestWith(ctx, client.Any())
	if err != nil {
		return nil
	}
	return answer.SupportedMechanisms
}

// dial looks the name up and connects to the first of its addresses that answers.
func (p *probe) dial(ctx context.Context) (net.Conn, *Problem) {
	p.Step = Resolve
	host := hostOf(p.Address)
	if net.ParseIP(host) == nil {
		ips, err := net.DefaultResolver.LookupHost(ctx, host)
		if err != nil {
			return nil, p.unconnected(ctx, err)
		}
		p.IPs = ips
	} else {
		p.IPs = []string{host}
	}
	p.Step = Connect
	began := time.Now()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", p.Address)
	if err != nil {
		return nil, p.unconnected(ctx, err)
	}
	p.RoundTrip = time.Since(began)
	return conn, nil
}

func (p *probe) unconnected(ctx context.Context, err error) *Problem {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return problem(Unresolved, p.Address, err, ": the name does not resolve")
	case ctx.Err() != nil || isTimeout(err):
		return problem(Silent, p.Address, err, ": no answer")
	case errors.As(err, &dns):
		return problem(Unresolved, p.Address, err, ": name lookup: %s", dns.Err)
	}
	return problem(Refused, p.Address, err, ": %s", networkCause(err))
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// networkCause is the part of a network's error that says what happened.
func networkCause(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return strings.TrimPrefix(err.Error(), "connect: ")
}

// saidOf is what went wrong with a request, without the address.
func (p *probe) saidOf(err error) string { return strings.TrimPrefix(err.Error(), p.Address+": ") }

// look probes the same address without a login, with TLS that trusts everybody, or in
// plaintext.
func (p *probe) look(ctx context.Context, secure bool) *probe {
	other := &probe{Config: Config{Address: p.Address, ClientID: p.ClientID, Unverified: true}, nested: true}
	if secure {
		other.Config.TLS = &tls.Config{}
		if p.Config.TLS != nil {
			other.Config.TLS.Certificates = p.Config.TLS.Certificates
		}
	}
	other.Report.Problem = other.run(ctx)
	return other
}

// takeOffer notes whether the broker that other has found wants a login.
func (p *Problem) takeOffer(other *probe) {
	p.TLS = other.Config.TLS != nil
	if found := other.Report.Problem; found != nil && found.Kind == WantsSASL {
		p.SASL, p.Offered = true, found.Offered
	}
}
