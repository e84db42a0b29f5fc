package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// fromContext adds what the context says, the weakest source but the defaults. Raw
// librdkafka properties come before the context's own keys.
func (r *resolver) fromContext() error {
	c := r.context
	if c == nil {
		return nil
	}
	origin := Origin{FromContext, r.out.Context}
	if err := c.checkTopics(); err != nil {
		return usagef("%s: %s", origin, err.Error())
	}
	r.out.Topics, r.out.Defaults = c.Topics, make(map[string]string, len(c.Defaults))
	for flag, value := range c.Defaults {
		r.out.Defaults[flag] = string(value)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Librdkafka)) {
		value := c.Librdkafka[name]
		name, err := r.check(fmt.Sprintf("%s: context %s: librdkafka", r.out.ConfigFile, r.out.Context), name)
		if err != nil {
			return err
		}
		r.put(name, string(value), origin)
	}
	put := func(name, value string) {
		if value != "" {
			r.put(name, value, origin)
		}
	}
	if len(c.Brokers) > 0 {
		put("bootstrap.servers", strings.Join(c.Brokers, ","))
	}
	if a := c.Auth; a != nil {
		put("sasl.mechanism", a.Mechanism)
		put("sasl.username", string(a.Username))
		put("sasl.password", string(a.Password))
		put("sasl.oauthbearer.token.endpoint.url", a.TokenURL)
		put("sasl.oauthbearer.client.id", string(a.ClientID))
		put("sasl.oauthbearer.client.secret", string(a.ClientSecret))
		put("sasl.oauthbearer.scope", a.Scope)
		put("sasl.oauthbearer.extensions", a.Extensions)
		if a.TokenURL != "" {
			put("sasl.oauthbearer.method", "oidc")
		}
		put(mskRegion, a.AWSRegion)
		put(mskProfile, a.AWSProfile)
		put(mskRole, a.AWSRole)
		if a.Token != "" && r.out.Token.Value == "" {
			r.out.Token = Setting{string(a.Token), origin}
		}
	}
	r.tlsFromContext(put)
	if s := c.Registry; s != nil {
		put("schema.registry.url", s.URL)
		put("schema.registry.username", string(s.Username))
		put("schema.registry.password", string(s.Password))
		put("schema.registry.token", string(s.Token))
		put("schema.registry.ssl.ca.location", expandHome(s.CA, r.getenv))
		put("schema.registry.ssl.certificate.location", expandHome(s.Cert, r.getenv))
		put("schema.registry.ssl.key.location", expandHome(s.Key, r.getenv))
		if s.Insecure {
			put("schema.registry.enable.ssl.certificate.verification", "false")
		}
	}
	return nil
}

func (r *resolver) tlsFromContext(put func(name, value string)) {
	t := r.context.TLS
	if t == nil {
		return
	}
	for _, f := range []struct{ name, value string }{{"ssl.ca", t.CA}, {"ssl.certificate", t.Cert}, {"ssl.key", t.Key}} {
		if isPEM(f.value) {
			put(f.name+".pem", f.value)
		} else {
			put(f.name+".location", expandHome(f.value, r.getenv))
		}
	}
	put("ssl.key.password", string(t.KeyPassword))
	put(trustStoreFile, expandHome(t.Truststore, r.getenv))
	put(trustStorePassword, string(t.TruststorePassword))
	put(keyStoreFile, expandHome(t.Keystore, r.getenv))
	put(keyStorePassword, string(t.KeystorePassword))
	if t.Insecure {
		put("enable.ssl.certificate.verification", "false")
	}
	if t.VerifyHostname != nil && !*t.VerifyHostname {
		put("ssl.endpoint.identification.algorithm", "none")
	}
}
