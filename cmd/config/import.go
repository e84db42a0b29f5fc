package config

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/goccy/go-yaml"

	"kstream/cmd/suggest"
)

// Imported is what another tool's configuration says, as contexts.
type Imported struct {
	Format   string // kaf, kafkactl, rpk, kcl, kcat, java, Strimzi or Confluent Cloud
	Current  string // the cluster that tool uses; may be empty
	Contexts map[string]Context
	Notes    []Note
}

// Note is what was left out of a file that was imported, or deserves a look.
type Note struct {
	Cluster string // that it is about; empty for the file
	Text    string
}

// Pick returns the context called name, or the only one there is, whatever its
// name, with what is to be said of it.
func (i *Imported) Pick(path, name string) (Context, []string, error) {
	if len(i.Contexts) == 1 {
		for only := range i.Contexts {
			name = only
		}
	}
	if c, ok := i.Contexts[name]; ok {
		var notes []string
		for _, n := range i.Notes {
			if n.Cluster == "" || n.Cluster == name {
				notes = append(notes, n.Text)
			}
		}
		return c, append(notes, c.look()...), nil
	}
	names := slices.Sorted(maps.Keys(i.Contexts))
	e := &Error{Kind: UnknownContext, Message: fmt.Sprintf("%s: there is no cluster %q", path, name)}
	if e.Hint = didYouMean(suggest.Nearest(name, names)); e.Hint == "" {
		e.Hint = "there are: " + strings.Join(names, ", ")
	}
	return Context{}, nil, e
}

// ImportFile reads a file for Import.
func ImportFile(path string) (*Imported, error) {
	data, err := readBounded(path)
	if err != nil {
		return nil, err
	}
	return Import(path, data)
}

// Import reads the configuration of kaf, kafkactl, rpk, kcl, kcat, Strimzi, Confluent
// Cloud or a Java client.
// Which one it is shows in the text; .toml is kcl's, .properties Java's and .conf
// kcat's.
func Import(path string, data []byte) (*Imported, error) {
	if len(data) > maxFile {
		return nil, usagef("%s: larger than 1 MiB", path)
	}
	imported, err := importAs(path, data)
	if err != nil {
		return nil, err
	}
	for name, c := range imported.Contexts {
		if c.Auth == nil || c.Auth.Mechanism == "" {
			continue
		}
		mechanism, err := NormalizeMechanism(c.Auth.Mechanism)
		if err != nil {
			imported.note(name, "%v", err)
			continue
		}
		c.Auth.Mechanism = mechanism
	}
	if len(imported.Contexts) == 0 {
		return nil, usagef("%s: no cluster in it", path)
	}
	return imported, nil
}

func (i *Imported) note(cluster, format string, args ...any) {
	i.Notes = append(i.Notes, Note{cluster, fmt.Sprintf(format, args...)})
}

// look is what deserves a look in a context that was not written by hand.
func (c Context) look() (notes []string) {
	if c.hasLiteralSecret() {
		notes = append(notes, "a secret stands in it as it is; @keyring:, @file: or @cmd: keep it elsewhere")
	}
	switch {
	case c.TLS == nil:
	case c.TLS.Insecure:
		notes = append(notes, "certificates are not verified")
	case c.TLS.VerifyHostname != nil && !*c.TLS.VerifyHostname:
		notes = append(notes, "certificates may be for other hosts: tls.verify-hostname is false")
	}
	return notes
}

func (c Context) hasLiteralSecret() bool {
	var secrets []Scalar
	if c.Auth != nil {
		secrets = append(secrets, c.Auth.Password, c.Auth.Token, c.Auth.ClientSecret)
	}
	if c.TLS != nil {
		secrets = append(secrets, c.TLS.KeyPassword, c.TLS.KeystorePassword, c.TLS.TruststorePassword)
		if isPEM(c.TLS.Key) {
			secrets = append(secrets, Scalar(c.TLS.Key))
		}
	}
	if c.Registry != nil {
		secrets = append(secrets, c.Registry.Password, c.Registry.Token)
	}
	return slices.ContainsFunc(secrets, func(s Scalar) bool { return s != "" && !IsReference(string(s)) })
}

func importAs(path string, data []byte) (*Imported, error) {
	switch filepath.Ext(path) {
	case ".toml":
		return importKcl(path, data)
	case ".properties", ".conf":
		return importProperties(path, data)
	}
	if strings.HasPrefix(strings.TrimSpace(string(data)), cloudKeyTitle) {
		return importCloudKey(path, data)
	}
	if err := bounded(path, data); err != nil {
		return nil, err
	}
	var shape struct {
		Kind     string `yaml:"kind"`
		Clusters any    `yaml:"clusters"`
		Profiles any    `yaml:"profiles"`
		Contexts any    `yaml:"contexts"`
	}
	if err := yaml.Unmarshal(data, &shape); err != nil {
		if strings.Contains(string(data), "=") {
			return importProperties(path, data)
		}
		return nil, yamlError(path, err)
	}
	switch {
	case shape.Kind != "":
		return importStrimzi(path, data)
	case shape.Clusters != nil:
		return importKaf(path, data)
	case shape.Profiles != nil:
		return importRpk(path, data)
	case shape.Contexts != nil:
		return importKafkactl(path, data)
	}
	return nil, usagef("%s: this is no configuration of kaf, kafkactl, rpk, kcl, kcat, Strimzi, Confluent Cloud or a Java client", path)
}

func importProperties(path string, data []byte) (*Imported, error) {
	lines, err := ParseProperties(path, data)
	if err != nil {
		return nil, err
	}
	lines, notes, err := FromJava(path, lines)
	if err != nil {
		return nil, err
	}
	format := "java"
	if filepath.Ext(path) == ".conf" {
		format = "kcat"
	}
	c, more := contextOf(path, lines)
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	imported := &Imported{Format: format, Contexts: map[string]Context{name: c}}
	for _, text := range append(notes, more...) {
		imported.note("", "%s", text)
	}
	return imported, nil
}

// contextOf sorts librdkafka's properties into the keys of a context.
func contextOf(path string, lines []Line) (Context, []string) {
	c := Context{Auth: &Auth{}, TLS: &TLS{}, Registry: &Registry{}, Librdkafka: map[string]Scalar{}}
	x := newIndex()
	var notes, unknown []string
	protocol := ""
	for _, l := range lines {
		name, err := x.check(path, l.Name)
		if err != nil {
			unknown = append(unknown, shownProperty(l.Name, x.all))
			continue
		}
		if strings.HasSuffix(name, ".pem") && !IsReference(l.Value) {
			l.Value = wrapPEM(l.Value)
		}
		switch name {
		case "bootstrap.servers":
			c.Brokers = splitList(l.Value)
		case "security.protocol":
			protocol = strings.ToUpper(l.Value)
		case "enable.ssl.certificate.verification":
			c.TLS.Insecure = strings.EqualFold(l.Value, "false")
		case "ssl.endpoint.identification.algorithm":
			if verify := l.Value != "none"; !verify {
				c.TLS.VerifyHostname = &verify
			}
		case "sasl.oauthbearer.method": // follows from the token URL
		case "schema.registry.basic.auth.user.info":
			user, password, _ := strings.Cut(l.Value, ":")
			c.Registry.Username, c.Registry.Password = Scalar(user), Scalar(password)
		case "schema.registry.enable.ssl.certificate.verification":
			c.Registry.Insecure = strings.EqualFold(l.Value, "false")
		default:
			if to := c.field(x, name); to != nil {
				*to = Scalar(l.Value)
			} else if text := c.textField(name); text != nil {
				*text = l.Value
			} else {
				c.Librdkafka[name] = Scalar(l.Value)
			}
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		notes = append(notes, fmt.Sprintf("left out, for librdkafka has no such property: %s", strings.Join(slices.Compact(unknown), ", ")))
	}
	hasTLS, hasAuth := *c.TLS != (TLS{}), *c.Auth != (Auth{})
	if !hasTLS && !strings.HasSuffix(protocol, "SSL") {
		c.TLS = nil
	}
	if !hasAuth {
		c.Auth = nil
	}
	if *c.Registry == (Registry{}) {
		c.Registry = nil
	}
	derived := map[bool]string{true: "SASL_"}[c.Auth != nil] + map[bool]string{true: "SSL", false: "PLAINTEXT"}[c.TLS != nil]
	if protocol != "" && protocol != derived {
		c.Librdkafka["security.protocol"] = Scalar(protocol)
	}
	if len(c.Librdkafka) == 0 {
		c.Librdkafka = nil
	}
	return c, notes
}

// field is where a context keeps a property that may be secret; nil for none.
func (c *Context) field(x *index, name string) *Scalar {
	switch name {
	case "sasl.username":
		return &c.Auth.Username
	case "sasl.password":
		return &c.Auth.Password
	case x.canonical("sasl.oauthbearer.client.id"):
		return &c.Auth.ClientID
	case x.canonical("sasl.oauthbearer.client.secret"):
		return &c.Auth.ClientSecret
	case "ssl.key.password":
		return &c.TLS.KeyPassword
	case trustStorePassword:
		return &c.TLS.TruststorePassword
	case keyStorePassword:
		return &c.TLS.KeystorePassword
	case "schema.registry.username":
		return &c.Registry.Username
	case "schema.registry.password":
		return &c.Registry.Password
	case "schema.registry.token", "schema.registry.bearer.auth.token":
		return &c.Registry.Token
	}
	return nil
}

func (c *Context) textField(name string) *string {
	switch name {
	case "sasl.mechanism":
		return &c.Auth.Mechanism
	case "sasl.oauthbearer.token.endpoint.url":
		return &c.Auth.TokenURL
	case "sasl.oauthbearer.scope":
		return &c.Auth.Scope
	case "sasl.oauthbearer.extensions":
		return &c.Auth.Extensions
	case mskRegion:
		return &c.Auth.AWSRegion
	case mskProfile:
		return &c.Auth.AWSProfile
	case mskRole:
		return &c.Auth.AWSRole
	case "ssl.ca.location", "ssl.ca.pem":
		return &c.TLS.CA
	case "ssl.certificate.location", "ssl.certificate.pem":
		return &c.TLS.Cert
	case "ssl.key.location", "ssl.key.pem":
		return &c.TLS.Key
	case trustStoreFile:
		return &c.TLS.Truststore
	case keyStoreFile:
		return &c.TLS.Keystore
	case "schema.registry.url":
		return &c.Registry.URL
	case "schema.registry.ssl.ca.location":
		return &c.Registry.CA
	case "schema.registry.ssl.certificate.location":
		return &c.Registry.Cert
	case "schema.registry.ssl.key.location":
		return &c.Registry.Key
	}
	return nil
}

// importKcl reads config.toml: one cluster, or several under [profiles.NAME].
func importKcl(path string, data []byte) (*Imported, error) {
	type cluster struct {
		Brokers []string `toml:"seed_brokers"`
		TLS     *struct {
			CA         string `toml:"ca_cert_path"`
			Cert       string `toml:"client_cert_path"`
			Key        string `toml:"client_key_path"`
			Insecure   bool   `toml:"insecure"`
			ServerName string `toml:"server_name"`
		} `toml:"tls"`
		SASL *struct {
			Method string `toml:"method"`
			User   string `toml:"user"`
			Pass   string `toml:"pass"`
		} `toml:"sasl"`
	}
	var file struct {
		cluster
		Current  string             `toml:"current_profile"`
		Profiles map[string]cluster `toml:"profiles"`
	}
	if _, err := toml.Decode(string(data), &file); err != nil {
		return nil, usagef("%s: %s", path, shownQuotes(strings.TrimPrefix(err.Error(), "toml: "), []string{"seed_brokers", "sasl", "tls"}))
	}
	if len(file.cluster.Brokers) > 0 {
		if file.Profiles == nil {
			file.Profiles = map[string]cluster{}
		}
		file.Profiles["default"] = file.cluster
	}
	out := &Imported{Format: "kcl", Current: file.Current, Contexts: map[string]Context{}}
	for name, p := range file.Profiles {
		c := Context{Brokers: p.Brokers}
		if t := p.TLS; t != nil {
			c.TLS = &TLS{CA: t.CA, Cert: t.Cert, Key: t.Key, Insecure: t.Insecure}
			if t.ServerName != "" {
				out.note(name, "tls.server_name is left out: librdkafka takes the broker's name")
			}
		}
		if s := p.SASL; s != nil && s.Method != "" {
			c.Auth = &Auth{Mechanism: s.Method, Username: Scalar(s.User), Password: Scalar(s.Pass)}
		}
		out.Contexts[name] = c
	}
	return out, nil
}
