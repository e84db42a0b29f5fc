package cli

import (
	"fmt"
	"slices"

	"kstream/kafka/oauth"
	"kstream/kafka/probe"
)

// connectRemedy is the hint for a connection that cannot be used. It names settings as -X
// takes them; a context has the same under names of its own.
func connectRemedy(p *probe.Problem) string {
	switch p.Kind {
	case probe.SpeaksTLS, probe.SpeaksPlaintext, probe.WantsSASL, probe.NoSASL:
		return protocolRemedy(p)
	case probe.UnknownAuthority:
		return "-X ssl.ca.location=FILE (tls.ca in a context) names the certificates of authorities to trust, as PEM"
	case probe.Expired:
		return "the broker needs a new certificate; or is the clock of this machine wrong?"
	case probe.NotYetValid:
		return "is the clock of this machine right?"
	case probe.WrongHost:
		if p.Told {
			return "advertised.listeners of the broker must name a host that is in its certificate; -X ssl.endpoint.identification.algorithm=none leaves names unchecked"
		}
		return "connect by a name that is in the certificate; -X ssl.endpoint.identification.algorithm=none leaves names unchecked"
	case probe.WantsCertificate:
		return "-X ssl.certificate.location=FILE -X ssl.key.location=FILE (tls.cert and tls.key in a context) send one, as PEM"
	case probe.RefusesCertificate:
		return "ssl.certificate.location and ssl.key.location name what is sent (tls.cert and tls.key in a context)"
	case probe.WrongMechanism:
		return fmt.Sprintf("-X sasl.mechanism=%s (auth.mechanism in a context)", p.Offered[0])
	case probe.LoginRefused:
		if p.Mechanism == "OAUTHBEARER" {
			return "the broker's log says what it has against the token"
		}
		return "sasl.username and sasl.password say who logs in (auth.username, auth.password in a context); a user may have another password for each mechanism"
	case probe.Advertised:
		return "advertised.listeners of the broker must name an address that clients reach; a tunnel has to end at the same name and port"
	case probe.NotKafka:
		return "is this the address of a Kafka broker?"
	}
	return ""
}

// endpointRemedy is the hint for a token endpoint that gave no token.
func endpointRemedy(e *oauth.EndpointError) string {
	switch e.Kind {
	case oauth.Refused:
		return "auth.client-id, auth.client-secret and auth.scope in a context say who asks, and for what (sasl.oauthbearer.client.id, …)"
	case oauth.Untrusted:
		return "-X https.ca.location=FILE names the certificates of authorities to trust, as PEM"
	case oauth.Unusable:
		return "auth.token-url in a context (sasl.oauthbearer.token.endpoint.url) is to be the address that gives tokens to clients"
	}
	return "is auth.token-url in the context (sasl.oauthbearer.token.endpoint.url) its address?"
}

// protocolRemedy names the security.protocol that a broker speaks, with what else it needs.
func protocolRemedy(p *probe.Problem) string {
	protocol := "plaintext"
	switch {
	case p.TLS && p.SASL:
		protocol = "sasl_ssl"
	case p.TLS:
		protocol = "ssl"
	case p.SASL:
		protocol = "sasl_plaintext"
	}
	hint := "-X security.protocol=" + protocol
	if p.SASL && p.Mechanism == "" && len(p.Offered) > 0 {
		mechanism := p.Offered[0]
		for _, better := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} { // which never show the password
			if slices.Contains(p.Offered, better) {
				mechanism = better
			}
		}
		hint += " -X sasl.mechanism=" + mechanism
		if mechanism != "OAUTHBEARER" {
			hint += " -X sasl.username=NAME -X sasl.password=@env:NAME"
		}
	}
	return hint
}
