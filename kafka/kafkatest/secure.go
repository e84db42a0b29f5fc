//go:build unix

package kafkatest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// secureListener is one that Options.Secure adds to a node.
type secureListener struct {
	name, protocol string
	certificate    string // file of the broker's; default server.pem
	mechanisms     string // default all that need no token
	advertised     string // what clients are told instead of the address
	host           string // what they are told instead of 127.0.0.1, with the same port
	session        string // milliseconds after which a client has to log in again
	clientAuth     bool
}

func secureListeners() []secureListener {
	return []secureListener{
		{name: SASLPlaintext, protocol: "SASL_PLAINTEXT"},
		{name: SSL, protocol: "SSL", clientAuth: true},
		{name: SASLSSL, protocol: "SASL_SSL"},
		{name: Expired, protocol: "SASL_SSL", certificate: "expired.pem"},
		{name: OtherHost, protocol: "SASL_SSL", certificate: "elsewhere.pem"},
		{name: SCRAMOnly, protocol: "SASL_SSL", mechanisms: "SCRAM-SHA-256"},
		{name: Unresolved, protocol: "SASL_SSL", advertised: "nowhere.invalid:9093"},
		{name: Unreached, protocol: "SASL_PLAINTEXT", advertised: "127.0.0.1:1"},
		{name: Misnamed, protocol: "SASL_SSL", certificate: "bare.pem", host: "localhost"},
		{name: Relogin, protocol: "SASL_PLAINTEXT", mechanisms: "SCRAM-SHA-256", session: "2000"},
		{name: Bearer, protocol: "SASL_PLAINTEXT", mechanisms: "OAUTHBEARER", session: "3000"},
	}
}

func (l secureListener) advertise(address string) string {
	if _, port, ok := strings.Cut(address, ":"); ok && l.host != "" {
		return l.host + ":" + port
	}
	return cmp.Or(l.advertised, address)
}

// UnsecuredToken returns a token for a user that nobody has signed, as the listener Bearer
// takes it.
func UnsecuredToken(user string, expires time.Time) string {
	claims := fmt.Sprintf(`{"sub":%q,"iat":%d,"exp":%d}`, user, time.Now().Add(-time.Minute).Unix(), expires.Unix())
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + "."
}

// Names of the listeners that Options.Secure adds, for SecureBootstrap.
const (
	// SASLPlaintext takes PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 without TLS.
	SASLPlaintext = "SASL_PLAINTEXT"
	// SSL demands a client certificate; the principal is its subject, User:CN=alice.
	SSL = "SSL"
	// SASLSSL is SASLPlaintext over TLS.
	SASLSSL = "SASL_SSL"
	// Expired is SASLSSL with a certificate whose validity has ended.
	Expired = "EXPIRED"
	// OtherHost is SASLSSL with a certificate for broker.example and 10.1.2.3.
	OtherHost = "OTHERHOST"
	// SCRAMOnly is SASLSSL that takes SCRAM-SHA-256 alone.
	SCRAMOnly = "SCRAMONLY"
	// Unresolved is SASLSSL that advertises a name without an address, nowhere.invalid:9093.
	Unresolved = "UNRESOLVED"
	// Unreached is SASLPlaintext that advertises 127.0.0.1:1, where nobody listens.
	Unreached = "UNREACHED"
	// Misnamed is SASLSSL that advertises localhost, with a certificate for 127.0.0.1 alone.
	Misnamed = "MISNAMED"
	// Relogin takes SCRAM-SHA-256 without TLS, for two seconds: then a client logs in again.
	Relogin = "RELOGIN"
	// Bearer takes the tokens that UnsecuredToken makes, without TLS, for three seconds.
	Bearer = "BEARER"
)

// Users of the secure listeners, under PLAIN and both SCRAM mechanisms.
// User:admin may do everything, alice only what an ACL allows. The plaintext
// listeners stay open to everybody, with all rights. Clients on a librdkafka
// before 2.6.1, such as Debian's kcat, fail at SCRAM whatever the password.
const (
	AdminUser     = "admin"
	AdminPassword = "admin-secret"
	AliceUser     = "alice"
	AlicePassword = "alice-secret"
	// KeyPassword opens alice.locked.key.
	KeyPassword = "key-secret"
)

// SecureListeners returns the names of the listeners that Options.Secure adds.
func SecureListeners() []string {
	var names []string
	for _, l := range secureListeners() {
		names = append(names, l.name)
	}
	return names
}

// SecureBootstrap returns the addresses of a listener that Options.Secure has
// added, joined by commas, or "" for a name that it does not add.
func (c *Cluster) SecureBootstrap(listener string) string {
	if !c.secure {
		return ""
	}
	return c.addresses(func(n *node) string { return n.Secure[listener] })
}

// CertDir returns the folder of the PEM files of a secure cluster: ca.pem
// signed everything but mallory's; alice.pem and alice.key are a client's certificate and
// key, alice.locked.key is that key encrypted; old.pem, old.key have expired; mallory.pem and
// mallory.key are signed by other-ca.pem.
func (c *Cluster) CertDir() string { return filepath.Join(c.dir, "certs") }

// addSecurity extends the settings of one node by the secure listeners.
func addSecurity(p map[string]string, n *node, certs string) {
	const plain = "org.apache.kafka.common.security.plain.PlainLoginModule required "
	const scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
	const bearer = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;"
	users := fmt.Sprintf("user_%s=%q user_%s=%q;", AdminUser, AdminPassword, AliceUser, AlicePassword)
	for _, l := range secureListeners() {
		p["listeners"] += "," + l.name + "://" + n.Secure[l.name]
		p["advertised.listeners"] += "," + l.name + "://" + l.advertise(n.Secure[l.name])
		p["listener.security.protocol.map"] += "," + l.name + ":" + l.protocol
		prefix := "listener.name." + strings.ToLower(l.name) + "."
		if strings.HasPrefix(l.protocol, "SASL") {
			p[prefix+"sasl.enabled.mechanisms"] = cmp.Or(l.mechanisms, "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512")
			p[prefix+"plain.sasl.jaas.config"] = plain + users
			p[prefix+"scram-sha-256.sasl.jaas.config"] = scram
			p[prefix+"scram-sha-512.sasl.jaas.config"] = scram
			p[prefix+"oauthbearer.sasl.jaas.config"] = bearer
		}
		if l.session != "" {
			p[prefix+"connections.max.reauth.ms"] = l.session
		}
		if strings.HasSuffix(l.protocol, "SSL") {
			p[prefix+"ssl.keystore.type"] = "PEM"
			p[prefix+"ssl.keystore.location"] = filepath.Join(certs, cmp.Or(l.certificate, "server.pem"))
			p[prefix+"ssl.truststore.type"] = "PEM"
			p[prefix+"ssl.truststore.location"] = filepath.Join(certs, "ca.pem")
		}
		if l.clientAuth {
			p[prefix+"ssl.client.auth"] = "required"
		}
	}
	p["super.users"] += ";User:" + AdminUser
}

// scramArgs returns the arguments by which the storage tool creates the SCRAM users.
func scramArgs() []string {
	var args []string
	for _, mechanism := range []string{"SCRAM-SHA-256", "SCRAM-SHA-512"} {
		for _, user := range [][2]string{{AdminUser, AdminPassword}, {AliceUser, AlicePassword}} {
			args = append(args, "--add-scram", fmt.Sprintf("%s=[name=%s,password=%s]", mechanism, user[0], user[1]))
		}
	}
	return args
}
