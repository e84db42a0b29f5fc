package config

import (
	"strings"

	"github.com/goccy/go-yaml"
)

// importKaf reads ~/.kaf/config.
func importKaf(path string, data []byte) (*Imported, error) {
	var file struct {
		Current  string `yaml:"current-cluster"`
		Clusters []struct {
			Name    string `yaml:"name"`
			Brokers List   `yaml:"brokers"`
			SASL    *struct {
				Mechanism    string   `yaml:"mechanism"`
				Username     Scalar   `yaml:"username"`
				Password     Scalar   `yaml:"password"`
				ClientID     Scalar   `yaml:"clientID"`
				ClientSecret Scalar   `yaml:"clientSecret"`
				TokenURL     string   `yaml:"tokenURL"`
				Scopes       []string `yaml:"scopes"`
				Token        Scalar   `yaml:"token"`
			} `yaml:"SASL"`
			TLS *struct {
				CA       string `yaml:"cafile"`
				Cert     string `yaml:"clientfile"`
				Key      string `yaml:"clientkeyfile"`
				Insecure bool   `yaml:"insecure"`
			} `yaml:"TLS"`
			Protocol    string `yaml:"security-protocol"`
			RegistryURL string `yaml:"schema-registry-url"`
			Registry    struct {
				Username Scalar `yaml:"username"`
				Password Scalar `yaml:"password"`
			} `yaml:"schema-registry-credentials"`
		} `yaml:"clusters"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil, yamlError(path, err)
	}
	out := &Imported{Format: "kaf", Current: file.Current, Contexts: map[string]Context{}}
	for _, k := range file.Clusters {
		c := Context{Brokers: k.Brokers, Registry: registryOf(k.RegistryURL, k.Registry.Username, k.Registry.Password)}
		if s := k.SASL; s != nil {
			c.Auth = &Auth{
				Mechanism: s.Mechanism, Username: s.Username, Password: s.Password, Token: s.Token,
				TokenURL: s.TokenURL, ClientID: s.ClientID, ClientSecret: s.ClientSecret, Scope: strings.Join(s.Scopes, " "),
			}
		}
		if t := k.TLS; t != nil {
			c.TLS = &TLS{CA: t.CA, Cert: t.Cert, Key: t.Key, Insecure: t.Insecure}
		} else if strings.HasSuffix(strings.ToUpper(k.Protocol), "SSL") {
			c.TLS = &TLS{}
		}
		out.Contexts[k.Name] = c
	}
	return out, nil
}

func registryOf(url string, username, password Scalar) *Registry {
	if url == "" {
		return nil
	}
	if !strings.Contains(url, "://") {
		url = "http://" + url
	}
	return &Registry{URL: url, Username: username, Password: password}
}

// importKafkactl reads kafkactl's config.yml.
func importKafkactl(path string, data []byte) (*Imported, error) {
	type tls struct {
		Enabled  bool   `yaml:"enabled"`
		CA       string `yaml:"ca"`
		Cert     string `yaml:"cert"`
		Key      string `yaml:"certKey"`
		Insecure bool   `yaml:"insecure"`
	}
	var file struct {
		Current  string `yaml:"current-context"`
		Contexts map[string]struct {
			Brokers List `yaml:"brokers"`
			TLS     tls  `yaml:"tls"`
			SASL    struct {
				Enabled   bool   `yaml:"enabled"`
				Mechanism string `yaml:"mechanism"`
				Username  Scalar `yaml:"username"`
				Password  Scalar `yaml:"password"`
				Provider  struct {
					Plugin string `yaml:"plugin"`
				} `yaml:"tokenprovider"`
			} `yaml:"sasl"`
			Kubernetes struct {
				Enabled bool `yaml:"enabled"`
			} `yaml:"kubernetes"`
			ClientID Scalar `yaml:"clientID"`
			Registry struct {
				URL      string `yaml:"url"`
				Username Scalar `yaml:"username"`
				Password Scalar `yaml:"password"`
				TLS      tls    `yaml:"tls"`
			} `yaml:"schemaRegistry"`
		} `yaml:"contexts"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil, yamlError(path, err)
	}
	out := &Imported{Format: "kafkactl", Current: file.Current, Contexts: map[string]Context{}}
	for name, k := range file.Contexts {
		r := k.Registry
		c := Context{Brokers: k.Brokers, Registry: registryOf(r.URL, r.Username, r.Password)}
		if k.TLS.Enabled {
			c.TLS = &TLS{CA: k.TLS.CA, Cert: k.TLS.Cert, Key: k.TLS.Key, Insecure: k.TLS.Insecure}
		}
		if c.Registry != nil && r.TLS.Enabled {
			c.Registry.CA, c.Registry.Cert, c.Registry.Key, c.Registry.Insecure = r.TLS.CA, r.TLS.Cert, r.TLS.Key, r.TLS.Insecure
			c.Registry.URL = "https://" + strings.TrimPrefix(strings.TrimPrefix(c.Registry.URL, "http://"), "https://")
		}
		if s := k.SASL; s.Enabled {
			if s.Mechanism == "" {
				s.Mechanism = "plaintext" // its default
			}
			c.Auth = &Auth{Mechanism: s.Mechanism, Username: s.Username, Password: s.Password}
			if s.Provider.Plugin != "" {
				out.note(name, `the token plugin %s is left out; set auth.token to "@cmd:…"`, s.Provider.Plugin)
			}
		}
		if k.ClientID != "" {
			c.Librdkafka = map[string]Scalar{"client.id": k.ClientID}
		}
		if k.Kubernetes.Enabled {
			out.note(name, "it runs within Kubernetes; that is left out, and the brokers may not be reachable from here")
		}
		out.Contexts[name] = c
	}
	return out, nil
}

// importRpk reads rpk.yaml, older and newer names alike.
func importRpk(path string, data []byte) (*Imported, error) {
	type tls struct {
		CA       string `yaml:"ca_file"`
		OldCA    string `yaml:"truststore_file"`
		Cert     string `yaml:"cert_file"`
		Key      string `yaml:"key_file"`
		Insecure bool   `yaml:"insecure_skip_verify"`
	}
	var file struct {
		Current  string `yaml:"current_profile"`
		Profiles []struct {
			Name  string `yaml:"name"`
			Kafka struct {
				Brokers List `yaml:"brokers"`
				TLS     *tls `yaml:"tls"`
				SASL    *struct {
					User      Scalar `yaml:"user"`
					Username  Scalar `yaml:"username"`
					Password  Scalar `yaml:"password"`
					Mechanism string `yaml:"mechanism"`
					Type      string `yaml:"type"`
				} `yaml:"sasl"`
			} `yaml:"kafka_api"`
			Registry struct {
				Addresses List `yaml:"addresses"`
				TLS       *tls `yaml:"tls"`
			} `yaml:"schema_registry"`
		} `yaml:"profiles"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil, yamlError(path, err)
	}
	out := &Imported{Format: "rpk", Current: file.Current, Contexts: map[string]Context{}}
	for _, p := range file.Profiles {
		c := Context{Brokers: p.Kafka.Brokers}
		if t := p.Kafka.TLS; t != nil {
			c.TLS = &TLS{CA: t.CA + t.OldCA, Cert: t.Cert, Key: t.Key, Insecure: t.Insecure}
		}
		if s := p.Kafka.SASL; s != nil {
			c.Auth = &Auth{Mechanism: s.Mechanism + s.Type, Username: s.User + s.Username, Password: s.Password}
		}
		if len(p.Registry.Addresses) > 0 {
			c.Registry = registryOf(p.Registry.Addresses[0], "", "")
			if t := p.Registry.TLS; t != nil {
				c.Registry.URL = "https://" + strings.TrimPrefix(strings.TrimPrefix(c.Registry.URL, "http://"), "https://")
				c.Registry.CA, c.Registry.Cert, c.Registry.Key, c.Registry.Insecure = t.CA+t.OldCA, t.Cert, t.Key, t.Insecure
			}
			if c.Auth != nil { // rpk uses the same user for both
				c.Registry.Username, c.Registry.Password = c.Auth.Username, c.Auth.Password
			}
		}
		out.Contexts[p.Name] = c
	}
	return out, nil
}
