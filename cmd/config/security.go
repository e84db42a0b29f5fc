package config

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// security checks mechanism and credentials, and derives security.protocol when no
// source has set it: TLS when there are TLS settings, SASL when there are
// credentials.
func (r *resolver) security() error {
	const protocol, mechanism = "security.protocol", "sasl.mechanism"
	if m, ok := r.set[mechanism]; ok {
		name, err := NormalizeMechanism(m.Value)
		if err != nil {
			return locate(err, m.Origin)
		}
		r.set[mechanism] = Setting{name, m.Origin}
	}
	if err := r.tokenMechanism(); err != nil {
		return err
	}
	r.oneOfStores()
	tls, tlsOrigin := r.usesTLS()
	sasl, saslOrigin := r.usesSASL()
	p, given := r.set[protocol]
	if given {
		protocols := []string{"PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"}
		p.Value = strings.ToUpper(p.Value)
		if !slices.Contains(protocols, p.Value) {
			return usagef("%s: security.protocol must be PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL, not %s", p.Origin, quoted(shownName(p.Value, append(protocols, "TLS", "SASL_TLS"))))
		}
		r.set[protocol] = p
		if sasl && !strings.HasPrefix(p.Value, "SASL") {
			r.warn("security.protocol=%s (%s): the credentials are not used", p.Value, p.Origin)
		}
		sasl, tls, saslOrigin = strings.HasPrefix(p.Value, "SASL"), strings.HasSuffix(p.Value, "SSL"), p.Origin
	} else if tls || sasl {
		p = Setting{"SSL", tlsOrigin}
		switch {
		case sasl && tls:
			p = Setting{"SASL_SSL", saslOrigin}
		case sasl:
			p = Setting{"SASL_PLAINTEXT", saslOrigin}
		}
		r.set[protocol] = p
	}
	if v := r.set["enable.ssl.certificate.verification"]; tls && strings.EqualFold(v.Value, "false") {
		r.warn("%s: certificates are not verified: anybody may pose as the broker", v.Origin)
	}
	if !sasl {
		return nil
	}
	return r.checkSASL(saslOrigin, p.Value, tls)
}

// oneOfStores leaves one of a store and what stands for it in PEM: that of the stronger
// source.
func (r *resolver) oneOfStores() {
	for _, pair := range []struct{ store, pem string }{{trustStoreFile, "ssl.ca"}, {keyStoreFile, "ssl.certificate"}} {
		store, ok := r.set[pair.store]
		if !ok {
			continue
		}
		for _, name := range []string{pair.pem + ".location", pair.pem + ".pem"} {
			other, ok := r.set[name]
			switch {
			case ok && other.Origin.Kind <= store.Origin.Kind:
				delete(r.set, pair.store)
				r.out.Details = append(r.out.Details, fmt.Sprintf("%s: %s is left out: %s (%s) goes before it", store.Origin, pair.store, name, other.Origin))
			case ok:
				delete(r.set, name)
			}
		}
	}
}

func (r *resolver) usesTLS() (bool, Origin) {
	if r.context != nil && r.context.TLS != nil {
		return true, Origin{FromContext, r.out.Context}
	}
	if m := r.set["sasl.mechanism"]; m.Value == mskMechanism { // brokers of MSK take it under TLS alone
		return true, m.Origin
	}
	for _, name := range []string{"ssl.ca.location", "ssl.ca.pem", "ssl.certificate.location", "ssl.certificate.pem", "ssl.key.location", "ssl.key.pem", keyStoreFile, trustStoreFile} {
		if s, ok := r.set[name]; ok {
			return true, s.Origin
		}
	}
	return false, Origin{}
}

func (r *resolver) usesSASL() (bool, Origin) {
	if r.context != nil && r.context.Auth != nil {
		return true, Origin{FromContext, r.out.Context}
	}
	if t := r.out.Token; t.Value != "" {
		return true, t.Origin
	}
	for _, name := range []string{"sasl.mechanism", "sasl.username", "sasl.password", "sasl.oauthbearer.method"} {
		if s, ok := r.set[name]; ok {
			return true, s.Origin
		}
	}
	return false, Origin{}
}

func locate(err error, origin Origin) error {
	if known := (*Error)(nil); errors.As(err, &known) {
		return &Error{known.Kind, origin.String() + ": " + known.Message, known.Hint, known.Cause}
	}
	return err
}

// registrySettings puts the flag and the variable before what other sources say,
// and takes apart what holds two things: user.info and a URL with a password.
func (r *resolver) registrySettings() error {
	switch env := r.getenv("KSTREAM_REGISTRY"); {
	case r.opts.Registry != "":
		flag := "--registry"
		if r.opts.ToRegistry {
			flag = "--to"
		}
		r.registry["url"] = Setting{r.opts.Registry, Origin{FromFlag, flag}}
	case env != "" && r.registry["url"].Origin.Kind >= FromEnvironment || env != "" && r.registry["url"].Value == "":
		r.registry["url"] = Setting{env, Origin{FromEnvironment, "KSTREAM_REGISTRY"}}
	}
	if info, ok := r.registry["user.info"]; ok {
		delete(r.registry, "user.info")
		if IsReference(info.Value) {
			return usagef("%s: schema.registry.basic.auth.user.info cannot be a reference", info.Origin).
				hint("set schema.registry.username and schema.registry.password")
		}
		name, password, _ := strings.Cut(info.Value, ":")
		r.registryCredentials(name, password, info.Origin)
	}
	if verify, ok := r.registry["verify"]; ok {
		delete(r.registry, "verify")
		if strings.EqualFold(verify.Value, "false") {
			r.registry["insecure"] = Setting{"true", verify.Origin}
			r.warn("%s: the registry's certificate is not verified", verify.Origin)
		}
	}
	for store, pem := range map[string]string{"truststore.location": "ca", "keystore.location": "cert"} { // of two the stronger source counts
		s, ok := r.registry[store]
		other, both := r.registry[pem]
		switch {
		case !ok || !both:
		case other.Origin.Kind <= s.Origin.Kind:
			delete(r.registry, store)
		default:
			delete(r.registry, pem)
		}
	}
	at, ok := r.registry["url"]
	if ok && at.Value == "" {
		delete(r.registry, "url")
	} else if ok && !IsReference(at.Value) {
		urls := splitList(at.Value)
		for i := range urls {
			if !r.registryURL(&urls[i], at.Origin) {
				return usagef("%s: the registry must be an http:// or https:// URL, not %s", at.Origin, quoted(shownURL(at.Value)))
			}
		}
		r.registry["url"] = Setting{strings.Join(urls, ","), at.Origin}
	}
	r.out.Registry = r.registry
	return nil
}

// registryURL reports whether one address is one, and takes user and password out of it.
// mock://NAME is a registry within the process, for trying things out.
func (r *resolver) registryURL(text *string, origin Origin) bool {
	u, err := url.Parse(*text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "mock" ||
		u.User == nil && strings.Contains(*text, "@") { // of a password that holds a / or a ?
		return false
	}
	if u.User != nil {
		password, _ := u.User.Password()
		r.registryCredentials(u.User.Username(), password, origin)
		u.User = nil
		*text = u.String()
	}
	return true
}

func (r *resolver) registryCredentials(name, password string, origin Origin) {
	if old, ok := r.registry["username"]; !ok || old.Origin.Kind > origin.Kind {
		r.registry["username"] = Setting{name, origin}
		r.registry["password"] = Setting{password, origin}
	}
}
