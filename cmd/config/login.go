package config

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"kstream/kafka/oauth"
)

// How somebody logs in: the mechanisms of SASL, and where tokens come from.

// mskMechanism is Amazon's name for OAUTHBEARER with tokens that are signed by the keys of an
// IAM identity. Its settings are ours: librdkafka has none.
const (
	mskMechanism = "AWS_MSK_IAM"
	mskRegion    = "sasl.aws.region"
	mskProfile   = "sasl.aws.profile"
	mskRole      = "sasl.aws.role.arn"
)

// mskSettings are the settings of mskMechanism.
func mskSettings() []string { return []string{mskRegion, mskProfile, mskRole} }

// Names of librdkafka's properties for tokens from an endpoint, as [index.canonical] has them.
const (
	oidcMethod = "sasl.oauthbearer.method"
	oidcURL    = "sasl.oauthbearer.token.endpoint.url"
	oidcID     = "sasl.oauthbearer.client.credentials.client.id"
	oidcSecret = "sasl.oauthbearer.client.credentials.client.secret"
	oidcScope  = "sasl.oauthbearer.scope"
	oidcGrant  = "sasl.oauthbearer.grant.type"
	oidcCloud  = "sasl.oauthbearer.metadata.authentication.type"
)

func mechanisms() []string {
	return []string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", mskMechanism}
}

const askMechanism = "set auth.mechanism in the context, or -X sasl.mechanism=PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or AWS_MSK_IAM"

func errNoKerberos() error {
	return errors.New("GSSAPI (Kerberos) is not built into this client: it would need the system's Kerberos libraries")
}

// NormalizeMechanism returns the name of a SASL mechanism as Kafka spells it. It
// takes the spellings of other tools too: scram-sha256, SCRAM_SHA_512, plaintext,
// oauth.
func NormalizeMechanism(name string) (string, error) {
	plain := strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(name))
	switch plain {
	case "plain", "plaintext":
		return "PLAIN", nil
	case "scramsha256":
		return "SCRAM-SHA-256", nil
	case "scramsha512":
		return "SCRAM-SHA-512", nil
	case "oauth", "oauthbearer", "oauth2":
		return "OAUTHBEARER", nil
	case "gssapi", "kerberos":
		if kerberos {
			return "GSSAPI", nil
		}
		return "", usagef("%v", errNoKerberos()).hint("docs/config.md says how to build one that has it; the mechanisms are %s", strings.Join(mechanisms(), ", "))
	case "awsmskiam":
		return mskMechanism, nil
	}
	return "", usagef("there is no SASL mechanism %s", quoted(shownName(name, mechanisms()))).
		hint("%s", nearestOf("the mechanisms are ", name, mechanisms()))
}

// token takes the token of the flag or the variable, before a context has one.
func (r *resolver) token() error {
	if text := r.opts.Token; text != "" {
		r.out.Token = Setting{text, Origin{FromFlag, "--token"}}
		if !IsReference(text) {
			r.warn("--token: other users of this machine can see a secret on the command line; use @env:, @file: or @cmd:")
		}
	} else if text := r.getenv("KSTREAM_TOKEN"); text != "" {
		r.out.Token = Setting{text, Origin{FromEnvironment, "KSTREAM_TOKEN"}}
	}
	return nil
}

// tokenMechanism decides between a token and other ways to log in: the stronger source wins.
func (r *resolver) tokenMechanism() error {
	t := r.out.Token
	if t.Value == "" {
		return nil
	}
	m, ok := r.set["sasl.mechanism"]
	switch {
	case !ok || t.Origin.Kind < m.Origin.Kind:
		r.set["sasl.mechanism"] = Setting{"OAUTHBEARER", t.Origin}
	case m.Value == "OAUTHBEARER":
	case t.Origin.Kind == m.Origin.Kind:
		return usagef("%s: a token is of mechanism OAUTHBEARER, not of %s", t.Origin, m.Value)
	default:
		r.out.Token = Setting{}
		return nil
	}
	if method, ok := r.set[oidcMethod]; ok && method.Origin.Kind < t.Origin.Kind {
		r.out.Token = Setting{}
	} else {
		delete(r.set, oidcMethod)
	}
	return nil
}

// checkSASL asks for what librdkafka would miss, in our own words: without a
// mechanism it would complain about GSSAPI, its default.
func (r *resolver) checkSASL(origin Origin, protocol string, tls bool) error {
	m, ok := r.set["sasl.mechanism"]
	if !ok && r.set[oidcMethod].Value != "" {
		m, ok = Setting{"OAUTHBEARER", r.set[oidcMethod].Origin}, true
		r.set["sasl.mechanism"] = m
	}
	if !ok {
		return usagef("%s: %s needs a SASL mechanism", origin, protocol).hint(askMechanism)
	}
	has := func(name string) bool { return r.set[name].Value != "" }
	switch {
	case m.Value == "GSSAPI": // librdkafka has the rest
		return nil
	case m.Value == mskMechanism:
		return r.checkMSK(m.Origin)
	case m.Value != "OAUTHBEARER":
		switch {
		case !has("sasl.username"):
			return usagef("%s: %s needs a user name", m.Origin, m.Value).hint("set auth.username in the context, or -X sasl.username=NAME")
		case !has("sasl.password"):
			return usagef("%s: %s needs a password", m.Origin, m.Value).hint("set auth.password in the context, or -X sasl.password=@env:NAME")
		}
		if m.Value == "PLAIN" && !tls {
			r.warn("PLAIN without TLS: the password crosses the network readable")
		}
		return nil
	case r.out.Token.Value != "" || has("sasl.oauthbearer.config"):
		return nil
	case !strings.EqualFold(r.set[oidcMethod].Value, "oidc"):
		return usagef("%s: OAUTHBEARER needs a token", m.Origin).
			hint(`--token, KSTREAM_TOKEN or auth.token ("@cmd:…", "@file:…"), or auth.token-url with client-id and client-secret, in the context`)
	case !r.clientCredentials():
		return nil // what librdkafka does by itself
	}
	return r.checkOIDC()
}

// clientCredentials reports whether tokens are to be got from an endpoint by client id and
// secret, which is done here.
func (r *resolver) clientCredentials() bool {
	grant := r.set[oidcGrant].Value
	return (grant == "" || grant == "client_credentials") && cmp.Or(r.set[oidcCloud].Value, "none") == "none"
}

func (r *resolver) checkOIDC() error {
	method := r.set[oidcMethod].Origin
	endpoint := r.set[oidcURL]
	u, err := url.Parse(endpoint.Value)
	switch {
	case endpoint.Value == "":
		return usagef("%s: OIDC needs the URL of a token endpoint", method).hint("set auth.token-url in the context, or -X sasl.oauthbearer.token.endpoint.url=URL")
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return usagef("%s: the token endpoint must be an http:// or https:// URL, not %s", endpoint.Origin, quoted(shownURL(endpoint.Value)))
	case r.set[oidcID].Value == "":
		return usagef("%s: OIDC needs a client id", method).hint("set auth.client-id in the context, or -X sasl.oauthbearer.client.id=ID")
	case r.set[oidcSecret].Value == "":
		return usagef("%s: OIDC needs a client secret", method).hint("set auth.client-secret in the context, or -X sasl.oauthbearer.client.secret=@env:NAME")
	case u.Scheme == "http":
		r.warn("%s: the token endpoint has no TLS: secret and token cross the network readable", endpoint.Origin)
	}
	return nil
}

// checkMSK finds the region, which the names of MSK's brokers hold.
func (r *resolver) checkMSK(origin Origin) error {
	if r.set[mskRegion].Value != "" {
		return nil
	}
	for _, broker := range r.out.Brokers {
		if m := regexp.MustCompile(`\.kafka(?:-serverless)?\.([a-z0-9-]+)\.(?:on\.aws|amazonaws\.com)`).FindStringSubmatch(broker); m != nil {
			r.set[mskRegion] = Setting{m[1], r.out.BrokersOrigin}
			return nil
		}
	}
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if region := r.getenv(name); region != "" {
			r.set[mskRegion] = Setting{region, Origin{FromEnvironment, name}}
			return nil
		}
	}
	return usagef("%s: AWS_MSK_IAM needs the region, which the brokers' names do not hold", origin).
		hint("set auth.aws-region in the context, -X sasl.aws.region=REGION, or AWS_REGION")
}

// login completes a Connection by what logs in, and takes out of its properties what
// librdkafka does not know, or is not to do by itself.
func (e *Effective) login(c *Connection, secrets Secrets) error {
	p := c.Properties
	var get func(context.Context) (oauth.Token, error)
	switch token := e.Token; {
	case token.Value != "" && !IsReference(token.Value):
		c.Tokens = oauth.Fixed(token.Value)
	case token.Value != "":
		get = func(ctx context.Context) (oauth.Token, error) {
			text, err := secrets.Lookup(ctx, token.Value)
			if err != nil {
				return oauth.Token{}, secretError("auth.token", token.Origin, err)
			}
			return oauth.Parse(strings.TrimSpace(text)), nil
		}
	case p["sasl.mechanism"] == mskMechanism:
		p["sasl.mechanism"] = "OAUTHBEARER"
		get = oauth.MSK{Region: p[mskRegion], Profile: p[mskProfile], Role: p[mskRole], Timeout: e.Timeout}.Token
	case strings.EqualFold(p[oidcMethod], "oidc") && (&resolver{set: e.Properties}).clientCredentials():
		endpoint, err := e.endpoint(p)
		if err != nil {
			return err
		}
		get = e.fromEndpoint(endpoint, secrets)
		for _, name := range []string{oidcMethod, oidcURL, oidcID, oidcSecret, oidcScope, oidcGrant, oidcCloud, "https.ca.location", "https.ca.pem"} {
			delete(p, name)
		}
	}
	for _, name := range mskSettings() {
		delete(p, name)
	}
	if get != nil {
		if e.tokens == nil { // once, however many clients and connections there are
			e.tokens = oauth.Share(get)
		}
		c.Tokens = e.tokens
	}
	if user, password := e.Properties["sasl.username"].Value, e.Properties["sasl.password"].Value; changes(user) || changes(password) {
		c.Credentials = func(ctx context.Context) (string, string, error) {
			name, err := secrets.Lookup(ctx, user)
			if err != nil {
				return "", "", secretError("sasl.username", e.Properties["sasl.username"].Origin, err)
			}
			text, err := secrets.Lookup(ctx, password)
			if err != nil {
				return "", "", secretError("sasl.password", e.Properties["sasl.password"].Origin, err)
			}
			return name, text, nil
		}
	}
	return nil
}

// changes reports whether a value is a reference to what somebody may change while we run.
func changes(value string) bool { return IsReference(value) && !strings.HasPrefix(value, "@env:") }

// endpoint is the token endpoint of properties whose secrets are looked up.
func (e *Effective) endpoint(p map[string]string) (oauth.Endpoint, error) {
	endpoint := oauth.Endpoint{URL: p[oidcURL], ClientID: p[oidcID], Secret: p[oidcSecret], Scope: p[oidcScope], Timeout: e.Timeout}
	const name = "https.ca.location"
	if text := p["https.ca.pem"]; text != "" {
		endpoint.CA = []byte(text)
	} else if path := p[name]; path != "" && path != "probe" {
		var err error
		if endpoint.CA, err = readAuthorities(path); err != nil {
			return endpoint, usagef("%s (%s): %v", name, e.Properties[name].Origin, err)
		}
	}
	return endpoint, nil
}

// readAuthorities reads PEM, a file of it or a folder of such files.
func readAuthorities(path string) ([]byte, error) {
	files := []string{path}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		if files, err = filepath.Glob(filepath.Join(path, "*")); err != nil {
			return nil, err
		}
	}
	var all []byte
	for _, file := range files {
		text, err := readBounded(file)
		if err != nil {
			return nil, err
		}
		all = append(append(all, text...), '\n')
	}
	if !strings.Contains(string(all), "-----BEGIN CERTIFICATE-----") {
		return nil, errors.New(shownPath(path) + ": there is no certificate in it, as PEM")
	}
	return all, nil
}

// fromEndpoint gets tokens from an endpoint. When that refuses, id and secret are looked up
// anew: they may have changed.
func (e *Effective) fromEndpoint(endpoint oauth.Endpoint, secrets Secrets) func(context.Context) (oauth.Token, error) {
	id, secret := e.Properties[oidcID].Value, e.Properties[oidcSecret].Value
	return func(ctx context.Context) (oauth.Token, error) {
		token, err := endpoint.Token(ctx)
		var refused *oauth.EndpointError
		if !errors.As(err, &refused) || refused.Kind != oauth.Refused || !changes(id) && !changes(secret) {
			return token, err
		}
		next := endpoint
		var failed error
		if next.ClientID, failed = secrets.Lookup(ctx, id); failed != nil {
			return token, err
		}
		if next.Secret, failed = secrets.Lookup(ctx, secret); failed != nil || next.Secret == endpoint.Secret && next.ClientID == endpoint.ClientID {
			return token, err
		}
		endpoint = next
		return endpoint.Token(ctx)
	}
}
