package probe

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

// clientCertificate is what happened to the broker's request for one.
type clientCertificate struct {
	wanted  bool
	sent    *x509.Certificate
	trusted [][]byte // names of authorities
}

// handshake speaks TLS on conn. What it does not check during the handshake it checks
// afterwards, when there is a certificate to tell of.
func (p *probe) handshake(ctx context.Context, raw net.Conn) (net.Conn, *clientCertificate, *Problem) {
	cfg := p.Config.TLS.Clone()
	cfg.InsecureSkipVerify = true // see checkChain
	cfg.VerifyConnection = nil
	if cfg.ServerName == "" {
		cfg.ServerName = hostOf(p.Address)
	}
	asked := &clientCertificate{}
	own := cfg.Certificates
	cfg.Certificates = nil
	cfg.GetClientCertificate = func(request *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		asked.wanted, asked.trusted = true, request.AcceptableCAs
		if len(own) == 0 {
			return &tls.Certificate{}, nil
		}
		asked.sent = leafOf(&own[0])
		return &own[0], nil // even if the broker will not like it: it is to say so
	}
	conn := tls.Client(raw, cfg)
	err := conn.HandshakeContext(ctx)
	state := conn.ConnectionState()
	if len(state.PeerCertificates) > 0 {
		p.Report.TLS = &state
		if bad := p.checkChain(state.PeerCertificates); bad != nil {
			return nil, nil, bad
		}
	}
	if err != nil {
		return nil, nil, p.handshakeFailed(ctx, err, asked)
	}
	return conn, asked, nil
}

func leafOf(pair *tls.Certificate) *x509.Certificate {
	if pair.Leaf != nil || len(pair.Certificate) == 0 {
		return pair.Leaf
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return nil
	}
	return leaf
}

// Verify returns what is wrong with the certificates of a server at an address, the server's
// own first, or nil.
func Verify(address string, chain []*x509.Certificate, cfg *tls.Config) *Problem {
	return (&probe{Config: Config{Address: address, TLS: cfg}}).checkChain(chain)
}

// checkChain verifies the server's certificates.
func (p *probe) checkChain(chain []*x509.Certificate) *Problem {
	if p.Unverified {
		return nil
	}
	now := time.Now
	if p.Config.TLS.Time != nil {
		now = p.Config.TLS.Time
	}
	for i, cert := range chain {
		whose := "its certificate"
		if i > 0 {
			whose = "the certificate of its authority " + subject(cert)
		}
		switch {
		case now().After(cert.NotAfter):
			return problem(Expired, p.Address, nil, ": %s expired on %s", whose, day(cert.NotAfter))
		case now().Before(cert.NotBefore):
			return problem(NotYetValid, p.Address, nil, ": %s is valid from %s on", whose, day(cert.NotBefore))
		}
	}
	between := x509.NewCertPool()
	for _, cert := range chain[1:] {
		between.AddCert(cert)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots: p.Config.TLS.RootCAs, Intermediates: between, CurrentTime: now(),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &unknown) || errors.As(err, new(x509.SystemRootsError)):
		last := chain[len(chain)-1]
		return problem(UnknownAuthority, p.Address, err, ": its certificate is signed by %s, an unknown authority", last.Issuer)
	case err != nil:
		return problem(TLSFailed, p.Address, err, ": its certificate: %s", strings.TrimPrefix(err.Error(), "x509: "))
	}
	leaf := chain[0]
	host := hostOf(p.Address)
	named := len(leaf.DNSNames)+len(leaf.IPAddresses) > 0
	if p.AnyHost || leaf.VerifyHostname(host) == nil || !named && strings.EqualFold(leaf.Subject.CommonName, host) {
		return nil
	}
	return problem(WrongHost, p.Address, nil, ": its certificate is for %s, not for %s", namesOf(leaf), host)
}

// handshakeFailed finds out why there is no TLS at the other end.
func (p *probe) handshakeFailed(ctx context.Context, err error, asked *clientCertificate) *Problem {
	var record tls.RecordHeaderError
	switch bad := p.certificateRefused(err, asked); {
	case bad != nil:
		return bad
	case ctx.Err() != nil || isTimeout(err):
		return problem(Silent, p.Address, err, " accepts connections and does not answer to TLS")
	case isAlert(err) && !errors.As(err, &record):
		return problem(TLSFailed, p.Address, err, ": the broker ends TLS: %s", alertOf(err))
	}
	if !p.nested { // a broker takes the hello of TLS for the size of a request, and closes
		if other := p.look(ctx, false); other.Report.Versions != nil {
			bad := problem(SpeaksPlaintext, p.Address, err, " speaks plaintext, not TLS")
			bad.takeOffer(other)
			bad.Mechanism = p.Mechanism
			return bad
		}
	}
	return problem(TLSFailed, p.Address, err, ": no TLS: %s", strings.TrimPrefix(networkCause(err), "tls: "))
}

// certificateRefused is for a broker that wants a client certificate, or another one than
// ours: it says so by an alert.
func (p *probe) certificateRefused(err error, asked *clientCertificate) *Problem {
	if !asked.wanted || !isAlert(err) {
		return nil
	}
	if asked.sent == nil {
		return problem(WantsCertificate, p.Address, err, ": the broker wants a client certificate")
	}
	own := asked.sent
	why := alertOf(err)
	switch now := time.Now(); {
	case now.After(own.NotAfter):
		why = "it expired on " + day(own.NotAfter)
	case now.Before(own.NotBefore):
		why = "it is valid from " + day(own.NotBefore) + " on"
	case len(asked.trusted) > 0 && !slices.ContainsFunc(asked.trusted, func(name []byte) bool { return bytes.Equal(name, own.RawIssuer) }):
		why = fmt.Sprintf("it is signed by %s, where the broker trusts %s", own.Issuer, authorities(asked.trusted))
	}
	return problem(RefusesCertificate, p.Address, err, ": the broker refused our certificate %s: %s", subject(own), why)
}

// authorities lists the distinguished names that a broker sent.
func authorities(names [][]byte) string {
	const most = 3
	var list []string
	for _, raw := range names {
		var sequence pkix.RDNSequence
		if _, err := asn1.Unmarshal(raw, &sequence); err == nil {
			list = append(list, sequence.String())
		}
	}
	if len(list) > most {
		list = append(list[:most], fmt.Sprintf("%d others", len(list)-most))
	}
	return strings.Join(list, "; ")
}

// isAlert reports whether the other side has ended TLS by saying why.
func isAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

// alertOf is what the other side said.
func alertOf(err error) string { return strings.TrimPrefix(networkCause(err), "tls: ") }
