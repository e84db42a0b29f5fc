package probe

import (
	"crypto/x509"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

// Kind is what a connection came to grief on.
type Kind uint8

const (
	// Unresolved is a name without an address.
	Unresolved Kind = iota + 1
	// Refused is an address on which nobody listens, or that no route leads to.
	Refused
	// Silent is an address that has not answered in time.
	Silent
	// SpeaksTLS is a port for TLS that was spoken to in plaintext.
	SpeaksTLS
	// SpeaksPlaintext is the opposite.
	SpeaksPlaintext
	// UnknownAuthority is a certificate that nobody signed whom we trust.
	UnknownAuthority
	// Expired is a certificate whose validity has ended.
	Expired
	// NotYetValid is one whose validity has not begun.
	NotYetValid
	// WrongHost is a certificate for other names than the one that was connected to.
	WrongHost
	// WantsCertificate is a broker that demands a client certificate, and got none.
	WantsCertificate
	// RefusesCertificate is a broker that does not take ours.
	RefusesCertificate
	// TLSFailed is any other failure of TLS.
	TLSFailed
	// WantsSASL is a broker that demands a login, and got none.
	WantsSASL
	// NoSASL is a broker that knows of no login.
	NoSASL
	// WrongMechanism is a login by a mechanism that the broker does not offer.
	WrongMechanism
	// LoginRefused is a login that the broker did not accept.
	LoginRefused
	// NoToken is a login for which there was no token.
	NoToken
	// NotKafka is an answer that no broker gives.
	NotKafka
	// Advertised is a broker that cannot be reached at the address that it advertises.
	Advertised
)

// Problem is why a connection cannot be used. It is an error that says so in one line.
type Problem struct {
	Kind    Kind
	Address string
	// Offered are the mechanisms of a broker that wants a login.
	Offered []string
	// Mechanism and User are those of the login that failed, or was to come.
	Mechanism, User string
	// TLS and SASL are what the broker speaks: for the kinds Speaks…, WantsSASL, NoSASL.
	TLS, SASL bool
	// Told says that the address is one that a broker advertises, not one that was asked for.
	Told bool

	text string
	err  error
}

func (p *Problem) Error() string { return p.text }

// Unwrap returns the cause, which may be nil.
func (p *Problem) Unwrap() error { return p.err }

// Certain reports whether trying again is of no use before somebody has changed something.
func (p *Problem) Certain() bool {
	switch p.Kind {
	case Unresolved, Refused, Silent, NotKafka, TLSFailed, NoToken:
		return false
	}
	return true
}

func problem(kind Kind, address string, err error, format string, args ...any) *Problem {
	return &Problem{Kind: kind, Address: address, err: err, text: address + fmt.Sprintf(format, args...)}
}

// NewAdvertised is the problem of a broker whose bootstrap answers. What is wrong with its
// address is p.
func NewAdvertised(bootstrap string, id int32, p *Problem) *Problem {
	advertised := *p
	switch p.Kind {
	case Unresolved, Refused, Silent, NotKafka:
		advertised.Kind = Advertised
	}
	advertised.Told = true
	why := strings.TrimPrefix(p.text, p.Address)
	if !strings.HasPrefix(why, ":") {
		why = ", which" + why
	}
	advertised.text = fmt.Sprintf("%s answers, but broker %d advertises %s%s", bootstrap, id, p.Address, why)
	return &advertised
}

// NewUnreached is the problem of an address that no connection leads to.
func NewUnreached(address, why string) *Problem {
	return &Problem{Kind: Refused, Address: address, text: address + ": " + why}
}

// day is how a time of a certificate is written.
func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// subject names a certificate.
func subject(cert *x509.Certificate) string { return cert.Subject.String() }

// namesOf lists the hosts of a certificate.
func namesOf(cert *x509.Certificate) string {
	names := slices.Clone(cert.DNSNames)
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		names = append(names, subject(cert)+" (no host name)")
	}
	return strings.Join(names, ", ")
}

// hostOf is the host of an address.
func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}
