package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"kstream/cmd/suggest"
)

const (
	maxFile     = 1 << 20 // bytes of a configuration file
	fileVersion = 1
)

// File is a configuration file. Values may be references to secrets. What help and
// docs/config.md say of the keys stands beside the fields that they are read into.
type File struct {
	Version  int                `yaml:"version,omitempty" default:"1" example:"1" about:"the form of this file"`
	Current  string             `yaml:"current,omitempty" example:"local" about:"the context that counts when neither -c nor KSTREAM_CONTEXT names one"`
	Contexts map[string]Context `yaml:"contexts,omitempty" any:"NAME"`
}

// Context is one cluster and how to connect to it.
type Context struct {
	Brokers    List              `yaml:"brokers,omitempty" default:"localhost:9092" example:"[b1:9093, b2:9093]" about:"bootstrap servers, HOST:PORT each"`
	Auth       *Auth             `yaml:"auth,omitempty"`
	TLS        *TLS              `yaml:"tls,omitempty" example:"{}" about:"TLS is used when this is there, with nothing in it for the certificates of the system"`
	Registry   *Registry         `yaml:"schema-registry,omitempty"`
	ReadOnly   bool              `yaml:"readonly,omitempty" default:"false" example:"true" about:"what writes is refused with exit code 8, commits too, unless --allow-write is given"`
	Timeout    string            `yaml:"timeout,omitempty" type:"duration" default:"10s" example:"30s" about:"bounds connecting, each request and each delivery, as --timeout"`
	Topics     map[string]Topic  `yaml:"topics,omitempty" any:"PATTERN"`
	Defaults   map[string]Scalar `yaml:"defaults,omitempty" any:"FLAG" example:"consume.output: json" about:"the default of a flag, in all commands that have it or, with a command before it, in one"`
	Librdkafka map[string]Scalar `yaml:"librdkafka,omitempty" any:"PROPERTY" example:"linger.ms: 50" about:"any property of librdkafka, as -X; see kstream help properties"`
}

// Auth says who connects. Token is for OAUTHBEARER; with TokenURL the client
// fetches tokens itself (OIDC client credentials).
type Auth struct {
	Mechanism    string `yaml:"mechanism,omitempty" example:"SCRAM-SHA-512" about:"PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or AWS_MSK_IAM"`
	Username     Scalar `yaml:"username,omitempty" example:"ada" about:"the user of PLAIN and SCRAM"`
	Password     Scalar `yaml:"password,omitempty" example:"\"@env:KAFKA_PASSWORD\"" about:"its password"`
	Token        Scalar `yaml:"token,omitempty" example:"\"@cmd:get-token\"" about:"the token of OAUTHBEARER, asked for anew when it expires"`
	TokenURL     string `yaml:"token-url,omitempty" example:"https://id.example.com/token" about:"where the client gets tokens by itself (OIDC client credentials)"`
	ClientID     Scalar `yaml:"client-id,omitempty" example:"orders-app" about:"with token-url: who asks"`
	ClientSecret Scalar `yaml:"client-secret,omitempty" example:"\"@file:~/.secret\"" about:"with token-url: the secret"`
	Scope        string `yaml:"scope,omitempty" example:"kafka" about:"with token-url: the scope of the token"`
	Extensions   string `yaml:"extensions,omitempty" example:"logicalCluster=lkc-1" about:"SASL extensions of OAUTHBEARER, NAME=VALUE,…"`
	AWSRegion    string `yaml:"aws-region,omitempty" example:"eu-west-1" about:"with AWS_MSK_IAM: the region; else that in the names of the brokers, else $AWS_REGION"`
	AWSProfile   string `yaml:"aws-profile,omitempty" example:"work" about:"with AWS_MSK_IAM: the profile of ~/.aws/config; else the default credentials of AWS"`
	AWSRole      string `yaml:"aws-role,omitempty" example:"arn:aws:iam::123456789012:role/reader" about:"with AWS_MSK_IAM: the role to assume"`
}

// TLS says whom to trust, and with which certificate to connect.
type TLS struct {
	CA                 string `yaml:"ca,omitempty" example:"ca.pem" about:"whom to trust: a PEM file, or PEM itself"`
	Truststore         string `yaml:"truststore,omitempty" example:"truststore.jks" about:"whom to trust: a Java store, JKS or PKCS#12"`
	TruststorePassword Scalar `yaml:"truststore-password,omitempty" example:"\"@env:STORE_PASSWORD\"" about:"its password"`
	Cert               string `yaml:"cert,omitempty" example:"client.pem" about:"the client's certificate: a PEM file, or PEM itself"`
	Key                string `yaml:"key,omitempty" example:"client.key" about:"its key: a PEM file, or PEM itself"`
	KeyPassword        Scalar `yaml:"key-password,omitempty" example:"\"@keyring:key\"" about:"the password of the key"`
	Keystore           string `yaml:"keystore,omitempty" example:"client.p12" about:"the client's certificate and key: a Java store, JKS or PKCS#12"`
	KeystorePassword   Scalar `yaml:"keystore-password,omitempty" example:"\"@env:STORE_PASSWORD\"" about:"its password"`
	Insecure           bool   `yaml:"insecure,omitempty" default:"false" example:"true" about:"verify no certificate: anybody may pose as the broker"`
	VerifyHostname     *bool  `yaml:"verify-hostname,omitempty" default:"true" example:"false" about:"false: the certificate may be for another host"`
}

// Registry is the schema registry of a context.
type Registry struct {
	URL      string `yaml:"url,omitempty" example:"https://registry:8081" about:"its address, or several with commas"`
	Username Scalar `yaml:"username,omitempty" example:"ada" about:"the user of basic authentication"`
	Password Scalar `yaml:"password,omitempty" example:"\"@keyring:registry\"" about:"its password"`
	Token    Scalar `yaml:"token,omitempty" example:"\"@cmd:get-token\"" about:"a bearer token instead"`
	CA       string `yaml:"ca,omitempty" example:"ca.pem" about:"whom to trust: a PEM file"`
	Cert     string `yaml:"cert,omitempty" example:"client.pem" about:"the client's certificate: a PEM file"`
	Key      string `yaml:"key,omitempty" example:"client.key" about:"its key: a PEM file"`
	Insecure bool   `yaml:"insecure,omitempty" default:"false" example:"true" about:"verify no certificate"`
}

// DefaultPath is the configuration file for an environment: $KSTREAM_CONFIG, else
// kstream/config.yaml in $XDG_CONFIG_HOME or ~/.config. It is empty when the
// environment names no home.
func DefaultPath(getenv func(string) string) string {
	if path := getenv("KSTREAM_CONFIG"); path != "" {
		return path
	}
	dir := getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(dir) { // as the XDG base directory specification asks
		home := homeOf(getenv)
		if home == "" {
			return ""
		}
		dir = filepath.Join(home, ".config")
	}
	return filepath.Join(dir, "kstream", "config.yaml")
}

func homeOf(getenv func(string) string) string {
	if home := getenv("HOME"); home != "" || runtime.GOOS != "windows" {
		return home
	}
	return getenv("USERPROFILE")
}

// Load reads a configuration file. Warnings are about its mode. The error wraps
// fs.ErrNotExist when there is no such file.
func Load(path string) (*File, []string, error) {
	data, err := readBounded(path)
	if err != nil {
		return nil, nil, err
	}
	file, err := Parse(path, data)
	if err != nil {
		return nil, nil, err
	}
	return file, modeWarnings(path), nil
}

func modeWarnings(path string) []string {
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS == "windows" || info.Mode().Perm()&0o077 == 0 || !info.Mode().IsRegular() {
		return nil
	}
	return []string{fmt.Sprintf("%s can be read by others (mode %04o): chmod 600 %s", path, info.Mode().Perm(), path)}
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{Kind: NoSuchFile, Message: path + ": no such file", Cause: err}
	}
	if err != nil {
		return nil, &Error{Message: fmt.Sprintf("%s: %v", path, causeOf(err)), Cause: err}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, &Error{Message: fmt.Sprintf("%s: %v", path, causeOf(err)), Cause: err}
	}
	if len(data) > maxFile {
		return nil, usagef("%s: larger than 1 MiB", path)
	}
	return data, nil
}

// causeOf drops the operation and path that an *fs.PathError repeats.
func causeOf(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}

// Parse reads the text of a configuration file; path is for errors. Keys that do
// not exist are errors, with their line.
func Parse(path string, data []byte) (*File, error) {
	var f File
	if err := bounded(path, data); err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return &f, nil
	}
	tree, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, yamlError(path, err)
	}
	for _, doc := range tree.Docs {
		if err := checkKeys(path, doc.Body, reflect.TypeFor[File](), ""); err != nil {
			return nil, err
		}
	}
	if err := yaml.UnmarshalWithOptions(data, &f, yaml.DisallowUnknownField()); err != nil && !errors.Is(err, io.EOF) {
		return nil, yamlError(path, err)
	}
	for _, doc := range tree.Docs {
		f.adoptBareTLS(doc.Body)
	}
	if f.Version > fileVersion || f.Version < 0 {
		return nil, usagef("%s: version %d is not known; this kstream reads version %d", path, f.Version, fileVersion)
	}
	return &f, nil
}

// adoptBareTLS takes `tls:` with nothing behind it as the wish for TLS, which the YAML
// library reads as if it were not there.
func (f *File) adoptBareTLS(root ast.Node) {
	for name, context := range f.Contexts {
		if at := valueOf(valueOf(root, "contexts"), name); context.TLS == nil && valueOf(at, "tls") != nil {
			context.TLS = &TLS{}
			f.Contexts[name] = context
		}
	}
}

// valueOf returns what a mapping has under a key, or nil.
func valueOf(node ast.Node, key string) ast.Node {
	m := mappingOf(node)
	if m == nil {
		return nil
	}
	if i := slices.IndexFunc(m.Values, isKey(key)); i >= 0 {
		return m.Values[i].Value
	}
	return nil
}

// checkKeys refuses a key that t has no field for; where is the key of node, with dots.
func checkKeys(path string, node ast.Node, t reflect.Type, where string) error {
	m := mappingOf(node)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if m == nil || t.Kind() != reflect.Struct && t.Kind() != reflect.Map {
		return nil
	}
	for _, v := range m.Values {
		key, err := scalarText(v.Key)
		if err != nil || v.Key.IsMergeKey() {
			continue // the library judges
		}
		var inner reflect.Type
		if t.Kind() == reflect.Map {
			inner = t.Elem()
		} else if inner = fieldType(t, key); inner == nil {
			line := v.Key.GetToken().Position.Line
			known := fieldKeys(t)
			e := usagef("%s:%d: unknown key %s", path, line, quoted(shownName(key, known)))
			if where != "" {
				e.Message += " in " + where
			}
			return e.hint("%s", nearestAndList(key, known))
		}
		if err := checkKeys(path, v.Value, inner, strings.TrimPrefix(where+"."+key, ".")); err != nil {
			return err
		}
	}
	return nil
}

// fieldType is the type of the field that is read from a key, or nil.
func fieldType(t reflect.Type, key string) reflect.Type {
	for i := range t.NumField() {
		if keyOf(t.Field(i)) == key {
			return t.Field(i).Type
		}
	}
	return nil
}

// yamlError makes one line of a YAML error. The library quotes the source, which
// may hold secrets: its message alone is used, without the values that it repeats.
func yamlError(path string, err error) error {
	where, message := path, err.Error()
	if at := yaml.Error(nil); errors.As(err, &at) {
		message = at.GetMessage()
		if tok := at.GetToken(); tok != nil && tok.Position != nil {
			where = fmt.Sprintf("%s:%d", path, tok.Position.Line)
		}
	}
	if at := (nodeError{}); errors.As(err, &at) {
		message = at.problem
		if tok := at.node.GetToken(); tok != nil && tok.Position != nil {
			where = fmt.Sprintf("%s:%d", path, tok.Position.Line)
		}
	}
	message, _, _ = strings.Cut(message, "\n")
	known := yamlKeys(reflect.TypeFor[File]())
	if m := regexp.MustCompile(`^unknown field "(.*)"$`).FindStringSubmatch(message); m != nil {
		return usagef("%s: unknown key %s", where, quoted(shownName(m[1], known))).hint("%s", didYouMean(suggest.Nearest(m[1], known)))
	}
	if alias, _, ok := strings.Cut(message, "alias name "); ok {
		message = alias + "alias name " + hidden
	}
	return usagef("%s: %s", where, shownQuotes(message, known))
}

// yamlKeys lists the keys of a type and the types below it.
func yamlKeys(t reflect.Type) []string {
	switch t.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice:
		return yamlKeys(t.Elem())
	case reflect.Struct:
	default:
		return nil
	}
	var keys []string
	for i := range t.NumField() {
		key, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		keys = append(append(keys, key), yamlKeys(t.Field(i).Type)...)
	}
	return keys
}
