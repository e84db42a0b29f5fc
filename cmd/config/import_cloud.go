package config

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"strings"

	"github.com/goccy/go-yaml"
)

// kubernetes is what is read of a resource that kubectl prints, or of a list of them.
type kubernetes struct {
	Kind     string `yaml:"kind"`
	Metadata struct {
		Name string `yaml:"name"`
	} `yaml:"metadata"`
	Data       map[string]Scalar `yaml:"data"`       // of a Secret, in base64
	StringData map[string]Scalar `yaml:"stringData"` // of a Secret that was written by hand
	Status     struct {
		Listeners []struct {
			Name         string   `yaml:"name"`
			Bootstrap    string   `yaml:"bootstrapServers"`
			Certificates []string `yaml:"certificates"`
		} `yaml:"listeners"`
	} `yaml:"status"`
	Items []kubernetes `yaml:"items"`
}

// importStrimzi reads what kubectl prints of Strimzi's resources: the Secrets of a user and
// of the cluster's CA, and the Kafka, each of whose listeners is a cluster here.
func importStrimzi(path string, data []byte) (*Imported, error) {
	out := &Imported{Format: "Strimzi", Contexts: map[string]Context{}}
	var common Context
	var read func(k kubernetes) error
	read = func(k kubernetes) error {
		for _, item := range k.Items {
			if err := read(item); err != nil {
				return err
			}
		}
		for _, l := range k.Status.Listeners {
			c := Context{Brokers: splitList(l.Bootstrap)}
			if len(l.Certificates) > 0 {
				c.TLS = &TLS{CA: strings.Join(l.Certificates, "\n")}
			}
			out.Contexts[l.Name] = c
		}
		if k.Kind == "Secret" {
			return common.fromSecret(path, k)
		}
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var k kubernetes
		if err := decoder.Decode(&k); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, yamlError(path, err)
		}
		if err := read(k); err != nil {
			return nil, err
		}
	}
	if len(common.leaves()) == 0 && len(out.Contexts) == 0 {
		return nil, usagef("%s: neither a Secret of Strimzi nor a Kafka with listeners in its status", path)
	}
	if len(out.Contexts) == 0 {
		out.Contexts["strimzi"] = common
		return out, nil
	}
	for name, c := range out.Contexts {
		c.overlay(common)
		out.Contexts[name] = c
	}
	return out, nil
}

// fromSecret takes over a certificate, a password, or whom to trust. The ca.crt beside a
// certificate is that of clients.
func (c *Context) fromSecret(path string, k kubernetes) error {
	values := map[string]string{}
	for name, text := range k.Data {
		decoded, err := base64.StdEncoding.DecodeString(string(text))
		if err != nil {
			return usagef("%s: %s is not in base64", path, shownProperty(name, []string{"ca.crt", "user.crt", "user.key", "password"}))
		}
		values[name] = string(decoded)
	}
	for name, text := range k.StringData {
		values[name] = string(text)
	}
	switch {
	case values["user.crt"] != "" && values["user.key"] != "":
		c.tls().Cert, c.tls().Key = values["user.crt"], values["user.key"]
	case values["password"] != "":
		c.Auth = &Auth{Mechanism: "SCRAM-SHA-512", Username: Scalar(k.Metadata.Name), Password: Scalar(values["password"])}
	case values["ca.crt"] != "":
		c.tls().CA = values["ca.crt"]
	}
	return nil
}

// tls is the part of a context about TLS, which is made when it is not there.
func (c *Context) tls() *TLS {
	if c.TLS == nil {
		c.TLS = &TLS{}
	}
	return c.TLS
}

// cloudKeyTitle begins the file that Confluent Cloud has for an API key.
const cloudKeyTitle = "=== Confluent Cloud API key"

// importCloudKey reads it: titles that end with a colon, and below each a value.
func importCloudKey(path string, data []byte) (*Imported, error) {
	values, title := map[string]string{}, ""
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "==="):
		case strings.HasSuffix(line, ":"):
			title = strings.ToLower(strings.TrimSuffix(line, ":"))
		case title != "":
			values[title], title = line, ""
		}
	}
	key, secret, server := values["api key"], values["api secret"], values["bootstrap server"]
	if key == "" || secret == "" {
		return nil, usagef("%s: an API key and its secret are not in it", path)
	}
	out := &Imported{Format: "Confluent Cloud", Contexts: map[string]Context{}}
	if server == "" && strings.Contains(string(data), "lsrc-") {
		out.Contexts["registry"] = Context{Registry: &Registry{Username: Scalar(key), Password: Scalar(secret)}}
		out.note("", "it is the key of a schema registry: schema-registry.url says where that is")
		return out, nil
	}
	out.Contexts["cloud"] = Context{
		Brokers: splitList(server), TLS: &TLS{},
		Auth: &Auth{Mechanism: "PLAIN", Username: Scalar(key), Password: Scalar(secret)},
	}
	return out, nil
}
